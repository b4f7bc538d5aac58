"""Reactions: what the server itself changes when a record changes.

A household that moves to another grid takes its people along; whoever edited the
household meant that, and nobody should do it by hand, resident by resident. A reaction
answers with drafts; the authority carries them out as the server's own operations, in
the same transaction, naming their cause, so that they stand in the history too.

Invariants
    * A reaction reads through the unit of work alone and changes nothing itself.
    * It follows an operation once: a repeat or a rebuild never runs it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

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


REACTIONS: tuple[Reaction, ...] = tuple(
    Reaction(kind, frozenset(name for one in followers for name in one.fields), follow)
    for kind, followers in FOLLOWERS.items()
)
"""Every reaction, in the order in which they run."""
