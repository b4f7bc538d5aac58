"""A tablet of the day: a SQLite replica in a file, a clock of its own, a way to the server."""

from __future__ import annotations

import secrets
import sqlite3
import time
from pathlib import Path
from typing import Any

from server.cli.day.transport import HttpTransport, LossyTransport
from sync.client import Client, MemoryKeyring, Report, enrol
from sync.replica import Replica
from sync.replica_sqlite import SqliteStorage
from sync.replica_storage import Entry, State
from sync.stamps import base32
from sync.view import View

__all__ = ["Tablet", "real_ms"]

_STATES: tuple[State, ...] = ("waiting", "arriving", "held", "rejected", "acknowledged")


def real_ms() -> int:
    """What a right clock shows."""
    return time.time_ns() // 1_000_000


class Tablet:
    """One worker's tablet. ``ahead_ms``: how wrong its clock is."""

    def __init__(
        self, url: str, folder: Path, *, name: str, code: str, platform: str, ahead_ms: int = 0
    ) -> None:
        """Enrols with a one-time code. Raises what ``sync.client.enrol`` raises."""
        self.name = name
        self.ahead_ms = ahead_ms
        self._http = HttpTransport(url)
        self.link = LossyTransport(self._http)
        credentials = enrol(
            self.link, code=code, nonce=secrets.token_hex(8), name=name, platform=platform
        )
        self._connection = sqlite3.connect(folder / f"{credentials.device}.db")
        self.storage = SqliteStorage(self._connection)
        Replica.enrol(self.storage, device=credentials.device, user=credentials.user)
        self.replica = Replica(self.storage, incarnation=base32(secrets.randbelow, 4))
        self.client = Client(
            self.replica,
            self.link,
            MemoryKeyring(credentials),
            now_ms=self.now_ms,
            draw=lambda: secrets.randbelow(1 << 30) / (1 << 30),
            nonce=lambda: secrets.token_hex(8),
            about={"app_version": "day"},
        )

    @property
    def user(self) -> str:
        """Whose it is."""
        return self.replica.user

    def now_ms(self) -> int:
        """What its clock shows."""
        return real_ms() + self.ahead_ms

    def sync(self) -> tuple[Report, int]:
        """Exchange until all is done; what was done, and how long it took (ms)."""
        began = time.perf_counter()
        report = self.client.sync()
        return report, round((time.perf_counter() - began) * 1_000)

    def edit(self, record: str, **fields: Any) -> str:
        """Change fields of a record; answers with the stamp."""
        stamp = self.replica.edit(record, fields, now_ms=self.now_ms())
        assert stamp is not None, "the day's edits all change something"
        return stamp

    def create(self, type_name: str, record: str, **fields: Any) -> str:
        """Make a record; answers with the stamp."""
        return self.replica.create(type_name, record, fields, now_ms=self.now_ms())

    def see(self, record: str) -> View:
        """A record as this tablet shows it."""
        view = self.replica.view(record)
        if view is None:
            raise LookupError(f"{self.name} has no record {record}")
        return view

    def marks(self, record: str, field: str) -> tuple[str, ...]:
        """What is said of a field on the screen."""
        view = self.replica.view(record)
        return view.marks.get(field, ()) if view is not None else ()

    def entries(self) -> list[Entry]:
        """Every operation made here, with what became of it."""
        with self.storage.read() as shelf:
            return shelf.in_state(*_STATES)

    def held(self, type_name: str) -> list[str]:
        """The ids of the rows of one type that are on this tablet."""
        with self.storage.read() as shelf:
            return shelf.records(type_name)

    def close(self) -> None:
        """Switch it off."""
        self._http.close()
        self._connection.close()
