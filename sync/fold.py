"""Fold: what a worker sees, the base with their own operations laid over it.

A tablet must show at once what was typed on it, and must show what the server
decided once that is known. If it merged, two implementations would have to agree
in every corner; so it never does. It keeps what the server sent (the base) apart
from what it has made itself, and lays one over the other whenever it shows a record.

Invariants
    * Nothing given is changed: ``fold`` works on a copy, and values are made anew.
    * An operation that the base already contains changes nothing.
    * After ``fold`` a field's version is the stamp of the operation that wrote what is
      shown: the base that an edit of this value must name.
    * If the server acknowledged an operation as plain ``applied``, folding it over the
      row that it was applied to gives the server's row.

This module never decides between two people, and reads no clock.

>>> from sync.catalogue import Field, RecordType
>>> spec = RecordType("h", "户", "h", (Field("visits", "integer", "sum"),), ())
>>> base = Record.created("r", spec, stamp="s1", values={"visits": 2})
>>> edit = {"stamp": "s2", "kind": "edit", "fields": {"visits": {"add": 1}}, "at": 0}
>>> fold(base, [edit], spec).row()
['r', 's2', 's1', {'visits': 's2'}, None, None, 3]
>>> base.get("visits")
2
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sync.catalogue import Field, RecordType
from sync.record import Record

__all__ = ["WHOLE", "add_entries", "as_told", "fold", "touched"]

WHOLE = "*"
"""The name that stands for the whole record among the names of its fields."""

Raw = Mapping[str, Any]


class _Unchanged:
    """The mark of a change that has no effect on what is shown."""


_UNCHANGED = _Unchanged()


def fold(base: Record | None, operations: Iterable[Raw], spec: RecordType) -> Record | None:
    """The record as its worker sees it; None where there is nothing to see.

    ``operations`` are operations about this record as sent, in the order in which they
    were made. A deleted record comes back with ``deleted`` set.
    """
    record = base.copy() if base is not None else None
    for raw in operations:
        record = _KINDS[raw["kind"]](record, raw, spec)
    return record


def touched(raw: Raw) -> tuple[str, ...]:
    """The names of the fields that an operation changes, or ``*`` for the whole record.

    >>> touched({"kind": "edit", "fields": {"phone": "1"}}), touched({"kind": "delete"})
    (('phone',), ('*',))
    """
    if raw["kind"] in ("edit", "transition", "resolve"):
        return tuple(raw.get("fields") or ())
    return (WHOLE,)


# Kinds ---------------------------------------------------------------------------------------


def _create(record: Record | None, raw: Raw, spec: RecordType) -> Record | None:
    if record is not None:
        return record
    values = dict(raw.get("fields") or {})
    if spec.workflow is not None:
        values.setdefault(spec.workflow.field, spec.workflow.initial)
    for field in spec.fields:
        texts = values.get(field.name)
        if field.policy == "append" and texts is not None:
            values[field.name] = [_entry(raw, text) for text in texts]
    return Record.created(raw["record"], spec, stamp=raw["stamp"], values=values)


def _edit(record: Record | None, raw: Raw, spec: RecordType) -> Record | None:
    if record is None:
        return None
    stamp = raw["stamp"]
    for name, change in (raw.get("fields") or {}).items():
        if record.version(name) == stamp:
            continue
        field = spec.by_name.get(name)
        policy = field.policy if field is not None else "latest"
        value = _CHANGES[policy](record.get(name), change, raw, spec)
        if not isinstance(value, _Unchanged):
            record.put(name, value, stamp)
    record.head = stamp
    return record


def _delete(record: Record | None, raw: Raw, _spec: RecordType) -> Record | None:
    if record is not None:
        record.deleted, record.head = True, raw["stamp"]
    return record


def _restore(record: Record | None, raw: Raw, _spec: RecordType) -> Record | None:
    if record is not None:
        record.deleted, record.head = False, raw["stamp"]
    return record


def _resolve(record: Record | None, raw: Raw, _spec: RecordType) -> Record | None:
    if record is None:
        return None
    for name, value in (raw.get("fields") or {}).items():
        if name == WHOLE:
            record.deleted = value == "deleted"
        else:
            record.put(name, value, raw["stamp"])
        record.unflag(name)
    record.head = raw["stamp"]
    return record


_KINDS: Mapping[str, Callable[[Record | None, Raw, RecordType], Record | None]] = {
    "create": _create,
    "edit": _edit,
    "transition": _edit,
    "delete": _delete,
    "restore": _restore,
    "merge": _delete,
    "resolve": _resolve,
}


# Policies ------------------------------------------------------------------------------------


def _plain(_current: Any, change: Any, _raw: Raw, _spec: RecordType) -> Any:
    return change


def _set(current: Any, change: Any, _raw: Raw, _spec: RecordType) -> Any:
    kept = set(current or ()) - set(change.get("remove") or ())
    return sorted(kept | set(change.get("add") or ()))


def _sum(current: Any, change: Any, _raw: Raw, _spec: RecordType) -> Any:
    return (current or 0) + change["add"]


def _highest(current: Any, change: Any, _raw: Raw, _spec: RecordType) -> Any:
    if change is None or (current is not None and change <= current):
        return _UNCHANGED
    return change


def _lowest(current: Any, change: Any, _raw: Raw, _spec: RecordType) -> Any:
    if change is None or (current is not None and change >= current):
        return _UNCHANGED
    return change


def _append(current: Any, change: Any, raw: Raw, _spec: RecordType) -> Any:
    return add_entries(current, [_entry(raw, change["append"])])


def _step(current: Any, change: Any, _raw: Raw, spec: RecordType) -> Any:
    """A step shows only where the workflow has it from the state that is shown."""
    flow = spec.workflow
    if flow is not None and (current, change["to"]) not in flow.steps:
        return _UNCHANGED
    return change["to"]


_CHANGES: Mapping[str, Callable[[Any, Any, Raw, RecordType], Any]] = {
    "ask": _plain,
    "latest": _plain,
    "text": _plain,
    "once": _plain,
    "set": _set,
    "sum": _sum,
    "highest": _highest,
    "lowest": _lowest,
    "append": _append,
    "workflow": _step,
}
"""Policy → the value that is shown after a change, or ``_UNCHANGED``."""


# Logs ----------------------------------------------------------------------------------------


def _entry(raw: Raw, value: Any) -> list[Any]:
    """A log entry as the row will hold it, its time corrected as well as the device can."""
    return [raw["stamp"], raw["at"] + (raw.get("offset_ms") or 0), raw["actor"], value]


def add_entries(log: Any, entries: Iterable[Any]) -> list[Any]:
    """A log with more entries, in the order of their corrected times; known ones are replaced.

    >>> add_entries([["s1", 5, "u", "a"]], [["s0", 3, "u", "b"], ["s1", 5, "u", "a"]])
    [['s0', 3, 'u', 'b'], ['s1', 5, 'u', 'a']]
    """
    added = list(entries)
    stamps = {entry[0] for entry in added}
    kept = [entry for entry in log or () if entry[0] not in stamps]
    return sorted([*kept, *added], key=lambda entry: (entry[1], entry[0]))


def as_told(field: Field | None, current: Any, value: Any) -> Any:
    """The value of a field after an ack told ``value``: of a log, only the new entries are told."""
    if field is not None and field.policy == "append":
        return add_entries(current, value or ())
    return value
