"""The engine over a store, and tablets whose exchanges a script can stop anywhere.

The tablets keep a replica as ``tests/conformance/contract`` does, so what is compared in the
end is what a worker would see; there is no HTTP between, because a script stops inside.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

from server.app import create_services
from server.records import CATALOGUE
from server.settings import Settings
from server.store import SqliteStore
from sync.exchange import read_request
from sync.feeds import Grant
from sync.scope import Reader
from tests.conformance.batches import GRID_A, GRID_B
from tests.conformance.contract.device import Device, Stamps, new_id
from tests.conformance.contract.replica import Replica

NUMBERS = itertools.count(1)


class Tablet(Device):
    """A tablet of a worker who reads some grids; it speaks to the engine without HTTP."""

    def __init__(self, village: Village, *grids: str, role: str = "grid_worker") -> None:
        self.village = village
        self.id = f"k7m2p9{next(NUMBERS):02d}"[-8:]
        self.user, self.role = new_id(), role
        self.grants = tuple(Grant(f"grid:{grid}", "g1", 0) for grid in grids)
        self.stamps = Stamps(self.id)
        self.skew_ms, self.offset_ms, self.limit = 0, 0, 2000
        self.replica = Replica()
        self.replica.catalogue = CATALOGUE.describe()
        self.outbox, self.acks = [], {}

    @property
    def reader(self) -> Reader:
        return Reader(self.id, self.user, self.role, "en", self.grants)

    def post(self, body: Any, cut_after: int | None = None) -> list[Any]:
        served = self.village.served
        answer = served.exchange.answer(read_request(body), self.reader, now_ms=served.now_ms())
        text = b"".join(answer.parts(served.store.codec, "en"))
        return [json.loads(line) for line in text.splitlines()]


class Village:
    """The services of a server over a store that a script steps through."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.served = create_services(
            Settings(secret="only for tests" * 3), store=store, later=lambda *_: None
        )
        self.door = self.served.door

    @property
    def writes_alone(self) -> bool:
        """Whether one transaction at a time may write, so that a second waits at its beginning."""
        return isinstance(self.store.inner, SqliteStore)

    def tablet(self, *grids: str, role: str = "grid_worker") -> Tablet:
        return Tablet(self, *(grids or (GRID_A,)), role=role)

    def household(self, *tablets: Tablet, grid: str = GRID_A, **fields: Any) -> str:
        """A household that the first tablet entered and that all of them have."""
        record = tablets[0].create("household", grid=grid, **fields)
        for one in tablets:
            one.sync()
        return record

    def row(self, record: str) -> Any:
        """A record as the store has it."""
        with self.store.inner.read() as snapshot:
            return snapshot.records([record])[record]

    def agree(self, record: str, *tablets: Tablet) -> None:
        """Every tablet has handed in all it has, and shows what the store has."""
        for one in tablets * 2:
            one.sync()
        kept = self.row(record)
        for one in tablets:
            assert one.outbox == []
            shown = one[record]
            assert shown.head == kept.head
            values = dict(zip((f.name for f in kept.spec.fields), kept.values, strict=True))
            assert {name: shown.fields[name] for name in values} == values


__all__ = ["GRID_A", "GRID_B", "Tablet", "Village"]
