"""Records that are only like each other: the office is asked, and nobody else is told."""

from __future__ import annotations

import pytest

from sync.authority import Alike
from sync.catalogue import Catalogue
from tests.sync.authority.test_duplicates import DOOR, HOUSE, PERSON, person, told
from tests.sync.county import GRID, NOTICE, ORDER, OTHER_GRID, County, let_go, uid


@pytest.fixture
def suspicious():
    """A county whose office is asked about every household with the phone of another."""

    def find(work, made):
        found = {}
        for record in made:
            ids = work.referring("household", "phone", record.get("phone"))
            found[record.id] = [one for one in ids if one != record.id]
        return found

    alike = Alike(frozenset({"household"}), find)
    return County(catalogue=Catalogue(HOUSE, PERSON, ORDER, NOTICE), alike=alike)


def conflicts_in(county):
    with county.store.read() as tx:
        return {one.record: one.fields["*"] for one in tx._tables.conflicts.values()}


def test_what_is_only_like_another_is_for_the_office_and_its_author_hears_nothing(suspicious):
    anna = suspicious.device(uid(0xB1))
    anna.send()
    ids = [uid(1), uid(2), uid(3)]
    names = ({"grid": GRID, "phone": "5", "householder": one[-1]} for one in ids)
    acks = anna.send(*(anna.op("create", one, each) for one, each in zip(ids, names, strict=True)))
    assert [told(ack) for ack in acks] == [("applied", None)] * 3
    assert anna.rows() == {}
    asked = {record: part["others"] for record, part in conflicts_in(suspicious).items()}
    assert asked == {uid(1): [uid(2), uid(3)], uid(2): [uid(3)]}
    assert all(part["hidden"] for part in conflicts_in(suspicious).values())


def test_nobody_is_asked_twice_about_one_pair_or_about_what_is_gone(suspicious):
    anna = suspicious.device(uid(0xB1))
    one = anna.op("create", uid(1), {"grid": GRID, **DOOR})
    two = anna.op("create", uid(2), {"grid": GRID, **DOOR})
    three = anna.op("create", uid(3), {"grid": GRID, "phone": "101"})
    gone = anna.op("delete", uid(3), base={"*": three["stamp"]})
    other = person(anna, uid(20), uid(1))
    anna.send(one, two, three, gone, other)
    parts = conflicts_in(suspicious)
    assert set(parts) == {uid(2), uid(1)} and "hidden" not in parts[uid(2)]


def test_what_a_stopped_group_made_is_like_nobody_until_it_is_let_go(suspicious):
    anna = suspicious.device(uid(0xB1))
    anna.send(anna.op("create", uid(1), {"grid": GRID, "phone": "5", "householder": "甲"}))
    mark = {"id": "g", "of": 2}
    like = {**anna.op("create", uid(2), {"grid": GRID, "phone": "5"}), "group": mark}
    wrong = {**anna.op("create", uid(3), {"grid": OTHER_GRID}), "group": mark}
    anna.send(like, wrong)
    assert conflicts_in(suspicious) == {}
    let_go(suspicious, like["stamp"])
    assert set(conflicts_in(suspicious)) == {uid(2)}
