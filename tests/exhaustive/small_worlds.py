"""Small worlds, all of them: two or three tablets, one or two operations each, every order.

A tablet's day is a row of letters: ``m`` makes an operation on what it sees, ``s`` hands in
what waits and sees what is there. Every way to interleave the days of the tablets is one
case, for every choice of values; the authority of production decides each, and the rules of
the contract say what it must have decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from sync.authority import Authority, Batch
from sync.catalogue import Catalogue, Feed, Field, RecordType
from sync.feeds import Grant
from sync.memory import MemoryStore
from sync.scope import SYSTEM, Reader, Scope
from sync.stamps import Stamps
from tests.exhaustive.rules import Op, World
from tests.sync.county import GRID, uid

WORKER = ("grid_worker",)
TEXT = "一\n=\n二\n=\n三"
DAYS = {2: ("ms", "mms", "msms"), 3: ("ms",)}


class Policy(NamedTuple):
    """A policy's field, how it begins, and the two things that people do to it."""

    kind: str
    begins: Any
    choices: tuple[Any, Any]


POLICIES: Mapping[str, Policy] = {
    "ask": Policy("text", "a", ("b", "a")),
    "latest": Policy("text", "a", ("b", "c")),
    "once": Policy("text", None, ("b", "c")),
    "text": Policy("longtext", TEXT, (("一", "壹"), ("三", "叁"))),
    "set": Policy("tags", ["x"], ({"add": ["y"], "remove": []}, {"add": [], "remove": ["x", "y"]})),
    "sum": Policy("integer", 5, ({"add": 1}, {"add": -2})),
    "highest": Policy("integer", 5, (4, 7)),
    "lowest": Policy("integer", 5, (4, 7)),
    "append": Policy("log", [], ({"append": "p"}, {"append": "q"})),
}


def interleavings(days: tuple[str, ...]) -> Iterator[tuple[int, ...]]:
    """Every order in which the letters of these days can happen: whose turn it is, each time."""
    if not any(days):
        yield ()
        return
    for number, day in enumerate(days):
        if day:
            rest = (*days[:number], day[1:], *days[number + 1 :])
            for order in interleavings(rest):
                yield (number, *order)


def cases(tablets: int) -> Iterator[tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]]:
    """(days, order, choices): every small world of so many tablets."""
    for days in product(DAYS[tablets], repeat=tablets):
        made = sum(day.count("m") for day in days)
        for order in interleavings(days):
            for choices in product((0, 1), repeat=made):
                yield days, order, choices


class Tablet:
    """One tablet by hand: what it saw of the field, and what waits on it."""

    def __init__(self, number: int) -> None:
        self.user = uid(0xB1 + number)
        reader = Reader(f"tab0000{number}", self.user, "grid_worker",
                        grants=(Grant(f"grid:{GRID}", "g1", 0),))  # fmt: skip
        self.scope = Scope.of(reader, checkpoint={}, now_ms=1)
        self.stamps = Stamps(device=reader.device, incarnation="0000")
        self.head = self.version = ""
        self.shown: Any = None
        self.adds: frozenset[tuple[str, str]] = frozenset()
        self.outbox: list[tuple[dict[str, Any], Op]] = []


