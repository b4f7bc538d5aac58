"""A small place to work in: two grids, their people, and a real server in front of them.

``East`` is small enough to read; ``West`` has 500 households and about 2,500 records, as a
large grid of the county has. The server's clock is the machine's, plus what a test adds.
Ids follow from numbers, so that a copy of the database is the same place again.
"""

from __future__ import annotations

import dataclasses
import itertools
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from server.accounts import passwords
from server.accounts.enrolment import issue_code
from server.accounts.sessions import reading, writing
from server.accounts.supervision import take_step
from server.accounts.tokens import show_code
from server.app import create_app
from server.models import Device
from server.services import EXTENSION, Services
from server.settings import Settings
from server.store.migrate import migrate
from sync.record import Record
from sync.scope import SYSTEM

__all__ = ["PASSWORD", "Place", "Row", "build", "copied", "opened", "serving"]

DAY_MS = 86_400_000
PASSWORD = "a-long-password"
FAMILIES = "田杨吴龙张代姚罗冉李王陈刘黄何"
GIVEN = (
    "桂芳",
    "国强",
    "秀英",
    "志明",
    "玉兰",
    "小龙",
    "翠花",
    "文华",
    "建军",
    "丽",
    "海燕",
    "永福",
)
CARE: tuple[list[str], ...] = (
    ["living_alone", "very_old"],
    [],
    ["left_behind_child"],
    [],
    ["subsistence_allowance"],
    ["disabled"],
)
LEVELS = ("weekly", "none", "monthly", "none", "quarterly", "monthly")


class Row(NamedTuple):
    """A record to load, as ``Door.load`` reads it."""

    type: str
    id: str
    fields: dict[str, Any]


@dataclasses.dataclass
class Place:
    """The application, the ids of what is in it by name, and a clock to move."""

    app: Flask
    folder: Path
    ids: dict[str, str] = dataclasses.field(default_factory=dict)
    shift_ms: int = 0

    @property
    def served(self) -> Services:
        found: Services = self.app.extensions[EXTENSION]
        return found

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.shift_ms

    def record(self, name: str) -> Record:
        """A record by its name in ``ids``, or by its id."""
        record = self.ids.get(name, name)
        with self.served.store.read() as snapshot:
            return snapshot.records([record])[record]

    def all_of(self, kind: str) -> list[Record]:
        """Every live record of a type, oldest first."""
        from sqlalchemy import select

        from server.store.tables import RECORD

        with self.served.store.engine.connect() as connection:
            ids = connection.scalars(
                select(RECORD.c.id).where(RECORD.c.type == kind).order_by(RECORD.c.id)
            ).all()
        with self.served.store.read() as snapshot:
            found = snapshot.records(list(ids))
        return [found[one] for one in ids if one in found and not found[one].deleted]

    def code(self, user: str) -> str:
        """A one-time code for a user, as it is read out."""
        with writing(self.served.store) as session:
            code = issue_code(
                session, user=self.ids[user], now_ms=self.now_ms(), draw=self.served.draw
            )
        return show_code(code)

    def office_edits(self, name: str, **fields: Any) -> None:
        """Somebody at the office changes a record."""
        ack = self.served.door.edit(SYSTEM, self.ids.get(name, name), fields)
        assert ack.problem is None, ack.problem

    def conflicts(self) -> list[str]:
        """The open conflicts, oldest first."""
        from sqlalchemy import select

        from server.store.tables import CONFLICT

        waiting = select(CONFLICT.c.id).where(CONFLICT.c.closed.is_(None)).order_by(CONFLICT.c.id)
        with self.served.store.engine.connect() as connection:
            return list(connection.scalars(waiting))

    def devices(self) -> list[Device]:
        """Every enrolled device, the newest last."""
        from sqlalchemy import select

        with reading(self.served.store) as session:
            return list(session.scalars(select(Device).order_by(Device.enrolled_at, Device.id)))

    def forget_tokens(self, device: str) -> None:
        """What a server that came back from a backup no longer knows."""
        from sqlalchemy import delete

        from server.models import DeviceToken

        with writing(self.served.store) as session:
            session.execute(delete(DeviceToken).where(DeviceToken.device == device))

    def about(self, device: str, step: str) -> None:
        """An administrator takes a step about a device: suspend, release, revoke, wipe."""
        with writing(self.served.store) as session:
            found = session.get_one(Device, device)
            take_step(session, found, step, by=self.ids["admin"], now_ms=self.now_ms())


def _settings(folder: Path) -> Settings:
    return Settings(
        database_url=f"sqlite:///{folder / 'yuanba.db'}", data_dir=folder, secret="test" * 8
    )


def opened(folder: Path, *, first: int = 10_000_000) -> Place:
    """A place on the database in ``folder``; new ids begin with ``first``."""
    numbers = itertools.count(first)
    place = Place(app=Flask("nowhere"), folder=folder)
    place.app = create_app(
        _settings(folder), now_ms=place.now_ms, new_id=lambda: _id(next(numbers))
    )
    place.app.config.update(TESTING=True)
    return place


def copied(kept: Place, folder: Path) -> Place:
    """A place of one's own, as ``kept`` was when it was closed."""
    shutil.copy(kept.folder / "yuanba.db", folder / "yuanba.db")
    place = opened(folder)
    place.ids = dict(kept.ids)
    return place


def _id(number: int) -> str:
    return f"0199a000-0000-7000-8000-{number:012x}"


