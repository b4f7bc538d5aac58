"""Groups: operations of one device that happen together or not at all."""

from __future__ import annotations

import pytest

from sync.authority import WAIT_MS, Reaction
from sync.feeds import Grant
from sync.scope import SYSTEM
from tests.sync.county import ADMIN, ANNA, GRID, OTHER_GRID, edit, let_go, resolve, step, uid

LOST = "0000000003e8-0000-aaaaaaaazzzz"


def grouped(device, *operations, of=None, name="g1"):
    """Operations as members of one group."""
    mark = {"id": name, "of": of or len(operations)}
    return [{**one, "group": mark} for one in operations]


def told(acks):
    return [(ack["outcome"], (ack.get("problem") or {}).get("code")) for ack in acks]


def family(device, count=2):
    """A household and the people in it, made together."""
    house = device.op("create", uid(50), {"grid": GRID})
    people = [
        device.op("create", uid(60 + n), {"grid": GRID, "household": uid(50)}, type="resident")
        for n in range(count)
    ]
    return grouped(device, house, *people)


@pytest.fixture
def order(anna, bo):
    """An order that both know; ``bo`` has taken it, which ``anna`` does not know."""
    made = anna.op("create", uid(40), {"grid": GRID}, type="order")
    anna.send(made)
    bo.send(step(bo, uid(40), made["stamp"], ("new", "taken")))
    return made["stamp"]


def too_late(device, seen):
    return step(device, uid(40), seen, ("new", "taken"))


# Whole -----------------------------------------------------------------------------------------


def test_the_members_of_a_group_see_one_another_and_apply_whole(county, anna, bo):
    members = family(anna)
    assert told(anna.send(*members)) == [("applied", None)] * 3
    assert county.record(uid(61)).get("household") == uid(50)
    bo.send()
    assert set(bo.rows()) == {uid(50)} and set(bo.rows("resident")) == {uid(60), uid(61)}


def test_members_that_apply_are_not_sent_back(anna):
    anna.send()
    anna.send(*family(anna))
    assert anna.rows() == {} == anna.rows("resident")


def test_a_member_may_build_on_one_before_it(county, anna):
    create = anna.op("create", uid(50), {"grid": GRID, "notes": "一\n", "tags": ["a"]})
    seen = create["stamp"]
    first = edit(anna, uid(50), {"notes": "一\n二\n", "tags": {"add": ["b"]}}, base=seen)
    second = edit(anna, uid(50), {"tags": {"add": ["c"]}}, base=first["stamp"])
    acks = anna.send(*grouped(anna, create, first, second))
    assert told(acks) == [("applied", None)] * 3
    assert county.record(uid(50)).get("tags") == ["a", "b", "c"]


def test_a_field_in_conflict_stops_nothing(county, anna, bo, house):
    bo.send(edit(bo, house, {"householder": "李四"}, base=bo.created))
    change = edit(anna, house, {"householder": "王五", "phone": "2"}, base=anna.created)
    other = anna.op("create", uid(51), {"grid": GRID})
    acks = anna.send(*grouped(anna, change, other))
    assert told(acks) == [("conflict", "concurrent"), ("applied", None)]
    assert county.record(house).get("phone") == "2"
    _, ack = resolve(county, acks[0]["conflict"], {"householder": "王五"}, house)
    assert ack["outcome"] == "applied"


def test_operations_beside_a_group_go_their_own_way(county, anna, house):
    before = edit(anna, house, {"phone": "2"}, base=anna.created)
    wrong = anna.op("create", uid(51), {"grid": OTHER_GRID})
    after = edit(anna, house, {"visits": {"add": 1}}, base=anna.created)
    acks = anna.send(
        before, *grouped(anna, wrong, anna.op("create", uid(52), {"grid": GRID})), after
    )
    assert told(acks) == [
        ("applied", None), ("rejected", "out_of_scope"), ("held", "group"), ("applied", None),
    ]  # fmt: skip
    assert county.record(house).get("visits") == 1


def test_two_groups_in_one_request_are_apart(county, anna):
    wrong = anna.op("create", uid(51), {"grid": OTHER_GRID})
    first = grouped(anna, anna.op("create", uid(52), {"grid": GRID}), wrong, name="a")
    second = grouped(anna, *(anna.op("create", uid(n), {"grid": GRID}) for n in (53, 54)), name="b")
    assert told(anna.send(*first, *second)) == [
        ("held", "group"), ("rejected", "out_of_scope"), ("applied", None), ("applied", None),
    ]  # fmt: skip


