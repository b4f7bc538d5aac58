"""Two servers, one load: how the floor and Yuanba are started, asked and checked.

Each side puts the same workload into its own requests. What it does with an answer
costs the client's time, so both do the same: unpack it, and in a first sync parse it.

Keeps true: an answer counts only if it holds what was asked for; that is checked after
the clock has stopped. Whatever was started is stopped, by its own process id.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from scripts.bench_client import Conversation, Prepared, request, unpacked
from scripts.bench_tablets import Tablet
from sync.feeds import Cursor

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS_MAX = 60


class Side(ABC):
    """A server under load. ``name`` is how the report calls it."""

    def __init__(self, name: str, served: Served) -> None:
        self.name = name
        self.served = served

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.served.port

    @abstractmethod
    def first_sync(self, tablet: Tablet, limit: int, told: list[int]) -> Conversation:
        """Read all of a grid from nothing; ``told`` gets the number of records of each answer."""

    @abstractmethod
    def edits(
        self, tablet: Tablet, batches: Sequence[Prepared], answers: list[bytes]
    ) -> Conversation:
        """Push the batches, one after the other."""

    @abstractmethod
    def quiet(self, tablet: Tablet, changes: int) -> bytes:
        """The request of a tablet that has missed the last ``changes`` changes."""

    @abstractmethod
    def applied(self, answer: bytes) -> int:
        """How many edits an answer says were applied."""

    @abstractmethod
    def rows(self, answer: bytes) -> int:
        """How many records an answer holds."""


class Floor(Side):
    """``scripts.bench_floor``. It knows of grids, not of tablets."""

    def first_sync(self, tablet: Tablet, limit: int, told: list[int]) -> Conversation:
        after, more = 0, True
        while more:
            answer = orjson.loads(unpacked((yield self._pull(tablet, after, limit))))
            told.append(len(answer["rows"]))
            after, more = answer["rows"][-1]["seq"], answer["more"]

    def edits(
        self,
        tablet: Tablet,
        batches: Sequence[Prepared],
        answers: list[bytes],
    ) -> Conversation:
        for batch in batches:
            body = batch.finish(b'"checkpoint":{}}')
            answers.append(
                unpacked((yield request("/push", body, port=self.port, encoding="gzip")))
            )

    def quiet(self, tablet: Tablet, changes: int) -> bytes:
        return self._pull(tablet, len(tablet.households) - changes, limit=2_000)

    def applied(self, answer: bytes) -> int:
        return answer.count(b'"outcome":"applied"')

    def rows(self, answer: bytes) -> int:
        return len(orjson.loads(unpacked(answer))["rows"])

    def _pull(self, tablet: Tablet, after: int, limit: int) -> bytes:
        asked = {"feed": tablet.feed, "after": after, "limit": limit}
        return request("/pull", asked, port=self.port)


class Yuanba(Side):
    """The server as `yuanba serve` runs it.

    A tablet must have made its first sync before it can push or ask for changes: the cursors
    come from there.
    """

    path = "/sync/v1/exchange"

    def __init__(self, name: str, served: Served) -> None:
        super().__init__(name, served)
        self.checkpoints: dict[str, dict[str, str]] = {}

    def first_sync(self, tablet: Tablet, limit: int, told: list[int]) -> Conversation:
        checkpoint = self.checkpoints[tablet.device] = {}
        more = True
        while more:
            answer = yield self._pull(tablet, checkpoint, limit)
            lines = [orjson.loads(line) for line in unpacked(answer).splitlines()]
            pages = [line["page"] for line in lines if "page" in line]
            checkpoint |= {page["feed"]: page["cursor"] for page in pages}
            told.append(_households(pages))
            more = lines[-1]["done"]["more"]

    def edits(
        self, tablet: Tablet, batches: Sequence[Prepared], answers: list[bytes]
    ) -> Conversation:
        for batch in batches:
            answer = unpacked((yield self.push(tablet, batch)))
            answers.append(answer)
            self.heard(tablet, answer)

    def push(self, tablet: Tablet, batch: Prepared) -> bytes:
        """The request of a batch, with the tablet's checkpoint of now."""
        checkpoint = orjson.dumps(self.checkpoints[tablet.device])
        body = batch.finish(b'"checkpoint":' + checkpoint + b"}")
        return request(self.path, body, port=self.port, token=tablet.token, encoding="gzip")

    def heard(self, tablet: Tablet, answer: bytes) -> None:
        """Take the cursors of an answer."""
        for line in answer[answer.find(b'{"page":') :].splitlines():
            page = orjson.loads(line).get("page")
            if page is not None:
                self.checkpoints[tablet.device][page["feed"]] = page["cursor"]

    def quiet(self, tablet: Tablet, changes: int) -> bytes:
        known = self.checkpoints[tablet.device]
        cursor = Cursor.read(known[tablet.feed], feed=tablet.feed)
        assert cursor is not None
        earlier = cursor._replace(seq=cursor.seq - changes).text()
        return self._pull(tablet, {**known, tablet.feed: earlier}, limit=2_000)

    def applied(self, answer: bytes) -> int:
        return answer.count(b'"outcome":"applied"')

    def rows(self, answer: bytes) -> int:
        lines = [orjson.loads(line) for line in unpacked(answer).splitlines()]
        return _households([line["page"] for line in lines if "page" in line])

    def _pull(self, tablet: Tablet, checkpoint: Mapping[str, str], limit: int) -> bytes:
        asked = tablet.request(now_ms=now_ms(), limit=limit)
        body = {**asked, "operations": [], "checkpoint": checkpoint}
        return request(self.path, body, port=self.port, token=tablet.token)


