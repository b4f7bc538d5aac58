"""A replica's storage in memory: for simulated tablets and for tests.

Thousands of replicas live in one simulated week, and each must lose what it had not
committed when it crashes. So every change notes what it replaced, and a block that
fails is undone backwards.

It never copies values: what is read from it must not be changed (the contract says so).

>>> storage = MemoryStorage()
>>> with storage.write() as shelf:
...     shelf.set_meta("device", "k7m2p9q4")
>>> with storage.read() as shelf:
...     shelf.meta("device")
'k7m2p9q4'
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from sync.replica_storage import PENDING, Entry, FeedRow, Shelf, State, Stored

__all__ = ["MemoryStorage"]

_NOTHING: Any = object()
_NESTED = frozenset({"_members", "_types", "_states"})
"""The tables that hold tables."""


class MemoryStorage:
    """Keeps ``ReplicaStorage`` for as long as the process lives."""

    def __init__(self) -> None:
        self._shelf = _MemoryShelf()
        self._open = False

    def copy(self) -> MemoryStorage:
        """What is kept now, in a storage apart: the image of a disk."""
        assert not self._open, "a disk is copied between two writes"
        copied = MemoryStorage()
        copied._shelf.fill(self._shelf)
        return copied

    def read(self) -> AbstractContextManager[Shelf]:
        """See ``ReplicaStorage.read``."""
        return nullcontext(self._shelf)

    @contextmanager
    def write(self) -> Iterator[Shelf]:
        """See ``ReplicaStorage.write``."""
        assert not self._open, "write blocks are not nested"
        self._open = True
        try:
            yield self._shelf
        except BaseException:
            self._shelf.undo()
            raise
        finally:
            self._shelf.settle()
            self._open = False


class _MemoryShelf:
    """The tables. Every change passes ``_put`` or ``_pop``, which note how to undo it."""

    def __init__(self) -> None:
        self._meta: dict[str, Any] = {}
        self._feeds: dict[str, FeedRow] = {}
        self._members: dict[str, dict[str, int]] = {}
        self._feeds_of: dict[str, frozenset[str]] = {}
        self._homeless: dict[str, None] = {}
        self._rows: dict[str, Stored] = {}
        self._types: dict[str, dict[str, None]] = {}
        self._unseen: dict[str, None] = {}
        self._entries: dict[str, Entry] = {}
        self._states: dict[str, dict[str, None]] = {}
        self._pending: dict[str, tuple[str, ...]] = {}
        self._aliases: dict[str, str] = {}
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []

    def _put(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        self._undo.append((table, key, table.get(key, _NOTHING)))
        table[key] = value

    def _pop(self, table: dict[Any, Any], key: Any) -> None:
        if key in table:
            self._undo.append((table, key, table.pop(key)))

    def fill(self, other: _MemoryShelf) -> None:
        """Become what another is. Values are shared, for nobody changes them."""
        for name, table in vars(other).items():
            if isinstance(table, dict):
                copied = {k: dict(v) if name in _NESTED else v for k, v in table.items()}
                setattr(self, name, copied)

    def undo(self) -> None:
        """Take back everything since the last ``settle``."""
        for table, key, before in reversed(self._undo):
            if before is _NOTHING:
                del table[key]
            else:
                table[key] = before
        self._undo.clear()

    def settle(self) -> None:
        """Nothing before this can be undone."""
        self._undo.clear()

    def meta(self, key: str) -> Any:
        return self._meta.get(key)

    def set_meta(self, key: str, value: Any) -> None:
        self._put(self._meta, key, value)

    # Feeds

    def feeds(self) -> dict[str, FeedRow]:
        return {name: self._feeds[name] for name in sorted(self._feeds)}

    def feed(self, name: str) -> FeedRow | None:
        return self._feeds.get(name)

    def save_feed(self, feed: FeedRow) -> None:
        self._put(self._feeds, feed.name, feed)

    def drop_feed(self, name: str) -> None:
        self._pop(self._feeds, name)
        self._pop(self._members, name)

    def feeds_of(self, records: Collection[str]) -> dict[str, frozenset[str]]:
        known = self._feeds_of
        return {record: known[record] for record in records if record in known}

    def members(self, feed: str, *, before_round: int | None = None) -> list[str]:
        return sorted(
            record
            for record, round_ in self._members.get(feed, {}).items()
            if before_round is None or round_ < before_round
        )

    def join(self, feed: str, records: Iterable[str], *, round_: int) -> None:
        members = self._table(self._members, feed)
        for record in records:
            self._put(members, record, round_)
            feeds = self._feeds_of.get(record, frozenset())
            if feed not in feeds:
                self._put(self._feeds_of, record, feeds | {feed})
            self._pop(self._homeless, record)

    def leave(self, feed: str, records: Collection[str]) -> None:
        members = self._table(self._members, feed)
        for record in records:
            self._pop(members, record)
            feeds = self._feeds_of.get(record, frozenset())
            if feed not in feeds:
                continue
            if len(feeds) > 1:
                self._put(self._feeds_of, record, feeds - {feed})
            else:
                self._pop(self._feeds_of, record)
                self._put(self._homeless, record, None)

    def homeless(self) -> list[str]:
        return sorted(self._homeless)

    def _table(self, tables: dict[str, Any], name: str) -> Any:
        if name not in tables:
            self._put(tables, name, {})
        return tables[name]

    # Base rows

    def rows(self, records: Collection[str]) -> dict[str, Stored]:
        known = self._rows
        return {record: known[record] for record in records if record in known}

    def heads(self, records: Collection[str]) -> dict[str, str]:
        rows = self.rows(records)
        return {record: one.head for record, one in rows.items() if not one.deleted}

    def records(self, type_name: str) -> list[str]:
        return sorted(self._types.get(type_name, ()))

    def unseen(self) -> list[str]:
        return sorted(self._unseen)

    def save_rows(self, rows: Iterable[Stored]) -> None:
        for one in rows:
            self._put(self._rows, one.record, one)
            self._put(self._table(self._types, one.type), one.record, None)
            if one.seen == one.head:
                self._pop(self._unseen, one.record)
            else:
                self._put(self._unseen, one.record, None)

    def drop_rows(self, records: Collection[str]) -> None:
        for record in records:
            if record in self._rows:
                self._pop(self._types[self._rows[record].type], record)
            self._pop(self._rows, record)
            self._pop(self._unseen, record)
            self._pop(self._homeless, record)

    # Own operations

    def save_entries(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._unfile(entry.stamp)
            self._put(self._entries, entry.stamp, entry)
            self._put(self._table(self._states, entry.state), entry.stamp, None)
            if entry.state in PENDING:
                stamps = self._pending.get(entry.record, ())
                self._put(self._pending, entry.record, tuple(sorted({*stamps, entry.stamp})))

    def drop_entries(self, stamps: Collection[str]) -> None:
        for stamp in stamps:
            self._unfile(stamp)
            self._pop(self._entries, stamp)

    def _unfile(self, stamp: str) -> None:
        known = self._entries.get(stamp)
        if known is None:
            return
        self._pop(self._states[known.state], stamp)
        stamps = tuple(one for one in self._pending.get(known.record, ()) if one != stamp)
        if stamps:
            self._put(self._pending, known.record, stamps)
        else:
            self._pop(self._pending, known.record)

    def entries(self, stamps: Collection[str]) -> dict[str, Entry]:
        known = self._entries
        return {stamp: known[stamp] for stamp in stamps if stamp in known}

    def pending(self, records: Collection[str]) -> dict[str, list[Entry]]:
        return {
            record: [self._entries[stamp] for stamp in self._pending[record]]
            for record in records
            if record in self._pending
        }

    def pending_records(self, type_name: str) -> list[str]:
        return sorted(
            record
            for record, stamps in self._pending.items()
            if self._entries[stamps[0]].body["type"] == type_name
        )

    def in_state(self, *states: State, limit: int | None = None) -> list[Entry]:
        stamps = sorted(stamp for state in states for stamp in self._states.get(state, ()))
        return [self._entries[stamp] for stamp in stamps[:limit]]

    def count(self, state: State) -> int:
        return len(self._states.get(state, ()))

    def forget(self, *, before_ms: int) -> None:
        old = [
            stamp
            for stamp in self._states.get("acknowledged", ())
            if (self._entries[stamp].answered_ms or 0) < before_ms
        ]
        self.drop_entries(old)

    # Aliases

    def aliases(self) -> dict[str, str]:
        return dict(self._aliases)

    def save_alias(self, record: str, into: str) -> None:
        self._put(self._aliases, record, into)

    def drop_alias(self, record: str) -> None:
        self._pop(self._aliases, record)

    def wipe(self) -> None:
        tables: list[dict[Any, Any]] = [
            self._meta, self._feeds, self._members, self._feeds_of, self._homeless, self._rows,
            self._types, self._unseen, self._entries, self._states, self._pending, self._aliases,
        ]  # fmt: skip
        for table in tables:
            for key in list(table):
                self._pop(table, key)
