"""`yuanba doctor`: whether this server is well, in words, and as an exit code.

Each check says what it looked at and what it found. What an operator should do
about it stands in the same line; what they need not do anything about is no alarm.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from server.cli.desk import schema_versions
from server.cli.errors import explain
from server.settings import Settings, load_settings

if TYPE_CHECKING:
    from server.store import SqlStore

DISK_FREE_MIN = 500 * 1024 * 1024
WAITS_LONG_MS = 5 * 86_400_000
FEEDS_SHOWN = 3

GOOD, NOTE, BAD = "ok", "note", "WRONG"
COLOURS = {GOOD: "green", NOTE: "yellow", BAD: "bold red"}


class Finding(NamedTuple):
    """One line: what was looked at, whether it is well, and what was found."""

    what: str
    state: str
    words: str


def check_settings(settings: Settings) -> Iterator[Finding]:
    """The settings, without what is secret."""
    for name, shown in settings.shown():
        yield Finding(name, GOOD, shown.strip("'") or "-")


def check_disk(settings: Settings) -> Iterator[Finding]:
    """Room in the data folder."""
    free = shutil.disk_usage(settings.data_dir).free
    words = f"{free / 1e9:.1f} GB free beside {settings.data_dir}"
    state = GOOD if free >= DISK_FREE_MIN else BAD
    yield Finding("disk", state, words if state == GOOD else f"{words}: make room")


def check_schema(store: SqlStore) -> Iterator[Finding]:
    """Whether the database is the one that this program works with."""
    found, wanted = schema_versions(store.engine)
    if found == wanted:
        yield Finding("migrations", GOOD, f"version {found}")
    else:
        there = f"version {found}" if found else "empty"
        yield Finding(
            "migrations", BAD, f"{there}, and {wanted} is wanted: start the server (yuanba serve)"
        )


def check_durability(store: SqlStore) -> Iterator[Finding]:
    """Whether what tablets are told is stored survives a power cut."""
    from server.store.durability import weaknesses

    with store.engine.connect() as connection:
        found = weaknesses(connection)
    for one in found:
        yield Finding("durability", BAD, f"{one.setting}: {one.words}")
    if not found:
        yield Finding("durability", GOOD, "what is acknowledged is on the disk")


def check_ledger(store: SqlStore) -> Iterator[Finding]:
    """What follows from the rows, computed again."""
    from server.inspection import inspect

    began = time.perf_counter()
    with store.read() as snapshot:
        found = inspect(snapshot)
    took = time.perf_counter() - began
    total = sum(found.records.values())
    words = f"{total:,} live records of {len(found.records)} types ({took:.1f} s to read)"
    yield Finding("records", GOOD, words)
    if found.rows:
        yield Finding("rows", BAD, f"{len(found.rows)} are not what their record says")
    wrong = {name: one for name, one in found.projections.items() if one}
    for name, one in wrong.items():
        words = f"{one.missing} missing, {one.extra} left over, {one.wrong} otherwise"
        yield Finding(f"projection of {name}", BAD, f"{words}: yuanba doctor --rebuild")
    if not wrong:
        yield Finding("projections", GOOD, "the same as the rows")
    if found.identities:
        lacking, extra = found.identities.missing, found.identities.extra
        words = f"{lacking} missing, {extra} left over: yuanba doctor --rebuild"
        yield Finding("identity keys", BAD, words)
    for what, differing in (("digests", found.digests), ("feed entries", found.entries)):
        if differing:
            some = ", ".join(list(differing)[:FEEDS_SHOWN])
            feeds = "1 feed differs" if len(differing) == 1 else f"{len(differing)} feeds differ"
            yield Finding(what, BAD, f"{feeds} from the rows: {some}")
        else:
            yield Finding(what, GOOD, "the same as the rows")


def check_waiting(store: SqlStore) -> Iterator[Finding]:
    """What waits for a person; that it is there is no fault."""
    from sqlalchemy import func, select

    from server.store.tables import ASIDE, CONFLICT, HELD

    now_ms = time.time_ns() // 1_000_000
    queries = {
        "conflicts": select(func.count(), func.min(CONFLICT.c.opened)).where(
            CONFLICT.c.closed.is_(None)
        ),
        "held": select(func.count(), func.min(HELD.c.since)),
        "set aside": select(func.count(), func.min(ASIDE.c.received)),
    }
    with store.engine.connect() as connection:
        for what, query in queries.items():
            count, oldest = connection.execute(query).one()
            long = oldest is not None and now_ms - oldest > WAITS_LONG_MS
            days = f", the oldest for {(now_ms - oldest) // 86_400_000} days" if long else ""
            yield Finding(what, NOTE if long else GOOD, f"{count} waiting{days}")


def check_devices(store: SqlStore) -> Iterator[Finding]:
    """Tablets that an administrator should look at."""
    from sqlalchemy import func, select

    from server.models import Device

    alive = select(func.count()).where(Device.revoked.is_(False))
    with store.engine.connect() as connection:
        enrolled = connection.scalar(alive)
        copied = connection.scalar(alive.where(Device.hand_in_only.is_(True)))
        asking = connection.scalar(
            alive.where(Device.replaces.is_not(None), Device.replaces_confirmed.is_(False))
        )
    yield Finding("devices", GOOD, f"{enrolled} enrolled")
    if copied:
        yield Finding("devices", NOTE, f"{copied} may only hand in until somebody looks")
    if asking:
        yield Finding("devices", NOTE, f"{asking} ask to replace another")


CHECKS: tuple[Callable[[SqlStore], Iterator[Finding]], ...] = (
    check_durability,
    check_ledger,
    check_waiting,
    check_devices,
)
"""What is looked at once the database is the right one."""


def examine(settings: Settings) -> Iterator[Finding]:
    """Every check, as far as each lets the next."""
    from server.store import open_store

    yield from check_settings(settings)
    yield from check_disk(settings)
    try:
        store = open_store(settings)
        schema = list(check_schema(store))
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        yield Finding("database", BAD, sentence)
        return
    yield Finding("database", GOOD, f"{store.engine.dialect.name} answers")
    yield from schema
    if all(one.state == GOOD for one in schema):
        for check in CHECKS:
            yield from check(store)
    store.close()


def rebuild_projections(settings: Settings) -> None:
    """Write the projections anew, and say so."""
    from server.inspection import rebuild
    from server.store import open_store

    store = open_store(settings)
    with store.write() as tx:
        written = rebuild(tx)
    store.close()
    typer.echo(f"Rebuilt {len(written)} projections, {sum(written.values()):,} rows.")


def register(app: typer.Typer) -> None:
    """Add `doctor`."""

    @app.command()
    def doctor(
        rebuild: Annotated[
            bool, typer.Option("--rebuild", help="Write every projection anew first.")
        ] = False,
    ) -> None:
        """Look whether settings, database and what follows from the rows are well.

        Exits with 1 when something is wrong.
        """
        from rich.console import Console
        from rich.text import Text

        settings = load_settings()
        if rebuild:
            rebuild_projections(settings)
        console = Console(highlight=False, soft_wrap=True)
        wrong = 0
        for what, state, words in examine(settings):
            wrong += state == BAD
            line = Text.assemble((f"{state:<6}", COLOURS[state]), f"{what:<15} ", words)
            console.print(line)
        if wrong:
            console.print(f"{wrong} of these {'is' if wrong == 1 else 'are'} wrong.")
            raise typer.Exit(1)
        console.print("All is well.")
