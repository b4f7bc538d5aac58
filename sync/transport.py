"""Transport: what carries a request, and how its body is packed and its refusal read.

Between a tablet and its server stand proxies, portals of hotels, and masts that drop
the second half of an answer. So nothing is believed that does not say itself to be the
server's, and everything else may have happened.

Invariants
    * Every failure is ``Unreachable`` or ``Refused``; a refusal without the server's code
      is never definite.
    * Bytes are given on as they come: whole lines of a cut answer can be used.

This module opens no connection: a ``Transport`` is handed in.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from typing import Any, NamedTuple, Protocol

from sync.store import JSON, Codec

__all__ = ["Refused", "Reply", "Transport", "Unreachable", "ask", "pack", "refusal", "unpacked"]

_SMALL_BYTES = 512  # Below this, packing costs more than it saves.
_GZIP_WINDOW = 31


class Unreachable(Exception):  # noqa: N818 - what is so, in the words of the screen
    """Raised by a transport: no answer, or the connection ended in the middle of one."""


class Refused(Exception):  # noqa: N818 - the word of the contract
    """The server said no to a request. ``code`` is None if what answered was not the server.

    ``definite``: repeating the same request changes nothing. Otherwise it may have happened.
    """

    def __init__(
        self,
        status: int,
        code: str | None,
        *,
        definite: bool,
        retry_after_s: float | None = None,
        message: str = "",
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code, self.definite = status, code, definite
        self.retry_after_s, self.message = retry_after_s, message


class Reply(NamedTuple):
    """An HTTP answer as it arrives: header names in lower case, the body packed as sent."""

    status: int
    headers: Mapping[str, str]
    body: Iterator[bytes]


class Transport(Protocol):
    """Carries one request. Raises ``Unreachable``, also while the body is read."""

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Reply:
        """Send and answer. ``path`` begins with a slash."""
        ...


def ask(
    transport: Transport,
    method: str,
    path: str,
    asked: Mapping[str, Any] | None,
    headers: Mapping[str, str] | None = None,
    *,
    codec: Codec = JSON,
) -> tuple[Reply, Any]:
    """A request whose answer is one JSON document, or nothing (304).

    Raises ``Refused`` or ``Unreachable``.
    """
    body, sent = (None, dict(headers or {})) if asked is None else pack(asked, headers or {}, codec)
    sent["accept-encoding"] = "gzip"
    reply = transport.request(method, path, sent, body)
    with closing(unpacked(reply)) as pieces:
        whole = b"".join(pieces)
    if reply.status not in (200, 201, 304):
        raise refusal(reply, whole)
    try:
        return reply, codec.loads(whole) if whole else None
    except ValueError:
        raise Refused(reply.status, None, definite=False) from None


def pack(
    body: Mapping[str, Any], headers: Mapping[str, str], codec: Codec = JSON
) -> tuple[bytes, dict[str, str]]:
    """A JSON body, packed if that pays, and the headers that say so."""
    plain = codec.dumps(body)
    sent = {**headers, "content-type": "application/json", "accept-encoding": "gzip"}
    if len(plain) < _SMALL_BYTES:
        return plain, sent
    return gzip.compress(plain, compresslevel=6, mtime=0), {**sent, "content-encoding": "gzip"}


def unpacked(
    reply: Reply, arrived: Callable[[int], None] = lambda _size: None
) -> Generator[bytes, None, None]:
    """The body's bytes as they come, unpacked. ``arrived`` is told how many came on the wire."""
    packed = reply.headers.get("content-encoding", "").lower() == "gzip"
    unpacker = zlib.decompressobj(_GZIP_WINDOW) if packed else None
    try:
        for data in reply.body:
            arrived(len(data))
            yield unpacker.decompress(data) if unpacker is not None else data
    except zlib.error:
        raise Unreachable from None
    finally:
        close = getattr(reply.body, "close", None)
        if close is not None:
            close()


def refusal(reply: Reply, whole: bytes) -> Refused:
    """What an answer that is no success says. Without a problem document, nothing is definite.

    >>> refusal(Reply(403, {}, iter(())), b"<html>Sign in to the hotel</html>").definite
    False
    """
    try:
        told = json.loads(whole)
    except ValueError:
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("code"), str):
        return Refused(reply.status, None, definite=False, retry_after_s=_seconds(reply, None))
    return Refused(
        reply.status,
        told["code"],
        definite=told.get("definite") is True,
        retry_after_s=_seconds(reply, told.get("retry_after_s")),
        message=str(told.get("detail") or told.get("title") or ""),
    )


def _seconds(reply: Reply, told: Any) -> float | None:
    if isinstance(told, int | float) and not isinstance(told, bool):
        return float(told)
    header = reply.headers.get("retry-after", "")
    return float(header) if header.isdigit() else None
