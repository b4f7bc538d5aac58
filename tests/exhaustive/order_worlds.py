"""Small worlds about a work order: every step of its table, against every other, in every order.

As in ``small_worlds``, a tablet's day is a row of letters, ``m`` makes a step and ``s`` hands
in. What can be made is what the table of production has for the role from the state that the
tablet shows, and one step that no table has; and an order begins in each state of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from server.records.work import WORK_ORDER
from sync.authority import Authority, Batch
from sync.catalogue import Catalogue, Feed, Workflow
from sync.feeds import Grant
from sync.memory import MemoryStore
from sync.scope import SYSTEM, Reader, Scope
from sync.stamps import Stamps
from tests.exhaustive.order_rules import OUTCOMES, Move, Order
from tests.sync.county import GRID, uid

_flow = WORK_ORDER.workflow
assert _flow is not None
FLOW: Workflow = _flow
STATES = sorted({step.source for step in FLOW.transitions})
WHO = {
    (step.source, step.target): tuple(
        role
        for one in FLOW.transitions
        if (one.source, one.target) == (step.source, step.target)
        for role in one.who
    )
    for step in FLOW.transitions
}
REASONS = frozenset((one.source, one.target) for one in FLOW.transitions if "log" in one.requires)
ASKED = ("lead_unit", "accepted_by")
"""What a step says beside the state, where the table requires it: of each there is one."""

NOWHERE = FLOW.initial
"""No step of the table leads back to where an order begins."""

CREWS = (
    ("grid_worker", "grid_worker"),
    ("administrator", "grid_worker"),
    ("grid_worker", "community_staff", "grid_worker"),
)
"""Two who do the same work, one who decides and one who does, and three who all do the same."""

DAYS: dict[int, tuple[tuple[str, ...], ...]] = {
    2: (("ms", "ms"), ("mms", "ms")),
    3: (("ms", "ms", "ms"),),
}

Pick = Callable[[int], int]
"""Chooses one of so many."""


def every_choice(live: Callable[[Pick], list[str]]) -> Iterator[tuple[list[int], list[str]]]:
    """(choices, what was wrong): a world for every choice that can be made in it."""
    path: list[int] = []
    while True:
        taken: list[tuple[int, int]] = []

        def pick(number: int, path: list[int] = path, taken: Any = taken) -> int:
            taken.append((path[len(taken)] if len(taken) < len(path) else 0, number))
            return int(taken[-1][0])

        wrong = live(pick)
        yield [choice for choice, _ in taken], wrong
        while taken and taken[-1][0] + 1 == taken[-1][1]:
            taken.pop()
        if not taken:
            return
        path = [choice for choice, _ in taken]
        path[-1] += 1


def alike(pick: Pick) -> Pick:
    """Chooses once, and then the same again and again."""
    first: list[int] = []

    def same(number: int) -> int:
        if not first:
            first.append(pick(number))
        return min(first[0], number - 1)

    return same


class Tablet:
    """One tablet by hand: what it shows of the order, and what waits on it."""

    def __init__(self, number: int, role: str) -> None:
        self.number, self.role, self.user = number, role, uid(0xB1 + number)
        reader = Reader(f"tab0000{number}", self.user, role,
                        grants=(Grant(f"grid:{GRID}", "g1", 0),))  # fmt: skip
        self.scope = Scope.of(reader, checkpoint={}, now_ms=1)
        self.stamps = Stamps(device=reader.device, incarnation="0000")
        self.head = self.state = ""
        self.seen: dict[str, str] = {}
        self.outbox: list[tuple[dict[str, Any], Move]] = []

    def options(self) -> list[tuple[str, bool]]:
        """(to, does it log) of what can be made of what is shown."""
        steps = [one for one in FLOW.transitions if one.source == self.state]
        mine = [(one.target, "log" in one.requires) for one in steps if self.role in one.who]
        return [*mine, (NOWHERE, False)]


class Desk:
    """One store and the authority of production, for many orders that begin in one state."""

    def __init__(self, begins: str, crew: tuple[str, ...]) -> None:
        kind = replace(
            WORK_ORDER,
            feeds=(Feed("grid", "grid"),),
            workflow=replace(FLOW, initial=begins),
        )
        catalogue = Catalogue(kind)
        self.begins = begins
        self.store = MemoryStore(catalogue, epoch="e")
        server = Stamps(device="srv00000", incarnation="0000")
        self.authority = Authority(
            catalogue,
            next_stamp=lambda now_ms: server.next(now_ms=now_ms),
            new_id=lambda _now_ms: uid(1),
        )
        self.now_ms, self.orders = 1_000_000, 0
        self.tablets = [Tablet(number, role) for number, role in enumerate(crew)]

    def begin(self) -> tuple[str, Order]:
        """A new order, seen by every tablet, with all filled in that a step may require."""
        self.orders += 1
        record, stamp = uid(0x10000 + self.orders), self.authority.server_stamp(self.now_ms)
        fields: dict[str, Any] = {
            "grid": GRID, "status": self.begins, "title": "路灯不亮", "kind": "request",
            "class": "ordinary", "result": "已修", "solved": True, "due_at": 1, "returns": 1,
            "lead_unit": uid(0xC0), "accepted_by": uid(0xC1),
        }  # fmt: skip
        raw = self.raw(stamp, "system", "create", record, fields, None)
        with self.store.write() as tx:
            acks = self.authority.accept(tx, Batch([raw], SYSTEM, self.now_ms)).acks
        assert acks[0].outcome == "applied", acks
        for tablet in self.tablets:
            tablet.outbox.clear()
            tablet.head, tablet.state = stamp, self.begins
            tablet.seen = dict.fromkeys(ASKED, stamp)
        values = {name: (fields[name], stamp) for name in ASKED}
        return record, Order(WHO, REASONS, self.begins, values)

    def raw(self, stamp, actor, kind, record, fields, base):
        """An operation as a tablet writes it."""
        return {
            "stamp": stamp, "group": None, "actor": actor, "schema": 1, "at": self.now_ms,
            "offset_ms": 0, "type": "work_order", "record": record, "kind": kind,
            "fields": fields, "base": base, "reason": None,
        }  # fmt: skip

    def make(self, tablet: Tablet, record: str, pick: Pick) -> None:
        """A step from what the tablet shows."""
        options, source = tablet.options(), tablet.state
        target, logs = options[pick(len(options))]
        stamp = tablet.stamps.next(now_ms=self.now_ms)
        wants = {"lead_unit": uid(0xD0 + tablet.number), "accepted_by": tablet.user}
        named = {
            name
            for step in FLOW.transitions
            if (step.source, step.target) == (source, target)
            for name in step.requires
        }
        says = {name: (wants[name], tablet.seen[name]) for name in ASKED if name in named}
        fields: dict[str, Any] = {"status": {"from": source, "to": target}}
        fields |= {name: value for name, (value, _) in says.items()}
        if logs:
            fields["log"] = {"append": stamp}
        base = {"*": tablet.head} | {name: seen for name, (_, seen) in says.items()}
        raw = self.raw(stamp, tablet.user, "transition", record, fields, base)
        move = Move(stamp, tablet.role, tablet.head, source, target, says, logs)
        tablet.outbox.append((raw, move))
        if target != NOWHERE:  # A tablet that knows the table shows no such thing.
            tablet.head, tablet.state = stamp, target
            tablet.seen |= dict.fromkeys(says, stamp)

    def hand_in(self, tablet: Tablet, record: str, order: Order) -> list[str]:
        """Hand in and see what is there; what is not as the contract has it, in words."""
        wrong: list[str] = []
        raws = [raw for raw, _ in tablet.outbox]
        with self.store.write() as tx:
            acks = self.authority.accept(tx, Batch(raws, tablet.scope, self.now_ms)).acks
        for ack, (_, move) in zip(acks, tablet.outbox, strict=True):
            must = order.take(move)
            code = ack.problem.code if ack.problem is not None else None
            if ack.outcome != OUTCOMES[must] or (code not in (None, must)):
                wrong.append(f"{move} must be {must} and is {ack.outcome}, {code}")
            if OUTCOMES[must] not in ("applied", "merged") and code is None:
                wrong.append(f"{move} must be told why it is {must}")
        tablet.outbox.clear()
        with self.store.read() as snapshot:
            state = snapshot.records([record])[record]
            stamps = [one.stamp for one in snapshot.history(record)]
            found = snapshot.conflicts(stamps)
        waits = {one: set(it.open_fields()) for one, it in found.items() if it.closed is None}
        has = (state.get("status"), {name: state.get(name) for name in ASKED})
        must_have = (order.state, {name: value for name, (value, _) in order.values.items()})
        if has != must_have:
            wrong.append(f"the order must be {must_have} and is {has}")
        if sorted(entry[3] for entry in state.get("log") or ()) != sorted(order.log):
            wrong.append(f"the log must hold {order.log} and holds {state.get('log')}")
        if waits != order.waits:
            wrong.append(f"{order.waits} must wait for a person, and {waits} do")
        if set(state.c or ()) != set().union(*order.waits.values()):
            wrong.append(f"the row's marks are {state.c}, and {order.waits} wait")
        tablet.head, tablet.state = state.head, state.get("status")
        tablet.seen = {name: state.version(name) for name in ASKED}
        return wrong

    def live(self, days: tuple[str, ...], order: tuple[int, ...], pick: Pick) -> list[str]:
        """One order's small world from its beginning to its end."""
        record, must = self.begin()
        pick = alike(pick) if len(days) == 3 else pick
        left, wrong = [iter(day) for day in days], list[str]()
        for number in order:
            self.now_ms += 10
            tablet = self.tablets[number]
            if next(left[number]) == "s":
                wrong += self.hand_in(tablet, record, must)
            else:
                self.make(tablet, record, pick)
        return wrong
