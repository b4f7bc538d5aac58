"""Photos: small pictures of each kind that a server keeps, made from a key.

A step of a run names a photo by its key, so the file of a run stays small and the bytes are
the same wherever it is played. Each picture holds a note of where it was taken, which no
server may keep: so what is kept is known here too, put together from the same parts.

>>> photo("a door").digest == photo("a door").digest != photo("a stair").digest
True
>>> len(photo("a door").kept) < len(photo("a door").data)
True
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import NamedTuple

__all__ = ["Photo", "photo"]

NOTE = b"27.6974 109.2053"
"""Where each of them was taken."""


class Photo(NamedTuple):
    """``data``: as the tablet has it; ``kept``: as a server may keep it; ``digest`` names it."""

    digest: str
    data: bytes
    kept: bytes
    type: str


@lru_cache(maxsize=4096)
def photo(key: str) -> Photo:
    """The picture of a key."""
    kind, make = _KINDS[blake2b(key.encode(), digest_size=1).digest()[0] % len(_KINDS)]
    pixels = b"".join(
        blake2b(f"{key}/{part}".encode(), digest_size=64).digest()
        for part in range(2 + len(key) % 5)
    )
    data, kept = make(pixels, NOTE), make(pixels, b"")
    return Photo(sha256(data).hexdigest(), data, kept, kind)


def _jpeg(pixels: bytes, note: bytes) -> bytes:
    scan = pixels.replace(b"\xff", b"\x7f")
    parts = [b"\xff\xd8", _segment(0xDB, bytes(65)), _segment(0xC0, bytes(15))]
    if note:
        parts.append(_segment(0xFE, note))
    return b"".join((*parts, _segment(0xDA, bytes(10)), scan, b"\xff\xd9"))


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body


def _png(pixels: bytes, note: bytes) -> bytes:
    rows = b"".join(b"\0" + pixels[at : at + 16] for at in range(0, len(pixels), 16))
    # One block that is stored as it is: what packs differs from one machine to the next.
    packed = b"\x78\x01\x01" + struct.pack("<HH", len(rows), len(rows) ^ 0xFFFF)
    packed += rows + struct.pack(">I", zlib.adler32(rows))
    parts = [_chunk(b"IHDR", struct.pack(">IIBBBBB", 16, len(pixels) // 16, 8, 0, 0, 0, 0))]
    if note:
        parts.append(_chunk(b"tEXt", b"Comment\0" + note))
    return b"\x89PNG\r\n\x1a\n" + b"".join((*parts, _chunk(b"IDAT", packed), _chunk(b"IEND", b"")))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _webp(pixels: bytes, note: bytes) -> bytes:
    parts = struct.pack("<4sI", b"VP8L", len(pixels)) + pixels
    if note:
        parts += struct.pack("<4sI", b"EXIF", len(note)) + note
    return struct.pack("<4sI4s", b"RIFF", 4 + len(parts), b"WEBP") + parts


_KINDS: tuple[tuple[str, Callable[[bytes, bytes], bytes]], ...] = (
    ("image/jpeg", _jpeg),
    ("image/png", _png),
    ("image/webp", _webp),
)
