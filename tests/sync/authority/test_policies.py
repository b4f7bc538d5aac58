"""Each policy, when two people change one field: what the contract's table says."""

from __future__ import annotations

import pytest

from tests.sync.county import ANNA, BO, GRID, uid


def edit(device, house, fields, *, base=None, **more):
    """An edit based on the create, as if nothing else had been seen."""
    seen = base or device.created
    names = dict.fromkeys(fields, seen)
    return device.op("edit", house, fields, {"*": seen, **names}, **more)


def test_different_fields_of_one_household_both_apply(county, anna, bo, house):
    assert anna.send(edit(anna, house, {"householder": "李四"}))[0]["outcome"] == "applied"
    assert bo.send(edit(bo, house, {"phone": "2"}))[0]["outcome"] == "applied"
    record = county.record(house)
    assert (record.get("householder"), record.get("phone")) == ("李四", "2")


def test_ask_keeps_the_servers_value_and_opens_a_conflict(county, anna, bo, house):
    anna.send(edit(anna, house, {"householder": "李四"}))
    mine = edit(bo, house, {"householder": "王五"})
    ack = bo.send(mine)[0]
    assert ack["outcome"] == "conflict" and ack["conflict"] == mine["stamp"]
    assert ack["fields"] == {"householder": "李四"}
    row = bo.rows()[house]
    assert row["householder"] == "李四" and row["c"] == ["householder"]
    assert row["head"] == mine["stamp"]
    part = county.conflict(mine["stamp"]).fields["householder"]
    assert (part["base"], part["server"], part["device"]) == ("张三", "李四", "王五")


def test_the_same_new_value_twice_is_no_conflict(county, anna, bo, house):
    anna.send(edit(anna, house, {"householder": "李四"}))
    ack = bo.send(edit(bo, house, {"householder": "李四"}))[0]
    assert ack["outcome"] == "merged" and "conflict" not in ack
    assert county.record(house).c is None


def test_away_and_back_again_is_still_seen_as_concurrent(anna, bo, house):
    first = edit(anna, house, {"householder": "李四"})
    anna.send(first)
    anna.send(edit(anna, house, {"householder": "张三"}, base=first["stamp"]))
    assert bo.send(edit(bo, house, {"householder": "王五"}))[0]["outcome"] == "conflict"


def test_a_stale_value_that_nobody_changed_is_not_sent_and_reverts_nobody(county, anna, bo, house):
    anna.send(edit(anna, house, {"householder": "李四"}))
    bo.send(edit(bo, house, {"phone": "2"}))
    assert county.record(house).get("householder") == "李四"


@pytest.mark.parametrize(("later", "wins"), [(True, "2"), (False, "9")])
def test_latest_goes_by_corrected_time_not_by_arrival(county, anna, bo, house, later, wins):
    anna.send(edit(anna, house, {"phone": "9"}))
    at = county.now_ms + (100 if later else -100)
    county.now_ms += 1_000
    ack = bo.send(edit(bo, house, {"phone": "2"}, at=at, offset_ms=0))[0]
    assert county.record(house).get("phone") == wins
    assert ack["outcome"] == ("applied" if later else "merged")


def test_latest_with_equal_times_goes_by_stamp(county, anna, bo, house):
    losing = edit(bo, house, {"phone": "b"})
    winning = edit(bo, house, {"phone": "c"})
    bo.send(winning)
    assert bo.send(losing)[0]["outcome"] == "merged"
    assert county.record(house).get("phone") == "c"


def test_texts_merge_by_lines_and_the_server_writes_the_merged_one(county, anna, bo, house):
    anna.send(edit(anna, house, {"notes": "零\n一\n"}))
    mine = edit(bo, house, {"notes": "一\n二\n"})
    ack = bo.send(mine)[0]
    assert ack["outcome"] == "merged" and ack["fields"]["notes"] == "零\n一\n二\n"
    version = county.record(house).version("notes")
    assert version[18:21] == "srv" and county.operation(version).cause == mine["stamp"]
    assert ack["versions"]["notes"] == version == ack["head"]


def test_texts_changed_in_one_place_wait_for_a_person(anna, bo, house):
    anna.send(edit(anna, house, {"notes": "甲\n"}))
    assert bo.send(edit(bo, house, {"notes": "乙\n"}))[0]["outcome"] == "conflict"


def test_a_concurrent_add_wins_over_a_remove(county, anna, bo, house):
    anna.send(edit(anna, house, {"tags": {"add": ["new"], "remove": ["old"]}}))
    again = county.record(house).version("tags")
    anna.send(edit(anna, house, {"tags": {"add": ["old"]}}, base=again))
    ack = bo.send(edit(bo, house, {"tags": {"add": ["mine"], "remove": ["old", "none"]}}))[0]
    assert ack["outcome"] == "merged"
    assert county.record(house).get("tags") == ["mine", "new", "old"]


def test_a_remove_takes_what_was_there_at_its_base(county, anna, bo, house):
    anna.send(edit(anna, house, {"tags": {"add": ["new"]}}))
    bo.send(edit(bo, house, {"tags": {"remove": ["old"]}}))
    assert county.record(house).get("tags") == ["new"]


def test_a_remove_on_top_of_ones_own_pending_add_does_not_see_a_strangers_add(
    county, anna, bo, house
):
    first = edit(anna, house, {"tags": {"remove": ["old"]}})
    anna.send(first)
    anna.send(edit(anna, house, {"tags": {"add": ["old"]}}, base=first["stamp"]))
    mine = edit(bo, house, {"tags": {"add": ["x"]}})
    more = bo.op("edit", house, {"tags": {"remove": ["old", "x"]}},
                 {"*": mine["stamp"], "tags": mine["stamp"]})  # fmt: skip
    bo.send(mine, more)
    assert county.record(house).get("tags") == ["old"]


