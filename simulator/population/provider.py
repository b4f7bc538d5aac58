"""Faker's door to the county's people: single made-up people for tests, forms and demonstrations.

Who writes test data knows Faker: ``add_provider``, ``seed_instance``, a name that is called. Its
own Chinese people would be told at a glance, though: 57 men's names whatever the year of birth,
telephone numbers and citizen IDs that somebody may have. So the names, work and numbers come from
the county's pools, and Faker is how they are asked for and seeded. The county itself does not
pass here: its people belong together (families, doors, years), and one after the other would
take minutes.

Invariants
    * One seed, one run of people.
    * No number is anybody's: citizen IDs begin 99 and phones 1000, as in the county.

>>> from faker import Faker
>>> from server.rules.citizen_id import problem
>>> fake = Faker("zh_CN")
>>> fake.add_provider(CountyProvider)
>>> fake.seed_instance(7)
>>> problem(fake.county_citizen_id(born=date(1948, 3, 9), male=False)) is None
True
>>> fake.county_phone()[:4]
'1000'
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from faker.providers import BaseProvider

from server.rules.citizen_id import check_character
from simulator.population.marginals import REFERENCE_DAY
from simulator.population.names import Namer
from simulator.population.words import WORDS

__all__ = ["CountyProvider"]

_OLDEST_YEARS = 95


class CountyProvider(BaseProvider):
    """``fake.county_person()`` and its parts."""

    def county_person(self) -> dict[str, Any]:
        """A resident's fields: name, sex ("1" male, "2" female), birth, phone, citizen_id."""
        male, born = self.generator.random.random() < 0.5, self.county_birth()
        return {
            "name": self.county_name(male=male, year=born.year),
            "sex": "1" if male else "2",
            "birth": born.isoformat(),
            "phone": self.county_phone(),
            "citizen_id": self.county_citizen_id(born=born, male=male),
        }

    def county_name(self, *, male: bool, year: int) -> str:
        """A full name as somebody born in ``year`` has it."""
        return Namer(self._numbers()).full(male=male, year=year)

    def county_birth(self) -> date:
        """A date of birth of somebody who is alive, up to the county's reference day."""
        days = int(self.generator.random.random() * _OLDEST_YEARS * 365.25)
        return REFERENCE_DAY - timedelta(days=days)

    def county_phone(self) -> str:
        """A number that no telephone has."""
        return f"1000{self.random_int(2_000_000, 9_999_999)}"

    def county_citizen_id(self, *, born: date, male: bool) -> str:
        """A valid citizen ID of no province (GB 11643): its last digit but one tells the sex."""
        order = 2 * self.random_int(0, 499) + (1 if male else 0)
        body = f"99{self.random_int(0, 9_999):04}{born:%Y%m%d}{order:03}"
        return body + check_character(body)

    def county_place(self) -> str:
        """The name of a compound that is not there."""
        name = WORDS.places["high_rise"][self.random_int(0, len(WORDS.places["high_rise"]) - 1)]
        return name + WORDS.suffixes["high_rise"].pick(self.generator.random.random())

    def _numbers(self) -> Iterator[float]:
        return iter(self.generator.random.random, None)
