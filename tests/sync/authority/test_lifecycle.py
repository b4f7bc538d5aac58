"""Arrival in any order, twice, or damaged: nothing is lost and nothing happens twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.authority import Reaction, Safeguards
from sync.feeds import Grant


def uid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012x}"


GRID, OTHER_GRID = uid(0xA1), uid(0xA2)
ANNA, BO, ADMIN = uid(0xB1), uid(0xB2), uid(0xB9)


def edit(device, house, fields, *, base=None, **more):
    seen = base or device.created
    return device.op("edit", house, fields, {"*": seen, **dict.fromkeys(fields, seen)}, **more)


# Repeats -----------------------------------------------------------------------------------


def test_an_operation_sent_twice_takes_effect_once(county, anna, house):
    visit = edit(anna, house, {"visits": {"add": 1}})
    assert anna.send(visit)[0]["outcome"] == "applied"
    again = anna.send(visit)[0]
    assert again["outcome"] == "applied" and again["repeated"] is True
    assert county.record(house).get("visits") == 1


def test_twice_in_one_request_takes_effect_once_too(county, anna, house):
    visit = edit(anna, house, {"visits": {"add": 1}})
    first, second = anna.send(visit, visit)
    assert "repeated" not in first and second["repeated"]
    assert county.record(house).get("visits") == 1


def test_without_its_safeguard_a_repeat_counts_twice(make_county):
    county = make_county(Safeguards(idempotency=False))
    anna = county.device(ANNA)
    anna.send(anna.op("create", uid(1), {"grid": GRID}))
    visit = anna.op("edit", uid(1), {"visits": {"add": 1}}, {"*": county.record(uid(1)).head})
    anna.send(visit)
    anna.send(visit)
    assert county.record(uid(1)).get("visits") == 2


def test_an_unknown_outcome_is_answered_with_the_present_one(county, anna, bo, house):
    anna.send(edit(anna, house, {"householder": "李四"}))
    mine = edit(bo, house, {"householder": "王五"})
    bo.send(mine)
    resolve(county, mine["stamp"], {"householder": "王五"}, house)
    again = bo.send(mine)[0]
    assert again["outcome"] == "merged" and again["fields"] == {"householder": "王五"}


def test_schema_and_offset_do_not_count_as_content(anna, house):
    change = edit(anna, house, {"phone": "2"})
    anna.send(change)
    assert anna.send({**change, "schema": 2, "offset_ms": 7})[0]["repeated"]


def test_the_same_stamp_with_other_content_is_kept_aside(county, anna, house):
    change = edit(anna, house, {"phone": "2"})
    anna.send(change)
    ack = anna.send({**change, "fields": {"phone": "3"}})[0]
    assert ack["outcome"] == "held" and ack["problem"]["code"] == "stamp_reused"
    assert county.record(house).get("phone") == "2"
    assert len(county.store._tables.aside) == 1
    anna.send({**change, "fields": {"phone": "3"}})
    assert len(county.store._tables.aside) == 1


# Order -------------------------------------------------------------------------------------


def test_an_update_that_comes_before_its_create_is_held_and_released(county, anna):
    create = anna.op("create", uid(5), {"grid": GRID})
    change = anna.op(
        "edit", uid(5), {"phone": "2"}, {"*": create["stamp"], "phone": create["stamp"]}
    )
    held = anna.send(change)[0]
    assert held["outcome"] == "held" and held["needs"] == create["stamp"]
    assert anna.send(create)[0]["outcome"] == "applied"
    assert county.record(uid(5)).get("phone") == "2"
    assert anna.rows()[uid(5)]["phone"] == "2"
    assert [row["code"] for row in anna.rows("notice").values()] == ["released"]
    assert anna.send(change)[0]["outcome"] == "applied"


def test_a_reversed_chain_of_three_ends_right(county, anna):
    one = anna.op("create", uid(5), {"grid": GRID, "householder": "甲"})
    two = edit(anna, uid(5), {"householder": "乙"}, base=one["stamp"])
    three = edit(anna, uid(5), {"householder": "丙"}, base=two["stamp"])
    for operation in (three, two):
        assert anna.send(operation)[0]["outcome"] == "held"
    anna.send(one)
    assert county.record(uid(5)).get("householder") == "丙"
    assert county.record(uid(5)).c is None and not county.store._tables.held


def test_a_reversed_chain_in_one_request_is_acknowledged_as_it_ended(county, anna):
    one = anna.op("create", uid(5), {"grid": GRID, "householder": "甲"})
    two = edit(anna, uid(5), {"householder": "乙"}, base=one["stamp"])
    acks = anna.send(two, one)
    assert [ack["outcome"] for ack in acks] == ["applied", "applied"]
    assert not county.store._tables.held and anna.rows("notice") == {}


def test_a_base_that_the_server_lost_in_a_restore_counts_as_concurrent(anna, house):
    change = edit(anna, house, {"householder": "李四"}, base="0000000003e8-0000-srv000000000")
    assert anna.send(change)[0]["outcome"] == "conflict"


def test_what_builds_on_a_rejected_operation_is_held_with_it(anna, house):
    wrong = edit(anna, house, {"phone": 17})
    after = edit(anna, house, {"phone": "2"}, base=wrong["stamp"])
    acks = anna.send(wrong, after)
    assert [ack["outcome"] for ack in acks] == ["rejected", "held"]
    assert acks[1]["problem"]["code"] == "depends_on_rejected"


def test_the_children_of_a_rejected_create_are_held_with_it(anna):
    parent = anna.op("create", uid(6), {"householder": "无网格"})
    child = anna.op("create", uid(7), {"grid": GRID, "household": uid(6)}, type="resident")
    acks = anna.send(parent, child)
    assert [ack["outcome"] for ack in acks] == ["rejected", "held"]
    assert acks[1]["needs"] == parent["stamp"]


def test_edits_in_one_batch_build_on_each_other(county, anna, house):
    one = edit(anna, house, {"householder": "甲"})
    two = edit(anna, house, {"householder": "乙"}, base=one["stamp"])
    acks = anna.send(one, two)
    assert [ack["outcome"] for ack in acks] == ["applied", "applied"]
    assert county.record(house).head == two["stamp"]


# Delete and restore --------------------------------------------------------------------------


def test_a_deletion_reaches_the_other_tablet_as_a_tombstone(anna, bo, house):
    ack = anna.send(anna.op("delete", house, base={"*": anna.created}))[0]
    assert ack["outcome"] == "applied"
    bo.send()
    assert [list(page["deleted"]) for page in bo.pages] == [[house]]
    assert bo.done["digests"][f"grid:{GRID}"] == [0, 0]


def test_deleting_what_was_edited_meanwhile_asks_a_person(county, anna, bo, house):
    anna.send(edit(anna, house, {"phone": "2"}))
    ack = bo.send(bo.op("delete", house, base={"*": bo.created}))[0]
    assert ack["outcome"] == "conflict" and ack["problem"]["code"] == "deleted_and_edited"
    assert not county.record(house).deleted and county.record(house).c == ["*"]
    resolve(county, ack["conflict"], {"*": "deleted"}, house)
    assert county.record(house).deleted


def test_editing_what_was_deleted_meanwhile_brings_it_back_and_asks(county, anna, bo, house):
    anna.send(anna.op("delete", house, base={"*": anna.created}))
    ack = bo.send(edit(bo, house, {"phone": "2"}))[0]
    assert ack["outcome"] == "conflict"
    record = county.record(house)
    assert not record.deleted and record.get("phone") == "2" and record.c == ["*"]
    resolve(county, ack["conflict"], {"*": "live"}, house)
    assert county.record(house).c is None


def test_an_edit_in_conflict_of_a_deleted_record_makes_one_conflict(county, anna, bo, house):
    anna.send(edit(anna, house, {"householder": "李四"}))
    anna.send(anna.op("delete", house, base={"*": county.record(house).head}))
    ack = bo.send(edit(bo, house, {"householder": "王五"}))[0]
    assert set(county.conflict(ack["conflict"]).fields) == {"*", "householder"}


def test_whoever_saw_the_deletion_may_not_edit(anna, house):
    gone = anna.op("delete", house, base={"*": anna.created})
    anna.send(gone)
    ack = anna.send(edit(anna, house, {"phone": "2"}, base=gone["stamp"]))[0]
    assert ack["problem"]["code"] in ("deleted",)


def test_deleting_twice_is_harmless_and_a_restore_sends_the_row(county, anna, bo, house):
    gone = anna.op("delete", house, base={"*": anna.created})
    anna.send(gone)
    assert bo.send(bo.op("delete", house, base={"*": bo.created}))[0]["outcome"] == "merged"
    ack = anna.send(anna.op("restore", house, base={"*": gone["stamp"]}))[0]
    assert ack["outcome"] == "merged" and house in anna.rows()
    assert anna.send(anna.op("restore", house, base={"*": gone["stamp"]}))[0]["head"]
    assert not county.record(house).deleted


# Resolving -----------------------------------------------------------------------------------


def resolve(county, conflict, fields, record, type_name="household"):
    """An administrator's decision."""
    admin = county.device(ADMIN, role="administrator")
    ack = admin.send(
        admin.op("resolve", record, fields, {"*": None}, conflict=conflict, type=type_name)
    )[0]
    return admin, ack


