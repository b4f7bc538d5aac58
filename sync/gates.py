"""The gates: what every operation passes before its kind decides, in one order.

The order matters. What is malformed is refused before it is asked whether its author may;
what waits for something is held before its scope is judged by a record that is not here
yet; and nobody learns from a refusal whether a record exists that they may not read.

Invariants
    * A gate changes nothing: it raises ``Refusal`` or ``Hold``, or lets pass.
    * Nothing is decided for a caller whose scope and role do not allow it.
"""

from __future__ import annotations

from typing import Any, Protocol

from sync.batch import Batch
from sync.catalogue import RecordType
from sync.effects import Context, Hold
from sync.errors import Problem, Refusal
from sync.kinds import may
from sync.operation import Operation, check_values
from sync.record import Record
from sync.scope import GRACE_MS, Scope, Standing
from sync.stamps import is_server, wall_of
from sync.work import Work

__all__ = ["AHEAD_MS_MAX", "parents", "pass_all", "was_theirs"]

AHEAD_MS_MAX = 24 * 3_600_000
"""A stamp whose wall part is further ahead of both clocks than this is looked at by a person."""


class Run(Protocol):
    """What the gates ask of the batch that an operation came in."""

    work: Work
    batch: Batch
    authority: Any


def pass_all(run: Run, op: Operation, context: Context) -> bool:
    """Whether the operation is late; raises if it may not be decided now."""
    spec = _well_formed(run, op, context)
    _may_be_decided_now(run, op, context)
    record = run.work.record(op.record)
    _has_what_it_needs(run, op, context, spec, record)
    late = _within_scope(run, op, context, spec, record)
    if record is None and op.kind != "create":
        raise Refusal(Problem("unknown_record", pointer="/record"))
    if record is not None and record.spec is not spec:
        raise Refusal(Problem("wrong_type", pointer="/type", params={"type": op.type}))
    if record is not None and op.kind == "create":
        raise Refusal(Problem("record_exists", pointer="/record"))
    return late


def _well_formed(run: Run, op: Operation, context: Context) -> RecordType:
    if context.scope.device is not None and op.actor != context.scope.user:
        raise Refusal(Problem("not_your_actor", pointer="/actor"))
    spec: RecordType | None = run.authority.catalogue.get(op.type)
    if spec is None:
        raise Refusal(Problem("unknown_type", pointer="/type", params={"type": op.type}))
    check_values(op, spec, stood=_put_back(run, op, spec) if op.raw.get("undoes") else None)
    return spec


def _put_back(run: Run, op: Operation, spec: RecordType) -> dict[str, set[str]]:
    """The words that stood in the sets before what an undo undoes: choices or not, they may
    stand there again. What was not taken changed nothing, so it tells of no words."""
    undone = run.work.operation(op.raw["undoes"])
    if undone is None or undone.record != op.record or not undone.was:
        return {}
    return {
        name: set(undone.was.get(name, ([],))[0] or ())
        for name in op.fields
        if name in spec.by_name and spec.by_name[name].policy == "set"
    }


def _may_be_decided_now(run: Run, op: Operation, context: Context) -> None:
    batch = run.batch
    if not context.released:
        clocks = (batch.received_ms, batch.sent_ms or 0)
        if wall_of(op.stamp) > max(clocks) + AHEAD_MS_MAX:
            raise Hold("stamp_ahead", pointer="/stamp")
    if context.scope.suspended:
        raise Hold("review")


