"""Readers: whether somebody reads a record now, before the server tells them what is in it.

A notice says what became of a worker's value, with what was there and what is. It lies
in the worker's own feed and stays on their tablet, wherever the record has gone since and
whatever they have been assigned to. So it must not carry what its reader may not have.

Invariants
    * Restricted facts are in no notice: they have a feed of their own.
    * Who reads a record no more is told that it changed, and not to what.

This module reads the unit of work and changes nothing.
"""

from __future__ import annotations

from sync.feeds import SHARED, person
from sync.record import Record
from sync.work import Work

__all__ = ["may_be_told"]


def may_be_told(work: Work, user: str, record: Record, *, now_ms: int) -> bool:
    """Whether a user may be told the values of a record."""
    feeds = frozenset(record.feeds())
    if any(feed.startswith("restricted:") for feed in feeds):
        return False
    if feeds & {SHARED, person(user)}:
        return True
    found = map(work.record, work.referring("assignment", "user", user))
    return any(_lasts(one, now_ms) for one in found if one is not None and one.get("feed") in feeds)


def _lasts(grant: Record, now_ms: int) -> bool:
    until = grant.get("until")
    return grant.get("since") <= now_ms and (until is None or until > now_ms)
