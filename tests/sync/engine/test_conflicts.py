"""Conflicts: what waits, in whose place, until a person has decided, and who hears of it."""

from __future__ import annotations

import json

import pytest

from tests.sync.county import ADMIN, GRID, OTHER_GRID, County, Device, edit, resolve, step, uid

CARL = uid(0xB3)


@pytest.fixture
def lost(anna: Device, bo: Device, house: str):
    """Bo's edit of the householder, which met Anna's."""
    anna.send(edit(anna, house, {"householder": "李四"}, base=anna.created))
    mine = edit(bo, house, {"householder": "王五"}, base=bo.created)
    assert bo.send(mine)[0]["outcome"] == "conflict"
    return mine


def told(device):
    """Code → what the notices of the last answer are about, and what they say changed."""
    return {row["code"]: row for row in device.rows("notice").values()}


# In whose place ------------------------------------------------------------------------------


def test_the_value_that_was_replaced_no_longer_waits(county, bo, house, lost):
    again = edit(bo, house, {"householder": "王六"}, base=lost["stamp"])
    third = edit(bo, house, {"householder": "王七"}, base=again["stamp"])
    acks = bo.send(again, third)
    assert [ack["conflict"] for ack in acks] == [lost["stamp"]] * 2
    outcomes = [county.operation(one["stamp"]).outcome for one in (lost, again, third)]
    assert outcomes == ["merged", "merged", "conflict"]
    part = county.conflict(lost["stamp"]).fields["householder"]
    assert (part["device"], part["stamp"]) == ("王七", third["stamp"])
    assert "problem" not in bo.send(lost)[0]


def test_who_is_replaced_by_another_is_told(county, anna, bo, house, lost):
    # Anna saw Bo's value as the present one before the server came back from a backup.
    again = edit(anna, house, {"householder": "王六"}, base=lost["stamp"])
    assert anna.send(again)[0]["conflict"] == lost["stamp"]
    bo.send()
    notice = told(bo)["replaced"]
    assert (notice["about"], notice["outcome"]) == (lost["stamp"], "merged")
    assert json.loads(notice["after"]) == {"householder": "王六"}


def test_what_replaces_one_value_and_opens_a_conflict_can_itself_be_replaced(
    county, anna, bo, house, lost
):
    anna.send(edit(anna, house, {"origin": "survey"}, base=anna.created))
    both = bo.op(
        "edit", house, {"householder": "王六", "origin": "visit"},
        {"*": lost["stamp"], "householder": lost["stamp"], "origin": bo.created},
    )  # fmt: skip
    assert bo.send(both)[0]["conflict"] == both["stamp"]
    more = edit(bo, house, {"householder": "王七", "origin": "import"}, base=both["stamp"])
    bo.send(more)
    old, new = county.conflict(lost["stamp"]).fields, county.conflict(both["stamp"]).fields
    assert list(old) == ["householder"] and old["householder"]["device"] == "王七"
    assert list(new) == ["origin"] and new["origin"]["device"] == "import"
    assert county.operation(both["stamp"]).outcome == "merged"


def test_an_operation_whose_values_wait_in_two_conflicts_is_settled_with_the_second(
    county, anna, bo, house, lost
):
    anna.send(edit(anna, house, {"origin": "survey"}, base=anna.created))
    both = bo.op(
        "edit", house, {"householder": "王六", "origin": "visit"},
        {"*": lost["stamp"], "householder": lost["stamp"], "origin": bo.created},
    )  # fmt: skip
    bo.send(both)
    resolve(county, lost["stamp"], {"householder": "王六"}, house)
    assert county.operation(both["stamp"]).outcome == "conflict"
    resolve(county, both["stamp"], {"origin": "visit"}, house)
    assert county.operation(both["stamp"]).outcome == "merged"


def test_an_edit_that_leaves_part_of_a_waiting_operation_alone_does_not_settle_it(
    county, anna, bo, house
):
    anna.send(edit(anna, house, {"householder": "李四", "origin": "survey"}, base=anna.created))
    first = edit(bo, house, {"householder": "王五", "origin": "visit"}, base=bo.created)
    bo.send(first, edit(bo, house, {"origin": "import"}, base=first["stamp"]))
    assert county.operation(first["stamp"]).outcome == "conflict"


