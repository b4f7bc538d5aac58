"""The audit of the horizon: what may be forgotten, and who must begin anew after it.

A deletion need not be told for ever; but what is forgotten too early leaves a record on a
tablet for ever, and a tablet that is not told to begin anew keeps it without knowing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.exploration.oracle.ledger import Ledger

__all__ = ["audit_purge", "entries_now", "past_horizon"]

Wrong = tuple[int, str]
Entries = dict[tuple[str, str], tuple[str, int]]

_DAY_MS = 86_400_000
_TOLD_FOR_EVER = frozenset({"live", "merged", "alias"})


def entries_now(ledger: Ledger) -> Entries:
    """(feed, record) → (state, sequence number), of all feeds."""
    found = ledger.select(
        "SELECT f.name, e.record, e.state, e.seq FROM entry e JOIN feed f ON f.key = e.feed"
    )
    return {(feed, record): (state, seq) for feed, record, state, seq in found}


def audit_purge(ledger: Ledger, before: Entries, now_ms: int, days: int) -> Iterator[Wrong]:
    """Only what was deleted, or left, that long ago is forgotten; all else is as it was."""
    after, until = entries_now(ledger), now_ms - days * _DAY_MS
    purged = {
        name: seq for name, seq in ledger.select("SELECT name, purged FROM feed") if seq is not None
    }
    for (feed, record), (state, seq) in before.items():
        if (feed, record) in after:
            continue
        if state in _TOLD_FOR_EVER:
            yield 1, f"{record} was {state} in {feed}, and is forgotten"
        elif purged[feed] < seq:
            yield 7, f"{feed} forgot {record} at {seq}, and tells of {purged[feed]}"
        row = ledger.rows.get(record)
        deletion = ledger.ops.get(row.head) if row is not None and row.deleted else None
        if state == "deleted" and deletion is not None and deletion.received > until:
            yield 7, f"the deletion of {record} was forgotten in {feed} before its time"
    for key in after.keys() - before.keys():
        yield 9, f"{key} came about by forgetting"


def past_horizon(told: Any) -> set[str]:
    """The feeds that begin anew although their cursors are of this history and of a live grant."""
    checkpoint: Mapping[str, Any] = told.asked.get("checkpoint") or {}
    ended: dict[str, str] = {}
    for page in told.pages:
        ended.setdefault(page["feed"], page["cursor"])
    found = set[str]()
    for feed in told.hello["reset"]:
        old, new = str(checkpoint.get(feed)).split("."), str(ended.get(feed)).split(".")
        if len(old) == len(new) == 4 and old[:2] == new[:2]:
            found.add(feed)
    return found
