"""Two at one record: who comes second waits, sees what the first did, and is judged by it."""

from __future__ import annotations

import pytest

from server.door import patiently
from sync.scope import SYSTEM
from tests.conformance.batches import BUILDING, GRID_A, GRID_B
from tests.conformance.contract.device import new_id


def second_comes_while_first_commits(script, first, second):
    """``first`` stands before its commit until ``second`` waits; answers the second's actor."""
    holding = script.actor(first).to("commit")
    waiting = script.actor(second).go()
    script.waits(waiting)
    holding.end()
    waiting.end()
    return waiting


# What a policy makes of two concurrent values: field, how it was, the first, the second,
# the second's outcome and code, and what the record then holds.
POLICIES = [
    ("householder", "A", "B", "C", "conflict", "concurrent", "B"),
    ("householder", "A", "B", "B", "merged", None, "B"),
    ("origin", None, "survey", "visit", "conflict", "already_set", "survey"),
    ("notes", "1\n2\n3\n", "1 a\n2\n3\n", "1\n2\n3 b\n", "merged", None, "1 a\n2\n3 b\n"),
    ("notes", "1\n", "a\n", "b\n", "conflict", "concurrent", "a\n"),
    ("visits", 5, {"add": 1}, {"add": 2}, "applied", None, 8),
    ("last_visit", 5, 9, 7, "merged", None, 9),
    ("first_contact", 5, 2, 1, "applied", None, 1),
    (
        "tags",
        ["disabled"],
        {"add": ["very_old"], "remove": []},
        {"add": [], "remove": ["disabled"]},
        "merged",
        None,
        ["very_old"],
    ),
]


@pytest.mark.parametrize(
    ("field", "before", "first", "second", "outcome", "code", "after"),
    POLICIES,
    ids=[f"{row[0]}-{row[4]}-{number}" for number, row in enumerate(POLICIES)],
)
def test_the_second_writer_waits_and_its_policy_decides_by_what_the_first_wrote(
    village, script, field, before, first, second, outcome, code, after
):
    li, wang = village.tablet(), village.tablet()
    given = {} if before is None else {field: before}
    record = village.household(li, wang, **given)
    li.edit(record, **{field: first})
    stamp = wang.edit(record, **{field: second})
    waited = second_comes_while_first_commits(script, li.exchange, wang.exchange)
    assert waited.reached.count("write") == 1, "it waited, and had nothing to repeat"
    ack = wang.acks[stamp]
    assert (ack["outcome"], ack.get("problem", {}).get("code")) == (outcome, code)
    village.agree(record, li, wang)
    assert li[record].fields[field] == after
    assert bool(li[record].conflicts) is (outcome == "conflict")


def test_of_two_who_claim_an_order_at_once_the_second_is_told_that_it_was_overtaken(
    village, script
):
    li, wang = village.tablet(), village.tablet()
    fields = {"grid": GRID_A, "title": "路灯不亮", "kind": "request", "class": "ordinary"}
    order = new_id()
    village.door.create(SYSTEM, "work_order", fields, record=order)
    for state in ("verified", "classified", "open"):
        assert village.door.transition(SYSTEM, order, state).problem is None
    li.sync()
    wang.sync()
    first, second = (
        one.step(order, "open", "accepted", accepted_by=one.user) for one in (li, wang)
    )
    second_comes_while_first_commits(script, li.exchange, wang.exchange)
    assert li.acks[first]["outcome"] == "applied"
    assert wang.acks[second]["problem"]["code"] == "overtaken"
    village.agree(order, li, wang)
    assert wang[order].fields["accepted_by"] == li.user


def test_an_edit_that_waits_for_a_deletion_meets_a_deleted_record(village, script):
    chief, li = village.tablet(role="administrator"), village.tablet()
    record = village.household(chief, li, phone="1")
    chief.delete(record)
    stamp = li.edit(record, phone="2")
    second_comes_while_first_commits(script, chief.exchange, li.exchange)
    assert li.acks[stamp]["problem"]["code"] == "deleted_and_edited"


def test_an_edit_that_comes_between_a_push_and_its_lock_is_sent_to_who_pushes(village, script):
    """The device computes its own row only if it had seen everything before it.

    Whether it had must be asked when the record is locked: asked before, an edit that is
    stored in between is never sent, and both heads, so both digests, are the same.
    """
    li, wang = village.tablet(), village.tablet()
    record = village.household(li, wang, phone="1", notes="one\n")
    stamp = li.edit(record, notes="one\ntwo\n")
    exchange = script.actor(li.exchange).to("records")
    wang.edit(record, phone="2")
    other = script.actor(wang.exchange)
    if village.writes_alone:
        other.go()
        script.waits(other)
    else:
        other.end()
    exchange.end()
    other.end()
    assert li.acks[stamp]["outcome"] == "applied"
    village.agree(record, li, wang)
    assert li[record].fields["phone"] == "2"


