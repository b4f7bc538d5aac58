"""Vectors of what comes from the server: lines, pages, cursors, digests. See `vectors.py`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from zlib import crc32

from scripts.vectors_views import CATALOGUE, GRID, HOUSE, USER
from sync.authority import Authority, Batch
from sync.catalogue import ROW_HEAD
from sync.exchange import Exchange, read_request
from sync.feeds import Cursor, Grant
from sync.intake import Intake
from sync.memory import MemoryStore
from sync.record import DIGEST_MASK, digest_part
from sync.redaction import is_redacted, redact
from sync.replica import Replica
from sync.replica_memory import MemoryStorage
from sync.scope import SYSTEM, Reader
from sync.session import Request, Session
from sync.stamps import Stamps
from sync.store import Before, Changes, Movement, RecordChange
from sync.view import as_record

__all__ = ["buckets", "cursors", "digests", "pages", "sessions"]

FEED = f"grid:{GRID}"
NOON = 1_763_900_000_000


def _house(number: int) -> str:
    return f"00000000-0000-7000-8000-0000000001{number:02x}"


# Digests and cursors -------------------------------------------------------------------------


def digests() -> Mapping[str, Any]:
    """Parts that pass 2⁵³, sums that pass 2⁴⁸, the empty feed."""
    heads = [f"0199a1b2c{number:03x}-0000-k7m2p9q4x3f8" for number in range(40)]
    cases = []
    for count in (0, 1, 2, 40):
        rows = [[_house(number), heads[number]] for number in range(count)]
        parts = [digest_part(record, head) for record, head in rows]
        cases.append(
            {
                "rows": rows,
                "parts": [str(part) for part in parts],
                "digest": [count, sum(parts) & DIGEST_MASK],
            }
        )
    about = (
        "`rows`: [record, head] of a feed's live records. `parts`: CRC-32(record) · CRC-32(head) "
        "of each, as text, because they pass 2⁵³. `digest`: [count, sum of the parts mod 2⁴⁸]."
    )
    return {"about": about, "cases": cases}


def buckets() -> Mapping[str, Any]:
    """Which part of a feed a record is in when a feed is repaired, and each part's digest."""
    cases = []
    for count in (0, 1, 300):
        rows = [
            [f"00000000-0000-7000-8000-{number:012x}", f"0199a1b2c{number:03x}-0000-k7m2p9q4x3f8"]
            for number in range(count)
        ]
        found: dict[str, list[int]] = {}
        for record, head in rows:
            pair = found.setdefault(f"{crc32(record.encode()) & 0xFF:02x}", [0, 0])
            pair[:] = [pair[0] + 1, (pair[1] + digest_part(record, head)) & DIGEST_MASK]
        cases.append({"rows": rows, "buckets": dict(sorted(found.items()))})
    about = (
        "`rows`: [record, head] of a feed's live records. `buckets`: the digest of each part that "
        "is not empty; the part is the lowest 8 bits of the CRC-32 of the record's id, in hex."
    )
    return {"about": about, "cases": cases}


def cursors() -> Mapping[str, Any]:
    """Cursors of this server; to a device they are opaque."""
    cases: list[dict[str, Any]] = []
    for feed, seq in ((FEED, 0), (FEED, 26), ("shared", 1 << 40), ("person:张", 7)):
        cursor = Cursor(feed, "e1", "0a1b2c3d4e5f", seq)
        cases.append({"cursor": cursor._asdict(), "text": cursor.text()})
    good = cases[1]["text"]
    for feed, text in (("shared", good), (FEED, "x"), (FEED, good + ".1"), (FEED, None), (FEED, 7)):
        cases.append({"feed": feed, "text": text, "cursor": None})
    about = (
        "`text` of each cursor. A device never looks inside. Where `cursor` is null, the server "
        "must not take the text as a position in `feed`."
    )
    return {"about": about, "cases": cases}


