"""The exchange: one request that pushes, is acknowledged, and pulls.

Networks on a staircase charge by the round trip, so one request does it all. Its cost
must follow what changed, not what is stored, and a cut anywhere must lose nothing.

Theory of operation. ``push`` takes the operations in a write transaction. ``pull`` reads
one snapshot: feeds that have not moved cost nothing, the others are read from the
device's cursor on, as stored bytes. The answer is sent after the snapshot is closed.

Invariants
    * A cursor in an answer never passes an entry that the answer does not hold, but for
      rows that the device can compute itself (see ``_Pull``).
    * Every row sent is in a feed that the scope reads.

>>> read_request({"protocol": 1, "device": "k7m2p9q4"}).limit
2000
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sync.authority import Ack, Authority, Batch, Verdicts
from sync.buckets import Buckets, bucket_of, count_in
from sync.catalogue import Catalogue, storable
from sync.duplicates import parted
from sync.errors import Problem, Refusal, as_json
from sync.feeds import SHARED, Cursor
from sync.scope import Reader, Scope
from sync.store import Codec, Entry, FeedState, Reading, Store

__all__ = ["Answer", "Exchange", "Request", "read_request", "read_schema"]

PROTOCOL = 1
"""The version of the contract that this module speaks."""

OPERATIONS_MAX = 5_000
FEEDS_MAX = 2_000
LIMIT_MAX = 5_000
LIMIT_DEFAULT = 2_000
PAGE_RECORDS_MAX = 500
PAGE_BYTES_MAX = 250 * 1024
_EMPTY = FeedState(0, 0, 0)
_TIME_MAX = 1 << 48


class Request(NamedTuple):
    """The body of an exchange, checked for form. ``cursors``: what is one in the checkpoint."""

    device: str
    schema: int
    sent_at: int | None
    operations: Sequence[Any]
    checkpoint: Mapping[str, Any]
    cursors: Mapping[str, Cursor]
    limit: int
    status: Mapping[str, Any] | None


def _bad(what: str) -> Refusal:
    return Refusal(Problem("bad_request", pointer=f"/{what}", params={"what": what}))


def _number(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is not None and (type(value) is not int or not 0 <= value < _TIME_MAX):
        raise _bad(name)
    return value


def _limit(body: Mapping[str, Any]) -> int:
    """How many entries a device asks for; below 1, or if it says none, the server chooses."""
    asked = body.get("limit")
    if type(asked) is int and asked < 1:
        return LIMIT_DEFAULT
    return min(_number(body, "limit") or LIMIT_DEFAULT, LIMIT_MAX)


def read_schema(body: Mapping[str, Any]) -> int:
    """The schema that a device says it knows; 1 if it says none. Raises ``bad_request``."""
    return _number(body, "schema") or 1


def read_request(body: Any) -> Request:
    """The request in a parsed body.

    Raises ``Refusal`` with ``bad_request``, ``unsupported_protocol`` or ``too_many_operations``.
    """
    if not isinstance(body, dict):
        raise _bad("")
    if body.get("protocol") != PROTOCOL:
        raise Refusal(Problem("unsupported_protocol", pointer="/protocol"))
    if not isinstance(body.get("device"), str):
        raise _bad("device")
    operations = body.get("operations")
    operations = [] if operations is None else operations
    if not isinstance(operations, list):
        raise _bad("operations")
    if len(operations) > OPERATIONS_MAX:
        raise Refusal(Problem("too_many_operations", params={"limit": OPERATIONS_MAX}))
    checkpoint = body.get("checkpoint")
    checkpoint = {} if checkpoint is None else checkpoint
    if not isinstance(checkpoint, dict) or len(checkpoint) > FEEDS_MAX:
        raise _bad("checkpoint")
    status = body.get("status")
    if not isinstance(status, dict):
        status = None  # Nothing that is only shown stops what is handed in.
    return Request(
        device=body["device"],
        schema=read_schema(body),
        sent_at=_number(body, "sent_at"),
        operations=operations,
        checkpoint=checkpoint,
        cursors={
            feed: cursor
            for feed, text in checkpoint.items()
            if (cursor := Cursor.read(text, feed=feed)) is not None
        },
        limit=_limit(body),
        status=status,
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, complete before its first byte is sent.

    ``ahead``: a cursor of this history was beyond its feed's end, so this history is not whole.
    """

    hello: dict[str, Any]
    acks: Sequence[Ack]
    pages: Sequence[bytes]
    done: dict[str, Any]
    ahead: bool = False

    def parts(self, codec: Codec, lang: str) -> Iterator[bytes]:
        """The answer in the pieces that are flushed: hello and acks, each page, done."""
        dumps = codec.dumps
        head = [dumps({"hello": self.hello})]
        head += [dumps({"ack": ack.describe(lang)}) for ack in self.acks]
        yield b"\n".join(head) + b"\n"
        yield from self.pages
        yield dumps({"done": self.done}) + b"\n"