def _households(pages: Sequence[Mapping[str, Any]]) -> int:
    """How many households there are in pages; a first sync also tells who the worker is."""
    puts = [put for page in pages for put in page["put"] if put["type"] == "household"]
    return sum(len(put["rows"]) for put in puts)


class Served:
    """A server that runs: its port, and the CPU time of its processes."""

    def __init__(self, port: int, process: int) -> None:
        self.port = port
        self.process = process

    def cpu_seconds(self) -> float:
        """The CPU time that its processes' threads have used until now."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
        return sum(_cpu_seconds(child) for child in (*children, str(self.process)))


def _cpu_seconds(process: str) -> float:
    spent = 0
    for thread in Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has just ended
            spent += int((thread / "schedstat").read_text().split()[0])
    return spent / 1e9


@contextlib.contextmanager
def serving(
    words: Sequence[str], *, environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Run a server whose command line holds ``{bind}``, until the block ends."""
    port = _free_port()
    command = [word.format(bind=f"127.0.0.1:{port}") for word in words]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL
    )
    try:
        _wait_until_heard(process, port)
        yield Served(port, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def floor_command(path: Path, *, workers: int, threads: int) -> list[str]:
    """Serve the floor's database by gunicorn."""
    return [
        *(sys.executable, "-m", "gunicorn", "--bind", "{bind}", "--log-level", "warning"),
        *("--workers", str(workers), "--threads", str(threads), "--keep-alive", "30"),
        f"scripts.bench_floor:create_app({str(path)!r})",
    ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_heard(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until somebody listens; who connects before the workers are ready has to wait."""
    for _ in range(START_SECONDS_MAX * 10):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended at once, code {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError("the server does not listen")


def now_ms() -> int:
    """The time of the tablets' clocks."""
    return time.time_ns() // 1_000_000


class WrongAnswerError(Exception):
    """An answer did not hold what was asked for: nothing that was measured counts."""


def expect(what: str, found: int, expected: int) -> None:
    """Raise WrongAnswerError unless ``found`` is what was expected."""
    if found != expected:
        raise WrongAnswerError(f"{what}: {found}, not {expected}")