# Lines ---------------------------------------------------------------------------------------


def _line(key: str, **body: Any) -> str:
    return json.dumps({key: body}, ensure_ascii=False)


def _sessions() -> Iterator[tuple[str, list[str], list[str]]]:
    hello = _line("hello", protocol=1, schema=3, epoch="e1", now=NOON, feeds=[FEED])
    page = _line("page", feed=FEED, cursor="c1", put=[], deleted={}, left=[], alias={})
    done = _line("done", more=False, digests={FEED: [0, 0]})
    first, second = (f"0199a1b2d000-000{number}-k7m2p9q4x3f8" for number in (0, 1))
    acks = [
        _line("ack", stamp=stamp, outcome="applied", head=stamp, feeds=[FEED])
        for stamp in (first, second)
    ]
    yield "a whole answer", [first, second], [hello, *acks, page, page, done]
    yield "nothing to say", [], [hello, done]
    yield "cut after the acks", [first], [hello, acks[0]]
    yield "cut in the middle of a line", [], [hello, page, done[:20]]
    yield "no hello", [], [page, done]
    yield "two hellos", [], [hello, hello, done]
    yield "an ack is missing", [first, second], [hello, acks[0], page, done]
    yield "acks in another order", [first, second], [hello, acks[1], acks[0], done]
    yield "an ack for what was not sent", [], [hello, acks[0], done]
    yield "an ack after a page", [first], [hello, page, acks[0], done]
    yield "a line after done", [], [hello, done, page]
    yield "a page of a feed that is not read", [], [hello, page.replace(GRID, HOUSE), done]
    yield "a key that nobody knows", [], [hello, _line("extra"), done]
    yield "two keys in a line", [], [hello[:-1] + ', "done": {}}', done]
    yield "not JSON", [], ["<html>Welcome</html>", done]
    yield "a page without its cursor", [], [hello, _line("page", feed=FEED), done]
    only = _line("hello", protocol=1, schema=3, epoch="e1", now=NOON, feeds=None, problem={})
    yield "a page for a device that may only hand in", [], [only, page, done]
    keys, row = [*ROW_HEAD, "phone", "wifi"], [HOUSE, first, first, None, None, None, "1"]
    for name, cells in (
        ("a row from before its type got its last field", row),
        ("a row with more than its keys", [*row, "2", "3"]),
        ("a row without its head", row[:5]),
    ):
        block = {"type": "household", "schema": 1, "keys": keys, "rows": [cells]}
        yield name, [], [hello, _line("page", feed=FEED, cursor="c1", put=[block]), done]
    yield "members that nobody knows are ignored", [], [hello[:-2] + ', "later": 1}}', done]


def sessions() -> Mapping[str, Any]:
    """Which lines count, and when an answer is whole."""
    cases = []
    for name, stamps, lines in _sessions():
        session = Session(Request(1, {}, tuple(stamps), NOON))
        session.send()
        whole = not name.startswith("cut in")
        session.receive(("\n".join(lines) + ("\n" if whole else "")).encode())
        session.end()
        cases.append(
            {
                "name": name, "stamps": stamps, "lines": lines, "ended": whole,
                "counted": session.given, "state": session.state,
            }
        )  # fmt: skip
    about = (
        "An answer to a request with operations of these `stamps`. Its `lines` end with a line "
        "feed each, but the last one where `ended` is false. The first `counted` lines count; "
        "`state` is `done` or `cut`. After a line out of order nothing counts."
    )
    return {"about": about, "cases": cases}


# Pages ---------------------------------------------------------------------------------------


