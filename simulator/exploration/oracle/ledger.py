"""The ledger: what the server has stored, read by the oracle's own eyes.

An oracle that asked the engine what it did would believe its mistakes. So this module reads
the tables with SQL of its own and the rows with the catalogue document that the server
publishes; it knows nothing of the engine's classes. Triggers on the connection tell what
changed in each transaction, in the order in which it was written, and are rolled back with it.

Invariants
    * ``drain`` gives every change since the last one, once.
    * What was read before is kept here: a row that vanishes, or a text that changes, shows.
    * The entries of a feed are read again once any of them changed, and not before.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from simulator.exploration.oracle.watch import WATCH

__all__ = ["Change", "ConflictRow", "HeldRow", "Ledger", "Op", "Row", "TypeSpec", "read_specs"]

_HEAD = 6
"""Members before a type's own fields in a row: record, head, v, vx, c, x."""


class TypeSpec:
    """One type of the catalogue document, by names."""

    def __init__(self, name: str, told: Mapping[str, Any]) -> None:
        self.name = name
        self.fields: list[str] = [one["name"] for one in told["fields"]]
        self.policy: dict[str, str] = {one["name"]: one["policy"] for one in told["fields"]}
        self.kind: dict[str, str] = {one["name"]: one["kind"] for one in told["fields"]}
        self.field: dict[str, Mapping[str, Any]] = {one["name"]: one for one in told["fields"]}
        self.clock = frozenset(one["name"] for one in told["fields"] if one.get("clock"))
        self.feed_rules: list[tuple[str, str | None]] = [
            (rule["kind"], rule["by"]) for rule in told["feeds"]
        ]
        self.who: Mapping[str, Sequence[str]] = told["who"]
        self.identity: list[list[str]] = told["identity"]
        self.workflow: Mapping[str, Any] | None = told["workflow"]
        steps = self.workflow["transitions"] if self.workflow else ()
        self.legal = frozenset((one["from"], one["to"]) for one in steps)


def read_specs(catalogue: Mapping[str, Any]) -> dict[str, TypeSpec]:
    """The types of the catalogue document, by name."""
    return {name: TypeSpec(name, told) for name, told in catalogue["types"].items()}


class Row:
    """One record as a row tells it: values and versions by name."""

    __slots__ = ("_feeds", "c", "deleted", "head", "id", "raw", "spec", "v", "values", "vx")

    def __init__(self, raw: Sequence[Any], spec: TypeSpec, *, deleted: bool) -> None:
        self.raw, self.spec, self.deleted = raw, spec, deleted
        self.id, self.head, self.v = raw[0], raw[1], raw[2]
        self.vx: Mapping[str, str] = raw[3] or {}
        self.c: Sequence[str] = raw[4] or ()
        values = dict(zip(spec.fields, raw[_HEAD:], strict=False))
        self.values: dict[str, Any] = {**values, **(raw[5] or {})}
        self._feeds: list[str] | None = None  # until somebody asks; a row never changes

    def get(self, name: str) -> Any:
        """The value of a field."""
        return self.values.get(name)

    def version(self, name: str) -> str:
        """The version of a field."""
        return self.vx.get(name, self.v)

    def feeds(self) -> list[str]:
        """Where the catalogue says that it is."""
        if self._feeds is not None:
            return self._feeds
        found = self._feeds = []
        for kind, by in self.spec.feed_rules:
            if by is None:
                found.append(kind)
                continue
            scope = self.id if by == "record" else self.values.get(by)
            if scope is not None:
                found.append(f"{kind}:{scope}" if kind else str(scope))
        return found


@dataclass(slots=True)
class Op:
    """One operation as it is stored; ``number``: how many came before it."""

    stamp: str
    record: str
    type: str
    kind: str
    actor: str
    outcome: str
    code: str | None
    at: int
    corrected: int
    received: int
    cause: str | None
    conflict: str | None
    raw: dict[str, Any]
    number: int = 0

    @property
    def fields(self) -> dict[str, Any]:
        """What it changes."""
        return self.raw.get("fields") or {}

    @property
    def base(self) -> dict[str, Any]:
        """What its author saw."""
        return self.raw.get("base") or {}

    @property
    def device(self) -> str:
        """Who made its stamp."""
        return self.stamp[18:26]


@dataclass(slots=True)
class ConflictRow:
    """One conflict as it is stored."""

    id: str
    record: str
    closed_by: str | None
    fields: dict[str, dict[str, Any]]


class HeldRow(NamedTuple):
    """One operation that waits."""

    stamp: str
    record: str
    needs: str | None
    code: str


