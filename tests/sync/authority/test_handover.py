"""Who works with a record now is told what somebody changed in it after the handover."""

from __future__ import annotations

import json

import pytest

from sync.feeds import Grant
from tests.sync.county import ANNA, BO, GRID, OTHER_GRID, edit, uid

FEED, OTHER_FEED = f"grid:{GRID}", f"grid:{OTHER_GRID}"
A_WHILE_MS = 10_000


@pytest.fixture
def county(make_county):
    """A county in which Anna, as long as nobody asks otherwise, and Bo keep every record."""
    return make_county(keepers=lambda _work, _record, *, now_ms: [ANNA, BO])


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