# Stopped ---------------------------------------------------------------------------------------


def test_a_rejected_member_has_its_own_outcome_and_nothing_of_the_others_happened(county, anna):
    house, first, second = family(anna)
    second["fields"]["grid"] = OTHER_GRID
    acks = anna.send(house, first, second)
    assert told(acks) == [("held", "group"), ("held", "group"), ("rejected", "out_of_scope")]
    assert county.record(uid(50)) is None and county.record(uid(60)) is None
    assert [ack["feeds"] for ack in acks] == [[], [], []]
    assert anna.pages[-1]["put"] == []


def test_an_overtaken_member_has_its_own_conflict_and_the_others_wait(county, anna, order, house):
    note = edit(anna, house, {"phone": "2"}, base=anna.created)
    late = too_late(anna, order)
    last = edit(anna, house, {"visits": {"add": 1}}, base=anna.created)
    acks = anna.send(*grouped(anna, note, late, last))
    assert told(acks) == [("held", "group"), ("conflict", "overtaken"), ("held", "group")]
    assert county.conflict(late["stamp"]).open_fields() == ["status"]
    row = county.record(house)
    assert (row.get("phone"), row.get("visits"), row.head) == ("1", None, anna.created)


def test_a_member_overtaken_before_its_record_was_deleted_stops_its_group_too(
    county, anna, order, house
):
    late = too_late(anna, order)
    note = edit(anna, house, {"phone": "2"}, base=anna.created)
    seen = county.record(uid(40)).head
    gone = county.device(ADMIN).op("delete", uid(40), base={"*": seen}, type="order")
    assert county.submit(SYSTEM, gone)[0].outcome == "applied"
    moved = grouped(anna, late, note)
    stopped = [("conflict", "overtaken"), ("held", "group")]
    assert told(anna.send(*moved)) == stopped
    assert county.conflict(late["stamp"]).open_fields() == ["status", "*"]
    assert county.record(house).get("phone") == "1"
    assert not county.record(uid(40)).deleted
    assert told(anna.send(*moved)) == stopped


def test_a_member_based_on_what_is_not_here_waits_and_takes_its_group_along(county, anna, house):
    create = anna.op("create", uid(50), {"grid": GRID})
    change = edit(anna, uid(50), {"phone": "3"}, base=create["stamp"])
    note = edit(anna, house, {"phone": "2"}, base=anna.created)
    acks = anna.send(*grouped(anna, note, change))
    assert told(acks) == [("held", "group"), ("held", "needs")]
    assert acks[1]["needs"] == create["stamp"]
    assert anna.send(create)[0]["outcome"] == "applied"
    assert county.record(house).get("phone") == "2"
    assert county.record(uid(50)).get("phone") == "3"
    notices = anna.rows("notice").values()
    assert {one["about"] for one in notices} == {note["stamp"], change["stamp"]}


def test_a_group_that_goes_in_the_batch_that_repeats_it_is_answered_with_how_it_ended(anna, house):
    create = anna.op("create", uid(50), {"grid": GRID})
    change = edit(anna, uid(50), {"phone": "3"}, base=create["stamp"])
    note = edit(anna, house, {"phone": "2"}, base=anna.created)
    members = grouped(anna, note, change)
    anna.send(*members)
    acks = anna.send(create, *members)
    assert told(acks) == [("applied", None)] * 3
    assert [bool(ack.get("repeated")) for ack in acks] == [False, True, True]


def test_what_the_need_of_a_member_meets_may_stop_another(county, anna, bo, order, house):
    create = anna.op("create", uid(50), {"grid": GRID})
    change = edit(anna, uid(50), {"phone": "3"}, base=create["stamp"])
    late = too_late(anna, order)
    assert told(anna.send(*grouped(anna, change, late))) == [("held", "needs"), ("held", "group")]
    anna.send(create)
    assert county.operation(change["stamp"]).code == "group"
    assert county.operation(late["stamp"]).outcome == "conflict"
    assert county.record(uid(50)).get("phone") is None


def test_the_need_of_a_group_with_a_member_too_many_brings_it_to_a_person(county, anna, house):
    create = anna.op("create", uid(50), {"grid": GRID})
    change = edit(anna, uid(50), {"phone": "3"}, base=create["stamp"])
    note, more = (edit(anna, house, {"visits": {"add": n}}, base=anna.created) for n in (1, 2))
    anna.send(*grouped(anna, change, note))
    anna.send(*grouped(anna, more, of=2))
    anna.send(create)
    stamps = [one["stamp"] for one in (change, note, more)]
    assert {county.operation(stamp).code for stamp in stamps} == {"group"}
    assert let_go(county, note["stamp"]).outcome == "applied"
    assert county.record(house).get("visits") == 3


