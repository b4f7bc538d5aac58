"""Corners that people reach seldom, and that must hold when they do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.authority import Safeguards
from sync.catalogue import Field, unkeepable
from sync.feeds import Grant
from sync.scope import GRACE_MS
from sync.store import Changes
from tests.sync.county import ADMIN, ANNA, BO, GRID, edit, resolve, uid

OTHER_GRID = uid(0xA2)


def test_who_does_not_read_a_record_is_told_of_it_without_values(make_county):
    county = make_county(may_be_told=lambda *_who, **_when: False)
    anna, bo = county.device(ANNA), county.device(BO)
    create = anna.op("create", uid(1), {"grid": GRID, "householder": "张三"})
    anna.send(create, edit(anna, uid(1), {"householder": "李四"}, base=create["stamp"]))
    mine = edit(bo, uid(1), {"householder": "王五"}, base=create["stamp"])
    bo.send(mine)
    resolve(county, mine["stamp"], {"householder": "赵六"}, uid(1))
    bo.send()
    (notice,) = bo.rows("notice").values()
    assert notice["code"] == "settled" and notice["before"] is None and notice["after"] is None


def test_shapes_hold_numbers_and_nothing_is_endless():
    place = Field("point", "geometry", "latest")
    assert place.problem({"type": "Point", "coordinates": [108.8, 27.7]}) is None
    assert place.problem({"type": "Point", "coordinates": ["1e400", 1]}) is not None
    assert unkeepable(["字" * 3_000_000]) is not None


def test_without_its_safeguard_the_last_one_wins(make_county):
    county = make_county(Safeguards(base=False))
    anna, bo = county.device(ANNA), county.device(BO)
    create = anna.op("create", uid(1), {"grid": GRID, "householder": "张三"})
    anna.send(create, edit(anna, uid(1), {"householder": "李四"}, base=create["stamp"]))
    ack = bo.send(edit(bo, uid(1), {"householder": "王五"}, base=create["stamp"]))[0]
    assert ack["outcome"] == "applied" and county.record(uid(1)).get("householder") == "王五"


def test_what_a_person_decided_to_delete_comes_back_for_an_edit_too(county, anna, bo, house):
    anna.send(edit(anna, house, {"phone": "2"}, base=anna.created))
    ack = bo.send(bo.op("delete", house, base={"*": bo.created}))[0]
    resolve(county, ack["conflict"], {"*": "deleted"}, house)
    late = anna.send(edit(anna, house, {"householder": "李四"}, base=anna.created))[0]
    assert late["problem"]["code"] == "deleted_and_edited" and not county.record(house).deleted


def test_a_move_may_carry_a_field_of_a_newer_app(county, anna, house):
    admin = county.device(ADMIN, role="administrator")
    admin.grants(Grant(f"grid:{GRID}", "g1", 0), Grant(f"grid:{OTHER_GRID}", "g1", 0))
    moved = edit(admin, house, {"grid": OTHER_GRID, "wifi": "yes"}, base=anna.created)
    assert admin.send(moved)[0]["outcome"] == "applied"
    assert county.record(house).get("wifi") == "yes"


def test_thirty_days_after_a_record_moved_away_work_on_it_waits_for_review(county, anna, house):
    admin = county.device(ADMIN, role="administrator")
    admin.grants(Grant(f"grid:{GRID}", "g1", 0), Grant(f"grid:{OTHER_GRID}", "g1", 0))
    admin.send(edit(admin, house, {"grid": OTHER_GRID}, base=anna.created))
    county.now_ms += GRACE_MS + 1
    ack = anna.send(edit(anna, house, {"phone": "2"}, base=anna.created))[0]
    assert ack["outcome"] == "held" and ack["problem"]["code"] == "review"


def test_an_operation_is_stored_once(county, anna, house):
    stored = county.operation(anna.created)
    with pytest.raises(ValueError, match="stored already"), county.store.write() as tx:
        tx.save(Changes(operations=[stored]))


def test_nonsense_about_a_strangers_record_says_nothing_of_it(county, anna, house):
    eve = county.device(uid(0xBE), grid=OTHER_GRID)
    wrong = {**edit(eve, house, {"phone": "6"}, base=anna.created), "kind": "explode"}
    ack = eve.send(wrong)[0]
    assert ack["outcome"] == "rejected" and ack["feeds"] == [] and ack["head"] is None


def test_a_repeated_rejection_is_told_by_its_first_reason(county, anna, house):
    ghost = anna.op("create", uid(9), {}, type="ghost")
    foreign = edit(anna, house, {"phone": 17}, base=anna.created) | {"actor": BO}
    first = [ack["problem"]["code"] for ack in anna.send(ghost, foreign)]
    again = [ack["problem"]["code"] for ack in anna.send(ghost, foreign)]
    assert first == again == ["unknown_type", "not_your_actor"]


def test_whoever_undoes_a_decision_about_a_value_of_their_own_is_not_told(county, anna, house):
    admin = county.device(ADMIN, role="administrator")
    admin.reader = replace(admin.reader, user=ADMIN)
    anna.send(edit(anna, house, {"householder": "李四"}, base=anna.created))
    mine = edit(admin, house, {"householder": "王五"}, base=anna.created)
    admin.send(mine)
    decided = admin.op(
        "resolve", house, {"householder": "王五"}, {"*": None}, conflict=mine["stamp"]
    )
    admin.send(decided)
    undo = edit(
        admin, house, {"householder": "李四"}, base=decided["stamp"], undoes=decided["stamp"]
    )
    admin.send(undo)
    assert county.conflict(mine["stamp"]).closed is None
    assert admin.rows("notice") == {}


def test_of_a_decision_about_one_of_two_fields_only_that_one_is_taken_back(county, anna, bo, house):
    anna.send(edit(anna, house, {"householder": "李四", "origin": "survey"}, base=anna.created))
    mine = edit(bo, house, {"householder": "王五", "origin": "import"}, base=bo.created)
    bo.send(mine)
    admin, decided = resolve(county, mine["stamp"], {"householder": "王五"}, house)
    undo = edit(
        admin, house, {"householder": "李四"}, base=decided["stamp"], undoes=decided["stamp"]
    )
    assert admin.send(undo)[0]["outcome"] == "merged"
    assert sorted(county.conflict(mine["stamp"]).open_fields()) == ["householder", "origin"]
    assert county.operation(mine["stamp"]).outcome == "conflict"
