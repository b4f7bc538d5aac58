"""Residents are found by their date of birth.

Revision 0007, after 0006.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_p_resident_birth", "p_resident", ["birth"], unique=False)
