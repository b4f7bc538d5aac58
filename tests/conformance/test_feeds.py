"""Records, the entries that tell where they are, and the digests of feeds."""

from __future__ import annotations

import pytest

from sync.identity import keys_of
from sync.store import Changes, FeedState, Movement
from tests.conformance.batches import (
    BUILDING,
    FEED_A,
    FEED_B,
    FEED_BUILDING,
    FEED_C,
    GRID_A,
    GRID_B,
    GRID_C,
    HOUSEHOLD,
    Batch,
    assert_digests,
    created,
    edited,
    new_id,
    new_stamp,
    saved,
    whole,
)


def told(record):
    """Everything that a record holds."""
    return (*record.row(), record.tail, record.deleted, record.spec.name)


def places(store, feed):
    with store.read() as tx:
        return {one.record: (one.seq, one.state) for one in whole(tx, feed)}


def test_a_record_is_read_back_with_all_it_holds(store):
    record = created(store, phone="139", tags=["veteran"], log=[["s", 1, "u", "文"]], unknown=[1])
    with store.write() as tx:
        record = tx.records([record.id])[record.id]
        batch = Batch()
        batch.edit(record, phone="138", other={"a": None})
        record.flag("phone")
        tx.save(batch.changes)
    with store.read() as tx:
        found = tx.records([record.id, new_id()])
    assert list(found) == [record.id]
    assert told(found[record.id]) == told(record)


def test_a_deleted_record_is_still_read(store):
    record = edited(store, created(store).id, deleted=True)
    with store.read() as tx:
        assert told(tx.records([record.id])[record.id]) == told(record)


def test_a_change_of_the_tail_alone_writes_no_row_and_moves_no_entry(store):
    record = created(store, phone="1")
    with store.write() as tx:
        state = tx.records([record.id])[record.id]
        batch = Batch()
        stamp = batch.note(state)
        state.values[0] = "must not be stored"
        tx.save(batch.changes)
    with store.read() as tx:
        found = tx.records([record.id])[record.id]
        assert (found.head, found.tail, found.get("grid")) == (record.head, stamp, GRID_A)
        assert tx.feeds([FEED_A])[FEED_A].seq == 1
        assert_digests(tx, FEED_A)


def test_entries_come_in_order_from_a_position_and_no_more_than_asked(store):
    batch = Batch()
    made = [batch.create() for _ in range(7)]
    saved(store, batch)
    with store.read() as tx:
        assert [one.record for one in whole(tx, FEED_A)] == [one.id for one in made]
        page = tx.entries(FEED_A, after=2, limit=3)
        assert [(one.seq, one.record) for one in page] == [(n, made[n - 1].id) for n in (3, 4, 5)]
        assert tx.entries(FEED_A, after=7, limit=3) == []
        assert tx.entries(FEED_B, after=0, limit=3) == []


def test_an_entry_carries_the_stored_row(store):
    record = created(store, householder="杨秀英")
    with store.read() as tx:
        (entry,) = whole(tx, FEED_A)
    assert entry == (
        1,
        record.id,
        "live",
        "household",
        record.head,
        store.codec.dumps(record.row()),
    )


def test_an_edit_moves_one_entry_to_the_end_and_leaves_the_others_alone(store):
    batch = Batch()
    first, *others = [batch.create() for _ in range(5)]
    elsewhere = batch.create(grid=GRID_B)
    saved(store, batch)
    edited(store, first.id, phone="1")
    assert places(store, FEED_A) == {
        **{one.id: (n, "live") for n, one in enumerate(others, 2)},
        first.id: (6, "live"),
    }
    assert places(store, FEED_B) == {elsewhere.id: (1, "live")}
    with store.read() as tx:
        assert tx.feeds([FEED_A])[FEED_A].seq == 6
        assert_digests(tx, FEED_A, FEED_B)


def test_a_record_is_in_each_of_its_feeds(store):
    record = created(store, building=BUILDING)
    with store.read() as tx:
        (in_grid,), (in_building,) = whole(tx, FEED_A), whole(tx, FEED_BUILDING)
        assert in_grid.row == in_building.row == store.codec.dumps(record.row())
        assert_digests(tx, FEED_A, FEED_BUILDING)


def test_a_deleted_record_is_told_as_deleted_and_leaves_the_digest(store):
    record = edited(store, created(store, building=BUILDING).id, deleted=True)
    for feed in (FEED_A, FEED_BUILDING):
        with store.read() as tx:
            (entry,) = whole(tx, feed)
            assert entry == (2, record.id, "deleted", "household", record.head, None)
            assert tx.feeds([feed])[feed] == FeedState(seq=2, count=0, sum=0)