def build(folder: Path) -> Place:
    """The place on a fresh database, closed again."""
    migrate(_settings(folder))
    place = opened(folder, first=1)
    rows = list(_rows(place))
    for _ in place.served.door.load(iter(rows), at_ms=place.now_ms() - 120 * DAY_MS):
        pass
    with writing(place.served.store) as session:
        passwords.create_account(
            session,
            username="admin",
            password_hash=passwords.hash_password(PASSWORD),
            user=place.ids["admin"],
            now_ms=place.now_ms(),
        )
    place.served.store.close()
    return place


def _rows(place: Place) -> Iterator[Row]:
    names = (
        FAMILIES[number % len(FAMILIES)] + GIVEN[(number * 7) % len(GIVEN)]
        for number in itertools.count()
    )

    def row(key: str, kind: str, /, **fields: Any) -> Row:
        place.ids[key] = place.served.new_id()
        return Row(kind, place.ids[key], fields)

    ids = place.ids
    yield row("street", "street", code="520621001000", name="双江街道")
    yield row(
        "community", "community", code="520621001001", name="兴隆社区", street=ids["street"],
        synthetic=True,
    )  # fmt: skip
    yield row("unit", "unit", code="U1", name="县住房和城乡建设局", kind="department")
    for number, (grid, name) in enumerate((("East", "东门网格"), ("West", "西门网格")), start=1):
        yield row(
            grid, "grid", code=f"5206210010010{number}", number=number, name=name,
            community=ids["community"], version=1, valid_from="2026-01-01",
            polygon=_square(number),
        )  # fmt: skip
    people: tuple[tuple[str, str, str, str | None], ...] = (
        ("admin", "administrator", "代敏", None),
        ("worker", "grid_worker", "杨小龙", "East"),
        ("chief", "grid_chief", "吴玉兰", "East"),
        ("walker", "grid_worker", "罗志明", "West"),
    )
    for key, role, name, assigned in people:
        yield row(key, "user", name=name, role=role, lang="zh", active=True)
        if assigned is not None:
            yield row(
                f"{key} in {assigned}", "assignment", user=ids[key], feed=f"grid:{ids[assigned]}",
                since=place.now_ms() - 100 * DAY_MS, until=None,
            )  # fmt: skip
    yield from _homes(row, ids, "East", names, buildings=2, floors=3, people=2, now=place.now_ms())
    yield from _homes(row, ids, "West", names, buildings=25, floors=5, people=3, now=place.now_ms())


def _square(number: int) -> dict[str, Any]:
    west, south = 108.83 + number * 0.004, 27.69
    east, north = west + 0.004, south + 0.003
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _homes(
    row: Any,
    ids: dict[str, str],
    grid: str,
    names: Iterator[str],
    *,
    buildings: int,
    floors: int,
    people: int,
    now: int,
) -> Iterator[Row]:
    """Buildings of two entrances with two doors on each floor; every home with its people."""
    compound = {"East": "东门小区", "West": "西门小区"}[grid]
    count = itertools.count(1)
    for building in range(1, buildings + 1):
        yield row(
            f"{grid} {building}", "building", grid=ids[grid], compound=compound,
            number=str(building), entrances=2, floors=floors, doors=2,
        )  # fmt: skip
        for entrance, floor, door in itertools.product((1, 2), range(1, floors + 1), (1, 2)):
            n, name = next(count), next(names)
            key = f"{grid} {building}-{entrance}-{floor}0{door}"
            yield row(
                key, "household", grid=ids[grid], building=ids[f"{grid} {building}"],
                compound=compound, entrance=str(entrance), floor=floor, room=f"{floor}0{door}",
                householder=name, phone=f"139{n:04}{(n * 37) % 10_000:04}",
                housing="owned" if n % 3 else "rented", care_level=LEVELS[n % 6],
                tags=CARE[n % 6], visits=n % 5, origin="survey",
                last_visit=now - (n % 40) * DAY_MS if n % 4 else None,
                notes="老人独居，腿脚不便。\n儿子在外务工，每周日来电话。" if n % 6 == 0 else None,
            )  # fmt: skip
            for place_in in range(people):
                yield row(
                    f"{key} {place_in}", "resident", grid=ids[grid], household=ids[key],
                    name=name if place_in == 0 else next(names), sex=str(1 + place_in % 2),
                    birth=f"{1940 + (n * 3 + place_in * 25) % 80}-03-07",
                    kinship=("02", "10", "20")[place_in], ethnic="15", registered=True,
                    phone=f"138{n:04}{place_in}{n % 1000:03}", residing=n % 5 != 0,
                )  # fmt: skip
            if grid == "West":
                yield row(
                    f"{key} visit", "home_visit", grid=ids[grid], household=ids[key],
                    worker=ids["walker"], at=now - (n % 90) * DAY_MS, purpose="care",
                    notes="身体状况稳定，血压药够吃一个月。",
                )  # fmt: skip


class _Quiet(WSGIRequestHandler):
    """A server that speaks of no request."""

    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:
        pass


@contextmanager
def serving(place: Place) -> Iterator[int]:
    """Serve a place; yields the port."""
    server: BaseWSGIServer = make_server(
        "127.0.0.1", 0, place.app, threaded=True, request_handler=_Quiet
    )
    server.daemon_threads = True  # type: ignore[attr-defined]  # of the threaded one
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()
