"""What an ack says: repeats, stamps used twice, bad operations among good ones, operations held."""

import pytest

from tests.conformance.contract.device import new_id, now_ms, of_kind, rows_sent

HOUR_MS = 3600 * 1000


def told(ack):
    return ack["outcome"], ack.get("problem", {}).get("code")


# -- repeats ------------------------------------------------------------------------------------


def test_an_operation_sent_again_counts_once_and_says_so(crew):
    record = crew.household(visits=0)
    operation = crew.li.operation("edit", "household", record, {"visits": {"add": 1}})
    first, second = crew.li.hand_in(operation, operation)
    (third,) = crew.li.hand_in({**operation, "offset_ms": 7})
    assert "repeated" not in first
    assert second["repeated"] and third["repeated"]
    assert {first["outcome"], second["outcome"], third["outcome"]} == {"applied"}
    crew.agree(record)
    assert crew.wang[record].fields["visits"] == 1


def test_a_stamp_with_other_content_is_held_and_the_first_stays(crew):
    record = crew.household(phone="1")
    operation = crew.li.operation("edit", "household", record, {"phone": "2"})
    other = {**operation, "fields": {"phone": "3"}}
    acks = [crew.li.hand_in(each)[0] for each in (operation, other, other, operation)]
    assert [told(ack) for ack in acks] == [
        ("applied", None),
        ("held", "stamp_reused"),
        ("held", "stamp_reused"),
        ("applied", None),
    ]
    crew.agree(record)
    assert crew.li[record].fields["phone"] == "2"


# -- bad operations among good ones ---------------------------------------------------------------


def test_a_bad_operation_is_rejected_in_its_place_and_the_others_go_through(crew):
    record = crew.household()
    other = crew.li.stamps.suffix.replace(crew.li.id, crew.wang.id)
    foreign = crew.li.stamps.next(now_ms())[:18] + other
    made = [crew.li.operation("edit", "household", record, {"floor": n}) for n in range(12)]
    bad = [
        (5, "malformed"),
        ({}, "bad_stamp"),
        ({**made[0], "stamp": "yesterday"}, "bad_stamp"),
        ({**made[1], "stamp": foreign}, "not_your_stamp"),
        ({**made[2], "actor": crew.wang.user}, "not_your_actor"),
        ({**made[3], "type": "spaceship"}, "unknown_type"),
        ({**made[4], "kind": "wish"}, "unknown_kind"),
        ({**made[5], "fields": {"floor": "three"}}, "bad_value"),
        ({**made[6], "fields": {"householder": "\ud800"}}, "bad_text"),
        ({**made[7], "record": 5}, "malformed"),
        ({**made[8], "base": {"*": made[8]["base"]["*"]}}, "missing_base"),
        ({**made[9], "at": "noon"}, "malformed"),
        ({**made[10], "type": "resident", "fields": {}}, "wrong_type"),
        (crew.li.operation("create", "household", record, {"grid": crew.grid}), "record_exists"),
        (crew.li.operation("create", "resident", new_id(), {"grid": crew.grid}), "missing_field"),
        (crew.li.operation("delete", "household", record, {}), "not_allowed"),
    ]
    operations = [*(each for each, _ in bad), made[11]]
    acks = [*of_kind(crew.li.post(crew.li.request(operations=operations)), "ack")]
    assert [told(ack) for ack in acks] == [
        *(("rejected", code) for _, code in bad),
        ("applied", None),
    ]
    stamps = [each.get("stamp") if isinstance(each, dict) else None for each in operations]
    assert all(ack["stamp"] in (stamp, None) for ack, stamp in zip(acks, stamps, strict=True))
    assert all(ack["problem"]["definite"] and ack["problem"]["message"] for ack in acks[:-1])
    assert acks[7]["problem"]["pointer"] == "/fields/floor"
    crew.li.sync()
    crew.agree(record)
    assert crew.wang[record].fields["floor"] == 11


def test_a_stamp_of_next_year_is_held_unless_the_tablet_says_that_it_is_then(crew):
    record = crew.household()
    tablet = crew.tablet(crew.li.user)
    ahead = tablet.stamps.next(now_ms() + 25 * HOUR_MS)
    operation = tablet.operation("edit", "household", record, {"phone": "1"}, stamp=ahead)
    assert told(tablet.hand_in(operation)[0]) == ("held", "stamp_ahead")
    tablet.skew_ms, tablet.offset_ms = 25 * HOUR_MS, None
    operation = tablet.operation("edit", "household", record, {"phone": "2"})
    assert told(tablet.hand_in(operation)[0]) == ("applied", None)


def test_a_group_is_held_until_it_is_whole_and_then_applies_whole(crew):
    record = crew.household()
    group = {"id": new_id(), "of": 2}
    first = crew.li.operation("edit", "household", record, {"phone": "1"}, group=group)
    assert told(crew.li.hand_in(first)[0]) == ("held", "group_incomplete")
    second = crew.li.operation("edit", "household", record, {"room": "9"}, group=group)
    assert [told(ack) for ack in crew.li.hand_in(first, second)] == [("applied", None)] * 2


# -- held for another operation -------------------------------------------------------------------


