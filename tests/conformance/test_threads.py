"""Many at once: snapshots, turns, and readers who follow while others write."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

from server.records import CATALOGUE
from server.store import Busy
from sync.authority import Authority
from sync.authority import Batch as AuthorityBatch
from sync.scope import SYSTEM
from tests.conformance.batches import (
    FEED_A,
    FEED_B,
    GRID_A,
    GRID_B,
    Batch,
    assert_digests,
    created,
    edited,
    new_id,
    new_stamp,
    saved,
)

WRITERS = 4


def until_it_is_free(action):
    """Repeat a batch while the store is busy, as an exchange does."""
    for _ in range(200):
        try:
            return action()
        except Busy:
            continue
    raise AssertionError("the store was busy for too long")


def by_all(action, times):
    with ThreadPoolExecutor(WRITERS) as pool:
        for one in [pool.submit(until_it_is_free, action) for _ in range(times)]:
            one.result()


def test_a_reader_keeps_its_snapshot_while_others_write(shared_store):
    record = created(shared_store)
    with shared_store.read() as snapshot:
        before = snapshot.entries(FEED_A, after=0, limit=10)
        changed = edited(shared_store, record.id, phone="1")
        created(shared_store)
        assert snapshot.entries(FEED_A, after=0, limit=10) == before
        assert snapshot.feeds([FEED_A])[FEED_A].seq == 1
        assert snapshot.operations([changed.head]) == {}
        assert snapshot.records([record.id])[record.id].head == record.head
    with shared_store.read() as snapshot:
        assert snapshot.feeds([FEED_A])[FEED_A].seq == 3


def test_writers_of_one_record_take_turns(shared_store):
    record = created(shared_store, visits=0)

    def visit():
        with shared_store.write() as tx:
            state = tx.records([record.id])[record.id]
            batch = Batch()
            batch.edit(state, visits=state.get("visits") + 1)
            tx.save(batch.changes)

    by_all(visit, 40)
    with shared_store.read() as tx:
        assert tx.records([record.id])[record.id].get("visits") == 40
        assert len(tx.history(record.id)) == 41
        assert tx.feeds([FEED_A])[FEED_A].seq == 41
        assert_digests(tx, FEED_A)


def test_a_reader_who_follows_a_feed_misses_nothing(shared_store):
    """Commit order is sequence order, also where batches touch feeds in opposite order."""
    made, seen, ended = set(), set(), threading.Event()
    turn = threading.Lock()

    def create():
        batch = Batch()
        with turn:
            grids = (GRID_A, GRID_B) if len(made) % 2 else (GRID_B, GRID_A)
            created_now = [batch.create(grid=grid).id for grid in grids]
        saved(shared_store, batch)
        with turn:
            made.update(created_now)

    def follow():
        positions = {FEED_A: 0, FEED_B: 0}
        while True:
            last = ended.is_set()
            with shared_store.read() as tx:
                for feed, position in positions.items():
                    for entry in tx.entries(feed, after=position, limit=50):
                        seen.add(entry.record)
                        positions[feed] = entry.seq
            if last:
                return

    reader = threading.Thread(target=follow)
    reader.start()
    try:
        by_all(create, 60)
    finally:
        ended.set()
        reader.join()
    assert len(made) == 120
    assert seen == made


def test_two_who_create_the_same_record_end_with_one(shared_store):
    record, outcomes = new_id(), []
    start = threading.Barrier(WRITERS)

    def create():
        with shared_store.write() as tx:
            if tx.records([record]):
                outcomes.append("exists")
                return
            batch = Batch()
            batch.create(record)
            tx.save(batch.changes)
        outcomes.append("created")

    def together(_number):
        start.wait()
        until_it_is_free(create)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(together, range(WRITERS)))
    assert sorted(outcomes) == ["created", *["exists"] * (WRITERS - 1)]
    with shared_store.read() as tx:
        assert tx.feeds([FEED_A])[FEED_A].count == 1
        assert_digests(tx, FEED_A)


def test_batches_over_the_same_records_in_opposite_orders_all_end(shared_store):
    batch = Batch()
    ids = [batch.create(grid=grid).id for grid in (GRID_A, GRID_B) * 3]
    saved(shared_store, batch)
    order = itertools.cycle([ids, ids[::-1]])
    turn = threading.Lock()

    def edit():
        with turn:
            mine = next(order)
        with shared_store.write() as tx:
            found = tx.records(mine)
            batch = Batch()
            for one in mine:
                batch.edit(found[one], visits=(found[one].get("visits") or 0) + 1)
            tx.save(batch.changes)

    by_all(edit, 30)
    with shared_store.read() as tx:
        assert [tx.records([one])[one].get("visits") for one in ids] == [30] * 6
        assert_digests(tx, FEED_A, FEED_B)


def test_of_many_who_make_the_same_at_once_each_but_the_first_sees_the_others(shared_store):
    """A create asks who has its identity key: two that ask at once take turns."""
    stamps = itertools.count(1)
    authority = Authority(
        CATALOGUE,
        next_stamp=lambda _now_ms: f"{next(stamps):012x}-0001-srv000000000",
        new_id=lambda _now_ms: new_id(),
    )
    door = {"grid": GRID_A, "compound": "凯德花园", "entrance": "1", "room": "101"}
    codes = []

    def make():
        raw = {
            "stamp": new_stamp(), "type": "household", "record": new_id(), "kind": "create",
            "fields": door, "actor": "u1", "at": 1,
        }  # fmt: skip
        with shared_store.write() as tx:
            (ack,) = authority.accept(tx, AuthorityBatch([raw], SYSTEM, 1_000)).acks
        codes.append(ack.problem.code if ack.problem is not None else "")

    by_all(make, 12)
    assert sorted(codes) == ["", *["duplicate"] * 11]