def test_children_of_a_held_create_are_held_with_it_though_they_come_later(county, anna):
    house, first, second = family(anna)
    second["fields"]["grid"] = OTHER_GRID
    anna.send(house, first, second)
    child = anna.op("create", uid(70), {"grid": GRID, "household": uid(50)}, type="resident")
    ack = anna.send(child)[0]
    assert (ack["outcome"], ack["needs"]) == ("held", house["stamp"])
    let_go(county, house["stamp"])
    assert county.record(uid(70)).get("household") == uid(50)
    assert county.record(uid(60)) is not None


def test_a_child_of_a_rejected_create_comes_in_when_its_parent_is_made_anew(county, anna):
    wrong = anna.op("create", uid(50), {"grid": OTHER_GRID})
    anna.send(wrong)
    child = anna.op("create", uid(70), {"grid": GRID, "household": uid(50)}, type="resident")
    assert anna.send(child)[0]["needs"] == wrong["stamp"]
    anna.send(anna.op("create", uid(50), {"grid": GRID}))
    assert county.record(uid(70)) is not None
    other = anna.op("create", uid(71), {"grid": GRID, "household": uid(50)}, type="resident")
    assert anna.send(other)[0]["outcome"] == "applied"


def test_a_child_of_a_create_that_could_not_be_read_is_held(anna):
    wrong = anna.op("create", uid(50), {"grid": GRID}, at="noon")
    child = anna.op("create", uid(70), {"grid": GRID, "household": uid(50)}, type="resident")
    assert told(anna.send(wrong, child)) == [
        ("rejected", "malformed"),
        ("held", "depends_on_rejected"),
    ]


def test_a_create_of_what_is_there_holds_nobody(anna, house):
    anna.send(anna.op("create", house, {"grid": GRID}), anna.op("create", house, {}, at="noon"))
    child = anna.op("create", uid(70), {"grid": GRID, "household": house}, type="resident")
    assert anna.send(child)[0]["outcome"] == "applied"


def test_a_member_that_cannot_be_read_is_rejected_and_the_others_wait(county, anna, house):
    note = edit(anna, house, {"phone": "2"}, base=anna.created)
    broken = anna.op("create", uid(51), {"grid": GRID}, at="noon")
    acks = anna.send(*grouped(anna, note, broken))
    assert told(acks) == [("held", "group"), ("rejected", "malformed")]
    assert county.record(house).get("phone") == "1"


def test_members_of_which_two_take_one_step_wait_for_a_person_who_takes_them_apart(
    county, anna, house
):
    made = anna.op("create", uid(40), {"grid": GRID}, type="order")
    anna.send(made)
    twice = [too_late(anna, made["stamp"]) for _ in range(2)]
    assert told(anna.send(*grouped(anna, *twice))) == [("held", "group")] * 2
    assert county.record(uid(40)).get("status") == "new"
    let_go(county, twice[0]["stamp"])
    assert [county.operation(one["stamp"]).outcome for one in twice] == ["applied", "conflict"]


def test_a_member_is_judged_by_what_it_saw_as_if_it_were_alone(county, anna, bo, house):
    bo.send(edit(bo, house, {"tags": {"add": ["new"]}}, base=bo.created))
    blind = edit(anna, house, {"tags": {"remove": ["new", "old"]}}, base=anna.created)
    other = edit(anna, house, {"phone": "2"}, base=anna.created)
    assert told(anna.send(*grouped(anna, blind, other))) == [("merged", None), ("applied", None)]
    assert county.record(house).get("tags") == ["new"]


def test_what_never_was_its_authors_stops_a_group(county, anna, house):
    stranger = county.device(uid(0xB7), grid=OTHER_GRID)
    change = edit(stranger, house, {"phone": "2"}, base=anna.created)
    other = stranger.op("create", uid(51), {"grid": OTHER_GRID})
    acks = stranger.send(*grouped(stranger, other, change))
    assert told(acks) == [("held", "group"), ("rejected", "out_of_scope")]


