"""Pictures: what a file is by its own bytes, and the same picture without what it tells besides.

A telephone writes into every photo where it was taken, when, and by which camera. No
track of where a worker went is ever kept, so nothing of that may be stored, however the
device was set. But a picture is evidence too: its pixels must stay as they came. So a file is
taken apart at its own seams and put together again from the parts that make the picture.

Invariants
    * What is not named in a table here is left out: notes that nobody knew of go too.
    * The picture's own data are copied byte by byte; nothing is decoded.
    * A photo stays the right way up: its orientation is the one note that is kept.
    * Whatever the bytes, ``clean`` answers or raises ``NotAPicture``, in time that grows
      with the length alone.

>>> kind_of(b"\\x89PNG\\r\\n\\x1a\\n....")
'image/png'
>>> kind_of(b"<svg onload=...>") is None
True
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping

__all__ = ["KINDS", "NotAPicture", "clean", "kind_of"]

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"


class NotAPicture(ValueError):  # noqa: N818 - what is so
    """The bytes are no picture of a kind that is kept, or a broken one."""


def kind_of(head: bytes) -> str | None:
    """The media type that the first bytes of a file show, if it is one that is kept."""
    if head.startswith(_JPEG):
        return "image/jpeg"
    if head.startswith(_PNG):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def clean(picture: bytes) -> tuple[str, bytes]:
    """Its media type, and the picture without its notes. Raises ``NotAPicture``."""
    kind = kind_of(picture)
    if kind is None:
        raise NotAPicture("of no kind that is kept")
    try:
        return kind, b"".join(KINDS[kind](picture))
    except (IndexError, struct.error):
        raise NotAPicture("it ends in the middle") from None


# JPEG ----------------------------------------------------------------------------------------

_SCAN, _END = 0xDA, 0xD9
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length
_FRAMES = frozenset(range(0xC0, 0xD0))  # frame headers, Huffman and arithmetic tables
_KEPT = _FRAMES | {0xDB, 0xDC, 0xDD, 0xDE, 0xDF, 0xE0, 0xEE}
"""Tables and headers of the picture, JFIF, and Adobe's mark of how colours are coded."""
_ICC = b"ICC_PROFILE\0"
_EXIF = b"Exif\0\0"


def _jpeg(data: bytes) -> Iterator[bytes]:
    yield data[:2]
    at, orientation, drawn = 2, 1, False
    while True:
        at = _to_marker(data, at)
        marker = data[at + 1]
        if marker == _END:
            if not drawn:
                raise NotAPicture("it shows nothing")
            yield data[at : at + 2]
            return  # Whatever a camera hangs on behind the end is no part of the picture.
        if marker in _ALONE:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        segment, end = data[at + 4 : at + 2 + length], at + 2 + length
        if length < 2 or end > len(data):
            raise NotAPicture("it ends in the middle")
        if marker == 0xE1 and segment.startswith(_EXIF) and orientation == 1:
            orientation = _orientation(segment[len(_EXIF) :])
            if orientation != 1:
                yield _upright(orientation)
        if marker == _SCAN:
            scan = _end_of_scan(data, end)
            yield data[at:scan]
            at, drawn = scan, True
            continue
        if marker in _KEPT or (marker == 0xE2 and segment.startswith(_ICC)):
            yield data[at:end]
        at = end


def _to_marker(data: bytes, at: int) -> int:
    """The place of the next marker: 0xFF and its code, after any number of fill bytes."""
    if data[at] != 0xFF:
        raise NotAPicture("it is broken")
    while data[at + 1] == 0xFF:
        at += 1
    return at


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the coded pixels end: at a marker that is neither a stuffed 0xFF nor a restart."""
    while (at := data.find(b"\xff", at)) >= 0:
        if data[at + 1] == 0 or data[at + 1] in _ALONE:
            at += 2
        elif data[at + 1] == 0xFF:
            at += 1
        else:
            return at
    raise NotAPicture("it ends in the middle")


def _orientation(tiff: bytes) -> int:
    """The orientation (1 to 8) that an Exif block tells; 1, upright, if it tells none."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 1
    try:
        (at,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, at)
        for place in range(at + 2, at + 2 + 12 * min(count, 200), 12):
            tag, kind, values, value = struct.unpack_from(f"{order}HHIH", tiff, place)
            if (tag, kind, values) == (0x0112, 3, 1):
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def _upright(orientation: int) -> bytes:
    """An Exif block that tells the orientation and nothing else."""
    tiff = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    return struct.pack(">BBH", 0xFF, 0xE1, 2 + len(_EXIF) + len(tiff)) + _EXIF + tiff


# PNG -----------------------------------------------------------------------------------------

_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB bKGD pHYs acTL fcTL fdAT".split()
)
"""The chunks that make the picture and its colours. Texts, times and Exif are not among them."""


def _png(data: bytes) -> Iterator[bytes]:
    yield _PNG
    at = len(_PNG)
    while True:
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise NotAPicture("it ends in the middle")
        if at == len(_PNG) and name != b"IHDR":
            raise NotAPicture("it is broken")
        if name in _PNG_KEPT:
            (told,) = struct.unpack_from(">I", data, end - 4)
            if zlib.crc32(data[at + 4 : end - 4]) != told:
                raise NotAPicture("it is broken")
            yield data[at:end]
        if name == b"IEND":
            return
        at = end


# WebP ----------------------------------------------------------------------------------------

_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_NOTES = 0x08 | 0x04  # the flags of VP8X that announce Exif and XMP


def _webp(data: bytes) -> Iterator[bytes]:
    (size,) = struct.unpack_from("<I", data, 4)
    end = min(len(data), 8 + size)
    parts: list[bytes] = []
    at = 12
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", data, at)
        after = at + 8 + length + (length & 1)
        if at + 8 + length > end:
            raise NotAPicture("it ends in the middle")
        if name == b"VP8X":
            flags = data[at + 8] & ~_NOTES
            parts.append(data[at : at + 8] + bytes([flags]) + data[at + 9 : after])
        elif name in _WEBP_KEPT:
            parts.append(data[at:after])
        at = after
    if not any(part[:3] in (b"VP8", b"ANM") and part[:4] != b"VP8X" for part in parts):
        raise NotAPicture("it shows nothing")
    yield struct.pack("<4sI4s", b"RIFF", 4 + sum(map(len, parts)), b"WEBP")
    yield from parts


KINDS: Mapping[str, Callable[[bytes], Iterator[bytes]]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
}
"""Media type → what takes a picture of it apart."""
