"""One tablet, by PROTOCOL.md alone: enrolled, with stamps, an outbox and a replica in memory."""

from __future__ import annotations

import copy
import os
import secrets
import time
from collections.abc import Iterator
from typing import Any

from tests.conformance.contract.replica import Record, Replica
from tests.conformance.contract.wire import CutOffError, Json, Wire

BASE_32 = "0123456789abcdefghjkmnpqrstvwxyz"
BASED = ("ask", "latest", "text", "once", "set")
LINES = ("hello", "ack", "page", "done")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def new_id() -> str:
    """A UUIDv7: 48 bits of milliseconds, version 7, variant 2, random elsewhere."""
    number = (now_ms() << 80) | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) | 7 << 76
    number = number & ~(0x3 << 62) | 2 << 62
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


class Stamps:
    """Stamps that only grow, whatever the clock does."""

    def __init__(self, device: str) -> None:
        self.suffix = device + "".join(secrets.choice(BASE_32) for _ in range(4))
        self.wall, self.counter = 0, 0

    def next(self, wall: int) -> str:
        if wall > self.wall:
            self.wall, self.counter = wall, 0
        elif self.counter < 0xFFFF:
            self.counter += 1
        else:
            self.wall, self.counter = self.wall + 1, 0
        return f"{self.wall:012x}-{self.counter:04x}-{self.suffix}"


class Device:
    """Edits go to the outbox; ``exchange`` hands them in and brings what is new."""

    def __init__(self, wire: Wire, code: str) -> None:
        self.wire = wire
        body = {"code": code, "nonce": secrets.token_hex(8), "name": "tablet", "platform": "test"}
        self.enrolled = wire.send("POST", "/sync/v1/enrol", body).json()
        self.id: str = self.enrolled["device"]
        self.user: str = self.enrolled["user"]
        self.token: str = self.enrolled["token"]
        self.stamps = Stamps(self.id)
        self.skew_ms = 0
        self.offset_ms: int | None = 0  # these tablets share the server's clock, unless skewed
        self.limit = 2000
        self.replica = Replica()
        self.outbox: list[Json] = []
        self.acks: dict[str, Json] = {}
        self.replica.catalogue = wire.send("GET", "/sync/v1/catalogue", token=self.token).json()

    # -- what the worker sees -------------------------------------------------------------------

    def __contains__(self, record: str) -> bool:
        return record in self.replica.records

    def __getitem__(self, record: str) -> Record:
        return self.replica.records[record]

    def of_type(self, type_: str) -> list[Record]:
        return [each for each in self.replica.records.values() if each.type == type_]

    def notices(self, about: str) -> list[Json]:
        return [each.fields for each in self.of_type("notice") if each.fields["about"] == about]

    # -- what the worker does -------------------------------------------------------------------

    def operation(self, kind: str, type_: str, record: str, fields: Json, **members: Any) -> Json:
        """An operation of this device, made now, in nobody's outbox yet."""
        at = now_ms() + self.skew_ms
        made = {
            "stamp": self.stamps.next(at),
            "group": None,
            "actor": self.user,
            "schema": self.replica.catalogue["schema"],
            "at": at,
            "offset_ms": self.offset_ms,
            "type": type_,
            "record": record,
            "kind": kind,
            "fields": fields,
            "reason": None,
        }
        if kind != "create":
            made["base"] = self._seen(record, type_, fields)
        return made | members

    def _seen(self, record: str, type_: str, fields: Json) -> Json:
        """The head and the versions on the screen: the base with the outbox folded over it."""
        policies = self.replica.policies(type_)
        base = self.replica.records.get(record)
        names = [name for name in fields if policies.get(name, "latest") in BASED]
        seen: Json = {name: base.versions.get(name) if base else None for name in names}
        seen["*"] = base.head if base else None
        for waiting in self.outbox:
            if waiting["record"] == record:
                whole = waiting["kind"] == "create"
                written = [n for n in seen if whole or n == "*" or n in waiting["fields"]]
                seen |= dict.fromkeys(written, waiting["stamp"])
        return seen

    def put(self, operation: Json) -> str:
        self.outbox.append(copy.deepcopy(operation))
        return str(operation["stamp"])

    def create(self, type_: str, *, record: str | None = None, **fields: Any) -> str:
        record = record or new_id()
        self.put(self.operation("create", type_, record, fields))
        return record

    def edit(self, record: str, **fields: Any) -> str:
        return self.put(self.operation("edit", self._type(record), record, fields))

    def delete(self, record: str) -> str:
        return self.put(self.operation("delete", self._type(record), record, {}))

    def step(self, record: str, source: str, target: str, **fields: Any) -> str:
        fields = {"status": {"from": source, "to": target}, **fields}
        return self.put(self.operation("transition", self._type(record), record, fields))

    def _type(self, record: str) -> str:
        if record in self:
            return self[record].type
        return next(str(each["type"]) for each in self.outbox if each["record"] == record)

    # -- exchanging -----------------------------------------------------------------------------

    def request(self, **members: Any) -> Json:
        return {
            "protocol": 1,
            "device": self.id,
            "schema": self.replica.catalogue["schema"],
            "sent_at": now_ms() + self.skew_ms,
            "operations": self.outbox,
            "checkpoint": self.replica.cursors,
            "limit": self.limit,
        } | members

    def post(self, body: Json, cut_after: int | None = None) -> list[Json]:
        """The lines of an exchange, applied nowhere."""
        path, token = "/sync/v1/exchange", self.token
        return self.wire.send("POST", path, body, token=token, cut_after=cut_after).lines()

    def exchange(self, *, cut_after: int | None = None) -> list[Json]:
        """One exchange, applied: of a cut answer the whole lines, and then it is raised."""
        try:
            lines = self.post(self.request(), cut_after)
        except CutOffError as cut:
            self.apply(cut.lines)
            raise
        assert "done" in lines[-1], lines[-1]
        self.apply(lines)
        return lines

    def sync(self) -> list[Json]:
        """Exchanges until there is no more; all their lines."""
        lines = self.exchange()
        while lines[-1]["done"]["more"]:
            lines += self.exchange()
        return lines

    def hand_in(self, *operations: Json) -> list[Json]:
        """The acks of these operations, in order, after one more exchange."""
        for operation in operations:
            self.put(operation)
        return list(of_kind(self.exchange(), "ack"))[-len(operations) :]

    def apply(self, lines: list[Json]) -> None:
        order = [LINES.index(kind) for line in lines for kind in line]
        assert order == sorted(order), order
        sent = iter([*self.outbox])
        for line in lines:
            match line:
                case {"hello": hello}:
                    self.replica.greet(hello)
                case {"ack": ack}:
                    self._acknowledge(next(sent), ack)
                case {"page": page}:
                    self.replica.turn(page)
                case {"done": done}:
                    self.replica.finish(done, handed_in=not self.outbox)

    def _acknowledge(self, operation: Json, ack: Json) -> None:
        """Acks come in the order of the operations; one that repeats leaves the base alone."""
        assert ack["stamp"] in (operation["stamp"], None), (operation, ack)
        self.outbox.remove(operation)
        self.acks[operation["stamp"]] = ack
        if not ack.get("repeated"):
            self.replica.acknowledge(operation, ack)


def of_kind(lines: list[Json], kind: str) -> Iterator[Any]:
    return (line[kind] for line in lines if kind in line)


def rows_sent(lines: list[Json]) -> list[str]:
    """The records whose rows the pages hold."""
    puts = (put for page in of_kind(lines, "page") for put in page["put"])
    return [row[0] for put in puts for row in put["rows"]]
