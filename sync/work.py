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
from typing import Any

from sync.merge import Past
from sync.operation import Operation
from sync.record import Record
from sync.store import (
    Aside,
    Before,
    Changes,
    Conflict,
    Held,
    RecordChange,
    StoredOperation,
    Writing,
)

__all__ = ["Work"]


class Work(Past):
    """The state of one batch over a write transaction."""

    def __init__(self, tx: Writing) -> None:
        self.tx = tx
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
        if record not in self._records and record not in self._absent:
            self.load(records=[record])
        return self._records.get(record)

    def operation(self, stamp: str) -> StoredOperation | None:
        """An operation as it is now."""
        if stamp not in self._operations and stamp not in self._unknown:
            self.load(stamps=[stamp])
        return self._operations.get(stamp)

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
        found = {held.stamp: held for held in self.tx.waiting(stamps)}
        for held in self._held.values():
            if held.needs in stamps:
                found[held.stamp] = held
        return [found[stamp] for stamp in sorted(found) if stamp not in self._released]

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
        """The elements added by operations that whoever had ``base`` had not seen.

        A base that did not itself become the field's value (the server merged it into one
        of its own, or it changed nothing) had been made on an older one: what came between
        the two was not seen either.
        """
        seen = self.operation(base)
        if seen is None or seen.outcome in ("held", "rejected"):
            return None
        unseen: set[str] = set()
        for one in self._history(seen.record):
            if one.stamp == seen.stamp:
                if _wrote(one, name):
                    break
                seen = self.operation((one.raw.get("base") or {}).get(name) or base) or seen
                continue
            if one.cause == seen.stamp and not _wrote(seen, name):
                continue  # The server's merge of what was seen.
            change = (one.raw.get("fields") or {}).get(name)
            unseen.update((change.get("add") if isinstance(change, dict) else change) or ())
        return frozenset(unseen)

    def _history(self, record: str) -> Iterable[StoredOperation]:
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

    def touch(self, record: Record, *, moved: bool) -> None:
        """Take the state of a record before its first change. Call it before changing."""
        known = self._changed.get(record.id)
        if known is None and record.id not in self._before:
            self._before[record.id] = Before(record.feeds(), record.head, record.deleted)
        self._changed[record.id] = bool(known) or moved

    def add(self, record: Record) -> None:
        """Take in a new record."""
        self._records[record.id] = record
        self._absent.discard(record.id)
        self._changed[record.id] = True

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
        before = stamp in self._operations and stamp not in self._new
        if before:
            self._released[stamp] = None
        return before or not in_batch

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
        )


def _wrote(stored: StoredOperation, name: str) -> bool:
    """Whether a field took the value and the stamp of an operation."""
    return stored.kind == "create" or name in (stored.was or ())


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
