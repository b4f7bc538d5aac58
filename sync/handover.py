"""After a handover: who works with a record now is told what is still changed in it.

A worker who lost a grid, or whose record moved, may hand in what they made before they
knew. It applies, and what they made after the change is marked late. The new worker
did not ask for that and would not see it among all that a first exchange brings, so it
is told to them.

Invariants
    * An operation is told once, with its first outcome: a repeat is not decided again.
    * Its author is told nothing; nor is anybody of an operation that changed nothing.
    * Values are told only to who may read them, which ``Authority.notify`` sees to.

This module never asks who works where, or when: the authority was given that (``keepers``,
``left``).
"""

from __future__ import annotations

from typing import Any, Protocol

from sync.effects import Effect, Labels
from sync.operation import Operation
from sync.record import Record
from sync.stamps import is_server
from sync.work import Work

__all__ = ["is_late", "tell"]


class Run(Protocol):
    """What is needed of the batch that the operation came in."""

    work: Work
    authority: Any
    now_ms: int


def is_late(run: Run, op: Operation, record: Record, *, corrected_ms: int) -> bool:
    """Whether an operation that waited was made after its record had changed hands.

    It is decided in the scope that its author had when it came; since then a grant may have
    ended, or the record have moved to where its author never worked.
    """
    if is_server(op.stamp):
        return False
    left = run.authority.left(run.work, op.actor, record, now_ms=run.now_ms)
    if left == 0:
        moves = {record.version(name) for name in record.spec.feed_fields}
        found = (run.work.operation(one) for one in moves if one != op.stamp)
        left = max((one.received for one in found if one is not None), default=None)
    return left is not None and corrected_ms > left


def tell(run: Run, op: Operation, effect: Effect) -> None:
    """Write a notice about a late operation to each who works with its record now."""
    names = _changed(op, effect)
    if not names:
        return
    record, author = effect.record, run.work.record(op.actor)
    who = (author.get("name") if author is not None else None) or "?"
    present = {name: record.get(name) for name in names if name in {*effect.was, *effect.mixed}}
    for user in run.authority.keepers(run.work, record, now_ms=run.now_ms):
        if user != op.actor:
            run.authority.notify(
                run,
                user=user,
                about=op.stamp,
                outcome=effect.outcome,
                code="late",
                params=Labels(record, names) | {"who": who},
                before={name: before for name, (before, _) in effect.was.items()},
                after=present,
                about_type=record.spec.name,
                about_record=record.id,
            )


def _changed(op: Operation, effect: Effect) -> list[str]:
    """The fields that the operation changed; ``*`` where it made, took out or brought back."""
    if op.kind in ("edit", "transition", "resolve"):
        return sorted(effect.changed(op))
    return [] if effect.outcome == "conflict" else ["*"]