class Pushed(NamedTuple):
    """What a push came to: the acks, and which rows need not be sent back (record → head).

    ``touched``: the records that the acknowledged operations are about.
    """

    acks: Sequence[Ack] = ()
    quiet: Mapping[str, str] = {}
    touched: frozenset[str] = frozenset()

    def within(self, scope: Scope) -> Pushed:
        """The same for a caller who reads something else now: the acks tell no more than that."""
        acks = [ack._replace(feeds=scope.readable(ack.feeds)) for ack in self.acks]
        told = [ack if ack.feeds else ack._replace(head=None) for ack in acks]
        return self._replace(acks=told)


class Exchange:
    """Answers exchanges from one store. Safe to share between threads."""

    def __init__(
        self,
        catalogue: Catalogue,
        store: Store,
        authority: Authority,
        *,
        lease_days: int | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._store = store
        self._authority = authority
        self._lease_days = lease_days
        dumps = store.codec.dumps
        self._group_heads = {
            spec.name: dumps({"type": spec.name, "schema": spec.schema, "keys": list(spec.keys)})[
                :-1
            ]
            + b',"rows":['
            for spec in catalogue
        }

    def answer(self, request: Request, reader: Reader, *, now_ms: int) -> Answer:
        """Push, then pull, each in a transaction of its own."""
        scope = self.scope(request, reader, now_ms=now_ms)
        pushed = self.push(request, scope, now_ms=now_ms) if request.operations else Pushed()
        with self._store.read() as snapshot:
            return self.pull(snapshot, request, reader, scope, pushed, now_ms=now_ms)

    def scope(self, request: Request, reader: Reader, *, now_ms: int) -> Scope:
        """What this caller may read and write in this exchange."""
        if request.device != reader.device:
            raise Refusal(Problem("not_your_device", pointer="/device"))
        return Scope.of(reader, checkpoint=request.checkpoint, now_ms=now_ms)

    def push(self, request: Request, scope: Scope, *, now_ms: int) -> Pushed:
        """Take the operations. Durable when it returns."""
        batch = Batch(
            operations=request.operations,
            scope=scope,
            received_ms=now_ms,
            offset_ms=now_ms - request.sent_at if request.sent_at is not None else 0,
            sent_ms=request.sent_at,
        )
        legible = self._authority.read(batch)
        with self._store.write() as tx:
            epoch = tx.epoch()
            cursors = _cursors(request, scope, epoch=epoch)
            positions = _ended_positions(request, scope, epoch=epoch)
            positions |= {feed: one.seq for feed, one in cursors.items()}
            batch = batch._replace(positions=positions)
            verdicts: Verdicts = self._authority.accept(tx, batch, legible)
        return Pushed(verdicts.acks, verdicts.quiet, verdicts.touched)

    def pull(
        self,
        snapshot: Reading,
        request: Request,
        reader: Reader,
        scope: Scope,
        pushed: Pushed,
        *,
        now_ms: int,
    ) -> Answer:
        """Hello, the acks, what changed in the feeds, and the digests."""
        hello: dict[str, Any] = {
            "protocol": PROTOCOL,
            "schema": self._catalogue.schema,
            "epoch": snapshot.epoch(),
            "now": now_ms,
            "feeds": None,
            "evicted": [],
            "reset": [],
            "wipe": reader.wipe,
        }
        if self._lease_days is not None:
            hello["lease_days"] = self._lease_days
        refusal = self._why_no_pages(request.schema, reader)
        if refusal is not None:
            hello["problem"] = as_json(refusal, reader.lang)
            # The acks hold what the records are now: who gets no rows learns nothing so either.
            acks = [ack._replace(head=None, feeds=()) for ack in pushed.acks]
            return Answer(hello, acks, (), {"more": False, "digests": {}})
        feeds = sorted(scope.reads or (), key=_reading_order)
        if self._authority.safeguards.eviction:
            gone = set(request.checkpoint) - set(feeds)
            hello["evicted"] = sorted(feed for feed in gone if storable(feed))
        hello["feeds"] = feeds
        pull = _Pull(self, snapshot, request, scope, pushed, hello["epoch"])
        pull.run(feeds)
        hello["reset"] = pull.reset
        if pull.expect:
            hello["expect"] = pull.expect
        done = {"more": pull.more, "digests": pull.digests}
        return Answer(hello, pushed.acks, pull.pages, done, pull.ahead)

    def _why_no_pages(self, schema: int, reader: Reader) -> Problem | None:
        if reader.hand_in_only or reader.wipe:
            return Problem("hand_in_only")
        if schema < self._catalogue.oldest:
            return Problem("device_too_old")
        return None

    def repair(
        self,
        snapshot: Reading,
        feed: str,
        buckets: Buckets,
        reader: Reader,
        scope: Scope,
        *,
        schema: int,
    ) -> tuple[list[str], list[bytes]]:
        """(the buckets of a feed that differ, the lines that make a replica of it right).

        Raises ``Refusal``: ``hand_in_only``, ``device_too_old`` (``schema`` is the device's);
        ``not_found`` for a feed that is not read.
        """
        refusal = self._why_no_pages(schema, reader)
        if refusal is not None:
            raise Refusal(refusal)
        if feed not in (scope.reads or ()):
            raise Refusal(Problem("not_found", pointer="/feed"))
        state = snapshot.feeds([feed]).get(feed, _EMPTY)
        rows: dict[str, list[Entry]] = {}
        for entry in _in_state(snapshot, feed, "live"):
            rows.setdefault(bucket_of(entry.record), []).append(entry)
        differing, lines = [], list[bytes]()
        dumps = self._store.codec.dumps
        for bucket in sorted({*rows, *buckets}):
            entries = rows.get(bucket, [])
            own = count_in((one.record, one.head) for one in entries).get(bucket, (0, 0))
            if own == buckets.get(bucket, (0, 0)):
                continue
            differing.append(bucket)
            lines += (self.page(feed, None, run, {}) for run, _ in _runs(entries, 0) if run)
            ids = [one.record for one in entries]
            lines.append(dumps({"bucket": {"id": bucket, "records": ids}}) + b"\n")
        done = {"done": {"digests": {feed: [state.count, state.sum]}}}
        return differing, [*lines, dumps(done) + b"\n"]

    def page(
        self, feed: str, cursor: Cursor | None, entries: Sequence[Entry], quiet: Mapping[str, str]
    ) -> bytes:
        """One ``page`` line: stored rows, joined."""
        dumps = self._store.codec.dumps
        groups: dict[str, list[bytes]] = {}
        deleted: dict[str, str] = {}
        left: list[str] = []
        redacted: list[str] = []
        alias: dict[str, str | None] = {}
        for _, record, state, type_name, head, row in entries:
            if state == "live" and row is not None:
                if quiet.get(record) != head:
                    rows = groups.get(type_name)
                    if rows is None:
                        groups[type_name] = [row]
                    else:
                        rows.append(row)
            elif state == "deleted":
                deleted[record] = head
            elif state == "left":
                left.append(record)
            elif state == "redacted":
                redacted.append(record)
            else:
                alias[record] = None if row is None else row.decode()
                if state == "merged":
                    deleted[record] = head
                else:  # It is not here; and if it was, this is the only entry that says so.
                    left.append(record)
        heads = self._group_heads
        put = [heads[name] + b",".join(rows) + b"]}" for name, rows in groups.items()]
        return b"".join(
            (
                b'{"page":{"feed":',
                dumps(feed),
                b',"cursor":',
                b"null" if cursor is None else dumps(cursor.text()),
                b',"put":[',
                b",".join(put),
                b'],"deleted":',
                dumps(deleted) if deleted else b"{}",
                b',"left":',
                dumps(left) if left else b"[]",
                b',"alias":',
                dumps(alias) if alias else b"{}",
                b',"redacted":' + dumps(redacted) if redacted else b"",
                b"}}\n",
            )
        )


def _reading_order(feed: str) -> tuple[int, str]:
    """What everything else refers to comes first."""
    return (0 if feed == SHARED else 1 if feed.startswith("person:") else 2, feed)


def _cursors(request: Request, scope: Scope, *, epoch: str) -> dict[str, Cursor]:
    """Feed → cursor, for the feeds that are read and whose cursor is of this grant and history."""
    cursors: dict[str, Cursor] = {}
    for feed, generation in scope.generations.items():
        cursor = request.cursors.get(feed)
        if cursor is not None and cursor.epoch == epoch and cursor.generation == generation:
            cursors[feed] = cursor
    return cursors


def _ended_positions(request: Request, scope: Scope, *, epoch: str) -> dict[str, int]:
    """Feed → seq, for those of grants that ended lately, whose cursors the device still has."""
    cursors = map(request.cursors.get, scope.grace)
    return {one.feed: one.seq for one in cursors if one is not None and one.epoch == epoch}


@dataclass(slots=True)
class _Pull:
    """The pages of one answer.

    ``pushed.quiet`` holds the rows that may be left out (record → head): before this exchange
    no feed of the device held an entry of the record beyond its cursor, and only operations
    that this answer acknowledges as plainly applied touched it, so the device can compute the
    row. With another head, somebody changed it between the push and the snapshot: it is sent.
    """

    exchange: Exchange
    snapshot: Reading
    request: Request
    scope: Scope
    pushed: Pushed
    epoch: str
    pages: list[bytes] = field(default_factory=list)
    digests: dict[str, list[int]] = field(default_factory=dict)
    reset: list[str] = field(default_factory=list)
    expect: dict[str, int] = field(default_factory=dict)
    more: bool = False
    ahead: bool = False

    def run(self, feeds: Sequence[str]) -> None:
        """Read each feed from its cursor on, as long as the limit allows."""
        states = self.snapshot.feeds(feeds)
        cursors = _cursors(self.request, self.scope, epoch=self.epoch)
        left = self.request.limit
        for feed in feeds:
            state = states.get(feed, _EMPTY)
            cursor = cursors.get(feed)
            known, heard = feed in self.request.checkpoint, None
            if cursor is not None and not state.purged <= cursor.knows <= state.seq:
                self.ahead = self.ahead or cursor.knows > state.seq
                heard = cursor.knows if cursor.knows < state.purged else None
                cursor = None
            if known and cursor is None:
                self.reset.append(feed)
            if cursor is None:
                self.expect[feed] = state.count
            if heard is not None and left > 0:
                self._tell_erasures(feed, heard, begun=state.seq)
            if cursor is None or cursor.seq < state.seq:
                left = self._read(feed, state, cursor, left)
            else:
                self.digests[feed] = [state.count, state.sum]

    def _tell_erasures(self, feed: str, heard: int, *, begun: int) -> None:
        """What was erased since a cursor that is too old for anything else, before all pages."""
        told = list(_in_state(self.snapshot, feed, "redacted", after=heard))
        if told:
            start = Cursor(feed, self.epoch, self.scope.generations[feed], 0, begun)
            self.pages.append(self.exchange.page(feed, start, told, {}))

    def _read(self, feed: str, state: FeedState, cursor: Cursor | None, left: int) -> int:
        """The pages of one feed; answers how many entries the answer may still hold."""
        after, begun = (0, state.seq) if cursor is None else (cursor.seq, cursor.begun)
        if left <= 0 and state.seq > after:
            self.more = True
            return left
        entries = self.snapshot.entries(feed, after=after, limit=left) if state.seq > after else []
        complete = len(entries) < left or not entries or entries[-1].seq >= state.seq
        if complete:
            self.digests[feed] = [state.count, state.sum]
        else:
            self.more = True
        quiet = self.pushed.quiet
        scanned = len(entries)
        last = state.seq if complete else entries[-1].seq
        if cursor is None:
            # A device that starts over has nothing to forget, but what its acks just told of.
            quiet, touched = {}, self.pushed.touched
            entries = [
                one
                for one in entries
                if one.state in ("live", "merged", "alias") or one.record in touched
            ]
        if begun > after:
            # Nor has it anything more to erase: what it hands in now is of who had seen an erasure
            # of before, or is answered with it.
            entries = [one for one in entries if one.state != "redacted" or one.seq > begun]
        entries = parted(self.snapshot, feed, entries)
        for run, end in _runs(entries, last):
            there = Cursor(feed, self.epoch, self.scope.generations[feed], end, begun)
            self.pages.append(self.exchange.page(feed, there, run, quiet))
        return left - scanned


def _in_state(snapshot: Reading, feed: str, state: str, *, after: int = 0) -> Iterator[Entry]:
    """The entries of a feed that are live, or of another state."""
    while entries := snapshot.entries(feed, after=after, limit=LIMIT_MAX):
        yield from (entry for entry in entries if entry.state == state)
        after = entries[-1].seq


def _runs(entries: Sequence[Entry], last: int) -> Iterator[tuple[Sequence[Entry], int]]:
    """Runs of at most 500 entries or 256 kB, each with the seq that its cursor may say.

    The last run's cursor passes what was scanned but needs no telling; no entries give one
    empty run, so that a new feed is told of, and a cursor moves past rows left out.
    """
    start = size = 0
    for place, entry in enumerate(entries):
        grown = len(entry.row) if entry.row is not None else 64
        if place > start and (place - start >= PAGE_RECORDS_MAX or size + grown > PAGE_BYTES_MAX):
            yield entries[start:place], entries[place - 1].seq
            start, size = place, 0
        size += grown
    yield entries[start:], last
