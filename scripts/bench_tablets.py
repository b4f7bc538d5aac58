"""The tablets of the benchmark: who syncs what, and the edits that they send.

The floor and the server get the same bytes, so edits are made once, as the contract
writes operations, and sent to both. Each edit names what its author saw, and a
tablet's next edit of the same field names the one before it.

Keeps true: no stamp is made twice; an edit's base is the version that the server holds
if all earlier edits of the tablet were applied, so that nothing is in conflict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from random import Random
from typing import Any

import orjson

from scripts.bench_client import Prepared
from scripts.bench_records import IMPORT_MS, Household, households, name, phone, record_id
from sync.stamps import Stamps

EDITED = ("phone", "householder")
"""The fields that are edited in turn: the first under policy ``latest``, the second ``ask``."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured. ``QUICK`` is for tests of the benchmark: its figures mean nothing."""

    first_sync: int = 10_000
    limit: int = 5_000
    edits: int = 10_000
    batch: int = 500
    editors: int = 8
    edits_each: int = 5_000
    quiet_tablets: int = 200
    quiet_records: int = 100
    changes: int = 20
    connections: int = 8
    sittings: int = 10
    sizes: Sequence[int] = (10_000, 100_000, 1_000_000)
    grown_grid: int = 300
    grown_pairs: int = 20
    grown_rounds: int = 10
    seeds: int = 20
    steps: int = 300


FULL = Plan()
QUICK = Plan(
    first_sync=300,
    limit=200,
    edits=200,
    batch=100,
    editors=2,
    edits_each=100,
    quiet_tablets=10,
    quiet_records=30,
    sittings=1,
    sizes=(600, 1_200, 2_400),
    grown_grid=100,
    grown_pairs=2,
    grown_rounds=3,
    seeds=2,
    steps=40,
)


@dataclass(slots=True)
class Tablet:
    """One device of one worker, with the households of its grid. ``token``: as enrolled."""

    device: str
    user: str
    households: Sequence[Household]
    token: str = ""
    versions: dict[tuple[str, str], str] = field(default_factory=dict)
    written: dict[tuple[str, str], str] = field(default_factory=dict)
    stamps: Stamps = field(init=False)

    def __post_init__(self) -> None:
        self.stamps = Stamps(device=self.device, incarnation="b3ch")

    @property
    def feed(self) -> str:
        """The feed of its grid."""
        return self.households[0].feed

    def edits(self, records: Sequence[Household], draw: Random, *, now_ms: int) -> list[bytes]:
        """An edit of one field of each record, as JSON."""
        return [
            self._edit(one, EDITED[place % 2], draw, now_ms) for place, one in enumerate(records)
        ]

    def _edit(self, one: Household, name_: str, draw: Random, now_ms: int) -> bytes:
        stamp = self.stamps.next(now_ms=now_ms)
        base = {seen: self.versions.get((one.record, seen), one.stamp) for seen in ("*", name_)}
        self.versions[one.record, name_] = self.versions[one.record, "*"] = stamp
        return orjson.dumps(
            {
                "stamp": stamp,
                "group": None,
                "actor": self.user,
                "schema": 1,
                "at": now_ms,
                "offset_ms": 0,
                "type": "household",
                "record": one.record,
                "kind": "edit",
                "fields": {name_: self._other(one, name_, draw)},
                "base": base,
                "reason": None,
            }
        )

    def _other(self, one: Household, name_: str, draw: Random) -> str:
        """A value that is not there yet: an edit that changes nothing is not applied."""
        present = self.written.get((one.record, name_)) or str(one.values[name_])
        value = present
        while value == present:
            value = phone(draw) if name_ == "phone" else name(draw)
        self.written[one.record, name_] = value
        return value

    def request(self, *, now_ms: int, limit: int) -> dict[str, Any]:
        """The members of an exchange that come before its operations."""
        return {
            "protocol": 1,
            "device": self.device,
            "schema": 1,
            "sent_at": now_ms,
            "limit": limit,
        }

    def batches(self, count: int, plan: Plan, draw: Random, *, now_ms: int) -> list[Prepared]:
        """``count`` edits in requests of ``plan.batch``, whole but for the checkpoint."""
        edits = iter(self.edits(self.households[:count], draw, now_ms=now_ms))
        head = self.request(now_ms=now_ms, limit=plan.limit)
        prepared = []
        while batch := list(islice(edits, plan.batch)):
            prepared.append(unfinished(head, batch))
        return prepared


def unfinished(head: dict[str, Any], edits: Sequence[bytes]) -> Prepared:
    """A request with these edits that waits for its checkpoint."""
    return Prepared(orjson.dumps(head)[:-1] + b',"operations":[' + b",".join(edits) + b"],")


def tablet(number: int, records: Sequence[Household]) -> Tablet:
    """The tablet of that number, and its worker."""
    user = record_id(Random(number), at_ms=IMPORT_MS)
    return Tablet(device=f"b{number:07d}", user=user, households=records)


@dataclass(frozen=True, slots=True)
class County:
    """Everybody who syncs in W1, W2 and W3, each with a grid of their own.

    Nobody edits the grid of ``first``: its first sync stays the same over all repeats.
    """

    first: Tablet
    editor: Tablet
    editors: Sequence[Tablet]
    quiet: Sequence[Tablet]

    @classmethod
    def of(cls, plan: Plan) -> County:
        """The county of a plan, always the same one."""
        size = max(plan.first_sync, plan.edits, plan.edits_each)
        large, small = 2 + plan.editors, plan.quiet_tablets
        rest = chain(
            households(large * size, seed=1, per_grid=size),
            households(small * plan.quiet_records, seed=2, per_grid=plan.quiet_records),
        )
        counts = [size] * large + [plan.quiet_records] * small
        made = [tablet(number, list(islice(rest, count))) for number, count in enumerate(counts)]
        return cls(made[0], made[1], made[2:large], made[large:])

    @property
    def tablets(self) -> Sequence[Tablet]:
        """All tablets."""
        return (self.first, self.editor, *self.editors, *self.quiet)

    def households(self) -> Iterator[Household]:
        """The households of all grids."""
        for tablet in self.tablets:
            yield from tablet.households
