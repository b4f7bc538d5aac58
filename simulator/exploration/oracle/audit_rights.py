"""The audit of rights: who changed what they might not, and who was turned away wrongly.

Roles come from the users' rows, ranges from the assignments' rows, what a role may do from
the catalogue document: nothing is asked of the engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from simulator.exploration.oracle.audit_wire import Exchange
from simulator.exploration.oracle.ledger import Change, Ledger, Op, Row

__all__ = ["audit_good_faith", "audit_rights"]

Wrong = tuple[int, str]

GRACE_MS = 30 * 86_400_000
_KEYS = {"create": "create", "edit": "edit", "delete": "delete", "restore": "delete"}
_RIGHTS = ("assignment", "user")
_TAKEN = ("applied", "merged", "conflict")
FOLLOWS = (("household", "resident", "household"), ("resident", "resident_restricted", "resident"))
"""Type, who lies where a record of it lies, and by which field they name it."""


def audit_rights(
    ledger: Ledger,
    changes: Sequence[Change],
    before: Mapping[str, Row | None],
    now_ms: int,
    *,
    knows_all: bool,
) -> Iterator[Wrong]:
    """Everything in a transaction that its authors had no right to, or that tells too much.

    ``knows_all``: the whole past was seen. Where records lay before a restore is not known.
    """
    for change in changes:
        if change.what != "op+":
            continue
        op = ledger.ops[change.key]
        if op.type == "notice" and op.kind == "create":
            yield from _notice(ledger, op, now_ms)
        elif op.outcome in _TAKEN and len(op.actor) == 36:
            yield from _role(ledger, op)
            if knows_all:
                yield from _range(ledger, op)
    for record, row in before.items():
        after = ledger.rows[record]
        if row is not None and row.get("grid") != after.get("grid"):
            yield from _followers(ledger, after)


def _role(ledger: Ledger, op: Op) -> Iterator[Wrong]:
    """What a role may not do is not taken, whoever asks; one has a role until it is changed."""
    past, key = ledger.past.get(op.actor), _KEYS.get(op.kind)
    if past is None or key is None or op.type not in ledger.specs:
        return
    roles = {row.get("role") for row in past}
    if roles.isdisjoint(ledger.specs[op.type].who.get(key, ())):
        yield 4, f"{op.stamp}: {roles} may not {op.kind} a {op.type}, and it was {op.outcome}"


def _range(ledger: Ledger, op: Op) -> Iterator[Wrong]:
    """What lay nowhere in a worker's range, then or ever, is not theirs to change."""
    if op.device.startswith("srv"):
        return  # People at desks may see the whole county.
    # An office that decides a conflict about an assignment may give it to somebody else.
    ever = {"shared", f"person:{op.actor}"} | {
        str(row.get("feed"))
        for assignment in ledger.assignments
        for row in ledger.past[assignment]
        if row.get("user") == op.actor
    }
    lay = {feed for row in ledger.past.get(op.record, ()) for feed in row.feeds()}
    if lay and not lay & ever:
        yield 4, f"{op.stamp} changed {op.type} {op.record}, which its author never read"


def _notice(ledger: Ledger, op: Op, now_ms: int) -> Iterator[Wrong]:
    """A notice tells values only to who reads the record now, and of restricted facts none."""
    told = op.fields
    record = ledger.rows.get(told.get("about_record") or "")
    if not op.device.startswith("srv"):
        return  # Its reader tells a server that came back from a copy what they had been told.
    if record is None or (told.get("before") is None and told.get("after") is None):
        return
    feeds, user = record.feeds(), told["user"]
    allowed = {"shared", f"person:{user}"} | {
        feed
        for _id, feed, since, until in ledger.grants(user)
        if since <= now_ms and (until is None or until > now_ms)
    }
    if any(feed.startswith("restricted:") for feed in feeds):
        yield 4, f"the notice {op.record} tells of restricted facts"
    elif allowed.isdisjoint(feeds):
        yield 4, f"the notice {op.record} tells {user} of a record that they do not read"


def _followers(ledger: Ledger, moved: Row) -> Iterator[Wrong]:
    """People lie where their household lies, and their restricted facts where they do."""
    for kind, follower, by in FOLLOWS:
        if moved.spec.name != kind or moved.deleted:
            continue
        for row in ledger.rows.values():
            here = row.spec.name == follower and row.get(by) == moved.id and not row.deleted
            if here and row.get("grid") != moved.get("grid"):
                yield 4, f"{follower} {row.id} stayed behind when {kind} {moved.id} moved"


def audit_good_faith(ledger: Ledger, told: Exchange, user: str, now_ms: int) -> Iterator[Wrong]:
    """Work for a grant that has just ended counts, as long as the tablet did not know."""
    if ledger.role_of(user) is None or told.hello["feeds"] is None:
        return
    if ledger.suspended(told.asked["device"]):
        for op, ack in zip(told.asked.get("operations") or (), told.acks, strict=False):
            if ack["outcome"] in _TAKEN and not ack.get("repeated"):
                yield 4, f"{op['stamp']} of a suspended device is {ack['outcome']}"
        return
    # (Who changes rights in the same request may have had them when the rest was taken.)
    regrants = any(op["type"] in _RIGHTS for op in told.asked.get("operations") or ())
    reach = Reach(ledger, told, user, now_ms)
    for op, ack in zip(told.asked.get("operations") or (), told.acks, strict=False):
        record = ledger.rows.get(op["record"])
        if record is None or ack.get("repeated"):
            continue
        code = (ack.get("problem") or {}).get("code")
        if ack["outcome"] in _TAKEN and not regrants:
            yield from _may_be_taken(ledger, reach, op, ack["outcome"], record)
        elif code == "deleted":
            seen = (op.get("base") or {}).get("*")
            # (Nobody's work is in a merge: that one of the two is deleted, its author is told.)
            if record.deleted and seen != record.head and op["kind"] != "merge":
                yield 2, f"{op['stamp']} was refused for a deletion that its author had not seen"
        elif code in ("review", "out_of_scope"):
            yield from _may_be_refused(ledger, reach, op, code, record)


