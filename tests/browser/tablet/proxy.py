"""A bad network between browser and server: a proxy in TCP that does what masts do.

A request goes through whole or not at all; an answer may be late, slow, cut, replaced or
never come. The address stays the same however often the network goes, so that a browser
believes it is the same server throughout.

    network.down()                    nobody listens: connections are refused
    network.next("cut", after=900)    the next answer of the exchange ends after 900 bytes
    network.next("error")             … is a 500; "html": a hotel's page; "nothing": no byte
    network.slow(delay_ms=400, kbit=400)

Each connection carries one request, so that the delay of opening one is paid every time:
a real network is no worse.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

__all__ = ["Fault", "Network", "Seen"]

Kind = Literal["cut", "error", "html", "nothing", "refuse_after", "hang"]

_CHUNK = 4_096
_HANG_S = 6.0

ERROR = (
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\nConnection: close\r\n\r\noops\n"
)
_PAGE = "<!doctype html><title>请登录酒店网络</title><h1>Sign in to the network</h1>".encode()
HTML = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_PAGE), _PAGE)
)


class Fault(NamedTuple):
    """What happens to one answer. ``after``: bytes of it (headers apart) that still come.

    ``refuse_after`` lets the server take the request and tells the browser nothing.
    """

    kind: Kind
    path: str
    after: int = 0


class Seen(NamedTuple):
    """One request that went through: bytes on the wire, headers included."""

    method: str
    path: str
    up: int
    down: int
    status: int


@dataclass
class Network:
    """The proxy. ``upstream`` is the server's port on this machine."""

    upstream: int
    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    _faults: deque[Fault] = field(default_factory=deque)
    _delay_s: float = 0.0
    _bytes_s: float = 0.0
    _listener: socket.socket | None = None
    _open: set[socket.socket] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # What a test does to it

    def up(self) -> None:
        """There is a network."""
        if self._listener is not None:
            return
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=[listener], daemon=True).start()

    def down(self) -> None:
        """There is none: what is open breaks, what is new is refused."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            open_ones, self._open = self._open, set()
        for one in open_ones:
            _drop(one)

    def next(self, kind: Kind, *, path: str = "/sync/v1/exchange", after: int = 0) -> None:
        """What happens to the next answer from an address; several wait in line."""
        self._faults.append(Fault(kind, path, after))

    def all_well(self) -> None:
        """Nothing more is to happen to answers, and the network is quick."""
        self._faults.clear()
        self._delay_s = self._bytes_s = 0.0

    def slow(self, *, delay_ms: int, kbit: int) -> None:
        """A round trip takes ``delay_ms``, and so many kbit pass in a second each way."""
        self._delay_s, self._bytes_s = delay_ms / 1_000, kbit * 1_000 / 8

    @property
    def pending(self) -> int:
        """Faults that have not happened yet."""
        return len(self._faults)

    # How it does it

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(client)
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            time.sleep(self._delay_s)  # the connection itself is a round trip
            request = self._request(client)
            if request:
                self._answer(client, request)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(client)
            _drop(client)

    def _request(self, client: socket.socket) -> bytes:
        """A whole request, with the wish that the connection be closed after it."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = client.recv(_CHUNK)
            if not part:
                return b""
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        lengths = [
            one.partition(b":")[2] for one in lines if one.lower().startswith(b"content-length:")
        ]
        length = int(lengths[0]) if lengths else 0
        while len(body) < length:
            part = client.recv(_CHUNK)
            if not part:
                return b""
            body += part
        kept = [one for one in lines if not one.lower().startswith(b"connection:")]
        self._pace(len(head) + len(body))
        return b"\r\n".join([*kept, b"Connection: close"]) + b"\r\n\r\n" + body

    def _fault_for(self, path: str) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if path.startswith(fault.path):
                    self._faults.remove(fault)
                    return fault
        return None

    def _answer(self, client: socket.socket, request: bytes) -> None:
        method, path = (part.decode() for part in request.split(b" ", 2)[:2])
        fault = self._fault_for(path)
        instead = {"error": ERROR, "html": HTML, "nothing": b""}.get(fault.kind) if fault else None
        if instead is not None:
            client.sendall(instead)
            return
        with socket.create_connection(("127.0.0.1", self.upstream), 60) as server:
            server.sendall(request)
            if fault is not None and fault.kind == "hang":
                time.sleep(_HANG_S)
                return
            time.sleep(self._delay_s)
            down, status = self._pour(server, client, fault)
        self.seen.append(Seen(method, path, len(request), down, status))

    def _pour(
        self, server: socket.socket, client: socket.socket, fault: Fault | None
    ) -> tuple[int, int]:
        """Hand an answer on as it comes; a cut counts its bytes from the body on."""
        data = b""
        while b"\r\n\r\n" not in data and (part := server.recv(_CHUNK)):
            data += part
        status = int(data.split(b" ", 2)[1]) if data else 0
        limit = None
        if fault is not None:
            limit = data.find(b"\r\n\r\n") + 4 + fault.after if fault.kind == "cut" else 0
        total = 0
        while data:
            sent = data if limit is None else data[: limit - total]
            self._pace(len(sent))
            client.sendall(sent)
            total += len(sent)
            if limit is not None and total >= limit:
                _drop(client)
                # The server is let finish, as one behind a proxy is.
                while server.recv(_CHUNK):
                    pass
                break
            data = server.recv(_CHUNK)
        return total, status

    def _pace(self, size: int) -> None:
        if self._bytes_s:
            time.sleep(size / self._bytes_s)


def _drop(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
