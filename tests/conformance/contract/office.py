"""The real server in processes of its own, and the operator's commands beside it.

The commands run one after the other in one process, through the entry point of the ``yuanba``
script: starting Python for each of them would be most of what these tests cost.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from tests.conformance.contract.wire import Json, Wire

ROOT = Path(__file__).parents[3]
START_SECONDS_MAX = 30
YUANBA = "from server.cli import main; main()"
MANY_COMMANDS = """
import contextlib, io, json, sys
from server.cli import main
for line in sys.stdin:
    sys.argv = ["yuanba", *json.loads(line)]
    out, error, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    print(json.dumps([code, out.getvalue(), error.getvalue()]), flush=True)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Office:
    """A server on its own database, and whoever sits at its command line."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.folder = folder
        self.port = free_port()
        self.wire = Wire(self.port)
        clean = {name: value for name, value in os.environ.items() if "YUANBA" not in name}
        self.environment = clean | {
            "PYTHONPATH": str(ROOT),
            "YUANBA_DATA_DIR": str(folder),
            "YUANBA_DATABASE_URL": database_url or f"sqlite:///{folder / 'yuanba.db'}",
        }
        self.log: IO[str] = (folder / "server.log").open("a+")
        self.server: subprocess.Popen[str] | None = None
        self.commands = self._start(MANY_COMMANDS, pipe=subprocess.PIPE)

    def _start(self, code: str, *arguments: str, pipe: int | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=pipe,
            stdout=pipe or self.log,
            stderr=self.log,
            text=True,
            start_new_session=True,
        )

    # -- the server ------------------------------------------------------------------------------

    def open(self) -> None:
        self.server = self._start(YUANBA, "serve", "--bind", f"127.0.0.1:{self.port}")
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.wire.send("GET", "/sync/v1/")
                return
            assert self.server.poll() is None, self.said()
            time.sleep(0.05)
        raise AssertionError(self.said())

    def kill(self) -> None:
        """End the server as a power cut would: every process of it, at once."""
        assert self.server is not None
        os.killpg(self.server.pid, signal.SIGKILL)
        self.server.wait()

    def close(self) -> None:
        if self.server is not None and self.server.poll() is None:
            self.kill()
        self.commands.communicate()
        self.log.close()

    def said(self) -> str:
        return (self.folder / "server.log").read_text()

    # -- the command line ------------------------------------------------------------------------

    def run(self, *arguments: str) -> str:
        assert self.commands.stdin is not None and self.commands.stdout is not None
        self.commands.stdin.write(json.dumps(arguments) + "\n")
        self.commands.stdin.flush()
        code, out, error = json.loads(self.commands.stdout.readline())
        assert code == 0, (arguments, out, error)
        return str(out).rstrip("\n")

    def add_user(self, name: str, role: str, *feeds: str) -> str:
        granted = [part for feed in feeds for part in ("--feed", feed)]
        made = json.loads(self.run("users", "--add", name, "--role", role, *granted, "--json"))
        return str(made["id"])

    def code_for(self, user: str) -> str:
        return self.run("enrol", user).splitlines()[-1]

    def conflicts(self, record: str) -> list[Json]:
        found: list[Json] = json.loads(self.run("conflicts", "--json"))
        return [each for each in found if each["record"] == record]

    def resolve(self, conflict: str, **values: str) -> None:
        self.run("resolve", conflict, *[f"{name}={value}" for name, value in values.items()])
