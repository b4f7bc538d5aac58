"""The audit of duplicates: what was recorded before is put before a person, and nobody else.

A create whose identity key a live record has already is taken, and the two are put beside
each other: openly, if its author reads the other one; for the office alone, if not.
Texts are compared without width, case and outer spaces; a key counts where its last field is
filled.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from simulator.exploration.oracle.ledger import Change, Ledger, Op, Row

__all__ = ["audit_duplicates"]

Wrong = tuple[int, str]


def audit_duplicates(
    ledger: Ledger, changes: Sequence[Change], allowed: Callable[[str], frozenset[str]]
) -> Iterator[Wrong]:
    """Every create of one transaction, beside all records. ``allowed``: what a user reads."""
    touched = [one.key for one in changes if one.what == "rec"]
    new = [ledger.ops[one.key] for one in changes if one.what == "op+"]
    let_go = [ledger.ops[one.key] for one in changes if one.what == "op~" and one.old == "held"]
    if any(op.type in ("assignment", "user") for op in new):
        return
    for op in (*new, *let_go):
        row = ledger.rows.get(op.record)
        if op.kind != "create" or op.outcome in ("held", "rejected") or row is None:
            continue
        if not row.spec.identity or touched.count(op.record) != 1 or row.head != op.stamp:
            continue
        others = [one for one in ledger.rows.values() if one.spec is row.spec]
        like = sorted(one.id for one in others if _same(row, one))
        if like and not any(one in touched for one in like):
            # (What waited is decided in the scope that its author had: the records' present
            # readers say nothing of whom its conflict may name.)
            yield from _put(ledger, op, like, None if op in let_go else allowed)


def _same(row: Row, other: Row) -> bool:
    if other.deleted or other.id == row.id:
        return False
    for names in row.spec.identity:
        mine = [_plain(row.get(name)) for name in names]
        if mine[-1] not in (None, "") and mine == [_plain(other.get(name)) for name in names]:
            return True
    return False


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFKC", value).strip().casefold()
    return value


def _put(
    ledger: Ledger,
    op: Op,
    like: Sequence[str],
    allowed: Callable[[str], frozenset[str]] | None,
) -> Iterator[Wrong]:
    """Whether somebody is asked about a new record, beside those that they may know of."""
    conflict = ledger.conflicts.get(op.stamp)
    part = conflict.fields.get("*") if conflict is not None else None
    if part is None or part["code"] != "duplicate":
        yield 2, f"{op.record} is recorded twice, as {like}, and nobody is asked"
        return
    if allowed is None:
        return
    if op.device.startswith("srv"):
        seen = list(like)
    else:
        reads = allowed(op.actor)
        seen = [one for one in like if not reads.isdisjoint(ledger.rows[one].feeds())]
    wanted = seen or like
    if sorted(part["others"]) != wanted or bool(part.get("hidden")) != (not seen):
        others, hidden = sorted(part["others"]), bool(part.get("hidden"))
        yield 4, f"{op.stamp} is put beside {others} (hidden: {hidden}), and like it are {wanted}"
