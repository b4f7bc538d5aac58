"""The store on PostgreSQL.

Many write at once here. Two who change the same record take turns by locks on its
row, in the order of ids; feeds' rows are locked last, so that a busy feed is held
for the shortest time. Where two meet otherwise (the same new record, the same stamp,
a deadlock), one of them fails as ``Busy`` and repeats its batch, and then sees what
the other did.

Invariants
    * A snapshot is one snapshot over all its statements (``REPEATABLE READ``).
    * A writer sees what was committed before it got a row's lock (``READ COMMITTED``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from sqlalchemy import create_engine
from sqlalchemy.engine import URL

from server.store.codec import CODEC
from server.store.snapshot import Busy, Shared, Snapshot
from server.store.statements import POSTGRES
from server.store.writer import Writer
from sync.catalogue import Catalogue

__all__ = ["PostgresStore"]

T = TypeVar("T", bound=Snapshot)

_BUSY = (
    errors.DeadlockDetected,
    errors.LockNotAvailable,
    errors.SerializationFailure,
    errors.UniqueViolation,
)


class PostgresStore:
    """Records and operations in PostgreSQL."""

    def __init__(self, url: URL, catalogue: Catalogue) -> None:
        self.engine = create_engine(
            url, pool_size=10, max_overflow=20, pool_pre_ping=False, hide_parameters=True
        )
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
        pooled = self.engine.raw_connection()
        connection = pooled.driver_connection
        assert isinstance(connection, psycopg.Connection)
        try:
            with _begun(connection, reading=reading):
                transaction = kind(self._shared, connection.cursor(binary=True))
                yield transaction
            transaction.ended()
        except _BUSY as error:
            raise Busy(str(error)) from error
        except psycopg.OperationalError as error:
            if not connection.closed:
                raise
            # The database was restarted: whatever else waits in the pool is dead as well.
            pooled.invalidate()
            self.engine.dispose()
            raise Busy(str(error)) from error
        finally:
            pooled.close()

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self.engine.dispose()


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
