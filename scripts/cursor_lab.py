#!/usr/bin/env python3
"""The cursor lab: eight writers and a follower, and whether the follower ever misses a row.

    python3 scripts/cursor_lab.py                   30 s on each of SQLite, PostgreSQL, plain
    python3 scripts/cursor_lab.py --seconds 5       shorter
    python3 scripts/cursor_lab.py --only postgres   one of sqlite, postgres, plain

A device keeps the number of the last row that it was sent, and asks for what comes after. If
a row may become visible after a row with a greater number, whoever looked in between never
gets it: that is how feeds lose rows, seldom and silently. Here numbers are given under a lock
on the feed's row that is held until the commit (``sync/PROTOCOL.md``, "Cursors never skip").

What is hard is to believe a lab that finds nothing. So the same lab runs on a plain sequence,
which is how it is mostly done: there rows *are* lost, and a run that shows none fails.

The writers create and edit households through the server's own door, in several feeds, in one
transaction or many; the follower looks as often as it can. At the end it must have seen the
last state of every record that was acknowledged. It needs a prepared checkout; the PostgreSQL
is that of the tests (another one: ``YUANBA_TEST_POSTGRES``).
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import psycopg

    from server.store import SqlStore

ROOT = Path(__file__).resolve().parent.parent
FEEDS = 3
PARTS = ("sqlite", "postgres", "plain")


class Found(NamedTuple):
    """What one run came to. ``missed``: acknowledged, and the follower never saw it so."""

    name: str
    seconds: float
    written: int
    looks: int
    missed: int

    def line(self) -> str:
        """One line of the report.

        >>> Found("plain", 30.0, 1000, 50, 3).line()
        'plain         30.0 s       1,000 written       50 looks     3 never seen'
        """
        return (
            f"{self.name:<10} {self.seconds:>7.1f} s {self.written:>11,} written "
            f"{self.looks:>8,} looks {self.missed:>5,} never seen"
        )


class Subject(Protocol):
    """What is looked at: something that writes and something that follows."""

    def writer(self, number: int) -> Callable[[], dict[str, str]]:
        """A function that writes once, and answers record → mark of what was acknowledged."""
        ...

    def follower(self) -> Callable[[], dict[str, str]]:
        """A function that looks once: record → mark of each row after those seen before."""
        ...


# The real store --------------------------------------------------------------------------------


class RealStore:
    """The server's door over its own store."""

    def __init__(self, store: SqlStore) -> None:
        from server.app import create_services
        from server.settings import Settings

        settings = Settings(secret="of no use outside of this lab")
        self.services = create_services(settings, store=store, later=lambda *_: None)
        self.store = store
        self.grids = [self.services.new_id() for _ in range(FEEDS)]

    def writer(self, number: int) -> Callable[[], dict[str, str]]:
        """Creates households and edits its own, one to three in a transaction."""
        from sync.scope import SYSTEM

        draw, own = random.Random(number), list[str]()

        def write() -> dict[str, str]:
            drafts: list[dict[str, Any]] = []
            for _ in range(draw.choice((1, 1, 2, 3))):
                grid = draw.choice(self.grids)
                if own and draw.random() < 0.5:
                    fields = {"grid": grid} if draw.random() < 0.3 else {"visits": {"add": 1}}
                    one = {"kind": "edit", "record": draw.choice(own), "fields": fields}
                else:
                    one = {"kind": "create", "type": "household", "fields": {"grid": grid}}
                    one["record"] = self.services.new_id()
                drafts.append(one)
            acks = self.services.door.submit(SYSTEM, drafts)
            assert all(ack.problem is None for ack in acks), acks
            own.extend(one["record"] for one in drafts if one["kind"] == "create")
            with self.store.read() as snapshot:  # nobody else writes these
                found = snapshot.records({one["record"] for one in drafts})
            return {record: row.head for record, row in found.items()}

        return write

    def follower(self) -> Callable[[], dict[str, str]]:
        """Reads every feed from where it stopped."""
        positions = dict.fromkeys((f"grid:{grid}" for grid in self.grids), 0)

        def look() -> dict[str, str]:
            seen: dict[str, str] = {}
            with self.store.read() as snapshot:
                for feed, position in positions.items():
                    for entry in snapshot.entries(feed, after=position, limit=1_000):
                        positions[feed] = entry.seq
                        seen[entry.record] = entry.head
            return seen

        return look


# A plain sequence --------------------------------------------------------------------------------


class PlainSequence:
    """A table numbered by a sequence of PostgreSQL: given at once, visible at the commit."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("+psycopg", "")
        self._open: list[psycopg.Connection[Any]] = []
        with self.connect() as connection:
            connection.execute("CREATE TABLE line (seq bigserial PRIMARY KEY, record text)")
            connection.execute("CREATE TABLE body (record text PRIMARY KEY, text text)")

    def connect(self) -> psycopg.Connection[Any]:
        """A connection of one's own, until ``close``."""
        import psycopg

        self._open.append(psycopg.connect(self._url))
        return self._open[-1]

    def close(self) -> None:
        """Close every connection."""
        for connection in self._open:
            connection.close()

    @contextlib.contextmanager
    def writing(self, connection: psycopg.Connection[Any], record: str) -> Iterator[None]:
        """One row: numbered when the ``with`` block begins, stored when it ends."""
        with connection.transaction():
            connection.execute("INSERT INTO line (record) VALUES (%s)", [record])
            connection.execute("INSERT INTO body VALUES (%s, repeat('x', 2000))", [record])
            yield

    def writer(self, number: int) -> Callable[[], dict[str, str]]:
        """Writes one row after the other."""
        connection, count = self.connect(), iter(range(1 << 60))

        def write() -> dict[str, str]:
            record = f"{number}-{next(count)}"
            with self.writing(connection, record):
                pass
            return {record: ""}

        return write

    def follower(self) -> Callable[[], dict[str, str]]:
        """Reads from where it stopped."""
        connection, position = self.connect(), 0
        connection.autocommit = True

        def look() -> dict[str, str]:
            nonlocal position
            text = "SELECT seq, record FROM line WHERE seq > %s ORDER BY seq"
            rows = connection.execute(text, [position]).fetchall()
            position = rows[-1][0] if rows else position
            return dict.fromkeys((record for _, record in rows), "")

        return look


