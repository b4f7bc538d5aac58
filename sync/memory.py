"""The store in memory: the reference that the SQL stores are held to.

It is written to be read, not to be quick: a write transaction works on copies of the
tables and puts them in place at the end, so that atomicity and snapshots are plain to see.

>>> from sync.catalogue import Catalogue
>>> store = MemoryStore(Catalogue(), epoch="e1")
>>> with store.read() as snapshot:
...     snapshot.epoch()
'e1'
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from sync.catalogue import Catalogue
from sync.identity import key_changes
from sync.record import DIGEST_MASK, Record
from sync.store import (
    JSON,
    PURGED,
    Aside,
    Changes,
    Codec,
    Conflict,
    Entry,
    FeedState,
    Held,
    State,
    StoredOperation,
    Stray,
    digest_changes,
    movements,
)

__all__ = ["MemoryStore"]


class _Kept(NamedTuple):
    """A record as stored."""

    type: str
    head: str
    tail: str
    deleted: bool
    row: bytes
    into: str | None


@dataclass(slots=True)
class _Tables:
    """All tables. Values are never changed in place, so that a shallow copy is a snapshot."""

    feeds: dict[str, FeedState] = field(default_factory=dict)
    entries: dict[str, dict[str, tuple[int, State]]] = field(default_factory=dict)
    records: dict[str, _Kept] = field(default_factory=dict)
    operations: dict[str, StoredOperation] = field(default_factory=dict)
    conflicts: dict[str, Conflict] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    aside: dict[str, Aside] = field(default_factory=dict)
    strays: dict[tuple[str, str], Stray] = field(default_factory=dict)
    identity: dict[tuple[int, str], None] = field(default_factory=dict)
    marks: dict[tuple[str, int], int] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)

    def copy(self) -> _Tables:
        """A copy that shares the values."""
        copied = replace(self, **{one.name: dict(getattr(self, one.name)) for one in fields(self)})
        copied.entries = {feed: dict(places) for feed, places in self.entries.items()}
        return copied


def _own(conflict: Conflict) -> Conflict:
    return replace(conflict, fields={name: dict(part) for name, part in conflict.fields.items()})


class _Transaction:
    """A view of the tables; a write transaction's are its own copy."""

    def __init__(self, tables: _Tables, catalogue: Catalogue, codec: Codec) -> None:
        self._tables = tables
        self._catalogue = catalogue
        self._codec = codec

    def epoch(self) -> str:
        return self._tables.meta["epoch"]

    def set_epoch(self, epoch: str) -> None:
        self._tables.meta["epoch"] = epoch

    def feeds(self, names: Collection[str]) -> dict[str, FeedState]:
        return {one: self._tables.feeds[one] for one in names if one in self._tables.feeds}

    def entries(self, feed: str, *, after: int, limit: int) -> list[Entry]:
        places = self._tables.entries.get(feed, {})
        later = sorted((seq, one) for one, (seq, _) in places.items() if seq > after)
        found = []
        for seq, record in later[:limit]:
            kept, state = self._tables.records[record], places[record][1]
            row = kept.row if state == "live" else None
            if state in ("merged", "alias"):
                row = kept.into.encode() if kept.into else None
            found.append(Entry(seq, record, state, kept.type, kept.head, row))
        return found

    def operations(self, stamps: Collection[str]) -> dict[str, StoredOperation]:
        known = self._tables.operations
        return {stamp: known[stamp] for stamp in stamps if stamp in known}

    def records(self, ids: Collection[str]) -> dict[str, Record]:
        found = {}
        for one in ids:
            kept = self._tables.records.get(one)
            if kept is not None:
                row = self._codec.loads(kept.row)
                spec = self._catalogue[kept.type]
                found[one] = Record.from_row(
                    row, spec, tail=kept.tail, deleted=kept.deleted, into=kept.into
                )
        return found

    def conflicts(self, ids: Collection[str]) -> dict[str, Conflict]:
        known = self._tables.conflicts
        return {one: _own(known[one]) for one in ids if one in known}

    def history(self, record: str, *, until: str | None = None) -> list[StoredOperation]:
        kept = self._tables.records.get(record)
        stamp = kept.tail if kept is not None else None
        found = []
        while stamp is not None:
            stored = self._tables.operations[stamp]
            found.append(stored)
            stamp = stored.prev if stamp != until else None
        return found

    def waiting(self, stamps: Collection[str]) -> list[Held]:
        wanted = set(stamps)
        return [held for _, held in sorted(self._tables.held.items()) if held.needs in wanted]

    def about(self, records: Collection[str]) -> list[StoredOperation]:
        wanted = set(records)
        found = self._tables.operations.items()
        return [one for _, one in sorted(found) if one.record in wanted]

    def held(self, stamps: Collection[str]) -> dict[str, Held]:
        return {one: self._tables.held[one] for one in stamps if one in self._tables.held}

    def sharing(self, keys: Collection[int]) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for key, record in sorted(self._tables.identity):
            if key in keys:
                found.setdefault(key, []).append(record)
        return found

    def alone_about(self, record: str) -> None:
        """Transactions that write take turns here."""

    def group(self, name: str) -> list[Held]:
        return [held for _, held in sorted(self._tables.held.items()) if held.group == name]

    def due(self, code: str, *, before_ms: int, limit: int) -> list[Held]:
        known = self._tables.held.values()
        found = [one for one in known if one.code == code and one.since < before_ms]
        return sorted(found, key=lambda one: (one.since, one.stamp))[:limit]

    def strays(self, records: Collection[str]) -> list[Stray]:
        wanted = set(records)
        return [one for (record, _), one in sorted(self._tables.strays.items()) if record in wanted]

    def merged_into(self, record: str) -> list[str]:
        return sorted({one.record for one in self._tables.strays.values() if one.into == record})

    def referring(self, type_name: str, field: str, record: str) -> list[str]:
        place = self._catalogue[type_name].keys.index(field)
        return sorted(
            one
            for one, kept in self._tables.records.items()
            if kept.type == type_name
            and not kept.deleted
            and self._codec.loads(kept.row)[place] == record
        )

    def open_conflicts(self, record: str) -> list[str]:
        known = self._tables.conflicts
        return sorted(
            one.id for one in known.values() if one.record == record and one.closed is None
        )

    def beyond(self, positions: Mapping[str, int], records: Collection[str]) -> set[str]:
        found: set[str] = set()
        for feed, position in positions.items():
            places = self._tables.entries.get(feed, {})
            found.update(one for one in records if one in places and places[one][0] > position)
        return found

    def placed(
        self, feeds: Collection[str], records: Collection[str]
    ) -> dict[str, dict[str, tuple[int, State]]]:
        found: dict[str, dict[str, tuple[int, State]]] = {}
        for feed in feeds:
            places = self._tables.entries.get(feed, {})
            for one in records:
                if one in places:
                    found.setdefault(one, {})[feed] = places[one]
        return found

    def mark_feeds(self, now_ms: int) -> None:
        for feed, state in self._tables.feeds.items():
            self._tables.marks[feed, now_ms] = state.seq

    def compact(self, *, before_ms: int) -> int:
        tables, purged = self._tables, 0
        for feed, state in tables.feeds.items():
            places, marks = tables.entries[feed], tables.marks.items()
            old = (seq for (one, at), seq in marks if one == feed and at <= before_ms)
            until = max(old, default=0)
            gone = {
                one: seq for one, (seq, what) in places.items() if seq <= until and what in PURGED
            }
            for one in gone:
                del places[one]
            if gone:
                tables.feeds[feed] = state._replace(purged=max(gone.values()))
            purged += len(gone)
        return purged

    def save(self, changes: Changes) -> None:
        tables = self._tables
        for stored in changes.operations:
            if stored.stamp in tables.operations:
                raise ValueError(f"operation {stored.stamp} is stored already")
            tables.operations[stored.stamp] = stored
        for stored in changes.revised:
            tables.operations[stored.stamp] = stored
        for record, _, moved in changes.records:
            if moved:
                row = self._codec.dumps(record.row())
                tables.records[record.id] = _Kept(
                    record.spec.name, record.head, record.tail, record.deleted, row, record.into
                )
            else:
                kept = tables.records[record.id]
                tables.records[record.id] = kept._replace(tail=record.tail)
        gone, new = key_changes(changes.records)
        for pair in gone:
            tables.identity.pop(pair, None)
        tables.identity.update(dict.fromkeys(new))
        for conflict in changes.conflicts:
            tables.conflicts[conflict.id] = _own(conflict)
        for one in changes.released:
            tables.held.pop(one, None)
        tables.held.update({held.stamp: held for held in changes.held})
        tables.aside.update({aside.id: aside for aside in changes.aside})
        for found in changes.found:
            tables.strays.pop((found.record, found.feed), None)
        tables.strays.update({(one.record, one.feed): one for one in changes.strays})
        self._move(changes)

    def _move(self, changes: Changes) -> None:
        tables = self._tables
        for feed, (count, total) in digest_changes(changes.records).items():
            was = tables.feeds.get(feed, FeedState(0, 0, 0))
            digest = (was.sum + total) & DIGEST_MASK
            tables.feeds[feed] = was._replace(count=was.count + count, sum=digest)
        for move in (*movements(changes.records), *changes.told):
            was = tables.feeds.get(move.feed, FeedState(0, 0, 0))
            tables.feeds[move.feed] = was._replace(seq=was.seq + 1)
            tables.entries.setdefault(move.feed, {})[move.record] = (was.seq + 1, move.state)


class MemoryStore:
    """A store that lives as long as its process."""

    def __init__(self, catalogue: Catalogue, *, epoch: str, codec: Codec = JSON) -> None:
        self.codec = codec
        self._catalogue = catalogue
        self._tables = _Tables(meta={"epoch": epoch})
        self._writers = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Any]:
        """A snapshot: tables are replaced, never changed, by writers."""
        yield _Transaction(self._tables, self._catalogue, self.codec)

    @contextmanager
    def write(self) -> Iterator[Any]:
        """A write transaction; one at a time."""
        with self._writers:
            tables = self._tables.copy()
            yield _Transaction(tables, self._catalogue, self.codec)
            self._tables = tables
