"""The audit of decisions: what a decision brings about, and that its authors are told.

A conflict is settled, a settlement is undone, two records become one and part again. Each time
something that somebody had typed gives way or comes back; they are told by a notice, and
what is undone is as open as it was before.

Every rule here is one sentence of the contract, asked of the ledger after a transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from simulator.exploration.oracle.audit_redaction import excused
from simulator.exploration.oracle.ledger import Change, ConflictRow, Ledger, Op, Row

__all__ = ["audit_decisions"]

Wrong = tuple[int, str]
Notices = set[tuple[str, str, str]]

_TAKEN = ("applied", "merged", "conflict")
_SETTLE = ("administrator",)


def audit_decisions(
    ledger: Ledger,
    changes: Sequence[Change],
    before: Mapping[str, Row | None],
    were: Mapping[str, ConflictRow],
) -> Iterator[Wrong]:
    """Everything that is wrong with what was decided in one transaction.

    ``before``, ``were``: the rows that it changed, and all conflicts, as they had been.
    """
    new = [ledger.ops[one.key] for one in changes if one.what == "op+"]
    notices: Notices = set()
    for op in new:
        if op.type == "notice" and op.kind == "create" and op.device.startswith("srv"):
            told = op.fields
            notices.add((told["about"], told["user"], told["code"]))
            yield from _reader(ledger, op)
    let_go = [ledger.ops[one.key] for one in changes if one.what == "op~" and one.old == "held"]
    taken = [op for op in (*new, *let_go) if op.outcome in _TAKEN and not excused(op)]
    alone = {op.record: op for op in taken}
    several = {op.record for op in taken if alone[op.record] is not op and op.cause is None}
    for op in taken:
        was = before.get(op.record) if op.record not in several else None
        if op.kind == "resolve":
            yield from _settled(ledger, op, was, notices)
        if op.raw.get("undoes"):
            yield from _undone(ledger, op, was, notices, were)
        if op.kind == "restore" and was is not None and was.deleted:
            yield from _parted(ledger, op, was)
        if op.kind == "merge" and op.outcome == "applied":
            yield from _one(ledger, op)


def _is_person(user: str) -> bool:
    return len(user) == 36


def _reader(ledger: Ledger, notice: Op) -> Iterator[Wrong]:
    """A notice is for the author of what it is about; but of late work, for others."""
    about, told = ledger.ops.get(notice.fields["about"]), notice.fields
    if about is not None and (about.actor == told["user"]) == (told["code"] == "late"):
        yield 2, f"the notice {notice.record} about {about.stamp} is for {told['user']}"


# A conflict is settled ---------------------------------------------------------------------------


def _settled(ledger: Ledger, op: Op, was: Row | None, notices: Notices) -> Iterator[Wrong]:
    """Whose value waited is told; and so is whose value stood, if it gives way."""
    conflict = ledger.conflicts.get(op.raw["conflict"])
    if conflict is None:
        return
    waited: set[str] = set()
    for name, part in conflict.fields.items():
        if name in op.fields and part["closed_by"] == op.stamp and not part.get("hidden"):
            waited |= {part["stamp"], conflict.id} if name == "*" else {part["stamp"]}
    for stamp in sorted(waited):
        yield from _is_told(ledger, stamp, op, "settled", notices)
    after = ledger.rows[op.record]
    for name in op.fields:
        if was is None or name == "*" or after.version(name) != op.stamp:
            continue
        if was.get(name) != after.get(name) and was.version(name) != conflict.id:
            yield from _is_told(ledger, was.version(name), op, "replaced", notices)


def _is_told(ledger: Ledger, stamp: str, by: Op, code: str, notices: Notices) -> Iterator[Wrong]:
    about = ledger.ops.get(stamp)
    if about is None or about.actor == by.actor or ledger.rows.get(about.actor) is None:
        return
    if _is_person(about.actor) and (stamp, about.actor, code) not in notices:
        yield 2, f"{stamp} was {code} by {by.stamp}, and its author was not told"


# A decision is undone ----------------------------------------------------------------------------


def _undone(
    ledger: Ledger,
    op: Op,
    was: Row | None,
    notices: Notices,
    were: Mapping[str, ConflictRow],
) -> Iterator[Wrong]:
    """Who is undone is told; and what a decision had settled is open again, if they may say so."""
    undone = ledger.ops.get(op.raw["undoes"])
    if undone is None or undone.record != op.record or undone.outcome in ("held", "rejected"):
        return
    if undone.kind == "resolve":
        yield from _open_again(ledger, op, undone, were)
    after = ledger.rows[op.record]
    changed = [
        name
        for name in op.fields
        if was is not None
        and name in undone.fields
        and after.version(name) == op.stamp
        and after.spec.policy.get(name) != "append"
    ]
    if changed:
        yield from _is_told(ledger, undone.stamp, op, "undone", notices)


def _open_again(
    ledger: Ledger, op: Op, undone: Op, were: Mapping[str, ConflictRow]
) -> Iterator[Wrong]:
    named = undone.raw["conflict"]
    role = "system" if op.actor == "system" else ledger.role_of(op.actor)
    may = role == "system" or role in ledger.specs[op.type].who.get("resolve", _SETTLE)
    closed = _closed_by(ledger.conflicts.get(named), undone.stamp)
    if not may and len(closed) < len(_closed_by(were.get(named), undone.stamp)):
        yield 8, f"{op.stamp} opened {named} again, and {role} may not decide it"
    if closed and may:
        yield 8, f"{op.stamp} undid {undone.stamp}, and {closed} is still settled by it"


def _closed_by(conflict: ConflictRow | None, stamp: str) -> list[str]:
    if conflict is None:
        return []
    return [name for name, part in conflict.fields.items() if part["closed_by"] == stamp]


def _parted(ledger: Ledger, op: Op, was: Row) -> Iterator[Wrong]:
    """A merge is undone by a restore, and then the conflict that it settled is open again.

    Where the one that it is kept with was deleted meanwhile there are no two to ask about.
    """
    merge = ledger.ops.get(was.head)
    if merge is None or merge.kind != "merge" or ledger.rows[op.record].deleted:
        return
    conflict = ledger.conflicts.get(merge.conflict or "")
    if conflict is not None and ledger.rows[conflict.record].deleted:
        return
    follows = [one.stamp for one in ledger.ops.values() if one.cause == merge.stamp]
    for stamp in (merge.stamp, *follows):
        closed = _closed_by(conflict, stamp)
        if closed:
            yield 8, f"{op.stamp} undid {merge.stamp}, and {closed} is still settled by it"


# Two become one ----------------------------------------------------------------------------------


def _one(ledger: Ledger, op: Op) -> Iterator[Wrong]:
    """A merge settles the conflict in which the two were put beside each other."""
    row, pair = ledger.rows[op.record], {op.record, op.raw["into"]}
    if not row.deleted:
        return  # It is back already, within the same transaction.
    for conflict in ledger.conflicts.values():
        part = conflict.fields.get("*")
        if part is None or part["code"] != "duplicate" or part["closed_by"] is not None:
            continue
        # (A third record that is like both is a question of its own.)
        if conflict.record in pair and pair <= {conflict.record, *part["others"]}:
            yield 8, f"{op.stamp} made two records one, and {conflict.id} still asks about them"
