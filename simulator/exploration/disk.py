"""Disks: the storage of a simulated tablet, which loses power, fills up, and is set back.

The replica promises that whatever it wrote in one block is there together or not at all,
whenever the battery dies. So a disk can be told to die at the n-th write from now, just
before the block is kept or just after, and it can be copied and put back.

Invariants
    * A write that was cut before its end leaves nothing behind: that is the storage's own
      promise, and it is the real storages that are used.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import orjson

from sync.replica_memory import MemoryStorage
from sync.replica_sqlite import SqliteStorage
from sync.replica_storage import ReplicaStorage, Shelf
from sync.store import Codec

__all__ = ["Disk", "DiskFull", "Image", "PowerCut"]

Image = MemoryStorage | bytes
"""What a disk holds: a storage that nobody writes to, or a serialized database."""


_CODEC = Codec(dumps=orjson.dumps, loads=orjson.loads)
"""What thousands of tablets are played with."""


class PowerCut(BaseException):
    """The app ends here, whatever it was doing."""


class DiskFull(Exception):  # noqa: N818 - what is so
    """Nothing more can be written."""


class Disk:
    """A storage with the faults of a disk."""

    def __init__(self, image: Image) -> None:
        self._storage: ReplicaStorage
        self.full = False
        self.writes = 0
        self._dies_at: int | None = None
        self._after = False
        self.put(image)

    @staticmethod
    def blank(kind: str) -> Image:
        """The image of a new disk: ``memory`` or ``sqlite``."""
        if kind == "memory":
            return MemoryStorage()
        connection = sqlite3.connect(":memory:")
        SqliteStorage(connection)
        return bytes(connection.serialize())

    def put(self, image: Image) -> None:
        """Hold this from now on."""
        if isinstance(image, MemoryStorage):
            self._storage = self._memory = image.copy()
            self._connection = None
        else:
            self._connection = sqlite3.connect(":memory:")
            self._connection.deserialize(image)
            self._storage = SqliteStorage(self._connection, codec=_CODEC)

    def image(self) -> Image:
        """What it holds now."""
        if self._connection is None:
            return self._memory.copy()
        return bytes(self._connection.serialize())

    def die(self, *, write: int, after: bool) -> None:
        """Cut the power at the ``write``-th write from now (1 is the next)."""
        self._dies_at, self._after = self.writes + write, after

    def spare(self) -> None:
        """Forget about dying."""
        self._dies_at = None

    def read(self) -> AbstractContextManager[Shelf]:
        """See ``ReplicaStorage.read``."""
        return self._storage.read()

    def write(self) -> AbstractContextManager[Shelf]:
        """See ``ReplicaStorage.write``."""
        self.writes += 1
        if self.full:
            raise DiskFull
        if self._dies_at is not None and self.writes >= self._dies_at:
            self._dies_at = None
            return self._dying()
        return self._storage.write()

    def decay(self) -> AbstractContextManager[Shelf]:
        """A block in which what is kept goes wrong, whoever writes or does not."""
        return self._storage.write()

    @contextmanager
    def _dying(self) -> Iterator[Shelf]:
        with self._storage.write() as shelf:
            yield shelf
            if not self._after:
                raise PowerCut
        raise PowerCut
