"""A small county with everything that the console shows: what its tests and its pictures use.

Deterministic: names, times and ids follow from their numbers. Conflicts come about as
they do in life, by operations of tablets that had not seen each other's.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

from flask import Flask

from server.accounts import passwords
from server.accounts.sessions import writing
from server.app import create_app
from server.models import Device
from server.services import EXTENSION, Services
from server.settings import Settings
from server.store.migrate import migrate
from sync.authority import Ack, Batch
from sync.record import Record
from sync.scope import SYSTEM, Scope
from sync.stamps import Stamps

NOW_MS = 1_795_400_000_000
"""23 November 2026, in the morning in the county."""

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
PASSWORD = "a-long-password"

SURNAMES = "田杨吴龙张代姚罗冉李王陈"
GIVEN = ("桂芳", "国强", "秀英", "志明", "玉兰", "小龙", "翠花", "文华", "建军", "丽")
NOTES = "老人独居，腿脚不便。\n儿子在外务工，每周日来电话。"
COMPOUNDS = ("兴隆小区", "江岸家园", "凯德新村", "双月花园")


@dataclasses.dataclass
class County:
    """An application with data, and the ids of what is in it."""

    app: Flask
    ids: dict[str, str] = dataclasses.field(default_factory=dict)
    clock: list[int] = dataclasses.field(default_factory=lambda: [NOW_MS])
    tablets: dict[str, Tablet] = dataclasses.field(default_factory=dict)

    @property
    def services(self) -> Services:
        found: Services = self.app.extensions[EXTENSION]
        return found

    def record(self, name: str) -> Record:
        """A record by its name in ``ids``."""
        with self.services.store.read() as snapshot:
            return snapshot.records([self.ids[name]])[self.ids[name]]

    def create(self, key: str, kind: str, /, **fields: Any) -> str:
        """A record made by the server."""
        record = self.services.new_id()
        ack = self.services.door.create(SYSTEM, kind, fields, record=record)
        assert ack.problem is None, (key, ack.problem)
        self.ids[key] = record
        return record

    def conflicts(self) -> list[str]:
        """The open conflicts, oldest first."""
        from sqlalchemy import select

        from server.store.tables import CONFLICT

        with self.services.store.engine.connect() as connection:
            query = (
                select(CONFLICT.c.id)
                .where(CONFLICT.c.closed.is_(None))
                .order_by(CONFLICT.c.opened, CONFLICT.c.id)
            )
            return list(connection.execute(query).scalars())


class Tablet:
    """A worker's tablet: edits on what it saw, handed in when it is told to."""

    def __init__(
        self,
        county: County,
        *,
        device: str,
        name: str,
        user: str,
        feeds: tuple[str, ...],
        role: str = "grid_worker",
        offset_ms: int = 0,
    ) -> None:
        self.county, self.user, self.offset_ms = county, user, offset_ms
        self._stamps = Stamps(device=device, incarnation="a2b3")
        self.scope = Scope(
            user=user,
            role=role,
            reads=frozenset({*feeds, "shared", f"person:{user}"}),
            device=device,
        )
        with writing(county.services.store) as session:
            session.add(
                Device(
                    id=device,
                    user=user,
                    name=name,
                    platform="Android 14",
                    enrolled_at=NOW_MS - 90 * DAY_MS,
                    last_exchange=NOW_MS - HOUR_MS,
                    outbox=0,
                    offset_ms=offset_ms,
                    app_version="0.1.0",
                    storage_used=180_000_000,
                    storage_quota=2_000_000_000,
                    battery=0.64,
                )
            )

    def moved_to(self, county: County) -> Tablet:
        """The same tablet, handing in to another copy of the county."""
        moved = copy.copy(self)
        moved.county = county
        return moved

    def see(self, name: str) -> Record:
        """The record as this tablet has it now."""
        return self.county.record(name)

    def draft(self, seen: Record, kind: str, fields: dict[str, Any], *, at: int) -> dict[str, Any]:
        """An operation on what was seen, made at ``at`` by the server's clock."""
        own = at - self.offset_ms
        return {
            "stamp": self._stamps.next(now_ms=own),
            "group": None,
            "actor": self.user,
            "schema": 1,
            "at": own,
            "offset_ms": self.offset_ms,
            "type": seen.spec.name,
            "record": seen.id,
            "kind": kind,
            "fields": fields,
            "base": {"*": seen.head, **{name: seen.version(name) for name in fields}},
            "reason": None,
        }

    def hand_in(self, *operations: dict[str, Any]) -> list[Ack]:
        """What the server makes of operations, now."""
        services = self.county.services
        batch = Batch(
            operations=operations,
            scope=self.scope,
            received_ms=self.county.clock[0],
            offset_ms=self.offset_ms,
        )
        with services.store.write() as tx:
            return services.authority.accept(tx, batch).acks


