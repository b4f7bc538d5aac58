"""Undoing: values put back by an operation of its own, and what it says to whom."""

from __future__ import annotations

import json

import pytest

from tests.sync.county import ADMIN, Device, edit, resolve, uid


@pytest.fixture
def office(county):
    return county.device(ADMIN, role="administrator")


@pytest.fixture
def settled(county, anna: Device, bo: Device, house: str):
    """A conflict about the householder and the resolution that closed it: their stamps."""
    anna.send(edit(anna, house, {"householder": "李四"}, base=anna.created))
    mine = edit(bo, house, {"householder": "王五"}, base=bo.created)
    bo.send(mine)
    _, ack = resolve(county, mine["stamp"], {"householder": "赵六"}, house)
    bo.send()
    return mine["stamp"], ack["stamp"]


def codes(device):
    return sorted(row["code"] for row in device.rows("notice").values())


def test_undoing_a_resolution_tells_whose_value_waits_again(county, office, bo, house, settled):
    conflict, decision = settled
    office.send(edit(office, house, {"householder": "李四"}, base=decision, undoes=decision))
    assert county.record(house).c == ["householder"]
    part = county.conflict(conflict).fields["householder"]
    assert (part["server"], part["device"], part["closed_by"]) == ("李四", "王五", None)
    assert (county.operation(conflict).outcome, county.operation(conflict).code) == (
        "conflict",
        "concurrent",
    )
    bo.send()
    assert codes(bo) == ["reopened"]


def test_undoing_a_resolution_twice_reopens_its_conflict_once(county, office, bo, house, settled):
    conflict, decision = settled
    first = edit(office, house, {"householder": "李四"}, base=decision, undoes=decision)
    office.send(first)
    bo.send()
    office.send(edit(office, house, {"householder": "孙七"}, base=first["stamp"], undoes=decision))
    bo.send()
    assert codes(bo) == []
    assert county.conflict(conflict).fields["householder"]["server"] == "孙七"


def test_a_decision_about_a_whole_record_is_undone_too_and_the_row_shows_it(
    county, office, anna, bo, house
):
    anna.send(edit(anna, house, {"phone": "2"}, base=anna.created))
    gone = bo.op("delete", house, base={"*": bo.created})
    bo.send(gone)
    admin, ack = resolve(county, gone["stamp"], {"*": "live"}, house)
    assert county.record(house).c is None
    undo = admin.op("edit", house, {}, {"*": ack["stamp"]}, undoes=ack["stamp"])
    assert admin.send(undo)[0]["outcome"] == "merged"
    record = county.record(house)
    assert record.c == ["*"] and record.head == undo["stamp"]
    assert admin.rows()[house]["c"] == ["*"]
    assert county.operation(gone["stamp"]).outcome == "conflict"


def test_a_decision_to_delete_is_undone_by_a_restore(county, anna, bo, house):
    anna.send(anna.op("delete", house, base={"*": anna.created}))
    late = edit(bo, house, {"phone": "2"}, base=bo.created)
    bo.send(late)
    admin, ack = resolve(county, late["stamp"], {"*": "deleted"}, house)
    back = admin.op("restore", house, base={"*": ack["stamp"]}, undoes=ack["stamp"])
    assert admin.send(back)[0]["outcome"] == "merged"
    record = county.record(house)
    assert not record.deleted and record.c == ["*"]
    assert county.conflict(late["stamp"]).closed is None
    assert county.operation(late["stamp"]).outcome == "conflict"
    bo.send()
    anna.send()
    assert codes(bo) == ["reopened", "settled"]
    assert codes(anna) == ["reopened", "returned", "settled"]


def test_an_undo_of_an_undo_puts_the_value_back_again(county, office, anna, house):
    change = edit(anna, house, {"householder": "李四"}, base=anna.created)
    anna.send(change)
    first = edit(
        office, house, {"householder": "张三"}, base=change["stamp"], undoes=change["stamp"]
    )
    again = edit(office, house, {"householder": "李四"}, base=first["stamp"], undoes=first["stamp"])
    assert [ack["outcome"] for ack in office.send(first, again)] == ["applied", "applied"]
    record = county.record(house)
    assert record.get("householder") == "李四" and record.version("householder") == again["stamp"]
    anna.send()
    assert codes(anna) == ["undone"]


def test_an_undo_that_met_a_newer_value_waits_like_any_other_edit(
    county, office, anna, bo, house, settled
):
    conflict, decision = settled
    newer = edit(anna, house, {"householder": "孙七"}, base=decision)
    anna.send(newer)
    undo = edit(office, house, {"householder": "李四"}, base=decision, undoes=decision)
    assert office.send(undo)[0]["outcome"] == "conflict"
    assert county.record(house).get("householder") == "孙七"
    assert county.conflict(conflict).closed is None


@pytest.mark.parametrize("undone", ["another record's", "a rejected one", "an unknown one"])
def test_what_cannot_have_been_undone_is_told_to_nobody(county, office, anna, bo, house, undone):
    other = anna.op("create", uid(9), {"grid": uid(0xA1)})
    wrong = edit(anna, house, {"phone": 17}, base=anna.created)
    anna.send(other, wrong)
    stamp = {
        "another record's": other["stamp"],
        "a rejected one": wrong["stamp"],
        "an unknown one": "0000000003e8-0000-aaaaaaaazzzz",
    }[undone]
    assert office.send(edit(office, house, {"phone": "3"}, base=anna.created, undoes=stamp))
    anna.send()
    assert codes(anna) == []


def test_who_says_undo_but_changes_something_else_tells_nobody_so(county, bo, anna, house):
    change = edit(anna, house, {"householder": "李四"}, base=anna.created)
    anna.send(change)
    for fields in ({"phone": "2"}, {}):
        bo.send(edit(bo, house, fields, base=change["stamp"], undoes=change["stamp"]))
    anna.send()
    assert codes(anna) == []


def test_what_was_undone_is_told_with_both_values(anna, office, house):
    change = edit(anna, house, {"householder": "李四", "phone": "2"}, base=anna.created)
    anna.send(change)
    office.send(
        edit(office, house, {"householder": "张三"}, base=change["stamp"], undoes=change["stamp"])
    )
    anna.send()
    notice = next(iter(anna.rows("notice").values()))
    assert json.loads(notice["before"]) == {"householder": "李四"}
    assert json.loads(notice["after"]) == {"householder": "张三"}


def test_who_undoes_their_own_change_is_not_told_so(anna, house):
    change = edit(anna, house, {"householder": "李四"}, base=anna.created)
    anna.send(change)
    anna.send(
        edit(anna, house, {"householder": "张三"}, base=change["stamp"], undoes=change["stamp"])
    )
    assert codes(anna) == []
