"""One household that two record: who is told of it, and what becomes of them."""

from __future__ import annotations

import pytest

from tests.conformance.contract.device import new_id, of_kind, rows_sent

DOOR = {"compound": "9", "entrance": "1", "room": "901"}


def door():
    """A door that no other test has."""
    return {**DOOR, "building": new_id()}


@pytest.fixture
def twins(crew):
    """A household as Li recorded it, and as Wang did: (Li's record, Wang's create, his lines)."""
    where = door()
    first = crew.household(**where)
    create = crew.wang.operation("create", "household", new_id(), {"grid": crew.grid, **where})
    crew.wang.put(create)
    return first, create, crew.wang.sync()


def test_a_second_record_of_one_household_is_applied_and_put_before_a_person(crew, twins):
    first, create, lines = twins
    second = create["record"]
    (ack,) = of_kind(lines, "ack")
    assert ack["outcome"] == "applied" and ack["head"] == ack["stamp"] == ack["conflict"]
    assert (ack["problem"]["code"], ack["problem"]["definite"]) == ("duplicate", True)
    assert ack["fields"]["room"] == "901" and set(ack["versions"].values()) == {ack["stamp"]}
    # It is not plain: only the row shows the mark.
    assert second in rows_sent(lines) and crew.wang[second].conflicts == ["*"]
    assert crew.li[first].conflicts == []
    (waiting,) = crew.office.conflicts(second)
    assert (waiting["id"], waiting["fields"]) == (ack["conflict"], ["*"])


def test_sent_again_it_is_applied_still_and_the_conflict_is_named_while_it_is_open(crew, twins):
    _, create, _ = twins
    (again,) = crew.wang.hand_in(create)
    assert (again["outcome"], again["repeated"]) == ("applied", True)
    assert (again["conflict"], again["problem"]["code"]) == (create["stamp"], "duplicate")
    crew.office.run("resolve", create["stamp"], "*=live")
    (settled,) = crew.wang.hand_in(create)
    assert settled["outcome"] == "applied" and not {"conflict", "problem"} & settled.keys()
    crew.meet()
    assert crew.wang[create["record"]].conflicts == []
    assert crew.office.conflicts(create["record"]) == []
    (notice,) = crew.wang.notices(create["stamp"])
    assert (notice["outcome"], notice["code"]) == ("applied", "settled")


def test_of_a_household_in_another_grid_nobody_is_told_but_the_office(crew, admin):
    grid = new_id()
    admin.create("grid", record=grid, code=grid, name="Elsewhere")
    admin.sync()
    stranger = crew.hire("grid_worker", f"grid:{grid}")
    where = door()
    crew.household(**where)
    theirs = stranger.create("household", grid=grid, **where)
    lines = stranger.sync()
    (ack,) = of_kind(lines, "ack")
    assert set(ack) == {"stamp", "outcome", "head", "feeds"} and ack["outcome"] == "applied"
    assert theirs not in rows_sent(lines)
    (waiting,) = crew.office.conflicts(theirs)
    crew.office.run("resolve", waiting["id"], "*=live")
    stranger.sync()
    assert stranger.notices(ack["stamp"]) == []
    assert stranger[theirs].conflicts == []


def test_one_stands_for_the_other_until_that_is_undone(crew, twins):
    first, second = twins[0], twins[1]["record"]
    crew.meet()
    person = crew.wang.create("resident", grid=crew.grid, household=second, name="王芳")
    crew.wang.sync()
    chief = crew.hire("grid_chief")
    merge = chief.operation("merge", "household", second, {}, into=first)
    (ack,) = chief.hand_in(merge)
    assert ack["outcome"] == "applied"
    told = [page["alias"] for page in of_kind(crew.li.sync(), "page") if page["alias"]]
    assert told == [{second: first}]
    crew.meet(chief)
    assert second not in crew.li and crew.li[person].fields["household"] == second
    assert crew.office.conflicts(second) == []
    back = chief.operation("restore", "household", second, {}, base={"*": ack["head"]})
    (ack,) = chief.hand_in(back)
    assert ack["outcome"] == "merged"
    crew.meet(chief)
    assert crew.li[second].fields["room"] == "901" and crew.li[second].conflicts == ["*"]
    assert len(crew.office.conflicts(second)) == 1
