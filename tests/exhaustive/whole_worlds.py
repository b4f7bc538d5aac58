"""Small worlds about whole records: deleted and edited, restored and edited, recorded twice.

As in ``small_worlds``, a tablet's day is a row of letters, ``m`` makes something and ``s``
hands it in, and every interleaving is a case. What can be made depends on what a tablet
shows: a live record can be edited or deleted, a deleted one restored, with an edit or without.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sync.authority import Authority, Batch
from sync.catalogue import Catalogue, Feed, Field, RecordType
from sync.feeds import Grant
from sync.memory import MemoryStore
from sync.scope import SYSTEM, Reader, Scope
from sync.stamps import Stamps
from tests.exhaustive.whole_rules import Doing, Life, Street
from tests.sync.county import GRID, OTHER_GRID, uid

WORKER = ("grid_worker",)
KEYS = ("1-101", " １－１０１", "1-102")
"""Two ways to write one door, and another door."""
DOINGS = {
    "live": (("edit",), ("delete",), ("edit", "delete")),
    "deleted": (("restore",), ("restore", "edit"), ("edit",)),
}
"""What a tablet shows → what is done to it. The last one is wrong: who sees it gone restores it."""

THING = RecordType(
    "thing",
    "物",
    "Thing",
    (
        Field("grid", "reference", "ask", required=True),
        Field("door", "text", "ask"),
        *(Field(f"f{number}", "text", "ask") for number in range(3)),
    ),
    (Feed("grid", "grid"),),
    {"create": WORKER, "edit": WORKER, "delete": WORKER},
    identity=(("door",),),
)


class Tablet:
    """One tablet by hand: what it shows of the record, and what waits on it."""

    def __init__(self, number: int, grid: str) -> None:
        self.number, self.grid, self.user = number, grid, uid(0xB1 + number)
        reader = Reader(f"tab0000{number}", self.user, "grid_worker",
                        grants=(Grant(f"grid:{grid}", "g1", 0),))  # fmt: skip
        self.scope = Scope.of(reader, checkpoint={}, now_ms=1)
        self.stamps = Stamps(device=reader.device, incarnation="0000")
        self.outbox: list[tuple[dict[str, Any], Doing]] = []
        self.head, self.shows, self.version = "", "live", ""
        self.own = ""


class Office:
    """One store and the authority of production over it, for many worlds."""

    def __init__(self, grids: tuple[str, ...] = (GRID, GRID, GRID)) -> None:
        catalogue = Catalogue(THING)
        self.store = MemoryStore(catalogue, epoch="e")
        server = Stamps(device="srv00000", incarnation="0000")
        self.authority = Authority(
            catalogue,
            next_stamp=lambda now_ms: server.next(now_ms=now_ms),
            new_id=lambda _now_ms: uid(1),
        )
        self.now_ms = 1_000_000
        self.tablets = [Tablet(number, grid) for number, grid in enumerate(grids)]
        self.made = 0x10000

    def new_id(self) -> str:
        """An id that no record has."""
        self.made += 1
        return uid(self.made)

    def op(self, stamp, actor, kind, record, fields, base):
        """An operation as a tablet writes it."""
        return {
            "stamp": stamp, "group": None, "actor": actor, "schema": 1, "at": self.now_ms,
            "offset_ms": 0, "type": "thing", "record": record, "kind": kind, "fields": fields,
            "base": base, "reason": None,
        }  # fmt: skip

    def accept(self, raws, scope):
        """The acks of the authority."""
        with self.store.write() as tx:
            return self.authority.accept(tx, Batch(raws, scope, self.now_ms)).acks

    def of_server(self, kind, record, fields, base=None):
        """The server's own operation; its stamp."""
        stamp = self.authority.server_stamp(self.now_ms)
        self.accept([self.op(stamp, "system", kind, record, fields, base)], SYSTEM)
        return stamp

    def state(self, record):
        """The record, and the conflicts about it that are open."""
        with self.store.read() as snapshot:
            history = list(snapshot.history(record))
            ids = {one.conflict for one in history if one.conflict} | {one.stamp for one in history}
            conflicts = snapshot.conflicts(sorted(ids))
            found = snapshot.records([record]).get(record)
        return found, {one: it for one, it in conflicts.items() if it.closed is None}

    def clock(self, order, days) -> Iterator[tuple[Tablet, str]]:
        """Whose turn it is, and the letter of their day."""
        left = [iter(day) for day in days]
        for number in order:
            self.now_ms += 10
            yield self.tablets[number], next(left[number])


# Deleted, edited, restored -----------------------------------------------------------------------


def live_a_life(office: Office, begins: str, days, order, choices) -> list[str]:
    """One record from its beginning to its end: what was not as the contract has it."""
    record, picks, wrong = office.new_id(), iter(choices), list[str]()
    made = head = office.of_server("create", record, {"grid": GRID})
    if begins == "deleted":
        head = office.of_server("delete", record, {}, {"*": made})
    life = Life(head, begins)
    for tablet in office.tablets:
        tablet.outbox.clear()
        tablet.head, tablet.shows, tablet.version = head, begins, made
    for tablet, letter in office.clock(order, days):
        if letter == "m":
            _do(office, tablet, record, next(picks))
        else:
            wrong += _hand_in(office, tablet, record, life)
    return wrong


