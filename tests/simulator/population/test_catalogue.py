"""The catalogue: what the generator makes is what the server's record types declare."""

import pytest

from server.records import CATALOGUE
from simulator.population import county
from simulator.population.households import ROLES
from simulator.population.lives import CARE, CONTROLLED
from simulator.population.marginals import ETHNIC_GROUPS
from simulator.population.records import Record


@pytest.fixture(scope="module")
def records():
    return list(county(11, 0.05, communities=2).records())


def problems(record: Record):
    spec = CATALOGUE[record.type]
    for name, value in record.fields.items():
        field = spec.by_name.get(name)
        if field is None:
            yield f"{record.type} has no field {name}"
        elif field.problem(value) is not None:
            yield f"{record.type}.{name} refuses {value!r}"
    for field in spec.fields:
        if field.required and field.name not in record.fields:
            yield f"{record.type} lacks {field.name}"


def test_every_record_is_one_that_its_declaration_takes(records):
    assert sorted({text for record in records for text in problems(record)}) == []


def test_every_record_is_in_a_feed(records):
    for record in records:
        spec = CATALOGUE[record.type]
        values = [record.fields.get(field.name) for field in spec.fields]
        assert spec.feeds_of(record.id, values), record


def test_codes_are_the_declared_ones_even_those_too_rare_for_a_small_county():
    resident = CATALOGUE["resident"].by_name
    kinships = {code for role in ROLES.values() for code in role.kinship}
    assert kinships.issubset(resident["kinship"].choices)
    assert set(resident["ethnic"].choices).issuperset(ETHNIC_GROUPS)
    assert CARE.issubset(resident["tags"].choices)
    restricted = CATALOGUE["resident_restricted"].by_name
    assert CONTROLLED.issubset(restricted["controlled"].choices)


def test_every_tag_of_a_unit_an_order_or_a_building_has_its_words():
    for kind, name in (("unit", "business"), ("work_order", "business"), ("building", "tags")):
        field = CATALOGUE[kind].by_name[name]
        assert all(all(words) for words in field.choices.values()), (kind, name)
        assert field.choices, (kind, name)
