"""The view: one record as its worker sees it, and what is marked on it.

A worker must be able to trust the screen: what was typed is there, what the server
has not taken yet is marked so, and what it refused or found in conflict is marked too,
until somebody deals with it.

Invariants
    * A stored row of another schema reads by the names of its members: no value is
      lost, and none appears under another name.
    * Every field that a pending operation touches has a mark.

>>> from sync.catalogue import Field
>>> spec = RecordType("h", "户", "h", (Field("phone", "text", "latest"),), ())
>>> base = Record.created("r", spec, stamp="s1", values={"phone": "1"})
>>> body = {"stamp": "s2", "kind": "edit", "fields": {"phone": "2"}, "at": 0}
>>> view = look(base, [Entry("s2", "r", "waiting", body)], spec)
>>> view["phone"], view.marks
('2', {'phone': ('waiting',)})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync.catalogue import ROW_HEAD, RecordType
from sync.fold import fold, touched
from sync.record import Record
from sync.replica_storage import Entry, State, Stored

__all__ = ["View", "as_record", "as_stored", "look"]

_MARKS: Mapping[State, str] = {"waiting": "waiting", "held": "held", "rejected": "rejected"}
"""State of an operation → the mark of what it touches. What has arrived needs none."""

_ORDER = ("waiting", "held", "rejected", "conflict")


@dataclass(frozen=True, slots=True)
class View:
    """A record as shown. ``marks``: field, or ``*`` for the record → what is to be said of it."""

    record: Record
    marks: Mapping[str, tuple[str, ...]]

    def __getitem__(self, name: str) -> Any:
        """The shown value of a field; None for one that the record does not have."""
        return self.record.get(name)

    @property
    def id(self) -> str:
        """The record's id."""
        return self.record.id

    @property
    def deleted(self) -> bool:
        """Whether the record is deleted, as far as its worker knows."""
        return self.record.deleted

    def values(self) -> dict[str, Any]:
        """Field → shown value, unknown fields too."""
        named = {one.name: self.record.get(one.name) for one in self.record.spec.fields}
        return {**named, **(self.record.x or {})}


def look(base: Record | None, entries: Sequence[Entry], spec: RecordType) -> View | None:
    """What is seen of a base row and the pending operations about it, in their order."""
    shown = fold(base, [entry.body for entry in entries], spec)
    if shown is None:
        return None
    marks: dict[str, set[str]] = {}
    for entry in entries:
        mark = _MARKS.get(entry.state)
        for name in touched(entry.body) if mark is not None else ():
            marks.setdefault(name, set()).add(str(mark))
    for name in shown.c or ():
        marks.setdefault(name, set()).add("conflict")
    ordered = {name: tuple(one for one in _ORDER if one in marks[name]) for name in sorted(marks)}
    return View(shown, ordered)


def as_record(stored: Stored, spec: RecordType) -> Record:
    """The record of a stored row, to be changed freely."""
    if tuple(stored.keys) == spec.keys:
        return Record.from_row(stored.row, spec, deleted=stored.deleted).copy()
    head = dict(zip(ROW_HEAD, stored.row, strict=False))
    named = dict(zip(stored.keys[len(ROW_HEAD) :], stored.row[len(ROW_HEAD) :], strict=False))
    known = {**(head["x"] or {}), **named}
    unknown = {name: value for name, value in known.items() if name not in spec.index}
    row = [
        *(head[name] for name in ROW_HEAD[:-1]),
        unknown or None,
        *(known.get(one.name) for one in spec.fields),
    ]
    return Record.from_row(row, spec, deleted=stored.deleted).copy()


def as_stored(record: Record, *, seen: str) -> Stored:
    """The row to store for a record of which its worker has seen the head ``seen``."""
    return Stored(record.id, record.spec.name, record.spec.keys, record.row(), record.deleted, seen)