class DeviceRow(NamedTuple):
    """A device as it is supervised: whose stamps it may bring, and whether it is not trusted."""

    former: tuple[str, ...]
    limited: bool


class Change(NamedTuple):
    """One change of one row of a table: ``what`` is the table and the sign of the change."""

    what: str
    key: str
    old: Any
    new: Any


_OPERATION = (
    'SELECT stamp, record, type, kind, actor, outcome, code, "at", corrected, received, cause, '
    "conflict, body FROM operation"
)


class Ledger:
    """What the server's database held after its last transaction."""

    def __init__(self, specs: Mapping[str, TypeSpec]) -> None:
        self.specs = specs
        self.ops: dict[str, Op] = {}
        self.rows: dict[str, Row] = {}
        self.past: dict[str, list[Row]] = {}
        self.of_record: dict[str, list[Op]] = {}
        self.conflicts: dict[str, ConflictRow] = {}
        self.held: dict[str, HeldRow] = {}
        self.own: dict[str, list[int]] = {}
        self.assignments: dict[str, Row] = {}
        self.heads: dict[str, str] = {}
        self._entries: dict[str, list[tuple[int, str, str]]] = {}
        self._names: dict[str, str] = {}
        self._db: sqlite3.Connection = sqlite3.connect(":memory:")

    def attach(self, connection: sqlite3.Connection) -> None:
        """Hear of what changes in this database from now on."""
        self._db = connection
        self._entries.clear()
        connection.executescript(WATCH)

    def stay(self, connection: sqlite3.Connection) -> None:
        """Hear of what changes in this database, if that is not so already."""
        if connection is not self._db:
            self.attach(connection)

    def read(self) -> None:
        """Read everything: this database holds another history."""
        db = self._db
        for kept in (self.ops, self.rows, self.past, self.of_record):
            kept.clear()
        self.conflicts.clear()
        self.held.clear()
        self.own.clear()
        self.assignments.clear()
        self.heads.clear()
        self._entries.clear()
        for row in db.execute(f"{_OPERATION} ORDER BY received, stamp").fetchall():
            self._take_op(row)
        for stamp in [row[0] for row in db.execute("SELECT stamp FROM held")]:
            self._take_held(stamp)
        for name in [row[0] for row in db.execute("SELECT id FROM conflict")]:
            self._take_conflict(name)
        for record, told in db.execute("SELECT id, row FROM record").fetchall():
            self._take_row(record, told)

    def copy(self) -> Ledger:
        """The same knowledge, for a copy of the database. Of its parts only ``Op`` ever changes."""
        twin = Ledger(self.specs)
        twin.ops = {stamp: copy(op) for stamp, op in self.ops.items()}
        for op in twin.ops.values():
            twin.of_record.setdefault(op.record, []).append(op)
        twin.past = {record: [*rows] for record, rows in self.past.items()}
        twin.own = {feed: [*digest] for feed, digest in self.own.items()}
        twin.heads.update(self.heads)
        twin.rows.update(self.rows)
        twin.assignments.update(self.assignments)
        twin.conflicts.update(self.conflicts)
        twin.held.update(self.held)
        return twin

    def read_as(self, specs: Mapping[str, TypeSpec]) -> None:
        """From now on the types are these: the same rows, and fields that they may not have."""
        self.specs = specs

        def again(row: Row) -> Row:
            return Row(row.raw, specs[row.spec.name], deleted=row.deleted)

        self.rows.update({record: again(row) for record, row in self.rows.items()})
        self.assignments = {record: self.rows[record] for record in self.assignments}
        self.past.update(
            {record: [again(row) for row in rows] for record, rows in self.past.items()}
        )

    # Reading ---------------------------------------------------------------------------------

    def drain(self) -> list[Change]:
        """What changed since the last time; afterwards this is what the database holds."""
        db = self._db
        found = db.execute("SELECT what, key, old, new FROM watch ORDER BY n").fetchall()
        if not found:
            return []
        db.execute("DELETE FROM watch")
        changes = [Change._make(row) for row in found if row[0] != "feed"]
        for key in {row[1] for row in found if row[0] == "feed"}:
            self._entries.pop(self._names.get(key, ""), None)
        self._read_ops([one.key for one in changes if one.what in ("op+", "op~", "op!")])
        for change in changes:
            what, key = change.what, change.key
            if what == "rec":
                self._take_row(key, change.new)
            elif what == "con":
                self._take_conflict(key)
            elif what == "held+":
                self._take_held(key)
            elif what == "held-":
                self.held.pop(key, None)
        return changes

    def _read_ops(self, stamps: list[str]) -> None:
        stamps = list(dict.fromkeys(stamps))
        marks = ", ".join("?" * len(stamps))
        rows = self._db.execute(f"{_OPERATION} WHERE stamp IN ({marks})", stamps)  # nosec B608
        found = {row[0]: row for row in rows}
        for stamp in stamps:
            self._take_op(found[stamp])

    def _take_op(self, row: Sequence[Any]) -> None:
        *told, body = row
        known = self.ops.get(row[0])
        if known is not None:
            known.outcome, known.code, known.conflict = told[5], told[6], told[11]
            return
        op = self.ops[row[0]] = Op(*told, orjson.loads(body), len(self.ops))  # type: ignore[call-arg]
        self.of_record.setdefault(op.record, []).append(op)

    def _take_row(self, record: str, told: bytes) -> None:
        kind, deleted, self.heads[record] = self._db.execute(
            "SELECT type, deleted, head FROM record WHERE id = ?", (record,)
        ).fetchone()
        row = Row(orjson.loads(told), self.specs[kind], deleted=bool(deleted))
        if record in self.rows:
            self._count(self.rows[record], -1)
        self._count(row, 1)
        self.rows[record] = row
        if kind == "assignment":
            self.assignments[record] = row
        self.past.setdefault(record, []).append(row)

    def _count(self, row: Row, sign: int) -> None:
        """Keep digests of our own, by the contract's formula."""
        if row.deleted:
            return
        part = zlib.crc32(row.id.encode()) * zlib.crc32(row.head.encode())
        for feed in row.feeds():
            digest = self.own.setdefault(feed, [0, 0])
            digest[0] += sign
            digest[1] = (digest[1] + sign * part) % (1 << 48)

    def own_digest(self, feed: str) -> tuple[int, int]:
        """(count, sum) of a feed, counted from the rows."""
        count, total = self.own.get(feed, (0, 0))
        return count, total

    def _take_conflict(self, name: str) -> None:
        found = self._db.execute(
            "SELECT id, record, closed_by, fields FROM conflict WHERE id = ?", (name,)
        ).fetchone()
        if found is not None:
            *told, fields = found
            self.conflicts[name] = ConflictRow(*told, orjson.loads(fields))  # type: ignore[call-arg]

    def _take_held(self, stamp: str) -> None:
        found = self._db.execute(
            "SELECT stamp, record, needs, code FROM held WHERE stamp = ?", (stamp,)
        ).fetchone()
        if found is not None:
            self.held[stamp] = HeldRow(*found)

    # What the tables say of feeds ------------------------------------------------------------

    def entries(self, feed: str, *, upto: int) -> dict[str, tuple[str, str]]:
        """Record → (state, head) of a feed's entries up to a position."""
        known = self._entries.get(feed)
        if known is None:
            known = self._entries[feed] = self._read_entries(feed)
        heads = self.heads
        return {
            record: (state, heads[record])
            for seq, record, state in known
            if seq <= upto and record in heads
        }

    def _read_entries(self, feed: str) -> list[tuple[int, str, str]]:
        """Every entry of a feed: (seq, record, state)."""
        found = self._db.execute("SELECT key FROM feed WHERE name = ?", (feed,)).fetchone()
        if found is None:
            return []
        self._names[str(found[0])] = feed
        return self._db.execute(
            "SELECT seq, record, state FROM entry WHERE feed = ?", found
        ).fetchall()

    def left(self, record: str) -> list[tuple[str, int]]:
        """(feed, sequence number) of each feed that a record left."""
        return self._db.execute(
            "SELECT f.name, e.seq FROM entry e JOIN feed f ON f.key = e.feed "
            "WHERE e.record = ? AND e.state = 'left'",
            (record,),
        ).fetchall()

    def told_in(self, record: str) -> set[str]:
        """The feeds that tell of a record, whatever they tell."""
        found = self._db.execute(
            "SELECT f.name FROM entry e JOIN feed f ON f.key = e.feed WHERE e.record = ?", (record,)
        )
        return {row[0] for row in found}

    def merged(self) -> dict[str, str]:
        """Record → what stands for it, of those that were merged into another."""
        found = self._db.execute('SELECT id, "into" FROM record WHERE "into" IS NOT NULL')
        return dict(found.fetchall())

    def history(self, record: str) -> list[Op]:
        """The operations about a record that were decided, in that order, as they are linked."""
        stamps = orjson.dumps([op.stamp for op in self.of_record.get(record, ())]).decode()
        found = self._db.execute(
            "SELECT stamp, prev FROM operation WHERE stamp IN (SELECT value FROM json_each(?))",
            (stamps,),
        )
        before = dict(found.fetchall())
        tail = self._db.execute("SELECT tail FROM record WHERE id = ?", (record,)).fetchone()
        stamp, linked = tail[0] if tail else None, list[Op]()
        while stamp is not None and len(linked) <= len(before):
            linked.append(self.ops[stamp])
            stamp = before.get(stamp)
        return linked[::-1]

    def late(self, stamp: str) -> bool:
        """Whether an operation is marked as made after its record had changed hands."""
        found = self._db.execute("SELECT late FROM operation WHERE stamp = ?", (stamp,)).fetchone()
        return bool(found and found[0])

    def vanished(self) -> list[str]:
        """The operations that were read before, and that the database does not hold now."""
        (count,) = self._db.execute("SELECT count(*) FROM operation").fetchone()
        if count >= len(self.ops):
            return []
        kept = {row[0] for row in self._db.execute("SELECT stamp FROM operation")}
        return [stamp for stamp in self.ops if stamp not in kept]

    def places(self) -> dict[str, set[str]]:
        """Record → the feeds in which it is live."""
        found: dict[str, set[str]] = {}
        for record, name in self._db.execute(
            "SELECT e.record, f.name FROM entry e JOIN feed f ON f.key = e.feed "
            "WHERE e.state = 'live'"
        ):
            found.setdefault(record, set()).add(name)
        return found

    def digests(self) -> dict[str, tuple[int, int, int]]:
        """Feed → (count, sum, seq) as the server keeps them."""
        found = self._db.execute('SELECT name, "count", "sum", seq FROM feed')
        return {name: (count, total, seq) for name, count, total, seq in found}

    def select(self, text: str) -> list[tuple[Any, ...]]:
        """What a query of an audit of its own finds."""
        return self._db.execute(text).fetchall()

    def dump(self, table: str) -> str:
        """Everything in a table, as one text."""
        rows = self._db.execute(f'SELECT * FROM main."{table}"')  # nosec B608
        return "\n".join(
            value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            for row in rows
            for value in row
        )

    def read_again(self, stamps: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Take operations that were written over as they are now; answers what they were."""
        old: dict[str, dict[str, Any]] = {}
        for stamp in stamps:
            body, outcome, code = self._db.execute(
                "SELECT body, outcome, code FROM operation WHERE stamp = ?", (stamp,)
            ).fetchone()
            op = self.ops[stamp]
            old[stamp] = op.raw
            op.raw, op.outcome, op.code = orjson.loads(body), outcome, code
        return old

    def epoch(self) -> str:
        """The mark of this history."""
        return str(self._db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()[0])

    def outcome_of(self, stamp: str) -> str | None:
        """What became of an operation, by the table itself."""
        found = self._db.execute("SELECT outcome FROM operation WHERE stamp = ?", (stamp,))
        row = found.fetchone()
        return None if row is None else str(row[0])

    def suspended(self, device: str) -> bool:
        """Whether a device was suspended for cause."""
        found = self._db.execute("SELECT suspended FROM device WHERE id = ?", (device,)).fetchone()
        return bool(found and found[0])

    def hands_in_only(self, device: str) -> bool:
        """Whether a device gets no rows: it may only hand in, or is to erase itself."""
        found = self._db.execute(
            "SELECT hand_in_only OR wipe FROM device WHERE id = ?", (device,)
        ).fetchone()
        return bool(found and found[0])

    def device(self, device: str) -> DeviceRow:
        """A device as it is supervised now."""
        found = self._db.execute(
            "SELECT former, suspended, hand_in_only, wipe FROM device WHERE id = ?", (device,)
        ).fetchone()
        if found is None:
            return DeviceRow((), limited=True)
        former, *limits = found
        return DeviceRow(tuple(former.split()), any(limits))

    def asides(self, device: str) -> list[Any]:
        """What came from a device and could not be kept as an operation, as it came."""
        found = self._db.execute("SELECT body FROM aside WHERE device = ?", (device,))
        return [orjson.loads(row[0]) for row in found]

    def role_of(self, user: str) -> str | None:
        """The role that somebody has now; None if they are not in service."""
        row = self.rows.get(user)
        if row is None or row.deleted or row.get("active") is False:
            return None
        return str(row.get("role"))

    def grants(self, user: str) -> list[tuple[str, str, int, int | None]]:
        """(assignment, feed, since, until) of a user's live assignments, by their rows."""
        return [
            (row.id, row.get("feed"), row.get("since"), row.get("until"))
            for row in self.assignments.values()
            if not row.deleted and row.get("user") == user
        ]
