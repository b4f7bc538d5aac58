"""Faker's door to the county's people: seeded, valid, and nobody's."""

from datetime import date

from faker import Faker

from server.records import CATALOGUE
from server.rules import citizen_id
from simulator.population.provider import CountyProvider


def people(seed, count=200):
    fake = Faker("zh_CN")
    fake.add_provider(CountyProvider)
    fake.seed_instance(seed)
    return [fake.county_person() for _ in range(count)]


def test_one_seed_makes_one_run_of_people_and_another_seed_another():
    assert people(7) == people(7) != people(8)


def test_a_person_agrees_with_their_number_and_is_nobody():
    for one in people(7):
        assert citizen_id.problem(one["citizen_id"], today=date(2026, 11, 24)) is None
        assert citizen_id.birth(one["citizen_id"]).isoformat() == one["birth"]
        assert citizen_id.sex(one["citizen_id"]) == one["sex"]
        assert one["citizen_id"][:2] == "99" and one["phone"][:4] == "1000"
        assert len(one["phone"]) == 11


def test_what_it_makes_is_what_the_record_types_take():
    for one in people(3, 50):
        for name in ("name", "sex", "birth", "phone"):
            assert CATALOGUE["resident"].by_name[name].problem(one[name]) is None
        restricted = CATALOGUE["resident_restricted"].by_name["citizen_id"]
        assert restricted.problem(one["citizen_id"]) is None


def test_names_belong_to_their_years():
    fake = Faker("zh_CN")
    fake.add_provider(CountyProvider)
    fake.seed_instance(1)
    old = {fake.county_name(male=True, year=1945)[1:] for _ in range(400)}
    young = {fake.county_name(male=True, year=2015)[1:] for _ in range(400)}
    assert len(old & young) < 0.2 * min(len(old), len(young))


def test_a_compound_has_a_name():
    fake = Faker("zh_CN")
    fake.add_provider(CountyProvider)
    assert len(fake.county_place()) >= 3
