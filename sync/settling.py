"""Settling: a person's decision about a conflict, its undoing, and who is told.

A conflict closes by a recorded decision and by nothing else. Whoever wrote a value that
gave way hears of it: the author of the value that waited, and the author of the one that
stood, if another was chosen.

Invariants
    * A resolution names open fields only, and each of them gets its value and stamp.
    * A field stays marked while any open conflict is about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sync.duplicates import join, part
from sync.effects import Context, Effect, Labels, Run, stay_within
from sync.errors import Problem, Refusal
from sync.operation import Operation
from sync.record import Record
from sync.stamps import is_stamp
from sync.store import Conflict, StoredOperation

__all__ = ["RESOLVERS", "after_undo", "gave_way", "resolve"]

RESOLVERS = ("administrator",)
"""Who settles conflicts about records of a type that does not say so itself."""

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
    stay_within(context.scope, record, op.fields)
    work = run.work
    work.touch(record, moved=True)
    prev, before = record.tail, {name: _present(record, name) for name in op.fields}
    told = [*_settled(run, record, conflict, op), *_given_way(run, record, conflict, op)]
    was = {name: [value, record.version(name)] for name, value in before.items() if name != "*"}
    record.tail = record.head = op.stamp
    for name, value in op.fields.items():
        if name == "*":
            _settle_whole(run, op, record, conflict, value)
        else:
            record.put(name, value, context.stamp)
        conflict.fields[name] = {**conflict.fields[name], "closed_by": op.stamp}
    if not record.spec.leading.isdisjoint(op.fields):
        work.refers(record)
    if not conflict.open_fields():
        conflict.closed, conflict.closed_by = context.received_ms, op.stamp
    work.put_conflict(conflict)
    plain = _unflag(run, record, op)
    for stamp in _waiting(conflict, op.fields):
        stored = work.operation(stamp)
        waited = stored is not None and stored.outcome == "conflict"
        if stored is not None and waited and not work.still_waits(record.id, stamp):
            work.keep(stored._replace(outcome="merged", code=None))
    return Effect(record, "applied" if plain else "merged", prev, was=was, notices=told)


def _settle_whole(run: Run, op: Operation, record: Record, conflict: Conflict, value: Any) -> None:
    """The record stays or goes; it goes into another, if that is how it was to go."""
    if value != "deleted":
        record.deleted = False
        if record.into is not None:
            part(run.work, record)
        run.work.refers(record)
        return
    record.deleted = True
    into = run.work.record(conflict.fields["*"].get("into") or record.id)
    if into is not None and into is not record and not into.deleted:
        join(run.work, record, into.id, stamp=op.stamp)


def _present(record: Record, name: str) -> Any:
    return record.get(name) if name != "*" else "deleted" if record.deleted else "live"


def _check_choice(record: Record, op: Operation) -> None:
    whole = op.fields.get("*")
    if "*" in op.fields and whole not in ("live", "deleted"):
        params = {"field": "*", "zh": "应为保留或删除", "en": "it must be live or deleted"}
        raise Refusal(Problem("bad_value", pointer="/fields/*", params=params))
    flow = record.spec.workflow
    if flow is not None and flow.field in op.fields and op.fields[flow.field] not in flow.states:
        params = {"source": record.get(flow.field), "target": op.fields[flow.field]}
        raise Refusal(Problem("no_such_transition", pointer=f"/fields/{flow.field}", params=params))


def _unflag(run: Run, record: Record, op: Operation) -> bool:
    """Take the marks away, but where another open conflict is about the same field.

    Answers whether all could be, as a device does that computes the row itself.
    """
    still_open = {one for each in run.work.open_conflicts(record.id) for one in each.open_fields()}
    for name in op.fields:
        if name not in still_open:
            record.unflag(name)
    return still_open.isdisjoint(op.fields)


def _waiting(conflict: Conflict, names: Iterable[str]) -> dict[str, list[str]]:
    """Operation → those of the fields that wait for its sake.

    About a whole record two operations wait: the deletion, and the edit that it met.
    """
    waiting: dict[str, list[str]] = {}
    for name in names:
        stamp = conflict.fields[name]["stamp"]
        waiting.setdefault(stamp, []).append(name)
        if name == "*" and stamp != conflict.id:
            waiting.setdefault(conflict.id, []).append(name)
    return waiting


def _shown(conflict: Conflict, names: Iterable[str]) -> list[str]:
    """Those of the fields of whose conflict its author was told; of others they hear nothing."""
    return [name for name in names if not conflict.fields[name].get("hidden")]


# Undo --------------------------------------------------------------------------------------


def after_undo(
    run: Run,
    op: Operation,
    context: Context,
    record: Record,
    effect: Effect,
    *,
    merge: str | None = None,
) -> None:
    """What follows a change that undoes an operation: its author hears, its conflict reopens.

    ``merge``: the merge that it undoes, whether it says so or not.
    """
    undone = merge or op.raw.get("undoes")
    stored = run.work.operation(undone) if undone is not None else None
    if stored is None or stored.record != record.id or stored.outcome in ("held", "rejected"):
        return
    if stored.kind == "resolve" and _may_settle(context, record):
        _reopen(run, op, context, stored, record, effect)
    elif merge is not None and stored.conflict is not None:  # By who may merge and part.
        _apart_again(run, op, context, stored, record, effect)
    did = stored.raw.get("fields") or {}
    names = [name for name in effect.was if name in did]
    if names and stored.actor != op.actor:
        before = {name: effect.was[name][0] for name in names}
        after = {name: record.get(name) for name in names}
        effect.notices.append(_notice("undone", stored, record, before=before, after=after))


def _apart_again(
    run: Run,
    op: Operation,
    context: Context,
    undone: StoredOperation,
    record: Record,
    effect: Effect,
) -> None:
    """Two that were merged are two again: what put them beside each other opens again."""
    conflict = run.work.conflict(undone.conflict or "")
    assert conflict is not None
    if conflict.record == record.id:
        _reopen(run, op, context, undone, record, effect)
    elif conflict.closed_by is not None:  # Settled on the other: so is its undoing.
        draft = {"record": conflict.record, "type": conflict.type, "kind": "edit", "fields": {}}
        effect.follows.append({**draft, "undoes": conflict.closed_by})


def _may_settle(context: Context, record: Record) -> bool:
    """Whether its author may take back decisions: who may make them. An edit it stays anyway."""
    role = context.scope.role
    return context.scope.is_system or role in record.spec.who.get("resolve", RESOLVERS)


def _reopen(
    run: Run,
    op: Operation,
    context: Context,
    undone: StoredOperation,
    record: Record,
    effect: Effect,
) -> None:
    """Undoing a resolution opens its conflict again, and the row shows that."""
    work = run.work
    conflict = work.conflict(undone.raw.get("conflict") or undone.conflict or "")
    assert conflict is not None
    names = [name for name, part in conflict.fields.items() if part["closed_by"] == undone.stamp]
    if not names:
        return
    work.touch(record, moved=True)
    for name in names:
        server, version = _present(record, name), record.version(name)
        conflict.fields[name] = {
            **conflict.fields[name],
            "closed_by": None,
            "server": server,
            "server_stamp": version if name != "*" else record.head,
        }
        if not conflict.fields[name].get("hidden"):
            record.flag(name)
    conflict.closed = conflict.closed_by = None
    work.put_conflict(conflict)
    record.head = context.stamp
    effect.outcome = "conflict" if effect.outcome == "conflict" else "merged"
    for stamp, waits in _waiting(conflict, _shown(conflict, names)).items():
        stored = work.operation(stamp)
        if stored is not None and stored.outcome == "merged" and stored.kind != "create":
            code = conflict.fields[waits[0]]["code"]
            work.keep(stored._replace(outcome="conflict", code=code))
        if stored is not None and stored.actor != op.actor:
            before = {name: _present(record, name) for name in waits}
            after = {name: _yours(conflict, stamp, name) for name in waits}
            effect.notices.append(_notice("reopened", stored, record, before=before, after=after))


# Who is told -------------------------------------------------------------------------------


def _settled(
    run: Run, record: Record, conflict: Conflict, op: Operation
) -> Iterator[dict[str, Any]]:
    """What the authors of the values that waited are told."""
    for stamp, names in _waiting(conflict, _shown(conflict, op.fields)).items():
        stored = run.work.operation(stamp)
        if stored is not None and stored.actor != op.actor:
            before = {
                name: {"yours": _yours(conflict, stamp, name), "server": _present(record, name)}
                for name in names
            }
            after = {name: op.fields[name] for name in names}
            yield _notice("settled", stored, record, before=before, after=after)


def _given_way(
    run: Run, record: Record, conflict: Conflict, op: Operation
) -> Iterator[dict[str, Any]]:
    """Who wrote a value that stood, and gives way, is told too."""
    for name, value in op.fields.items():
        present = _present(record, name)
        version = record.version(name) if name != "*" else conflict.fields[name]["server_stamp"]
        stored = run.work.operation(version) if value != present else None
        if stored is not None and stored.actor != op.actor and version != conflict.id:
            yield _notice("replaced", stored, record, before={name: present}, after={name: value})


def gave_way(
    about: StoredOperation, record: Record, *, before: dict[str, Any], after: dict[str, Any]
) -> dict[str, Any]:
    """What the author of a value is told that was replaced by another's."""
    return _notice("replaced", about, record, before=before, after=after)


def _yours(conflict: Conflict, stamp: str, name: str) -> Any:
    part = conflict.fields[name]
    return part["device"] if part["stamp"] == stamp else part["server"]


def _notice(
    code: str,
    about: StoredOperation,
    record: Record,
    *,
    before: dict[str, Any],
    after: dict[str, Any],
) -> dict[str, Any]:
    """What the author of an operation is told of it; ``before`` and ``after`` by field.

    A create stays what it was, whatever is decided about a duplicate.
    """
    told = "conflict" if code == "reopened" else "merged"
    return {
        "user": about.actor,
        "about": about.stamp,
        "outcome": about.outcome if about.kind == "create" else told,
        "code": code,
        "params": Labels(record, list(after)),
        "before": before,
        "after": after,
        "about_type": record.spec.name,
        "about_record": record.id,
    }
