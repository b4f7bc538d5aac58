"""Creates, edits and steps at their edges: what may not be written, and what is written for it."""

from __future__ import annotations

import pytest

from tests.sync.county import BO, GRID, OTHER_GRID, edit, let_go, step, uid

LARGEST = 2**53 - 1


@pytest.fixture
def order(anna, bo):
    create = anna.op("create", uid(3), {"grid": GRID}, type="order")
    anna.send(create)
    bo.send()
    return create["stamp"]


def test_a_total_stays_a_number_that_every_tablet_can_hold(county, anna, house):
    most = edit(anna, house, {"visits": {"add": LARGEST}}, base=anna.created)
    over = edit(anna, house, {"visits": {"add": 1}, "phone": "2"}, base=anna.created)
    less = edit(anna, house, {"visits": {"add": -1}}, base=anna.created)
    acks = anna.send(most, over, less)
    assert [ack["outcome"] for ack in acks] == ["applied", "rejected", "applied"]
    assert acks[1]["problem"]["pointer"] == "/fields/visits"
    record = county.record(house)
    assert (record.get("visits"), record.get("phone")) == (LARGEST - 1, "1")


def test_adding_nothing_changes_nothing(county, anna, house):
    assert anna.send(edit(anna, house, {"visits": {"add": 0}}, base=anna.created))[0][
        "outcome"
    ] == ("merged")
    assert county.record(house).head == anna.created and county.record(house).get("visits") is None


def test_two_texts_that_are_too_long_together_wait_for_a_person(county, anna, bo, house):
    anna.send(edit(anna, house, {"notes": "甲" * 60_000 + "\n一\n"}, base=anna.created))
    ack = bo.send(edit(bo, house, {"notes": "一\n" + "乙" * 60_000}, base=bo.created))[0]
    assert ack["outcome"] == "conflict"
    assert len(county.record(house).get("notes")) == 60_003


def test_an_order_made_with_a_status_of_null_begins_like_any_other(county, anna):
    create = anna.op("create", uid(3), {"grid": GRID, "status": None}, type="order")
    ack = anna.send(create)[0]
    assert ack["outcome"] == "merged" and ack["fields"]["status"] == "new"
    plain = anna.op("create", uid(4), {"grid": GRID, "status": "new"}, type="order")
    assert anna.send(plain)[0]["outcome"] == "applied"


@pytest.mark.parametrize("kind", ["edit", "transition"])
def test_nobody_moves_an_order_away_by_whatever_kind_of_operation(county, anna, order, kind):
    raw = (
        step(anna, uid(3), order, ("new", "taken"), {"grid": OTHER_GRID})
        if kind == "transition"
        else edit(anna, uid(3), {"grid": OTHER_GRID}, base=order, type="order")
    )
    ack = anna.send(raw)[0]
    assert (ack["problem"]["code"], ack["problem"]["pointer"]) == ("out_of_scope", "/fields/grid")
    record = county.record(uid(3))
    assert record.get("status") == "new" and record.tail == order


def test_a_step_on_an_order_deleted_meanwhile_brings_it_back_and_asks(county, anna, bo, order):
    office = county.device(BO, role="system")
    assert office.send(office.op("delete", uid(3), base={"*": order}, type="order"))
    assert county.record(uid(3)).deleted
    late = step(bo, uid(3), order, ("new", "taken"), {"taker": "bo"})
    ack = bo.send(late)[0]
    assert ack["problem"]["code"] == "deleted_and_edited" and ack["conflict"] == late["stamp"]
    record = county.record(uid(3))
    assert (record.deleted, record.get("status"), record.c) == (False, "taken", ["*"])


def test_a_step_by_who_saw_the_deletion_is_refused(county, anna, order):
    office = county.device(BO, role="system")
    gone = office.op("delete", uid(3), base={"*": order}, type="order")
    office.send(gone)
    raw = step(anna, uid(3), gone["stamp"], ("new", "taken"))
    assert anna.send(raw)[0]["problem"]["code"] == "deleted"


@pytest.fixture
def done(anna, order):
    """The order, done, with a cause: the stamp of its last change."""
    steps = [
        step(anna, uid(3), order, ("new", "taken"), {"cause": "旧"}),
        step(anna, uid(3), order, ("taken", "done"), {"result": "甲"}),
    ]
    steps[1]["base"]["*"] = steps[0]["stamp"]
    assert [ack["outcome"] for ack in anna.send(*steps)] == ["applied"] * 2
    return steps


