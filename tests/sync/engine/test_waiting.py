"""Operations that wait: for another, for a person, and what they may do when they are let go."""

from __future__ import annotations

import pytest

from sync.feeds import Grant
from sync.store import Changes, Held
from tests.sync.county import GRID, OFFICE, OTHER_GRID, Device, edit, let_go, uid

FEED, OTHER_FEED = f"grid:{GRID}", f"grid:{OTHER_GRID}"
LOST = "0000000003e8-0000-aaaaaaaazzzz"


@pytest.fixture
def family(anna: Device):
    """A create and the edit that builds on it, not sent yet."""
    create = anna.op("create", uid(5), {"grid": GRID})
    return create, edit(anna, uid(5), {"phone": "2"}, base=create["stamp"])


def outcomes(acks):
    return [(ack["outcome"], ack.get("repeated", False)) for ack in acks]


# Repeats -------------------------------------------------------------------------------------


def test_a_repeat_in_the_request_that_releases_it_is_answered_with_how_it_ended(anna, family):
    create, change = family
    acks = anna.send(change, change, create, change)
    assert outcomes(acks) == [("applied", False), ("applied", True), ("applied", False),
                              ("applied", True)]  # fmt: skip


def test_a_repeat_of_what_waited_since_before_is_answered_with_how_it_ended(anna, family):
    create, change = family
    assert anna.send(change)[0]["needs"] == create["stamp"]
    assert outcomes(anna.send(change, create)) == [("applied", True), ("applied", False)]
    assert anna.rows()[uid(5)]["phone"] == "2"


def test_a_repeat_of_what_still_waits_says_for_what(anna, family):
    _, change = family
    anna.send(change)
    ack = anna.send(change)[0]
    assert (ack["outcome"], ack["needs"]) == ("held", family[0]["stamp"])
    assert "problem" in ack and ack["head"] is None


def test_a_repeat_tells_only_the_new_entry_of_a_log(anna, house):
    for text in ("一", "二"):
        noted = edit(anna, house, {"log": {"append": text}, "wifi": 0}, base=anna.created)
        anna.send(noted)
    ack = anna.send(noted)[0]
    assert [entry[3] for entry in ack["fields"]["log"]] == ["二"]
    assert ack["fields"]["wifi"] == 0


def test_a_repeat_of_a_refused_field_tells_nothing_of_it(anna, house):
    odd = edit(anna, house, {"later\ud800": 1}, base=anna.created)
    first, again = anna.send(odd)[0], anna.send(odd)[0]
    assert first["fields"] == again["fields"] == {}


def test_a_repeat_by_somebody_who_lost_the_record_tells_nothing_of_it(anna, house):
    change = edit(anna, house, {"householder": "李四", "seen_at": 1}, base=anna.created)
    anna.send(change)
    anna.grants()
    ack = anna.send(change)[0]
    assert ack["repeated"] and ack["head"] is None and "fields" not in ack


def test_a_repeat_of_an_operation_on_no_record_is_answered(anna):
    nowhere = anna.op("edit", uid(77), {}, {"*": "0000000003e8-0000-srv000000000"})
    assert [ack["outcome"] for ack in (*anna.send(nowhere), *anna.send(nowhere))] == [
        "rejected",
        "rejected",
    ]


# Whose scope ---------------------------------------------------------------------------------


@pytest.mark.parametrize("deliverer", ["the same tablet", "another one"])
def test_what_was_held_may_do_what_it_might_have_done_then(county, anna, bo, family, deliverer):
    create, change = family
    other = bo if deliverer == "another one" else anna
    if other is bo:
        create = bo.op("create", uid(5), {"grid": GRID})
        change = edit(anna, uid(5), {"phone": "2"}, base=create["stamp"])
    assert anna.send(change)[0]["outcome"] == "held"
    anna.grants(Grant(FEED, "g1", 0, county.now_ms))
    county.now_ms += 1
    if other is anna:  # A former tablet of Anna's, say, brings what this one waited for.
        anna.grants(Grant(FEED, "g1", 0, county.now_ms - 1), Grant(FEED, "g2", 0))
        anna.send(create, checkpoint={})
        anna.grants(Grant(FEED, "g1", 0, county.now_ms - 1))
    else:
        bo.send(create)
    assert county.record(uid(5)).get("phone") == "2"


def test_what_was_held_may_not_do_what_it_might_only_do_now(county, anna, bo):
    create = bo.op("create", uid(5), {"grid": OTHER_GRID})
    change = edit(anna, uid(5), {"phone": "2"}, base=create["stamp"])
    assert anna.send(change)[0]["outcome"] == "held"
    for device in (anna, bo):
        device.grants(Grant(OTHER_FEED, "g1", 0))
    bo.send(create)
    assert county.operation(change["stamp"]).code == "out_of_scope"
    anna.send()
    notice = next(iter(anna.rows("notice").values()))
    assert (notice["code"], notice["outcome"]) == ("released", "rejected")


