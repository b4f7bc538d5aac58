"""`yuanba serve`, as an operator starts and stops it."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

PATIENCE_SECONDS = 30


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture
def served(tmp_path):
    """A server of one process on a database that did not exist, and its address."""
    address = f"127.0.0.1:{free_port()}"
    command = [Path(sys.executable).with_name("yuanba"), "serve", "--bind", address]
    server = subprocess.Popen(
        [*command, "--workers", "1"],
        env={**os.environ, "YUANBA_DATA_DIR": str(tmp_path / "data")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield server, f"http://{address}"
    finally:
        server.kill()
        server.communicate()


def answer(server, url):
    """The first answer that a starting server gives."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return httpx.get(url, timeout=PATIENCE_SECONDS)
        except httpx.TransportError:
            assert server.poll() is None, server.communicate()
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.1)


def test_it_makes_the_database_answers_and_stops_when_told(served, tmp_path):
    server, url = served
    assert answer(server, f"{url}/sync/v1/catalogue").status_code == 401
    assert (tmp_path / "data" / "yuanba.db").exists()
    server.send_signal(signal.SIGTERM)
    out, err = server.communicate(timeout=PATIENCE_SECONDS)
    assert (server.returncode, out, err) == (0, f"Serving on {url}\n", "")
