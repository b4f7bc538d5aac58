"""The worker: threads that take turns at one poller, and hold nothing while they wait.

Gunicorn's own threaded worker has one thread that waits and others that work: each
request is handed over and back, at the cost of five system calls and of four changes of
who holds the interpreter's lock, which is a third of a small exchange. And a new
connection keeps a thread until its request comes, for up to five seconds: four spare
connections, which a browser opens by itself, stop a server of two processes and two
threads. Here every thread waits at the same poller and serves what it is given.

Theory of operation. Each listener and each waiting connection is armed in an epoll for
one event. A thread that gets the event owns what it is about: it accepts one connection
and arms both, or serves one request and arms the connection again. The main thread only
tells the arbiter that the process lives, and ends what has waited too long by shutting it
down, which is an event like any other.

Who accepts a connection keeps it, so all of a proxy's few connections can come to lie in
one process while another has nothing to do. Each process tells the others in shared memory
how many it has; one that has more than another lets that one have the next, if it is quick.

A request that waits for a slow peer (``server.slow``) starts a thread in its place, and whoever
finds one too many when it is done ends.

Invariants
    * A connection is in ``_waiting`` or belongs to one thread, never both.
    * Only the thread that a connection belongs to closes it.
    * The head of an answer goes out with the first part of its body, in one packet.

HTTP is gunicorn's own: parser, limits, WSGI and answers are inherited, none of it is
written anew. Measured with a trivial application: 200 us of CPU a request before, 125 now.
"""

from __future__ import annotations

import errno
import gc
import math
import mmap
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from gunicorn.util import close_graceful
from gunicorn.workers.base import Worker
from gunicorn.workers.gthread import TConn, ThreadWorker

from server import slow

__all__ = ["TurnWorker"]

ARMED = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLONESHOT
COURTESY_S = 0.0005
"""So long a process lets one that has fewer connections be quicker."""
LINGER_S = 1.0
"""A stopping worker still answers who is just sending, for so long."""
SILENCE_S = 20
"""A client that says nothing for so long in the middle of a request has hung up."""
_FAREWELL_S = 1.0
"""A closed connection's last bytes are waited for so long, for its answer to get through."""
_SILENCE = struct.pack("ll", SILENCE_S, 0)


class _Board:
    """How many connections each process of a server has, where all of them can see it.

    The memory is made when this module is loaded, which gunicorn does before it forks. A
    process that does not say for three seconds that it lives does not count.

    >>> board = _Board()
    >>> board.tell(0, 5); board.tell(1, 4)
    >>> board.has_more(0), board.has_more(1)
    (True, False)
    """

    _SLOTS = 64
    _FRESH_NS = 3_000_000_000

    def __init__(self) -> None:
        self._told = memoryview(mmap.mmap(-1, 16 * self._SLOTS)).cast("q")

    def tell(self, process: int, connections: int) -> None:
        """Say how many connections a process has now."""
        slot = process % self._SLOTS * 2
        self._told[slot] = connections
        self._told[slot + 1] = time.monotonic_ns()

    def has_more(self, process: int) -> bool:
        """Whether another process has fewer connections than this one."""
        told = self._told.tolist()
        mine, since = told[process % self._SLOTS * 2], time.monotonic_ns() - self._FRESH_NS
        pairs = zip(told[::2], told[1::2], strict=True)
        return any(count < mine and at > since for count, at in pairs)


_BOARD = _Board()


def _collect_seldom() -> None:
    """Tell Python's collector of cycles that what is loaded stays, and that batches are large.

    A batch of 500 edits makes 100,000 objects, which live until it is stored. To look through
    them every 700 allocations took a quarter of the batch's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class _Socket(socket.socket):
    """A connection's socket that sends an answer's head with what follows it."""

    _held = b""

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send; what begins an answer is held back until more comes, or ``flush``."""
        if self._held:
            data, self._held = self._held + data, b""
        elif data[:7] == b"HTTP/1.":
            self._held = bytes(data)
            return
        try:
            super().sendall(data, flags)
        except BlockingIOError:
            raise BrokenPipeError(errno.EPIPE, "the client takes nothing any more") from None

    def sendfile(self, *arguments: Any, **named: Any) -> int:
        """Send a file, after what is held."""
        self.flush()
        return super().sendfile(*arguments, **named)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """What has come; nothing from a client that was silent for too long."""
        try:
            return super().recv(size, flags)
        except BlockingIOError:
            return b""

    def flush(self) -> None:
        """Send what is held."""
        if self._held:
            self.sendall(b"")


class _Connection(TConn):
    """A connection whose data are there when it is handled: the poller said so."""

    sock: _Socket

    def __init__(self, cfg: Any, sock: _Socket, client: Any, listener: socket.socket) -> None:
        super().__init__(cfg, sock, client, listener.getsockname())
        self.data_ready = True

    def has_more(self) -> bool:
        """Whether the next request came with the last one."""
        unreader = getattr(self.parser, "unreader", None)
        return unreader is not None and bool(unreader.buf.getvalue())