def open_county(settings: Settings, *, first: int = 1) -> County:
    """An application on a database that is there. Ids follow from numbers, from ``first`` on."""
    clock = [NOW_MS]
    numbers = itertools.count(first)

    def new_id() -> str:
        return f"0199a000-0000-7000-8000-{next(numbers):012x}"

    app = create_app(
        settings, now_ms=lambda: clock[0], new_id=new_id, draw=lambda n: next(numbers) % n
    )
    app.config.update(TESTING=True)
    return County(app, clock=clock)


def build(settings: Settings, *, doors: int = 8) -> County:
    """The county on a fresh database. ``doors``: households in each building."""
    migrate(settings)
    county = open_county(settings)
    clock = county.clock
    clock[0] = NOW_MS - 120 * DAY_MS
    _places(county)
    _people(county)
    _homes(county, doors=doors)
    clock[0] = NOW_MS - 3 * DAY_MS
    _tablets(county)
    _orders(county)
    clock[0] = NOW_MS
    return county


def _square(column: int, row: int) -> dict[str, Any]:
    west, south = 108.83 + column * 0.004, 27.69 + row * 0.003
    east, north = west + 0.004, south + 0.003
    slant = 0.0007 * (row % 2)
    ring = [
        [west + slant, south],
        [east + slant, south],
        [east + 0.0007 - slant, north],
        [west + 0.0007 - slant, north],
        [west + slant, south],
    ]
    return {"type": "Polygon", "coordinates": [ring]}


def _places(county: County) -> None:
    for number, name in ((1, "双江街道"), (2, "凯德街道")):
        county.create(f"street{number}", "street", code=f"52062100{number}000", name=name)
    communities = ((1, 1, "兴隆社区"), (2, 1, "江岸社区"), (3, 2, "凯德社区"))
    for number, street, name in communities:
        county.create(
            f"community{number}",
            "community",
            code=f"52062100{street}00{number}",
            name=name,
            street=county.ids[f"street{street}"],
            synthetic=True,
        )
        for grid in range(1, 5):
            county.create(
                f"grid{number}{grid}",
                "grid",
                code=f"52062100{street}00{number}{grid:02}",
                number=grid,
                name=f"{name}第{'一二三四'[grid - 1]}网格",
                community=county.ids[f"community{number}"],
                version=1,
                valid_from="2026-01-01",
                polygon=_square(grid, number),
            )
    for number, name in ((1, "县住房和城乡建设局"), (2, "县水务局")):
        county.create(f"unit{number}", "unit", code=f"U{number}", name=name, kind="department")


PEOPLE = {
    "admin": ("administrator", "代敏", None, None),
    "dispatcher": ("dispatcher", "罗志明", "street1", None),
    "staff": ("community_staff", "冉秀英", None, "community1"),
    "worker1": ("grid_worker", "杨小龙", None, None),
    "worker2": ("grid_chief", "吴玉兰", None, None),
    "handler": ("handler", "姚建军", None, None),
}


def _people(county: County) -> None:
    hashed = passwords.hash_password(PASSWORD)
    for name, (role, title, street, community) in PEOPLE.items():
        user = county.create(
            name,
            "user",
            name=title,
            role=role,
            lang="zh",
            active=True,
            street=county.ids.get(street or ""),
            community=county.ids.get(community or ""),
        )
        with writing(county.services.store) as session:
            passwords.create_account(
                session, username=name, password_hash=hashed, user=user, now_ms=county.clock[0]
            )


def _names() -> Iterator[str]:
    for number in itertools.count():
        yield SURNAMES[number % len(SURNAMES)] + GIVEN[(number * 7) % len(GIVEN)]