def test_two_who_create_one_record_at_once_end_with_one(village, script):
    """There is no row to wait at; the second is turned away by the key, and repeats."""
    record, tablet = new_id(), village.tablet()
    draft = {"grid": GRID_A, "phone": "1"}

    def create():
        return village.door.create(SYSTEM, "household", draft, record=record)

    waited = second_comes_while_first_commits(script, create, create)
    assert waited.result.problem.code == "record_exists"
    tablet.sync()
    assert tablet.replica.members[f"grid:{GRID_A}"] == {record}


def test_of_two_who_enter_the_same_household_at_once_the_second_is_told(village, script):
    """There is no row to wait at, and neither sees the other's: they wait at the door's key."""
    li, wang = village.tablet(), village.tablet()
    door = {"grid": GRID_A, "compound": "凯德花园", "entrance": "1", "room": "101"}
    li.create("household", **door, building=BUILDING)
    second = wang.create("household", **door, building=BUILDING)
    waited = second_comes_while_first_commits(script, li.exchange, wang.exchange)
    assert waited.reached.count("write") == 1
    (ack,) = wang.acks.values()
    assert (ack["outcome"], ack["problem"]["code"]) == ("applied", "duplicate")
    village.agree(second, li, wang)
    assert len(li.of_type("household")) == 2


def test_an_import_of_many_keys_takes_no_more_locks_than_there_is_room_for(postgres):
    with postgres.write() as tx:
        tx.sharing(range(50_000))
        tx.cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert tx.cursor.fetchone()[0] <= 1_024


# Moves -------------------------------------------------------------------------------------------


def test_a_record_that_moves_while_it_is_edited_takes_the_edit_along(village, script):
    """The edit waits for the move; its author, who reads the old feed alone, is not refused."""
    li, wang = village.tablet(GRID_A), village.tablet(GRID_B)
    record = village.household(li, phone="1")
    wang.sync()

    def move():
        return village.door.edit(SYSTEM, record, {"grid": GRID_B})

    stamp = li.edit(record, phone="2")
    second_comes_while_first_commits(script, move, li.exchange)
    assert li.acks[stamp]["outcome"] == "applied"
    village.agree(record, wang)
    assert wang[record].fields["phone"] == "2"
    assert record not in li, "it left the feed that Li reads"


def test_a_record_that_moves_while_an_edit_of_it_commits_is_told_in_both_feeds(village, script):
    li, wang = village.tablet(GRID_A), village.tablet(GRID_B)
    record = village.household(li, phone="1")
    wang.sync()
    li.edit(record, phone="2")

    def move():
        return patiently(lambda: village.door.edit(SYSTEM, record, {"grid": GRID_B}))

    second_comes_while_first_commits(script, li.exchange, move)
    li.sync()
    village.agree(record, wang)
    assert wang[record].fields["phone"] == "2"
    assert record not in li


def test_who_reads_while_a_record_moves_finds_it_in_one_feed_and_never_in_none_or_two(
    village, script
):
    """One snapshot holds all feeds of an answer, whichever of them is read first."""
    chief = village.tablet(GRID_A, GRID_B)
    record = village.household(chief, grid=GRID_A)
    mover = script.actor(lambda: village.door.edit(SYSTEM, record, {"grid": GRID_B})).to("commit")
    reading = script.actor(chief.exchange).to("feeds")
    mover.end()
    reading.end()
    assert [feed for feed, members in chief.replica.members.items() if record in members] == [
        f"grid:{GRID_A}"
    ]
    chief.sync()
    assert [feed for feed, members in chief.replica.members.items() if record in members] == [
        f"grid:{GRID_B}"
    ]
    assert record in chief


def test_two_moves_of_one_record_in_opposite_directions_end_in_one_feed(village, script):
    chief = village.tablet(GRID_A, GRID_B)
    record = village.household(chief, grid=GRID_A)

    def move(grid):
        return lambda: village.door.edit(SYSTEM, record, {"grid": grid})

    second_comes_while_first_commits(script, move(GRID_B), move(GRID_A))
    chief.sync()
    assert chief[record].fields["grid"] == GRID_A
    assert [feed for feed, members in chief.replica.members.items() if record in members] == [
        f"grid:{GRID_A}"
    ]
