"""The stores: the ledger and its projections on SQLite or PostgreSQL.

``migrate`` brings a database to the present schema, ``open_store`` gives its store.
A database in memory is made when it is opened. ``server/store/README.md`` says
where what is.

>>> store = open_store("sqlite://", CATALOGUE, epoch="e1")
>>> with store.read() as snapshot:
...     snapshot.epoch(), snapshot.feeds(["shared"])
('e1', {})
>>> store.close()
"""

from __future__ import annotations

from server.models import db
from server.records import CATALOGUE
from server.store.busy import FAILURES, Busy, is_busy
from server.store.migrate import HasDatabase, database_url, migrate, put_marks
from server.store.postgres import PostgresStore
from server.store.snapshot import Snapshot
from server.store.sqlite import SqliteStore, in_memory
from server.store.tables import metadata
from server.store.writer import Writer
from sync.catalogue import Catalogue

__all__ = [
    "FAILURES",
    "Busy",
    "PostgresStore",
    "Snapshot",
    "SqlStore",
    "SqliteStore",
    "Writer",
    "is_busy",
    "migrate",
    "open_store",
]

SqlStore = SqliteStore | PostgresStore


def open_store(
    settings: HasDatabase | str, catalogue: Catalogue = CATALOGUE, *, epoch: str | None = None
) -> SqlStore:
    """The store of a database. ``epoch`` is for one in memory; by default it is drawn."""
    url = database_url(settings)
    if url.get_backend_name() != "sqlite":
        return PostgresStore(url, catalogue)
    store = SqliteStore(url, catalogue)
    if in_memory(url):
        with store.engine.begin() as connection:
            for tables in (metadata, db.metadata):
                tables.create_all(connection)
            put_marks(connection, epoch=epoch)
    return store
