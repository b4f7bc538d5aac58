"""The audit of handovers: who works with a record now is told what others still change in it.

A worker who was reassigned hands in what they made before they knew, and it counts. Whoever
keeps the record now did not ask for that; they learn it by a notice, or not at all. So what
was made after its record had changed hands is marked *late*, and each keeper is told of it,
once.

Where several grants ended, or the same transaction moves the record or changes rights, the
contract leaves open from when on work is late: nothing is asked then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from simulator.exploration.oracle.audit_rights import GRACE_MS
from simulator.exploration.oracle.ledger import Change, Ledger, Op, Row

__all__ = ["audit_handover"]

Wrong = tuple[int, str]

_KEEPERS = ("grid_worker", "grid_chief")
_RIGHTS = ("assignment", "user")
_TAKEN = ("applied", "merged", "conflict")


def audit_handover(
    ledger: Ledger,
    changes: Sequence[Change],
    before: Mapping[str, Row | None],
    now_ms: int,
    saw: Callable[[str], None],
) -> Iterator[Wrong]:
    """Everything that is wrong with what one transaction took, and told, of late work."""
    new = [ledger.ops[one.key] for one in changes if one.what == "op+"]
    told = _told(new)
    let_go = [ledger.ops[one.key] for one in changes if one.what == "op~" and one.old == "held"]
    decided = [one for one in (*new, *let_go) if one.outcome in _TAKEN and _by_tablet(one)]
    yield from _too_much(ledger, told, {op.stamp: op for op in decided})
    if any(op.type in _RIGHTS for op in new):
        return
    for op in decided:
        row, here = ledger.rows[op.record], before.get(op.record) or ledger.rows[op.record]
        if sorted(here.feeds()) != sorted(row.feeds()) or _reads(ledger, op.actor, row, now_ms):
            continue
        if not (released := op in let_go):
            since = _lost(ledger, op, row, now_ms)
        else:
            since = _lost_by_now(ledger, op, row)
        if not since or min(since) < op.corrected <= max(since):
            continue
        late = op.corrected > max(since)
        if ledger.late(op.stamp) != late and not released:
            yield 2, f"{op.stamp} was made at {op.corrected}, and is late: {not late}"
        saw(f"handover:{'late' if late else 'in_time'}")
        if late and _changed(op, row, here, new):
            for keeper in _keepers(ledger, row, now_ms):
                if keeper != op.actor and keeper not in told.get(op.stamp, ()):
                    yield 2, f"{op.stamp} came late, and {keeper} was not told"


def _told(new: Sequence[Op]) -> dict[str, list[str]]:
    """Late operation → who is told of it."""
    told: dict[str, list[str]] = {}
    for op in new:
        is_notice = op.type == "notice" and op.kind == "create" and op.device.startswith("srv")
        if is_notice and op.fields["code"] == "late":
            told.setdefault(op.fields["about"], []).append(op.fields["user"])
    return told


def _by_tablet(op: Op) -> bool:
    return len(op.actor) == 36 and not op.device.startswith("srv")


def _too_much(
    ledger: Ledger, told: Mapping[str, Sequence[str]], decided: Mapping[str, Op]
) -> Iterator[Wrong]:
    for stamp, readers in told.items():
        op = decided.get(stamp)
        if op is None or not ledger.late(stamp):
            yield 2, f"{readers} were told that {stamp} came late, and it did not"
        elif len(set(readers)) < len(readers) or op.actor in readers:
            yield 2, f"{readers} were told of {stamp}, once too often"


def _lasting(since: int, until: int | None, now_ms: int) -> bool:
    return since <= now_ms and (until is None or until > now_ms)


def _reads(ledger: Ledger, user: str, row: Row, now_ms: int) -> bool:
    """Whether somebody works where a record is."""
    own = {"shared", f"person:{user}"}
    for _id, feed, since, until in ledger.grants(user):
        if _lasting(since, until, now_ms):
            own.add(feed)
    return not own.isdisjoint(row.feeds())


def _lost(ledger: Ledger, op: Op, row: Row, now_ms: int) -> list[int]:
    """When its author may have ceased to work with a record: each time that it may have been."""
    ends = [
        until
        for _id, feed, _since, until in ledger.grants(op.actor)
        if feed in row.feeds() and until is not None and 0 <= now_ms - until <= GRACE_MS
    ]
    return [*ends, *_moved(ledger, op, row)]


def _lost_by_now(ledger: Ledger, op: Op, row: Row) -> list[int]:
    """The same of what waited: it is asked now, whatever the tablet knew then."""
    grants = ledger.grants(op.actor)
    ends = [until for _id, feed, _since, until in grants if feed in row.feeds() and until]
    return [max(ends)] if ends else _moved(ledger, op, row)


def _moved(ledger: Ledger, op: Op, row: Row) -> list[int]:
    names = [by for _kind, by in row.spec.feed_rules if by not in (None, "record")]
    moves = (ledger.ops.get(row.version(str(name))) for name in names)
    found = [one.received for one in moves if one is not None and one.stamp != op.stamp]
    return [max(found)] if found else []


def _changed(op: Op, row: Row, before: Row, new: Sequence[Op]) -> bool:
    """Whether the record surely is another for an operation's sake."""
    if op.kind in ("create", "delete", "merge", "restore"):
        return row.head == op.stamp and op.outcome != "conflict"
    written = {op.stamp, *(one.stamp for one in new if one.cause == op.stamp)}
    appended = {name for name in op.fields if row.spec.policy.get(name) == "append"}
    return bool(appended) or any(
        row.version(name) in written and row.version(name) != before.version(name)
        for name in op.fields
        if name in row.spec.policy
    )


def _keepers(ledger: Ledger, row: Row, now_ms: int) -> list[str]:
    """Each grid worker and chief who holds the record's grid now."""
    grids = {feed for feed in row.feeds() if feed.startswith(("grid:", "restricted:"))}
    holders = {
        str(one.get("user"))
        for one in ledger.rows.values()
        if one.spec.name == "assignment"
        and not one.deleted
        and one.get("feed") in grids
        and _lasting(one.get("since"), one.get("until"), now_ms)
    }
    return sorted(user for user in holders if ledger.role_of(user) in _KEEPERS)