def test_a_restored_record_is_live_again(store):
    record = edited(store, edited(store, created(store).id, deleted=True).id, deleted=False)
    assert places(store, FEED_A) == {record.id: (3, "live")}
    with store.read() as tx:
        assert_digests(tx, FEED_A)


def test_a_record_that_moves_has_left_one_feed_and_is_live_in_the_other(store):
    record = created(store, building=BUILDING)
    moved = edited(store, record.id, grid=GRID_B)
    assert places(store, FEED_A) == {record.id: (2, "left")}
    assert places(store, FEED_B) == {record.id: (1, "live")}
    assert places(store, FEED_BUILDING) == {record.id: (2, "live")}
    with store.read() as tx:
        (entry,) = whole(tx, FEED_B)
        assert entry.row == store.codec.dumps(moved.row())
        (left,) = whole(tx, FEED_A)
        assert (left.type, left.row) == ("household", None)
        assert_digests(tx, FEED_A, FEED_B, FEED_BUILDING)


def test_what_left_is_still_told_after_the_record_went_on(store):
    record = created(store)
    edited(store, record.id, grid=GRID_B)
    last = edited(store, record.id, grid=GRID_C)
    with store.read() as tx:
        for feed in (FEED_A, FEED_B):
            (entry,) = whole(tx, feed)
            assert entry == (2, record.id, "left", "household", last.head, None)
        assert_digests(tx, FEED_A, FEED_B, FEED_C)


def test_a_record_that_comes_back_has_one_entry(store):
    record = created(store)
    edited(store, record.id, grid=GRID_B)
    edited(store, record.id, grid=GRID_A)
    assert places(store, FEED_A) == {record.id: (3, "live")}
    assert places(store, FEED_B) == {record.id: (2, "left")}
    with store.read() as tx:
        assert_digests(tx, FEED_A, FEED_B)


def test_a_record_can_leave_one_feed_and_stay_in_its_home(store):
    record = edited(store, created(store, building=BUILDING).id, building=None)
    assert places(store, FEED_A) == {record.id: (2, "live")}
    assert places(store, FEED_BUILDING) == {record.id: (2, "left")}


def test_a_record_in_no_feed_is_kept_and_found_again(store):
    record = edited(store, created(store).id, grid=None)
    assert places(store, FEED_A) == {record.id: (2, "left")}
    with store.read() as tx:
        assert told(tx.records([record.id])[record.id]) == told(record)
        assert tx.feeds([FEED_A])[FEED_A][1:3] == (0, 0)
    edited(store, record.id, grid=GRID_B)
    assert places(store, FEED_B) == {record.id: (1, "live")}


def test_a_record_that_is_deleted_and_moved_at_once_is_told_in_both_feeds(store):
    record = edited(store, created(store).id, grid=GRID_B, deleted=True)
    assert places(store, FEED_A) == {record.id: (2, "left")}
    assert places(store, FEED_B) == {record.id: (1, "deleted")}
    with store.read() as tx:
        assert_digests(tx, FEED_A, FEED_B)


def test_a_mixed_batch_keeps_digests_right(store):
    batch = Batch()
    made = [batch.create(building=BUILDING if n % 2 else None) for n in range(12)]
    saved(store, batch)
    with store.write() as tx:
        found = tx.records([one.id for one in made])
        batch = Batch()
        for number, one in enumerate(found[record.id] for record in made):
            if number % 4 == 0:
                batch.edit(one, phone=str(number))
            elif number % 4 == 1:
                batch.edit(one, grid=GRID_B)
            elif number % 4 == 2:
                batch.edit(one, deleted=True)
        batch.create(grid=GRID_B)
        tx.save(batch.changes)
    with store.read() as tx:
        assert_digests(tx, FEED_A, FEED_B, FEED_BUILDING)
        assert tx.feeds([FEED_A, FEED_C])[FEED_A].count == 6


@pytest.mark.parametrize("number", [3, 400])
def test_beyond_finds_records_with_entries_after_a_position(store, number):
    batch = Batch()
    made = [batch.create() for _ in range(number)]
    other = batch.create(grid=GRID_B, building=BUILDING)
    saved(store, batch)
    first, last = made[0].id, made[-1].id
    wanted = [first, last, other.id, new_id()]
    with store.write() as tx:
        assert tx.beyond({FEED_A: 0}, wanted) == {first, last}
        assert tx.beyond({FEED_A: 1}, wanted) == {last}
        assert tx.beyond({FEED_A: number}, wanted) == set()
        assert tx.beyond({FEED_A: number, FEED_BUILDING: 0}, wanted) == {other.id}
        assert tx.beyond({FEED_A: number + 9, "grid:none": 0}, wanted) == set()
        assert tx.beyond({FEED_A: 0}, [other.id]) == set()