def _do(office: Office, tablet: Tablet, record: str, choice: int) -> None:
    for kind in DOINGS[tablet.shows][choice]:
        stamp = tablet.stamps.next(now_ms=office.now_ms)
        base, fields, name = {"*": tablet.head}, {}, None
        if kind == "edit":
            name = f"f{tablet.number}"
            base[name], fields[name] = tablet.version, stamp
            tablet.version = stamp
        raw = office.op(stamp, tablet.user, kind, record, fields, base)
        tablet.outbox.append((raw, Doing(stamp, kind, tablet.head, name, stamp if name else None)))
        tablet.head = stamp
        tablet.shows = "deleted" if kind == "delete" else "live"


def _hand_in(office: Office, tablet: Tablet, record: str, life: Life) -> list[str]:
    wrong: list[str] = []
    acks = office.accept([raw for raw, _ in tablet.outbox], tablet.scope)
    for ack, (_, op) in zip(acks, tablet.outbox, strict=True):
        must = life.take(op)
        if ack.outcome != must:
            wrong.append(f"{op} must be {must} and is {ack.outcome}")
        code = ack.problem.code if ack.problem is not None else None
        if must == "conflict" and (code, ack.conflict) != ("deleted_and_edited", op.stamp):
            wrong.append(f"{op} must say deleted_and_edited, and says {code} of {ack.conflict}")
    tablet.outbox.clear()
    found, conflicts = office.state(record)
    has = ("deleted" if found.deleted else "live", found.head)
    if has != (life.is_, life.head):
        wrong.append(f"the record must be {(life.is_, life.head)} and is {has}")
    if {name: found.get(name) for name in life.values} != life.values:
        wrong.append(f"its fields must be {life.values}")
    if sorted(conflicts) != sorted(life.waits):
        wrong.append(f"{life.waits} must wait, and {sorted(conflicts)} do")
    if ("*" in (found.c or ())) != bool(life.waits):
        wrong.append(f"the row's marks are {found.c}, and {len(life.waits)} operations wait")
    tablet.head, tablet.shows = found.head, has[0]
    tablet.version = found.version(f"f{tablet.number}")
    return wrong


# Recorded twice ----------------------------------------------------------------------------------


def live_on_a_street(office: Office, days, order, choices) -> list[str]:
    """Doors that are recorded by several: what was not as the contract has it.

    What a tablet makes first is a new record; second, it deletes its own or makes another.
    """
    street, picks, wrong = Street(), iter(choices), list[str]()
    for tablet in office.tablets:
        tablet.outbox.clear()
        tablet.own = ""
    street_name = f"/{office.made}"
    for tablet, letter in office.clock(order, days):
        if letter == "s":
            wrong += _record(office, tablet, street)
            continue
        choice, stamp = next(picks), tablet.stamps.next(now_ms=office.now_ms)
        if tablet.own and choice == 2:
            raw = office.op(stamp, tablet.user, "delete", tablet.own, {}, {"*": tablet.head})
            tablet.own = ""
        else:
            tablet.own, tablet.head = office.new_id(), stamp
            fields = {"grid": tablet.grid, "door": KEYS[choice] + street_name}
            raw = office.op(stamp, tablet.user, "create", tablet.own, fields, None)
        tablet.outbox.append((raw, Doing(stamp, raw["kind"], "")))
    return wrong


def _record(office: Office, tablet: Tablet, street: Street) -> list[str]:
    wrong: list[str] = []
    acks = office.accept([raw for raw, _ in tablet.outbox], tablet.scope)
    for ack, (raw, op) in zip(acks, tablet.outbox, strict=True):
        record, shown, hidden = raw["record"], list[str](), list[str]()
        if op.kind == "delete":
            del street.live[record]
        else:
            shown, hidden = street.create(record, f"grid:{tablet.grid}", raw["fields"]["door"])
        code = ack.problem.code if ack.problem is not None else None
        told = (ack.outcome, code, ack.conflict)
        must = ("applied", "duplicate", op.stamp) if shown else ("applied", None, None)
        if told != must:
            wrong.append(f"{raw} must be {must} and is {told}")
        _, conflicts = office.state(record)
        part = conflicts[op.stamp].fields["*"] if op.stamp in conflicts else {}
        if sorted(part.get("others", ())) != (shown or hidden):
            wrong.append(f"{raw} must be put beside {shown or hidden}, and is beside {part}")
    tablet.outbox.clear()
    for record in street.live:
        found, conflicts = office.state(record)
        marked = any(not it.fields["*"].get("hidden") for it in conflicts.values())
        if found is None or found.deleted:
            wrong.append(f"{record} must be there")
        elif ("*" in (found.c or ())) != marked:
            wrong.append(f"{record} has the marks {found.c}, and is shown as a duplicate: {marked}")
    return wrong


STREETS = {"one grid": (GRID, GRID, GRID), "and a stranger": (GRID, OTHER_GRID, GRID)}
