"""The store on PostgreSQL.

Many write at once here. Two who change the same record take turns by locks on its
row, in the order of ids; feeds' rows are locked last, so that a busy feed is held
for the shortest time. Where two meet otherwise (the same new record, the same stamp,
a deadlock), one of them fails as ``Busy`` and repeats its batch, and then sees what
the other did.

Invariants
    * A snapshot is one snapshot over all its statements (``REPEATABLE READ``).
    * A writer sees what was committed before it got a row's lock (``READ COMMITTED``).
    * Nobody waits for a lock without end, or keeps one while doing nothing: a process that
      hangs inside a transaction loses it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL

from server.store.busy import Busy, is_busy
from server.store.codec import CODEC
from server.store.snapshot import Shared, Snapshot
from server.store.statements import POSTGRES
from server.store.writer import Writer
from sync.catalogue import Catalogue

__all__ = ["PostgresStore"]

T = TypeVar("T", bound=Snapshot)

_log = logging.getLogger(__name__)

LOCK_WAIT_MS = 2_000
"""So long a statement waits for somebody else's lock before it is ``Busy``."""

IDLE_MS_MAX = 60_000
"""So long a transaction may do nothing before the database ends it."""


class PostgresStore:
    """Records and operations in PostgreSQL."""

    def __init__(self, url: URL, catalogue: Catalogue) -> None:
        self.engine = create_engine(
            url, pool_size=10, max_overflow=20, pool_pre_ping=False, hide_parameters=True
        )
        event.listen(self.engine, "connect", _set_up)
        self.catalogue = catalogue
        self.codec = CODEC
        self._shared = Shared(catalogue, CODEC, POSTGRES)

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """A snapshot, closed at the end of the ``with`` block."""
        with self._transaction(Snapshot, reading=True) as snapshot:
            yield snapshot

    @contextmanager
    def write(self) -> Iterator[Writer]:
        """A write transaction. Raises ``Busy`` where it met another's and must be repeated."""
        with self._transaction(Writer, reading=False) as writer:
            yield writer

    @contextmanager
    def _transaction(self, kind: type[T], *, reading: bool) -> Iterator[T]:
        try:
            pooled = self.engine.raw_connection()
        except psycopg.OperationalError as error:
            if is_busy(error):
                _log.warning("The database does not answer.")
                raise Busy("the database does not answer") from error
            raise
        connection = pooled.driver_connection
        assert isinstance(connection, psycopg.Connection)
        try:
            with _begun(connection, reading=reading):
                transaction = kind(self._shared, connection.cursor(binary=True))
                yield transaction
            transaction.ended()
        except psycopg.Error as error:
            if connection.closed:
                # The database was restarted: whatever else waits in the pool is dead as well.
                pooled.invalidate()
                self.engine.dispose()
            if connection.closed or is_busy(error):
                raise Busy(str(error)) from error
            raise
        finally:
            pooled.close()

    def scrub(self) -> None:
        """Nothing: the database's own vacuum takes away what was deleted, in its own time."""

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self.engine.dispose()


def _set_up(connection: psycopg.Connection[Any], _record: object) -> None:
    connection.autocommit = True
    connection.execute(f"SET lock_timeout = {LOCK_WAIT_MS:d}".encode())
    connection.execute(f"SET idle_in_transaction_session_timeout = {IDLE_MS_MAX:d}".encode())
    connection.autocommit = False


@contextmanager
def _begun(connection: psycopg.Connection[Any], *, reading: bool) -> Iterator[None]:
    """A transaction (psycopg begins it with the first statement), committed at the end."""
    if reading:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
    try:
        yield
        connection.commit()
    except BaseException:
        if not connection.closed:
            connection.rollback()
        raise
    finally:
        if reading and not connection.closed:
            connection.isolation_level = connection.read_only = None
