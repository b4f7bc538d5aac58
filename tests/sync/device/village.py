"""A village for tests: a real server in memory, a link that fails as told, and tablets.

The server is the engine itself (``sync.exchange`` over ``sync.memory``); only HTTP is
played. The clock stands still unless a test moves it; nothing is drawn at random.
"""

from __future__ import annotations

import gzip
import itertools
import json
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sync.authority import Authority, Batch
from sync.buckets import read_buckets
from sync.catalogue import Catalogue, Feed, Field, RecordType, Transition, Workflow
from sync.client import Client, Credentials, MemoryKeyring
from sync.errors import PROBLEMS, Refusal
from sync.exchange import Exchange, read_request
from sync.feeds import Grant, person
from sync.memory import MemoryStore
from sync.record import Record
from sync.replica import Replica
from sync.replica_memory import MemoryStorage
from sync.replica_sqlite import SqliteStorage
from sync.replica_storage import ReplicaStorage
from sync.scope import SYSTEM, Reader, Scope
from sync.stamps import BASE32, Stamps
from sync.transport import Reply, Unreachable


def uid(number: int) -> str:
    """A record id."""
    return str(uuid.UUID(int=number))


GRID, OTHER_GRID, THIRD_GRID = uid(0xA1), uid(0xA2), uid(0xA3)
ANNA, BO = uid(0xB1), uid(0xB2)
HOUSE, OTHER_HOUSE = uid(0xC1), uid(0xC2)
FEED, OTHER_FEED, THIRD_FEED = (f"grid:{grid}" for grid in (GRID, OTHER_GRID, THIRD_GRID))
EPOCH = "e1"
NOON = 1_800_000_000_000
DAY_MS = 86_400_000
WORKER = ("grid_worker", "administrator")
PEOPLE = {"create": WORKER, "edit": WORKER, "delete": WORKER}

HOUSEHOLD = RecordType(
    "household",
    "户",
    "Household",
    fields=(
        Field("grid", "reference", "ask", required=True),
        Field("householder", "text", "ask"),
        Field("phone", "text", "latest"),
        Field("tags", "tags", "set"),
        Field("visits", "integer", "sum"),
        Field("last_visit", "instant", "highest"),
        Field("first_contact", "instant", "lowest"),
        Field("notes", "longtext", "text"),
        Field("log", "log", "append"),
        Field("origin", "text", "once"),
        Field("seen_at", "instant", "latest", clock=True),
    ),
    feeds=(Feed("grid", "grid"),),
    who=PEOPLE,
)
ORDER = RecordType(
    "order",
    "工单",
    "Order",
    fields=(
        Field("grid", "reference", "ask", required=True),
        Field(
            "status", "choice", "workflow", choices={s: (s, s) for s in ("new", "taken", "done")}
        ),
        Field("title", "text", "ask"),
        Field("log", "log", "append"),
    ),
    feeds=(Feed("grid", "grid"),),
    who=PEOPLE,
    workflow=Workflow(
        "status",
        "new",
        (Transition("take", "new", "taken", WORKER), Transition("end", "taken", "done", WORKER)),
    ),
)
NOTICE = RecordType(
    "notice",
    "通知",
    "Notice",
    fields=(
        Field("user", "reference", "once"),
        *(Field(name, "text", "latest") for name in ("about", "outcome", "code", "text")),
        *(Field(name, "text", "once") for name in ("before", "after")),
        *(Field(name, "text", "once") for name in ("about_type", "about_record")),
        Field("read", "boolean", "latest"),
    ),
    feeds=(Feed("person", "user"),),
    who={"edit": WORKER},
)
CATALOGUE = Catalogue(HOUSEHOLD, ORDER, NOTICE, schema=3)


