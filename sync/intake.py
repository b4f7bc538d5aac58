"""Intake: what each line of an answer does to the replica.

The tablet may die between any two lines, and between any two of what a line says. So
each step is one transaction, and leaves a replica from which the next exchange goes on as
if it had been planned so. Deletion is where replicas go wrong: a row is dropped only
when the server said that it left, that its feed is read no longer, or that a whole new
set of its feed has come without it.

Invariants
    * A page and its cursor are kept in one transaction.
    * Nothing of an answer to an older request is kept.
    * A repeated ack changes the outbox, never the base.
    * With ``feeds`` null in ``hello``, nothing but the outbox changes.
    * No row goes while work on it waits.

This module merges nothing: what the server sends takes the place of what was there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from sync.answer import Ack, Done, Hello, Line, Page
from sync.catalogue import RecordType
from sync.digests import Difference, compare, counted
from sync.fold import as_told, fold
from sync.record import Record
from sync.redaction import MARK, blanked, is_redacted
from sync.replica import Replica, StaleAnswer, bury
from sync.replica_storage import Entry, FeedRow, Shelf, State, Stored
from sync.session import Request, ends_all
from sync.view import as_record, as_stored

__all__ = ["KEEP_MS", "Intake", "offset"]

KEEP_MS = 30 * 86_400_000
"""Acknowledged operations are kept for 30 days: a server restored from a backup gets them."""

_STATES: Mapping[str, State] = {
    "applied": "acknowledged",
    "merged": "acknowledged",
    "conflict": "acknowledged",
    "held": "held",
    "rejected": "rejected",
}
"""Outcome of an ack → state of the operation."""


class Intake:
    """Takes in the answer to one request."""

    def __init__(self, replica: Replica, request: Request) -> None:
        self._replica = replica
        self._request = request
        self._hello: Hello | None = None
        self._unbegun: set[str] = set()  # feeds whose whole set will come, before its first page
        self.differences: list[Difference] = []

    def take(self, lines: Sequence[Line], *, now_ms: int) -> None:
        """Keep what lines of ``Session.receive`` say. Acks that came together are kept together.

        ``now_ms`` is the device's clock. Raises ``StaleAnswer`` if a newer request was begun.
        """
        for kind, group in groupby(lines, type):
            run: Any = list(group)
            if kind is Ack:
                self.acks(run)
            else:
                for line in run:
                    self._one(line, now_ms)

    def _one(self, line: Line, now_ms: int) -> None:
        if isinstance(line, Hello):
            self.hello(line, now_ms=now_ms)
        elif isinstance(line, Page):
            self.page(line)
        else:
            assert isinstance(line, Done)
            self.done(line, now_ms=now_ms)

    @contextmanager
    def _write(self) -> Iterator[Shelf]:
        with self._replica.storage.write() as shelf:
            if shelf.meta("exchange") != self._request.number:
                raise StaleAnswer
            yield shelf

    # Hello ---------------------------------------------------------------------------------

    def hello(self, hello: Hello, *, now_ms: int) -> None:
        """What the server is, which feeds are read, and which start anew."""
        self._hello = hello
        if ends_all(self._request, hello):
            return
        with self._write() as shelf:
            known = shelf.meta("offset_ms")
            sent_ms = self._request.sent_ms
            shelf.set_meta("offset_ms", offset(hello.now, sent_ms, now_ms, known))
            shelf.set_meta("problem", hello.problem)
            shelf.set_meta("schema", hello.schema)
            # Also from who may only hand in: a restored server gets back what any tablet knows.
            if shelf.meta("epoch") not in (None, hello.epoch):
                _requeue(shelf)
            shelf.set_meta("epoch", hello.epoch)
            if hello.feeds is None:
                return
            self._unbegun = _set_feeds(shelf, hello)

    # Acks ----------------------------------------------------------------------------------

    def acks(self, acks: Sequence[Ack]) -> None:
        """What became of operations that were sent."""
        assert self._hello is not None
        hello = self._hello
        with self._write() as shelf:
            entries = shelf.entries([ack.stamp for ack in acks if ack.stamp is not None])
            records = {entry.record for entry in entries.values()}
            with counted(shelf, records):
                rows = shelf.rows(records)
                for ack in acks:
                    entry = entries.get(ack.stamp or "")
                    if entry is None or entry.state != "waiting":
                        continue
                    shelf.save_entries([_answered(entry, ack, hello)])
                    if not ack.repeated and hello.feeds is not None:
                        self._settle(shelf, rows, entry, ack)
            bury(shelf, records)

    def _settle(self, shelf: Shelf, rows: dict[str, Stored], entry: Entry, ack: Ack) -> None:
        """Make the base row what it is after an operation that was acknowledged first just now."""
        stored, raw = rows.get(entry.record), entry.body
        if raw["kind"] == "create":
            stored = None  # What is here is of a history that was lost, and says nothing of this.
        spec = self._replica.catalogue.get(raw["type"])
        if spec is None or _STATES[ack.outcome] != "acknowledged":
            return
        record = _after_ack(as_record(stored, spec) if stored else None, raw, ack, spec)
        if record is None or (stored is None and not ack.feeds):
            return
        seen = stored.seen if stored is not None else record.head
        rows[record.id] = as_stored(record, seen=seen)
        shelf.save_rows([rows[record.id]])
        if raw["kind"] == "merge" and ack.outcome == "applied":
            shelf.save_alias(record.id, raw["into"])
        if not record.deleted:
            _place(shelf, record.id, ack.feeds)

    # Pages ---------------------------------------------------------------------------------

    def page(self, page: Page) -> None:
        """A run of one feed, and the cursor after it."""
        put = [row[0] for block in page.put for row in block.rows]
        with self._write() as shelf:
            round_ = self._begin_set(shelf, page.feed)
            with counted(shelf, {*put, *page.deleted, *page.left}):
                _write_over(shelf, page)
                for block in page.put:
                    shelf.save_rows(
                        Stored(row[0], block.type, block.keys, row, False, row[1])
                        for row in block.rows
                    )
                known = shelf.rows(page.deleted)
                shelf.save_rows(
                    one._replace(row=_with_head(one.row, head), deleted=True, seen=head)
                    for one, head in ((known[record], page.deleted[record]) for record in known)
                )
                shelf.join(page.feed, [*put, *known], round_=round_)
                shelf.leave(page.feed, page.left)
            self._settle_pages(shelf, page, put)
            shelf.save_feed(_known(shelf, page.feed)._replace(cursor=page.cursor))

    def _begin_set(self, shelf: Shelf, name: str) -> int:
        """The round of a page. The first one of a whole set begins a new round.

        What this answer acknowledged before it counts as little as what was there: if it is
        still in the feed it will be sent, and if it was deleted or moved since, nobody says so.
        """
        feed = _known(shelf, name)
        if name in self._unbegun:
            self._unbegun.discard(name)
            feed = feed._replace(round=feed.round + 1)
            shelf.save_feed(feed)
        return feed.round

    def _settle_pages(self, shelf: Shelf, page: Page, put: Sequence[str]) -> None:
        """What else a page means: aliases, notices, and rows of operations that had arrived."""
        if shelf.aliases():
            # Nothing stands for one that is here, or that was deleted for its own sake.
            for record in (*put, *page.deleted):
                shelf.drop_alias(record)
        for record, into in page.alias.items():
            if into is None:
                shelf.drop_alias(record)
            else:
                shelf.save_alias(record, into)
        touched = [*put, *page.deleted, *page.left]
        arrived = [
            entry._replace(state="acknowledged")
            for entries in shelf.pending(touched).values()
            for entry in entries
            if entry.state == "arriving"
        ]
        shelf.save_entries(arrived)
        for block in page.put:
            if block.type == "notice" and "about" in block.keys and "outcome" in block.keys:
                _settle_kept(shelf, block.keys, block.rows)
        bury(shelf, page.deleted)

    # Done ----------------------------------------------------------------------------------

    def done(self, done: Done, *, now_ms: int) -> None:
        """The answer is whole: end resets, drop what left, compare digests."""
        assert self._hello is not None
        with self._write() as shelf:
            for feed in shelf.feeds().values():
                if feed.resetting and feed.name in done.digests:
                    _end_reset(shelf, feed)
            waiting = shelf.count("waiting")
            if not done.more:
                if self._hello.feeds is not None:
                    self._tidy(shelf, waiting)
                shelf.forget(before_ms=self._hello.now - KEEP_MS)
                if not waiting:
                    shelf.set_meta("handed_in_ms", now_ms)
            self.differences = compare(shelf, done.digests)
            if self.differences:
                count = (shelf.meta("differences") or 0) + len(self.differences)
                shelf.set_meta("differences", count)

    def _tidy(self, shelf: Shelf, waiting: int) -> None:
        """At the end of all pages: what is shown is what the server has."""
        if not waiting:
            for feed in shelf.feeds().values():
                if feed.evicted:
                    shelf.leave(feed.name, shelf.members(feed.name))
                    shelf.drop_feed(feed.name)
        homeless = shelf.homeless()
        busy = {
            record
            for record, entries in shelf.pending(homeless).items()
            if any(entry.state == "waiting" for entry in entries)
        }
        shelf.drop_rows([record for record in homeless if record not in busy])
        arrived = shelf.in_state("arriving")
        shelf.save_entries(entry._replace(state="acknowledged") for entry in arrived)
        rows = shelf.rows(shelf.unseen()).values()
        shelf.save_rows(one._replace(seen=one.head) for one in rows)


# Feeds ---------------------------------------------------------------------------------------


def _set_feeds(shelf: Shelf, hello: Hello) -> set[str]:
    """Begin and end feeds; answers those whose whole set will come, new ones and reset ones.

    Their old cursors stay until the first page: they show which grants were held.
    """
    known = shelf.feeds()
    reads = hello.feeds or ()
    whole = set()
    for name in reads:
        feed = known.get(name, FeedRow(name))
        if name in hello.reset or feed.cursor is None:
            whole.add(name)
        read = feed._replace(evicted=False, resetting=feed.resetting or name in whole)
        if read != known.get(name):
            shelf.save_feed(read)
    for name, feed in known.items():
        # A feed without a cursor was not named in the checkpoint, so nobody says that it ended.
        if name in hello.evicted or (feed.cursor is None and name not in reads):
            shelf.save_feed(feed._replace(evicted=True))
    if len(whole) == len(reads):
        # All that is read comes anew, and with it what stands for what.
        for record in shelf.aliases():
            shelf.drop_alias(record)
    return whole


def _known(shelf: Shelf, name: str) -> FeedRow:
    """The row of a feed that is there: the hello of this answer saw to that."""
    feed = shelf.feed(name)
    assert feed is not None
    return feed


def _requeue(shelf: Shelf) -> None:
    """The server came back from a backup: it gets back what it may have lost."""
    again = shelf.in_state("acknowledged", "arriving", "held", "rejected")
    shelf.save_entries(
        entry._replace(state="waiting", answer=None)  # That it was answered once stays known.
        for entry in again
        if not is_redacted(entry.body)
    )


def _end_reset(shelf: Shelf, feed: FeedRow) -> None:
    """The whole set has come: who was neither in it nor acknowledged since is no member."""
    gone = shelf.members(feed.name, before_round=feed.round)
    with counted(shelf, gone):
        shelf.leave(feed.name, gone)
    shelf.save_feed(_known(shelf, feed.name)._replace(resetting=False))


def _place(shelf: Shelf, record: str, feeds: Collection[str]) -> None:
    """After an ack, a record is in the feeds that it told, and in no other that is read."""
    known = shelf.feeds()
    for name in feeds:
        if name in known:
            shelf.join(name, [record], round_=known[name].round)
    for name in shelf.feeds_of([record]).get(record, frozenset()):
        if name not in feeds and not known[name].evicted:
            shelf.leave(name, [record])


def _write_over(shelf: Shelf, page: Page) -> None:
    """Take out of what is kept of own work what was redacted, by new rows or by its name."""
    marks: dict[str, Any] = {}
    for block in page.put:
        at = block.keys.index("x")
        told = {row[0]: row[at] for row in block.rows if row[at] and MARK in row[at]}
        marks |= {record: unknown[MARK] for record, unknown in told.items()}
    if not marks and not page.redacted:
        return
    for record, stored in shelf.rows(list(marks)).items():
        told = dict(zip(stored.keys, stored.row, strict=False)).get("x") or {}
        if told.get(MARK) == marks[record]:
            del marks[record]
    entries = shelf.in_state("waiting", "acknowledged", "arriving", "held", "rejected")
    lost = ((entry, _lost(entry, marks.get(entry.record), page.redacted)) for entry in entries)
    shelf.save_entries(
        entry._replace(state="acknowledged", body=blanked(entry.body, names))
        for entry, names in lost
        if names is not None
    )
    bury(shelf, page.redacted)


def _lost(entry: Entry, mark: Any, redacted: Collection[str]) -> Collection[str] | None:
    """The fields whose values an operation loses; None if nothing of it is to go.

    What was never sent is refused by the server, which keeps that it was made. Of what goes back
    to a restored server, only what says something that was erased stays here. Of a record that
    is only named nobody says which values went; so all of what was answered goes.
    """
    named: Collection[str] = (entry.body.get("fields") or {}).keys()
    if entry.state != "waiting" and entry.record in redacted:
        return named
    if mark is None:
        return None
    goes = entry.answered_ms is not None and not set(mark[1]).isdisjoint(named)
    return mark[1] if goes or entry.state != "waiting" else None


# Operations ----------------------------------------------------------------------------------


def _answered(entry: Entry, ack: Ack, hello: Hello) -> Entry:
    state = _STATES[ack.outcome]
    if ack.repeated and state == "acknowledged" and hello.feeds is not None:
        state = "arriving"
    told = {"outcome": ack.outcome, "conflict": ack.conflict, "needs": ack.needs}
    answer: dict[str, Any] = {key: value for key, value in told.items() if value is not None}
    if ack.problem is not None:
        answer["problem"] = dict(ack.problem)
        if ack.problem.get("code") == "redacted":  # Nothing of it is to be kept here either.
            names = entry.body.get("fields") or ()
            return entry._replace(
                state="acknowledged",
                body=blanked(entry.body, names),
                answer=answer,
                answered_ms=hello.now,
            )
    return entry._replace(state=state, answer=answer, answered_ms=hello.now)


def _after_ack(
    record: Record | None, raw: Mapping[str, Any], ack: Ack, spec: RecordType
) -> Record | None:
    """The base row after an operation, by itself or by what the ack told; None if not known."""
    if ack.outcome == "applied" or (record is None and raw["kind"] == "create"):
        record = fold(record, [raw], spec)
    if record is None:
        return None
    versions = ack.versions or {}
    for name, value in (ack.fields or {}).items():
        if name in versions:
            told = as_told(spec.by_name.get(name), record.get(name), value)
            record.put(name, told, versions[name])
    if ack.head is not None:
        record.head = ack.head
    if raw["kind"] == "delete" and ack.outcome == "merged":
        record.deleted = True  # Somebody had deleted it before.
    return record


def _settle_kept(shelf: Shelf, keys: tuple[str, ...], rows: Iterable[Sequence[Any]]) -> None:
    """A notice about a kept operation settles it, unless it says that it still waits."""
    about, outcome = keys.index("about"), keys.index("outcome")
    told = {row[about]: row[outcome] for row in rows if isinstance(row[about], str)}
    settled = [
        entry
        for stamp, entry in shelf.entries(list(told)).items()
        if entry.state in ("held", "rejected") and told[stamp] != "held"
    ]
    shelf.save_entries(
        entry._replace(
            state="acknowledged", answer={**(entry.answer or {}), "outcome": told[entry.stamp]}
        )
        for entry in settled
    )
    bury(shelf, {entry.record for entry in settled})


def _with_head(row: Sequence[Any], head: str) -> list[Any]:
    return [row[0], head, *row[2:]]


# Time ----------------------------------------------------------------------------------------


def offset(server_ms: int, sent_ms: int, now_ms: int, known: int | None) -> int:
    """Server minus device, in ms. It lies between two bounds: as if one way took no time at all.

    What is known may stand just outside, being a little off itself: it moves to the nearest
    bound, for the middle of an answer that took minutes would be minutes off. From further away
    than half the distance of the bounds the middle is nearer: the clock was moved. So a known
    one never gets further from the truth than it was.

    >>> offset(1_050, 1_000, 1_040, None), offset(1_050, 1_000, 1_040, 12)
    (30, 12)
    >>> offset(1_050, 1_000, 1_040, 55), offset(1_050, 1_000, 1_040, 90)
    (50, 30)
    """
    lowest, highest = server_ms - now_ms, server_ms - sent_ms
    middle = (lowest + highest) // 2
    if known is None:
        return middle
    nearest = min(max(known, lowest), highest)
    is_near = known == nearest or 2 * abs(known - nearest) < highest - lowest
    return nearest if is_near else middle
