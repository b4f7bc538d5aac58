"""Yuanba under load: a database filled quickly, tablets enrolled, `yuanba serve` started.

Filling a million households through the authority would take an hour and measure
something else. So creates are handed to the store itself, as decided, in large
batches: the same tables are written by the same code as by any exchange, and
`yuanba doctor` finds nothing to say about them (a test keeps it so). Everything after
that goes over HTTP, against the command that operators run.

Nothing here is ever used on a database that holds anything.
"""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from scripts.bench_client import uncollected
from scripts.bench_records import IMPORT_MS, Household
from scripts.bench_sides import Served, now_ms, serving
from scripts.bench_tablets import Tablet
from server.accounts.tokens import digest
from server.models import Device, DeviceToken
from server.records import CATALOGUE
from server.settings import Settings
from server.store import SqlStore, migrate, open_store
from sync.record import Record
from sync.stamps import Stamps
from sync.store import Changes, RecordChange, StoredOperation

_BATCH = 5_000
_DAY_MS = 86_400_000


def fill(folder: Path, households: Iterable[Household]) -> None:
    """A new database in ``folder`` that holds these households."""
    settings = Settings(data_dir=folder)
    folder.mkdir(parents=True, exist_ok=True)
    migrate(settings)
    with uncollected(), _opened(folder) as store:
        creates = (_create("household", one.record, one.values, one.stamp) for one in households)
        for batch in _batches(creates):
            _save(store, batch)


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[SqlStore]:
    store = open_store(Settings(data_dir=folder), CATALOGUE)
    try:
        yield store
    finally:
        store.close()


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Served]:
    """`yuanba serve` over that database, in production mode: two processes of two threads."""
    command = [str(Path(sys.executable).with_name("yuanba")), "serve", "--bind", "{bind}"]
    environment = {
        "YUANBA_DATA_DIR": str(folder),
        "YUANBA_MODE": "production",
        "YUANBA_SECRET": secrets.token_urlsafe(32),
    }
    with serving(
        [*command, "--workers", "2", "--threads", "2"], environment=environment
    ) as process:
        yield process


def enrol(folder: Path, tablets: Sequence[Tablet]) -> None:
    """Give the tablets a worker each, who is assigned to its grid, and a token."""
    stamps = Stamps(device="srv00001", incarnation="b3ch")
    since = now_ms() - _DAY_MS
    creates = []
    for number, one in enumerate(tablets):
        worker = {"name": f"网格员{number}", "role": "grid_worker", "lang": "zh", "active": True}
        creates.append(_create("user", one.user, worker, stamps.next(now_ms=since)))
        assignment = one.user[:-4] + f"{number:04x}"
        given = {"user": one.user, "feed": one.feed, "since": since}
        creates.append(_create("assignment", assignment, given, stamps.next(now_ms=since)))
    with _opened(folder) as store:
        for batch in _batches(creates):
            _save(store, batch)
        _give_tokens(store, tablets, since=since)


def _give_tokens(store: SqlStore, tablets: Sequence[Tablet], *, since: int) -> None:
    with Session(store.engine) as session, session.begin():
        for one in tablets:
            one.token = secrets.token_urlsafe(32)
            session.add(
                Device(id=one.device, user=one.user, name="bench", platform="", enrolled_at=since)
            )
            session.add(
                DeviceToken(
                    hash=digest(one.token),
                    device=one.device,
                    kind="access",
                    pair=digest(one.device),
                    issued_at=since,
                    expires_at=since + 30 * _DAY_MS,
                )
            )


Create = tuple[StoredOperation, RecordChange]


def _create(type_name: str, record: str, values: dict[str, Any], stamp: str) -> Create:
    """A create of the server's own, and the record as it made it."""
    operation = StoredOperation(
        stamp=stamp,
        record=record,
        type=type_name,
        kind="create",
        actor="system",
        outcome="applied",
        code=None,
        late=False,
        at=IMPORT_MS,
        corrected=IMPORT_MS,
        received=IMPORT_MS,
        prev=None,
        cause=None,
        conflict=None,
        was=None,
        raw={
            "stamp": stamp,
            "group": None,
            "actor": "system",
            "schema": CATALOGUE.schema,
            "at": IMPORT_MS,
            "offset_ms": 0,
            "reason": None,
            "type": type_name,
            "record": record,
            "kind": "create",
            "fields": values,
            "base": None,
        },
    )
    made = Record.created(record, CATALOGUE[type_name], stamp=stamp, values=values)
    return operation, RecordChange(made, None, moved=True)


def _save(store: SqlStore, batch: Sequence[Create]) -> None:
    changes = Changes(
        operations=[operation for operation, _ in batch],
        records=[change for _, change in batch],
    )
    with store.write() as tx:
        tx.save(changes)


def _batches(creates: Iterable[Create]) -> Iterator[list[Create]]:
    rest = iter(creates)
    while batch := list(islice(rest, _BATCH)):
        yield batch
