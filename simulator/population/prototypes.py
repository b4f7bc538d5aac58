"""Prototypes: a sample of households with ages and whereabouts, weighted to the marginals.

Fitting needs households to weigh. So some thousands are proposed from the
kinds, those that could not be (a mother of fourteen, small children with no
adult at home) are thrown away, and the rest get weights under which sizes,
ages, sexes, the away and the moved-in add up. A grid then only draws rows.

Invariants
    * Every prototype is possible: parents at least 18 years older than their
      children, spouses of age, no child under 16 at home without an adult.
    * The rows depend on the seed and the marginals, not on scale or part.

>>> people = sample(seed=1, marginals=JIANGKOU, count=1500)
>>> bool(abs(people.weights.sum() - 1) < 0.01)
True
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulator.population.fitting import fit
from simulator.population.households import GAPS, KINDS, MOBILITY, Kind, Member
from simulator.population.keys import generator
from simulator.population.marginals import AGE_LIMIT, JIANGKOU, Marginals

__all__ = ["NOBODY", "PLACES", "SAMPLE", "Prototypes", "parents_of", "sample"]

_Array = npt.NDArray[Any]

#: Rows of the sample: each stands for three households of the whole county.
SAMPLE: Final = 12_000

#: Members of the largest kind, and the age of an empty place.
PLACES: Final = max(kind.size for kind in KINDS)
NOBODY: Final = -1

#: A kind gets at least this share of the rows, so that the rare ones vary too.
_ROWS_MIN: Final = 0.006

PARENT_OLDER_MIN: Final = 18
MOTHER_OLDER_MAX: Final = 46
FATHER_OLDER_MAX: Final = 60
MARRIED_MIN: Final = 20
#: Past this age a child who is still single has a household of their own, as a rule.
CHILD_AT_HOME_MAX: Final = 29
MINDED_UNTIL: Final = 16
ADULT_FROM: Final = 18
#: Grown children who study: their ages, and the share of them away at a university.
STUDENT_AGES: Final = (18, 22)
STUDENTS_AWAY: Final = 0.55


@dataclass(frozen=True, slots=True, eq=False)
class Prototypes:
    """One row a household: ``kinds`` is a place in KINDS, ``ages`` and the rest have a column
    for each member; ``weights`` add up to one."""

    kinds: _Array
    ages: _Array
    male: _Array
    away: _Array
    moved_in: _Array
    weights: _Array

    def draw(self, rng: np.random.Generator, count: int) -> _Array:
        """``count`` rows by weight."""
        edges = np.cumsum(self.weights)
        rows: _Array = np.searchsorted(edges, rng.random(count) * edges[-1], side="right")
        return np.minimum(rows, len(edges) - 1)


def sample(*, seed: int, marginals: Marginals = JIANGKOU, count: int = SAMPLE) -> Prototypes:
    """Propose ``count`` prototypes and fit their weights."""
    total = sum(kind.weight for kind in KINDS)
    start: list[_Array] = []
    blocks: list[tuple[_Array, ...]] = []
    for number, kind in enumerate(KINDS):
        rows = round(count * max(kind.weight / total, _ROWS_MIN))
        rng = generator(seed, "prototypes", kind.name)
        ages, male, away, moved_in = _propose(kind, rows, rng)
        start.append(np.full(rows, kind.weight / total / rows))
        blocks.append((np.full(rows, number), ages, male, away, moved_in))
    kinds, ages, male, away, moved_in = (np.concatenate(part) for part in zip(*blocks, strict=True))
    counts, targets = _constraints(marginals, ages, male, away, moved_in)
    weights = fit(np.concatenate(start), counts, targets)
    # Rounded, so that a last digit that differs between machines moves nobody.
    weights = np.round(weights / weights.sum(), 12)
    return Prototypes(kinds, ages, male, away, moved_in, weights)


def parents_of(kind: Kind) -> tuple[tuple[int, ...], ...]:
    """For each member the places of their parents who are on file."""
    couples: dict[int, int] = {}
    for place, member in enumerate(kind.members):
        if member.gap == "spouse":
            couples |= {place: member.of, member.of: place}
    found: list[tuple[int, ...]] = [() for _ in kind.members]
    for place, member in enumerate(kind.members):
        if member.gap == "child":
            found[place] = (member.of,)
        elif member.gap == "parent":
            found[member.of] = (place,)
    found = [tuple(sorted({*one, *(couples.get(p, p) for p in one)})) for one in found]
    for place, member in enumerate(kind.members):  # once the elder's parents are complete
        if member.gap == "sibling":
            found[place] = found[member.of]
    return tuple(found)


def _propose(kind: Kind, rows: int, rng: np.random.Generator) -> tuple[_Array, ...]:
    """Possible households of one kind: ages, men, away (rows by places), and moved in (rows)."""
    kept: list[tuple[_Array, ...]] = []
    missing = rows
    while missing > 0:
        drawn = _draw(kind, 2 * missing + 50, rng)
        possible = np.flatnonzero(_possible(kind, *drawn[:3]))[:missing]
        kept.append(tuple(array[possible] for array in drawn))
        missing -= len(possible)
    return tuple(np.concatenate(parts) for parts in zip(*kept, strict=True))


def _draw(kind: Kind, rows: int, rng: np.random.Generator) -> tuple[_Array, ...]:
    ages = np.full((rows, PLACES), NOBODY, dtype=np.int16)
    male = np.zeros((rows, PLACES), dtype=bool)
    ages[:, 0] = np.rint(rng.triangular(*kind.ages, size=rows))
    male[:, 0] = rng.random(rows) < kind.members[0].male
    for place, member in enumerate(kind.members[1:], start=1):
        of_age, of_male = ages[:, member.of], male[:, member.of]
        male[:, place] = ~of_male if member.gap == "spouse" else rng.random(rows) < member.male
        ages[:, place] = of_age + _years(member, of_male, rng, rows)
    away, moved_in = _whereabouts(kind, ages, male, rng)
    return ages, male, away, moved_in


def _years(member: Member, of_male: _Array, rng: np.random.Generator, rows: int) -> _Array:
    """Years by which the members of one place are older than those whom they follow."""
    gap = GAPS[member.gap]
    drawn = rng.normal(gap.mean, gap.deviation, rows)
    years: _Array = np.rint(np.clip(drawn, gap.low, gap.high)).astype(np.int16)
    match member.gap:
        case "spouse":
            return np.where(of_male, -years, years)
        case "parent":
            return years
        case _:
            return -years


def _whereabouts(
    kind: Kind, ages: _Array, male: _Array, rng: np.random.Generator
) -> tuple[_Array, _Array]:
    """Who is away, by a pattern for each household; and which households moved in."""
    shares = MOBILITY[kind.mobility]
    names = list(shares)
    edges = np.cumsum(list(shares.values()))
    pattern = np.searchsorted(edges, rng.random(len(ages)) * edges[-1], side="right")
    away = np.zeros(ages.shape, dtype=bool)
    moved_in = np.zeros(len(ages), dtype=bool)
    if "moved_in" in names:
        moved_in = pattern == names.index("moved_in")
    for place, member in enumerate(kind.members):
        for number, name in enumerate(names):
            goes = _goes(name, member, male[:, place])
            away[:, place] |= (pattern == number) & goes
    studies = (ages >= STUDENT_AGES[0]) & (ages <= STUDENT_AGES[1])
    for place, member in enumerate(kind.members):
        if member.part == "child":
            leaves = studies[:, place] & (rng.random(len(ages)) < STUDENTS_AWAY)
            away[:, place] |= leaves & ~moved_in
    return away, moved_in


def _goes(pattern: str, member: Member, male: _Array) -> _Array:
    """Whether a pattern sends a member away, for each row."""
    earner = member.part == "earner"
    everyone, nobody = np.ones(len(male), dtype=bool), np.zeros(len(male), dtype=bool)
    match pattern:
        case "all_away":
            return everyone
        case "man_away":
            return male if earner else nobody
        case "woman_away":
            return ~male if earner else nobody
        case "earners_away":
            return everyone if earner else nobody
        case "young_away":
            return everyone if member.part != "elder" else nobody
        case _:
            return nobody


def _possible(kind: Kind, ages: _Array, male: _Array, away: _Array) -> _Array:
    """Which rows could be a household. Written as what rules one out."""
    count = kind.size
    people = ages[:, :count]
    good: _Array = np.logical_and.reduce((people >= 0) & (people <= AGE_LIMIT), axis=1)
    for place, parents in enumerate(parents_of(kind)):
        for parent in parents:
            older = ages[:, parent] - ages[:, place]
            oldest = np.where(male[:, parent], FATHER_OLDER_MAX, MOTHER_OLDER_MAX)
            good &= (older >= PARENT_OLDER_MIN) & (older <= oldest)
    for place, member in enumerate(kind.members):
        if member.gap == "spouse":
            good &= np.minimum(ages[:, place], ages[:, member.of]) >= MARRIED_MIN
        if member.part == "child":
            good &= ages[:, place] <= CHILD_AT_HOME_MAX
        if member.part != "child":
            good &= ages[:, place] >= ADULT_FROM
    here = ~away[:, :count]
    minded = (here & (people >= ADULT_FROM)).any(axis=1)
    good &= minded | ~(here & (people < MINDED_UNTIL)).any(axis=1)
    return good


def _constraints(
    marginals: Marginals, ages: _Array, male: _Array, away: _Array, moved_in: _Array
) -> tuple[_Array, _Array]:
    """A column of counts for each marginal, and what each must add up to, a household."""
    columns: list[tuple[_Array, float]] = []
    there = ages != NOBODY
    size = there.sum(axis=1)
    mean = marginals.mean_size
    for people, share in marginals.sizes.shares.items():
        columns.append((size == people, share))
    for low, high, share in _classes(marginals.ages.shares.items()):
        columns.append((((ages >= low) & (ages < high)).sum(axis=1), share * mean))
    registered = (1 - marginals.moved_in.value) * mean
    columns.append(((male & there).sum(axis=1), marginals.male.value * mean))
    columns.append(((away & there).sum(axis=1), marginals.away.value * registered))
    columns.append((np.where(moved_in, size, 0), marginals.moved_in.value * mean))
    return (
        np.stack([column for column, _ in columns], axis=1),
        np.array([target for _, target in columns]),
    )


def _classes(shares: Any) -> Iterator[tuple[int, int, float]]:
    """Lower end, upper end (not of the class), share."""
    listed = list(shares)
    ends = [low for low, _ in listed[1:]] + [AGE_LIMIT + 1]
    for (low, share), end in zip(listed, ends, strict=True):
        yield low, end, share
