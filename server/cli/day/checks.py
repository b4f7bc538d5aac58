"""Checks: what must be true at the end of the day, looked at from both sides.

The server's side is read from its database, not asked over the protocol that is being
checked; the tablet's side is read from its replica. Each function answers with what it
found, as pairs that can be told.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from server.cli.day.tablets import Tablet
from sync.digests import recount
from sync.record import Record

if TYPE_CHECKING:
    from server.services import Services
    from sync.store import StoredOperation

__all__ = ["accounted", "digests", "operation", "record", "unequal", "within"]

_ENTRIES_MAX = 1_000_000


def record(services: Services, record_id: str) -> Record:
    """A record as the server has it now."""
    with services.store.read() as snapshot:
        return snapshot.records([record_id])[record_id]


def operation(services: Services, stamp: str) -> StoredOperation | None:
    """An operation as the server has it in its books."""
    with services.store.read() as snapshot:
        return snapshot.operations([stamp]).get(stamp)


def unequal(services: Services, tablet: Tablet, feeds: tuple[str, ...]) -> tuple[int, list[str]]:
    """How many rows were compared, and where tablet and server differ, in words."""
    found: list[str] = []
    compared = 0
    for feed in feeds:
        with services.store.read() as snapshot:
            entries = snapshot.entries(feed, after=0, limit=_ENTRIES_MAX)
        theirs = {one.record: json.loads(one.row) for one in entries if one.row is not None}
        with tablet.storage.read() as shelf:
            mine = shelf.heads(shelf.members(feed))
        for lacking in sorted(theirs.keys() ^ mine.keys()):
            found.append(f"{tablet.name}: {lacking[:8]}… {feed.partition(':')[0]}")
        for one in sorted(theirs.keys() & mine.keys()):
            compared += 1
            found += _differences(tablet, one, services)
    return compared, found


def _differences(tablet: Tablet, record_id: str, services: Services) -> list[str]:
    own, other = tablet.replica.base(record_id), record(services, record_id)
    if own is None:
        return [f"{tablet.name}: {record_id[:8]}…"]
    names = [one.name for one in other.spec.fields] + list(other.x or ())
    parts = [name for name in names if _told(own, name) != _told(other, name)]
    if (own.head, own.c) != (other.head, other.c):
        parts.append("head")
    return [f"{tablet.name}: {record_id[:8]}… {name}" for name in parts]


def _told(one: Record, name: str) -> tuple[Any, str]:
    return one.get(name), one.version(name)


def digests(services: Services, tablet: Tablet, feeds: tuple[str, ...]) -> tuple[int, list[str]]:
    """How many feeds were compared, and those whose digest is not the server's."""
    with services.store.read() as snapshot:
        states = snapshot.feeds(feeds)
    found = []
    with tablet.storage.read() as shelf:
        for feed in feeds:
            state = states.get(feed)
            server = (state.count, state.sum) if state is not None else (0, 0)
            if recount(shelf, feed) != server:
                found.append(f"{tablet.name}: {feed.partition(':')[0]}")
    if tablet.replica.meta("differences"):
        found.append(f"{tablet.name}: {tablet.replica.meta('differences')}")
    return len(feeds), found


def accounted(services: Services, tablets: list[Tablet]) -> tuple[Counter[str], list[str]]:
    """Outcome → how many of the tablets' operations have it, and those that have none.

    What the tablet was told must be what the books say, unless a notice told it since.
    """
    counted: Counter[str] = Counter()
    lost: list[str] = []
    for tablet in tablets:
        entries = tablet.entries()
        told = {tablet.see(one)["about"] for one in tablet.held("notice")}
        with services.store.read() as snapshot:
            books = snapshot.operations([entry.stamp for entry in entries])
        for entry in entries:
            stored = books.get(entry.stamp)
            if stored is None:
                lost.append(entry.stamp)
                continue
            counted[stored.outcome] += 1
            answer = (entry.answer or {}).get("outcome")
            if answer != stored.outcome and entry.stamp not in told:
                lost.append(entry.stamp)
    return counted, lost


def within(tablet: Tablet, grids: set[str]) -> list[str]:
    """Rows on a tablet that lie in none of the grids that its user reads."""
    outside = []
    for type_name in ("household", "resident", "resident_restricted", "building"):
        for one in tablet.held(type_name):
            base = tablet.replica.base(one)
            if base is not None and not base.deleted and base.get("grid") not in grids:
                outside.append(one)
    return outside