def _may_be_taken(
    ledger: Ledger, reach: Reach, op: Mapping[str, Any], outcome: str, record: Row
) -> Iterator[Wrong]:
    if not reach.holds(record) and not _moved_later(ledger, op["stamp"], record):
        yield 4, f"{op['stamp']} came too late for a grant that ended, and is taken"
    into = ledger.rows.get(op.get("into") or "") if outcome == "applied" else None
    if into is not None and reach.feeds.isdisjoint(into.feeds()):
        yield 4, f"{op['stamp']} merged into {into.id}, which its author does not work with"


def _moved_later(ledger: Ledger, stamp: str, record: Row) -> bool:
    """Whether something that had waited moved a record away after an operation was taken."""
    names = [by for _kind, by in record.spec.feed_rules if by not in (None, "record")]
    decided = [one.stamp for one in ledger.history(record.id)]
    later = decided[decided.index(stamp) + 1 :] if stamp in decided else ()
    return any(record.version(str(name)) in later for name in names)


def _may_be_refused(
    ledger: Ledger, reach: Reach, op: Mapping[str, Any], code: str, record: Row
) -> Iterator[Wrong]:
    if op["kind"] == "merge" and _other_is_not_theirs(ledger, reach, op["into"]):
        return
    moving = {by for _kind, by in record.spec.feed_rules} & (op.get("fields") or {}).keys()
    if not moving and (reach.grace & set(record.feeds()) or reach.had(record)):
        yield 2, f"{op['stamp']} was made before its author was reassigned, and is {code}"


def _other_is_not_theirs(ledger: Ledger, reach: Reach, into: str) -> bool:
    """Whether the other of two is not theirs any more, or nothing: no create of it waits even."""
    row = ledger.rows.get(into)
    if row is not None:
        return reach.feeds.isdisjoint(row.feeds())
    return all(one.kind != "create" for one in ledger.of_record.get(into, ()))


class Reach:
    """What the author of a request may change: what they read, and what they could not know to
    have lost: feeds of grants that ended, and records that left after their cursor. 30 days."""

    def __init__(self, ledger: Ledger, told: Exchange, user: str, now_ms: int) -> None:
        self.ledger, self.now_ms = ledger, now_ms
        checkpoint, grants = told.asked["checkpoint"], ledger.grants(user)
        self.grace = {
            feed
            for assignment, feed, _since, until in (*grants, *_taken_away(ledger, user))
            if until is not None
            and 0 <= now_ms - until <= GRACE_MS
            and _generation(checkpoint.get(feed)) == assignment[-12:]
        }
        self.feeds = self.grace | set(told.hello["feeds"])
        now = {
            feed: assignment[-12:]
            for assignment, feed, since, until in sorted(
                grants, key=lambda one: (one[2], one[0][-12:])
            )[::-1]
            if since <= now_ms and (until is None or until > now_ms)
        }
        self._cursors = {
            feed: int(parts[2].partition("-")[0], 16)
            for feed, parts in ((one, str(checkpoint.get(one)).split(".")) for one in self.feeds)
            if len(parts) == 4
            and parts[0] == told.hello["epoch"]
            and (feed in self.grace or parts[1] == now.get(feed, "0"))
        }

    def holds(self, record: Row) -> bool:
        """Whether a change of this record is to be taken from them."""
        return not self.feeds.isdisjoint(record.feeds()) or self.had(record)

    def had(self, record: Row) -> bool:
        """Whether a record left after what they had been told, and not long ago."""
        names = [by for _kind, by in record.spec.feed_rules if by not in (None, "record")]
        moves = [self.ledger.ops.get(record.version(name)) for name in names]
        moved = max((op.received for op in moves if op is not None), default=None)
        if moved is not None and self.now_ms - moved > GRACE_MS:
            return False
        left = self.ledger.left(record.id)
        return any(seq > self._cursors.get(feed, seq) for feed, seq in left)


def _taken_away(ledger: Ledger, user: str) -> Iterator[tuple[str, str, int, int | None]]:
    """The grants that their assignments name no more: it was deleted, or is somebody else's."""
    for assignment in ledger.assignments:
        for row, after in pairwise(ledger.past[assignment]):
            had = row.get("user"), row.get("feed")
            gone = after.deleted or had != (after.get("user"), after.get("feed"))
            op = ledger.ops.get(after.head)
            if op is not None and gone and not row.deleted and had[0] == user:
                ended = min(row.get("until") or op.received, op.received)
                yield assignment, str(had[1]), row.get("since"), ended


def _generation(cursor: Any) -> str | None:
    parts = cursor.split(".") if isinstance(cursor, str) else ()
    return parts[1] if len(parts) == 4 else None
