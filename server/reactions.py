"""Reactions: what the server itself changes when a record changes.

A household that moves to another grid takes its people along; whoever edited the
household meant that, and nobody should do it by hand, resident by resident. A reaction
answers with drafts; the authority carries them out as the server's own operations, in
the same transaction, naming their cause, so that they stand in the history too.

An assignment that is given to somebody else, or deleted, took a grant from whoever had it, and
nothing would say that they ever had one: what waits on their tablet would be a stranger's. So
an assignment that ended stays behind, as if it had been ended by its date.

Invariants
    * A reaction reads through the unit of work alone and changes nothing itself.
    * It follows an operation once: a repeat or a rebuild never runs it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from server.devices import ENDED_GRANTS_MS
from sync.authority import Reaction
from sync.operation import Operation
from sync.record import Record
from sync.work import Work

__all__ = ["FOLLOWERS", "REACTIONS"]


class Follower(NamedTuple):
    """Records of ``type`` lie where the record that their field ``by`` names lies."""

    type: str
    by: str
    fields: tuple[str, ...]


FOLLOWERS: Mapping[str, tuple[Follower, ...]] = {
    "household": (Follower("resident", "household", ("grid",)),),
    "resident": (Follower("resident_restricted", "resident", ("grid",)),),
}
"""Type → what follows it. Restricted facts follow their resident."""


def follow(work: Work, op: Operation, record: Record) -> Iterator[Mapping[str, Any]]:
    """Move what belongs to a record along with it."""
    for follower in FOLLOWERS[record.spec.name]:
        moved = [name for name in follower.fields if name in op.fields]
        moved = [name for name in moved if record.version(name) == op.stamp]
        if op.kind == "create" or not moved:
            continue
        for one in work.referring(follower.type, follower.by, record.id):
            other = work.record(one)
            if other is None or other.deleted:
                continue
            fields = {name: record.get(name) for name in moved}
            if any(other.get(name) != value for name, value in fields.items()):
                yield {"type": follower.type, "record": one, "kind": "edit", "fields": fields}


_GRANT = ("user", "feed", "since", "until")


def leave_ended(work: Work, op: Operation, record: Record) -> Iterator[Mapping[str, Any]]:
    """Keep that somebody had a grant which their assignment says no more."""
    known = work.operation(op.stamp)
    if known is None or op.kind in ("create", "restore") or _was_deleted(work, op):
        return
    now = {name: record.get(name) for name in _GRANT}
    had = now | {name: old for name, (old, _) in (known.was or {}).items() if name in _GRANT}
    at = known.received
    gone = record.deleted or now["since"] > at or any(now[one] != had[one] for one in _GRANT[:2])
    until = at if had["until"] is None else min(had["until"], at)
    if gone and had["since"] <= at and at - until <= ENDED_GRANTS_MS:
        yield {
            "type": "assignment",
            "record": _same_grant(record.id, op.stamp),
            "kind": "create",
            "fields": {**had, "until": until},
        }


def _was_deleted(work: Work, op: Operation) -> bool:
    """Whether a merge is of an assignment that had been deleted: its grant ended long before."""
    if op.kind != "merge":
        return False
    past = (one for one in work.history(op.record) if one.stamp != op.stamp)
    return next((one.kind for one in past if one.kind in ("delete", "restore")), "") == "delete"


def _same_grant(assignment: str, stamp: str) -> str:
    """An id with the end of another, which is the generation of its grant: tablets name that.

    >>> _same_grant("0199a1b2-0000-7000-8000-0123456789ab", "0199a1b2c3d4-0000-srv11111xxxx")
    '0199a1b2-c3d4-7e4e-8e0f-0123456789ab'
    """
    drawn = hashlib.sha256(f"{assignment} {stamp}".encode()).hexdigest()
    return f"{stamp[:8]}-{stamp[8:12]}-7{drawn[:3]}-8{drawn[3:6]}-{assignment[-12:]}"


REACTIONS: tuple[Reaction, ...] = (
    *(
        Reaction(kind, frozenset(name for one in followers for name in one.fields), follow)
        for kind, followers in FOLLOWERS.items()
    ),
    Reaction("assignment", None, leave_ended),
)
"""Every reaction, in the order in which they run."""