@pytest.fixture
def conflict(anna, bo, house):
    anna.send(edit(anna, house, {"householder": "李四"}))
    mine = edit(bo, house, {"householder": "王五"})
    bo.send(mine)
    return mine["stamp"]


def test_a_resolution_settles_the_field_and_tells_both_people(county, anna, bo, house, conflict):
    _, ack = resolve(county, conflict, {"householder": "赵六"}, house)
    assert ack["outcome"] == "applied"
    assert county.conflict(conflict).closed_by == ack["stamp"]
    bo.send()
    row, notice = bo.rows()[house], next(iter(bo.rows("notice").values()))
    assert row["householder"] == "赵六" and row["c"] is None
    assert notice["about"] == conflict and notice["code"] == "settled" and "赵六" in notice["after"]
    anna.send()
    assert [one["code"] for one in anna.rows("notice").values()] == ["replaced"]


def test_only_who_may_decide_decides(county, anna, house, conflict):
    ack = anna.send(anna.op("resolve", house, {"householder": "x"}, conflict=conflict))[0]
    assert ack["problem"]["code"] == "not_allowed"


def test_a_conflict_is_settled_once(county, house, conflict):
    resolve(county, conflict, {"householder": "李四"}, house)
    _, ack = resolve(county, conflict, {"householder": "王五"}, house)
    assert ack["problem"]["code"] == "conflict_closed"


