"""A tablet written from the contract alone, as short as can be: it reads, and keeps an outbox.

It has no storage, no session and no kept operations: what it holds after a whole answer
without ``more`` must be what the server has, whatever was cut, repeated or moved before.
"""

from __future__ import annotations

import itertools
from typing import Any

from sync.fold import fold
from sync.record import DIGEST_MASK, Record, digest_part
from tests.sync.county import CATALOGUE, Device

__all__ = ["Mirror"]


class Mirror:
    """What one device holds: rows, which feeds they are in, and what it has not handed in."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.rows: dict[str, Record] = {}
        self.members: dict[str, set[str]] = {}
        self.fresh: dict[str, set[str]] = {}
        self.outbox: list[dict[str, Any]] = []
        self.heard: list[dict[str, Any]] = []

    # Offline -------------------------------------------------------------------------------

    def edit(self, record: str, change: Any) -> None:
        """Change a record that is held here, whoever may have changed it elsewhere."""
        state = self.rows.get(record)
        if state is None:
            return
        own = {
            name: raw["stamp"]
            for raw in self.outbox
            if raw["record"] == record
            for name in (*raw["fields"], "*")
        }
        base = {"*": own.get("*", state.head)}
        if isinstance(change, str):
            raw = self.device.op(change, record, base=base)
        else:
            base |= {name: own.get(name, state.version(name)) for name in change}
            raw = self.device.op("edit", record, change, base)
        self.outbox.append(raw)

    # Exchanges -----------------------------------------------------------------------------

    def exchange(self, *, limit: int = 2_000, pages: int | None = None) -> bool:
        """One exchange, of whose answer ``pages`` pages arrive (-1: nothing at all).

        Answers whether all of it arrived and there was no more.
        """
        before = dict(self.device.cursors)
        self.device.send(*self.outbox, limit=limit)
        lines, self.device.cursors = self.device.lines, before
        if pages is not None and pages < 0:
            return False
        arrived = list(itertools.takewhile(lambda line: "page" not in line, lines))
        told = [line["page"] for line in lines if "page" in line]
        whole = pages is None or pages >= len(told)
        self._begin(arrived[0]["hello"], told)
        for line in arrived[1:]:
            if "ack" in line:
                self._ack(line["ack"])
        self.outbox.clear()
        for page in told[:pages] if pages is not None else told:
            self._page(page)
        done = lines[-1]["done"]
        if whole:
            self._end(done["digests"])
        return whole and not done["more"]

    def _begin(self, hello: dict[str, Any], told: list[dict[str, Any]]) -> None:
        self.heard.append(hello)
        for feed in hello["evicted"]:
            self.members.pop(feed, None)
            self.fresh.pop(feed, None)
            self.device.cursors.pop(feed, None)
        for feed in hello["feeds"]:
            if feed in hello["reset"] or feed not in self.device.cursors:
                self.device.cursors.pop(feed, None)
                self.fresh[feed] = set()

    def _ack(self, ack: dict[str, Any]) -> None:
        raw = next(one for one in self.outbox if one["stamp"] == ack["stamp"])
        record = raw["record"]
        if ack.get("repeated"):
            return
        spec = CATALOGUE[raw["type"]]
        if ack["outcome"] == "applied":
            state = fold(self.rows.get(record), [raw], spec)
            if state is not None:
                self.rows[record] = state
        if ack["outcome"] in ("applied", "merged", "conflict"):
            for feed in self.device.hello["feeds"]:
                members = self.members.setdefault(feed, set())
                (members.add if feed in ack["feeds"] else members.discard)(record)
                if feed in self.fresh and feed in ack["feeds"]:
                    self.fresh[feed].add(record)

    def _page(self, page: dict[str, Any]) -> None:
        feed = page["feed"]
        members = self.members.setdefault(feed, set())
        fresh = self.fresh.get(feed, set())
        for group in page["put"]:
            for row in group["rows"]:
                self.rows[row[0]] = Record.from_row(row, CATALOGUE[group["type"]])
                members.add(row[0])
                fresh.add(row[0])
        for record in (*page["deleted"], *page["left"]):
            members.discard(record)
            fresh.discard(record)
        self.device.cursors[feed] = page["cursor"]

    def _end(self, digests: dict[str, list[int]]) -> None:
        for feed in digests:
            if feed in self.fresh:
                self.members[feed] = self.fresh.pop(feed)
        held = set().union(*self.members.values()) if self.members else set()
        self.rows = {record: state for record, state in self.rows.items() if record in held}

    # Looking -------------------------------------------------------------------------------

    def digest(self, feed: str) -> list[int]:
        """The digest of a feed as it is held here."""
        states = [self.rows[record] for record in self.members.get(feed, ())]
        live = [state for state in states if not state.deleted]
        total = sum(digest_part(state.id, state.head) for state in live) & DIGEST_MASK
        return [len(live), total]

    def told(self, record: str) -> Any:
        """All that a row tells, whichever way it is written."""
        return all_of(self.rows[record])


def all_of(state: Record) -> Any:
    """All that a row tells, whichever version it writes once."""
    return (state.head, state.versions(), state.c, state.x, state.values, state.deleted)