def test_an_office_that_reads_everything_waits_and_is_released_as_such(county, bo):
    create = bo.op("create", uid(5), {"grid": GRID})
    office = county.device(OFFICE.user, role="administrator")
    change = edit(office, uid(5), {"phone": "2"}, base=create["stamp"])
    assert county.submit(OFFICE, change)[0].outcome == "held"
    bo.send(create)
    assert county.record(uid(5)).get("phone") == "2"


# Times ---------------------------------------------------------------------------------------


def test_what_was_held_keeps_the_times_at_which_it_was_made_and_came(county, anna, family):
    create, change = family
    change = {**change, "at": county.now_ms - 60_000, "offset_ms": 90_000}
    change["fields"] = {"seen_at": county.now_ms - 100_000}
    change["base"]["seen_at"] = create["stamp"]
    anna.send(change)
    came, county.now_ms = county.now_ms, county.now_ms + 3_600_000
    anna.send(create)
    stored = county.operation(change["stamp"])
    assert (stored.received, stored.corrected) == (came, came)
    assert county.record(uid(5)).get("seen_at") == came - 10_000


def test_what_was_held_without_an_offset_keeps_that_of_its_exchange(county, anna, family):
    create, change = family
    anna.clock_ms = county.now_ms - 5_000
    change = {**change, "at": anna.clock_ms, "offset_ms": None}
    change["fields"] = {"seen_at": anna.clock_ms}
    change["base"]["seen_at"] = create["stamp"]
    anna.send(change)
    county.now_ms += 3_600_000
    anna.send(create)
    assert county.record(uid(5)).get("seen_at") == 1_000_000


# Needs of needs ------------------------------------------------------------------------------


def test_what_needs_two_operations_waits_for_both(county, anna, bo, house):
    one = edit(anna, house, {"phone": "2"}, base=anna.created)
    two = edit(anna, house, {"householder": "李四"}, base=anna.created)
    seen = {"*": two["stamp"], "phone": one["stamp"], "householder": two["stamp"]}
    late = bo.op("edit", house, {"phone": "3", "householder": "王五"}, seen)
    assert bo.send(late)[0]["needs"] == two["stamp"]
    anna.send(two)
    assert county.operation(late["stamp"]).outcome == "held"
    assert county.store._tables.held[late["stamp"]].needs == one["stamp"]
    anna.send(one)
    assert county.operation(late["stamp"]).outcome == "applied"
    bo.send()
    assert len(bo.rows("notice")) == 1


def test_what_needs_itself_waits_for_a_person(county, anna, house):
    circle = edit(anna, house, {"phone": "2"}, base=anna.created)
    circle["base"]["*"] = circle["stamp"]
    assert anna.send(circle)[0]["needs"] == circle["stamp"]
    assert let_go(county, circle["stamp"]).outcome == "applied"
    assert not county.store._tables.held


def test_letting_one_go_lets_go_what_waited_for_it(county, anna, bo, house):
    anna.suspend()
    first = edit(anna, house, {"phone": "2"}, base=anna.created)
    anna.send(first)
    second = edit(bo, house, {"phone": "3"}, base=first["stamp"])
    assert bo.send(second)[0]["needs"] == first["stamp"]
    let_go(county, first["stamp"])
    assert county.record(house).get("phone") == "3" and not county.store._tables.held


def test_what_waits_for_what_is_refused_in_the_end_goes_on_waiting(county, anna, bo):
    wrong = bo.op("create", uid(5), {"grid": OTHER_GRID})
    late = edit(anna, uid(5), {"phone": "2"}, base=wrong["stamp"])
    anna.send(late)
    assert bo.send(wrong)[0]["outcome"] == "rejected"
    assert county.operation(late["stamp"]).outcome == "held"


def test_a_group_waits_for_a_person_who_lets_its_members_go(county, anna, house):
    member = edit(anna, house, {"phone": "2"}, base=anna.created, group={"id": "g", "of": 2})
    assert anna.send(member)[0]["problem"]["code"] == "group_incomplete"
    assert let_go(county, member["stamp"]).outcome == "applied"


def test_a_stamp_from_next_year_is_decided_once_a_person_has_looked(county, anna, house):
    ahead = edit(anna, house, {"phone": "2"}, base=anna.created)
    ahead["stamp"] = f"{county.now_ms + 365 * 86_400_000:012x}" + ahead["stamp"][12:]
    anna.send(ahead)
    assert let_go(county, ahead["stamp"]).outcome == "applied"


def test_what_is_let_go_is_still_refused_if_its_author_may_not(county, anna, house):
    anna.suspend()
    wrong = anna.op("resolve", house, {"phone": "2"}, conflict=LOST)
    anna.send(wrong)
    assert let_go(county, wrong["stamp"]).problem.code == "not_allowed"


def test_a_held_operation_that_is_not_in_the_books_is_left_alone(county):
    with county.store.write() as tx:
        tx.save(Changes(held=[Held(LOST, uid(5), None, "review", 0, "grid_worker", ())]))
    assert let_go(county, LOST) is None