@dataclass
class Server:
    """The engine, who may use it, and its clock."""

    catalogue: Catalogue = CATALOGUE
    now_ms: int = NOON
    store: MemoryStore = field(default_factory=lambda: MemoryStore(CATALOGUE, epoch=EPOCH))
    readers: dict[str, Reader] = field(default_factory=dict)
    refreshed: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        stamps = Stamps(device="srv00000", incarnation="0000")
        ids = itertools.count(0xF000)
        self.authority = Authority(
            self.catalogue,
            next_stamp=lambda now_ms: stamps.next(now_ms=now_ms),
            new_id=lambda _now_ms: uid(next(ids)),
        )
        self.exchange = Exchange(self.catalogue, self.store, self.authority)

    def reinstall(self, store: MemoryStore) -> None:
        """Another store in place of this one, as after a restore from a backup."""
        self.store = store
        self.exchange = Exchange(self.catalogue, store, self.authority)

    def backup(self, *, epoch: str) -> MemoryStore:
        """A copy of the store as it is now, for ``reinstall`` under another epoch."""
        copied = MemoryStore(self.catalogue, epoch=epoch)
        copied._tables = self.store._tables.copy()
        copied._tables.meta["epoch"] = epoch
        return copied

    def admit(self, device: str, user: str, *feeds: str) -> str:
        """Let a device in; its token is its id."""
        grants = tuple(Grant(feed, "g1", 0) for feed in feeds)
        self.readers[device] = Reader(
            device=device, user=user, role="grid_worker", lang="en", grants=grants
        )
        return device

    def revoke(self, device: str, feed: str) -> None:
        """End a grant now."""
        reader = self.readers[device]
        self.readers[device] = replace(
            reader,
            grants=tuple(
                grant._replace(until_ms=self.now_ms) if grant.feed == feed else grant
                for grant in reader.grants
            ),
        )

    def grant(self, device: str, feed: str, *, generation: str = "g2") -> None:
        """Give a grant, beside those that ended."""
        reader = self.readers[device]
        given = Grant(feed, generation, self.now_ms)
        self.readers[device] = replace(reader, grants=(*reader.grants, given))

    def change(self, record: str, fields: Mapping[str, Any], *, kind: str = "edit", **more: Any):
        """Something done at the office, on what is current."""
        current = self.record(record)
        raw = {
            "stamp": self.authority.server_stamp(self.now_ms),
            "actor": "system",
            "schema": 3,
            "at": self.now_ms,
            "offset_ms": 0,
            "group": None,
            "type": current.spec.name if current else "household",
            "record": record,
            "kind": kind,
            "fields": dict(fields),
            "reason": None,
            **more,
        }
        if current is not None and "base" not in more:
            raw["base"] = {"*": current.head, **current.versions()}
        with self.store.write() as tx:
            ack = self.authority.accept(tx, Batch([raw], SYSTEM, self.now_ms)).acks[0]
        assert ack.outcome in ("applied", "merged"), ack
        return ack

    def record(self, record: str) -> Record | None:
        """A record as it is now."""
        with self.store.read() as snapshot:
            found: Record | None = snapshot.records([record]).get(record)
        return found

    def live(self, feed: str) -> dict[str, list[Any]]:
        """Record → wire row, of the live records of a feed."""
        with self.store.read() as snapshot:
            entries = snapshot.entries(feed, after=0, limit=1_000_000)
        return {one.record: json.loads(one.row) for one in entries if one.row is not None}

    def answer(self, body: Any, token: str) -> bytes:
        """The bytes of an exchange's answer."""
        reader = self.readers[token]
        answer = self.exchange.answer(read_request(body), reader, now_ms=self.now_ms)
        return b"".join(answer.parts(self.store.codec, reader.lang))

    def repair(self, body: Any, token: str) -> bytes:
        """The bytes of a repair's answer."""
        reader = self.readers[token]
        scope = Scope.of(reader, checkpoint={}, now_ms=self.now_ms)
        buckets = read_buckets(body["buckets"])
        with self.store.read() as snapshot:
            _, lines = self.exchange.repair(
                snapshot, body["feed"], buckets, reader, scope, schema=body.get("schema", 1)
            )
        return b"".join(lines)


@dataclass
class Link:
    """A transport to a server, with the faults that a test asks for.

    ``faults`` are taken one a request, in order; None lets the request through.
    """

    server: Server
    faults: list[Callable[[Link, Callable[[], Reply]], Reply] | None] = field(default_factory=list)
    piece: int = 1 << 30
    packed: bool = False
    log: list[tuple[str, Any]] = field(default_factory=list)

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Reply:
        plain = body or b"null"
        if headers.get("content-encoding") == "gzip":
            plain = gzip.decompress(plain)
        asked = json.loads(plain)
        self.log.append((path, asked))
        fault = self.faults.pop(0) if self.faults else None

        def through() -> Reply:
            return self._answer(method, path, headers, asked)

        return fault(self, through) if fault is not None else through()

    def _answer(self, _method: str, path: str, headers: Mapping[str, str], asked: Any) -> Reply:
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if path == "/sync/v1/exchange":
            try:
                whole = self.server.answer(asked, token)
            except Refusal as refusal:
                return problem(refusal.problem.code)
            if self.packed:
                return Reply(200, {"content-encoding": "gzip"}, self._pieces(gzip.compress(whole)))
            return Reply(200, {}, self._pieces(whole))
        if path == "/sync/v1/repair":
            try:
                return Reply(200, {}, self._pieces(self.server.repair(asked, token)))
            except Refusal as refusal:
                return problem(refusal.problem.code)
        if path == "/sync/v1/catalogue":
            if headers.get("if-none-match") == "v3":
                return Reply(304, {}, iter(()))
            return document(self.server.catalogue.describe(), {"etag": "v3"})
        if path == "/sync/v1/refresh":
            key = (asked["refresh"], asked["nonce"])
            made = {"token": token, "expires_at": NOON + DAY_MS, "refresh": f"r{len(asked)}"}
            told = self.server.refreshed.setdefault(key, made)
            return document({**told, "token": asked["refresh"].removeprefix("of ")})
        return problem("not_found")

    def _pieces(self, whole: bytes) -> Iterator[bytes]:
        for start in range(0, len(whole), self.piece):
            yield whole[start : start + self.piece]


