"""Cursors never skip: a number is given under a lock that is held until the commit."""

from __future__ import annotations

import pytest

from tests.conformance.batches import (
    FEED_A,
    FEED_B,
    GRID_A,
    GRID_B,
    Batch,
    assert_digests,
    created,
    saved,
)


def creating(store, *grids):
    """A transaction that creates a household in each of these grids, in this order."""

    def create():
        batch = Batch()
        made = [batch.create(grid=grid).id for grid in grids]
        saved(store, batch)
        return made

    return create


class Follower:
    """Reads feeds from where it stopped, as a device does."""

    def __init__(self, store):
        self.store = store
        self.positions = {FEED_A: 0, FEED_B: 0}
        self.seen = []

    def look(self):
        with self.store.read() as snapshot:
            for feed, position in self.positions.items():
                for entry in snapshot.entries(feed, after=position, limit=100):
                    self.seen.append(entry.record)
                    self.positions[feed] = entry.seq
        return self.seen


def test_a_pull_between_a_number_and_its_commit_skips_nothing(database, script):
    """A slow writer has its number; a quick one comes after; a follower looks at every moment."""
    store, follower = script.store(database), Follower(database)
    slow = script.actor(creating(store, GRID_A)).to("commit")
    assert follower.look() == []
    quick = script.actor(creating(store, GRID_A)).go()
    script.waits(quick)
    assert follower.look() == [], "the quick one has no number yet"
    slow.to("committed")
    quick.end()
    assert follower.look() == [*slow.end(), *quick.result]
    with database.read() as snapshot:
        assert_digests(snapshot, FEED_A)


def test_a_number_that_is_rolled_back_is_given_again_and_nobody_saw_it(database, script):
    store, follower = script.store(database), Follower(database)

    def fail():
        batch = Batch()
        batch.create(grid=GRID_A)
        with store.write() as tx:
            tx.save(batch.changes)
            raise KeyError("the process failed here")

    failing = script.actor(fail).to("save done")
    quick = script.actor(creating(store, GRID_A)).go()
    script.waits(quick)
    assert follower.look() == []
    with pytest.raises(KeyError):
        failing.end()
    quick.end()
    assert follower.look() == quick.result
    assert follower.positions[FEED_A] == 1


def test_writers_of_different_feeds_wait_for_nobody_and_the_later_number_may_come_first(
    postgres, postgres_script
):
    """The lock is of one feed: a slow one holds no other feed up, and its own order stays."""
    script = postgres_script
    store, follower = script.store(postgres), Follower(postgres)
    created(postgres, grid=GRID_A)
    created(postgres, grid=GRID_B)
    follower.look()
    slow = script.actor(creating(store, GRID_A)).to("commit")
    other = creating(postgres, GRID_B)()
    assert follower.look()[2:] == other
    late = slow.end()
    assert follower.look()[3:] == late


def test_writers_who_name_feeds_in_opposite_orders_wait_in_one_order(postgres, postgres_script):
    """Both come to the first feed first: whoever held the second and wanted it would be stuck."""
    script = postgres_script
    store = script.store(postgres)
    created(postgres, grid=GRID_A)
    created(postgres, grid=GRID_B)

    def hold_the_first_feed():
        with store.write() as tx:
            tx.cursor.execute("SELECT 1 FROM feed WHERE name = %s FOR UPDATE", (FEED_A,))
            script.reach("held")

    holder = script.actor(hold_the_first_feed).to("held")
    forth = script.actor(creating(store, GRID_A, GRID_B)).go()
    script.waits(forth)
    back = script.actor(creating(store, GRID_B, GRID_A)).go()
    script.waits(back, others=1)
    holder.end()
    forth.end()
    back.end()
    with postgres.read() as snapshot:
        assert snapshot.feeds([FEED_A])[FEED_A].count == 3
        assert_digests(snapshot, FEED_A, FEED_B)


def test_two_who_make_the_same_new_feed_at_once_share_it(database, script):
    store, follower = script.store(database), Follower(database)
    first = script.actor(creating(store, GRID_A, GRID_B)).to("commit")
    second = script.actor(creating(store, GRID_B, GRID_A)).go()
    script.waits(second)
    made = [*first.end(), *second.end()]
    assert sorted(follower.look()) == sorted(made)
    with database.read() as snapshot:
        assert_digests(snapshot, FEED_A, FEED_B)
