"""The audit of likeness: who may have been recorded twice is put before the office, nobody else.

A resident has no number that a tablet may hold. So a new one is put beside whoever was born on
the same day, has a name that sounds the same, and lives near: in one compound, or, where that
is not known of both, in one grid. In one home a name must be the same, for twins sound alike.
It is for the office alone: the part is hidden.

Of each two, one is asked about, once. Names of which nobody wrote down how they sound are left
out; so is whoever was there for a moment only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from simulator.exploration.oracle.ledger import Change, Ledger, Op, Row
from simulator.exploration.people.names import sound_alike

__all__ = ["audit_likeness"]

Wrong = tuple[int, str]
Pair = frozenset[str]

_TAKEN = ("applied", "merged", "conflict")


def audit_likeness(
    ledger: Ledger, changes: Sequence[Change], saw: Callable[[str], None]
) -> Iterator[Wrong]:
    """Every new resident of one transaction, beside all others as they are after it."""
    made = [op for op in _decided(ledger, changes) if op.kind == "create"]
    new = {op.record: op for op in made if op.type == "resident" and op.outcome in _TAKEN}
    if not new:
        return
    residents = [one for one in ledger.rows.values() if one.spec.name == "resident"]
    asked: set[Pair] = set()
    for record, op in new.items():
        conflict = ledger.conflicts.get(op.stamp)
        part = conflict.fields.get("*") if conflict is not None else None
        if part is None or part["code"] != "duplicate":
            continue
        asked |= {frozenset((record, one)) for one in part["others"]}
        if not part.get("hidden"):
            yield 4, f"{record} may be recorded twice, and others than the office are told"
    for record in new:
        row = ledger.rows[record]
        for other in residents:
            like = None if other is row else _is_like(ledger, row, other)
            pair = frozenset((record, other.id))
            if like is None or like == (pair in asked):
                saw("likeness:asked" if like else "likeness:different")
            elif like:
                yield 2, f"{record} may be {other.id}, and nobody is asked"
            else:
                yield 4, f"{record} is put beside {other.id}, and is not like it"


def _decided(ledger: Ledger, changes: Sequence[Change]) -> Iterator[Op]:
    """What tablets made, and was decided now. Whoever the office enters it looks up itself."""
    for one in changes:
        if one.what == "op+" or (one.what == "op~" and one.old == "held"):
            op = ledger.ops[one.key]
            if not op.device.startswith("srv"):
                yield op


def _is_like(ledger: Ledger, row: Row, other: Row) -> bool | None:
    """Whether two residents may be one; None where that cannot be said here."""
    if row.deleted or other.deleted:
        return None
    birth = row.get("birth")
    if not birth or birth != other.get("birth"):
        return False
    if not row.get("name") or not other.get("name"):
        return None
    home, theirs = row.get("household"), other.get("household")
    if home is not None and home == theirs:
        return bool(row.get("name") == other.get("name"))
    sounds = sound_alike(row.get("name"), other.get("name"))
    return sounds and _near(ledger, row, other)


def _near(ledger: Ledger, row: Row, other: Row) -> bool:
    homes = [ledger.rows.get(one.get("household") or "") for one in (row, other)]
    places = [home.get("compound") for home in homes if home is not None]
    if len(places) == 2 and all(places):
        return bool(places[0] == places[1])
    return bool(row.get("grid") == other.get("grid"))
