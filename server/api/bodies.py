"""Bodies: JSON from strangers, read without letting them spend the server's memory.

A few bytes can ask for a lot: a gzip bomb unpacks to gigabytes, a million brackets
make a million lists, and a stated length may be a lie. And the honest case is
thousands of bodies a second, each of which should cost one parse. So the order is
fixed: stated length, then unpacking with a limit, then depth on the bytes
themselves, and only then the parser.

Invariants
    * Never more than ``limit_bytes`` (and a little) of a body is read or unpacked.
    * A value that is returned is nested at most ``depth`` deep.
    * What cannot be read raises ``Refusal``: ``too_large``, ``unsupported_encoding``,
      ``not_gzip``, ``too_deep`` or ``not_json``; never anything else.

The fast parser refuses a whole body over one lone surrogate or one number without
bounds. The standard one then reads it, so that the operation that holds it is refused
alone.

>>> parse(b'{"operations": []}', depth=8)
{'operations': []}
>>> is_shallow(b'[["]]]]", "{{"]]', 2), is_shallow(b"[[[]]]", 2)
(True, False)
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Mapping
from typing import Any, NoReturn

import orjson
from flask import Request

from sync.errors import Problem, Refusal

__all__ = [
    "DEPTH_MAX",
    "is_shallow",
    "optional_text",
    "parse",
    "read_json",
    "read_object",
    "text",
]

DEPTH_MAX = 64
"""A GeoJSON multipolygon in an operation in a request is 11 deep."""

OBJECT_LIMIT_BYTES = 16_384
"""The limit of the small requests: enrolment, refresh."""

_CHUNK = 65_536
_DIGITS_64_BITS = 20
_GZIP_WINDOW = 31  # gzip only, with its header and checksum

_ALL_SQUARE = bytes.maketrans(b"{}", b"[]")
_NOT_STRUCTURE = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_STRINGS = re.compile(rb'"[^"]*"')


def read_json(request: Request, *, limit_bytes: int, depth: int = DEPTH_MAX) -> Any:
    """The JSON value of a request's body, plain or gzip, of at most ``limit_bytes`` unpacked."""
    if (request.content_length or 0) > limit_bytes:
        raise _too_large(limit_bytes)
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("gzip", "x-gzip"):
        body = _unpacked(request, limit_bytes)
    elif encoding in ("identity", ""):
        body = _read(request, limit_bytes)
    else:
        raise Refusal(Problem("unsupported_encoding"))
    return parse(body, depth=depth)


def parse(body: bytes, *, depth: int = DEPTH_MAX) -> Any:
    """The JSON value of ``body``. Raises Refusal: ``too_deep`` or ``not_json``."""
    if not is_shallow(body, depth):
        raise Refusal(Problem("too_deep"))
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _parse_by_standard(body)


def is_shallow(body: bytes, depth: int) -> bool:
    """Whether JSON is nested at most ``depth`` deep, looking at its brackets alone.

    Takes about a third of the time of the parse, and little memory. What is not JSON
    may get either answer.
    """
    if body.count(b"[") + body.count(b"{") <= depth:
        return True
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Only brackets and quotes are left. Most strings hold no bracket, so they are now "" and
    # go at once; where "" was the seam of two strings, these run together, which is harmless.
    left = body.translate(_ALL_SQUARE, _NOT_STRUCTURE).replace(b'""', b"")
    if b'"' in left:
        left = _STRINGS.sub(b"", left)
    run = b"[" * (depth + 1)
    # Each round takes the innermost brackets away, and so one level of the depth.
    for _ in range(depth):
        if not left:
            return True
        if run in left:
            return False
        before = len(left)
        left = left.replace(b"[]", b"")
        if len(left) == before:
            # Unbalanced, so it is no JSON: the parser will find that out, but not in depth.
            return left.count(b"[") <= depth
    return not left


def read_object(request: Request) -> Mapping[str, Any]:
    """The request's body, a small JSON object. Raises Refusal."""
    asked = read_json(request, limit_bytes=OBJECT_LIMIT_BYTES)
    if not isinstance(asked, dict):
        raise Refusal(Problem("bad_request", pointer="", params={"what": "{}"}))
    return asked


def optional_text(asked: Mapping[str, Any], name: str) -> str | None:
    """A member that is a text, or None if it is absent or null. Raises ``bad_request``."""
    value = asked.get(name)
    if value is None or (isinstance(value, str) and _storable(value)):
        return value
    raise Refusal(Problem("bad_request", pointer=f"/{name}", params={"what": name}))


def text(asked: Mapping[str, Any], name: str) -> str:
    """A member that must be a text. Raises ``bad_request``."""
    value = optional_text(asked, name)
    if not value:
        raise Refusal(Problem("bad_request", pointer=f"/{name}", params={"what": name}))
    return value


def _read(request: Request, limit_bytes: int) -> bytes:
    body = request.stream.read(limit_bytes + 1)
    if len(body) > limit_bytes:
        raise _too_large(limit_bytes)
    return body


def _unpacked(request: Request, limit_bytes: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=_GZIP_WINDOW)
    parts: list[bytes] = []
    left = limit_bytes
    try:
        while packed := request.stream.read(_CHUNK):
            if unpacker.eof:
                raise Refusal(Problem("not_gzip"))
            while packed:
                part = unpacker.decompress(packed, left + 1)
                left -= len(part)
                if left < 0:
                    raise _too_large(limit_bytes)
                parts.append(part)
                packed = unpacker.unconsumed_tail
        # What zlib still holds is at most a window; ``eof`` says that checksum and length fit.
    except zlib.error:
        raise Refusal(Problem("not_gzip")) from None
    if not unpacker.eof or unpacker.unused_data:
        raise Refusal(Problem("not_gzip"))
    return b"".join(parts)


def _parse_by_standard(body: bytes) -> Any:
    try:
        return json.loads(
            body.decode("utf-8", "surrogatepass"),
            parse_constant=_refuse_constant,
            parse_float=_float,
            parse_int=_integer,
        )
    except (ValueError, RecursionError):
        raise Refusal(Problem("not_json")) from None


def _float(digits: str) -> float | str:
    """A number, or the digits of one that is too large: no field takes these for a number.

    >>> _float("1e3"), _float("1e999")
    (1000.0, '1e999')
    """
    value = float(digits)
    return value if math.isfinite(value) else digits


def _integer(digits: str) -> int | float | str:
    """A whole number of up to 64 bits; beyond, a float, as the fast parser has it."""
    value = int(digits) if len(digits) <= _DIGITS_64_BITS else None
    return value if value is not None and -(1 << 63) <= value < 1 << 64 else _float(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _too_large(limit_bytes: int) -> Refusal:
    return Refusal(Problem("too_large", params={"limit": limit_bytes}))


def _storable(value: str) -> bool:
    return "\0" not in value and not any("\ud800" <= one <= "\udfff" for one in value)
