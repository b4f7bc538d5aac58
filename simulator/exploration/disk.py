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
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

import orjson

from simulator.exploration.photos.album import Album
from sync.replica_memory import MemoryStorage
from sync.replica_sqlite import SqliteStorage
from sync.replica_storage import ReplicaStorage, Shelf
from sync.store import Codec

__all__ = ["CODEC", "Disk", "DiskFull", "Image", "PowerCut"]

Beside = Callable[[Album, Shelf], None]
"""What is noted of photos in the block in which something else is written."""


class Image(NamedTuple):
    """What a disk holds: a storage that nobody writes to, or a serialized database; and photos."""

    storage: MemoryStorage | bytes
    photos: Album


CODEC = Codec(dumps=orjson.dumps, loads=orjson.loads)
"""What thousands of tablets are played with, on their disks and on the wire."""


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
        self._beside: Beside | None = None
        self.put(image)

    @staticmethod
    def blank(kind: str) -> Image:
        """The image of a new disk: ``memory`` or ``sqlite``."""
        if kind == "memory":
            return Image(MemoryStorage(), Album())
        connection = sqlite3.connect(":memory:")
        SqliteStorage(connection)
        return Image(bytes(connection.serialize()), Album())

    def put(self, image: Image) -> None:
        """Hold this from now on."""
        self.photos = image.photos.copy()
        if isinstance(image.storage, MemoryStorage):
            self._storage = self._memory = image.storage.copy()
            self._connection = None
        else:
            self._connection = sqlite3.connect(":memory:")
            self._connection.deserialize(image.storage)
            self._storage = SqliteStorage(self._connection, codec=CODEC)

    def image(self) -> Image:
        """What it holds now."""
        photos = self.photos.copy()
        if self._connection is None:
            return Image(self._memory.copy(), photos)
        return Image(bytes(self._connection.serialize()), photos)

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
        dies = self._dies_at is not None and self.writes >= self._dies_at
        if dies or self._beside is not None:
            return self._watched(dies=dies)
        return self._storage.write()

    def beside(self, act: Beside | None) -> None:
        """Note something of photos in the next block, and not without it."""
        self._beside = act

    def note(self, act: Beside) -> None:
        """Note something of photos, in a block of its own."""
        self.beside(act)
        try:
            with self.write():
                pass
        finally:
            self.beside(None)

    def decay(self) -> AbstractContextManager[Shelf]:
        """A block in which what is kept goes wrong, whoever writes or does not."""
        return self._storage.write()

    @contextmanager
    def _watched(self, *, dies: bool) -> Iterator[Shelf]:
        """A block that is cut, or with which something of photos is kept."""
        act, self._beside = self._beside, None
        if dies:
            self._dies_at = None
        photos = self.photos.copy()
        with self._storage.write() as shelf:
            yield shelf
            if act is not None:
                act(photos, shelf)
            if dies and not self._after:
                raise PowerCut
        self.photos = photos
        if dies:
            raise PowerCut