class _World:
    """A server, one device, and the steps that were recorded."""

    def __init__(self) -> None:
        self.now_ms = NOON
        stamps = Stamps(device="srv00000", incarnation="0000")
        ids = itertools.count(1)
        self.authority = Authority(
            CATALOGUE,
            next_stamp=lambda now_ms: stamps.next(now_ms=now_ms),
            new_id=lambda _: f"00000000-0000-7000-8000-{next(ids):012x}",
        )
        self.use(MemoryStore(CATALOGUE, epoch="e1"))
        grants = (Grant(FEED, "g1", 0),)
        self.reader = Reader("k7m2p9q4", USER, "grid_worker", lang="en", grants=grants)
        self.storage = MemoryStorage()
        Replica.enrol(self.storage, device="k7m2p9q4", user=USER)
        self.replica = Replica(self.storage, incarnation="x3f8")
        self.replica.learn(CATALOGUE.describe(), etag=None)
        self.steps: list[dict[str, Any]] = []

    def use(self, store: MemoryStore) -> None:
        self.store = store
        self.exchange = Exchange(CATALOGUE, store, self.authority)

    def office(
        self, record: str, fields: Mapping[str, Any], kind: str = "edit", **more: Any
    ) -> None:
        """A change at the office."""
        with self.store.read() as snapshot:
            current = snapshot.records([record]).get(record)
        raw: dict[str, Any] = {
            "stamp": self.authority.server_stamp(self.now_ms), "actor": "system", "at": self.now_ms,
            "offset_ms": 0, "schema": 3, "type": "household", "record": record, "kind": kind,
            "fields": dict(fields), **more,
        }  # fmt: skip
        if current is not None:
            raw["base"] = {"*": current.head, **current.versions()}
        with self.store.write() as tx:
            self.authority.accept(tx, Batch([raw], SYSTEM, self.now_ms))

    def tell(self, record: str, into: str | None) -> None:
        """Tell the grid's feed what stands for a record of another one, or that nothing does."""
        with self.store.write() as tx:
            found = tx.records([record])[record]
            before = Before.of(found)
            found.deleted, found.into = into is not None, into
            told = Movement(FEED, record, f"grid:{USER}", "alias" if into else "parted", True)
            tx.save(Changes(records=[RecordChange(found, before, True)], told=[told]))

    def work(self, act: Callable[[Replica], Any]) -> str:
        """Something done on the device."""
        act(self.replica)
        entry = self.replica.waiting()[-1]
        self.steps.append({"queue": entry.body, "state": self.state()})
        return entry.stamp

    def sync(self, *, keep: int | None = None, lost: bool = False, limit: int = 2_000) -> None:
        """An exchange of which ``keep`` lines arrive, or none (``lost``), or all."""
        request = self.replica.begin(now_ms=self.now_ms, limit=limit)
        session, intake = Session(request), Intake(self.replica, request)
        body = session.send()
        answer = self.exchange.answer(read_request(body), self.reader, now_ms=self.now_ms)
        whole = b"".join(answer.parts(self.store.codec, "en")).splitlines()
        lines = [] if lost else [_without_words(json.loads(line)) for line in whole[:keep]]
        for line in lines:
            intake.take(session.receive(json.dumps(line).encode() + b"\n"), now_ms=self.now_ms)
        session.end()
        told = {key: body[key] for key in ("operations", "checkpoint")}
        told["operations"] = [one["stamp"] for one in told["operations"]]
        self.steps.append(
            {
                "now_ms": self.now_ms, "request": told, "lines": lines,
                "ended": session.state, "state": self.state(),
            }
        )  # fmt: skip

    def state(self) -> dict[str, Any]:
        """Everything that the replica keeps."""
        with self.storage.read() as shelf:
            feeds = shelf.feeds()
            members = {name: shelf.members(name) for name in feeds}
            known = sorted({one for name in CATALOGUE for one in shelf.records(name.name)})
            rows = shelf.rows(known)
            pending = shelf.in_state("waiting", "arriving", "held", "rejected", "acknowledged")
            aliases = shelf.aliases()
        bases = {}
        for record, stored in rows.items():
            row = as_record(stored, CATALOGUE[stored.type])
            bases[record] = {
                "head": row.head, "deleted": row.deleted, "c": row.c, "versions": row.versions(),
                "values": {one.name: row.get(one.name) for one in row.spec.fields},
            } if not row.deleted else {"head": row.head, "deleted": True}  # fmt: skip
        return {
            "feeds": {
                name: {
                    "cursor": feed.cursor, "live": feed.live, "sum": feed.sum,
                    "resetting": feed.resetting, "evicted": feed.evicted, "members": members[name],
                }
                for name, feed in feeds.items()
            },
            "base": bases,
            "operations": {entry.stamp: entry.state for entry in pending},
            "blank": [entry.stamp for entry in pending if is_redacted(entry.body)],
            **({"aliases": aliases} if aliases else {}),
        }  # fmt: skip


