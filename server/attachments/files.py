"""Files: pieces of uploads that outlive a crash, and whole pictures under their hashes.

A photo comes in pieces over hours, and the process that takes them may be killed at
any byte. What was written is worth keeping, what was never verified is not, and a picture
must never be seen half written, or under a hash that it does not have.

Theory of operation. ``arriving/<upload>`` grows by what comes; its length is how far
the upload is, so no second count can differ from it. A piece that came with a checksum is
verified beside it and only then appended. When all is there, the file is read once more
and its SHA-256 compared; then the cleaned picture is written under another name, made durable,
and renamed to ``<2 digits>/<2 digits>/<hash>``. Whatever was lost in between is done again.

Invariants
    * A file under its hash is complete, durable, and made from bytes with that hash.
    * Of an upload only one writer at a time appends (``Locked``), over all processes.
    * Nothing that a caller names becomes a path unless it is only letters and digits.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from server.attachments.pictures import clean

__all__ = ["ChecksumWrong", "Files", "HashWrong", "Kept", "Locked", "append", "append_verified"]

_PIECE = 65_536
_MEMORY_MAX = 1 << 20
"""So much of a piece that must be verified first is held in memory, the rest in a file."""
_NAME = re.compile(r"[0-9a-z]{16,64}")
_HASH = re.compile(r"[0-9a-f]{64}")

Read = Callable[[int], bytes]
"""``read(n)`` gives up to n bytes of a body, and nothing at its end."""


class Locked(Exception):  # noqa: N818 - what is so
    """Another request is writing to this upload."""


class ChecksumWrong(Exception):  # noqa: N818
    """A piece is not what its checksum says; none of it was kept."""


class HashWrong(Exception):  # noqa: N818
    """The whole file has another SHA-256 than was announced."""


class Kept(NamedTuple):
    """A picture under its hash: media type, size in bytes, SHA-256 of what is kept."""

    type: str
    size: int
    etag: str


class Files:
    """The attachments of one data folder. Safe for threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    # Arriving ------------------------------------------------------------------------------

    def begin(self, upload: str) -> None:
        """Make room for a new upload."""
        path = self._arriving(upload)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))

    def offset(self, upload: str) -> int | None:
        """How many bytes have come; None if there is no such upload."""
        try:
            return self._arriving(upload).stat().st_size
        except FileNotFoundError:
            return None

    @contextmanager
    def appending(self, upload: str) -> Iterator[BinaryIO]:
        """The upload's file, at its end, for this writer alone.

        Raises ``Locked``, or FileNotFoundError. What was written is durable afterwards.
        """
        with self._arriving(upload).open("r+b", buffering=0) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Locked from None
            if self.offset(upload) is None:  # ended while this one came
                raise FileNotFoundError(upload)
            file.seek(0, os.SEEK_END)
            try:
                yield file
            finally:
                os.fsync(file.fileno())

    def end(self, upload: str) -> None:
        """Forget what has come of an upload."""
        self._arriving(upload).unlink(missing_ok=True)

    def arriving(self) -> list[str]:
        """The uploads of which something lies here."""
        with suppress(FileNotFoundError):
            return sorted(path.name for path in (self._folder / "arriving").iterdir())
        return []

    # Whole ---------------------------------------------------------------------------------

    def digest(self, upload: str) -> str:
        """The SHA-256 of what has come of an upload."""
        with self._arriving(upload).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def keep(self, upload: str, digest: str) -> Kept:
        """Put a whole upload in its place, cleaned. Raises ``HashWrong`` or ``NotAPicture``."""
        data = self._arriving(upload).read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise HashWrong
        kind, picture = clean(data)
        path = self._place(digest)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            try:
                file.write(picture)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).rename(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        for folder in (path.parent, path.parent.parent, self._folder):
            _sync(folder)
        return Kept(kind, len(picture), hashlib.sha256(picture).hexdigest())

    def path(self, digest: str) -> Path | None:
        """Where a picture lies, if it is here."""
        path = self._place(digest)
        return path if path.is_file() else None

    def pictures(self) -> list[str]:
        """The hashes of the pictures that are here."""
        found = self._folder.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")
        return sorted(path.name for path in found if _HASH.fullmatch(path.name))

    def remove(self, digest: str) -> None:
        """Erase a picture."""
        self._place(digest).unlink(missing_ok=True)

    def free_bytes(self) -> int:
        """Room on the disk."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        told = os.statvfs(self._folder)
        return told.f_bavail * told.f_frsize

    def _arriving(self, upload: str) -> Path:
        return self._folder / "arriving" / _named(upload)

    def _place(self, digest: str) -> Path:
        name = _named(digest)
        return self._folder / name[:2] / name[2:4] / name


def append(file: BinaryIO, read: Read, *, most: int) -> None:
    """Append what ``read`` gives, ``most`` bytes of it at the most."""
    while most > 0 and (piece := read(min(_PIECE, most))):
        file.write(piece)
        most -= len(piece)


def append_verified(
    file: BinaryIO, read: Read, *, most: int, algorithm: str, digest: bytes
) -> None:
    """Append what ``read`` gives if its digest is right. Raises ``ChecksumWrong``."""
    told = hashlib.new(algorithm, usedforsecurity=False)
    with tempfile.SpooledTemporaryFile(max_size=_MEMORY_MAX) as aside:
        while most > 0 and (piece := read(min(_PIECE, most))):
            told.update(piece)
            aside.write(piece)
            most -= len(piece)
        if told.digest() != digest:
            raise ChecksumWrong
        aside.seek(0)
        while piece := aside.read(_PIECE):
            file.write(piece)


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise FileNotFoundError(name)
    return name


def _sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)
