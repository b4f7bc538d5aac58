"""Households: find one among a county's by what a person has in hand.

A caller gives a surname, four digits of a telephone, or a door; a worker types the
initials of a name. All go into one field, and the answer must be there while they
type. The search runs over the projection's indexed columns, within the person's
place, and never over the restricted facts.

Invariants
    * A household outside the person's place is not found, counted or paged over.
    * Doors come in the order in which one walks: building, entrance, floor, room,
      with 2 before 10.

>>> read_door("3-2-501")
('3', '2', '501')
>>> read_door("3栋2单元501室")
('3', '2', '501')
>>> read_door("田桂芳") is None
True
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select

from server.console import ledger
from server.console.access import Person
from server.console.pages import Page
from server.console.titles import door_title

__all__ = ["OVERDUE", "HouseholdRow", "Search", "care_overdue", "find", "read_door"]

_DOOR = re.compile(
    r"(?P<building>\d{1,4})\s*(?:幢|栋|号楼|-|\s)\s*"
    r"(?:(?P<entrance>\d{1,2})\s*(?:单元|-|\s)\s*)?"
    r"(?P<room>\d{1,5})\s*(?:室|号)?"
)
_DAY_MS = 86_400_000
CARE_DAYS: Mapping[str, int] = {"weekly": 7, "monthly": 31, "quarterly": 92}
"""Care level → after so many days without a visit one is overdue."""

OVERDUE = "overdue"
"""In place of a care level: whoever should have been visited by now."""

_ESCAPED = str.maketrans({"%": r"\%", "_": r"\_", "\\": r"\\"})


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: ``text`` as typed, and the filters. ``grid`` is None for everywhere."""

    text: str = ""
    grid: str | None = None
    care_level: str = ""
    tag: str = ""
    building: str = ""


@dataclass(frozen=True, slots=True)
class HouseholdRow:
    """One line of the table. ``tags`` are wire values; of the number only the tail is shown."""

    id: str
    door: str
    householder: str
    phone_tail: str
    care_level: str | None
    tags: tuple[str, ...]
    last_visit: int | None
    grid: str
    group: str
    matched: str = ""


def read_door(text: str) -> tuple[str, str | None, str] | None:
    """(building, entrance, room) of a door as people write it, or None."""
    found = _DOOR.fullmatch(text.strip())
    return (found["building"], found["entrance"], found["room"]) if found else None


def find(person: Person, search: Search, *, page: int) -> tuple[list[HouseholdRow], Page]:
    """The households that a search finds, one page of them, in walking order."""
    household, building = ledger.table("household"), ledger.table("building")
    where = _conditions(person, search)
    joined = household.outerjoin(building, household.c.building == building.c.id)
    connection = ledger.connection()
    total = connection.scalar(select(func.count()).select_from(joined).where(*where)) or 0
    shown = Page.of(total, number=page)
    query: Select[Any] = (
        select(household, building.c.number, building.c.compound.label("building_compound"))
        .select_from(joined)
        .where(*where)
        .order_by(*_nearest_first(search.text), *_walking_order())
        .limit(shown.size)
        .offset(shown.offset)
    )
    rows = connection.execute(query).all()
    people = _people_found(person, [row.id for row in rows], search.text)
    return [_row(row, people.get(row.id, "")) for row in rows], shown


def _nearest_first(text: str) -> list[Any]:
    """A householder who is called so comes before a household in which somebody is."""
    text, household = text.strip(), ledger.table("household")
    if not text or any(one.isdigit() for one in text):
        return []
    if text.isascii():
        own = _spelled(household.c.householder_pinyin, _typed(text))
    else:
        own = household.c.householder.contains(text, autoescape=True)
    return [case((own, 0), else_=1)]


def _typed(text: str) -> str:
    """Letters as a spelling is searched for."""
    return "".join(text.lower().split()).translate(_ESCAPED)


def _walking_order() -> list[Any]:
    household, building = ledger.table("household"), ledger.table("building")
    numbered: list[Any] = [func.coalesce(building.c.compound, household.c.compound, "")]
    # Numbers are text (12A, 附2): the shorter comes first, which puts 2 before 10.
    for column in (building.c.number, household.c.entrance):
        numbered += [func.length(func.coalesce(column, "")), func.coalesce(column, "")]
    numbered.append(func.coalesce(household.c.floor, 0))
    room = func.coalesce(household.c.room, "")
    return [*numbered, func.length(room), room, household.c.id]


def care_overdue(now_ms: int) -> ColumnElement[bool]:
    """Households whose care level asks for a visit that has not been made in time."""
    household = ledger.table("household")
    visited = func.coalesce(household.c.last_visit, 0)
    return or_(
        *(
            and_(household.c.care_level == level, visited < now_ms - days * _DAY_MS)
            for level, days in CARE_DAYS.items()
        )
    )