def _homes(county: County, *, doors: int) -> None:
    names, count = _names(), itertools.count(1)
    for community in (1, 2, 3):
        for grid in range(1, 5):
            place = county.ids[f"grid{community}{grid}"]
            for building in (1, 2, 10)[: 3 if grid == 1 else 1]:
                home = county.create(
                    f"building{community}{grid}-{building}",
                    "building",
                    grid=place,
                    compound=COMPOUNDS[community],
                    number=str(building),
                    entrances=2,
                    floors=6,
                    doors=2,
                )
                for door in range(doors):
                    _home(county, next(count), place, home, COMPOUNDS[community], door, names)


CARE: tuple[list[str], ...] = (
    ["living_alone", "very_old"],
    [],
    ["left_behind_child"],
    [],
    ["subsistence"],
    ["disabled"],
)
LEVELS = ("weekly", "none", "monthly", "none", "quarterly", "monthly")


def _home(
    county: County,
    number: int,
    grid: str,
    building: str,
    compound: str,
    door: int,
    names: Iterator[str],
) -> None:
    name, floor = next(names), door // 2 + 1
    key = f"home{number}"
    tags = [one for one in CARE[number % 6] if one in _care_choices(county)]
    county.create(
        key,
        "household",
        grid=grid,
        building=building,
        compound=compound,
        entrance=str(door % 2 + 1),
        floor=floor,
        room=f"{floor}0{door % 2 + 1}",
        householder=name,
        phone=f"139{number:04}{(number * 37) % 10_000:04}",
        housing="owned" if number % 3 else "rented",
        care_level=LEVELS[number % 6],
        tags=tags,
        visits=number % 5,
        last_visit=NOW_MS - (number % 40) * DAY_MS if number % 4 else None,
        notes=NOTES if number % 6 == 0 else None,
        origin="survey",
    )
    for place, (kinship, sex, born) in enumerate((("02", "1", 1950), ("10", "2", 1953))):
        resident = county.create(
            f"{key}-{place}",
            "resident",
            grid=grid,
            household=county.ids[key],
            name=name if place == 0 else next(names),
            sex=sex,
            birth=f"{born + number % 40}-03-07",
            kinship=kinship,
            ethnic="15",
            phone=f"138{number:04}{place}{number % 1000:03}",
            registered=True,
            residing=place == 0 or number % 5 != 0,
        )
        if number <= 4:
            county.create(
                f"{key}-{place}-restricted",
                "resident_restricted",
                resident=resident,
                grid=grid,
                citizen_id="99222219900307439X",
            )


def _care_choices(county: County) -> Any:
    return county.services.catalogue["household"].by_name["tags"].choices


def _tablets(county: County) -> None:
    feeds = tuple(f"grid:{county.ids[f'grid1{grid}']}" for grid in range(1, 5))
    ids = county.ids
    tablets = county.tablets
    tablets["first"] = Tablet(
        county, device="k7m2p9q4", name="杨小龙的平板", user=ids["worker1"], feeds=feeds
    )
    tablets["second"] = Tablet(
        county, device="m3n4p5q6", name="吴玉兰的平板", user=ids["worker2"], feeds=feeds,
        role="grid_chief", offset_ms=5 * HOUR_MS,
    )  # fmt: skip
    with writing(county.services.store) as session:
        silent = Device(
            id="w8x9y0z1",
            user=ids["worker2"],
            name="旧平板",
            platform="Android 9",
            enrolled_at=NOW_MS - 200 * DAY_MS,
            last_exchange=NOW_MS - 9 * DAY_MS,
            outbox=3,
            oldest_pending=NOW_MS - 10 * DAY_MS,
            last_error="空间不足",
        )
        session.add(silent)


def _orders(county: County) -> None:
    worker = county.ids["worker1"]
    for number, title in enumerate(("三单元污水井盖破损", "路灯不亮", "楼道堆放杂物"), start=1):
        county.create(
            f"order{number}",
            "work_order",
            grid=county.ids["grid11"],
            household=county.ids[f"home{number}"],
            source="grid_worker",
            kind="request",
            title=title,
            description=f"{title}，住户多次反映，请尽快处理。",
            reported_by=worker,
            reported_at=NOW_MS - (number + 2) * DAY_MS,
            due_at=NOW_MS - number * 5 * HOUR_MS if number < 3 else None,
            status="reported",
        )
        county.create(
            f"visit{number}",
            "home_visit",
            grid=county.ids["grid11"],
            household=county.ids[f"home{number}"],
            worker=worker,
            at=NOW_MS - number * DAY_MS,
            purpose="care",
            notes="身体状况稳定，血压药够吃一个月。",
        )