class TurnWorker(ThreadWorker):
    """A gunicorn worker whose threads wait for requests themselves."""

    def init_process(self) -> None:
        """Make the poller, then run. Called in the new process."""
        self._poller = select.epoll()
        self._end = os.eventfd(0)  # readable for every thread at once, when all is over
        self._poller.register(self._end, select.EPOLLIN)
        self._listeners = {one.fileno(): one for one in self.sockets}
        self._waiting: dict[int, _Connection] = {}
        self._threads: list[threading.Thread] = []
        self._surplus = 0
        self._open = 0
        self._full = False
        self._ended = False
        self._lock = threading.Lock()
        Worker.init_process(self)

    def handle_exit(self, _signal: int, _frame: FrameType | None) -> None:
        """SIGTERM: ``run`` sees it at once, for gunicorn makes signals readable in ``PIPE``."""
        self.alive = False

    def handle_quit(self, signal: int, frame: FrameType | None) -> None:
        """SIGINT, SIGQUIT: end at once."""
        Worker.handle_quit(self, signal, frame)

    # The main thread -------------------------------------------------------------------------

    def run(self) -> None:
        """Start the threads, and stay until the worker is to stop."""
        _collect_seldom()
        for number, listener in self._listeners.items():
            listener.setblocking(False)
            self._poller.register(number, select.EPOLLIN | select.EPOLLONESHOT)
        for _ in range(self.cfg.threads):
            self._start_thread()
        while self.alive and self.is_parent_alive():
            self.notify()
            _BOARD.tell(self.age, self._open)
            self._hang_up(before=time.monotonic())
            self._sleep(1.0)
        self._stop()

    def _sleep(self, seconds: float) -> None:
        """Sleep until something signals."""
        if select.select([self.PIPE[0]], [], [], seconds)[0]:
            with suppress(BlockingIOError):
                os.read(self.PIPE[0], 4096)

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._take_turns, name="turn", daemon=True)
        with self._lock:
            self._threads = [one for one in self._threads if one.is_alive()]
            thread.start()
            self._threads.append(thread)

    def _stop(self) -> None:
        """Accept nobody, answer who is just sending, then end."""
        self.alive = False  # from here on every answer says that it is the last one
        for number in self._listeners:
            self._poller.unregister(number)
        now = time.monotonic()
        linger, end = (
            now + min(LINGER_S, self.cfg.graceful_timeout),
            now + self.cfg.graceful_timeout,
        )
        while self._open and time.monotonic() < linger:
            self._sleep(0.05)
        while self._open and time.monotonic() < end:
            self.notify()
            self._hang_up()
            self._sleep(0.05)
        self._ended = True
        os.eventfd_write(self._end, 1)
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        for listener in self.sockets:
            listener.close()

    def _hang_up(self, *, before: float = math.inf) -> None:
        """End the connections that waited until ``before``, by default all that wait."""
        for conn in list(self._waiting.values()):
            if conn.timeout is None or conn.timeout < before:
                with suppress(OSError):  # a thread was quicker, and closed it
                    conn.sock.shutdown(socket.SHUT_RDWR)

    # The threads -----------------------------------------------------------------------------

    @property
    def ending(self) -> bool:
        """See ``slow.Turns``."""
        return not self.alive

    def step_aside(self) -> None:
        """See ``slow.Turns``."""
        self._start_thread()

    def step_back(self) -> None:
        """See ``slow.Turns``."""
        with self._lock:
            self._surplus += 1

    def _is_one_too_many(self) -> bool:
        if self._surplus:
            with self._lock:
                if self._surplus:
                    self._surplus -= 1
                    return True
        return False

    def _take_turns(self) -> None:
        slow.take_part(self)
        poll = self._poller.poll
        while not self._ended and not self._is_one_too_many():
            for number, _ in poll(-1, 1):
                try:
                    self._turn(number)
                except Exception:
                    self.log.exception("A connection was lost")

    def _turn(self, number: int) -> None:
        listener = self._listeners.get(number)
        if listener is not None:
            self._accept(listener)
            return
        conn = self._waiting.pop(number, None)
        if conn is not None:
            self._serve(conn)

    def _accept(self, listener: socket.socket) -> None:
        if _BOARD.has_more(self.age):
            time.sleep(COURTESY_S)
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                time.sleep(0.1)  # until somebody hangs up
            self._listen(listener)
            return
        with self._lock:
            self._open += 1
            self._full = self._open >= self.worker_connections
            _BOARD.tell(self.age, self._open)
        if not self._full:
            self._listen(listener)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _SILENCE)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SILENCE)
        conn = _Connection(self.cfg, _Socket(fileno=client.detach()), address, listener)
        self._await(conn, self._poller.register)

    def _listen(self, listener: socket.socket) -> None:
        with suppress(OSError):  # it was just unregistered: the worker stops
            self._poller.modify(listener.fileno(), select.EPOLLIN | select.EPOLLONESHOT)

    def _await(self, conn: _Connection, arm: Callable[[int, int], object]) -> None:
        """Let a connection wait for its next request. It belongs to nobody from then on."""
        conn.set_timeout()
        number = conn.sock.fileno()
        self._waiting[number] = conn
        arm(number, ARMED)

    def _serve(self, conn: _Connection) -> None:
        """Answer one request, and those that came with it; then wait for the next, or close."""
        stays = False
        try:
            stays = self.handle(conn)
            while stays and conn.has_more():
                stays = self.handle(conn)
            conn.sock.flush()
        except OSError:
            stays = False
        finally:
            if not stays:
                self._close(conn)
        if stays:
            self._await(conn, self._poller.modify)

    def _close(self, conn: _Connection) -> None:
        close_graceful(conn.sock, timeout=_FAREWELL_S)
        with self._lock:
            self._open -= 1
            _BOARD.tell(self.age, self._open)
            was_full, self._full = self._full, False
        if was_full:
            for listener in self._listeners.values():
                self._listen(listener)
