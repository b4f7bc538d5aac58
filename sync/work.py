"""Work: what one batch reads and changes, before anything is stored.

Decisions must be quick and must see one another: the second edit of a batch builds
on the first. So a batch reads what it needs by sets, decides here in memory, and
stores everything at once.

Invariants
    * A record is read once; every later look sees the changes made so far.
    * ``changes`` names each record once, with what was stored before the batch.

This module decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, cast

from sync import sets
from sync.branch import Beneath, in_order
from sync.catalogue import Catalogue
from sync.identity import keys_of
from sync.merge import Past
from sync.operation import Operation
from sync.record import Record
from sync.store import (
    Aside,
    Before,
    Changes,
    Conflict,
    Held,
    Movement,
    RecordChange,
    StoredOperation,
    Stray,
    Writing,
)

__all__ = ["Work"]


class Work(Past):
    """The state of one batch over a write transaction."""

    def __init__(self, tx: Writing, catalogue: Catalogue) -> None:
        self.tx = tx
        self.catalogue = catalogue
        self._records: dict[str, Record] = {}
        self._before: dict[str, Before] = {}
        self._absent: set[str] = set()
        self._changed: dict[str, bool] = {}
        self._operations: dict[str, StoredOperation] = {}
        self._unknown: set[str] = set()
        self._new: dict[str, StoredOperation] = {}
        self._revised: dict[str, StoredOperation] = {}
        self._conflicts: dict[str, Conflict] = {}
        self._dirty_conflicts: set[str] = set()
        self._held: dict[str, Held] = {}
        self._released: dict[str, None] = {}
        self._aside: dict[str, Aside] = {}
        self._pasts: dict[str, Sequence[StoredOperation]] = {}
        self._strays: dict[tuple[str, str], Stray] = {}
        self._stray_read: set[str] = set()
        self._new_strays: dict[tuple[str, str], Stray] = {}
        self._found: dict[tuple[str, str], Stray] = {}
        self._told: dict[tuple[str, str], Movement] = {}
        self._referring: dict[str, None] = {}
        self._sharing: dict[int, list[str]] = {}
        self._made: dict[int, list[str]] = {}

    # Branches ------------------------------------------------------------------------------

    def branch(self) -> Work:
        """A work over this one: what it changes is nothing until ``absorb``."""
        return Work(cast(Writing, Beneath(self)), self.catalogue)

    def absorb(self, branch: Work) -> None:
        """Take over everything that a branch of this work changed."""
        for one, moved in branch._changed.items():
            before = self._records.get(one)
            if before is None:
                self.add(branch._records[one])
            else:
                self.touch(before, moved=moved)
                self._records[one] = branch._records[one]
        for stored in (*branch._new.values(), *branch._revised.values()):
            self.keep(stored)
        for conflict in branch._dirty_conflicts:
            self.put_conflict(branch._conflicts[conflict])
        assert not branch._held, "what is held stops its group"
        self._aside.update(branch._aside)
        for stray in branch._found.values():
            self.found(stray)
        for stray in branch._new_strays.values():
            self.stray(stray)
        self._told.update(branch._told)
        self._referring.update(branch._referring)

    # Reading -------------------------------------------------------------------------------

    def load(self, *, records: Collection[str] = (), stamps: Collection[str] = ()) -> None:
        """Read by sets what is not known yet."""
        wanted = [one for one in records if one not in self._records and one not in self._absent]
        if wanted:
            found = self.tx.records(wanted)
            self._records.update(found)
            self._absent.update(one for one in wanted if one not in found)
        unread = [one for one in stamps if one not in self._operations and one not in self._unknown]
        if unread:
            known = self.tx.operations(unread)
            self._operations.update(known)
            self._unknown.update(one for one in unread if one not in known)

    def record(self, record: str) -> Record | None:
        """A record as it is now, deleted or not."""
        found = self._records.get(record)
        if found is None and record not in self._absent:
            self.load(records=[record])
            found = self._records.get(record)
        return found

    def operation(self, stamp: str) -> StoredOperation | None:
        """An operation as it is now."""
        found = self._operations.get(stamp)
        if found is None and stamp not in self._unknown:
            self.load(stamps=[stamp])
            found = self._operations.get(stamp)
        return found

    def conflict(self, conflict: str) -> Conflict | None:
        """A conflict as it is now."""
        if conflict not in self._conflicts:
            self._conflicts.update(self.tx.conflicts([conflict]))
        return self._conflicts.get(conflict)

    def open_conflicts(self, record: str) -> list[Conflict]:
        """The conflicts about a record that are open now, those of this batch too, by id."""
        ids = {one.id for one in self._conflicts.values() if one.record == record}
        ids.update(self.tx.open_conflicts(record))
        unread = [one for one in ids if one not in self._conflicts]
        if unread:
            self._conflicts.update(self.tx.conflicts(unread))
        return [self._conflicts[one] for one in sorted(ids) if self._conflicts[one].open_fields()]

    def referring(self, type_name: str, field: str, record: str) -> list[str]:
        """The ids of live records whose ``field`` names ``record``, as they are now.

        Only for fields that the store can look up.
        """
        stored = set(self.tx.referring(type_name, field, record)) - self._changed.keys()
        changed = [self._records[one] for one in self._changed]
        here = [one.id for one in changed if one.spec.name == type_name and not one.deleted]
        return sorted({*stored, *(one for one in here if self._records[one].get(field) == record)})

    def still_waits(self, record: str, stamp: str) -> bool:
        """Whether anything that an operation wanted of a record still waits for a decision."""
        return any(
            part["closed_by"] is None
            and (part["stamp"] == stamp or (name == "*" and conflict.id == stamp))
            for conflict in self.open_conflicts(record)
            for name, part in conflict.fields.items()
        )

    def waiting(self, stamps: Collection[str]) -> list[Held]:
        """Held operations that need one of ``stamps``, those of this batch too, by stamp."""
        wait = (held for held in self._held.values() if held.needs in stamps)
        return self._still(in_order([*self.tx.waiting(stamps), *wait]))

    def group(self, name: str) -> list[Held]:
        """The held members of a group, those of this batch too, by stamp."""
        members = (held for held in self._held.values() if held.group == name)
        return self._still(in_order([*self.tx.group(name), *members]))

    def held(self, stamp: str) -> Held | None:
        """A held operation as it is now."""
        stored = None if stamp in self._released else self.tx.held([stamp]).get(stamp)
        return self._held.get(stamp, stored)

    def _still(self, held: Iterable[Held]) -> list[Held]:
        """Those that wait now: not let go, nor held for something else by this batch."""
        return [
            one
            for one in held
            if one.stamp not in self._released and self._held.get(one.stamp, one) == one
        ]

    def strays(self, records: Iterable[str]) -> list[Stray]:
        """What is known of ids that name no live record, as it is now. Read by sets."""
        wanted = set(records)
        unread = wanted - self._stray_read
        if unread:
            self._stray_read |= unread
            for stray in self.tx.strays(unread):
                self._strays.setdefault((stray.record, stray.feed), stray)
        return [one for (record, _), one in self._strays.items() if record in wanted]

    def merged_into(self, record: str) -> list[str]:
        """The ids of the records for which ``record`` itself stands, as it is now."""
        stored = set(self.tx.merged_into(record)) - {key[0] for key in self._found}
        new = {one.record for one in self._new_strays.values() if one.into == record}
        return sorted(stored | new)

    def sharing(self, keys: Iterable[int]) -> list[str]:
        """The ids of records that had one of these identity keys, or were made with it just now.

        Whether they still have it is for who asks to see.
        """
        wanted = list(keys)
        unread = [key for key in wanted if key not in self._sharing]
        if unread:
            found = self.tx.sharing(unread)
            self._sharing.update((key, found.get(key, [])) for key in unread)
        known = (self._sharing, self._made)
        return sorted({one for key in wanted for table in known for one in table.get(key, ())})

    def refers(self, record: Record) -> None:
        """What a record refers to may be new in its feeds."""
        self._referring[record.id] = None

    def take_referring(self) -> list[Record]:
        """The records of ``refers``, once."""
        taken, self._referring = self._referring, {}
        return [self._records[one] for one in taken]

    # The past of a record (for merge) --------------------------------------------------------

    def value(self, stamp: str, name: str) -> tuple[bool, Any]:
        """(known, value) that operation ``stamp`` wrote to a field."""
        stored = self.operation(stamp)
        if stored is None or stored.outcome in ("held", "rejected"):
            return False, None
        fields = stored.raw.get("fields") or {}
        return name in fields or stored.kind == "create", fields.get(name)

    def corrected(self, stamp: str) -> int:
        """The corrected time of an operation."""
        stored = self.operation(stamp)
        return stored.corrected if stored is not None else 0

    def unseen_adds(self, base: str, name: str) -> frozenset[str] | None:
        """The elements that stand by adds which whoever had ``base`` had not seen."""
        seen = self.operation(base)
        if seen is None or seen.outcome in ("held", "rejected"):
            return None
        past = list(self.history(seen.record))
        return sets.unseen_adds(past, seen, name, self.operation)

    def history(self, record: str) -> Iterable[StoredOperation]:
        """Newest first: what this batch did or released, then what is stored."""
        state = self._records.get(record)
        stamp = state.tail if state is not None else None
        while stamp is not None and (here := self._taken(stamp)) is not None:
            yield here
            stamp = here.prev
        yield from self._past(record) if stamp is not None else ()

    def _taken(self, stamp: str) -> StoredOperation | None:
        """An operation of this batch, or one that it released."""
        return self._new.get(stamp) or self._revised.get(stamp)

    def _past(self, record: str) -> Sequence[StoredOperation]:
        """The stored history of a record, read once."""
        if record not in self._pasts:
            self._pasts[record] = self.tx.history(record)
        return self._pasts[record]

    # Writing -------------------------------------------------------------------------------

    def feeds_before(self, record: str) -> tuple[str, ...]:
        """The feeds in which a record was before this batch changed it."""
        before = self._before.get(record)
        return () if before is None else before.feeds

    def touch(self, record: Record, *, moved: bool) -> None:
        """Take the state of a record before its first change. Call it before changing."""
        known = self._changed.get(record.id)
        if known is None and record.id not in self._before:
            self._before[record.id] = Before.of(record)
        self._changed[record.id] = bool(known) or moved

    def add(self, record: Record) -> None:
        """Take in a new record."""
        self._records[record.id] = record
        self._absent.discard(record.id)
        self._changed[record.id] = True
        self._referring[record.id] = None
        if record.spec.identity:
            for key in keys_of(record.spec, record.values):
                self._made.setdefault(key, []).append(record.id)

    def keep(self, stored: StoredOperation) -> None:
        """Add an operation, or change what is known of one."""
        if stored.stamp in self._new or stored.stamp not in self._operations:
            self._new[stored.stamp] = stored
            self._unknown.discard(stored.stamp)
        else:
            self._revised[stored.stamp] = stored
        self._operations[stored.stamp] = stored

    def put_conflict(self, conflict: Conflict) -> None:
        """Add or change a conflict."""
        self._conflicts[conflict.id] = conflict
        self._dirty_conflicts.add(conflict.id)

    def hold(self, held: Held) -> None:
        """Keep an operation waiting."""
        self._held[held.stamp] = held
        self._released.pop(held.stamp, None)

    def release(self, stamp: str) -> bool:
        """Let a waiting operation go; whether it had waited since before this batch."""
        in_batch = self._held.pop(stamp, None) is not None
        before = self.operation(stamp) is not None and stamp not in self._new
        if before:
            self._released[stamp] = None
        return before or not in_batch

    def kept_create(self, record: str) -> Stray | None:
        """The create of a record that was held or rejected, if there is one and no other."""
        found = (one for one in self.strays([record]) if one.into is None and not one.feed)
        return next(found, None)

    def stray(self, stray: Stray) -> None:
        """An id names no live record from now on."""
        key = stray.record, stray.feed
        self._strays[key] = self._new_strays[key] = stray
        self._found.pop(key, None)

    def found(self, stray: Stray) -> None:
        """An id is a stray no more."""
        key = stray.record, stray.feed
        self._strays.pop(key, None)
        self._new_strays.pop(key, None)
        self._found[key] = stray

    def tell(self, movement: Movement) -> None:
        """Tell a feed that only refers to a record of what became of it."""
        self._told[movement.feed, movement.record] = movement

    def set_aside(self, aside: Aside) -> None:
        """Keep what has no stamp of its own to be kept under."""
        self._aside[aside.id] = aside

    def is_new(self, stamp: str) -> bool:
        """Whether an operation was first taken in this batch."""
        return stamp in self._new

    def changes(self) -> Changes:
        """Everything that this batch changed."""
        return Changes(
            operations=list(self._new.values()),
            revised=list(self._revised.values()),
            records=[
                RecordChange(self._records[one], self._before.get(one), moved)
                for one, moved in self._changed.items()
            ],
            conflicts=[self._conflicts[one] for one in sorted(self._dirty_conflicts)],
            held=list(self._held.values()),
            released=list(self._released),
            aside=list(self._aside.values()),
            strays=list(self._new_strays.values()),
            found=list(self._found.values()),
            told=list(self._told.values()),
        )


def stamps_to_read(operations: Iterable[Operation], work: Work) -> set[str]:
    """The stamps that decisions about these operations will ask for, for one read by set.

    Bases that are not the present versions, and the versions that they met.
    """
    own = {op.stamp for op in operations}
    wanted: set[str] = set()
    for op in operations:
        record = work.record(op.record)
        if op.kind == "create":
            continue
        for name, seen in op.base.items():
            present = (
                None if record is None else (record.head if name == "*" else record.version(name))
            )
            if seen != present:
                wanted.update(one for one in (seen, present) if one is not None)
    return wanted - own
