"""Photos carried in a file, from a tablet that reaches no server.

A tablet copies the photos that wait into zip files, beside the file of its unsent work. Each
is named ``<device>/<record>_<hash>.jpg``. Nothing of that is signed, and nothing needs to
be: a photo is shown only with a record that names its hash, and what the record names came
in a bundle that its device signed, or through an administrator's hands.

Invariants
    * What is taken twice counts once; what came half over the network is completed.
    * A file of any kind is read in bounds: nothing packed is unpacked.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from typing import IO, NamedTuple

from server.accounts.sessions import reading
from server.attachments.uploads import Uploads
from server.models import Device
from sync.errors import Problem, Refusal

__all__ = ["LIMIT_BYTES", "Carried", "is_zip", "take"]

LIMIT_BYTES = 12 << 20
"""The largest file that a tablet makes, with room to spare: it makes several of a large heap."""

_NAME = re.compile(
    r"(?P<device>[0-9a-z]{8})/(?P<record>[0-9a-f-]{36})_(?P<digest>[0-9a-f]{64})\.jpg"
)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)
"""What ``zipfile`` raises for a file that is damaged, or packed in a way that it does not know."""


class Carried(NamedTuple):
    """What a file held: photos taken, those that were here before, those that are none."""

    device: str | None
    taken: int
    repeated: int
    refused: int


def is_zip(data: bytes) -> bool:
    """Whether bytes begin as a zip does."""
    return data.startswith(b"PK\x03\x04")


def take(uploads: Uploads, file: IO[bytes]) -> Carried:
    """Take the photos of a file.

    Raises Refusal: ``bad_request`` for what is no zip, and ``no_room``.
    """
    counts = {"taken": 0, "repeated": 0, "refused": 0}
    device = None
    try:
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                named = _NAME.fullmatch(info.filename)
                user = _user_of(uploads, named["device"]) if named else None
                if named is None or user is None or info.compress_type != zipfile.ZIP_STORED:
                    counts["refused"] += 1
                    continue
                device = named["device"]
                counts[_take_one(uploads, archive, info, named, user)] += 1
    except _BROKEN:
        raise Refusal(Problem("bad_request", params={"what": "zip"})) from None
    return Carried(device, **counts)


def _user_of(uploads: Uploads, device: str) -> str | None:
    """Whose a device is; None for one that is not known here."""
    with reading(uploads.store) as session:
        found = session.get(Device, device)
        return None if found is None else found.user


def _take_one(
    uploads: Uploads,
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    named: re.Match[str],
    user: str,
) -> str:
    device, record, digest = named["device"], named["record"], named["digest"]
    try:
        found = uploads.begin(
            device=device, user=user, digest=digest, record=record, length=info.file_size
        )
        at = uploads.offset(found)
        if at == found.length:
            return "repeated"
        with archive.open(info) as photo:
            photo.seek(at)
            at = uploads.take(found, at=at, read=photo.read, checksum=None)
    except Refusal as refusal:
        if refusal.problem.code == "no_room":
            raise
        return "refused"
    return "taken" if at == found.length else "refused"