def test_placed_tells_where_records_are_and_in_which_state(store):
    record = created(store, building=BUILDING)
    edited(store, record.id, grid=GRID_B)
    other = created(store)
    with store.write() as tx:
        found = tx.placed([FEED_A, FEED_BUILDING, FEED_C], [record.id, other.id, new_id()])
        assert found == {
            record.id: {FEED_A: (2, "left"), FEED_BUILDING: (2, "live")},
            other.id: {FEED_A: (3, "live")},
        }


def test_a_later_save_sees_what_an_earlier_one_did(store):
    batch = Batch()
    record = batch.create()
    with store.write() as tx:
        tx.save(batch.changes)
        again = tx.records([record.id])[record.id]
        assert told(again) == told(record)
        second = Batch()
        second.edit(again, grid=GRID_B, phone="1")
        tx.save(second.changes)
        assert tx.feeds([FEED_A, FEED_B])[FEED_B].seq == 1
        third = Batch()
        third.edit(again, phone="2")
        tx.save(third.changes)
    assert places(store, FEED_A) == {record.id: (2, "left")}
    assert places(store, FEED_B) == {record.id: (2, "live")}
    with store.read() as tx:
        assert told(tx.records([record.id])[record.id]) == told(again)
        assert tx.history(record.id)[0].stamp == again.tail
        assert_digests(tx, FEED_A, FEED_B)


def test_a_write_that_fails_leaves_nothing_behind(store):
    record = created(store)

    def fail():
        with store.write() as tx:
            state = tx.records([record.id])[record.id]
            batch = Batch()
            batch.edit(state, phone="1", grid=GRID_B)
            batch.create(grid=GRID_C)
            tx.save(batch.changes)
            raise RuntimeError("the power went")

    for _ in range(2):
        with pytest.raises(RuntimeError, match="the power went"):
            fail()
    with store.read() as tx:
        assert told(tx.records([record.id])[record.id]) == told(record)
        assert list(tx.feeds([FEED_A, FEED_B, FEED_C])) == [FEED_A]
        assert len(tx.history(record.id)) == 1
        assert_digests(tx, FEED_A)
    # A feed that was made by what failed is made again.
    edited(store, record.id, grid=GRID_B)
    assert places(store, FEED_B) == {record.id: (1, "live")}
    assert places(store, FEED_C) == {}


def test_changing_a_record_that_was_read_does_not_change_the_stored_one(store):
    record = created(store, tags=["veteran"])
    with store.read() as tx:
        tx.records([record.id])[record.id].values[10].append("volunteer")
    with store.read() as tx:
        assert tx.records([record.id])[record.id].get("tags") == ["veteran"]


def test_saving_nothing_changes_nothing(store):
    created(store)
    with store.write() as tx:
        tx.save(Changes())
    with store.read() as tx:
        assert tx.feeds([FEED_A])[FEED_A].seq == 1
        assert tx.operations([new_stamp()]) == {}


# Identity --------------------------------------------------------------------------------------

DOOR = {"compound": "凯德花园", "building": BUILDING, "entrance": "1", "room": "101"}


def keys(**values):
    return keys_of(HOUSEHOLD, [values.get(one.name) for one in HOUSEHOLD.fields])


def sharing(store, *found):
    with store.write() as tx:
        return tx.sharing(found)


def test_records_with_one_identity_key_are_found_by_it(store):
    first, second, other = created(store, **DOOR), created(store, **DOOR), created(store)
    (key,) = keys(**DOOR)
    assert sharing(store, key, key + 1) == {key: sorted([first.id, second.id])}
    assert sharing(store) == {} and keys(**other_values(other)) == ()


def other_values(record):
    return {one.name: record.get(one.name) for one in HOUSEHOLD.fields}


def test_a_key_goes_with_the_door_and_with_the_record(store):
    (key,), (moved,) = keys(**DOOR), keys(**{**DOOR, "room": "102"})
    record = created(store, **DOOR)
    edited(store, record.id, phone="1")
    assert sharing(store, key) == {key: [record.id]}
    edited(store, record.id, room="102")
    assert sharing(store, key, moved) == {moved: [record.id]}
    edited(store, record.id, deleted=True)
    assert sharing(store, key, moved) == {}
    edited(store, record.id, deleted=False)
    assert sharing(store, key, moved) == {moved: [record.id]}


def test_a_door_is_read_as_people_read_it(store):
    record = created(store, **{**DOOR, "compound": " 凯德花园", "entrance": "１"})
    (key,) = keys(**DOOR)
    assert sharing(store, key) == {key: [record.id]}


# Merged records --------------------------------------------------------------------------------


