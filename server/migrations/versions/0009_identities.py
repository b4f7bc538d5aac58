"""The identity keys of records that were there before there were such keys.

Without them a second household behind the same door would go unnoticed wherever the first is
older than revision 0004.

Revision 0009, after 0008.
"""

from alembic import op

from server.inspection import rebuild_identities
from server.records import CATALOGUE
from server.store import Writer
from server.store.codec import CODEC
from server.store.snapshot import Shared
from server.store.statements import POSTGRES, SQLITE

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    bind = op.get_bind()
    driver = bind.connection.driver_connection
    assert driver is not None
    if bind.dialect.name == "sqlite":
        tx = Writer(Shared(CATALOGUE, CODEC, SQLITE), driver.cursor())
    else:
        tx = Writer(Shared(CATALOGUE, CODEC, POSTGRES), driver.cursor(binary=True))
    rebuild_identities(tx)
