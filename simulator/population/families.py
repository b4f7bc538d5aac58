"""Families: put names, birthplaces, birth dates and citizen IDs to a prototype's people.

Everything here must agree with everything else: a child's surname with the
father's, an ID with its holder's birth date and sex, a birth with the years
between brothers. So a family is made in one go, member by member, each from
those before.

A citizen ID is 99 and the last four digits of the division of birth (the old
division for those born before 2011), so no number can be a real person's. Its
sequence digits are dealt out by grid: people of two grids never share an ID,
though neither grid knows the other.

Invariants
    * In one county no two people have one citizen ID.
    * Father and child share the surname but for children who took the mother's.

>>> from simulator.population.keys import generator, uniforms
>>> ids = CitizenIds(slot=3, numbers=uniforms(generator(1, "ids")))
>>> born, number = ids.issue(area="0621", age=30, male=True)
>>> number[:6], number[6:10] == f"{born:%Y}", int(number[16]) % 2
('990621', True, 1)
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from server.rules.citizen_id import check_character
from simulator.population.households import KINDS, ROLES, Kind, Member
from simulator.population.marginals import REFERENCE_DAY
from simulator.population.names import HAN, Line, Namer
from simulator.population.prototypes import parents_of
from simulator.population.sampling import Weighted

__all__ = ["PARENTS", "CitizenIds", "Families", "Family", "Person"]

#: The places of each member's parents, by kind.
PARENTS: Final = tuple(parents_of(kind) for kind in KINDS)

#: Children of a Han father and a mother of a minority who are registered as of hers, and
#: children who carry the mother's surname (assumptions).
MOTHERS_GROUP: Final = 0.62
MOTHERS_SURNAME: Final = 0.015

#: Divisions before and since Tongren became a city in 2011, their last four digits.
_RENUMBERED_IN: Final = 2011
_DIVISIONS: Final = {
    "江口": ("2222", "0621"),
    "碧江": ("2201", "0602"),
    "万山": ("2230", "0603"),
    "玉屏": ("2223", "0622"),
    "石阡": ("2224", "0623"),
    "思南": ("2225", "0624"),
    "印江": ("2226", "0625"),
    "德江": ("2227", "0626"),
    "沿河": ("2228", "0627"),
    "松桃": ("2229", "0628"),
    "岑巩": ("2626", "2626"),
    "镇远": ("2625", "2625"),
    "凤凰": ("3123", "3123"),
    "新晃": ("1227", "1227"),
    "秀山": ("0241", "0241"),
    "遵义": ("2121", "0321"),
    "达县": ("3021", "1703"),
}
HOME: Final = "江口"

#: Where people were born who married in, and those who moved in (assumptions).
_MARRIED_IN: Final = Weighted(
    {"江口": 62, "碧江": 8, "松桃": 8, "印江": 6, "石阡": 5, "思南": 3, "万山": 2, "玉屏": 1}
    | {"岑巩": 2, "凤凰": 1, "新晃": 1, "秀山": 1}
)
_MOVED_IN: Final = Weighted(
    {"江口": 58, "松桃": 7, "印江": 6, "石阡": 5, "碧江": 5, "思南": 4, "沿河": 2, "德江": 2}
    | {"万山": 1, "岑巩": 2, "镇远": 1, "凤凰": 2, "新晃": 1, "秀山": 2, "遵义": 1, "达县": 1}
)

#: The lines of those who were born where the family comes from: women move to their husbands.
_NATIVE: Final = {True: ("father", "by_sex"), False: ("father",)}

#: Sequence digits: each grid has four numbers a day, sex and division, of 500. A day that is
#: full is left for another.
_NUMBERS_A_DAY: Final = 4
_SEQUENCES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Person:
    """One member of a family, before work and care. ``place`` is that in the kind's members."""

    place: int
    name: str
    male: bool
    age: int
    birth: datetime.date
    citizen_id: str
    kinship: str
    ethnic: str
    here: bool


@dataclass(frozen=True, slots=True)
class Family:
    """A household's people. As a whole they are ``registered`` here or not; ``migrant`` if the
    county is not where they come from."""

    kind: Kind
    parents: Sequence[Sequence[int]]
    registered: bool
    migrant: bool
    people: tuple[Person, ...]


