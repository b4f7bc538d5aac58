"""The audit of a tablet: what is on its disk, against what the server holds.

The disk is read through its storage, which only keeps; nothing of the replica is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from simulator.exploration.oracle.audit_aliases import audit_aliases
from simulator.exploration.oracle.audit_redaction import excused
from simulator.exploration.oracle.ledger import Ledger, Row

if TYPE_CHECKING:
    from simulator.exploration.tablet import Tablet

__all__ = ["audit_cursors", "audit_end"]

Wrong = tuple[int, str]


def _position(cursor: str | None) -> tuple[str, int] | None:
    """(epoch, sequence) in a cursor. The oracle may look inside; a device may not."""
    parts = (cursor or "").split(".")
    if len(parts) != 4:
        return None
    reached, _, _ = parts[2].partition("-")  # and, of a set still under way, where it will end
    return parts[0], int(reached, 16)


def audit_cursors(ledger: Ledger, tablet: Tablet, damaged: Collection[str] = ()) -> Iterator[Wrong]:
    """A cursor never passes a change that was not applied. ``damaged``: rows that went wrong."""
    epoch = ledger.epoch()
    with tablet.disk.read() as shelf:
        for name, feed in shelf.feeds().items():
            at = _position(feed.cursor)
            if at is None or at[0] != epoch or feed.evicted or feed.resetting:
                continue
            entries = ledger.entries(name, upto=at[1])
            heads = shelf.heads(entries)
            gone = any(state in ("left", "deleted") for state, _ in entries.values())
            members = frozenset(shelf.members(name) if gone else ())
            suspects = [
                (record, state, head)
                for record, (state, head) in entries.items()
                if state != "live" or heads.get(record) != head
            ]
            for record, state, head in suspects:
                mine = heads.get(record)
                if record in damaged:
                    continue
                if state == "live" and mine != head:
                    yield (
                        7,
                        (
                            f"{tablet.name} is past {record} in {name}, with the head {mine} and "
                            f"not {head}"
                        ),
                    )
                elif state == "left" and record in members:
                    yield 7, f"{tablet.name} is past the leaving of {record} from {name}"
                elif state == "deleted" and mine is not None and record in members:
                    yield 7, f"{tablet.name} is past the deletion of {record} in {name}"


def audit_end(ledger: Ledger, tablet: Tablet, allowed: frozenset[str]) -> Iterator[Wrong]:
    """After healing: the disk holds the server's view, field by field, and nothing else."""
    wanted = {
        row.id: row
        for row in ledger.rows.values()
        if not row.deleted and not allowed.isdisjoint(row.feeds())
    }
    with tablet.disk.read() as shelf:
        kinds = sorted({row.spec.name for row in ledger.rows.values()})
        here = [record for kind in kinds for record in shelf.records(kind)]
        stored = {record: one for record, one in shelf.rows(here).items() if not one.deleted}
        waiting = shelf.count("waiting")
        digests = {name: (feed.live, feed.sum) for name, feed in shelf.feeds().items()}
        kept = {one.stamp for one in shelf.in_state("held", "rejected")}
    if waiting:
        yield 5, f"{waiting} operations still wait on {tablet.name}"
    for record in sorted(stored.keys() - wanted.keys()):
        yield 4, f"{stored[record].type} {record} is on {tablet.name}, which may not have it"
    for record in sorted(wanted.keys() - stored.keys()):
        yield 1, f"{wanted[record].spec.name} {record} is missing on {tablet.name}"
    for record in sorted(wanted.keys() & stored.keys()):
        one = stored[record]
        mine = dict(zip(one.keys, one.row, strict=False))
        yield from _same(tablet.name, mine, wanted[record])
    for feed, digest in digests.items():
        if feed in allowed and digest != ledger.own_digest(feed):
            yield 12, f"{tablet.name} has the digest {digest} of {feed}, not the server's"
    yield from audit_aliases(ledger, tablet, wanted.values(), allowed)
    yield from _author_told(ledger, tablet, kept)


def _same(name: str, mine: dict[str, Any], row: Row) -> Iterator[Wrong]:
    told = dict(mine)
    versions = told.get("vx") or {}
    if (told["head"], sorted(told["c"] or ())) != (row.head, sorted(row.c)):
        yield 1, f"{row.id} on {name} has another head or other marks than the server's"
    if (told.get("x") or {}) != (row.raw[5] or {}):
        yield 1, f"{row.id} on {name} has other unknown fields than the server's"
    for field in row.spec.fields:
        if field not in told and row.get(field) is None:
            continue  # The row is in the form of before the type got that field.
        own = (told.get(field), versions.get(field, told["v"]))
        theirs = (row.get(field), row.version(field))
        if own != theirs:
            yield 1, f"{row.spec.name} {row.id}.{field} on {name} is {own!r}, not {theirs!r}"


def _author_told(ledger: Ledger, tablet: Tablet, kept: set[str]) -> Iterator[Wrong]:
    """What the server holds or rejected of this tablet's own work is still shown on it."""
    delivered = tablet.world.oracle.delivered.get(tablet.name, ())
    noticed = {row.get("about") for row in ledger.rows.values() if row.spec.name == "notice"}
    for stamp in delivered:
        op = ledger.ops.get(stamp)
        if op is None or stamp in kept or stamp in noticed or stamp in tablet.withdrawn:
            continue
        row = ledger.rows.get(op.record)
        if row is not None and "_redacted" in row.values:
            continue  # What was erased settles all that is kept about it.
        if op.outcome not in ("held", "rejected") or excused(op):
            continue
        with tablet.disk.read() as shelf:
            own = shelf.entries([stamp]).get(stamp)
        # (What was erased here is settled here, though a server of before brings it back.)
        if own is None or own.body.get("redacted") is not True:
            yield 2, f"{stamp} is {op.outcome}, and {tablet.name} shows it no more"
