"""A part of the county, made once: big enough for shares, small enough for seconds."""

from collections import defaultdict
from dataclasses import dataclass

import pytest

from simulator.population import Record, county

SEED = 20260901


@dataclass(frozen=True)
class Part:
    """Records of three communities by type, and the people of each household."""

    by_type: dict[str, list[Record]]
    families: list[list[dict]]

    def fields(self, kind):
        return [record.fields for record in self.by_type[kind]]


@pytest.fixture(scope="session")
def part():
    by_type = defaultdict(list)
    for record in county(SEED, communities=3).records():
        by_type[record.type].append(record)
    families = defaultdict(list)
    for resident in by_type["resident"]:
        families[resident.fields["household"]].append(resident.fields)
    return Part(dict(by_type), list(families.values()))
