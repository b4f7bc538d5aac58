"""Bringing a database to the schema that this version of the server works with.

Several workers may start at the same moment on an empty or an old database. One
of them migrates; the others wait for it and find nothing left to do.

Invariants
    * Each migration and its record are one transaction.
    * A database gets its epoch once, when it is made.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, NullPool, create_engine, delete, insert, select, text
from sqlalchemy.engine import URL, make_url

import server
from server.records import CATALOGUE
from server.store.sqlite import FileLock, in_memory, sqlite_engine
from server.store.tables import META
from sync.stamps import base32

__all__ = ["HasDatabase", "database_url", "migrate", "put_marks"]

_LOCK_NUMBER = 0x59_55_41_4E  # any number that nobody else uses in this database


class HasDatabase(Protocol):
    """Settings that name a database."""

    @property
    def database_url(self) -> str:
        """Its URL, as SQLAlchemy writes them."""
        ...


def database_url(settings: HasDatabase | str) -> URL:
    """The URL that settings name, or that was given as text."""
    return make_url(settings if isinstance(settings, str) else settings.database_url)


def migrate(settings: HasDatabase | str, *, epoch: str | None = None) -> None:
    """Bring the database to the present schema. ``epoch`` of a new one is drawn by default."""
    url = database_url(settings)
    if url.get_backend_name() == "sqlite":
        if in_memory(url):
            raise ValueError("a database in memory is made by open_store")
        engine = sqlite_engine(url)
        alone: AbstractContextManager[None] = FileLock(f"{url.database}.lock")
    else:
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
        alone = _advisory_lock(engine)
    try:
        with alone, engine.connect() as connection:
            command.upgrade(_config(connection), "head")
            connection.rollback()  # alembic leaves a transaction open after its last look
            with connection.begin():
                put_marks(connection, epoch=epoch)
    finally:
        engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(server.__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _advisory_lock(engine: Engine) -> Iterator[None]:
    """One process at a time; the lock goes with the connection if the process dies."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        number = {"number": _LOCK_NUMBER}
        connection.execute(text("SELECT pg_advisory_lock(:number)"), number)
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:number)"), number)


def put_marks(connection: Connection, *, epoch: str | None = None) -> None:
    """Give a new database its epoch, and note the schema of the catalogue."""
    known = {row.name: row.value for row in connection.execute(select(META))}
    marks = {"schema": str(CATALOGUE.schema)}
    if "epoch" not in known:
        marks["epoch"] = epoch or base32(secrets.randbelow, 8)
    for name, value in marks.items():
        if known.get(name) != value:
            connection.execute(delete(META).where(META.c.name == name))
            connection.execute(insert(META), [{"name": name, "value": value}])
