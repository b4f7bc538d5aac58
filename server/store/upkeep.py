"""Upkeep in the store: marks of time, compaction, and the mark of this server's history.

Entries have no time of their own: that would be a number more in every row that every
exchange moves. So once a day it is noted how far each feed has come, and what lies below
an old mark is old.

Invariants
    * Nothing is purged that is younger than the mark says.
    * A feed knows how far it was purged, from the same transaction on.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from server.store.snapshot import Snapshot
from server.store.tables import FEED, MARK, META
from sync.store import PURGED

__all__ = ["Upkeeping"]

_STATES = ", ".join(f"'{state}'" for state in PURGED)

# Whole tables are read here, once a day; what exchanges run is in ``snapshot``.
_MOVED = (
    'SELECT f."key", f."seq" FROM "feed" f WHERE f."seq" > coalesce('
    '(SELECT max(m."seq") FROM "mark" m WHERE m."feed" = f."key"), 0)'
)
_MARKED = (
    'SELECT "feed", max("at"), max("seq") FROM "mark" WHERE "at" <= {} '
    'GROUP BY "feed" ORDER BY "feed"'
)
_GONE = f'FROM "entry" WHERE "feed" = {{}} AND "seq" <= {{}} AND "state" IN ({_STATES})'  # nosec B608
_COUNT = f'SELECT count(*), max("seq") {_GONE}'
_PURGE = f"DELETE {_GONE}"
_UNMARK = 'DELETE FROM "mark" WHERE "feed" = {} AND "at" < {}'
_CLAIMED = 'SELECT "value" FROM "meta" WHERE "name" = {} '


class Upkeeping(Snapshot):
    """What a write transaction offers to ``server.upkeep`` and ``server.epochs``."""

    def _execute(self, text: str, *parameters: Any) -> None:
        mark = self._sql.mark
        self.cursor.execute(text.format(*(mark for _ in parameters)), parameters)

    def _write(self, text: str, rows: Collection[tuple[Any, ...]]) -> None:
        self._sql.run(self.cursor, text, list(rows))

    def claim(self, what: str, *, now_ms: int, every_ms: int, for_ms: int | None = None) -> bool:
        """Whether it is this transaction's turn to do something that is done so often at most.

        ``for_ms``: the turn lasts so long only; by then ``settle`` must have said how it went.
        A time in the future is another clock's mistake, and counts as none.
        """
        self._execute(_CLAIMED + self._sql.lock, what)
        rows = self.cursor.fetchall()
        if rows and now_ms - every_ms < int(rows[0][0]) <= now_ms:
            return False
        self.settle(what, now_ms if for_ms is None else now_ms - every_ms + for_ms)
        return True

    def settle(self, what: str, at_ms: int) -> None:
        """Note when something was done last; 0: it is due."""
        text = self._sql.upsert(META, ("name", "value"), ("name",))
        self._write(text, [(what, str(at_ms))])

    def set_epoch(self, epoch: str) -> None:
        """Begin a new history."""
        self._write(self._sql.update(META, ("value",), ("name",)), [(epoch, "epoch")])

    def mark_feeds(self, now_ms: int) -> None:
        """Note how far each feed that moved has come by now."""
        self._execute(_MOVED)
        ends = [(key, now_ms, seq) for key, seq in self.cursor.fetchall()]
        if ends:
            self._write(self._sql.insert_missing(MARK, ("feed", "at", "seq")), sorted(ends))

    def compact(self, *, before_ms: int) -> int:
        """Purge the entries of what was deleted or had left before then; answers how many."""
        self._execute(_MARKED, before_ms)
        purged = 0
        for feed, at, until in self.cursor.fetchall():
            self._execute(_COUNT, feed, until)
            ((gone, last),) = self.cursor.fetchall()
            if gone:
                self.among("ends", [feed])  # its lock
                self._execute(_PURGE, feed, until)
                self._write(self._sql.update(FEED, ("purged",), ("key",)), [(last, feed)])
            self._execute(_UNMARK, feed, at)
            purged += gone
        return purged
