"""Write transactions: a batch stored by sets, the same for both databases.

What is hard is to write only what changed, and nothing twice. So a write transaction
remembers, of each record that it has read, where it lies and what its projection was
made from.

Invariants
    * The rows of feeds are locked last, in the order of their keys, and sequence
      numbers are given under that lock.
    * After ``save`` rows, entries, digests and projections agree.

This module opens and ends no transaction: ``sqlite`` and ``postgres`` do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from server.store import projections
from server.store.projections import Picture, Shift
from server.store.snapshot import NO_FEED, Shared
from server.store.tables import (
    ASIDE,
    CONFLICT,
    ENTRY,
    FEED,
    HELD,
    IDENTITY,
    OPERATION,
    RECORD,
    STRAY,
)
from server.store.upkeep import Upkeeping
from sync.identity import key_changes
from sync.record import DIGEST_MASK, Record
from sync.store import (
    Aside,
    Changes,
    Conflict,
    Held,
    Movement,
    RecordChange,
    State,
    StoredOperation,
    Stray,
    digest_changes,
    movements,
)

__all__ = ["Writer"]

_OPERATION = tuple(OPERATION.columns.keys())
_CONFLICT = tuple(CONFLICT.columns.keys())
_HELD = tuple(HELD.columns.keys())
_ASIDE = tuple(ASIDE.columns.keys())
_STRAY = tuple(STRAY.columns.keys())
_IDENTITY = ("key", "record")
_RECORD = ("feed", "id", "type", "head", "tail", "deleted", "row", "into")
_ENTRY = ("seq", "home", "state", "feed", "record")
_SCAN_MAX = 64
"""So many entries beyond a position are read at once rather than looked up one by one."""


class Writer(Upkeeping):
    """A write transaction."""

    def __init__(self, shared: Shared, cursor: Any) -> None:
        super().__init__(shared, cursor)
        # Record → key of its home feed, and what its projection was made from (None: no row).
        self._stored: dict[str, tuple[int, Picture | None]] = {}

    def records(self, ids: Collection[str]) -> dict[str, Record]:
        """Records by id, locked until the transaction ends."""
        catalogue, loads, stored = self._catalogue, self._loads, self._stored
        found: dict[str, Record] = {}
        projector_of, from_row = self.shared.projectors.get, Record.from_row
        for record, kind, tail, deleted, row, home, into in self.among("records_locked", ids):
            spec = catalogue[kind]
            state = from_row(loads(row), spec, tail=tail, deleted=bool(deleted), into=into)
            found[record] = state
            projector = None if deleted else projector_of(kind)
            stored[record] = home, None if projector is None else projector.picture(state.values)
        return found

    def waiting(self, stamps: Collection[str]) -> list[Held]:
        """Held operations that need one of ``stamps``, by stamp."""
        return [self._as_held(row) for row in self.among("waiting", stamps)]

    def held(self, stamps: Collection[str]) -> dict[str, Held]:
        """Held operations by their own stamps."""
        return {row[0]: self._as_held(row) for row in self.among("held", stamps)}

    def sharing(self, keys: Collection[int]) -> dict[int, list[str]]:
        """Key → the ids of live records that have it; whoever asks for the same key waits."""
        found: dict[int, list[str]] = {}
        if keys:
            self._take_turns("keys_locked", keys)
            for key, record in self.among("sharing", keys):
                found.setdefault(key, []).append(record)
        return found

    def strays(self, records: Collection[str]) -> list[Stray]:
        """As in a snapshot; whoever changes what stands for one of these waits until the end."""
        self._take_turns("ids_shared", records)
        return super().strays(records)

    def alone_about(self, record: str) -> None:
        """Let nobody ask what stands for a record, or refer to it anew, until the end."""
        self._take_turns("ids_locked", [record])

    def _take_turns(self, name: str, values: Collection[Any]) -> None:
        if values and name in self._texts:
            self.among(name, values)

    def group(self, name: str) -> list[Held]:
        """The held members of a group, by stamp."""
        return [self._as_held(row) for row in self.rows("group", name)]

    def due(self, code: str, *, before_ms: int, limit: int) -> list[Held]:
        """Operations held with ``code`` since before then, the oldest first."""
        return [self._as_held(row) for row in self.rows("due", code, before_ms, limit)]

    def _as_held(self, row: Sequence[Any]) -> Held:
        feeds = None if row[-2] is None else tuple(self._loads(row[-2]))
        return Held._make((*row[:-2], feeds, row[-1]))

    def about(self, records: Collection[str]) -> list[StoredOperation]:
        """Every operation about records, by stamp; reads all operations that there are."""
        return [self._operation(row) for row in self.among("about", records)]

    def open_conflicts(self, record: str) -> list[str]:
        """The ids of a record's conflicts that are open as stored."""
        return [row[0] for row in self.rows("open", record)]

    def beyond(self, positions: Mapping[str, int], records: Collection[str]) -> set[str]:
        """Those of ``records`` with an entry beyond ``positions[feed]`` in any of these feeds."""
        wanted = frozenset(records)
        found: set[str] = set()
        if not wanted:
            return found
        states = self.feeds(positions)
        keys = self._keys(states)
        for feed, state in states.items():
            position = positions[feed]
            if state.seq <= position:
                continue
            if state.seq - position <= max(_SCAN_MAX, 4 * len(wanted)):
                found.update(row[0] for row in self.rows("after", keys[feed], position))
            else:
                ids = self._sql.set(wanted)
                rows = self.rows("after_among", keys[feed], ids, position)
                found.update(row[0] for row in rows)
        return found & wanted

    def placed(
        self, feeds: Collection[str], records: Collection[str]
    ) -> dict[str, dict[str, tuple[int, State]]]:
        """Record → feed → (seq, state), for the entries of ``records`` in ``feeds``."""
        found: dict[str, dict[str, tuple[int, State]]] = {}
        if feeds and records:
            in_set = self._sql.set
            for feed, record, seq, state in self.rows("placed", in_set(feeds), in_set(records)):
                found.setdefault(record, {})[feed] = (seq, state)
        return found

    def alone_with(self, table: str) -> None:
        """Keep all other writers of a table away until the transaction ends."""
        if self._sql.lock_table:
            self.cursor.execute(self._sql.lock_table.format(table))

    # Saving ------------------------------------------------------------------------------------

    def save(self, changes: Changes) -> None:
        """Store a batch."""
        sql = self._sql
        if changes.operations:
            rows: list[Any] = [self._operation_row(one) for one in changes.operations]
            self.run(sql.insert(OPERATION, _OPERATION), rows)
        if changes.revised:
            rows = [(*self._operation_row(one)[1:], one.stamp) for one in changes.revised]
            self.run(sql.update(OPERATION, _OPERATION[1:], ("stamp",)), rows)
        if changes.conflicts:
            conflicts = {one.id: one for one in changes.conflicts}
            rows = [self._conflict_row(one) for one in conflicts.values()]
            self.run(sql.upsert(CONFLICT, _CONFLICT, ("id",)), rows)
        self._save_waiting(changes.held, changes.released, changes.aside)
        if changes.found:
            rows = [(one.record, one.feed) for one in changes.found]
            self.run(sql.delete(STRAY, ("record", "feed")), rows)
        if changes.strays:
            rows = list({(one.record, one.feed): one for one in changes.strays}.values())
            self.run(sql.upsert(STRAY, _STRAY, ("record", "feed")), rows)
        records = _each_once(changes.records)
        if records:
            self._save_records(records)
            self._save_identities(records)
        if records or changes.told:
            self._move([one for one in records if one.moved], changes.told)

    def run(self, text: str, rows: Sequence[Sequence[Any]]) -> None:
        """Write a set of rows by one of the statements' texts."""
        self._sql.run(self.cursor, text, rows)

    def _operation_row(self, one: StoredOperation) -> tuple[Any, ...]:
        was = one.was
        return (*one[:-2], None if was is None else self._dumps(was), self._dumps(one.raw))

    def _conflict_row(self, one: Conflict) -> tuple[Any, ...]:
        return (
            one.id,
            one.record,
            one.type,
            one.feed,
            one.actor,
            one.opened,
            one.closed,
            one.closed_by,
            self._dumps(one.fields),
        )

    def _save_waiting(
        self, held: Iterable[Held], released: Collection[str], aside: Iterable[Aside]
    ) -> None:
        sql, dumps = self._sql, self._dumps
        if released:
            self.run(sql.delete(HELD, ("stamp",)), [(stamp,) for stamp in released])
        waiting = {one.stamp: one for one in held}
        if waiting:
            rows: list[Any] = [
                (*one[:-2], None if one.feeds is None else dumps(one.feeds), one.group)
                for one in waiting.values()
            ]
            self.run(sql.upsert(HELD, _HELD, ("stamp",)), rows)
        kept = {one.id: one for one in aside}
        if kept:
            self.run(sql.upsert(ASIDE, _ASIDE, ("id",)), list(kept.values()))

    def _save_records(self, changes: Sequence[RecordChange]) -> None:
        stored = self._stored
        unread = [one.record.id for one in changes if one.before and one.record.id not in stored]
        if unread:
            self.records(unread)
        moved = [one.record for one in changes if one.moved]
        homes = self._homes(moved)
        dumps = self._dumps
        new: list[Any] = []
        edited: list[Any] = []
        others: list[Any] = []
        tails: list[Any] = []
        projectors = self.shared.projectors
        shifts: dict[str, list[Shift]] = defaultdict(list)
        for record, before, is_moved in changes:
            if not is_moved:
                tails.append((record.tail, stored[record.id][0], record.id))
                continue
            home = homes[record.id]
            row = dumps(record.row())
            home_before, picture_before = stored.get(record.id, (home, None))
            if before is None:
                told = (record.spec.name, record.head, record.tail, record.deleted)
                new.append((home, record.id, *told, row, record.into))
            elif home == home_before and not record.deleted and not before.deleted:
                edited.append((record.head, record.tail, row, home, record.id))
            else:
                changed = (home, record.head, record.tail, record.deleted, row, record.into)
                others.append((*changed, home_before, record.id))
            projector = projectors.get(record.spec.name)
            if projector is not None:
                picture = None if record.deleted else projector.picture(record.values)
                shifts[record.spec.name].append(
                    Shift(record.id, home_before, picture_before, home, picture)
                )
                stored[record.id] = home, picture
            else:
                stored[record.id] = home, None
        self._write_records(new, edited, others, tails)
        for kind, shifted in shifts.items():
            projections.write(self.cursor, self._sql, projectors[kind], shifted)

    def _save_identities(self, changes: Sequence[RecordChange]) -> None:
        gone, new = key_changes(changes)
        if gone:
            self.run(self._sql.delete(IDENTITY, _IDENTITY), gone)
        if new:
            self.run(self._sql.insert_missing(IDENTITY, _IDENTITY), new)

    def _write_records(
        self, new: Sequence[Any], edited: Sequence[Any], others: Sequence[Any], tails: Sequence[Any]
    ) -> None:
        sql, key = self._sql, ("feed", "id")
        if new:
            self.run(sql.insert(RECORD, _RECORD), new)
        if edited:
            self.run(sql.update(RECORD, ("head", "tail", "row"), key), edited)
        if others:
            columns = ("feed", "head", "tail", "deleted", "row", "into")
            self.run(sql.update(RECORD, columns, key), others)
        if tails:
            self.run(sql.update(RECORD, ("tail",), key), tails)

    def _homes(self, records: Sequence[Record]) -> dict[str, int]:
        """Record → key of its home feed; feeds that are new get a row."""
        feeds = {record.id: record.feeds() for record in records}
        keys = self._keys_made({name for names in feeds.values() for name in names})
        return {record: keys[names[0]] if names else NO_FEED for record, names in feeds.items()}

    def _keys_made(self, names: Collection[str]) -> dict[str, int]:
        """Name → key, making the feeds that are missing."""
        keys = self._keys(names)
        missing = sorted(name for name in names if name not in keys)
        if missing:
            columns = ("name", "seq", "count", "sum", "purged")
            text = self._sql.insert_missing(FEED, columns)
            self.run(text, [(name, 0, 0, 0, 0) for name in missing])
            keys = self._keys(names)
        return keys

    def _move(self, changes: Sequence[RecordChange], told: Iterable[Movement]) -> None:
        """Move entries to the ends of their feeds, under the lock on the feeds' rows."""
        moved = [*movements(changes), *told]
        if not moved:
            return
        keys = self._keys_made({one.feed for one in moved} | {one.home for one in moved})
        ends = {
            key: [seq, count, total]
            for key, seq, count, total in self.among(
                "ends", sorted({keys[one.feed] for one in moved})
            )
        }
        entries: list[Any] = []
        for feed, record, home, state, _ in moved:
            key = keys[feed]
            end = ends[key]
            end[0] += 1
            entries.append((end[0], keys[home], state, key, record))
        for feed, (count, part) in digest_changes(changes).items():
            end = ends[keys[feed]]
            end[1] += count
            end[2] = (end[2] + part) & DIGEST_MASK
        sql = self._sql
        self.run(sql.replace(ENTRY, _ENTRY, _ENTRY[3:]), entries)
        rows = [(*end, key) for key, end in ends.items()]
        self.run(sql.update(FEED, ("seq", "count", "sum"), ("key",)), rows)


def _each_once(changes: Sequence[RecordChange]) -> Sequence[RecordChange]:
    """Each record once: as it was before its first change, and as its last one left it."""
    latest = {one.record.id: one for one in changes}
    if len(latest) == len(changes):
        return changes
    first: dict[str, RecordChange] = {}
    moved: dict[str, bool] = {}
    for one in changes:
        first.setdefault(one.record.id, one)
        moved[one.record.id] = moved.get(one.record.id, False) or one.moved
    return [
        RecordChange(latest[record].record, first[record].before, moved[record]) for record in first
    ]