def _conditions(person: Person, search: Search) -> list[ColumnElement[bool]]:
    household = ledger.table("household")
    where = [person.within(household.c.grid)]
    if search.grid is not None:
        where.append(household.c.grid == search.grid)
    if search.care_level == OVERDUE:
        where.append(care_overdue(ledger.now_ms()))
    elif search.care_level:
        where.append(household.c.care_level == search.care_level)
    if search.tag:
        where.append(household.c.tags.contains(f",{search.tag},", autoescape=True))
    if search.building:
        where.append(household.c.building == search.building)
    if text := search.text.strip():
        where.append(_matching(text))
    return where


def _matching(text: str) -> ColumnElement[bool]:
    household, resident = ledger.table("household"), ledger.table("resident")
    building = ledger.table("building")
    door = read_door(text)
    if door is not None:
        number, entrance, room = door
        parts = [_numbered(building.c.number, number), household.c.room == room]
        if entrance is not None:
            parts.append(_numbered(household.c.entrance, entrance))
        return and_(*parts)
    if text.isascii() and text.isdigit():
        return _by_digits(text)
    if text.isascii():
        # Initials stand at the start, the whole spelling after a blank.
        spelled_so = _spelled(resident.c.name_pinyin, _typed(text))
        return or_(
            _spelled(household.c.householder_pinyin, _typed(text)),
            household.c.id.in_(select(resident.c.household).where(spelled_so)),
        )
    return or_(
        household.c.householder.contains(text, autoescape=True),
        household.c.id.in_(
            select(resident.c.household).where(resident.c.name.contains(text, autoescape=True))
        ),
        household.c.compound.contains(text, autoescape=True),
        building.c.compound.contains(text, autoescape=True),
    )


def _by_digits(digits: str) -> ColumnElement[bool]:
    """Digits are a room, the start of one, or the end of a telephone number."""
    household, resident = ledger.table("household"), ledger.table("resident")
    tail = digits[-4:]
    ways = [household.c.room.startswith(digits)]
    if len(digits) >= 3:
        ends = f"%{tail.translate(_ESCAPED)}"
        ways.append(household.c.phone_tail.like(ends, escape="\\"))
        of_people = select(resident.c.household).where(
            resident.c.phone_tail.like(ends, escape="\\")
        )
        ways.append(household.c.id.in_(of_people))
    return or_(*ways)


def _numbered(column: ColumnElement[Any], number: str) -> ColumnElement[bool]:
    """A building or entrance number, alone or with its word (3, 3栋)."""
    return column.in_([number, *(number + word for word in ("栋", "幢", "号楼", "单元"))])


def _spelled(column: ColumnElement[Any], typed: str) -> ColumnElement[bool]:
    return or_(column.like(f"{typed}%", escape="\\"), column.like(f"% {typed}%", escape="\\"))


def _people_found(person: Person, households: list[str], text: str) -> dict[str, str]:
    """Household → the name in it that the text found, where that is not its householder's."""
    text = text.strip()
    if not text or not households or read_door(text) is not None:
        return {}
    resident, household = ledger.table("resident"), ledger.table("household")
    if text.isascii() and text.isdigit():
        if len(text) < 3:
            return {}
        match: ColumnElement[bool] = resident.c.phone_tail.like(
            f"%{text[-4:].translate(_ESCAPED)}", escape="\\"
        )
    elif text.isascii():
        match = _spelled(resident.c.name_pinyin, _typed(text))
    else:
        match = resident.c.name.contains(text, autoescape=True)
    query = (
        select(resident.c.household, resident.c.name)
        .join(household, household.c.id == resident.c.household)
        .where(
            resident.c.household.in_(households),
            person.within(resident.c.grid),
            match,
            func.coalesce(household.c.householder, "") != resident.c.name,
        )
        .order_by(resident.c.birth)
    )
    found: dict[str, str] = {}
    for home, name in ledger.connection().execute(query):
        found.setdefault(home, name)
    return found


def _row(row: Row[Any], matched: str) -> HouseholdRow:
    compound = row.compound or row.building_compound
    return HouseholdRow(
        id=row.id,
        door=door_title(compound=compound, number=row.number, entrance=row.entrance, room=row.room),
        householder=row.householder or "",
        phone_tail=row.phone_tail or "",
        care_level=row.care_level,
        tags=tuple(one for one in (row.tags or "").split(",") if one),
        last_visit=row.last_visit,
        grid=row.grid,
        group=f"{compound or ''}\0{row.number or ''}\0{row.entrance or ''}",
        matched=matched,
    )
