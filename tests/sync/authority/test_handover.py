"""Who works with a record now is told what somebody changed in it after the handover."""

from __future__ import annotations

import json

import pytest

from sync.feeds import Grant
from tests.sync.county import ADMIN, ANNA, BO, GRID, OFFICE, OTHER_GRID, edit, let_go, uid

FEED, OTHER_FEED = f"grid:{GRID}", f"grid:{OTHER_GRID}"
A_WHILE_MS = 10_000


LEFT: dict[str, int] = {}
"""User → when they left where every record is."""


@pytest.fixture
def county(make_county):
    """A county in which Anna, as long as nobody asks otherwise, and Bo keep every record."""
    LEFT.clear()
    return make_county(
        keepers=lambda _work, _record, *, now_ms: [ANNA, BO],
        left=lambda _work, user, _record, *, now_ms: LEFT.get(user),
    )


@pytest.fixture
def handed_over(county, anna, house):
    """Anna lost the grid a while ago, and does not know it yet: the household."""
    anna.send()
    county.now_ms += A_WHILE_MS
    anna.grants(Grant(FEED, "g1", 0, county.now_ms), Grant(OTHER_FEED, "g1", 0))
    county.now_ms += A_WHILE_MS
    return house


def told(device):
    device.send()
    return [row for row in device.rows("notice").values() if row["code"] == "late"]


def test_who_keeps_the_record_is_told_what_was_there_and_what_is(county, anna, bo, handed_over):
    late = edit(anna, handed_over, {"householder": "李四"}, base=anna.created)
    anna.send(late)
    (notice,) = told(bo)
    assert notice["about"] == late["stamp"] and notice["about_record"] == handed_over
    assert "户主" in notice["text"] and notice["outcome"] == "applied"
    assert json.loads(notice["before"]) == {"householder": "张三"}
    assert json.loads(notice["after"]) == {"householder": "李四"}


def test_the_author_is_told_nothing(county, anna, handed_over):
    anna.send(edit(anna, handed_over, {"phone": "2"}, base=anna.created))
    assert county.operation(anna.lines[1]["ack"]["stamp"]).late
    assert told(anna) == []


def test_a_repeat_tells_nobody_again(county, anna, bo, handed_over):
    ended = dict(anna.cursors)
    late = edit(anna, handed_over, {"phone": "2"}, base=anna.created)
    anna.send(late)
    assert len(told(bo)) == 1
    anna.send(late, checkpoint=ended)
    assert told(bo) == []


def test_what_was_made_before_the_handover_is_told_to_nobody(county, anna, bo, house):
    before = edit(anna, house, {"phone": "2"}, base=anna.created)
    county.now_ms += A_WHILE_MS
    anna.grants(Grant(FEED, "g1", 0, county.now_ms), Grant(OTHER_FEED, "g1", 0))
    assert anna.send(before)[0]["outcome"] == "applied"
    assert told(bo) == []


def test_a_late_change_that_only_opens_a_conflict_is_no_news_of_the_record(
    county, anna, bo, handed_over
):
    bo.send(edit(bo, handed_over, {"householder": "王五"}, base=bo.created))
    ack = anna.send(edit(anna, handed_over, {"householder": "李四"}, base=anna.created))[0]
    assert ack["outcome"] == "conflict"
    assert told(bo) == []


def test_a_text_that_was_merged_is_told_as_it_reads_now(county, anna, bo, handed_over):
    bo.send(edit(bo, handed_over, {"notes": "零\n一\n"}, base=bo.created))
    ack = anna.send(edit(anna, handed_over, {"notes": "一\n二\n"}, base=anna.created))[0]
    assert ack["outcome"] == "merged"
    (notice,) = told(bo)
    assert json.loads(notice["after"]) == {"notes": "零\n一\n二\n"}


def test_what_was_made_or_deleted_late_is_told_by_its_kind_of_record(county, anna, bo, handed_over):
    gone = anna.op("delete", handed_over, {}, {"*": anna.created})
    anna.send(anna.op("create", uid(2), {"grid": GRID}), gone)
    assert sorted(notice["about_record"] for notice in told(bo)) == [uid(1), uid(2)]