@pytest.mark.parametrize(
    ("about", "fields", "code"),
    [
        ("none", {"householder": "x"}, "conflict_unknown"),
        (None, {"phone": "x"}, "conflict_unknown"),
        (None, {"householder": 17}, "bad_value"),
        (None, {"householder": "x", "*": "gone"}, "conflict_unknown"),
    ],
)
def test_a_resolution_must_fit_its_conflict(county, house, conflict, about, fields, code):
    _, ack = resolve(county, about or conflict, fields, house)
    assert ack["problem"]["code"] == code


def test_undoing_a_resolution_opens_its_conflict_again(county, bo, house, conflict):
    admin, ack = resolve(county, conflict, {"householder": "赵六"}, house)
    undo = edit(admin, house, {"householder": "李四"}, base=ack["stamp"], undoes=ack["stamp"])
    assert admin.send(undo)[0]["outcome"] == "merged"
    assert county.conflict(conflict).closed is None
    assert county.record(house).c == ["householder"]
    assert county.operation(conflict).outcome == "conflict"


def test_a_field_stays_marked_while_another_conflict_about_it_is_open(
    county, anna, bo, house, conflict
):
    carl = county.device(uid(0xB3))
    other = edit(carl, house, {"householder": "孙七"}, base=anna.created)
    carl.send(other)
    resolve(county, conflict, {"householder": "李四"}, house)
    assert county.record(house).c == ["householder"]
    resolve(county, other["stamp"], {"householder": "李四"}, house)
    assert county.record(house).c is None


# The server's own operations -----------------------------------------------------------------


def test_a_rule_follows_a_change_once_and_names_its_cause(make_county):
    def rename(work, op, record):
        if record.get("phone") == "1" and op.kind == "create":
            yield {
                "type": "household",
                "record": record.id,
                "kind": "edit",
                "fields": {"householder": "由规则"},
            }

    county = make_county(reactions=(Reaction("household", None, rename),))
    anna = county.device(ANNA)
    create = anna.op("create", uid(1), {"grid": GRID, "phone": "1"})
    anna.send(create)
    anna.send(create)
    record = county.record(uid(1))
    assert record.get("householder") == "由规则"
    assert county.operation(record.head).cause == create["stamp"]
    assert anna.rows() == {} or anna.rows()[uid(1)]["householder"] == "由规则"


