"""Undoing: the draft that puts back what an operation changed.

People take back step by step: the last change, then the one before it. After the first
undo the field was written last by that undo, not by the change whose value it put back;
yet it is that change which stands again, and which has to find its way back as if nothing
had come after it.

Invariants
    * A field that somebody changed since, and nobody took back, is left alone.
    * A value is put back by an operation of its own; nothing is taken out of a history.

This module makes drafts and writes nothing: the door does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sync.record import Record
from sync.redaction import is_redacted
from sync.store import Reading, StoredOperation

__all__ = ["before_all", "standing", "undoing"]

_STEPS_MAX = 100
"""More undos of undos than anybody makes; the way back ends there."""


def standing(
    name: str, version: str, value: Any, find: Callable[[str], StoredOperation | None]
) -> frozenset[str]:
    """The operations whose value of a field stands now.

    ``version`` wrote its present ``value``. Where that was an undo which put back what had
    stood before, the writer of what had stood is one too, and so on back.
    """
    found = {version}
    for _ in range(_STEPS_MAX):
        writer = find(version)
        undone = find(writer.raw["undoes"]) if writer and writer.raw.get("undoes") else None
        before = (undone.was or {}).get(name) if undone is not None else None
        if before is None or before[0] != value or before[1] in found:
            break
        version = before[1]
        found.add(version)
    return frozenset(found)


def undoing(snapshot: Reading, stamp: str) -> dict[str, Any] | None:
    """The draft that undoes an operation; None if nothing of it can be put back."""
    stored = snapshot.operations([stamp]).get(stamp)
    if stored is None or stored.outcome in ("held", "rejected"):
        return None
    if is_redacted(stored.raw):  # what it replaced is nowhere any more
        return None
    record = snapshot.records([stored.record]).get(stored.record)
    if record is None:
        return None
    if stored.kind in ("delete", "merge"):
        gone = record.deleted and (record.into is not None) == (stored.kind == "merge")
        return {"record": record.id, "kind": "restore", "fields": {}} if gone else None
    whole = stored.kind == "resolve" and "*" in (stored.raw.get("fields") or {})
    if whole and record.deleted:
        return {"record": record.id, "kind": "restore", "fields": {}}
    if stored.kind == "create":
        return None if record.deleted else {"record": record.id, "kind": "delete", "fields": {}}
    fields = {}
    for name in stored.raw.get("fields") or {}:
        if name not in (stored.was or {}) or stamp not in _standing_now(snapshot, record, name):
            continue
        put_back = _put_back(record, name, (stored.was or {})[name][0], stored.raw)
        if put_back is not None:
            fields[name] = put_back[0]
    if not fields and not whole:
        return None
    return {"record": record.id, "kind": "edit", "fields": fields}


def _standing_now(snapshot: Reading, record: Record, name: str) -> frozenset[str]:
    return standing(
        name,
        record.version(name),
        record.get(name),
        lambda stamp: snapshot.operations([stamp]).get(stamp),
    )


def before_all(
    snapshot: Reading, record: Record, operations: Sequence[StoredOperation]
) -> dict[str, Any] | None:
    """The edit that puts back what a record had before the first of several operations."""
    fields: dict[str, Any] = {}
    for name in {name for one in operations for name in one.raw.get("fields") or {}}:
        writers = [one for one in operations if name in (one.raw.get("fields") or {})]
        if not _standing_now(snapshot, record, name) & {one.stamp for one in writers}:
            continue
        changes = [one.raw["fields"][name] for one in writers]
        whole = changes[-1]
        if all(isinstance(one, dict) and isinstance(one.get("add"), int) for one in changes):
            whole = {"add": sum(one["add"] for one in changes)}
        was = writers[0].was or {}
        if name in was:
            put_back = _put_back(record, name, was[name][0], {"fields": {name: whole}})
            if put_back is not None:
                fields[name] = put_back[0]
    return {"record": record.id, "kind": "edit", "fields": fields} if fields else None


def _put_back(record: Record, name: str, before: Any, raw: Mapping[str, Any]) -> tuple[Any] | None:
    """The value of an edit that puts a field back, or None where its policy has no way back."""
    field = record.spec.by_name.get(name)
    policy = field.policy if field is not None else "latest"
    if policy == "set":
        was, present = set(before or ()), set(record.get(name) or ())
        return ({"add": sorted(was - present), "remove": sorted(present - was)},)
    if policy == "sum":
        change = raw["fields"].get(name)
        return ({"add": -change["add"]},) if isinstance(change, dict) else None
    if policy in ("append", "workflow", "highest", "lowest", "once"):
        return None
    return (before,)
