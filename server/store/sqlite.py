"""The store on SQLite.

SQLite lets one write at a time and makes the others try again and again, which
with eight of them costs most of a second. Here writers queue at a lock on a file
beside the database instead, and take SQLite's own lock at once (``BEGIN
IMMEDIATE``); readers see a snapshot (WAL) and wait for nobody.

Invariants
    * What was committed survives a power cut (``synchronous=FULL``).
    * Nothing is read in a write transaction before the write lock is held.

A database in memory has one connection: there, transactions of any kind take turns.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections import deque
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cached_property
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool, StaticPool

from server.store.busy import Busy, is_busy
from server.store.codec import CODEC
from server.store.snapshot import Shared, Snapshot
from server.store.statements import SQLITE
from server.store.writer import Writer
from sync.catalogue import Catalogue

__all__ = ["FileLock", "SqliteStore", "TurnLock", "memory_connection", "sqlite_engine"]

T = TypeVar("T", bound=Snapshot)

_NOBODY: AbstractContextManager[None] = nullcontext()
"""The lock of who waits for nobody."""

_WAIT_SECONDS = 30
_SCRUB_MS = 2_000
_ARGUMENTS: dict[str, Any] = {
    "isolation_level": None,
    "timeout": _WAIT_SECONDS,
    "cached_statements": 256,
    "check_same_thread": False,
}
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",  # what was erased is overwritten, not only unlinked
    "PRAGMA cache_size = -65536",
    "PRAGMA mmap_size = 268435456",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA wal_autocheckpoint = 16000",
    "PRAGMA journal_size_limit = 134217728",
)


def in_memory(url: URL) -> bool:
    """Whether a SQLite URL names no file."""
    return url.database in (None, "", ":memory:")


def _make_private(path: str) -> None:
    """Make a database that is not there yet, for its owner alone; its other files follow it.

    One that is there is not even opened: closing it again would drop SQLite's own locks.
    """
    with suppress(OSError):  # SQLite says what is wrong with the path.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def sqlite_engine(url: URL) -> Engine:
    """An engine whose connections leave transactions to us and are set up for a server.

    Through SQLAlchemy a transaction begins as the execution option ``begin`` says,
    by default ``BEGIN``; ``BEGIN IMMEDIATE`` is for those that are going to write.
    """
    if not in_memory(url):
        _make_private(str(url.database))
    memory = in_memory(url)
    engine = create_engine(
        url,
        poolclass=StaticPool if memory else QueuePool,
        connect_args=_ARGUMENTS,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        _set_up(connection)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql(options.get("begin", "BEGIN"))

    return engine


def memory_connection() -> sqlite3.Connection:
    """A connection to an empty database in memory, as the engine's own are."""
    connection: sqlite3.Connection = sqlite3.connect(":memory:", **_ARGUMENTS)
    _set_up(connection)
    return connection


def _set_up(connection: sqlite3.Connection) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)


class FileLock(AbstractContextManager[None]):
    """One writer at a time, over threads and processes: they queue instead of trying again.

    The file is opened anew in each process, for a lock that was inherited by a fork
    would be the parent's. Who comes after it was closed is told that the store is busy.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._process = 0
        self._file = -1
        self._is_closed = False

    def __enter__(self) -> None:
        """Wait for the turn, and keep it for the ``with`` block."""
        self._turn.acquire()
        try:
            if self._is_closed:
                raise Busy("this store was closed")
            if self._process != os.getpid():
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                self._file, self._process = os.open(self._path, flags, 0o600), os.getpid()
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except BaseException:
            self._turn.release()
            raise

    def __exit__(self, *_error: object) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        finally:
            self._turn.release()

    def close(self) -> None:
        """Close the file, once whoever holds it has ended."""
        with self._turn:
            if self._process == os.getpid():
                os.close(self._file)
            self._process, self._file, self._is_closed = 0, -1, True


class TurnLock(AbstractContextManager[None]):
    """Transactions on a database in memory take turns; one inside another is a mistake."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._owner = 0

    def __enter__(self) -> None:
        """Wait for the turn, and keep it for the ``with`` block."""
        me = threading.get_ident()
        if self._owner == me:
            raise RuntimeError("a database in memory has one transaction at a time")
        self._turn.acquire()
        self._owner = me

    def __exit__(self, *_error: object) -> None:
        self._owner = 0
        self._turn.release()

    def close(self) -> None:
        """Nothing to close."""


