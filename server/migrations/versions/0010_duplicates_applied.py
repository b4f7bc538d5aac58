"""A create beside which the same was recorded before is applied, as the contract says.

It was stored as in conflict until now; a create was never in any other conflict.

Revision 0010, after 0009.
"""

from alembic import op
from sqlalchemy import column, table

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    operation = table("operation", column("kind"), column("outcome"))
    op.execute(
        operation.update()
        .where(operation.c.kind == "create", operation.c.outcome == "conflict")
        .values(outcome="applied")
    )
