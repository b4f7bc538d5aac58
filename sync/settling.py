"""Settling: a person's decision about a conflict, its undoing, and who is told.

A conflict closes by a recorded decision and by nothing else. Whoever wrote a value that
gave way hears of it: the author of the value that waited, and the author of the one that
stood, if another was chosen.

Invariants
    * A resolution names open fields only, and each of them gets its value and stamp.
    * A field stays marked while any open conflict is about it.
"""

from __future__ import annotations

from typing import Any

from sync.effects import Context, Effect, Labels, Run
from sync.errors import Problem, Refusal
from sync.operation import Operation
from sync.record import Record
from sync.stamps import is_stamp
from sync.store import Conflict, StoredOperation

__all__ = ["after_undo", "resolve"]

# Resolve -----------------------------------------------------------------------------------


def resolve(run: Run, op: Operation, context: Context) -> Effect:
    """Settle open fields of a conflict with the values that a person chose."""
    record = run.work.record(op.record)
    assert record is not None
    named = op.raw["conflict"]
    conflict = run.work.conflict(named) if is_stamp(named) else None
    if conflict is None or conflict.record != op.record:
        raise Refusal(Problem("conflict_unknown", pointer="/conflict"))
    still_open = conflict.open_fields()
    if not op.fields or not op.fields.keys() <= set(still_open):
        code = "conflict_closed" if not still_open else "conflict_unknown"
        raise Refusal(Problem(code, pointer="/fields"))
    _check_choice(record, op)
    work = run.work
    work.touch(record, moved=True)
    prev, before = record.tail, {name: record.get(name) for name in op.fields if name != "*"}
    record.tail = record.head = op.stamp
    told: list[dict[str, Any]] = []
    was = {name: [value, record.version(name)] for name, value in before.items()}
    for name, value in op.fields.items():
        part = conflict.fields[name]
        if name == "*":
            record.deleted = value == "deleted"
        else:
            if value != record.get(name):
                told += _replaced(run, record, name, record.version(name), value, op)
            record.put(name, value, context.stamp)
        conflict.fields[name] = {**part, "closed_by": op.stamp}
        _unflag(run, record, conflict, name)
    if not conflict.open_fields():
        conflict.closed, conflict.closed_by = context.received_ms, op.stamp
    work.put_conflict(conflict)
    told += _settled(run, record, conflict, op, before)
    return Effect(record, "applied", prev, was=was, notices=told)


def _check_choice(record: Record, op: Operation) -> None:
    whole = op.fields.get("*")
    if "*" in op.fields and whole not in ("live", "deleted"):
        params = {"field": "*", "zh": "应为保留或删除", "en": "it must be live or deleted"}
        raise Refusal(Problem("bad_value", pointer="/fields/*", params=params))
    flow = record.spec.workflow
    if flow is not None and flow.field in op.fields and op.fields[flow.field] not in flow.states:
        params = {"source": record.get(flow.field), "target": op.fields[flow.field]}
        raise Refusal(Problem("no_such_transition", pointer=f"/fields/{flow.field}", params=params))


def _unflag(run: Run, record: Record, conflict: Conflict, name: str) -> None:
    """Take the mark away, unless another open conflict is about the same field."""
    others = run.work.tx.open_conflicts(record.id)
    for one in others:
        now = run.work.conflict(one)
        if now is not None and now.id != conflict.id and name in now.open_fields():
            return
    record.unflag(name)


def _settled(
    run: Run, record: Record, conflict: Conflict, op: Operation, before: dict[str, Any]
) -> list[dict[str, Any]]:
    """What the authors of the values that waited are told; their operations are settled now."""
    told = []
    by_stamp: dict[str, list[str]] = {}
    for name in op.fields:
        by_stamp.setdefault(conflict.fields[name]["stamp"], []).append(name)
    for stamp, names in by_stamp.items():
        stored = run.work.operation(stamp)
        if stored is None:
            continue
        still = [one for one in conflict.open_fields() if conflict.fields[one]["stamp"] == stamp]
        if stored.outcome == "conflict" and not still:
            run.work.keep(stored._replace(outcome="merged"))
        if stored.actor == op.actor:
            continue
        told.append(
            {
                "user": stored.actor,
                "about": stamp,
                "outcome": "merged",
                "code": "settled",
                "params": Labels(record, names),
                "before": {
                    name: {"yours": conflict.fields[name]["device"], "server": before.get(name)}
                    for name in names
                },
                "after": {name: op.fields[name] for name in names},
                "about_type": record.spec.name,
                "about_record": record.id,
            }
        )
    return told


def _replaced(
    run: Run, record: Record, name: str, version: str, value: Any, op: Operation
) -> list[dict[str, Any]]:
    """Who wrote the value that gives way is told too."""
    stored = run.work.operation(version)
    if stored is None or stored.actor == op.actor:
        return []
    return [
        {
            "user": stored.actor,
            "about": version,
            "outcome": "merged",
            "code": "replaced",
            "params": Labels(record, [name]),
            "before": {name: record.get(name)},
            "after": {name: value},
            "about_type": record.spec.name,
            "about_record": record.id,
        }
    ]


def _undone(
    record: Record, stored: StoredOperation, names: list[str], effect: Effect
) -> dict[str, Any]:
    """Whose change was undone is told so."""
    return {
        "user": stored.actor,
        "about": stored.stamp,
        "outcome": "merged",
        "code": "undone",
        "params": Labels(record, names),
        "before": {name: effect.was[name][0] for name in names},
        "after": {name: record.get(name) for name in names},
        "about_type": record.spec.name,
        "about_record": record.id,
    }


def after_undo(run: Run, op: Operation, record: Record, effect: Effect) -> None:
    """What follows an edit that undoes an operation: its author hears, its conflict reopens."""
    undone = op.raw.get("undoes")
    stored = run.work.operation(undone) if undone is not None else None
    if stored is None or stored.record != record.id:
        return
    _reopen(run, stored, record, effect)
    if stored.actor != op.actor:
        names = [name for name in op.fields if name in effect.was]
        effect.notices.append(_undone(record, stored, names, effect))


def _reopen(run: Run, stored: StoredOperation, record: Record, effect: Effect) -> None:
    """Undoing a resolution opens its conflict again."""
    if stored.kind != "resolve":
        return
    undone = stored.stamp
    conflict = run.work.conflict(stored.raw["conflict"])
    if conflict is None:
        return
    for name, part in conflict.fields.items():
        if part["closed_by"] == undone:
            waiting = run.work.operation(part["stamp"])
            if waiting is not None and waiting.outcome == "merged":
                run.work.keep(waiting._replace(outcome="conflict"))
            server = record.get(name) if name != "*" else "live"
            version = record.version(name) if name != "*" else record.head
            conflict.fields[name] = {
                **part, "closed_by": None, "server": server, "server_stamp": version
            }  # fmt: skip
            record.flag(name)
    conflict.closed = conflict.closed_by = None
    run.work.put_conflict(conflict)
    effect.outcome = "merged"
