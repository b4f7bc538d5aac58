"""Names: surnames by ethnic group and family line, given names by sex and year of birth.

A community worker reads a family in its names: children carry the father's
surname, brothers share a character that tells their generation, nobody born in
1948 is called 梓涵. All of it is decided here, for one person at a time.

Invariants
    * A name is one surname and one or two characters; nobody ``taken`` is named again.
    * What is drawn depends only on the numbers handed in.

>>> from simulator.population.keys import generator, uniforms
>>> namer = Namer(uniforms(generator(1, "names")))
>>> line = namer.line("33")
>>> line.ethnic, line.surname in "胡杨王张"
('33', True)
>>> len(namer.given(line, male=True, year=1948, generation=0, taken=set())) in (1, 2)
True
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from simulator.population.marginals import ETHNIC_GROUPS
from simulator.population.sampling import Weighted
from simulator.population.words import WORDS, GivenNames

__all__ = ["HAN", "Line", "Namer"]

HAN: Final = "01"

#: Children of a Han father and a mother of a minority are mostly registered as of hers, so
#: among adults the Han are a little more than among all.
_ADULTS: Final = Weighted(
    {code: share * (1.11 if code == HAN else 1.0) for code, (_, share) in ETHNIC_GROUPS.items()}
)

#: Spouses of the same group, beyond those who are by chance (assumption).
SAME_GROUP: Final = 0.35

_TRIES: Final = 12


@dataclass(frozen=True, slots=True)
class Line:
    """A family line: its group, its surname, its poem and where in it the householder stands."""

    ethnic: str
    surname: str
    poem: str
    place: int
    follows: float

    def character(self, generation: int) -> str:
        """The character of a generation: the older the generation, the earlier in the poem."""
        return self.poem[(self.place - generation) % len(self.poem)]


class Namer:
    """Names people from a run of numbers in [0, 1)."""

    def __init__(self, numbers: Iterator[float]) -> None:
        self._next = numbers.__next__

    def line(self, ethnic: str | None = None, *, avoid: str = "") -> Line:
        """A new family line, of any group or of the one given, its surname not ``avoid``."""
        group = ethnic or _ADULTS.pick(self._next())
        surnames = WORDS.surnames[group]
        surname = surnames.pick(self._next())
        for _ in range(_TRIES):
            if surname != avoid:
                break
            surname = surnames.pick(self._next())
        own = WORDS.poems.get(surname)
        poems = own if own and self._next() < 0.7 else WORDS.poems[""]
        poem = poems[int(self._next() * len(poems))]
        return Line(group, surname, poem, int(self._next() * len(poem)), self._next())

    def married_into(self, line: Line) -> Line:
        """The line of somebody who married into another."""
        same = self._next() < SAME_GROUP
        return self.line(line.ethnic if same else None, avoid=line.surname)

    def given(
        self, line: Line, *, male: bool, year: int, generation: int, taken: Collection[str]
    ) -> str:
        """A given name; ``taken`` are those of the family so far."""
        pools = WORDS.men if male else WORDS.women
        pool = next(names for names in pools if year <= names.until)
        # A generation follows the poem or does not: brothers do the same.
        by_poem = (line.follows + 0.37 * (line.place - generation)) % 1.0 < pool.clan
        first = line.character(generation) if by_poem and line.poem else ""
        name = ""
        for _ in range(_TRIES):
            name = self._draw(pool, first)
            if name not in taken and line.surname not in name:
                break
        return name

    def full(self, *, male: bool, year: int) -> str:
        """A full name out of any family."""
        line = self.line()
        return line.surname + self.given(line, male=male, year=year, generation=0, taken=())

    def _draw(self, pool: GivenNames, first: str) -> str:
        if first:
            second = pool.seconds.pick(self._next())
            return first + second if second != first else first
        at = self._next()
        if at < pool.single:
            return pool.singles.pick(self._next())
        if at < pool.single + pool.whole:
            return pool.wholes.pick(self._next())
        one, two = pool.firsts.pick(self._next()), pool.seconds.pick(self._next())
        return one + two
