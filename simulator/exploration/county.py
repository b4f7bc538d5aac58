"""The county of a run: small enough for three hundred steps to meet, with one of everything.

Two workers share a grid, the chief reads it and its restricted facts, one building lies in
its own feed, a handler reads what her unit leads, and the administrator's tablet reads all.
So every kind of feed, role and neighbourhood of people occurs, and records are few, so that
people get in each other's way.

The same county begins every run: the server's database and the tablets' disks are copied
from images made once in a process.

>>> uuid7(1_800_000_000_000, 5)
'01a3185c-5000-7000-8000-000000000005'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

__all__ = ["PEOPLE", "T0_MS", "Person", "county", "known", "uuid7"]

T0_MS = 1_800_000_000_000
"""When every run begins: some day in January 2027."""

BEFORE_MS = T0_MS - 40 * 86_400_000
"""When the county was registered."""


def uuid7(now_ms: int, number: int) -> str:
    """A UUIDv7 whose random part counts."""
    digits = f"{now_ms:012x}7{number >> 48 & 0xFFF:03x}8{number & (1 << 60) - 1:015x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def known(kind: int, number: int = 0) -> str:
    """The id of something that is there from the beginning."""
    return uuid7(BEFORE_MS + kind, number)


STREET, UNIT, COMMUNITY, GRID, BUILDING, USER, HOUSEHOLD, RESIDENT = range(1, 9)
RESTRICTED, ORDER, VISIT, ASSIGNMENT = range(9, 13)


class Person(NamedTuple):
    """Somebody with a tablet, or only a desk. ``feeds`` are granted from the beginning."""

    name: str
    role: str
    feeds: tuple[str, ...]
    tablets: int = 1
    storage: str = "memory"

    @property
    def user(self) -> str:
        """The id of the user record."""
        return known(USER, list(PEOPLE).index(self.name))


def _grid(number: int) -> str:
    return f"grid:{known(GRID, number)}"


PEOPLE: Mapping[str, Person] = {
    one.name: one
    for one in (
        Person("wang", "grid_worker", (_grid(0), f"building:{known(BUILDING, 2)}"), 2),
        Person("li", "grid_worker", (_grid(0), _grid(1)), 1, "sqlite"),
        Person(
            "zhao",
            "grid_chief",
            (_grid(0), _grid(1), *(f"restricted:{known(GRID, n)}" for n in (0, 1))),
        ),
        Person("chen", "grid_worker", (_grid(2),)),
        Person("sun", "handler", (f"unit:{known(UNIT, 0)}",)),
        Person(
            "qian",
            "administrator",
            (*(_grid(n) for n in range(3)), *(f"restricted:{known(GRID, n)}" for n in range(3))),
            1,
            "sqlite",
        ),
        Person("wu", "dispatcher", tuple(_grid(n) for n in range(3)), 0),
    )
}
"""Name → person; those without a tablet work at a desk."""


def county() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The records of the beginning: type, id, fields."""
    yield "street", known(STREET), {"code": "520621001", "name": "双江街道"}
    for n in range(2):
        yield "unit", known(UNIT, n), {"code": f"u{n}", "name": ("城管局", "物业公司")[n]}
    yield "community", known(COMMUNITY), {"code": "520621001001", "name": "梵净社区"}
    for n in range(3):
        fields = {"code": f"g{n}", "number": n, "name": f"第{n + 1}网格", "version": 1}
        yield "grid", known(GRID, n), {**fields, "community": known(COMMUNITY)}
    for n in range(3):
        fields = {"grid": known(GRID, n), "compound": "怡和园", "number": str(n + 1)}
        yield "building", known(BUILDING, n), fields
    yield from _people()
    yield from _homes()
    yield from _orders()


def _people() -> Iterator[tuple[str, str, dict[str, Any]]]:
    number = 0
    for one in PEOPLE.values():
        yield "user", one.user, {"name": one.name, "role": one.role, "active": True, "lang": "en"}
        for feed in one.feeds:
            fields = {"user": one.user, "feed": feed, "since": BEFORE_MS}
            yield "assignment", known(ASSIGNMENT, number), fields
            number += 1


def _homes() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for n in range(9):
        grid, place = known(GRID, n % 3), {"compound": "怡和园", "building": known(BUILDING, n % 3)}
        household = {"grid": grid, **place, "entrance": "1", "room": f"{n + 1}01", "visits": n}
        household |= {"householder": f"张{n}", "phone": f"1000555{n:04}", "tags": ["volunteer"]}
        yield "household", known(HOUSEHOLD, n), {**household, "notes": f"第一行{n}\n第二行{n}"}
        person = {"grid": grid, "household": known(HOUSEHOLD, n), "name": f"张{n}"}
        yield "resident", known(RESIDENT, n), {**person, "notes": f"住户{n}\n有老人"}
        if n < 6:
            facts = {"resident": known(RESIDENT, n), "grid": grid, "citizen_id": f"机密{n:04}"}
            yield "resident_restricted", known(RESTRICTED, n), {**facts, "notes": f"机密记录{n}"}


def _orders() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for n in range(5):
        fields = {"grid": known(GRID, n % 3), "title": f"路灯{n}", "source": "hotline"}
        fields |= {"lead_unit": known(UNIT, n % 2), "kind": "request", "class": "ordinary"}
        yield "work_order", known(ORDER, n), fields
    for n in range(2):
        visit = {"grid": known(GRID, n), "household": known(HOUSEHOLD, n), "at": BEFORE_MS}
        yield "home_visit", known(VISIT, n), {**visit, "worker": PEOPLE["wang"].user}