class SqliteStore:
    """Records and operations in a SQLite file, or in memory."""

    def __init__(
        self, url: URL, catalogue: Catalogue, *, connection: sqlite3.Connection | None = None
    ) -> None:
        """``connection``: one to a database in memory, which outlives this store."""
        self._url, self._given = url, connection
        self.catalogue = catalogue
        self.codec = CODEC
        self.shared = Shared(catalogue, CODEC, SQLITE)
        self._memory = in_memory(url)
        self._idle: deque[sqlite3.Connection] = deque([connection] if connection else [])
        self._lock = TurnLock() if self._memory else FileLock(f"{url.database}.lock")
        if connection is None:
            _ = self.engine  # Now: two threads that asked first would make two.

    @cached_property
    def engine(self) -> Engine:
        """What SQLAlchemy asks, and where connections come from that were not given."""
        return sqlite_engine(self._url)

    def writing_alone(self) -> AbstractContextManager[None]:
        """Keep all other writers that know of the lock away, for the ``with`` block."""
        return self._lock

    def read(self) -> AbstractContextManager[Snapshot]:
        """A snapshot, closed at the end of the ``with`` block."""
        return _Transaction(self, "BEGIN", Snapshot, self._lock if self._memory else _NOBODY)

    def write(self) -> AbstractContextManager[Writer]:
        """A write transaction. Raises ``Busy`` if the write lock could not be had in time."""
        return _Transaction(self, "BEGIN IMMEDIATE", Writer, self._lock)

    def take_connection(self) -> sqlite3.Connection:
        """A connection of one's own, until ``give_back``. The pool's own way costs 20 us more."""
        with suppress(IndexError):
            return self._idle.pop()
        pooled = self.engine.raw_connection()
        connection = pooled.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        if not self._memory:
            pooled.detach()
        return connection

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Let others have a connection, which is in no transaction."""
        self._idle.append(connection)

    def scrub(self) -> None:
        """Empty the log into the file, where what was deleted is overwritten.

        Who reads meanwhile is waited for, but not for long: then the log keeps its old pages
        until it is begun anew, as it is at every start.
        """
        if self._memory:
            return
        with self._lock:
            connection = self.take_connection()
            try:
                connection.execute(f"PRAGMA busy_timeout = {_SCRUB_MS}")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                connection.execute(f"PRAGMA busy_timeout = {_WAIT_SECONDS * 1000}")
                self.give_back(connection)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            connection = self._idle.pop()
            if connection is not self._given:
                connection.close()
        if "engine" in vars(self):
            self.engine.dispose()
        self._lock.close()


class _Transaction(AbstractContextManager[T]):
    """One transaction, on a connection of its own; ``lock`` is held before it and after it."""

    __slots__ = ("_begin", "_connection", "_kind", "_lock", "_store", "_transaction")

    def __init__(
        self,
        store: SqliteStore,
        begin: str,
        kind: type[T],
        lock: AbstractContextManager[None],
    ) -> None:
        self._store, self._begin, self._kind, self._lock = store, begin, kind, lock

    def __enter__(self) -> T:
        self._lock.__enter__()
        try:
            return self._begun()
        except BaseException as error:
            self._lock.__exit__(None, None, None)
            _raise_busy(error)
            raise

    def _begun(self) -> T:
        connection = self._connection = self._store.take_connection()
        try:
            cursor = connection.execute(self._begin)
        except BaseException:
            self._store.give_back(connection)
            raise
        self._transaction = self._kind(self._store.shared, cursor)
        return self._transaction

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        connection = self._connection
        try:
            if error is None:
                connection.execute("COMMIT")
                self._transaction.ended()
        except BaseException as failure:
            _raise_busy(failure)
            raise
        finally:
            try:
                if connection.in_transaction:
                    connection.rollback()
                self._store.give_back(connection)
            finally:
                self._lock.__exit__(None, None, None)
        _raise_busy(error)


def _raise_busy(error: BaseException | None) -> None:
    """Raise ``Busy`` if an error means that others held the database for too long."""
    if is_busy(error):
        raise Busy(str(error)) from error
