"""The load: many keep-alive connections on one thread, as cheap as Python can make it.

Client and server share the machine's two cores, so whatever the client burns the
server lacks, and a slow client would make every server look alike. So there is no
HTTP library here: requests are bytes made beforehand, an answer is read only as
far as is needed to find its end, and one poller watches all connections.

A workload is a generator for each connection: it yields a request, is sent the
answer's body as it came (compressed), and ends when it has had enough. Whatever
it does with an answer counts as the client's time, for every server alike.

Keeps true: an answer other than 200 ends the run with what the server said; the
bytes counted are those of the bodies, as they were on the wire.

>>> request("/pull", {"limit": 1}, port=80).partition(b"\\r\\n")[0]
b'POST /pull HTTP/1.1'
"""

from __future__ import annotations

import gc
import gzip
import re
import select
import socket
import time
import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

Conversation = Generator[bytes, bytes, None]
"""Yields requests, is sent the bodies of the answers."""

_END_OF_HEAD = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PATIENCE_S = 120


class AnswerError(Exception):
    """The server answered something else than 200, or hung up."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What a run took: from the first byte sent until the last conversation ended."""

    seconds: float
    latencies_ms: Sequence[float]
    body_bytes: int

    def percentile_ms(self, share: float) -> float:
        """The latency below which ``share`` (0 to 1) of the requests stayed."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class _Connection:
    """One keep-alive connection with the conversation that it carries."""

    __slots__ = ("conversation", "heard", "length", "sent_at", "size", "socket", "start")

    def __init__(self, port: int, conversation: Conversation) -> None:
        # Without a timeout of its own: that would cost a system call more for each of its calls.
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.conversation = conversation
        self.heard = bytearray(1 << 16)
        self.size = self.start = 0
        self.length: int | None = None
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        self.size = self.start = 0
        self.length = None
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def hear(self) -> bytes | None:
        """The body, once all of it is here."""
        if self.size == len(self.heard):
            self.heard.extend(bytes(self.size))
        with memoryview(self.heard) as room:
            count = self.socket.recv_into(room[self.size :])
        if not count:
            raise AnswerError(f"hung up after {bytes(self.heard[: min(self.size, 200)])!r}")
        self.size += count
        if not self.start and not self._read_head():
            return None
        body = self._body()
        if body is not None and not self.heard.startswith(b"HTTP/1.1 200"):
            head = bytes(self.heard[: self.start - len(_END_OF_HEAD)])
            raise AnswerError(f"{head!r}: {unpacked(body)[:500]!r}")
        return body

    def _body(self) -> bytes | None:
        if self.length is None:
            if self.heard[self.size - len(_LAST_CHUNK) : self.size] != _LAST_CHUNK:
                return None
            return _unchunked(self.heard[: self.size], self.start)
        end = self.start + self.length
        return bytes(self.heard[self.start : end]) if self.size == end else None

    def _read_head(self) -> bool:
        """Note where the body begins and how long it is, None for chunks; False if too early."""
        end = self.heard.find(_END_OF_HEAD, 0, self.size)
        if end < 0:
            return False
        self.start = end + len(_END_OF_HEAD)
        stated = _LENGTH.search(self.heard, 0, end)
        self.length = int(stated[1]) if stated else None
        return True


def run(port: int, conversations: Sequence[Conversation]) -> Timing:
    """Carry all conversations at once, a connection each, until every one has ended.

    Raises AnswerError as soon as one answer is not 200.
    """
    connections = [_Connection(port, one) for one in conversations]
    try:
        with uncollected():
            return _carry(connections)
    finally:
        for one in connections:
            one.socket.close()


def _carry(connections: Sequence[_Connection]) -> Timing:
    latencies: list[float] = []
    size = 0
    by_number = {one.socket.fileno(): one for one in connections}
    with select.epoll() as poller:
        for number in by_number:
            poller.register(number, select.EPOLLIN)
        start = time.perf_counter()
        for one in connections:
            one.send(next(one.conversation))
        while by_number:
            events = poller.poll(_PATIENCE_S)
            if not events:
                raise AnswerError(f"no answer for {_PATIENCE_S} s")
            for number, _ in events:
                one = by_number[number]
                body = one.hear()
                if body is None:
                    continue
                latencies.append((time.perf_counter() - one.sent_at) * 1000)
                size += len(body)
                try:
                    one.send(one.conversation.send(body))
                except StopIteration:
                    poller.unregister(number)
                    del by_number[number]
        return Timing(time.perf_counter() - start, latencies, size)


def each(requests: Iterator[bytes], answers: list[bytes]) -> Conversation:
    """Send whatever ``requests`` holds next; several connections may share one iterator."""
    for one in requests:
        answers.append((yield one))


def request(
    path: str,
    body: Mapping[str, Any] | bytes,
    *,
    port: int,
    token: str = "",
    encoding: str = "",
) -> bytes:
    """A whole request. ``body``: JSON to be, or bytes in the given ``Content-Encoding``."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        "Accept-Encoding: gzip",
    ]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if encoding:
        lines.append(f"Content-Encoding: {encoding}")
    return "\r\n".join(lines).encode() + _END_OF_HEAD + content


class Prepared:
    """A gzip body whose long beginning is compressed beforehand, and whose end is known late.

    A batch of edits is made before the clock starts, but the cursor that goes with it is
    learnt from the answer to the batch before.

    >>> gzip.decompress(Prepared(b'{"operations":[],').finish(b'"checkpoint":{}}'))
    b'{"operations":[],"checkpoint":{}}'
    """

    def __init__(self, beginning: bytes) -> None:
        self._stream = zlib.compressobj(1, wbits=31)
        self._ready = self._stream.compress(beginning) + self._stream.flush(zlib.Z_SYNC_FLUSH)

    def finish(self, end: bytes) -> bytes:
        """The whole body with this end."""
        stream = self._stream.copy()
        return self._ready + stream.compress(end) + stream.flush()


def unpacked(body: bytes) -> bytes:
    """An answer's body without its compression, if it has one."""
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def _unchunked(heard: bytearray, start: int) -> bytes | None:
    """The joined chunks, or None if the last of them is not here yet."""
    parts: list[bytes] = []
    while True:
        end = heard.find(b"\r\n", start)
        if end < 0:
            return None
        size = int(bytes(heard[start:end]).partition(b";")[0], 16)
        if not size:
            return b"".join(parts)
        start = end + 2
        if start + size + 2 > len(heard):
            return None
        parts.append(bytes(heard[start : start + size]))
        start += size + 2


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep Python's garbage collector out of timings and of large batches."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
