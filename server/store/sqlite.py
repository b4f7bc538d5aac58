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
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool, StaticPool

from server.store.codec import CODEC
from server.store.snapshot import Busy, Shared, Snapshot
from server.store.statements import SQLITE
from server.store.writer import Writer
from sync.catalogue import Catalogue

__all__ = ["FileLock", "SqliteStore", "TurnLock", "sqlite_engine"]

T = TypeVar("T", bound=Snapshot)

_WAIT_SECONDS = 30
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA cache_size = -65536",
    "PRAGMA mmap_size = 268435456",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA wal_autocheckpoint = 16000",
    "PRAGMA journal_size_limit = 134217728",
)


def in_memory(url: URL) -> bool:
    """Whether a SQLite URL names no file."""
    return url.database in (None, "", ":memory:")


def sqlite_engine(url: URL) -> Engine:
    """An engine whose connections leave transactions to us and are set up for a server.

    Through SQLAlchemy a transaction begins as the execution option ``begin`` says,
    by default ``BEGIN``; ``BEGIN IMMEDIATE`` is for those that are going to write.
    """
    arguments = {"isolation_level": None, "timeout": _WAIT_SECONDS, "cached_statements": 256}
    memory = in_memory(url)
    engine = create_engine(
        url,
        poolclass=StaticPool if memory else QueuePool,
        connect_args={**arguments, "check_same_thread": False},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql(options.get("begin", "BEGIN"))

    return engine


class FileLock:
    """One writer at a time, over threads and processes: they queue instead of trying again.

    The file is opened anew in each process, for a lock that was inherited by a fork
    would be the parent's.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._process = 0
        self._file = -1

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the turn, and keep it for the ``with`` block."""
        with self._turn:
            if self._process != os.getpid():
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                self._file, self._process = os.open(self._path, flags, 0o600), os.getpid()
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file."""
        if self._process == os.getpid():
            os.close(self._file)
        self._process, self._file = 0, -1


class TurnLock:
    """Transactions on a database in memory take turns; one inside another is a mistake."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._owner = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the turn, and keep it for the ``with`` block."""
        me = threading.get_ident()
        if self._owner == me:
            raise RuntimeError("a database in memory has one transaction at a time")
        with self._turn:
            self._owner = me
            try:
                yield
            finally:
                self._owner = 0

    def close(self) -> None:
        """Nothing to close."""


class SqliteStore:
    """Records and operations in a SQLite file, or in memory."""

    def __init__(self, url: URL, catalogue: Catalogue) -> None:
        self.engine = sqlite_engine(url)
        self.catalogue = catalogue
        self.codec = CODEC
        self._shared = Shared(catalogue, CODEC, SQLITE)
        self._memory = in_memory(url)
        self._lock = TurnLock() if self._memory else FileLock(f"{url.database}.lock")

    def writing_alone(self) -> AbstractContextManager[None]:
        """Keep all other writers that know of the lock away, for the ``with`` block."""
        return self._lock.held()

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """A snapshot, closed at the end of the ``with`` block."""
        if self._memory:
            with self._lock.held(), self._transaction("BEGIN", Snapshot) as snapshot:
                yield snapshot
        else:
            with self._transaction("BEGIN", Snapshot) as snapshot:
                yield snapshot

    @contextmanager
    def write(self) -> Iterator[Writer]:
        """A write transaction. Raises ``Busy`` if the write lock could not be had in time."""
        with self._lock.held(), self._transaction("BEGIN IMMEDIATE", Writer) as writer:
            yield writer

    @contextmanager
    def _transaction(self, begin: str, kind: type[T]) -> Iterator[T]:
        pooled = self.engine.raw_connection()
        try:
            cursor = pooled.cursor()
            try:
                cursor.execute(begin)
                transaction = kind(self._shared, cursor)
                yield transaction
                cursor.execute("COMMIT")
            except BaseException:
                pooled.rollback()
                raise
            transaction.ended()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in _BUSY:
                raise Busy(str(error)) from error
            raise
        finally:
            pooled.close()

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self.engine.dispose()
        self._lock.close()
