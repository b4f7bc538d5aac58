"""A small county: one store, one authority, a few devices, and a clock that stands still."""

from __future__ import annotations

import itertools
import json
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from sync.authority import Ack, Authority, Batch, Safeguards
from sync.catalogue import Catalogue, Feed, Field, RecordType, Transition, Workflow
from sync.exchange import Exchange, read_request
from sync.feeds import Grant
from sync.memory import MemoryStore
from sync.scope import Reader, Scope
from sync.stamps import BASE32, Stamps


def uid(number: int) -> str:
    """A record id for tests."""
    return str(uuid.UUID(int=number))


GRID, OTHER_GRID = uid(0xA1), uid(0xA2)
ANNA, BO, ADMIN = uid(0xB1), uid(0xB2), uid(0xB9)
OFFICE = Scope(user=ADMIN, role="administrator", reads=None)
WORKER = ("grid_worker", "administrator")

HOUSEHOLD = RecordType(
    "household",
    "户",
    "Household",
    fields=(
        Field("grid", "reference", "ask", required=True, to="grid"),
        Field("householder", "text", "ask", zh="户主", en="Householder"),
        Field("phone", "text", "latest", zh="电话", en="Phone"),
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
    who={"create": WORKER, "edit": WORKER, "delete": WORKER},
)
RESIDENT = RecordType(
    "resident",
    "人",
    "Resident",
    fields=(
        Field("grid", "reference", "ask", required=True),
        Field("household", "reference", "ask", to="household"),
        Field("name", "text", "ask"),
    ),
    feeds=(Feed("grid", "grid"),),
    who={"create": WORKER, "edit": WORKER},
)
STATES = ("new", "taken", "done", "closed")
ORDER = RecordType(
    "order",
    "工单",
    "Order",
    fields=(
        Field("grid", "reference", "ask", required=True),
        Field("status", "choice", "workflow", choices={state: (state, state) for state in STATES}),
        Field("taker", "text", "latest"),
        Field("result", "text", "latest"),
        Field("tags", "tags", "set"),
        Field("count", "integer", "sum"),
        Field("log", "log", "append"),
        Field("cause", "text", "ask"),
    ),
    feeds=(Feed("grid", "grid"),),
    who={"create": WORKER, "edit": WORKER},
    workflow=Workflow(
        "status",
        "new",
        (
            Transition("take", "new", "taken", WORKER),
            Transition("finish", "taken", "done", WORKER, requires=("result",)),
            Transition("close", "done", "closed", WORKER, requires=("cause",)),
            Transition("reopen", "done", "taken", ("administrator",)),
        ),
    ),
)
NOTICE = RecordType(
    "notice",
    "通知",
    "Notice",
    fields=tuple(
        Field(name, kind, policy)
        for name, kind, policy in (
            ("user", "reference", "once"),
            ("about", "text", "once"),
            ("outcome", "text", "latest"),
            ("code", "text", "latest"),
            ("text", "text", "latest"),
            ("before", "text", "once"),
            ("after", "text", "once"),
            ("about_type", "text", "once"),
            ("about_record", "text", "once"),
            ("read", "boolean", "latest"),
        )
    ),
    feeds=(Feed("person", "user"),),
    who={"edit": WORKER},
)
CATALOGUE = Catalogue(HOUSEHOLD, RESIDENT, ORDER, NOTICE)


@dataclass
class Device:
    """A hand-driven device: it sends what the test says and remembers its cursors."""

    county: County
    reader: Reader
    stamps: Stamps
    cursors: dict[str, str] = field(default_factory=dict)
    clock_ms: int | None = None
    lines: list[dict[str, Any]] = field(default_factory=list)
    created: str = ""

    def op(
        self,
        kind: str,
        record: str,
        fields: dict[str, Any] | None = None,
        base: dict[str, Any] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """A raw operation with the next stamp of this device."""
        at = self.clock_ms if self.clock_ms is not None else self.county.now_ms
        return {
            "stamp": self.stamps.next(now_ms=at),
            "group": None,
            "actor": self.reader.user,
            "schema": 1,
            "at": at,
            "offset_ms": self.county.now_ms - at,
            "type": "household",
            "record": record,
            "kind": kind,
            "fields": fields or {},
            "base": base,
            "reason": None,
            **more,
        }

    def send(self, *operations: Any, checkpoint: dict[str, str] | None = None, limit: int = 2000):
        """One exchange; keeps the cursors of its pages. Answers (acks, answer)."""
        sent = self.cursors if checkpoint is None else checkpoint
        request = read_request(
            {
                "protocol": 1,
                "device": self.reader.device,
                "schema": 1,
                "sent_at": self.clock_ms if self.clock_ms is not None else self.county.now_ms,
                "operations": list(operations),
                "checkpoint": sent,
                "limit": limit,
            }
        )
        answer = self.county.exchange.answer(request, self.reader, now_ms=self.county.now_ms)
        self.lines = [
            json.loads(line)
            for part in answer.parts(self.county.store.codec, "en")
            for line in part.splitlines()
        ]
        for feed in self.hello["evicted"]:
            self.cursors.pop(feed, None)
        for page in self.pages:
            self.cursors[page["feed"]] = page["cursor"]
        return [line["ack"] for line in self.lines if "ack" in line]

    @property
    def hello(self) -> dict[str, Any]:
        told: dict[str, Any] = self.lines[0]["hello"]
        return told

    @property
    def done(self) -> dict[str, Any]:
        told: dict[str, Any] = self.lines[-1]["done"]
        return told

    @property
    def pages(self) -> list[dict[str, Any]]:
        return [line["page"] for line in self.lines if "page" in line]

    def rows(self, type_name: str = "household") -> dict[str, dict[str, Any]]:
        """The rows of one type that the last answer held, by record."""
        return {
            row[0]: dict(zip(group["keys"], row, strict=True))
            for page in self.pages
            for group in page["put"]
            if group["type"] == type_name
            for row in group["rows"]
        }

    def suspend(self) -> None:
        """Suspend this device for cause."""
        self.reader = replace(self.reader, suspended=True)

    def grants(self, *grants: Grant) -> None:
        """Give this device's user other grants."""
        self.reader = replace(self.reader, grants=grants)


class County:
    """The server's side."""

    def __init__(
        self,
        safeguards: Safeguards | None = None,
        catalogue: Catalogue = CATALOGUE,
        **more: Any,
    ) -> None:
        self.now_ms = 1_000_000
        self.store = MemoryStore(catalogue, epoch="e1")
        server = Stamps(device="srv00000", incarnation="0000")
        ids = itertools.count(0xF000)
        self.authority = Authority(
            catalogue,
            next_stamp=lambda now_ms: server.next(now_ms=now_ms),
            new_id=lambda _: uid(next(ids)),
            safeguards=safeguards,
            **more,
        )
        self.exchange = Exchange(catalogue, self.store, self.authority)
        self._names = iter([letter * 8 for letter in BASE32[10:]])

    def device(self, user: str, *, role: str = "grid_worker", grid: str = GRID) -> Device:
        name = next(self._names)
        reader = Reader(name, user, role, lang="en", grants=(Grant(f"grid:{grid}", "g1", 0),))
        return Device(self, reader, Stamps(device=name, incarnation="0000"))

    def submit(self, scope: Scope, *operations: Any) -> list[Ack]:
        """The acks of operations that come from the server's own side."""
        with self.store.write() as tx:
            batch = Batch(operations=operations, scope=scope, received_ms=self.now_ms)
            return self.authority.accept(tx, batch).acks

    def record(self, record: str) -> Any:
        with self.store.read() as snapshot:
            return snapshot.records([record]).get(record)

    def conflict(self, conflict: str) -> Any:
        with self.store.read() as snapshot:
            return snapshot.conflicts([conflict])[conflict]

    def operation(self, stamp: str) -> Any:
        with self.store.read() as snapshot:
            return snapshot.operations([stamp]).get(stamp)


def edit(device: Device, record: str, fields: dict[str, Any], *, base: str, **more: Any) -> Any:
    """An edit by somebody who has seen the stamp ``base`` in every field and as the head."""
    return device.op("edit", record, fields, {"*": base, **dict.fromkeys(fields, base)}, **more)


def step(
    device: Device,
    order: str,
    seen: str,
    way: tuple[str, str],
    fields: dict[str, Any] | None = None,
    **more: Any,
) -> Any:
    """A transition of an order along ``way`` (from, to) by somebody who has seen ``seen``."""
    return device.op(
        "transition",
        order,
        {"status": {"from": way[0], "to": way[1]}, **(fields or {})},
        {"*": seen, **dict.fromkeys(fields or {}, seen)},
        type="order",
        **more,
    )


def resolve(
    county: County, conflict: str, fields: dict[str, Any], record: str, **more: Any
) -> tuple[Device, dict[str, Any]]:
    """An administrator's decision: who decided, and the ack."""
    admin = county.device(ADMIN, role="administrator")
    ack = admin.send(admin.op("resolve", record, fields, conflict=conflict, **more))[0]
    return admin, ack


def let_go(county: County, stamp: str) -> Any:
    """A person releases a held operation."""
    with county.store.write() as tx:
        return county.authority.release(tx, stamp, now_ms=county.now_ms)
