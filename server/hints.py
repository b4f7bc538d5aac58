"""Hints: that a feed moved, told to whoever looks at a page of it.

A page grows old while somebody reads it, and nobody presses reload every minute. Nothing may
depend on being told: a hint can be late, doubled, or lost with a connection, and the page
is as right as when it was loaded. So a process looks at the ends of the feeds every second
or two, and only while somebody listens; it learns so of every other process's work too, on
either database, without a word between them.

Invariants
    * A listener is told of feeds that they may read, and of nothing else.
    * Looking costs one short query for all listeners of a process together.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from server.store import SqlStore
from server.store.tables import FEED

__all__ = ["Hints", "Moved"]

LOOK_S = 1.5


class Moved(NamedTuple):
    """What moved since the last time: feeds, in order of their names. Empty: nothing did."""

    feeds: tuple[str, ...]


class Hints:
    """Where feeds end, as the listeners of one process see it. Safe for threads."""

    def __init__(self, store: SqlStore, *, look_s: float = LOOK_S) -> None:
        self._store = store
        self._look_s = look_s
        self._changed = threading.Condition()
        self._ends: Mapping[str, int] = {}
        self._listeners = 0
        self._looks = False

    def listen(
        self, feeds: frozenset[str] | None, *, patience_s: float
    ) -> Generator[Moved, None, None]:
        """What moves from now on, among ``feeds`` (None: all); something at least every so often.

        Ends only when it is closed. Look first: an exception of the database is the caller's.
        """
        seen = self._look()
        with self._changed:
            self._ends = seen
            self._listeners += 1
            self._begin()
        try:
            while True:
                with self._changed:
                    self._changed.wait(patience_s)
                    now = self._ends
                yield Moved(_between(seen, now, feeds))
                seen = now
        finally:
            with self._changed:
                self._listeners -= 1

    def _begin(self) -> None:
        if not self._looks:
            self._looks = True
            threading.Thread(target=self._watch, name="hints", daemon=True).start()

    def _watch(self) -> None:
        """Look as long as somebody listens."""
        pause = threading.Event()
        while True:
            pause.wait(self._look_s)
            with self._changed:
                if not self._listeners:
                    self._looks = False
                    return
            try:
                now = self._look()
            except DBAPIError:  # It is busy, or being restarted: the next look will do.
                continue
            with self._changed:
                if now != self._ends:
                    self._ends = now
                    self._changed.notify_all()

    def _look(self) -> Mapping[str, int]:
        with self._store.engine.connect() as connection:
            rows = connection.execute(select(FEED.c.name, FEED.c.seq)).all()
        return {row.name: row.seq for row in rows}


def _between(
    before: Mapping[str, int], now: Mapping[str, int], feeds: frozenset[str] | None
) -> tuple[str, ...]:
    """The feeds that moved.

    >>> _between({"a": 1, "b": 1}, {"a": 2, "b": 1, "c": 1}, None)
    ('a', 'c')
    """
    if before is now:
        return ()
    moved = (name for name, seq in now.items() if before.get(name) != seq)
    return tuple(sorted(one for one in moved if feeds is None or one in feeds))