class County:
    """One store for many worlds: each has a record of its own."""

    def __init__(self, policy: str) -> None:
        self.policy, self.about = policy, POLICIES[policy]
        field = Field("f", self.about.kind, policy)
        grid = Field("grid", "reference", "ask", required=True)
        who = {"create": WORKER, "edit": WORKER, "delete": WORKER}
        kind = RecordType("thing", "物", "Thing", (grid, field), (Feed("grid", "grid"),), who)
        self.store = MemoryStore(Catalogue(kind), epoch="e")
        server = Stamps(device="srv00000", incarnation="0000")
        self.authority = Authority(
            Catalogue(kind),
            next_stamp=lambda now_ms: server.next(now_ms=now_ms),
            new_id=lambda _now_ms: uid(1),
        )
        self.now_ms = 1_000_000
        self.tablets = [Tablet(number) for number in range(3)]
        self.worlds = 0

    def begin(self) -> tuple[str, World]:
        """A new record, seen by every tablet."""
        self.worlds += 1
        record, stamp = uid(0x10000 + self.worlds), self.authority.server_stamp(self.now_ms)
        fields = {"grid": GRID, "f": self.about.begins}
        raw = self.raw(record, "create", fields, None, stamp, "system")
        with self.store.write() as tx:
            self.authority.accept(tx, Batch([raw], SYSTEM, self.now_ms))
        begins = self.about.begins
        adds = frozenset((stamp, tag) for tag in begins) if self.policy == "set" else frozenset()
        if self.policy == "append":
            begins = []
        world = World(self.policy, begins, stamp, self.now_ms, {stamp: begins}, adds)
        for tablet in self.tablets:
            tablet.outbox.clear()
            tablet.head = tablet.version = stamp
            tablet.shown, tablet.adds = begins, adds
        return record, world

    def raw(self, record, kind, fields, base, stamp, actor):
        """An operation as a tablet writes it."""
        return {
            "stamp": stamp, "group": None, "actor": actor, "schema": 1, "at": self.now_ms,
            "offset_ms": 0, "type": "thing", "record": record, "kind": kind, "fields": fields,
            "base": base, "reason": None,
        }  # fmt: skip

    def make(self, tablet: Tablet, record: str, choice: Any) -> None:
        """An edit of what the tablet shows."""
        stamp = tablet.stamps.next(now_ms=self.now_ms)
        value = choice
        if self.policy == "text":
            value = tablet.shown.replace(*choice)
            if value == tablet.shown:
                value = f"{tablet.shown}"
        base = {"*": tablet.head, "f": tablet.version}
        raw = self.raw(record, "edit", {"f": value}, base, stamp, tablet.user)
        plain = value
        if self.policy in ("sum", "append"):
            plain = value["add"] if self.policy == "sum" else value["append"]
        seen = tablet.version if self.policy not in ("sum", "append", "highest", "lowest") else None
        op = Op(stamp, seen, plain, self.now_ms, tablet.user, tablet.adds)
        tablet.outbox.append((raw, op))
        tablet.version = stamp
        if self.policy == "text":
            tablet.shown = value
        if self.policy == "set":
            gone = {one for one in tablet.adds if one[1] in value["remove"]}
            tablet.adds = (tablet.adds - gone) | {(stamp, tag) for tag in value["add"]}

    def sync(self, tablet: Tablet, record: str, world: World) -> list[str]:
        """Hand in and see what is there; what is not as the contract has it, in words."""
        wrong: list[str] = []
        raws = [raw for raw, _ in tablet.outbox]
        with self.store.write() as tx:
            acks = self.authority.accept(tx, Batch(raws, tablet.scope, self.now_ms)).acks
            state = tx.records([record])[record]
        for ack, (_, op) in zip(acks, tablet.outbox, strict=True):
            must = world.take(op)
            if ack.outcome != must:
                wrong.append(f"{op.stamp} ({op.value!r}) must be {must} and is {ack.outcome}")
        tablet.outbox.clear()
        shows = world.tags() if self.policy == "set" else world.value
        has = state.get("f") if self.policy not in ("append", "set") else state.get("f") or []
        if has != shows:
            wrong.append(f"the field must be {shows!r} and is {has!r}")
        if bool(state.c) != bool(world.waiting):
            wrong.append(f"the row's marks are {state.c}, and {len(world.waiting)} values wait")
        if world.version == "of the server":
            world.texts[state.version("f")] = world.value
            world.version = state.version("f")
        tablet.head, tablet.version = state.head, state.version("f")
        tablet.shown, tablet.adds = world.value, world.adds
        return wrong

    def live(
        self, days: tuple[str, ...], order: tuple[int, ...], choices: tuple[int, ...]
    ) -> list[str]:
        """One small world from its beginning to its end: what was not as the contract has it."""
        record, world = self.begin()
        left, picks, wrong = [iter(day) for day in days], iter(choices), []
        for number in order:
            self.now_ms += 10
            tablet = self.tablets[number]
            if next(left[number]) == "m":
                self.make(tablet, record, self.about.choices[next(picks)])
            else:
                wrong += self.sync(tablet, record, world)
        with self.store.read() as snapshot:
            waiting = {stamp for stamp, _ in world.waiting}
            history = [one.stamp for one in snapshot.history(record) if one.outcome == "conflict"]
        if not waiting <= set(history):
            wrong.append(f"{waiting - set(history)} must wait in a conflict")
        return wrong