def test_a_late_edit_of_a_value_that_was_settled_meanwhile_is_a_conflict_of_its_own(
    county, bo, house, lost
):
    resolve(county, lost["stamp"], {"householder": "李四"}, house)
    late = edit(bo, house, {"householder": "王六"}, base=lost["stamp"])
    ack = bo.send(late)[0]
    assert ack["conflict"] == late["stamp"]
    part = county.conflict(late["stamp"]).fields["householder"]
    assert (part["base"], part["server"], part["device"]) == ("王五", "李四", "王六")
    assert county.conflict(lost["stamp"]).closed is not None


def test_an_edit_based_on_what_was_merged_replaces_nothing(county, anna, bo, house, lost):
    late = bo.op("edit", house, {"origin": "visit"}, {"*": lost["stamp"], "origin": lost["stamp"]})
    assert bo.send(late)[0]["outcome"] == "applied"


# A whole order waits -------------------------------------------------------------------------


@pytest.fixture
def overtaken(county: County, anna: Device, bo: Device):
    """Bo's step of order 3, which Anna had taken before, with tags and a count."""
    create = anna.op("create", uid(3), {"grid": GRID, "tags": ["a"], "status": None}, type="order")
    assert anna.send(create)[0]["outcome"] == "merged"
    anna.send(step(anna, uid(3), create["stamp"], ("new", "taken")))
    mine = step(
        bo, uid(3), create["stamp"], ("new", "taken"),
        {"tags": {"add": ["b"], "remove": ["a"]}, "count": {"add": 2}, "taker": "bo"},
    )  # fmt: skip
    assert bo.send(mine)[0]["problem"]["code"] == "overtaken"
    return mine


def test_a_conflict_shows_what_its_author_had_seen_as_far_as_it_is_known(county, bo, overtaken):
    parts = county.conflict(overtaken["stamp"]).fields
    assert (parts["status"]["base"], parts["status"]["server"]) == ("new", "taken")
    assert (parts["tags"]["base"], parts["taker"]["base"]) == (["a"], None)
    added = edit(bo, uid(3), {"tags": {"add": ["z"]}}, base=county.record(uid(3)).v, type="order")
    bo.send(added)
    lost = step(bo, uid(3), added["stamp"], ("new", "taken"), {"tags": {"add": ["y"]}})
    bo.send(lost)
    assert county.conflict(lost["stamp"]).fields["tags"]["base"] is None


def test_tags_that_wait_are_changed_where_they_wait(county, bo, overtaken):
    seen = overtaken["stamp"]
    more = {"tags": {"add": ["c"], "remove": ["b"]}, "taker": "bo 2"}
    bo.send(edit(bo, uid(3), more, base=seen, type="order"))
    parts = county.conflict(seen).fields
    assert parts["tags"]["device"] == ["c"] and parts["taker"]["device"] == "bo 2"


def test_what_needs_no_base_goes_past_a_conflict(county, bo, overtaken):
    seen = overtaken["stamp"]
    bo.send(edit(bo, uid(3), {"count": {"add": 5}}, base=seen, type="order"))
    assert county.record(uid(3)).get("count") == 5
    assert county.conflict(seen).fields["count"]["device"] == 2


# Deciding ------------------------------------------------------------------------------------


def test_a_field_stays_marked_if_a_conflict_about_it_opened_in_the_same_request(
    county, bo, house, lost
):
    admin = county.device(ADMIN, role="administrator")
    second = edit(admin, house, {"householder": "孙七"}, base=bo.created)
    decision = admin.op("resolve", house, {"householder": "李四"}, conflict=lost["stamp"])
    acks = admin.send(second, decision)
    assert [ack["outcome"] for ack in acks] == ["conflict", "merged"]
    assert county.record(house).c == ["householder"]


def test_nobody_decides_a_record_out_of_where_they_may_write(county, anna, bo, house):
    office = county.device(CARL, role="administrator")
    grant = office.reader.grants[0]
    office.grants(grant, grant._replace(feed=f"grid:{OTHER_GRID}"))
    office.send(edit(office, house, {"grid": OTHER_GRID}, base=anna.created))
    bo.grants(*office.reader.grants)
    clash = edit(bo, house, {"grid": uid(0xA3)}, base=bo.created)
    assert bo.send(clash)[0]["conflict"] == clash["stamp"]
    choice = office.op("resolve", house, {"grid": uid(0xA3)}, conflict=clash["stamp"])
    ack = office.send(choice)[0]
    assert (ack["problem"]["code"], ack["problem"]["pointer"]) == ("out_of_scope", "/fields/grid")
    assert county.conflict(clash["stamp"]).closed is None


