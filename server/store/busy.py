"""Busy: what of the two drivers' errors passes by itself, so that a batch is repeated.

Others were writing the same, or the database went away for a moment: it was restarted,
a connection broke, a lock was not to be had in time. Everything else is a fault, and
repeating it would only hide it.

Invariants
    * What raises ``Busy`` may be repeated as it is. Mostly nothing was stored; but where the
      connection broke while a commit was under way it may have been, and nobody can say.
      A stamp that is already stored then tells.
"""

from __future__ import annotations

import sqlite3

import psycopg
from psycopg import errors
from sqlalchemy.exc import DBAPIError

__all__ = ["FAILURES", "Busy", "is_busy"]


class Busy(Exception):  # noqa: N818 - the store is busy: no fault of anybody
    """Others were writing the same; nothing was stored. Repeat the whole batch."""


FAILURES = (Busy, sqlite3.Error, psycopg.Error, DBAPIError)
"""All that the database may raise, for who can do without it for now."""

_SQLITE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_POSTGRES = (
    errors.DeadlockDetected,
    errors.LockNotAvailable,
    errors.SerializationFailure,
    errors.UniqueViolation,
    # The database is stopping, starting, or full of connections.
    errors.AdminShutdown,
    errors.CrashShutdown,
    errors.CannotConnectNow,
    errors.TooManyConnections,
    errors.IdleInTransactionSessionTimeout,
)


def is_busy(error: BaseException | None) -> bool:
    """Whether an error of a driver, or of SQLAlchemy about one, passes by itself.

    >>> is_busy(errors.DeadlockDetected()), is_busy(errors.DiskFull()), is_busy(None)
    (True, False, False)
    """
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or is_busy(error.orig)
    if isinstance(error, sqlite3.OperationalError):
        return error.sqlite_errorcode & 0xFF in _SQLITE
    if isinstance(error, _POSTGRES):
        return True
    # An error without a code comes from the connection, not from a statement.
    return isinstance(error, psycopg.OperationalError) and error.sqlstate is None
