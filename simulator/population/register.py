"""The register: a grid's households, residents and restricted facts, as records.

A grid draws its prototypes, gives them doors (the old to old compounds, young
families to towers), makes families of them and writes down what a survey would
have: address, tags, care level, visits, notes.

Invariants
    * A grid's records depend on the seed, the grid's code and household count, and the time base.
    * A household's tags are those of its people, sorted.
    * Its phone is one of its people's, and no two people share one. Phones begin 1000 and 2 to
      9: mobile numbers begin 13 to 19, and 100 is kept for operators' own short numbers, so no
      person can ever be rung by one.

>>> Phones(slot=0).next(), Phones(slot=1).next()
('10002000000', '10004650000')
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from simulator.population.families import CitizenIds, Families, Family, Person
from simulator.population.keys import Ids, generator, uniforms
from simulator.population.layout import Grid
from simulator.population.lives import Lives, care_level
from simulator.population.names import Namer
from simulator.population.places import Building, Door, doors
from simulator.population.prototypes import NOBODY, Prototypes
from simulator.population.records import DAY_MS, Record, known
from simulator.population.sampling import Weighted
from simulator.population.words import WORDS

__all__ = ["STAFF_SLOT", "Phones", "Surveyor"]

#: The slot of phones for those who work for the county.
STAFF_SLOT: Final = 124

_PHONES_A_SLOT: Final = 50_000
_PHONES: Final = 8_000_000
_STRIDE: Final = 2_646_133  # has no factor in common with the number of phones
_FIRST_PHONE: Final = 10_002_000_000

_ORIGIN: Final = Weighted({"survey": 88.0, "import": 8.0, "visit": 4.0})

#: Visits so far, and days since the last, by care level (both ends included; assumptions).
_VISITS: Final = {
    "weekly": ((20, 44), (1, 8)),
    "monthly": ((7, 12), (2, 32)),
    "quarterly": ((2, 5), (5, 92)),
    "none": ((0, 3), (10, 330)),
}
_HOUR_MS: Final = 3_600_000
_ZONE_MS: Final = 8 * _HOUR_MS
_VISITING_HOURS: Final = (9, 20)

#: The share of people with a phone, from an age on (assumption).
_PHONE_FROM: Final = ((75, 0.5), (60, 0.8), (16, 0.97), (12, 0.2), (0, 0.0))

_VACANT: Final = 0.65  # of the homes that nobody lives in: the others are kept up by relatives
_NOTED: Final = 0.4
_NOTED_ANYWAY: Final = 0.06
_NOTED_MORE: Final = 0.4
_NEARLY: Final = 0.35  # how loosely households follow the kind of compound they suit


class Phones:
    """Gives the phones of one slot."""

    def __init__(self, *, slot: int) -> None:
        assert (slot + 1) * _PHONES_A_SLOT <= _PHONES
        self._at = slot * _PHONES_A_SLOT

    def next(self) -> str:
        """The next phone."""
        phone = str(_FIRST_PHONE + self._at * _STRIDE % _PHONES)
        self._at += 1
        return phone


@dataclass(frozen=True, slots=True)
class _Home:
    """A household being written down."""

    family: Family
    building: Building
    building_id: str
    door: Door
    tags: list[set[str]]
    occupations: list[str | None]
    phones: list[str | None]


class Surveyor:
    """Writes down one grid."""

    def __init__(
        self, *, seed: int, today_ms: int, grid: Grid, grid_id: str, prototypes: Prototypes
    ) -> None:
        self._seed = seed
        self._grid = grid
        self._grid_id = grid_id
        self._prototypes = prototypes
        self._midnight_ms = (today_ms + _ZONE_MS) // DAY_MS * DAY_MS - _ZONE_MS
        self._numbers = uniforms(generator(seed, "people", grid.code))
        self._next = self._numbers.__next__
        self._lives = Lives(self._numbers)
        self._phones = Phones(slot=grid.slot)

    def write(
        self, plan: Sequence[Building], building_ids: Sequence[str], ids: Ids
    ) -> list[Record]:
        """The grid's households, then residents, then restricted facts."""
        homes = list(self._homes(plan, building_ids))
        household_ids = ids.take(len(homes))
        count = sum(len(home.family.people) for home in homes)
        resident_ids, restricted_ids = iter(ids.take(count)), iter(ids.take(count))
        households: list[Record] = []
        residents: list[Record] = []
        restricted: list[Record] = []
        for home, household_id in zip(homes, household_ids, strict=True):
            households.append(Record("household", household_id, self._household(home)))
            for person in home.family.people:
                resident_id = next(resident_ids)
                fields = self._resident(home, person, household_id)
                residents.append(Record("resident", resident_id, fields))
                facts = self._restricted(person, resident_id)
                restricted.append(Record("resident_restricted", next(restricted_ids), facts))
        return [*households, *residents, *restricted]

    def _homes(self, plan: Sequence[Building], building_ids: Sequence[str]) -> Iterator[_Home]:
        seed, grid = self._seed, self._grid
        given = doors(plan, grid.households, generator(seed, "doors", grid.code))
        rows = self._matched(given, plan)
        ids = CitizenIds(slot=grid.slot, numbers=self._numbers)
        families = Families(numbers=self._numbers, namer=Namer(self._numbers), ids=ids)
        people = self._prototypes
        columns = (people.kinds, people.ages, people.male, people.away, people.moved_in)
        drawn = zip(given, *(column[rows].tolist() for column in columns), strict=True)
        for door, kind, ages, male, away, moved_in in drawn:
            family = families.make(kind=kind, ages=ages, male=male, away=away, moved_in=moved_in)
            building = plan[door.building]
            work = self._lives.occupations(family)
            tags = self._lives.tags(family, work, building.kind.tag)
            phones = [self._phone(person) for person in family.people]
            yield _Home(family, building, building_ids[door.building], door, tags, work, phones)

    def _matched(self, given: Sequence[Door], plan: Sequence[Building]) -> np.ndarray[Any, Any]:
        """A prototype for each door. Who suits where shifts within the grid only, so that the
        county's totals stay as fitted."""
        rng = generator(self._seed, "households", self._grid.code)
        rows = self._prototypes.draw(rng, len(given))
        ages = self._prototypes.ages[rows]
        oldest = np.where(ages == NOBODY, 0, ages).max(axis=1)
        young = np.array([plan[door.building].kind.young for door in given])
        noise = rng.normal(0, _NEARLY, (2, len(given)))
        by_door = np.argsort(young + noise[0], kind="stable")
        by_age = np.argsort(-oldest / 60 + noise[1], kind="stable")
        matched = np.empty_like(rows)
        matched[by_door] = rows[by_age]
        return matched

    def _household(self, home: _Home) -> dict[str, Any]:
        tags = set().union(*home.tags)
        level = care_level(tags)
        here = any(person.here for person in home.family.people)
        visits, last_ms, first_ms = self._visits(level, here)
        return known(
            grid=self._grid_id,
            building=home.building_id,
            compound=home.building.compound,
            entrance=home.door.entrance,
            floor=home.door.floor,
            room=home.door.room,
            householder=home.family.people[0].name,
            phone=next((phone for phone in home.phones if phone), None),
            housing=self._housing(home, here),
            care_level=level,
            tags=sorted(tags),
            visits=visits,
            last_visit=last_ms,
            first_contact=first_ms,
            notes=self._notes(home, tags, level),
            origin=_ORIGIN.pick(self._next()),
        )

    def _resident(self, home: _Home, person: Person, household_id: str) -> dict[str, Any]:
        return known(
            grid=self._grid_id,
            household=household_id,
            name=person.name,
            sex="1" if person.male else "2",
            birth=person.birth.isoformat(),
            kinship=person.kinship,
            ethnic=person.ethnic,
            phone=home.phones[person.place],
            registered=home.family.registered,
            residing=person.here,
            occupation=home.occupations[person.place],
            tags=sorted(home.tags[person.place]),
        )

    def _restricted(self, person: Person, resident_id: str) -> dict[str, Any]:
        return {
            "resident": resident_id,
            "grid": self._grid_id,
            "citizen_id": person.citizen_id,
            "controlled": sorted(self._lives.controlled(person)),
        }

    def _phone(self, person: Person) -> str | None:
        share = next(share for age, share in _PHONE_FROM if person.age >= age)
        return self._phones.next() if self._next() < share else None

    def _housing(self, home: _Home, here: bool) -> str:
        kind = home.building.kind
        if not here and self._next() < _VACANT:
            return "vacant"
        if not home.family.registered and self._next() < kind.rented:
            return "rented"
        return kind.housing.pick(self._next())

    def _visits(self, level: str, here: bool) -> tuple[int, int | None, int | None]:
        """How many, when the last was, and when the household was first met."""
        count, days = _VISITS[level if here else "none"]
        visits = self._between(count)
        if not visits:
            return 0, None, None
        last = self._midnight_ms - self._between(days) * DAY_MS + self._time_of_day()
        first = self._midnight_ms - self._between((340, 980)) * DAY_MS + self._time_of_day()
        return visits, last, first

    def _between(self, ends: tuple[int, int]) -> int:
        return ends[0] + int(self._next() * (ends[1] - ends[0] + 1))

    def _time_of_day(self) -> int:
        """Milliseconds after midnight, to the minute."""
        return self._between((_VISITING_HOURS[0] * 60, _VISITING_HOURS[1] * 60 - 1)) * 60_000

    def _notes(self, home: _Home, tags: set[str], level: str) -> str | None:
        """A worker's note about a household, for some of them."""
        chance = _NOTED if level != "none" else _NOTED_ANYWAY
        if self._next() >= chance:
            return None
        topics = sorted(tags & WORDS.notes.keys()) or ["any"]
        texts = [self._one_of(WORDS.notes[self._one_of(topics)])]
        if self._next() < _NOTED_MORE:
            texts.append(self._one_of(WORDS.notes["any"]))
        adults = (person for person in home.family.people[1:] if person.age >= 18 and person.here)
        other = next(adults, None)
        text = "".join(text for text in texts if other or "{who}" not in text)
        if not text:
            return None
        return text.format(
            where=WORDS.occupations["away"].pick(self._next()),
            month=self._between((1, 8)),
            who=other.name if other else "",
        )

    def _one_of(self, texts: Sequence[str]) -> str:
        return texts[int(self._next() * len(texts))]
