"""A tablet in the wrong hands: it speaks the protocol well and asks for what is not its own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from sync.record import Record
from sync.scope import SYSTEM
from sync.stamps import Stamps
from tests.server.office import Office, bearer

GRID, ELSEWHERE = (f"00000000-0000-7000-8000-0000000000{one}" for one in ("a1", "b2"))


@dataclass
class Tablet:
    """An enrolled device, and what its last answer said."""

    office: Office
    user: str
    told: dict[str, Any]
    cursors: dict[str, str] = field(default_factory=dict)
    hello: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stamps = Stamps(device=self.told["device"], incarnation="0000")

    @classmethod
    def enrolled(cls, office: Office, *feeds: str, **user: Any) -> Tablet:
        """A tablet of a new user with these grants."""
        who = office.user(**user)
        for feed in feeds:
            office.grant(who, feed)
        return cls(office, who, office.enrol(who))

    def op(
        self, kind: str, seen: Record | str, fields: dict[str, Any], **more: Any
    ) -> dict[str, Any]:
        """An operation on a record as it is now, or (id as text) on one that is not there."""
        now_ms = self.office.clock.now_ms
        base, record, type_name = None, seen, more.pop("type", "household")
        if isinstance(seen, Record):
            record, type_name = seen.id, seen.spec.name
            base = {"*": seen.head, **{name: seen.version(name) for name in fields}}
        return {
            "stamp": self.stamps.next(now_ms=now_ms), "group": None, "actor": self.user,
            "schema": 1, "at": now_ms, "offset_ms": 0, "type": type_name, "record": record,
            "kind": kind, "fields": fields, "base": base, "reason": None, **more,
        }  # fmt: skip

    def send(self, *operations: dict[str, Any]) -> list[dict[str, Any]]:
        """An exchange; answers its acks."""
        body = {
            "protocol": 1, "device": self.told["device"], "schema": 1, "checkpoint": self.cursors,
            "sent_at": self.office.clock.now_ms, "operations": operations,
        }  # fmt: skip
        answer = self.office.client.post(
            "/sync/v1/exchange", json=body, headers=bearer(self.told["token"])
        )
        assert answer.status_code == 200, answer.data
        lines = [json.loads(line) for line in answer.data.splitlines()]
        self.hello = lines[0]["hello"]
        for page in (line["page"] for line in lines if "page" in line):
            self.cursors[page["feed"]] = page["cursor"]
            self.rows |= {row[0]: row for group in page["put"] for row in group["rows"]}
        return [line["ack"] for line in lines if "ack" in line]


def made(office: Office, type_name: str, **fields: Any) -> Record:
    """A record that the server made."""
    record = office.served.new_id()
    ack = office.served.door.create(SYSTEM, type_name, fields, record=record)
    assert ack.outcome in ("applied", "merged"), ack
    return seen(office, record)


def seen(office: Office, record: str) -> Record:
    """A record as it is now."""
    with office.served.store.read() as snapshot:
        return snapshot.records([record])[record]