def _without_words(line: dict[str, Any]) -> dict[str, Any]:
    """A line without sentences for people: they may be put better without a change here."""
    for body in line.values():
        if body.get("problem"):
            body["problem"]["message"] = "…"
        for block in body.get("put") or () if "put" in body else ():
            if block["type"] == "notice":
                place = block["keys"].index("text")
                for row in block["rows"]:
                    row[place] = "…"
    return line


def _first_sync(world: _World) -> None:
    for number in range(3):
        world.office(_house(number), {"grid": GRID, "phone": str(number)}, "create")
    world.sync(limit=2)
    world.sync()


def _own_work(world: _World) -> None:
    _first_sync(world)
    world.work(lambda tablet: tablet.edit(_house(0), {"phone": "9"}, now_ms=world.now_ms))
    world.work(
        lambda tablet: tablet.create(
            "household", HOUSE, {"grid": GRID, "log": ["a"]}, now_ms=world.now_ms
        )
    )
    world.sync()


def _conflict(world: _World) -> None:
    _first_sync(world)
    fields = {"householder": "甲", "visits": {"add": 1}}
    stamp = world.work(lambda tablet: tablet.edit(_house(0), fields, now_ms=world.now_ms))
    world.office(_house(0), {"householder": "乙", "visits": {"add": 5}})
    world.sync(keep=2)
    world.sync()
    world.office(_house(0), {"householder": "甲"}, "resolve", conflict=stamp)
    world.sync()


def _lost_answer(world: _World) -> None:
    _first_sync(world)
    world.work(lambda tablet: tablet.edit(_house(0), {"visits": {"add": 1}}, now_ms=world.now_ms))
    world.sync(lost=True)
    world.sync(keep=2)
    world.sync()


def _gone(world: _World) -> None:
    _first_sync(world)
    world.office(_house(0), {}, "delete")
    world.office(_house(1), {"grid": USER})
    world.sync()
    world.work(lambda tablet: tablet.edit(_house(2), {"phone": "9"}, now_ms=world.now_ms))
    world.now_ms += 1_000
    world.reader = replace(world.reader, grants=(Grant(FEED, "g1", 0, world.now_ms),))
    world.sync()


def _rebuilt(world: _World) -> None:
    _first_sync(world)
    old = MemoryStore(CATALOGUE, epoch="e2")
    old._tables = world.store._tables.copy()
    old._tables.meta["epoch"] = "e2"
    world.office(_house(7), {"grid": GRID}, "create")
    world.work(lambda tablet: tablet.edit(_house(0), {"phone": "9"}, now_ms=world.now_ms))
    world.sync()
    world.use(old)
    world.sync(limit=1)
    world.sync()


def _handed_in_again(world: _World) -> None:
    _first_sync(world)
    old = MemoryStore(CATALOGUE, epoch="e2")
    old._tables = world.store._tables.copy()
    old._tables.meta["epoch"] = "e2"
    world.work(
        lambda tablet: tablet.create(
            "household", HOUSE, {"grid": GRID, "phone": "5"}, now_ms=world.now_ms
        )
    )
    world.sync()
    world.office(HOUSE, {"householder": "乙"})
    world.sync()
    world.use(old)
    world.sync()
    world.sync()