class CitizenIds:
    """Issues citizen IDs to the people of one grid."""

    def __init__(self, *, slot: int, numbers: Iterator[float]) -> None:
        assert 0 <= slot < _SEQUENCES // (2 * _NUMBERS_A_DAY)
        self._first = 2 * _NUMBERS_A_DAY * slot
        self._next = numbers.__next__
        self._given: dict[tuple[str, int, bool], int] = {}

    def issue(self, *, area: str, age: int, male: bool) -> tuple[datetime.date, str]:
        """A birth date that makes the age on the reference day, and a number for it."""
        birthday = REFERENCE_DAY.replace(year=REFERENCE_DAY.year - age).toordinal()
        while True:
            day = birthday - int(self._next() * 365)
            given = self._given.get((area, day, male), 0)
            if given < _NUMBERS_A_DAY:
                break
        self._given[area, day, male] = given + 1
        born = datetime.date.fromordinal(day)
        # The shift by day is even and the modulus too, so the sex digit stays.
        sequence = (self._first + 2 * given + male + 2 * (day * 7919 % 500)) % _SEQUENCES
        body = f"99{area}{born:%Y%m%d}{sequence:03d}"
        return born, body + check_character(body)


class Families:
    """Makes the families of one grid."""

    def __init__(self, *, numbers: Iterator[float], namer: Namer, ids: CitizenIds) -> None:
        self._next = numbers.__next__
        self._namer = namer
        self._ids = ids

    def make(
        self,
        *,
        kind: int,
        ages: Sequence[int],
        male: Sequence[bool],
        away: Sequence[bool],
        moved_in: bool,
    ) -> Family:
        """A family of one prototype."""
        made = KINDS[kind]
        lines = self._lines(made, PARENTS[kind], male)
        home = _MOVED_IN.pick(self._next()) if moved_in else HOME
        taken: set[str] = set()
        people = []
        for place, member in enumerate(made.members):
            line = lines[place]
            role = ROLES[member.role]
            native = place == 0 or member.part == "child" or role.line in _NATIVE[male[place]]
            division = home if native or moved_in else _MARRIED_IN.pick(self._next())
            area = _DIVISIONS[division][REFERENCE_DAY.year - ages[place] > _RENUMBERED_IN]
            born, number = self._ids.issue(area=area, age=ages[place], male=male[place])
            given = self._namer.given(
                line, male=male[place], year=born.year, generation=role.generation, taken=taken
            )
            taken.add(given)
            person = Person(
                place=place,
                name=line.surname + given,
                male=male[place],
                age=ages[place],
                birth=born,
                citizen_id=number,
                kinship=role.kinship[not male[place]],
                ethnic=line.ethnic,
                here=not away[place],
            )
            people.append(person)
        return Family(made, PARENTS[kind], not moved_in, home != HOME, tuple(people))

    def _lines(
        self, kind: Kind, parents: Sequence[Sequence[int]], male: Sequence[bool]
    ) -> list[Line]:
        """Each member's line: where the parents are on file, it follows from theirs."""
        family = self._namer.line()
        by_marriage: dict[str, Line] = {}
        found: list[Line] = []
        mothers_surname = self._next() < MOTHERS_SURNAME
        mothers_group = self._next() < MOTHERS_GROUP
        for place, member in enumerate(kind.members):
            line = self._line_of(member, male[place], family, by_marriage)
            before = [parent for parent in parents[place] if parent < place]
            for parent in sorted(before, key=lambda parent: not male[parent]):
                theirs = found[parent]
                if male[parent]:
                    line = replace(line, ethnic=theirs.ethnic, surname=theirs.surname)
                elif mothers_group and line.ethnic == HAN:
                    line = replace(line, ethnic=theirs.ethnic)
                if mothers_surname and not male[parent] and member.part == "child":
                    line = replace(line, surname=theirs.surname)
            found.append(line)
        return found

    def _line_of(
        self, member: Member, male: bool, family: Line, by_marriage: dict[str, Line]
    ) -> Line:
        match ROLES[member.role].line:
            case "father":
                return family
            case "by_sex":
                return family if male else self._namer.married_into(family)
            case "son_in_law":
                if "son_in_law" not in by_marriage:
                    by_marriage["son_in_law"] = self._namer.married_into(family)
                return by_marriage["son_in_law"]
            case "own":
                return self._namer.married_into(family)
