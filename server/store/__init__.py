"""The stores: the ledger and its projections on SQLite or PostgreSQL.

``open_store`` gives the store of a database whose schema is up to date (``migrate``
sees to that); a database in memory is made on the spot. ``server/store/README.md``
says where what is.
"""

from __future__ import annotations

import secrets
from typing import Protocol

from sqlalchemy import insert
from sqlalchemy.engine import make_url

from server.store.ledger import Busy, Snapshot, Writer
from server.store.sqlite import SqliteStore, in_memory
from server.store.tables import META, metadata
from sync.catalogue import Catalogue
from sync.stamps import base32

__all__ = ["Busy", "Snapshot", "SqlStore", "Writer", "open_store"]

SqlStore = SqliteStore


class HasDatabase(Protocol):
    """Settings that name a database."""

    @property
    def database_url(self) -> str: ...


def open_store(
    settings: HasDatabase | str, catalogue: Catalogue, *, epoch: str | None = None
) -> SqlStore:
    """The store of a database. ``epoch`` is for a new one in memory; by default it is drawn."""
    url = make_url(settings if isinstance(settings, str) else settings.database_url)
    store = SqliteStore(url, catalogue)
    if in_memory(url):
        with store.engine.begin() as connection:
            metadata.create_all(connection)
            mark = epoch or base32(secrets.randbelow, 8)
            rows = [{"name": "epoch", "value": mark}]
            connection.execute(insert(META), rows)
    return store