def _kept(world: _World) -> None:
    _first_sync(world)
    world.reader = replace(world.reader, suspended=True)
    world.work(lambda tablet: tablet.edit(_house(0), {"phone": "9"}, now_ms=world.now_ms))
    world.sync()
    world.reader = replace(world.reader, suspended=False, hand_in_only=True)
    world.work(lambda tablet: tablet.edit(_house(1), {"phone": "9"}, now_ms=world.now_ms))
    world.sync()


def _merged(world: _World) -> None:
    _first_sync(world)
    world.office(_house(4), {"grid": USER}, "create")
    world.office(_house(0), {}, "merge", into=_house(1))
    world.tell(_house(4), _house(2))
    world.sync()
    with world.store.read() as snapshot:
        merge = snapshot.records([_house(0)])[_house(0)].head
    world.office(_house(0), {}, "restore", undoes=merge)
    world.tell(_house(4), None)
    world.sync()


def _erase(world: _World, record: str) -> None:
    with world.store.write() as tx:
        redact(
            tx, record, ["phone"], stamp=world.authority.server_stamp(world.now_ms),
            actor="system", now_ms=world.now_ms, catalogue=CATALOGUE,
        )  # fmt: skip


def _erased(world: _World) -> None:
    _first_sync(world)
    world.work(lambda tablet: tablet.edit(_house(0), {"phone": "9"}, now_ms=world.now_ms))
    world.sync()
    _erase(world, _house(0))
    late = {"phone": "8", "householder": "甲"}
    world.work(lambda tablet: tablet.edit(_house(0), late, now_ms=world.now_ms))
    world.sync()


def _erased_elsewhere(world: _World) -> None:
    _first_sync(world)
    for number in range(3):
        phone = {"phone": f"9{number}"}
        edit = partial(Replica.edit, record=_house(number), fields=phone, now_ms=world.now_ms)
        world.work(edit)
    world.sync()
    world.office(_house(0), {}, "delete")
    world.office(_house(1), {"grid": USER})
    world.sync()
    for number in range(3):
        _erase(world, _house(number))
    world.reader = replace(world.reader, grants=(Grant(FEED, "g1", 0, world.now_ms),))
    world.sync()


def pages() -> Mapping[str, Any]:
    """Whole stories: what was asked and answered, and what the device keeps after each step."""
    stories: Mapping[str, Callable[[_World], None]] = {
        "a first sync in two answers": _first_sync,
        "own work is acknowledged and not sent back": _own_work,
        "a conflict, cut after the acks, then resolved": _conflict,
        "an answer lost after commit, then cut after the acks": _lost_answer,
        "deleted, moved away, reassigned": _gone,
        "a server that came back from a backup": _rebuilt,
        "created again on a server that came back from a backup": _handed_in_again,
        "held, and a device that may only hand in": _kept,
        "erased at a person's request": _erased,
        "erased when it was deleted, moved away, reassigned": _erased_elsewhere,
        "merged into another, and apart again": _merged,
    }
    cases = []
    for name, play in stories.items():
        world = _World()
        play(world)
        cases.append({"name": name, "steps": world.steps})
    about = (
        "A device k7m2p9q4 of user " + USER + ". A step with `queue` puts that operation into the "
        "outbox. A step with `lines` is an exchange: `request` (stamps, checkpoint) must be what "
        "the device sends, `lines` are what arrives, `now_ms` is its clock. `state` is what it "
        "keeps then: feeds with cursor, digest and members; base rows, the outbox apart; what "
        "became of own operations (`waiting`, `arriving`, `held`, `rejected`, `acknowledged`; "
        "`blank`: those whose values were erased); "
        "`aliases`, where there are any: record, and the one that stands for it."
    )
    return {"about": about, "catalogue": CATALOGUE.describe(), "cases": cases}
