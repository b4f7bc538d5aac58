"""What each kind of operation does to a record: the table, and the two shortest rows.

One function for each kind. Each changes the record in the unit of work and says what
became of the operation; who may do it was judged before, by ``may`` and the scope.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sync.catalogue import RecordType
from sync.duplicates import ask_again, merge, part
from sync.editing import bring_back, create, edit, transition
from sync.effects import Context, Effect, Run, open_conflict
from sync.operation import Operation
from sync.settling import RESOLVERS, after_undo, resolve

__all__ = ["KINDS", "may"]

_PERMISSION: Mapping[str, str] = {
    "create": "create",
    "edit": "edit",
    "delete": "delete",
    "restore": "delete",
    "merge": "delete",
    "resolve": "resolve",
}
"""Kind → the key of ``RecordType.who`` that allows it. A transition asks its workflow instead."""


def may(role: str, spec: RecordType, kind: str) -> bool:
    """Whether the catalogue allows ``role`` this kind of operation on records of this type."""
    key = _PERMISSION[kind]
    return role in spec.who.get(key, RESOLVERS if key == "resolve" else ())


# Delete and restore ------------------------------------------------------------------------


def delete(run: Run, op: Operation, context: Context) -> Effect:
    """Delete, unless somebody changed the record since: then a person decides."""
    record = run.work.record(op.record)
    assert record is not None
    prev = record.tail
    if record.deleted:
        run.work.touch(record, moved=False)
        record.tail = op.stamp
        return Effect(record, "merged", prev)
    run.work.touch(record, moved=True)
    record.tail = op.stamp
    if op.seen_head == record.head or not run.authority.safeguards.base:
        record.deleted = True
        record.head = context.stamp
        return Effect(record, "applied", prev)
    conflict = open_conflict(run, op, context, record, {"*": ("deleted_and_edited", "deleted")})
    record.head = context.stamp
    return Effect(record, "conflict", prev, conflict=conflict, code="deleted_and_edited")


def restore(run: Run, op: Operation, context: Context) -> Effect:
    """Bring a deleted record back as it was. Its row is always sent.

    If its author had not seen this deletion, a person decides.
    """
    record = run.work.record(op.record)
    assert record is not None
    prev, deletion = record.tail, record.head
    run.work.touch(record, moved=record.deleted)
    record.tail = op.stamp
    effect, merge_undone = Effect(record, "merged", prev), None
    if record.deleted and op.seen_head != deletion and run.authority.safeguards.base:
        bring_back(run, op, context, record, effect, deletion)
    elif record.deleted:
        record.deleted = False
        record.head = context.stamp
        if record.into is not None:
            merge_undone = deletion
            part(run.work, record)
        run.work.refers(record)
        ask_again(run.work, record, effect)
    after_undo(run, op, context, record, effect, merge=merge_undone)
    return effect


KINDS: Mapping[str, Callable[[Run, Operation, Context], Effect]] = {
    "create": create,
    "edit": edit,
    "transition": transition,
    "delete": delete,
    "restore": restore,
    "merge": merge,
    "resolve": resolve,
}
"""Kind → what it does."""