def test_both_authors_of_a_deletion_against_an_edit_hear_of_the_decision(county, anna, bo, house):
    anna.send(edit(anna, house, {"phone": "2"}, base=anna.created))
    gone = bo.op("delete", house, base={"*": bo.created})
    bo.send(gone)
    resolve(county, gone["stamp"], {"*": "deleted"}, house)
    bo.send()
    anna.send()
    assert json.loads(told(bo)["settled"]["before"]) == {
        "*": {"yours": "deleted", "server": "live"}
    }
    assert json.loads(told(anna)["replaced"]["after"]) == {"*": "deleted"}
    assert county.operation(gone["stamp"]).outcome == "merged"


def test_both_authors_of_an_edit_against_a_deletion_hear_of_the_decision(county, anna, bo, house):
    anna.send(anna.op("delete", house, base={"*": anna.created}))
    late = edit(bo, house, {"phone": "2"}, base=bo.created)
    bo.send(late)
    resolve(county, late["stamp"], {"*": "deleted"}, house)
    bo.send()
    anna.send()
    assert json.loads(told(bo)["settled"]["before"]) == {"*": {"yours": "live", "server": "live"}}
    assert json.loads(told(anna)["settled"]["after"]) == {"*": "deleted"}
    assert county.operation(late["stamp"]).outcome == "merged" and county.record(house).deleted


def test_an_edit_of_a_deleted_record_waits_until_all_of_it_is_decided(county, anna, bo, house):
    anna.send(edit(anna, house, {"householder": "李四"}, base=anna.created))
    anna.send(anna.op("delete", house, base={"*": county.record(house).head}))
    late = edit(bo, house, {"householder": "王五"}, base=bo.created)
    bo.send(late)
    resolve(county, late["stamp"], {"householder": "王五"}, house)
    assert county.operation(late["stamp"]).outcome == "conflict"
    resolve(county, late["stamp"], {"*": "live"}, house)
    assert county.operation(late["stamp"]).outcome == "merged"
    assert county.record(house).c is None and county.record(house).get("householder") == "王五"


@pytest.mark.parametrize("choice", ["gone", None, True])
def test_a_whole_record_is_live_or_deleted(county, anna, bo, house, choice):
    anna.send(edit(anna, house, {"phone": "2"}, base=anna.created))
    gone = bo.op("delete", house, base={"*": bo.created})
    bo.send(gone)
    ack = resolve(county, gone["stamp"], {"*": choice}, house)[1]
    assert ack["problem"]["code"] == "bad_value" and not county.record(house).deleted


def test_a_conflict_of_one_record_is_not_settled_through_another(county, anna, house, lost):
    anna.send(anna.op("create", uid(9), {"grid": GRID}))
    ack = resolve(county, lost["stamp"], {"householder": "x"}, uid(9))[1]
    assert ack["problem"]["code"] == "conflict_unknown"


def test_an_order_is_settled_in_a_state_that_its_workflow_has(county, overtaken):
    ack = resolve(county, overtaken["stamp"], {"status": None}, uid(3), type="order")[1]
    assert ack["problem"]["code"] == "no_such_transition"


def test_who_decides_about_their_own_value_is_not_told_so(county, bo, house):
    office = county.device(CARL, role="administrator")
    office.send(edit(office, house, {"householder": "李四"}, base=bo.created))
    mine = edit(office, house, {"householder": "王五"}, base=bo.created)
    office.send(mine)
    office.send(office.op("resolve", house, {"householder": "王五"}, conflict=mine["stamp"]))
    assert office.rows("notice") == {}


def test_a_conflict_about_a_field_of_a_newer_app_is_told_under_the_name_of_its_kind(
    county, anna, bo, house
):
    create = anna.op("create", uid(3), {"grid": GRID}, type="order")
    anna.send(create, step(anna, uid(3), create["stamp"], ("new", "taken")))
    mine = step(bo, uid(3), create["stamp"], ("new", "taken"), {"wifi": "yes"})
    bo.send(mine)
    assert county.conflict(mine["stamp"]).fields["wifi"]["device"] == "yes"
    resolve(county, mine["stamp"], {"wifi": "yes"}, uid(3), type="order")
    bo.send()
    assert "工单" in told(bo)["settled"]["text"]
