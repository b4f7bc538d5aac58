"""Operations, their history, and what waits for something or somebody."""

from __future__ import annotations

from dataclasses import replace

from sync.store import Aside, Changes, Conflict, Held, Stray
from tests.conformance.batches import (
    Batch,
    created,
    edited,
    new_id,
    new_stamp,
    operation,
    saved,
)


def kept(store, *operations):
    with store.write() as tx:
        tx.save(Changes(operations=list(operations)))


def test_a_new_store_holds_nothing_and_has_its_epoch(store):
    with store.read() as tx:
        assert tx.epoch() == "e1"
        assert tx.operations([new_stamp()]) == {}
        assert tx.records([new_id()]) == {}
        assert tx.conflicts([new_stamp()]) == {}
        assert tx.history(new_id()) == []
        assert tx.feeds(["shared"]) == {}
        assert tx.entries("shared", after=0, limit=10) == []


def test_asking_for_nothing_finds_nothing(store):
    with store.write() as tx:
        assert tx.operations([]) == tx.records([]) == tx.conflicts([]) == tx.feeds([]) == {}
        assert tx.waiting([]) == []
        assert tx.held([]) == tx.placed([], []) == {}
        assert tx.beyond({}, []) == tx.beyond({"shared": 0}, []) == set()
        tx.save(Changes())


def test_an_operation_is_read_back_as_it_was_saved(store):
    raw = {"stamp": "s", "fields": {"name": "杨", "n": 2**53, "f": 1.5, "none": None}, "x": [True]}
    one = operation(
        new_stamp(),
        new_id(),
        outcome="conflict",
        code="concurrent",
        late=True,
        at=-1,
        prev=new_stamp(),
        cause=new_stamp(),
        conflict=new_stamp(),
        was={"phone": ["139", new_stamp()], "tags": [None, new_stamp()]},
        raw=raw,
    )
    kept(store, one)
    with store.read() as tx:
        found = tx.operations([one.stamp, new_stamp()])
    assert found == {one.stamp: one}
    assert found[one.stamp].late is True


def test_an_operation_with_a_lone_surrogate_is_kept_as_it_came(store):
    one = operation(new_stamp(), new_id(), raw={"fields": {"name": "a\ud800b"}})
    kept(store, one)
    with store.read() as tx:
        assert tx.operations([one.stamp])[one.stamp].raw == one.raw


def test_a_revised_operation_replaces_the_first(store):
    first, other = operation(new_stamp(), new_id(), outcome="held"), operation(new_stamp(), "r")
    kept(store, first, other)
    second = first._replace(outcome="merged", code="needs", prev=new_stamp(), was={})
    with store.write() as tx:
        tx.save(Changes(revised=[second]))
    with store.read() as tx:
        found = tx.operations([first.stamp, other.stamp])
    assert found == {first.stamp: second, other.stamp: other}


def test_many_operations_are_read_by_one_set(store):
    many = [operation(new_stamp(), new_id()) for _ in range(2_000)]
    kept(store, *many)
    with store.read() as tx:
        assert len(tx.operations([one.stamp for one in many])) == 2_000


def test_history_is_newest_first_and_follows_operations_that_changed_no_row(store):
    batch = Batch()
    record = batch.create()
    saved(store, batch)
    first = record.tail
    second = edited(store, record.id, phone="1").tail
    with store.write() as tx:
        record = tx.records([record.id])[record.id]
        batch = Batch()
        third = batch.note(record, outcome="merged")
        fourth = batch.edit(record, phone="2")
        tx.save(batch.changes)
    with store.read() as tx:
        past = [one.stamp for one in tx.history(record.id)]
        assert past == [fourth, third, second, first]
        assert [one.stamp for one in tx.history(record.id, until=third)] == [fourth, third]
        assert [one.stamp for one in tx.history(record.id, until=new_stamp())] == past


def test_an_operation_that_is_not_applied_is_in_no_history(store):
    record = created(store)
    kept(store, operation(new_stamp(), record.id, outcome="held"))
    with store.read() as tx:
        assert [one.stamp for one in tx.history(record.id)] == [record.tail]


def conflict(**members) -> Conflict:
    part = {"code": "concurrent", "server": "甲", "device": "乙", "closed_by": None}
    plain = {"id": new_stamp(), "record": new_id(), "type": "household", "feed": "grid:1"}
    return Conflict(**{**plain, "actor": "u1", "opened": 5, "fields": {"phone": part}, **members})


def test_a_conflict_replaces_the_one_with_its_id(store):
    one, other = conflict(), conflict()
    with store.write() as tx:
        tx.save(Changes(conflicts=[one, other]))
    closed = replace(one, closed=9, closed_by=new_stamp(), fields={})
    with store.write() as tx:
        tx.save(Changes(conflicts=[closed]))
    with store.read() as tx:
        assert tx.conflicts([one.id, other.id]) == {one.id: closed, other.id: other}


