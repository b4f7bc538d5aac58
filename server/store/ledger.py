"""Snapshots and write transactions over a driver's cursor, the same for both databases.

What is hard is to cost what changed: reads by sets, writes by sets, only the columns
that changed, and nothing read twice. So a write transaction remembers, of each record
that it has read, where it lies and what its projection was made from.

Invariants
    * The rows of feeds are locked last, in the order of their keys, and sequence
      numbers are given under that lock.
    * What another transaction might still roll back never gets into the shared
      cache of feeds' keys.

This module opens and ends no transaction: ``sqlite`` and ``postgres`` do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from server.store import projections
from server.store.projections import Picture, Projector, Shift
from server.store.statements import Statements
from server.store.tables import ASIDE, CONFLICT, ENTRY, FEED, HELD, OPERATION, RECORD
from sync.catalogue import Catalogue
from sync.record import DIGEST_MASK, Record
from sync.store import (
    Aside,
    Changes,
    Codec,
    Conflict,
    Entry,
    FeedState,
    Held,
    RecordChange,
    State,
    StoredOperation,
    digest_changes,
    movements,
)

__all__ = ["Busy", "Shared", "Snapshot", "Writer"]

NO_FEED = 0
"""The key of a home feed for records that are in no feed."""

_OPERATION = tuple(OPERATION.columns.keys())
_CONFLICT = tuple(CONFLICT.columns.keys())
_HELD = tuple(HELD.columns.keys())
_ASIDE = tuple(ASIDE.columns.keys())
_RECORD = ("feed", "id", "type", "head", "tail", "deleted", "row")
_ENTRY = ("seq", "home", "state", "feed", "record")
_SCAN_MAX = 64
"""So many entries beyond a position are read at once rather than looked up one by one."""


class Busy(Exception):  # noqa: N818 - the store is busy: no fault of anybody
    """Others were writing the same; nothing was stored. Repeat the whole batch."""


def _texts(sql: Statements) -> dict[str, str]:
    """The read statements. In all of them every table has one letter."""
    operation = ", ".join(f'o."{name}"' for name in _OPERATION)
    conflict = ", ".join(f'c."{name}"' for name in _CONFLICT)
    held = ", ".join(f'h."{name}"' for name in _HELD)
    record = 'r."id", r."type", r."tail", r."deleted", r."row", r."feed"'
    p, among, keys = sql.mark, sql.among, sql.among_keys
    return {
        "epoch": """SELECT "value" FROM "meta" WHERE "name" = 'epoch'""",
        "feeds": 'SELECT "name", "key", "seq", "count", "sum", "purged" FROM "feed" '
        f'WHERE "name" {among}',
        "ends": f'SELECT "key", "seq", "count", "sum" FROM "feed" WHERE "key" {keys} '
        f'ORDER BY "key" {sql.lock}',
        "entries": 'SELECT e."seq", e."record", e."state", r."type", r."head", '
        """CASE WHEN e."state" = 'live' THEN r."row" END """
        'FROM "entry" e LEFT JOIN "record" r ON r."feed" = e."home" AND r."id" = e."record" '
        f'WHERE e."feed" = {p} AND e."seq" > {p} ORDER BY e."seq" LIMIT {p}',
        "heads": f'SELECT "id", "type", "head" FROM "record" WHERE "id" {among}',
        "operations": f'SELECT {operation} FROM "operation" o WHERE o."stamp" {among}',
        "records": f'SELECT {record} FROM "record" r WHERE r."id" {among}',
        "records_locked": f'SELECT {record} FROM "record" r WHERE r."id" {among} '
        f'ORDER BY r."id" {sql.lock}',
        "conflicts": f'SELECT {conflict} FROM "conflict" c WHERE c."id" {among}',
        "open": f'SELECT "id" FROM "conflict" WHERE "record" = {p} AND "closed" IS NULL '
        'ORDER BY "id"',
        "history": 'WITH RECURSIVE past(n, stamp) AS (SELECT 0, r."tail" FROM "record" r '
        f'WHERE r."id" = {p} UNION ALL SELECT past.n + 1, o."prev" FROM past JOIN "operation" o '
        f'ON o."stamp" = past.stamp WHERE o."prev" IS NOT NULL AND past.stamp <> {p}) '
        f'SELECT {operation} FROM past JOIN "operation" o ON o."stamp" = past.stamp '
        "ORDER BY past.n",
        "waiting": f'SELECT {held} FROM "held" h WHERE h."needs" {among} ORDER BY h."stamp"',
        "held": f'SELECT {held} FROM "held" h WHERE h."stamp" {among}',
        "after": f'SELECT "record" FROM "entry" WHERE "feed" = {p} AND "seq" > {p}',
        "after_among": 'SELECT "record" FROM "entry" '
        f'WHERE "feed" = {p} AND "record" {among} AND "seq" > {p}',
        "placed": 'SELECT f."name", e."record", e."seq", e."state" '
        'FROM "feed" f JOIN "entry" e ON e."feed" = f."key" '
        f'WHERE f."name" {among} AND e."record" {among}',
    }


class Shared:
    """What all transactions of one store share: catalogue, codec, statements, feeds' keys."""

    def __init__(self, catalogue: Catalogue, codec: Codec, sql: Statements) -> None:
        self.catalogue = catalogue
        self.codec = codec
        self.sql = sql
        self.texts = _texts(sql)
        self.projectors = {
            spec.name: projector
            for spec in catalogue
            if (projector := Projector.of(spec)) is not None
        }
        self.feed_keys: dict[str, int] = {"": NO_FEED}


