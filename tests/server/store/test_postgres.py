"""PostgreSQL's own matters: locks on rows, meeting others, and a server that was restarted."""

from __future__ import annotations

import threading

import psycopg
import pytest

from server.store import Busy, PostgresStore
from tests.conformance.batches import FEED_A, Batch, assert_digests, created, edited, saved


def test_the_url_decides_which_store_is_opened(postgres_store):
    assert isinstance(postgres_store, PostgresStore)


def test_a_snapshot_writes_nothing_and_a_writer_after_it_does(postgres_store):
    def write_in_a_snapshot():
        with postgres_store.read() as tx:
            tx.cursor.execute("DELETE FROM record")

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        write_in_a_snapshot()
    # The connection goes back to the pool as it was.
    record = created(postgres_store)
    assert edited(postgres_store, record.id, phone="1").get("phone") == "1"


def test_who_meets_the_same_stamp_is_told_to_repeat(postgres_store):
    """Two exchanges hand in the same operation: one waits for the other, and then repeats."""
    batch = Batch()
    batch.create()
    outcomes = []

    def hand_in():
        try:
            saved(postgres_store, batch)
            outcomes.append("stored")
        except Busy:
            outcomes.append("busy")

    with postgres_store.write() as tx:
        tx.save(batch.changes)
        other = threading.Thread(target=hand_in)
        other.start()
        other.join(0.3)
        assert outcomes == []
    other.join()
    assert outcomes == ["busy"]


def test_two_who_wait_for_each_other_do_not_both_fail(postgres_store):
    first, second = created(postgres_store), created(postgres_store)
    met, outcomes = threading.Barrier(2), []

    def edit(*ids):
        try:
            with postgres_store.write() as tx:
                tx.records([ids[0]])
                met.wait()
                tx.records([ids[1]])
            outcomes.append("done")
        except Busy:
            outcomes.append("busy")

    pairs = [(first.id, second.id), (second.id, first.id)]
    threads = [threading.Thread(target=edit, args=pair) for pair in pairs]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(outcomes) == ["busy", "done"]


def test_a_reader_never_sees_a_later_entry_before_an_earlier_one(postgres_store):
    """The lock on a feed's row is held from the moment that a number is given to the commit."""
    started, go_on = threading.Event(), threading.Event()

    def slowly():
        batch = Batch()
        batch.create()
        with postgres_store.write() as tx:
            tx.save(batch.changes)
            started.set()
            go_on.wait(10)

    slow = threading.Thread(target=slowly)
    slow.start()
    started.wait(10)
    quick = threading.Thread(target=created, args=(postgres_store,))
    quick.start()
    quick.join(0.3)
    assert quick.is_alive()
    with postgres_store.read() as tx:
        assert tx.entries(FEED_A, after=0, limit=9) == []
    go_on.set()
    slow.join()
    quick.join()
    with postgres_store.read() as tx:
        assert [one.seq for one in tx.entries(FEED_A, after=0, limit=9)] == [1, 2]
        assert_digests(tx, FEED_A)


def test_after_a_restart_of_the_database_the_first_batch_is_repeated(postgres_store):
    created(postgres_store)
    name = postgres_store.engine.url.database
    plain = postgres_store.engine.url.set(drivername="postgresql")
    with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = %s AND pid <> pg_backend_pid()",
            (name,),
        )
    with pytest.raises(Busy):
        created(postgres_store)
    created(postgres_store)
    with postgres_store.read() as tx:
        assert tx.feeds([FEED_A])[FEED_A].count == 2
