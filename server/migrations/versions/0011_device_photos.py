"""How many photos wait on a device, as it told at its last exchange.

Revision 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("device", sa.Column("photos", sa.BigInteger(), nullable=True))