def test_sums_add_up_whoever_comes_first(county, anna, bo, house):
    anna.send(edit(anna, house, {"visits": {"add": 2}}))
    assert bo.send(edit(bo, house, {"visits": {"add": -1}}))[0]["outcome"] == "applied"
    assert county.record(house).get("visits") == 1


def test_bounds_move_one_way_only(county, anna, bo, house):
    anna.send(edit(anna, house, {"last_visit": 50, "first_contact": 50}))
    ack = bo.send(edit(bo, house, {"last_visit": 40, "first_contact": 40}))[0]
    record = county.record(house)
    assert ack["outcome"] == "merged"
    assert (record.get("last_visit"), record.get("first_contact")) == (50, 40)


def test_all_entries_of_a_log_are_kept_in_the_order_in_which_they_were_made(
    county, anna, bo, house
):
    late = edit(anna, house, {"log": {"append": "后"}}, at=county.now_ms, offset_ms=0)
    early = edit(bo, house, {"log": {"append": "先"}}, at=county.now_ms - 60_000, offset_ms=0)
    anna.send(late)
    ack = bo.send(early)[0]
    assert [entry[3] for entry in county.record(house).get("log")] == ["先", "后"]
    assert [entry[3] for entry in ack["fields"]["log"]] == ["先"]


def test_the_first_fact_stays_and_another_waits(county, anna, bo, house):
    assert anna.send(edit(anna, house, {"origin": "survey"}))[0]["outcome"] == "applied"
    ack = bo.send(edit(bo, house, {"origin": "import"}))[0]
    assert ack["outcome"] == "conflict" and ack["problem"]["code"] == "already_set"
    assert county.record(house).get("origin") == "survey"


def test_an_instant_from_the_devices_clock_is_corrected_on_arrival(county, anna, house):
    anna.clock_ms = county.now_ms + 5 * 3_600_000
    ack = anna.send(edit(anna, house, {"seen_at": anna.clock_ms - 1_000}))[0]
    assert county.record(house).get("seen_at") == county.now_ms - 1_000
    assert ack["outcome"] == "merged" and ack["fields"] == {"seen_at": county.now_ms - 1_000}


def test_a_field_of_a_newer_app_is_kept_and_comes_back(county, anna, bo, house):
    anna.send(edit(anna, house, {"wifi": "yes"}))
    bo.send()
    assert bo.rows()[house]["x"] == {"wifi": "yes"}
    ack = bo.send(edit(bo, house, {"wifi": "no"}, base=county.record(house).version("wifi")))[0]
    assert ack["outcome"] == "applied" and county.record(house).get("wifi") == "no"


def test_an_edit_based_on_a_value_that_waits_takes_its_place(county, anna, bo, house):
    anna.send(edit(anna, house, {"householder": "李四"}))
    first = edit(bo, house, {"householder": "王五"})
    bo.send(first)
    ack = bo.send(edit(bo, house, {"householder": "王六"}, base=first["stamp"]))[0]
    assert ack["outcome"] == "conflict" and ack["conflict"] == first["stamp"]
    assert county.conflict(first["stamp"]).fields["householder"]["device"] == "王六"


def test_what_an_operation_replaced_is_kept_with_it(county, anna, house):
    change = edit(anna, house, {"householder": "李四"})
    anna.send(change)
    assert county.operation(change["stamp"]).was == {"householder": ["张三", anna.created]}


def test_a_concurrent_add_wins_over_a_remove_whichever_comes_first(make_county):
    ended = []
    for first in ("anna", "bo"):
        county = make_county()
        anna, bo = county.device(ANNA), county.device(BO)
        create = anna.op("create", uid(1), {"grid": GRID, "tags": ["old"]})
        anna.send(create)
        anna.created = bo.created = create["stamp"]
        out, added = (
            edit(anna, uid(1), {"tags": {"remove": ["old"]}}),
            edit(bo, uid(1), {"tags": {"add": ["old"]}}),
        )
        for device, change in (
            ((anna, out), (bo, added))
            if first == "anna"
            else (
                (bo, added),
                (anna, out),
            )
        ):
            device.send(change)
        ended.append(county.record(uid(1)).get("tags"))
    assert ended == [["old"], ["old"]]


def test_a_conflict_shows_the_value_that_stands_now(county, anna, bo, house):
    first = edit(anna, house, {"householder": "李四"})
    anna.send(first)
    mine = edit(bo, house, {"householder": "王五"})
    bo.send(mine)
    anna.send(edit(anna, house, {"householder": "周八"}, base=first["stamp"]))
    assert county.conflict(mine["stamp"]).fields["householder"]["server"] == "周八"


def test_a_repeated_rejection_says_again_what_was_wrong(anna, house):
    wrong = edit(anna, house, {"phone": 17})
    first, again = anna.send(wrong)[0], anna.send(wrong)[0]
    assert again["repeated"] and again["problem"] == first["problem"]
    assert "Phone" in first["problem"]["message"]


def test_what_cannot_be_read_is_placed_where_its_record_is(anna, house):
    ack = anna.send({**edit(anna, house, {"phone": "2"}), "kind": "explode"})[0]
    assert ack["outcome"] == "rejected" and ack["feeds"] and ack["head"] == anna.created