def test_a_rule_that_follows_a_member_is_undone_with_it(make_county):
    def follow(work, op, record):
        for one in work.referring("resident", "household", record.id):
            fields = {"name": record.get("householder")}
            yield {"type": "resident", "record": one, "kind": "edit", "fields": fields}

    county = make_county(reactions=(Reaction("household", frozenset({"householder"}), follow),))
    anna = county.device(ANNA)
    anna.send(*family(anna, 1))
    seen = county.record(uid(50)).head
    renamed = edit(anna, uid(50), {"householder": "李四"}, base=seen)
    wrong = anna.op("create", uid(51), {"grid": OTHER_GRID})
    anna.send(*grouped(anna, renamed, wrong, name="g2"))
    assert county.record(uid(60)).get("name") is None
    let_go(county, renamed["stamp"])
    assert county.record(uid(60)).get("name") == "李四"


# Not whole -------------------------------------------------------------------------------------


def test_fewer_members_than_the_group_has_wait_for_the_others(county, anna):
    house, first, second = family(anna)
    acks = anna.send(house, first)
    assert told(acks) == [("held", "group_incomplete")] * 2
    assert county.record(uid(50)) is None
    assert anna.send(second)[0]["outcome"] == "applied"
    assert county.record(uid(60)) is not None and county.record(uid(61)) is not None
    assert {one["code"] for one in anna.rows("notice").values()} == {"released"}
    assert len(anna.rows("notice")) == 2


def test_a_group_that_comes_whole_after_a_part_of_it_is_answered_with_how_it_ended(anna):
    members = family(anna)
    anna.send(*members[:2])
    acks = anna.send(*members)
    assert told(acks) == [("applied", None)] * 3
    assert [ack.get("repeated", False) for ack in acks] == [True, True, False]


def test_more_members_than_the_group_has_wait(anna, house):
    edits = [edit(anna, house, {"visits": {"add": n}}, base=anna.created) for n in (1, 2)]
    assert told(anna.send(*grouped(anna, *edits, of=1))) == [("held", "group_incomplete")] * 2


def test_members_that_name_different_sizes_wait(anna, house):
    edits = [edit(anna, house, {"visits": {"add": n}}, base=anna.created) for n in (1, 2)]
    edits[0]["group"], edits[1]["group"] = {"id": "g", "of": 2}, {"id": "g", "of": 3}
    assert told(anna.send(*edits)) == [("held", "group_incomplete")] * 2


def test_a_part_that_comes_apart_in_one_request_is_taken_with_the_other(county, anna, house):
    first, second = grouped(
        anna, *(edit(anna, house, {"visits": {"add": n}}, base=anna.created) for n in (1, 2))
    )
    between = edit(anna, house, {"phone": "2"}, base=anna.created)
    acks = anna.send(first, between, second)
    assert told(acks)[1:] == [("applied", None)] * 2
    assert county.operation(first["stamp"]).outcome == "applied"
    assert county.record(house).get("visits") == 3


def test_nobody_completes_the_group_of_another(anna, bo, house):
    mine = grouped(anna, edit(anna, house, {"visits": {"add": 1}}, base=anna.created), of=2)
    theirs = grouped(bo, edit(bo, house, {"visits": {"add": 1}}, base=bo.created), of=2)
    assert told(anna.send(*mine) + bo.send(*theirs)) == [("held", "group_incomplete")] * 2


# Again -----------------------------------------------------------------------------------------


def test_a_group_sent_again_is_answered_again_and_changes_nothing(county, anna):
    members = family(anna)
    anna.send(*members)
    heads = [county.record(one["record"]).head for one in members]
    acks = anna.send(*members)
    assert told(acks) == [("applied", None)] * 3 and all(ack["repeated"] for ack in acks)
    assert [county.record(one["record"]).head for one in members] == heads


def test_a_stopped_group_sent_again_tells_what_it_told(anna):
    house, first, second = family(anna)
    second["fields"]["grid"] = OTHER_GRID
    before = told(anna.send(house, first, second))
    assert told(anna.send(house, first, second)) == before


def test_a_member_that_stands_twice_in_its_group_counts_once(county, anna, house):
    first, second = grouped(
        anna, *(edit(anna, house, {"visits": {"add": n}}, base=anna.created) for n in (1, 2))
    )
    acks = anna.send(first, first, second)
    assert told(acks) == [("applied", None)] * 3 and acks[1]["repeated"]
    assert county.record(house).get("visits") == 3