def test_an_edit_that_comes_before_its_create_is_held_released_and_its_author_told(crew):
    record, fields = new_id(), {"grid": crew.grid}
    create = crew.li.operation("create", "household", record, fields)
    base = dict.fromkeys(("*", "householder"), create["stamp"])
    edit = crew.wang.operation("edit", "household", record, {"householder": "Sun"}, base=base)
    (ack,) = crew.wang.hand_in(edit)
    assert told(ack) == ("held", "needs") and ack["needs"] == create["stamp"]
    assert told(crew.li.hand_in(create)[0]) == ("applied", None)
    crew.agree(record)
    assert crew.li[record].fields["householder"] == "Sun"
    assert [each["outcome"] for each in crew.wang.notices(edit["stamp"])] == ["applied"]
    (again,) = crew.wang.hand_in(edit)
    assert again["repeated"] and again["outcome"] == "applied"


@pytest.mark.parametrize("together", [True, False], ids=["one request", "three requests"])
def test_a_chain_of_three_that_comes_in_reverse_ends_right(crew, together):
    record = crew.household(householder="0")
    chain, seen = [], crew.li[record].head
    for value in "123":
        base = {"*": seen, "householder": seen}
        fields = {"householder": value}
        chain.append(crew.li.operation("edit", "household", record, fields, base=base))
        seen = chain[-1]["stamp"]
    for batch in [chain[::-1]] if together else [[each] for each in chain[::-1]]:
        crew.li.hand_in(*batch)
    crew.agree(record)
    row = crew.wang[record]
    assert (row.fields["householder"], row.head, row.conflicts) == ("3", seen, [])


def test_a_base_that_nobody_knows_is_held_and_a_lost_one_of_the_server_is_concurrent(crew):
    record = crew.household()
    outcomes = []
    for writer in ("zzzzzzzzzzzz", "srvzzzzzzzzz"):
        base = dict.fromkeys(("*", "householder"), f"0199a1b2c3d4-0000-{writer}")
        fields = {"householder": "Sun"}
        (ack,) = crew.li.hand_in(crew.li.operation("edit", "household", record, fields, base=base))
        outcomes.append(told(ack))
    assert outcomes == [("held", "needs"), ("conflict", "concurrent")]


def test_what_hangs_on_a_rejected_create_is_held_with_it(crew):
    home, visit = new_id(), new_id()
    fields = {"grid": crew.grid, "care_level": "hourly"}
    create = crew.li.operation("create", "household", home, fields)
    base = {"*": create["stamp"], "householder": create["stamp"]}
    edit = crew.li.operation("edit", "household", home, {"householder": "Sun"}, base=base)
    fields = {"grid": crew.grid, "household": home, "worker": crew.li.user, "at": now_ms()}
    child = crew.li.operation("create", "home_visit", visit, fields)
    acks = crew.li.hand_in(create, edit, child)
    assert [told(ack) for ack in acks] == [
        ("rejected", "bad_value"),
        ("held", "depends_on_rejected"),
        ("held", "depends_on_rejected"),
    ]


# -- acks and rows --------------------------------------------------------------------------------


def test_a_row_is_left_out_only_where_the_device_can_compute_it(crew):
    li, wang, record = crew.li, crew.wang, crew.household(visits=0)
    li.edit(record, phone="1")
    assert record not in rows_sent(li.sync()), "plainly applied"
    wang.sync()
    wang.edit(record, phone="2")
    wang.sync()
    li.edit(record, visits={"add": 1})
    assert record in rows_sent(li.sync()), "another's change lay beyond the cursor"
    li.edit(record, floor=1)
    li.edit(record, log={"append": "x"})
    assert record in rows_sent(li.sync()), "one of its operations was merged"
    operation = li.operation("edit", "household", record, {"phone": "3"})
    li.post(li.request(operations=[operation]))
    li.put(operation)
    assert record in rows_sent(li.sync()), "a repeated operation suppresses nothing"
    li.edit(record, phone="4")
    li.apply([line for line in li.post(li.request()) if "hello" in line or "ack" in line])
    li.edit(record, phone="5")
    assert record in rows_sent(li.sync()), "the answer before was cut after its acks"
    for cursor in ("nonsense", None):
        li.edit(record, floor=2)
        li.replica.cursors[crew.feed] = cursor
        assert record in rows_sent(li.sync()), "the feed is reset"
    crew.agree(record)


def test_what_changes_nothing_moves_no_entry(crew):
    record = crew.household(phone="1")
    acks = [crew.li.hand_in(crew.li.operation("edit", "household", record, {"phone": "1"}))[0]]
    assert told(acks[0]) == ("merged", None)
    assert not [*of_kind(crew.wang.sync(), "page")]
    assert not [*of_kind(crew.li.sync(), "page")]


def test_a_create_without_its_status_gets_the_initial_one_and_is_merged(crew):
    fields = {"grid": crew.grid, "title": "Lamp"}
    bare = crew.li.operation("create", "work_order", new_id(), fields)
    whole = crew.li.operation("create", "work_order", new_id(), {**fields, "status": "reported"})
    acks = crew.li.hand_in(bare, whole)
    assert [ack["outcome"] for ack in acks] == ["merged", "applied"]
    assert crew.li[bare["record"]].fields["status"] == "reported"
    crew.agree(bare["record"])
    crew.agree(whole["record"])
