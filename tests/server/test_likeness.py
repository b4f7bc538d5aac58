"""People who may have been recorded twice are put before the office, and before nobody else."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from server.likeness import sounds_alike
from server.store.tables import CONFLICT
from tests.server.api.test_exchange import GRID, Tablet, acks

OTHER_GRID = "00000000-0000-0000-0000-0000000000a2"
BORN = "1950-03-04"


def uid(number):
    return f"00000000-0000-0000-0000-{number:012x}"


@pytest.fixture
def village(any_office):
    """Two homes in one compound and one far away; a tablet in each grid."""
    one, far = Tablet(any_office), Tablet(any_office, grid=OTHER_GRID, name="李勇")
    homes = ((1, one, GRID, "凯德花园"), (2, one, GRID, "凯德花园"), (3, far, OTHER_GRID, "双江苑"))
    for number, tablet, grid, compound in homes:
        fields = {"grid": grid, "compound": compound, "room": str(number)}
        tablet.send(tablet.op("create", fields, record=uid(number)))
    return one, far


def person(tablet, number, home, name, *, born=BORN, grid=GRID):
    fields = {"grid": grid, "household": uid(home), "name": name, "birth": born}
    lines = tablet.send(tablet.op("create", fields, type="resident", record=uid(number)))
    (ack,) = acks(lines)
    assert (ack["outcome"], ack.get("conflict")) == ("applied", None)
    return ack["stamp"]


def suspected(office):
    """Id of a conflict → the ids that it puts beside a new record."""
    served = office.served
    with served.store.engine.connect() as connection:
        ids = list(connection.execute(select(CONFLICT.c.id)).scalars())
    with served.store.read() as snapshot:
        found = snapshot.conflicts(ids)
        assert all(one.fields["*"]["hidden"] for one in found.values())
        records = snapshot.records([one.record for one in found.values()])
    assert all(record.c is None for record in records.values())
    return {one: conflict.fields["*"]["others"] for one, conflict in found.items()}


@pytest.mark.parametrize("name", ["杨晓兰", "杨小兰"])
def test_a_name_that_sounds_the_same_near_by_is_put_before_the_office(any_office, village, name):
    tablet, _ = village
    person(tablet, 11, 1, "杨晓兰")
    stamp = person(tablet, 12, 2, name)
    assert suspected(any_office) == {stamp: [uid(11)]}


def test_whoever_differs_in_name_birth_or_place_is_somebody_else(any_office, village):
    tablet, far = village
    person(tablet, 11, 1, "杨晓兰")
    person(tablet, 12, 2, "龙文华")
    person(tablet, 13, 2, "杨晓兰", born="1950-03-05")
    person(tablet, 14, 2, "杨晓兰", born=None)
    person(far, 15, 3, "杨晓兰", grid=OTHER_GRID)
    assert suspected(any_office) == {}


def test_twins_are_two_and_the_same_name_in_one_home_is_one(any_office, village):
    tablet, _ = village
    person(tablet, 11, 1, "杨晓兰")
    person(tablet, 12, 1, "杨小兰")
    assert suspected(any_office) == {}
    stamp = person(tablet, 13, 1, "杨晓兰")
    assert suspected(any_office) == {stamp: [uid(11)]}


def test_where_the_compound_is_not_known_the_grid_says_what_is_near(any_office, village):
    tablet, _ = village
    person(tablet, 11, 99, "杨晓兰")
    stamp = person(tablet, 12, 2, "杨晓兰")
    assert suspected(any_office) == {stamp: [uid(11)]}


@pytest.mark.parametrize(("one", "other"), [("杨晓兰", "杨晓蓝"), ("曾 小兰", "曾小兰")])
def test_names_that_are_said_the_same_sound_alike(one, other):
    assert sounds_alike(one, other)
