"""SQLite's own matters: the queue of writers, one connection in memory, and being busy."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import sqlite3
import threading

import pytest
from sqlalchemy import insert, select

from server.store import Busy, SqliteStore, migrate, open_store
from server.store.codec import CODEC
from server.store.sqlite import _PRAGMAS, FileLock
from server.store.tables import FEED, META
from tests.conformance import batches
from tests.conformance.batches import FEED_A, Batch, assert_digests, created, edited, saved


def create_many(url: str, times: int, first: int) -> None:
    batches._numbers = itertools.count(first)  # stamps of its own, as each device has
    store = open_store(url)
    for _ in range(times):
        created(store)
    store.close()


def test_writers_in_several_processes_queue(sqlite_url):
    migrate(sqlite_url)
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=create_many, args=(sqlite_url, 25, n * 1000)) for n in (1, 2)]
    for one in writers:
        one.start()
    for one in writers:
        one.join(60)
    assert [one.exitcode for one in writers] == [0, 0]
    store = open_store(sqlite_url)
    with store.read() as tx:
        assert tx.feeds([FEED_A])[FEED_A].seq == 50
        assert_digests(tx, FEED_A)
    store.close()


def test_a_lock_inherited_by_a_fork_is_taken_anew(tmp_path):
    lock = FileLock(str(tmp_path / "lock"))
    with lock:
        pass
    child = os.fork()
    if child == 0:
        with lock:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    lock.close()


def test_a_lock_is_closed_after_who_holds_it_and_then_it_is_busy(tmp_path):
    lock = FileLock(str(tmp_path / "lock"))
    closing = threading.Thread(target=lock.close)
    with lock:
        closing.start()
        closing.join(0.05)
        assert closing.is_alive()
    closing.join(60)
    with pytest.raises(Busy, match="closed"), lock:
        pass


def test_somebody_who_does_not_queue_makes_the_store_busy(sqlite_store, monkeypatch):
    other = sqlite3.connect(sqlite_store.engine.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    def hurried():
        with sqlite_store.read() as tx:
            tx.cursor.execute("PRAGMA busy_timeout = 1")
        created(sqlite_store)

    with pytest.raises(Busy):
        hurried()
    other.execute("ROLLBACK")
    created(sqlite_store)
    other.close()


def test_an_error_that_is_not_about_locks_stays_what_it_is(sqlite_store):
    with pytest.raises(sqlite3.OperationalError, match="no such table"), sqlite_store.read() as tx:
        tx.cursor.execute("SELECT * FROM nowhere")


def test_in_memory_transactions_of_threads_take_turns():
    store = open_store("sqlite://", epoch="e1")
    threads = [threading.Thread(target=created, args=(store,)) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with store.read() as tx:
        assert tx.feeds([FEED_A])[FEED_A].count == 8
    store.close()


def test_in_memory_one_transaction_inside_another_is_a_mistake_that_is_told():
    store = open_store("sqlite://")
    with store.write(), pytest.raises(RuntimeError, match="one transaction"), store.read():
        pass
    store.close()


def test_a_query_of_ones_own_sees_the_same_snapshot(sqlite_store):
    record = created(sqlite_store)
    with sqlite_store.read() as tx:
        assert tx.records([record.id])
        edited(sqlite_store, record.id, phone="1")
        tx.cursor.execute('SELECT "head" FROM "record" WHERE "id" = ?', (record.id,))
        assert tx.cursor.fetchone() == (record.head,)


def test_through_sqlalchemy_a_transaction_is_one_too(sqlite_store):
    engine = sqlite_store.engine.execution_options(begin="BEGIN IMMEDIATE")

    def fail():
        with engine.begin() as connection:
            connection.execute(insert(META), [{"name": "x", "value": "1"}])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with sqlite_store.engine.connect() as connection:
        names = connection.execute(select(META.c.name)).scalars().all()
    assert sorted(names) == ["epoch", "schema"]


def test_what_is_acknowledged_is_durable(sqlite_store):
    with sqlite_store.read() as tx:
        tx.cursor.execute("PRAGMA synchronous")
        full = 2
        assert tx.cursor.fetchone() == (full,)
        tx.cursor.execute("PRAGMA journal_mode")
        assert tx.cursor.fetchone() == ("wal",)


def test_what_is_deleted_is_overwritten(sqlite_store):
    # Some builds of SQLite do so by themselves; a server must not depend on which it has.
    assert "PRAGMA secure_delete = ON" in _PRAGMAS
    with sqlite_store.read() as tx:
        tx.cursor.execute("PRAGMA secure_delete")
        assert tx.cursor.fetchone() == (1,)


def test_pages_are_found_without_a_look_at_other_feeds(sqlite_store):
    """The plans that the cost of an exchange depends on: nothing is scanned."""
    with sqlite_store.write() as tx:
        for name, text in tx.shared.texts.items():
            if name in ("epoch", "about"):  # `about` is for redaction alone, and reads everything
                continue
            tx.cursor.execute(f"EXPLAIN QUERY PLAN {text}", ("[]",) * text.count("?"))
            plan = [row[3] for row in tx.cursor.fetchall()]
            scans = [line for line in plan if line.startswith("SCAN")]
            assert [one for one in scans if not one.startswith(("SCAN past", "SCAN json"))] == []
            if name in ("entries", "ends", "records_locked"):
                assert not any("TEMP B-TREE FOR ORDER BY" in line for line in plan), (name, plan)


def test_feed_keys_survive_only_with_their_transaction(sqlite_store):
    def fail():
        with sqlite_store.write() as tx:
            batch = Batch()
            batch.create()
            tx.save(batch.changes)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with sqlite_store.engine.connect() as connection:
        assert connection.execute(select(FEED)).all() == []
    batch = Batch()
    batch.create()
    saved(sqlite_store, batch)
    with sqlite_store.read() as tx:
        assert tx.feeds([FEED_A])[FEED_A].count == 1


def test_the_codec_writes_what_it_reads():
    for value in ({"a": "\ud800"}, {"n": 2**70}, [1.5, None, True, "杨"], {"k": {"b": []}}):
        assert CODEC.loads(CODEC.dumps(value)) == value


def test_the_url_decides_which_store_is_opened(sqlite_url):
    migrate(sqlite_url)
    store = open_store(sqlite_url)
    assert isinstance(store, SqliteStore)
    store.close()