class Snapshot:
    """A read transaction. ``cursor`` is the driver's, for other queries in the same snapshot."""

    def __init__(self, shared: Shared, cursor: Any) -> None:
        self.cursor = cursor
        self.shared = shared
        self._catalogue = shared.catalogue
        self._dumps, self._loads = shared.codec
        self._sql = shared.sql
        self._texts = shared.texts
        self._new_keys: dict[str, int] = {}

    def rows(self, name: str, *parameters: Any) -> list[Any]:
        """The rows that one of the named statements finds."""
        self.cursor.execute(self._texts[name], parameters)
        found: list[Any] = self.cursor.fetchall()
        return found

    def among(self, name: str, values: Collection[Any]) -> list[Any]:
        """The rows that a named statement finds for a set."""
        return self.rows(name, self._sql.set(values)) if values else []

    def epoch(self) -> str:
        """The mark of this server's history."""
        return str(self.rows("epoch")[0][0])

    def feeds(self, names: Collection[str]) -> dict[str, FeedState]:
        """The state of feeds; one that never held anything is absent."""
        found = {}
        for name, key, seq, count, total, purged in self.among("feeds", names):
            self._new_keys[name] = key
            if seq:
                found[name] = FeedState(seq, count, total, purged)
        return found

    def entries(self, feed: str, *, after: int, limit: int) -> list[Entry]:
        """Up to ``limit`` entries of a feed with ``seq`` above ``after``, in order."""
        key = self._keys([feed]).get(feed)
        if key is None:
            return []
        rows = self.rows("entries", key, after, limit)
        # The home of an entry that left is where the record went then; it may have gone on.
        strays = [at for at, row in enumerate(rows) if row[3] is None]
        if strays:
            heads = {row[0]: row for row in self.among("heads", [rows[at][1] for at in strays])}
            for at in strays:
                seq, record, state, *_ = rows[at]
                rows[at] = (seq, record, state, *heads[record][1:], None)
        return list(map(Entry._make, rows))

    def operations(self, stamps: Collection[str]) -> dict[str, StoredOperation]:
        """Operations by stamp; unknown stamps are absent."""
        return {row[0]: self._operation(row) for row in self.among("operations", stamps)}

    def records(self, ids: Collection[str]) -> dict[str, Record]:
        """Records by id, deleted ones too; unknown ids are absent."""
        catalogue, loads = self._catalogue, self._loads
        return {
            record: Record.from_row(loads(row), catalogue[kind], tail=tail, deleted=bool(deleted))
            for record, kind, tail, deleted, row, _ in self.among("records", ids)
        }

    def conflicts(self, ids: Collection[str]) -> dict[str, Conflict]:
        """Conflicts by id, closed ones too."""
        loads = self._loads
        found = {}
        for row in self.among("conflicts", ids):
            conflict = found[row[0]] = Conflict(*row[:-1])
            conflict.fields = loads(row[-1])
        return found

    def history(self, record: str, *, until: str | None = None) -> list[StoredOperation]:
        """The operations about a record, newest first, down to and with ``until``."""
        return [self._operation(row) for row in self.rows("history", record, until or "")]

    def _operation(self, row: Sequence[Any]) -> StoredOperation:
        members = list(row)
        members[7] = bool(row[7])
        if row[-2] is not None:
            members[-2] = self._loads(row[-2])
        members[-1] = self._loads(row[-1])
        return StoredOperation._make(members)

    def _keys(self, names: Collection[str]) -> dict[str, int]:
        """Name → key of the feeds that exist."""
        shared, own = self.shared.feed_keys, self._new_keys
        unknown = [name for name in names if name not in shared and name not in own]
        if unknown:
            own.update((row[0], row[1]) for row in self.among("feeds", unknown))
        return {
            name: shared[name] if name in shared else own[name]
            for name in names
            if name in shared or name in own
        }

    def ended(self) -> None:
        """Called once the transaction has ended well: what it learnt of keys will stay true."""
        if self._new_keys:
            self.shared.feed_keys.update(self._new_keys)


class Writer(Snapshot):
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
        for record, kind, tail, deleted, row, home in self.among("records_locked", ids):
            spec = catalogue[kind]
            state = from_row(loads(row), spec, tail=tail, deleted=bool(deleted))
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

    def _as_held(self, row: Sequence[Any]) -> Held:
        feeds = None if row[-1] is None else tuple(self._loads(row[-1]))
        return Held._make((*row[:-1], feeds))

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
        records = _each_once(changes.records)
        if records:
            self._save_records(records)
            self._move([one for one in records if one.moved])

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
                (*one[:-1], None if one.feeds is None else dumps(one.feeds))
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
                spec, deleted = record.spec, record.deleted
                new.append((home, record.id, spec.name, record.head, record.tail, deleted, row))
            elif home == home_before and record.deleted == before.deleted:
                edited.append((record.head, record.tail, row, home, record.id))
            else:
                changed = (home, record.head, record.tail, record.deleted, row)
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

    def _write_records(
        self, new: Sequence[Any], edited: Sequence[Any], others: Sequence[Any], tails: Sequence[Any]
    ) -> None:
        sql, key = self._sql, ("feed", "id")
        if new:
            self.run(sql.insert(RECORD, _RECORD), new)
        if edited:
            self.run(sql.update(RECORD, ("head", "tail", "row"), key), edited)
        if others:
            columns = ("feed", "head", "tail", "deleted", "row")
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

    def _move(self, changes: Sequence[RecordChange]) -> None:
        """Move entries to the ends of their feeds, under the lock on the feeds' rows."""
        moved = movements(changes)
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