def _has_what_it_needs(
    run: Run, op: Operation, context: Context, spec: RecordType, record: Record | None
) -> None:
    """Hold what was based on something that the server does not have, or did not accept."""
    if not (context.forced or context.scope.is_system):
        _has_others(run, op, spec)
    if op.kind == "create":
        return
    for name, seen in op.base.items():
        if seen is None or (record is not None and seen == _present(record, name)):
            continue
        stored = run.work.operation(seen)
        if stored is not None and stored.record != op.record:
            # Nobody has seen it there, and nobody is to compare texts with what they may not read.
            pointer = f"/base/{name}"
            raise Refusal(Problem("malformed", pointer=pointer, params={"what": "base"}))
        if context.forced:
            continue
        if stored is None:
            if not is_server(seen):
                raise Hold("needs", needs=seen, pointer=f"/base/{name}")
        elif stored.outcome in ("held", "rejected"):
            raise Hold("depends_on_rejected", needs=seen, pointer=f"/base/{name}")


def _has_others(run: Run, op: Operation, spec: RecordType) -> None:
    """Hold the children of a create that was itself held or rejected, then or long before.

    So is a merge into what that create would have made: it is all that its author sees there.
    """
    others = parents(op, spec) if op.kind == "create" else []
    if op.kind == "merge" and run.work.record(op.raw["into"]) is None:
        others = [op.raw["into"]]
    for other in others:
        kept = run.work.kept_create(other)
        if kept is not None:
            raise Hold("depends_on_rejected", needs=kept.stamp)


def parents(op: Operation, spec: RecordType) -> list[str]:
    """The records that a create refers to."""
    values = map(op.fields.get, spec.references)
    return [value for value in values if isinstance(value, str)]


def _present(record: Record, name: str) -> str:
    return record.head if name == "*" else record.version(name)


def _within_scope(
    run: Run, op: Operation, context: Context, spec: RecordType, record: Record | None
) -> bool:
    scope = context.scope
    if scope.is_system:
        return False
    standing, late_after = _standing(run, op, scope, spec, record)
    if standing == "review":
        raise Hold("review")
    if standing == "out" and run.authority.safeguards.scope:
        raise Refusal(Problem("out_of_scope", pointer="/record"))
    if op.kind != "transition" and not may(scope.role, spec, op.kind):
        raise Refusal(Problem("not_allowed", pointer="/kind"))
    return late_after is not None and context.corrected_ms > late_after


def was_theirs(run: Run, op: Operation, scope: Scope) -> bool:
    """Whether an operation is about what this caller read once and reads no more.

    A person may still let that be changed; nobody lets a caller change what was never theirs.
    """
    spec = run.authority.catalogue[op.type]
    standing, _ = _standing(run, op, scope, spec, run.work.record(op.record))
    return standing in ("grace", "review")


def _standing(
    run: Run, op: Operation, scope: Scope, spec: RecordType, record: Record | None
) -> tuple[Standing, int | None]:
    """Where the caller stands to the record, and from when on (ms) a change of it is late."""
    feeds: tuple[str, ...] = ()  # Of no record: a stranger is told no more than of one elsewhere.
    if record is not None:
        feeds = record.feeds()
    elif op.kind == "create":
        feeds = spec.feeds_of(op.record, [op.fields.get(field.name) for field in spec.fields])
    standing = scope.judge(feeds)
    if standing == "grace":
        return standing, max(scope.grace.get(feed, 0) for feed in feeds)
    if standing != "active" and record is not None:
        return _left(run, record, scope, standing)
    return standing, None


def _left(
    run: Run, record: Record, scope: Scope, standing: Standing
) -> tuple[Standing, int | None]:
    """A record that moved away: for a while still to be changed by who was not told of it."""
    feeds = sorted({*(scope.reads or ()), *scope.grace})
    placed = run.work.tx.placed(feeds, [record.id]).get(record.id, {})
    left = {feed: seq for feed, (seq, state) in placed.items() if state == "left"}
    if not left:
        return standing, None
    positions = run.batch.positions
    if any(feed in positions and seq > positions[feed] for feed, seq in left.items()):
        moves = [run.work.operation(record.version(name)) for name in record.spec.feed_fields]
        moved = max((one.received for one in moves if one is not None), default=None)
        if moved is None or run.batch.received_ms - moved <= GRACE_MS:
            return "grace", moved
    return "review", None