def test_a_late_deletion_that_opens_a_conflict_tells_nobody(county, anna, bo, handed_over):
    bo.send(edit(bo, handed_over, {"phone": "2"}, base=bo.created))
    ack = anna.send(anna.op("delete", handed_over, {}, {"*": anna.created}))[0]
    assert ack["outcome"] == "conflict"
    assert told(bo) == []


def test_where_nobody_is_named_nobody_is_told(make_county):
    county = make_county()
    anna, bo = county.device(ANNA), county.device(BO)
    made = anna.op("create", uid(1), {"grid": GRID})
    anna.send(made)
    bo.send()
    county.now_ms += A_WHILE_MS
    anna.grants(Grant(FEED, "g1", 0, county.now_ms - 1))
    anna.send(edit(anna, uid(1), {"phone": "2"}, base=made["stamp"]))
    assert county.record(uid(1)).get("phone") == "2" and told(bo) == []


# What waited -------------------------------------------------------------------------------------


def waits_for_bo(county, anna, bo, house):
    """Anna's edit of what Bo has not handed in yet: (Bo's, hers)."""
    first = edit(bo, house, {"phone": "2"}, base=bo.created)
    second = edit(anna, house, {"phone": "3"}, base=first["stamp"])
    assert anna.send(second)[0]["outcome"] == "held"
    county.now_ms += A_WHILE_MS
    return first, second


@pytest.mark.parametrize(("left", "late"), [("before it", True), ("since", False), (None, False)])
def test_what_waited_is_late_if_it_was_made_after_the_handover(
    county, anna, bo, handed_over, left, late
):
    if left is not None:
        LEFT[ANNA] = county.now_ms + (-A_WHILE_MS if left == "before it" else A_WHILE_MS)
    first, second = waits_for_bo(county, anna, bo, handed_over)
    bo.send(first)
    stored = county.operation(second["stamp"])
    assert (stored.outcome, stored.late) == ("applied", late)
    notices = [row["about"] for row in bo.rows("notice").values() if row["code"] == "late"]
    assert notices == [second["stamp"]] * late


@pytest.mark.parametrize("late", [True, False])
def test_what_waited_is_late_if_its_record_had_moved_where_its_author_never_worked(
    county, anna, bo, handed_over, late
):
    LEFT[ANNA] = 0
    move = edit(bo, handed_over, {"grid": OTHER_GRID}, base=bo.created)
    bo.grants(Grant(FEED, "g1", 0), Grant(OTHER_FEED, "g1", 0))
    if late:
        bo.send(move)
        county.now_ms += A_WHILE_MS
    first, second = waits_for_bo(county, anna, bo, handed_over)
    if not late:
        bo.send(move)
    bo.send(first)
    stored = county.operation(second["stamp"])
    assert (stored.outcome, stored.late) == ("applied", late)


def test_what_a_person_lets_go_is_late_too(county, anna, bo, handed_over):
    anna.grants()
    op = edit(anna, handed_over, {"phone": "3"}, base=anna.created)
    anna.grants(Grant(FEED, "g1", 0, county.now_ms - A_WHILE_MS))
    assert anna.send(op, checkpoint={})[0]["problem"]["code"] == "review"
    LEFT[ANNA] = county.now_ms - A_WHILE_MS
    let_go(county, op["stamp"])
    assert county.operation(op["stamp"]).late and len(told(bo)) == 1


def test_what_waited_of_the_office_is_never_late(county, bo, handed_over):
    first = edit(bo, handed_over, {"phone": "2"}, base=bo.created)
    desk = {**edit(bo, handed_over, {"phone": "3"}, base=first["stamp"]), "actor": ADMIN}
    desk["stamp"] = "0000000f4240-0009-srv000000000"
    assert county.submit(OFFICE, desk)[0].outcome == "held"
    county.now_ms += A_WHILE_MS
    LEFT[ADMIN] = 1
    bo.send(first)
    stored = county.operation(desk["stamp"])
    assert (stored.outcome, stored.late) == ("applied", False)
    assert county.record(handed_over).get("phone") == "3"
    assert told(bo) == []