def test_a_stamp_with_other_content_in_a_group_is_set_aside(anna, house):
    first, second = grouped(
        anna, *(edit(anna, house, {"visits": {"add": n}}, base=anna.created) for n in (1, 2))
    )
    other = {**first, "fields": {"phone": "9"}}
    acks = anna.send(first, other, second)
    assert told(acks) == [("applied", None), ("held", "stamp_reused"), ("applied", None)]


# Let go ----------------------------------------------------------------------------------------


def test_a_person_who_lets_one_member_go_lets_all_go_that_wait(county, anna):
    house, first, second = family(anna)
    second["fields"]["grid"] = OTHER_GRID
    anna.send(house, first, second)
    assert let_go(county, first["stamp"]).outcome == "applied"
    assert county.record(uid(50)) is not None and county.record(uid(60)) is not None
    assert county.operation(second["stamp"]).outcome == "rejected"
    assert let_go(county, house["stamp"]) is None
    anna.send()
    assert len(anna.rows("notice")) == 2


def test_a_group_that_is_let_go_and_stopped_again_waits_on(county, anna, house, order):
    note = edit(anna, house, {"phone": "2"}, base=anna.created)
    late = too_late(anna, order)
    gone = edit(anna, uid(99), {"phone": "2"}, base=LOST)
    anna.send(*grouped(anna, note, late, gone, of=4))
    assert let_go(county, note["stamp"]).outcome == "held"
    assert county.operation(late["stamp"]).outcome == "conflict"
    assert let_go(county, note["stamp"]).outcome == "held"
    assert county.operation(gone["stamp"]).outcome == "rejected"
    assert let_go(county, note["stamp"]).outcome == "applied"
    assert county.record(house).get("phone") == "2"


def test_what_a_stopped_group_did_to_conflicts_and_histories_is_undone_too(county, anna, bo, house):
    bo.send(edit(bo, house, {"householder": "李四", "notes": "一\n丙\n"}, base=bo.created))
    waits = edit(anna, house, {"householder": "王五"}, base=anna.created)
    anna.send(waits)
    replaces = edit(anna, house, {"householder": "赵六"}, base=waits["stamp"])
    writes = edit(anna, house, {"notes": "零\n一\n"}, base=anna.created)
    new = edit(anna, house, {"tags": {"remove": ["old"]}}, base=anna.created)
    wrong = anna.op("create", uid(51), {"grid": OTHER_GRID})
    before = county.record(house).row(), county.conflict(waits["stamp"])
    anna.send(*grouped(anna, replaces, writes, new, wrong))
    assert (county.record(house).row(), county.conflict(waits["stamp"])) == before
    assert county.operation(waits["stamp"]).outcome == "conflict"
    assert let_go(county, new["stamp"]).outcome == "applied"
    assert county.conflict(waits["stamp"]).fields["householder"]["device"] == "赵六"
    assert county.record(house).get("notes") == "零\n一\n丙\n"


# What is its author's no more -----------------------------------------------------------------


@pytest.fixture
def moved_on(anna, house):
    """``anna`` has another grid now, long enough ago that a person looks at work on the old."""
    anna.grants(Grant(f"grid:{GRID}", "g1", 0, 5), Grant(f"grid:{OTHER_GRID}", "g2", 0))
    anna.cursors = {}
    return edit(anna, house, {"phone": "666"}, base=anna.created)


def test_a_group_in_two_requests_passes_no_person_by(county, anna, house, moved_on):
    other = anna.op("create", uid(50), {"grid": OTHER_GRID})
    first, second = grouped(anna, moved_on, other)
    assert told(anna.send(first)) == [("held", "group_incomplete")]
    anna.send(second)
    assert county.record(house).get("phone") == "1" and county.record(uid(50)) is None
    assert county.operation(moved_on["stamp"]).code == "review"
    let_go(county, moved_on["stamp"])
    assert county.record(house).get("phone") == "666" and county.record(uid(50)) is not None


def test_neither_does_one_that_waits_until_its_time_is_up(county, anna, house, moved_on):
    anna.send(anna.op("create", uid(50), {"grid": OTHER_GRID}))
    waits = edit(anna, uid(50), {"phone": "3"}, base=LOST)
    acks = anna.send(*grouped(anna, waits, moved_on))
    assert told(acks) == [("held", "needs"), ("held", "group")]
    with county.store.write() as tx:
        county.authority.release_due(tx, now_ms=county.now_ms + WAIT_MS + 1)
    assert county.record(house).get("phone") == "1"
    assert county.operation(moved_on["stamp"]).code == "review"
