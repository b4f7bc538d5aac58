"""The stage: a temporary database with a small county, and a real server on it.

The day is worth something only if nothing is played: the server is the process that
`yuanba serve` starts, on a port of its own, and what the office does goes through the
same door as the console's clicks. Everything is in one temporary folder and goes with it;
on a PostgreSQL that was named the database is one of its own, and goes too.

Only the process that was started here is ever ended.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess  # nosec B404
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import httpx

from server.cli.desk import open_services
from server.cli.errors import OperatorError
from server.settings import Settings

if TYPE_CHECKING:
    from server.services import Services

__all__ = ["Stage", "raised"]

SCALE = 0.2
"""About 60 households in a grid: enough to sync, quick to make."""

READY_S_MAX = 120  # A machine that is busy with something else starts it slowly.
_DAY_MS = 86_400_000
_START = "from server.cli import main; main()"


class Stage(NamedTuple):
    """The temporary folder, the office's own services, and where the server listens."""

    folder: Path
    services: Services
    url: str
    records: int


@contextlib.contextmanager
def raised(*, seed: int, broken: str, postgres: str = "") -> Iterator[Stage]:
    """A stage with a running server. ``broken``: the safeguard to switch off, or nothing.

    ``postgres``: the URL of a PostgreSQL on which the stage gets a database of its own.
    """
    with (
        tempfile.TemporaryDirectory(prefix="yuanba-day-") as name,
        _database(Path(name), postgres) as database_url,
    ):
        folder = Path(name)
        settings = Settings(
            database_url=database_url,
            data_dir=folder,
            bind=f"127.0.0.1:{_free_port()}",
            secret=secrets.token_urlsafe(32),
        )
        services = open_services(settings)
        try:
            records = _seed(services, seed)
            with _served(settings, broken=broken) as url:
                yield Stage(folder, services, url, records)
        finally:
            services.store.close()


@contextlib.contextmanager
def _database(folder: Path, postgres: str) -> Iterator[str]:
    """The URL of an empty database, gone at the end."""
    if not postgres:
        yield f"sqlite:///{folder / 'county.db'}"
        return
    from sqlalchemy import create_engine, make_url, text

    address = make_url(postgres).set(drivername="postgresql+psycopg")
    name = f"yuanba_day_{secrets.token_hex(6)}"
    engine = create_engine(address, isolation_level="AUTOCOMMIT", hide_parameters=True)
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield address.set(database=name).render_as_string(hide_password=False)
        finally:
            with engine.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        engine.dispose()


def _seed(services: Services, seed: int) -> int:
    from simulator.population import county

    now_ms = services.now_ms()
    made = county(seed, SCALE, 1, now_ms - now_ms % _DAY_MS)
    count = 0
    for done in services.door.load(made.records(), at_ms=made.base_ms):
        count = done
    return count


@contextlib.contextmanager
def _served(settings: Settings, *, broken: str) -> Iterator[str]:
    """The server, as a process of its own, from ready to ended."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith("YUANBA_")}
    environ |= {
        "YUANBA_DATABASE_URL": settings.database_url,
        "YUANBA_DATA_DIR": str(settings.data_dir),
        "YUANBA_BIND": settings.bind,
        "YUANBA_SECRET": settings.secret,
    }
    if broken:
        environ["YUANBA_BREAK"] = broken
    log = settings.data_dir / "server.log"
    with log.open("wb") as written:
        command = [sys.executable, "-c", _START, "serve", "--workers", "1", "--threads", "2"]
        # This very program, without a shell and without a word from outside.
        process = subprocess.Popen(  # nosec B603
            command, env=environ, stdout=written, stderr=written, start_new_session=True
        )
    try:
        url = f"http://{settings.bind}"
        _wait_until_ready(process, url, log)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
        if process.poll() is None:
            process.kill()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + READY_S_MAX
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/sync/v1/", trust_env=False).status_code == 200:
                return
        time.sleep(0.05)
    said = log.read_text(encoding="utf-8", errors="replace").strip()[-2_000:]
    raise OperatorError(f"The server did not start. It said:\n{said}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
