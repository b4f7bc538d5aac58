"""The worker under real connections: kept, idle, broken, many, and on the day it is stopped."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def served(*options):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--threads", "2"),
        *("--worker-class", "server.serving.TurnWorker", "--log-level", "warning"),
        *("--no-control-socket", *options, "tests.server.serving_app:application"),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield port, process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def port():
    with served("--keep-alive", "2") as (port, _):
        yield port


def ask(port, method="POST", path="/echo", body=b"hello", timeout=10):
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout)
    with contextlib.closing(connection):
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()


def raw(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    return contextlib.closing(connection)


def everything(connection):
    heard = b""
    while part := connection.recv(65_536):
        heard += part
    return heard


def test_a_connection_serves_many_requests(port):
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        for number in range(20):
            connection.request("POST", "/echo", f"request {number}".encode())
            assert connection.getresponse().read() == f"request {number}".encode()


def test_connections_on_which_nothing_comes_keep_nobody_waiting(port):
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(raw(port))
        start = time.monotonic()
        assert ask(port) == (200, b"hello")
        assert time.monotonic() - start < 0.5


def test_requests_sent_together_are_answered_in_order(port):
    one = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
    last = b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\n"
    with raw(port) as connection:
        connection.sendall(one + b"abc" + one + b"def" + last + b"ghi")
        heard = everything(connection)
    assert [heard.index(part) for part in (b"abc", b"def", b"ghi")] == sorted(
        heard.index(part) for part in (b"abc", b"def", b"ghi")
    )
    assert heard.count(b"HTTP/1.1 200 OK") == 3


def test_the_head_comes_with_the_first_part_of_the_body(port):
    with raw(port) as connection:
        connection.sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        first = connection.recv(65_536)
        assert first.startswith(b"HTTP/1.1 200 OK")
        assert first.endswith(b"one \r\n")
        assert b"three" in everything(connection)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/empty", 204), ("HEAD", "/", 200)])
def test_an_answer_without_a_body_is_sent_at_once(port, method, path, status):
    start = time.monotonic()
    assert ask(port, method, path, None) == (status, b"")
    assert time.monotonic() - start < 0.5


def test_a_body_that_fills_the_buffers_arrives_whole(port):
    assert ask(port, path="/large") == (200, b"x" * 3_000_000)


def test_what_is_no_http_is_told_so_and_hung_up_on(port):
    with raw(port) as connection:
        connection.sendall(b"what?\r\n\r\n")
        assert everything(connection).startswith(b"HTTP/1.1 400")


def test_a_client_that_asks_before_it_sends_a_body_is_told_to_go_on(port):
    with raw(port) as connection:
        connection.sendall(
            b"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            b"Connection: close\r\nContent-Length: 3\r\n\r\n"
        )
        assert connection.recv(65_536).startswith(b"HTTP/1.1 100")
        connection.sendall(b"abc")
        assert everything(connection).endswith(b"abc")


def test_a_connection_that_waited_too_long_is_closed(port):
    with raw(port) as connection:
        start = time.monotonic()
        assert everything(connection) == b""
        assert 1.5 < time.monotonic() - start < 5


def test_two_slow_requests_are_served_at_once(port):
    start = time.monotonic()
    threads = [threading.Thread(target=ask, args=[port, "GET", "/slow"]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - start < 1.3


def test_more_connections_than_allowed_wait_until_others_have_ended():
    with served("--worker-connections", "4") as (port, _), contextlib.ExitStack() as stack:
        first = [stack.enter_context(raw(port)) for _ in range(4)]
        time.sleep(0.3)
        waiting = stack.enter_context(raw(port))
        waiting.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        waiting.settimeout(0.5)
        with pytest.raises(TimeoutError):
            waiting.recv(1)
        first[0].close()
        waiting.settimeout(10)
        assert everything(waiting).startswith(b"HTTP/1.1 200 OK")


def test_a_server_that_stops_ends_what_it_has_begun_and_hangs_up_on_who_waits():
    with served() as (port, process), raw(port) as idle:
        assert ask(port) == (200, b"hello")
        told: list[object] = []
        slow = threading.Thread(target=lambda: told.append(ask(port, "GET", "/slow", None)))
        slow.start()
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        slow.join()
        assert told == [(200, b"")]
        assert everything(idle) == b""
        assert process.wait(10) == 0
        assert process.stderr.read() == ""


def test_streams_that_wait_hold_up_nobody_and_end_when_the_server_does(port):
    with served("--workers", "1") as (port, process), contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(raw(port)) for _ in range(12)]
        for connection in waiting:
            connection.sendall(b"GET /waits HTTP/1.1\r\nHost: x\r\n\r\n")
        for connection in waiting:
            assert b"200 OK" in connection.recv(65_536)
        for number in range(20):
            assert ask(port, body=b"%d" % number) == (200, b"%d" % number)
        process.send_signal(signal.SIGTERM)
        for connection in waiting:
            everything(connection)
        process.wait(timeout=20)


def test_threads_that_waited_aside_leave_no_more_than_there_were(port):
    with served("--workers", "1") as (port, _):
        for _ in range(3):
            connections = [raw(port) for _ in range(8)]
            for connection in connections:
                with connection as one:
                    one.sendall(b"GET /aside HTTP/1.1\r\nHost: x\r\n\r\n")
                    assert b"200 OK" in one.recv(65_536)
        end = time.monotonic() + 20
        while int(ask(port, "GET", "/threads")[1]) > 2:
            assert time.monotonic() < end
            time.sleep(0.05)