# The lab -----------------------------------------------------------------------------------------


def observe(name: str, subject: Subject, *, writers: int, seconds: float) -> Found:
    """Let writers write and a follower follow for a while, and count what it never saw."""
    acknowledged: dict[str, str] = {}
    seen: dict[str, str] = {}
    turn, done, failures = threading.Lock(), threading.Event(), list[BaseException]()
    written = looks = 0

    def write(number: int) -> None:
        nonlocal written
        step = subject.writer(number)
        while not done.is_set():
            told = step()
            with turn:
                acknowledged.update(told)
                written += len(told)

    def follow() -> None:
        nonlocal looks
        look = subject.follower()
        is_last = False
        while not is_last:
            is_last = not any(thread.is_alive() for thread in threads)
            while found := look():
                seen.update(found)
            looks += 1

    def guarded(work: Callable[..., None], *given: int) -> None:
        try:
            work(*given)
        except BaseException as error:
            failures.append(error)
            done.set()

    threads = [threading.Thread(target=guarded, args=(write, one)) for one in range(writers)]
    follower = threading.Thread(target=guarded, args=(follow,))
    began = time.monotonic()
    for thread in (*threads, follower):
        thread.start()
    done.wait(seconds)
    done.set()
    for thread in (*threads, follower):
        thread.join()
    if failures:
        raise failures[0]
    missed = sum(seen.get(record) != mark for record, mark in acknowledged.items())
    return Found(name, time.monotonic() - began, written, looks, missed)


@contextlib.contextmanager
def subject_of(part: str, url: str) -> Iterator[Subject]:
    """One part's subject, on an empty database."""
    if part == "plain":
        with contextlib.closing(PlainSequence(url)) as plain:
            yield plain
        return
    from server.store import migrate, open_store

    migrate(url)
    store = open_store(url)
    try:
        yield RealStore(store)
    finally:
        store.close()


@contextlib.contextmanager
def databases(parts: Sequence[str]) -> Iterator[Callable[[str], AbstractContextManager[str]]]:
    """A function that lends an empty database to a part."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="yuanba-lab-"))
        server: Any = None
        if set(parts) - {"sqlite"}:
            from tests.postgres import running_postgres

            server = stack.enter_context(running_postgres())

        def lend(part: str) -> AbstractContextManager[str]:
            if part == "sqlite":
                return contextlib.nullcontext(f"sqlite:///{folder}/lab.db")
            lent: AbstractContextManager[str] = server.database()
            return lent

        yield lend


def verdict(found: Sequence[Found]) -> list[str]:
    """What is wrong with the figures, in sentences.

    >>> verdict([Found("postgres", 1, 9, 9, 0), Found("plain", 1, 9, 9, 2)])
    []
    """
    wrong = [
        f"{one.name}: the follower never saw {one.missed} of {one.written} rows."
        for one in found
        if one.name != "plain" and one.missed
    ]
    wrong += [
        "plain: nothing was lost, so this lab could not have seen loss. Run it for longer."
        for one in found
        if one.name == "plain" and not one.missed
    ]
    return wrong


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """How long, how many, and on what."""
    parser = argparse.ArgumentParser(prog="scripts/cursor_lab.py", description="The cursor lab.")
    parser.add_argument("--seconds", type=float, default=30, help="of each part (30)")
    parser.add_argument("--writers", type=int, default=8, help="writing at once (8)")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, help="some of the three parts"
    )
    return parser.parse_args(argv)


def use_prepared_python() -> None:
    """Go on in the checkout's virtual environment, if this Python lacks the packages."""
    sys.path.insert(0, str(ROOT))
    if all(importlib.util.find_spec(name) for name in ("flask", "psycopg", "sqlalchemy")):
        return
    folder = Path(os.environ.get("YUANBA_VENV") or ROOT / ".venv").expanduser()
    python = folder / "bin" / "python"
    if not python.exists() or Path(sys.prefix).resolve() == folder.resolve():
        sys.exit("Prepare the checkout first: python3 scripts/dev.py setup")
    os.execv(python, [str(python), *sys.argv])  # nosec B606 - our own Python, our own words


def main(argv: Sequence[str]) -> int:
    """Run the lab; answers the exit code."""
    options = arguments(argv)
    found = []
    with databases(options.only) as lend:
        for part in options.only:
            with lend(part) as url, subject_of(part, url) as subject:
                found.append(
                    observe(part, subject, writers=options.writers, seconds=options.seconds)
                )
            print(found[-1].line(), flush=True)
    wrong = verdict(found)
    for sentence in wrong:
        print(sentence)
    return 1 if wrong else 0


if __name__ == "__main__":
    use_prepared_python()
    raise SystemExit(main(sys.argv[1:]))