def test_changing_a_conflict_that_was_read_does_not_change_the_stored_one(store):
    one = conflict()
    with store.write() as tx:
        tx.save(Changes(conflicts=[one]))
    with store.read() as tx:
        tx.conflicts([one.id])[one.id].fields["phone"]["closed_by"] = "somebody"
    with store.read() as tx:
        assert tx.conflicts([one.id])[one.id].open_fields() == ["phone"]


def test_the_open_conflicts_of_a_record_are_those_not_closed(store):
    record = new_id()
    first, second = conflict(record=record), conflict(record=record)
    closed = conflict(record=record, closed=1)
    with store.write() as tx:
        tx.save(Changes(conflicts=[second, closed, first, conflict()]))
        assert tx.open_conflicts(record) == sorted([first.id, second.id])
        assert tx.open_conflicts(new_id()) == []


def held(**members) -> Held:
    plain = {"stamp": new_stamp(), "record": new_id(), "needs": None, "code": "needs", "since": 7}
    return Held(**{**plain, "role": "grid_worker", "feeds": ("grid:1", "shared"), **members})


def test_what_waits_is_found_by_its_stamp_and_by_what_it_needs(store):
    needed, other = new_stamp(), new_stamp()
    second, first = (held(needs=needed, feeds=None) for _ in range(2))
    first, second = sorted([first, second])
    for_person = held()
    with store.write() as tx:
        tx.save(Changes(held=[second, for_person, held(needs=other), first]))
    with store.write() as tx:
        assert tx.waiting([needed, new_stamp()]) == [first, second]
        wanted = [first.stamp, for_person.stamp, new_stamp()]
        assert tx.held(wanted) == {first.stamp: first, for_person.stamp: for_person}


def test_what_is_held_again_replaces_and_what_is_released_is_gone(store):
    one, other = held(needs=new_stamp()), held()
    with store.write() as tx:
        tx.save(Changes(held=[one, other]))
    again = one._replace(needs=new_stamp(), code="review")
    with store.write() as tx:
        tx.save(Changes(held=[again], released=[other.stamp, new_stamp()]))
    with store.write() as tx:
        assert tx.waiting([one.needs]) == []
        assert tx.waiting([again.needs]) == [again]
        assert tx.held([one.stamp, other.stamp]) == {one.stamp: again}


def test_setting_the_same_aside_twice_keeps_it_once(store):
    one = Aside("d1", "k7m2p9q4", "u1", None, "malformed", 5, b"{}\xff")
    for received in (5, 6):
        with store.write() as tx:
            tx.save(
                Changes(aside=[one._replace(received=received), one._replace(id=f"d{received}")])
            )


def test_the_held_members_of_a_group_are_found_by_its_name(store):
    second, first, other = held(group="a:g"), held(group="a:g"), held(group="b:g")
    first, second = sorted([first, second])
    with store.write() as tx:
        tx.save(Changes(held=[second, held(), other, first]))
    with store.write() as tx:
        assert tx.group("a:g") == [first, second]
        tx.save(Changes(released=[first.stamp]))
        assert tx.group("a:g") == [second] and tx.group("c:g") == []


def test_what_is_due_is_what_was_held_with_a_code_before_then(store):
    later, older, other = held(since=6), held(since=3), held(since=1, code="review")
    with store.write() as tx:
        tx.save(Changes(held=[later, older, other, held(since=7)]))
    with store.write() as tx:
        assert tx.due("needs", before_ms=7, limit=9) == [older, later]
        assert tx.due("needs", before_ms=7, limit=1) == [older]


# Ids that name no live record ------------------------------------------------------------------


def test_strays_are_kept_by_record_and_feed_until_they_are_found(store):
    record, into = new_id(), new_id()
    whole = Stray(record, "", into, new_stamp())
    told = Stray(record, "grid:1", into, whole.stamp)
    kept = Stray(new_id(), "", None, new_stamp())
    with store.write() as tx:
        tx.save(Changes(strays=[told, kept, whole]))
    with store.read() as tx:
        assert tx.strays([record, new_id()]) == [whole, told]
        assert sorted(tx.strays([record, kept.record])) == sorted([whole, told, kept])
        assert tx.merged_into(into) == [record] and tx.merged_into(record) == []
        assert tx.strays([]) == []
    again = kept._replace(stamp=new_stamp())
    with store.write() as tx:
        tx.save(Changes(strays=[again], found=[whole, told]))
    with store.read() as tx:
        assert tx.strays([record, kept.record]) == [again]
        assert tx.merged_into(into) == []
