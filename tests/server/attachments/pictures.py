"""Small real pictures, with notes in them that nobody should keep."""

from __future__ import annotations

import struct
import zlib

PLACE = b"GPS 27.6974 109.2053"
"""What every picture here gives away, in one form or another."""


def png(
    colour: tuple[int, int, int] = (200, 30, 30), *, size: int = 8, notes: bool = True
) -> bytes:
    """A square of one colour, not compressed."""
    line = b"\0" + bytes(colour) * size
    rows = b"".join(line[: 1 + 3 * size] for _ in range(size))
    parts = [_chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0))]
    if notes:
        parts += [_chunk(b"tEXt", b"Comment\0" + PLACE), _chunk(b"eXIf", b"MM\0*" + PLACE)]
    parts += [_chunk(b"IDAT", zlib.compress(rows, 0)), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def exif(orientation: int) -> bytes:
    """An Exif segment of a telephone that lay on its side, with the place in it."""
    entries = struct.pack("<HHII", 0x010F, 2, len(PLACE), 38)
    entries += struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = b"II*\0" + struct.pack("<IH", 8, 2) + entries + struct.pack("<I", 0) + PLACE
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", 2 + len(body)) + body


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body


SCAN = b"\x11\xff\x00\x22\xff\xd0\x33\xff\x00" + bytes(range(200))
"""Coded pixels, with a stuffed 0xFF, a restart, and bytes that look like anything."""


def jpeg(*, orientation: int = 6, trailer: bytes = PLACE) -> bytes:
    """A file with the segments of a camera's photo, in a camera's order."""
    return b"".join(
        (
            b"\xff\xd8",
            exif(orientation),
            _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
            _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + PLACE),
            _segment(0xE2, b"ICC_PROFILE\0\1\1" + b"p" * 20),
            _segment(0xE2, b"MPF\0" + PLACE),
            _segment(0xFE, PLACE),
            _segment(0xDB, bytes(65)),
            _segment(0xC0, bytes(15)),
            b"\xff",  # a fill byte
            _segment(0xC4, bytes(29)),
            _segment(0xDA, bytes(10)),
            SCAN,
            b"\xff\xd9",
            trailer,
        )
    )


def webp() -> bytes:
    """A file in the extended form, with Exif and XMP."""

    def part(name: bytes, data: bytes) -> bytes:
        return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)

    flags = 0x08 | 0x04 | 0x20
    body = b"WEBP" + part(b"VP8X", bytes([flags]) + bytes(9)) + part(b"ICCP", b"profile")
    body += part(b"VP8 ", bytes(31)) + part(b"EXIF", PLACE) + part(b"XMP ", PLACE)
    return b"RIFF" + struct.pack("<I", len(body)) + body
