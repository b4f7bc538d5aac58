"""Groups: operations that happen together or not at all.

A family moves: the household is made, three people go into it, an order is closed. Half
of that would be a file that nobody meant. So the members of a group are decided on a
branch of the batch, and what they did counts only if none of them was stopped.

Theory of operation. Members stand next to each other in one request. The first one that
is overtaken, held or rejected has its own outcome, as if it had come alone; the others
were not decided and are held, code ``group``. When what the stopped one waited for comes,
or a person lets any of them go, those that still wait are decided together again.

Invariants
    * Of a group that was stopped, nothing but the stopped member's own outcome happened.
    * No member is lost: each is applied, in conflict, rejected, or held where a person sees it.
    * A group is one device's own: nobody completes another's.

A field in conflict under ``ask`` stops nothing: its record is as its author left it, but
for that field.

>>> raw = {"group": {"id": "g1", "of": 2}}
>>> _id(raw), _id({}), _id("nonsense")
('g1', None, None)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from sync.batch import Ack
from sync.effects import Context, Hold
from sync.operation import Operation
from sync.store import Held

if TYPE_CHECKING:
    from sync.run import BatchRun

__all__ = ["name_of", "release", "take_all"]


class Member(NamedTuple):
    """A member to be decided. ``told``: its author was told before that it waits."""

    op: Operation
    context: Context
    told: bool = False


def name_of(op: Operation) -> str | None:
    """The name of an operation's group, over all devices."""
    return None if op.group is None else f"{op.device}:{op.group['id']}"


def _id(raw: Any) -> Any:
    group = raw.get("group") if isinstance(raw, dict) else None
    return group.get("id") if isinstance(group, dict) else None


def take_all(run: BatchRun, parsed: Sequence[Operation | Ack], raws: Sequence[Any]) -> list[Ack]:
    """The acks of a batch in which there are groups."""
    acks: list[Ack] = []
    pairs = zip(parsed, raws, strict=True)
    for mark, members in groupby(pairs, key=lambda pair: _id(pair[1])):
        if isinstance(mark, str):
            acks += _take(run, list(members))
        else:
            acks += [_alone(run, one, raw) for one, raw in members]
    return acks


def _alone(run: BatchRun, one: Operation | Ack, raw: Any) -> Ack:
    return run.take(one) if isinstance(one, Operation) else run.misread(one, raw)


def _take(run: BatchRun, pairs: list[tuple[Operation | Ack, Any]]) -> list[Ack]:
    """The acks of the members of one group that stand together in a request."""
    fresh = _fresh(run, pairs)
    if fresh:
        whole = all(isinstance(one, Operation) for one, _ in pairs)
        _decide_or_hold(run, list(fresh.values()), whole=whole)
    acks = []
    for one, raw in pairs:
        if isinstance(one, Operation) and fresh.pop(one.stamp, None) is not None:
            acks.append(run.answers[one.stamp])
        else:
            acks.append(_alone(run, one, raw))
    return acks


def _fresh(run: BatchRun, pairs: Iterable[tuple[Operation | Ack, Any]]) -> dict[str, Operation]:
    """The members that the server has not seen, by stamp."""
    fresh: dict[str, Operation] = {}
    for one, _ in pairs:
        if isinstance(one, Operation) and run.work.operation(one.stamp) is None:
            fresh.setdefault(one.stamp, one)
    return fresh


def _decide_or_hold(run: BatchRun, fresh: Sequence[Operation], *, whole: bool) -> None:
    """Decide members, with those of their group that wait since before, if the group is whole."""
    members = [Member(op, run.context(op)) for op in fresh]
    name = name_of(fresh[0])
    assert name is not None
    waiting = run.work.group(name)
    sizes = {op.group["of"] for op in fresh if op.group is not None}
    if not whole or sizes != {len(members) + len(waiting)}:
        # A member that could not be read was rejected: no other will come in its place.
        code = "group_incomplete" if whole else "group"
        for member in members:
            run.hold(member.op, member.context, Hold(code))
        return
    members += _released(run, waiting, forced=False)
    _decide(run, sorted(members, key=lambda member: member.op.stamp) if waiting else members)


def _released(run: BatchRun, waiting: Iterable[Held], *, forced: bool) -> Iterator[Member]:
    for held in waiting:
        told = run.work.release(held.stamp)
        op, context = run.released(held, forced=forced, told_before=told)
        yield Member(op, context, told)


def release(run: BatchRun, held: Held, *, forced: bool) -> Ack:
    """Decide a held member now, together with those of its group that wait too."""
    assert held.group is not None
    waiting = run.work.group(held.group)
    members = list(_released(run, waiting, forced=forced))
    if forced or {one.op.group["of"] for one in members if one.op.group} == {len(members)}:
        _decide(run, members)
    else:
        for member in members:  # One of them was stopped for good: a person must look.
            run.hold(member.op, member.context, Hold("group"))
    return run.answers[held.stamp]


def _decide(run: BatchRun, members: Sequence[Member]) -> None:
    """All of it, or the outcome of the one that stops it."""
    branch = run.branch()
    for member in members:
        ack = branch.decide(member.op, member.context)
        if _stops(ack):
            _stopped(run, members, member, ack)
            return
    run.absorb(branch)
    for member in members:
        if member.told:
            run.tell_released(member.op, run.answers[member.op.stamp])


def _stops(ack: Ack) -> bool:
    if ack.outcome == "conflict":
        return ack.problem is not None and ack.problem.code == "overtaken"
    return ack.outcome in ("held", "rejected")


def _stopped(run: BatchRun, members: Iterable[Member], stopped: Member, ack: Ack) -> None:
    """Nothing happened but to the stopped one; the others wait."""
    op, context = stopped.op, stopped.context
    problem = ack.problem
    assert problem is not None  # What stops says why.
    if ack.outcome == "rejected":
        run.reject(op, context, problem)
    elif ack.outcome == "held":
        run.hold(op, context, Hold(problem.code, needs=ack.needs, pointer=problem.pointer))
    else:
        alone = run.branch()
        if not _stops(alone.decide(op, context)):
            _overtaken_by_its_own(run, members, forced=context.forced)
            return
        run.absorb(alone)
    if stopped.told:
        run.tell_released(op, run.answers[op.stamp])
    for member in members:
        if member is not stopped:
            run.hold(member.op, member.context, Hold("group"))


def _overtaken_by_its_own(run: BatchRun, members: Iterable[Member], *, forced: bool) -> None:
    """A group that cannot be: two of its members take one step. A person may still take each."""
    for member in members:
        if not forced:
            run.hold(member.op, member.context, Hold("group"))
            continue
        run.tell_released(member.op, run.decide(member.op, member.context))
