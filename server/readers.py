"""Readers: who reads a record now, and who works with it, before the server tells them of it.

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

__all__ = ["KEEPERS", "keepers", "left", "may_be_told"]

KEEPERS = frozenset({"grid_worker", "grid_chief"})
"""The roles that keep the files of a grid, and are told what others still change in them."""


def may_be_told(work: Work, user: str, record: Record, *, now_ms: int) -> bool:
    """Whether a user may be told the values of a record."""
    feeds = frozenset(record.feeds())
    if any(feed.startswith("restricted:") for feed in feeds):
        return False
    if feeds & {SHARED, person(user)}:
        return True
    found = map(work.record, work.referring("assignment", "user", user))
    return any(_lasts(one, now_ms) for one in found if one is not None and one.get("feed") in feeds)


def keepers(work: Work, record: Record, *, now_ms: int) -> list[str]:
    """The users who work with a record now: they hold its grid and keep its files."""
    feeds = [one for one in record.feeds() if one.startswith(("grid:", "restricted:"))]
    ids = {one for feed in feeds for one in work.referring("assignment", "feed", feed)}
    found = [one for one in map(work.record, sorted(ids)) if one is not None]
    holders = sorted({one.get("user") for one in found if _lasts(one, now_ms)})
    return [one for one in holders if _keeps(work.record(one))]


def left(work: Work, user: str, record: Record, *, now_ms: int) -> int | None:
    """When a user ceased to work where a record is (ms); None if they still do, 0 if never."""
    feeds = frozenset(record.feeds())
    if feeds & {SHARED, person(user)}:
        return None
    found = [one for one in map(work.record, work.referring("assignment", "user", user)) if one]
    own = [one for one in found if not one.deleted and one.get("feed") in feeds]
    if any(_lasts(one, now_ms) for one in own):
        return None
    return max((one.get("until") for one in own if one.get("until") is not None), default=0)


def _keeps(user: Record | None) -> bool:
    if user is None or user.deleted or user.get("active") is False:
        return False
    return user.get("role") in KEEPERS


def _lasts(grant: Record, now_ms: int) -> bool:
    until = grant.get("until")
    return grant.get("since") <= now_ms and (until is None or until > now_ms)
