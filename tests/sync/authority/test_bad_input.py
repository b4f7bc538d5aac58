"""Damaged, forged and nonsensical input: refused in its place, and nothing else is lost."""

from __future__ import annotations

import pytest

from sync.errors import Refusal
from sync.exchange import read_request


def uid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012x}"


GRID, ANNA, BO, ADMIN = uid(0xA1), uid(0xB1), uid(0xB2), uid(0xB9)


def edit(device, house, fields, *, base=None, **more):
    seen = base or device.created
    return device.op("edit", house, fields, {"*": seen, **dict.fromkeys(fields, seen)}, **more)


# Bad input ---------------------------------------------------------------------------------

BAD = [
    ("malformed", {"record": "not-an-id"}),
    ("malformed", {"at": -1}),
    ("malformed", {"at": "now"}),
    ("malformed", {"offset_ms": "x"}),
    ("malformed", {"fields": []}),
    ("malformed", {"schema": "x"}),
    ("malformed", {"group": 3}),
    ("malformed", {"type": 3}),
    ("malformed", {"actor": None}),
    ("malformed", {"base": {"*": "nonsense"}}),
    ("missing_base", {"base": None}),
    ("missing_base", {"base": {"phone": None}}),
    ("bad_stamp", {"stamp": "yesterday"}),
    ("bad_stamp", {"stamp": None}),
    ("unknown_kind", {"kind": "explode"}),
    ("unknown_kind", {"kind": {}}),
    ("unknown_type", {"type": "ghost"}),
    ("bad_value", {"fields": {"phone": 17}}),
    ("bad_value", {"fields": {"tags": ["a"]}}),
    ("bad_value", {"fields": {"visits": {"add": "1"}}}),
    ("bad_value", {"fields": {"log": {"append": None}}}),
    ("bad_text", {"fields": {"phone": "\ud800"}}),
    ("bad_text", {"fields": {"phone": "\0"}}),
    ("bad_text", {"fields": {"later\ud800": 1}}),
    ("not_your_stamp", {"stamp": "0000000003e8-0000-zzzzzzzz0000"}),
    ("not_your_actor", {"actor": BO}),
    ("malformed", None),
    ("wrong_type", {"type": "resident", "fields": {}}),
]


@pytest.mark.parametrize(("code", "wrong"), BAD)
def test_a_bad_operation_is_refused_in_its_place_and_the_others_go_through(
    county, anna, house, code, wrong
):
    good = edit(anna, house, {"visits": {"add": 1}})
    bad = edit(anna, house, {"phone": "2"}) | (wrong or {"record": uid(0x77)})
    bad["base"] = bad["base"] and {**bad["base"], "tags": anna.created, "log": anna.created}
    after = edit(anna, house, {"visits": {"add": 1}})
    acks = anna.send(good, bad, after)
    assert [ack["outcome"] for ack in acks] == ["applied", "rejected", "applied"]
    assert acks[1]["problem"]["code"] == code and acks[1]["problem"]["definite"]
    assert acks[1]["problem"]["message"] and county.record(house).get("visits") == 2


def test_what_is_no_object_is_refused_in_its_place_and_kept(county, anna):
    acks = anna.send(17, None, ["x"])
    assert [ack["outcome"] for ack in acks] == ["rejected"] * 3
    assert [ack["stamp"] for ack in acks] == [None] * 3
    assert len(county.store._tables.aside) == 3


def test_a_stamp_from_next_year_waits_for_a_person(county, anna, house):
    ahead = edit(anna, house, {"phone": "2"})
    ahead["stamp"] = f"{county.now_ms + 365 * 86_400_000:012x}" + ahead["stamp"][12:]
    ack = anna.send(ahead)[0]
    assert ack["outcome"] == "held" and ack["problem"]["code"] == "stamp_ahead"


def test_a_tablet_whose_clock_is_a_year_ahead_can_hand_in(county, anna, house):
    anna.clock_ms = county.now_ms + 365 * 86_400_000
    assert anna.send(edit(anna, house, {"phone": "2"}))[0]["outcome"] == "applied"


def test_a_required_field_must_be_there(anna):
    ack = anna.send(anna.op("create", uid(9), {"phone": "1"}))[0]
    assert ack["problem"]["code"] == "missing_field" and ack["problem"]["pointer"] == "/fields/grid"


def test_a_record_is_created_once(anna, house):
    ack = anna.send(anna.op("create", house, {"grid": GRID}))[0]
    assert ack["problem"]["code"] == "record_exists"


def test_a_member_of_a_group_is_kept(anna, house):
    member = edit(anna, house, {"phone": "2"}, base=anna.created, group={"id": "g", "of": 2})
    assert anna.send(member)[0]["problem"]["code"] == "group_incomplete"


@pytest.mark.parametrize(
    "group", ["g", {}, {"id": "g"}, {"id": "", "of": 2}, {"id": 1, "of": 2}, {"id": "g", "of": 0},
              {"id": "g", "of": True}, {"id": "g", "of": 5_001}, {"id": "g\ud800", "of": 2}],
)  # fmt: skip
def test_what_is_no_group_is_malformed(anna, house, group):
    ack = anna.send(edit(anna, house, {"phone": "2"}, base=anna.created, group=group))[0]
    assert (ack["outcome"], ack["problem"]["pointer"]) == ("rejected", "/group")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"protocol": 2, "device": "x"},
        {"protocol": 1},
        {"protocol": 1, "device": "x", "operations": {}},
        {"protocol": 1, "device": "x", "checkpoint": []},
        {"protocol": 1, "device": "x", "limit": "all"},
        {"protocol": 1, "device": "x", "sent_at": "x"},
        {"protocol": 1, "device": "x", "operations": [1] * 5_001},
    ],
)
def test_a_request_that_makes_no_sense_is_refused_as_a_whole(body):
    with pytest.raises(Refusal):
        read_request(body)


@pytest.mark.parametrize("limit", [{}, {"limit": None}, {"limit": 0}, {"limit": -1}])
def test_who_asks_for_no_number_of_entries_gets_what_the_server_chooses(limit):
    assert read_request({"protocol": 1, "device": "x", **limit}).limit == 2_000


@pytest.mark.parametrize("status", [1, "full", [], None])
def test_a_status_that_makes_no_sense_stops_nothing_that_is_handed_in(status):
    asked = read_request({"protocol": 1, "device": "x", "status": status, "operations": [1]})
    assert asked.status is None and asked.operations == [1]


@pytest.mark.parametrize(
    "odd",
    [{"base": {"phone": {}}}, {"base": {"*": "x"}}, {"conflict": "\0"}, {"conflict": "\ud800"}],
)
def test_a_resolution_with_odd_members_is_malformed_and_stops_no_neighbour(anna, house, odd):
    bad = anna.op("resolve", house, {"phone": "1"}, {"*": None}, conflict="x")
    good = anna.op("edit", house, {"visits": {"add": 1}}, {"*": anna.created})
    acks = anna.send({**bad, **odd}, good)
    assert acks[0]["problem"]["code"] == "malformed"
    assert acks[1]["outcome"] == "applied"