def test_an_ack_says_where_a_record_is_when_a_rule_moved_it_on_within_the_batch(make_county):
    def follow(work, op, record):
        for one in work.referring("resident", "household", record.id):
            fields = {"grid": record.get("grid")}
            yield {"type": "resident", "record": one, "kind": "edit", "fields": fields}

    county = make_county(reactions=(Reaction("household", frozenset({"grid"}), follow),))
    anna = county.device(ANNA)
    anna.grants(Grant(f"grid:{GRID}", "g1", 0), Grant(f"grid:{OTHER_GRID}", "g1", 0))
    house = anna.op("create", uid(1), {"grid": GRID})
    anna.send(house)
    new = anna.op("create", uid(2), {"grid": GRID, "household": uid(1)}, type="resident")
    acks = anna.send(new, edit(anna, uid(1), {"grid": OTHER_GRID}, base=house["stamp"]))
    assert [ack["feeds"] for ack in acks] == [[f"grid:{OTHER_GRID}"]] * 2
    assert anna.rows("resident")[uid(2)]["grid"] == OTHER_GRID


def test_a_suspended_persons_work_is_held_for_review(county, anna, house):
    anna.reader = replace(anna.reader, suspended=True)
    assert anna.send(edit(anna, house, {"phone": "2"}))[0]["problem"]["code"] == "review"


# A person lets go ----------------------------------------------------------------------------


def let_go(county, stamp):
    with county.store.write() as tx:
        return county.authority.release(tx, stamp, now_ms=county.now_ms)


def test_a_person_lets_a_held_change_go_and_it_counts_as_concurrent(county, anna, house):
    lost = "0000000003e8-0000-aaaaaaaazzzz"
    blind = edit(
        anna, house, {"householder": "李四", "tags": {"add": ["x"], "remove": ["old"]}}, base=lost
    )
    assert anna.send(blind)[0]["needs"] == lost
    assert let_go(county, blind["stamp"]).outcome == "conflict"
    assert county.record(house).get("tags") == ["old", "x"]
    assert let_go(county, blind["stamp"]) is None
    anna.send()
    assert [row["code"] for row in anna.rows("notice").values()] == ["released"]


def test_what_waited_for_review_applies_when_a_person_vouches_for_it(county, anna, house):
    anna.reader = replace(anna.reader, suspended=True)
    change = edit(anna, house, {"phone": "2"})
    anna.send(change)
    assert let_go(county, change["stamp"]).outcome == "applied"
    assert county.record(house).get("phone") == "2"


def test_whose_change_was_undone_is_told(county, anna, house):
    change = edit(anna, house, {"householder": "李四"})
    anna.send(change)
    admin = county.device(ADMIN, role="administrator")
    admin.send(
        edit(admin, house, {"householder": "张三"}, base=change["stamp"], undoes=change["stamp"])
    )
    anna.send()
    assert [row["code"] for row in anna.rows("notice").values()] == ["undone"]


def test_a_merge_waits_for_a_person_like_anything_else_of_a_suspended_device(county, anna, house):
    other = anna.op("create", uid(2), {"grid": GRID})
    anna.send(other)
    anna.suspend()
    merge = anna.op("merge", uid(2), base={"*": other["stamp"]}, into=house)
    assert anna.send(merge)[0]["problem"]["code"] == "review"
    assert let_go(county, merge["stamp"]).outcome == "applied"
    assert anna.send({**merge, "stamp": anna.stamps.next(now_ms=0), "into": 3})[0]["outcome"] == (
        "rejected"
    )


def test_whose_deletion_is_in_doubt_is_told_and_hears_the_end_of_it(county, anna, bo, house):
    gone = anna.op("delete", house, base={"*": anna.created})
    anna.send(gone)
    ack = bo.send(edit(bo, house, {"phone": "2"}))[0]
    again = anna.send(gone)[0]
    assert again["outcome"] == "conflict" and again["conflict"] == ack["conflict"]
    assert [row["code"] for row in anna.rows("notice").values()] == ["returned"]
    resolve(county, ack["conflict"], {"*": "deleted"}, house)
    assert anna.send(gone)[0]["outcome"] == "merged"
    assert [row["code"] for row in anna.rows("notice").values()] == ["settled"]
