"""Lives: what people do for a living, and the care categories that follow from the facts.

A tag that contradicts the file beside it makes a worker distrust both. So what
can be read off the family is read off it (living alone, very old, left behind,
migrant, unemployed); only what cannot is drawn, by rates for sex and age.

Invariants
    * ``very_old``: 80 and older. ``living_alone``: 60 and older, here, and nobody else of the
      household is. ``left_behind_child``: under 16, here, and no parent of theirs is.
    * ``unemployed`` says the same as the occupation; ``migrant`` the same for a whole family.
    * Care categories and controlled categories are apart, never in one list.

>>> sorted(CARE)[:4]
['bereaved', 'disabled', 'left_behind_child', 'living_alone']
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.population.families import Family, Person
from simulator.population.words import WORDS

__all__ = ["CARE", "CONTROLLED", "CareLevel", "Lives", "care_level"]

VERY_OLD: Final = 80
OLD: Final = 60
CHILD_UNTIL: Final = 16
YOUNG_UNTIL: Final = 30
JOBLESS: Final = "待业"


@dataclass(frozen=True, slots=True)
class Rate:
    """How often people of some ages (both ends included) have a tag. All assumptions."""

    tag: str
    ages: tuple[int, int]
    man: float
    woman: float


#: Drawn care categories. About 6 % of people in China are disabled, 2.7 % hold the certificate.
_DRAWN: Final = (
    Rate("disabled", (2, 17), 0.009, 0.007),
    Rate("disabled", (18, 59), 0.024, 0.018),
    Rate("disabled", (60, 120), 0.060, 0.055),
    Rate("veteran", (20, 59), 0.040, 0.002),
    Rate("veteran", (60, 120), 0.055, 0.001),
    Rate("party_member", (20, 35), 0.045, 0.035),
    Rate("party_member", (36, 120), 0.110, 0.050),
    Rate("volunteer", (16, 70), 0.018, 0.028),
)

#: Controlled categories: in records of their own, which no tablet gets by default.
_CONTROLLED: Final = (
    Rate("mental_illness", (14, 120), 0.0045, 0.0045),
    Rate("drug_rehabilitation", (20, 60), 0.0030, 0.0006),
    Rate("community_correction", (18, 70), 0.0011, 0.0002),
    Rate("released_prisoner", (20, 70), 0.0025, 0.0003),
    Rate("petitioning", (35, 80), 0.0006, 0.0006),
)

CARE: Final = frozenset(
    {rate.tag for rate in _DRAWN}
    | {"living_alone", "very_old", "left_behind_child", "subsistence_allowance", "bereaved"}
    | {"unemployed", "migrant"}
)
CONTROLLED: Final = frozenset(rate.tag for rate in _CONTROLLED)

#: Of households registered here, by kind of compound: those with the subsistence allowance.
SUBSISTENCE: Final = {"resettlement_site": 0.10, "public_rental": 0.14, "old_compound": 0.035}
SUBSISTENCE_ELSEWHERE: Final = 0.012
#: Work with a salary above the allowance's line.
SALARIED: Final = frozenset(
    ("公务员", "医生", "教师", "民警", "事业单位职工", "企业职工", "会计", "护士")
)
BEREAVED: Final = 0.004

CareLevel = str

#: The first that fits decides how often a household is visited (assumption, DOMAIN's schedule).
_CARE_LEVELS: Final[tuple[tuple[CareLevel, Callable[[set[str]], bool]], ...]] = (
    ("weekly", lambda tags: "living_alone" in tags and bool(tags & {"very_old", "disabled"})),
    ("monthly", lambda tags: bool(tags & {"living_alone", "left_behind_child", "bereaved"})),
    ("quarterly", lambda tags: bool(tags & {"very_old", "disabled", "subsistence_allowance"})),
)

#: From which age a child goes to what.
_SCHOOL: Final = (
    (0, None),
    (3, "幼儿园在园"),
    (6, "小学生"),
    (12, "初中生"),
    (15, "高中生"),
)
_SCHOOL_UNTIL: Final = 18
_STUDENT: Final = "大学生"


def care_level(tags: set[str]) -> CareLevel:
    """How often a household with these care categories is visited."""
    return next((level for level, fits in _CARE_LEVELS if fits(tags)), "none")


class Lives:
    """Draws occupations and tags for the families of one grid."""

    def __init__(self, numbers: Iterator[float]) -> None:
        self._next = numbers.__next__

    def occupations(self, family: Family) -> list[str | None]:
        """What each of a family does; those away work where the family's away work."""
        where = WORDS.occupations["away"].pick(self._next())
        return [self._occupation(family, person, where) for person in family.people]

    def tags(
        self, family: Family, occupations: Sequence[str | None], compound: str
    ) -> list[set[str]]:
        """The care categories of each of a family."""
        found = [self._drawn(_DRAWN, person) for person in family.people]
        at_home = sum(person.here for person in family.people)
        for person, occupation, tags in zip(family.people, occupations, found, strict=True):
            tags |= {tag for tag, fits in _FACTS.items() if fits(family, person, at_home)}
            if occupation == JOBLESS:
                tags.add("unemployed")
        rate = SUBSISTENCE.get(compound, SUBSISTENCE_ELSEWHERE)
        eligible = family.registered and at_home and not SALARIED & set(occupations)
        if self._next() < rate and eligible:
            for tags in found:
                tags.add("subsistence_allowance")
        childless = family.people[0].age >= 50 and all(p.place < 2 for p in family.people)
        if self._next() < BEREAVED and childless and "spouse" in family.kind.members[-1].role:
            for tags in found:
                tags.add("bereaved")
        return found

    def controlled(self, person: Person) -> set[str]:
        """The controlled categories of a person: for nearly everybody none."""
        return self._drawn(_CONTROLLED, person)

    def _drawn(self, rates: Sequence[Rate], person: Person) -> set[str]:
        return {
            rate.tag
            for rate in rates
            if rate.ages[0] <= person.age <= rate.ages[1]
            and self._next() < (rate.man if person.male else rate.woman)
        }

    def _occupation(self, family: Family, person: Person, where: str) -> str | None:
        at_school = family.kind.members[person.place].part == "child"
        if person.age < _SCHOOL_UNTIL:
            return next(name for age, name in reversed(_SCHOOL) if person.age >= age)
        if at_school and person.age <= 22 and (not person.here or self._next() < 0.25):
            return _STUDENT
        if person.age >= 75:
            return WORDS.occupations["very_old"].pick(self._next())
        if person.age >= OLD:
            return WORDS.occupations["old"].pick(self._next())
        if not person.here:
            return f"在{where}务工"
        who = "man" if person.male else "woman"
        pool = f"young_{who}" if person.age < YOUNG_UNTIL else who
        return WORDS.occupations[pool].pick(self._next())


def _left_behind(family: Family, person: Person, _at_home: int) -> bool:
    """A child at home whose parents, on file or not, are not."""
    parents = [family.people[place] for place in family.parents[person.place]]
    return person.here and person.age < CHILD_UNTIL and not any(parent.here for parent in parents)


#: Care categories that follow from the file: family, person, people at home.
_FACTS: Final[dict[str, Callable[[Family, Person, int], bool]]] = {
    "very_old": lambda _family, person, _at_home: person.age >= VERY_OLD,
    "living_alone": lambda _family, person, at_home: (
        person.here and at_home == 1 and person.age >= OLD
    ),
    "left_behind_child": _left_behind,
    "migrant": lambda family, _person, _at_home: family.migrant,
}