def test_a_merged_record_is_told_with_the_one_that_stands_for_it(store):
    record, into = created(store), created(store)
    with store.write() as tx:
        found = tx.records([record.id])[record.id]
        batch = Batch()
        found.into = into.id
        batch.edit(found, deleted=True)
        batch.changes.told.append(Movement(FEED_C, record.id, FEED_A, "alias", True))
        tx.save(batch.changes)
    with store.read() as tx:
        assert tx.records([record.id])[record.id].into == into.id
        for feed, state in ((FEED_A, "merged"), (FEED_C, "alias")):
            entry = whole(tx, feed)[-1]
            assert (entry.record, entry.state, entry.row) == (record.id, state, into.id.encode())
        assert_digests(tx, FEED_A, FEED_C)


@pytest.mark.parametrize("is_stored_before", [True, False])
def test_a_record_that_is_deleted_already_can_still_be_merged(store, is_stored_before):
    """As it is where one person deletes it while another merges it, offline."""
    into, batch = created(store), Batch()
    if is_stored_before:
        record = created(store)
        edited(store, record.id, deleted=True)
        with store.write() as tx:
            record = tx.records([record.id])[record.id]
            record.into = into.id
            batch.edit(record)
            tx.save(batch.changes)
    else:
        record = batch.create()
        record.deleted, record.into = True, into.id
        saved(store, batch)
    with store.read() as tx:
        assert tx.records([record.id])[record.id].into == into.id
        assert whole(tx, FEED_A)[-1].state == "merged"
        assert_digests(tx, FEED_A)
    with store.write() as tx:
        record, batch = tx.records([record.id])[record.id], Batch()
        record.into = None
        batch.edit(record, deleted=False)
        tx.save(batch.changes)
    with store.read() as tx:
        assert tx.records([record.id])[record.id].into is None
        assert whole(tx, FEED_A)[-1].state == "live"


def test_a_feed_that_only_refers_is_told_when_a_record_stands_for_itself_again(store):
    record = created(store)
    with store.write() as tx:
        tx.save(Changes(told=[Movement(FEED_C, record.id, FEED_A, "parted", True)]))
    with store.read() as tx:
        (entry,) = whole(tx, FEED_C)
        assert (entry.record, entry.state, entry.row) == (record.id, "parted", None)
        assert_digests(tx, FEED_C)


def test_a_reference_that_nothing_looks_up_is_found_too(store):
    record = created(store, origin=None)
    with store.read() as tx:
        assert tx.referring("household", "building", BUILDING) == []
        assert tx.referring("household", "origin", None) == [record.id]


# Compaction ------------------------------------------------------------------------------------


def compacted(store, *, marked_ms, before_ms):
    with store.write() as tx:
        tx.mark_feeds(marked_ms)
        return tx.compact(before_ms=before_ms)


def test_what_is_gone_is_purged_when_it_is_older_than_a_mark(store):
    kept, moved, gone = (created(store) for _ in range(3))
    edited(store, moved.id, grid=GRID_B)
    edited(store, gone.id, deleted=True)
    assert compacted(store, marked_ms=10, before_ms=9) == 0
    late = edited(store, created(store).id, deleted=True)
    assert compacted(store, marked_ms=20, before_ms=19) == 2
    assert set(places(store, FEED_A)) == {kept.id, late.id}
    with store.read() as tx:
        state = tx.feeds([FEED_A])[FEED_A]
        assert (state.purged, state.seq) == (5, 7)
        assert_digests(tx, FEED_A, FEED_B)
    assert compacted(store, marked_ms=30, before_ms=19) == 0
    assert compacted(store, marked_ms=30, before_ms=30) == 1


def test_what_tells_of_aliases_is_never_purged(store):
    record = created(store)
    told = [Movement(FEED_C, record.id, FEED_A, "alias", True)]
    ended = [Movement(FEED_B, record.id, FEED_A, "parted", True)]
    with store.write() as tx:
        found = tx.records([record.id])[record.id]
        batch = Batch()
        found.into = new_id()
        batch.edit(found, deleted=True)
        batch.changes.told += [*told, *ended]
        tx.save(batch.changes)
    assert compacted(store, marked_ms=1, before_ms=1) == 1
    assert [places(store, feed) for feed in (FEED_A, FEED_B, FEED_C)] == [
        {record.id: (2, "merged")},
        {},
        {record.id: (1, "alias")},
    ]


def test_what_was_purged_comes_back_with_its_record(store):
    record = edited(store, created(store).id, deleted=True)
    assert compacted(store, marked_ms=1, before_ms=1) == 1
    edited(store, record.id, deleted=False)
    assert places(store, FEED_A) == {record.id: (3, "live")}


def test_a_new_history_has_another_epoch(store):
    with store.read() as tx:
        before = tx.epoch()
    with store.write() as tx:
        tx.set_epoch("e2")
        assert tx.epoch() == "e2"
    with store.read() as tx:
        assert tx.epoch() == "e2"
    with store.write() as tx:
        tx.set_epoch(before)