def document(told: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """A JSON answer."""
    return Reply(200, dict(headers or {}), iter([json.dumps(told).encode()]))


def problem(code: str, *, retry_after_s: float | None = None) -> Reply:
    """A problem document."""
    kind = PROBLEMS[code]
    told = {"code": code, "definite": kind.definite, "detail": kind.en}
    if retry_after_s is not None:
        told["retry_after_s"] = retry_after_s
    return Reply(kind.status, {}, iter([json.dumps(told).encode()]))


# Faults: each is given the link and the request itself.


def lost_request(_link: Link, _through: Callable[[], Reply]) -> Reply:
    """The server never hears of it."""
    raise Unreachable


def lost_answer(_link: Link, through: Callable[[], Reply]) -> Reply:
    """The server does it, and nobody hears of that."""
    through()
    raise Unreachable


def cut_after(size: int) -> Callable[[Link, Callable[[], Reply]], Reply]:
    """The connection ends after so many bytes of the answer."""

    def fault(_link: Link, through: Callable[[], Reply]) -> Reply:
        reply = through()

        def some() -> Iterator[bytes]:
            left = size
            for data in reply.body:
                yield data[:left]
                left -= len(data)
                if left <= 0:
                    raise Unreachable

        return reply._replace(body=some())

    return fault


def refused(code: str, *, retry_after_s: float | None = None):
    """The server says no."""

    def fault(_link: Link, _through: Callable[[], Reply]) -> Reply:
        return problem(code, retry_after_s=retry_after_s)

    return fault


def portal(_link: Link, _through: Callable[[], Reply]) -> Reply:
    """A hotel answers instead."""
    return Reply(200, {}, iter([b"<html>Welcome</html>\n"]))


@dataclass
class Tablet:
    """A device: its storage, and the replica and client that were opened on it last."""

    device: str
    user: str
    link: Link
    storage: ReplicaStorage
    clock_ahead_ms: int = 0
    opened: int = 0
    limit: int = 2_000
    batch: int = 500
    catalogue: Catalogue | None = CATALOGUE

    def __post_init__(self) -> None:
        Replica.enrol(self.storage, device=self.device, user=self.user)
        self.keyring = MemoryKeyring(
            Credentials(
                self.device, self.user, self.device, NOON + 30 * DAY_MS, f"of {self.device}"
            )
        )
        self.open()
        if self.catalogue is not None:
            self.replica.learn(self.catalogue.describe(), etag="v3")

    def open(self) -> Tablet:
        """Start the app, or start it again after a crash."""
        self.opened += 1
        incarnation = f"aaa{BASE32[self.opened % 32]}"
        self.replica = Replica(self.storage, incarnation=incarnation)
        nonces = itertools.count()
        self.client = Client(
            self.replica,
            self.link,
            self.keyring,
            now_ms=self.now_ms,
            draw=lambda: 0.5,
            nonce=lambda: f"n{self.opened}-{next(nonces)}",
            limit=self.limit,
            batch=self.batch,
        )
        return self

    def now_ms(self) -> int:
        """What the tablet's clock shows."""
        return self.link.server.now_ms + self.clock_ahead_ms

    def sync(self):
        """Exchange until all is done or something must be waited for."""
        return self.client.sync()

    def edit(self, record: str, **fields: Any) -> str | None:
        """Change fields of a record."""
        return self.replica.edit(record, fields, now_ms=self.now_ms())

    def create(self, record: str, type_name: str = "household", **fields: Any) -> str:
        """Make a record."""
        fields = {"grid": GRID, **fields}
        return self.replica.create(type_name, record, fields, now_ms=self.now_ms())

    def see(self, record: str, name: str) -> Any:
        """The shown value of a field."""
        view = self.replica.view(record)
        return view[name] if view is not None else None

    def marks(self, record: str) -> dict[str, tuple[str, ...]]:
        """The marks of a record."""
        view = self.replica.view(record)
        return dict(view.marks) if view is not None else {}


def bare_storage(kind: str) -> ReplicaStorage:
    """An empty storage: ``memory`` or ``sqlite``."""
    if kind == "memory":
        return MemoryStorage()
    return SqliteStorage(sqlite3.connect(":memory:"))


def differences(tablet: Tablet, *feeds: str) -> list[str]:
    """Where the tablet's base is not what the server has in these feeds, in words."""
    server = tablet.link.server
    found: list[str] = []
    for feed in (*feeds, person(tablet.user)):
        theirs = server.live(feed)
        with tablet.storage.read() as shelf:
            members = shelf.members(feed)
            mine = set(shelf.heads(members))
        found += [f"{feed}: {record} is missing" for record in theirs.keys() - mine]
        found += [f"{feed}: {record} should not be here" for record in mine - theirs.keys()]
        for record in theirs.keys() & mine:
            own, other = tablet.replica.base(record), server.record(record)
            assert own is not None
            assert other is not None
            for name in (*(one.name for one in own.spec.fields), *(other.x or {})):
                mine_told = (own.get(name), own.version(name))
                told = (other.get(name), other.version(name))
                if mine_told != told:
                    found.append(f"{record}.{name}: {mine_told} here, {told} there")
            if (own.head, own.c) != (other.head, other.c):
                found.append(f"{record}: head or conflicts differ")
    return found
