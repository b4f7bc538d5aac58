"""The folder of a server's photos: a real one, as far in memory as this machine allows.

Of photos the server keeps rows in its database and bytes in files. Here the files of one
world lie in a folder of its own, that goes with it; what is in it can be copied and put back,
apart from the database, as backups are.

Invariants
    * What is there is looked at by this module's own reading, and not by the server's.
    * Nothing is made before something is written.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from itertools import count
from pathlib import Path

__all__ = ["PhotoFolder"]

_ROOM = 1 << 40
_ARRIVING = "arriving"
_NUMBERS = count()


@cache
def _root() -> Path:
    """What holds the folders of this process. It is made when something is written into it."""
    memory = Path("/dev/shm")  # nosec B108 - only as a folder of an unguessable name
    within = memory if memory.is_dir() else Path(tempfile.gettempdir())
    return within / f"explored-{os.getpid()}-{secrets.token_hex(4)}"


class PhotoFolder:
    """Where one server keeps photos. ``free_bytes``: the room that it is told of."""

    def __init__(self) -> None:
        self.path = _root() / str(next(_NUMBERS))
        self.free_bytes = _ROOM

    def clear(self) -> None:
        """Nothing is left, the folder neither."""
        shutil.rmtree(self.path, ignore_errors=True)
        with suppress(OSError):
            self.path.parent.rmdir()

    def fill(self, *, on: bool) -> None:
        """The disk is full from now on, or has room again."""
        self.free_bytes = 0 if on else _ROOM

    def image(self) -> dict[str, bytes]:
        """Everything in it, by the path within."""
        return {
            str(path.relative_to(self.path)): path.read_bytes()
            for path in self.path.rglob("*")
            if path.is_file()
        }

    def put(self, image: Mapping[str, bytes]) -> None:
        """Hold this, and nothing else."""
        shutil.rmtree(self.path, ignore_errors=True)
        for name, data in image.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def arrived(self, upload: str) -> bytes | None:
        """What has come of an upload; None if nothing of it lies here."""
        return _read(self.path / _ARRIVING / upload)

    def kept(self, digest: str) -> bytes | None:
        """The picture under a hash, if there is one."""
        return _read(self.path / digest[:2] / digest[2:4] / digest)

    def names(self) -> tuple[set[str], set[str]]:
        """The uploads of which something lies here, and the hashes of the pictures."""
        arriving, kept = set[str](), set[str]()
        for path in self.path.rglob("*"):
            if path.is_file():
                (arriving if path.parent.name == _ARRIVING else kept).add(path.name)
        return arriving, kept


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
