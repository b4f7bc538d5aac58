"""The gates against somebody who lies: about versions, records, names and families."""

from __future__ import annotations

import pytest

from sync.feeds import Grant
from sync.scope import SYSTEM
from tests.sync.county import ADMIN, GRID, OFFICE, OTHER_GRID, edit, let_go, uid

SERVERS = "0000000003e8-0000-srv000000000"
LOST = "0000000003e8-0000-aaaaaaaazzzz"


@pytest.fixture
def eve(county):
    """A worker of the other grid."""
    return county.device(uid(0xBE), grid=OTHER_GRID)


def told(ack):
    return {name: ack[name] for name in ack if name != "stamp"}


# What was seen -------------------------------------------------------------------------------


def test_a_version_of_another_record_is_no_base(county, anna, eve, house):
    own = eve.op("create", uid(5), {"grid": OTHER_GRID, "notes": "一\n"})
    eve.send(own)
    base = {"*": own["stamp"], "notes": anna.created}
    ack = eve.send(eve.op("edit", uid(5), {"notes": "一\n二\n"}, base))[0]
    assert ack["outcome"] == "rejected" and ack["problem"]["pointer"] == "/base/notes"


def test_not_even_a_person_lets_through_what_names_another_records_version(county, anna, house):
    other = anna.op("create", uid(5), {"grid": GRID})
    anna.send(other)
    anna.suspend()
    held = edit(anna, house, {"phone": "2"}, base=other["stamp"])
    assert anna.send(held)[0]["outcome"] == "held"
    assert let_go(county, held["stamp"]).problem.code == "malformed"


# Whether there is such a record --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["edit", "delete", "restore", "resolve"])
def test_a_stranger_cannot_tell_a_record_elsewhere_from_none_at_all(county, eve, house, kind):
    more = {"conflict": SERVERS} if kind == "resolve" else {}
    there, nowhere = (
        eve.send(eve.op(kind, record, {}, {"*": SERVERS}, **more))[0] for record in (house, uid(77))
    )
    assert told(there) == told(nowhere) and there["problem"]["code"] == "out_of_scope"


def test_a_stranger_cannot_tell_of_what_type_a_record_is(eve, house):
    acks = [
        eve.send(eve.op("edit", house, {}, {"*": SERVERS}, type=name))[0]
        for name in ("household", "resident")
    ]
    assert told(acks[0]) == told(acks[1])


def test_who_may_read_everything_is_told_that_there_is_no_such_record(county):
    admin = county.device(ADMIN, role="administrator")
    ack = county.submit(OFFICE, admin.op("edit", uid(77), {}, {"*": SERVERS}))[0]
    assert ack.problem.code == "unknown_record"


# Names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["create", "edit", "transition"])
def test_the_star_is_the_name_of_no_field(county, anna, house, kind):
    fields = {"*": "deleted", "status": {"from": "new", "to": "taken"}, "grid": GRID}
    raw = anna.op(kind, uid(6), fields if kind != "edit" else {"*": "x"}, {"*": SERVERS},
                  type="order")  # fmt: skip
    if kind == "create":
        del raw["fields"]["status"]
    ack = anna.send(raw)[0]
    assert ack["problem"]["code"] == "bad_value" and ack["problem"]["pointer"] == "/fields/*"


@pytest.mark.parametrize("named", ["\ud800", "a\0b", "yesterday", 7])
def test_what_is_undone_or_settled_is_named_by_a_stamp(county, anna, house, named):
    admin = county.device(ADMIN, role="administrator")
    acks = anna.send(
        edit(anna, house, {"phone": "2"}, base=anna.created, undoes=named),
        edit(anna, house, {"visits": {"add": 1}}, base=anna.created),
    )
    assert [ack["outcome"] for ack in acks] == ["rejected", "applied"]
    ack = admin.send(admin.op("resolve", house, {"phone": "2"}, conflict=named))[0]
    assert ack["outcome"] == "rejected"
    assert ack["problem"]["code"] in ("conflict_unknown", "malformed")


def test_not_a_number_is_kept_and_known_again(anna, house):
    odd = edit(anna, house, {"visits": {"add": 1}}, base=anna.created, later=float("nan"))
    assert anna.send(odd)[0]["outcome"] == "applied"
    assert anna.send(odd)[0]["repeated"]


# Families ------------------------------------------------------------------------------------


def child(device, parent):
    return device.op("create", uid(8), {"grid": GRID, "household": parent}, type="resident")


def test_the_children_of_a_record_that_is_there_do_not_wait_for_its_second_create(anna, house):
    acks = anna.send(anna.op("create", house, {"grid": GRID}), child(anna, house))
    assert [ack["outcome"] for ack in acks] == ["rejected", "applied"]


def test_a_create_that_was_repaired_in_the_same_request_does_not_keep_its_children(anna):
    wrong = anna.op("create", uid(5), {"grid": GRID, "phone": 17})
    right = anna.op("create", uid(5), {"grid": GRID, "phone": "17"})
    acks = anna.send(wrong, right, child(anna, uid(5)))
    assert [ack["outcome"] for ack in acks] == ["rejected", "applied", "applied"]


def test_a_person_lets_the_child_of_a_rejected_create_go_alone(county, anna):
    wrong = anna.op("create", uid(5), {"grid": GRID, "phone": 17})
    orphan = child(anna, uid(5))
    assert anna.send(wrong, orphan)[1]["needs"] == wrong["stamp"]
    assert let_go(county, orphan["stamp"]).outcome == "applied"


def test_a_base_that_was_never_seen_in_a_field_that_does_not_change_counts_too(anna, house):
    raw = anna.op("edit", house, {"phone": "2"},
                  {"*": anna.created, "phone": anna.created, "householder": LOST})  # fmt: skip
    assert anna.send(raw)[0]["needs"] == LOST


def test_a_record_that_is_in_no_feed_is_for_the_server_alone(county, anna):
    raw = anna.op("create", uid(9), {"user": None}, type="notice", actor="system")
    assert county.submit(SYSTEM, raw)[0].feeds == []
    ack = anna.send(
        anna.op("edit", uid(9), {"read": True}, {"*": raw["stamp"], "read": raw["stamp"]},
                type="notice"))[0]  # fmt: skip
    assert ack["problem"]["code"] == "out_of_scope" and "fields" not in ack


def test_nobody_moves_a_record_out_of_every_feed(county, anna):
    create = anna.op("create", uid(5), {"grid": GRID}, type="order")
    anna.send(create)
    away = anna.op("edit", uid(5), {"grid": None}, {"*": create["stamp"], "grid": create["stamp"]},
                   type="order")  # fmt: skip
    assert anna.send(away)[0]["problem"]["code"] == "bad_value"
    assert anna.send(anna.op("create", uid(6), {"grid": GRID}))[0]["feeds"] == [f"grid:{GRID}"]


def test_a_grant_of_a_feed_opens_no_other(county, eve, house):
    eve.grants(Grant(f"grid:{OTHER_GRID}", "g1", 0), Grant("grid", "g1", 0))
    eve.send()
    assert eve.rows() == {}