def test_a_required_field_that_waits_for_a_person_does_not_stop_the_step(county, anna, bo, done):
    seen = done[0]["stamp"]
    anna.send(edit(anna, uid(3), {"cause": None}, base=seen, type="order"))
    close = step(bo, uid(3), seen, ("done", "closed"), {"cause": "新"})
    assert bo.send(close)[0]["problem"]["code"] == "concurrent"
    assert (county.record(uid(3)).get("status"), county.record(uid(3)).c) == ("closed", ["cause"])


def test_a_required_field_that_waits_empty_stops_the_step(county, anna, bo, done):
    seen = done[0]["stamp"]
    anna.send(edit(anna, uid(3), {"cause": "新"}, base=seen, type="order"))
    close = step(bo, uid(3), seen, ("done", "closed"), {"cause": ""})
    assert bo.send(close)[0]["problem"]["code"] == "missing_field"
    assert county.record(uid(3)).get("status") == "done" and county.record(uid(3)).c is None


def test_a_step_whose_result_was_overwritten_keeps_to_what_is_there(county, anna, bo, order):
    anna.send(step(anna, uid(3), order, ("new", "taken"), {"result": "甲"}))
    done = step(bo, uid(3), order, ("taken", "done"), {"result": "乙"}, at=0, offset_ms=0)
    assert bo.send(done)[0]["outcome"] == "merged"
    record = county.record(uid(3))
    assert (record.get("status"), record.get("result")) == ("done", "甲")


def test_the_server_takes_any_step_that_its_table_has(county, anna, order):
    server = county.device(uid(0xBF), role="system")
    taken = step(server, uid(3), order, ("new", "taken"))
    assert server.send(taken)[0]["outcome"] == "applied"


def test_a_step_from_an_older_state_applies_if_the_table_has_it_from_the_present_one(
    county, anna, bo, order
):
    first = step(anna, uid(3), order, ("new", "taken"), {"result": "甲"})
    done = step(anna, uid(3), first["stamp"], ("taken", "done"))
    anna.send(first, done)
    office = county.device(BO, role="administrator")
    back = step(office, uid(3), order, ("new", "taken"))
    assert office.send(back)[0]["outcome"] == "applied"
    assert county.record(uid(3)).get("status") == "taken"


def test_an_unknown_field_in_an_overtaken_step_waits_as_it_was_written(county, anna, bo, order):
    anna.send(step(anna, uid(3), order, ("new", "taken")))
    lost = step(bo, uid(3), order, ("new", "taken"), {"wifi": {"on": True}})
    bo.send(lost)
    assert county.conflict(lost["stamp"]).fields["wifi"]["device"] == {"on": True}


def test_a_log_and_an_instant_in_a_create_are_kept_in_the_servers_time(county, anna):
    anna.clock_ms = county.now_ms + 5 * 3_600_000
    create = anna.op(
        "create", uid(5),
        {"grid": GRID, "log": ["一", "二"], "seen_at": anna.clock_ms, "last_visit": anna.clock_ms},
    )  # fmt: skip
    ack = anna.send(create)[0]
    record = county.record(uid(5))
    assert ack["outcome"] == "merged" and record.get("seen_at") == county.now_ms
    assert record.get("last_visit") == anna.clock_ms
    assert record.get("log") == [
        [create["stamp"], county.now_ms, create["actor"], w] for w in "一二"
    ]


def test_an_empty_log_and_a_right_clock_leave_a_create_as_it_was_sent(anna):
    create = anna.op("create", uid(5), {"grid": GRID, "log": [], "seen_at": anna.county.now_ms})
    assert anna.send(create)[0]["outcome"] == "applied"


def test_an_edit_of_a_deleted_record_that_waits_in_an_older_conflict_too(county, anna, bo, house):
    anna.send(edit(anna, house, {"householder": "李四"}, base=anna.created))
    lost = edit(bo, house, {"householder": "王五"}, base=bo.created)
    bo.send(lost)
    anna.send(anna.op("delete", house, base={"*": county.record(house).head}))
    again = edit(bo, house, {"householder": "王六"}, base=lost["stamp"])
    assert bo.send(again)[0]["conflict"] == again["stamp"]
    assert county.conflict(lost["stamp"]).fields["householder"]["device"] == "王六"
    assert list(county.conflict(again["stamp"]).fields) == ["*"]
    assert county.record(house).c == ["*", "householder"]


def test_a_held_edit_of_a_record_that_is_deleted_before_it_is_let_go(county, anna, house):
    anna.suspend()
    held = edit(anna, house, {"phone": "2"}, base=anna.created)
    anna.send(held)
    office = county.device(BO)
    office.send(office.op("delete", house, base={"*": anna.created}))
    assert let_go(county, held["stamp"]).outcome == "conflict"
    assert not county.record(house).deleted
