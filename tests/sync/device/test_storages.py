"""Every storage of a replica keeps the same contract."""

from __future__ import annotations

import sqlite3

import pytest

from sync.replica_sqlite import SqliteStorage
from sync.replica_storage import Entry, FeedRow, Stored
from tests.sync.device.village import bare_storage


@pytest.fixture
def storage(storage_kind):
    return bare_storage(storage_kind)


def row(record, head="s1", *, type_name="household", seen=None, deleted=False):
    keys = ("record", "head", "v", "vx", "c", "x", "phone")
    values = [record, head, head, None, None, None, "1"]
    return Stored(record, type_name, keys, values, deleted, seen or head)


def entry(stamp, state="waiting", *, record="r1", type_name="household", answered_ms=None):
    body = {"stamp": stamp, "type": type_name, "kind": "edit", "fields": {"phone": "张"}}
    return Entry(stamp, record, state, body, None, answered_ms)


def told(one):
    """A row without regard to lists and tuples."""
    return one._replace(keys=tuple(one.keys), row=list(one.row))


def test_single_values_are_kept_and_absent_ones_are_none(storage):
    with storage.write() as shelf:
        shelf.set_meta("a", {"x": [1, None]})
        shelf.set_meta("a", 2)
        shelf.set_meta("b", None)
    with storage.read() as shelf:
        assert (shelf.meta("a"), shelf.meta("b"), shelf.meta("c")) == (2, None, None)


def test_a_block_that_fails_leaves_nothing_behind(storage):
    with storage.write() as shelf:
        shelf.save_feed(FeedRow("f"))
        shelf.join("f", ["r1"], round_=1)
        shelf.save_rows([row("r1")])
        shelf.save_entries([entry("s1")])

    def half() -> None:
        with storage.write() as shelf:
            shelf.set_meta("a", 1)
            shelf.save_feed(FeedRow("f", "c2"))
            shelf.leave("f", ["r1"])
            shelf.save_rows([row("r1", "s2", seen="s1"), row("r2", type_name="order")])
            shelf.save_entries([entry("s1", "acknowledged"), entry("s2")])
            shelf.save_alias("r1", "r2")
            shelf.drop_feed("f")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    with storage.read() as shelf:
        assert shelf.meta("a") is None
        assert shelf.feeds() == {"f": FeedRow("f")}
        assert shelf.feeds_of(["r1"]) == {"r1": frozenset({"f"})}
        assert shelf.heads(["r1", "r2"]) == {"r1": "s1"}
        assert shelf.records("order") == []
        assert shelf.unseen() == shelf.homeless() == []
        assert [one.stamp for one in shelf.in_state("waiting")] == ["s1"]
        assert shelf.aliases() == {}
    with storage.write() as shelf:
        shelf.save_rows([row("r3")])
    with storage.read() as shelf:
        assert shelf.rows(["r3"]).keys() == {"r3"}


def test_an_image_of_a_disk_in_memory_stays_as_it_was():
    storage = bare_storage("memory")
    with storage.write() as shelf:
        shelf.save_feed(FeedRow("f"))
        shelf.join("f", ["r1"], round_=1)
        shelf.save_rows([row("r1")])
        shelf.save_entries([entry("s1")])
    image = storage.copy()
    with storage.write() as shelf:
        shelf.leave("f", ["r1"])
        shelf.save_rows([row("r1", "s2"), row("r2")])
        shelf.save_entries([entry("s1", "acknowledged")])
    with image.read() as shelf:
        assert shelf.members("f") == ["r1"]
        assert shelf.heads(["r1", "r2"]) == {"r1": "s1"}
        assert shelf.records("household") == ["r1"]
        assert [one.stamp for one in shelf.in_state("waiting")] == ["s1"]
    with image.write() as shelf:
        shelf.join("f", ["r3"], round_=1)
    with storage.read() as shelf:
        assert shelf.members("f") == []


def test_feeds_come_in_order_and_can_be_dropped(storage):
    feeds = [FeedRow("b", "c", 3, True, True, 5, 1 << 47), FeedRow("a")]
    with storage.write() as shelf:
        for feed in feeds:
            shelf.save_feed(feed)
    with storage.read() as shelf:
        assert list(shelf.feeds().items()) == [("a", feeds[1]), ("b", feeds[0])]
    with storage.write() as shelf:
        shelf.drop_feed("b")
        shelf.drop_feed("never")
        assert shelf.feeds().keys() == {"a"}


def test_members_know_their_feeds_and_when_they_joined(storage):
    with storage.write() as shelf:
        shelf.join("f", ["r2", "r1"], round_=1)
        shelf.join("g", ["r1"], round_=1)
        shelf.join("f", ["r1"], round_=2)
    with storage.read() as shelf:
        assert shelf.members("f") == ["r1", "r2"]
        assert shelf.members("f", before_round=2) == ["r2"]
        assert shelf.members("none") == []
        assert shelf.feeds_of(["r1", "r2", "r3"]) == {
            "r1": frozenset({"f", "g"}),
            "r2": frozenset({"f"}),
        }


def test_who_leaves_the_last_feed_is_homeless_until_a_feed_takes_it_again(storage):
    with storage.write() as shelf:
        shelf.join("f", ["r1", "r2", "r3"], round_=1)
        shelf.join("g", ["r1"], round_=1)
        shelf.leave("f", ["r1", "r2", "r3", "stranger"])
        assert shelf.homeless() == ["r2", "r3"]
        shelf.join("g", ["r2"], round_=1)
        assert shelf.homeless() == ["r3"]
        shelf.drop_rows(["r3"])
        assert shelf.homeless() == []
        shelf.leave("g", ["r1"])
        assert shelf.homeless() == ["r1"]


def test_rows_keep_their_values_whatever_their_keys(storage):
    other = row("r2", type_name="order")._replace(
        keys=("record", "head", "v", "vx", "c", "x"), row=["r2", "s1", "s1", {"a": "s0"}, ["a"], {}]
    )
    with storage.write() as shelf:
        shelf.save_rows([row("r1"), other])
        shelf.save_rows([row("r1", "s5")])
    with storage.read() as shelf:
        found = shelf.rows(["r1", "r2", "r9"])
        assert {record: told(one) for record, one in found.items()} == {
            "r1": told(row("r1", "s5")),
            "r2": told(other),
        }
        assert shelf.records("household") == ["r1"]
        assert shelf.records("order") == ["r2"]


def test_heads_are_those_of_rows_that_live(storage):
    with storage.write() as shelf:
        shelf.save_rows([row("r1"), row("r2", deleted=True)])
        assert shelf.heads(["r1", "r2", "r3"]) == {"r1": "s1"}


def test_a_row_is_unseen_as_long_as_its_worker_saw_an_older_head(storage):
    with storage.write() as shelf:
        shelf.save_rows([row("r1", "s2", seen="s1"), row("r2")])
        assert shelf.unseen() == ["r1"]
        shelf.save_rows([row("r1", "s2")])
        assert shelf.unseen() == []
        shelf.save_rows([row("r1", "s3", seen="s2")])
        shelf.drop_rows(["r1"])
        assert shelf.unseen() == []


def test_operations_come_in_the_order_of_their_stamps(storage):
    with storage.write() as shelf:
        shelf.save_entries([entry("s3"), entry("s1", "held"), entry("s2"), entry("s4", "arriving")])
        assert [one.stamp for one in shelf.in_state("waiting")] == ["s2", "s3"]
        assert [one.stamp for one in shelf.in_state("waiting", "held")] == ["s1", "s2", "s3"]
        assert [one.stamp for one in shelf.in_state("waiting", limit=1)] == ["s2"]
        assert (shelf.count("waiting"), shelf.count("rejected")) == (2, 0)
        assert [one.stamp for one in shelf.pending(["r1"])["r1"]] == ["s1", "s2", "s3", "s4"]


def test_what_is_acknowledged_is_not_pending_and_is_forgotten_in_time(storage):
    with storage.write() as shelf:
        shelf.save_entries([entry("s1"), entry("s2", record="r2", type_name="order")])
        assert shelf.pending_records("order") == ["r2"]
        shelf.save_entries([entry("s2", "acknowledged", record="r2", answered_ms=100)])
        shelf.save_entries([entry("s3", "acknowledged", record="r3", answered_ms=50)])
        assert shelf.pending(["r1", "r2", "r3"]).keys() == {"r1"}
        assert shelf.pending_records("order") == []
        shelf.forget(before_ms=100)
        assert shelf.entries(["s1", "s2", "s3"]).keys() == {"s1", "s2"}


def test_an_operation_comes_back_as_it_was_saved(storage):
    answered = entry("s1", "held", answered_ms=7)._replace(
        answer={"outcome": "held", "needs": "s0"}
    )
    with storage.write() as shelf:
        shelf.save_entries([answered])
        assert shelf.entries(["s1", "s2"]) == {"s1": answered}
        shelf.drop_entries(["s1", "s2"])
        assert shelf.entries(["s1"]) == {}


def test_aliases_come_and_go(storage):
    with storage.write() as shelf:
        shelf.save_alias("r1", "r2")
        shelf.save_alias("r1", "r3")
        assert shelf.aliases() == {"r1": "r3"}
        shelf.drop_alias("r1")
        shelf.drop_alias("r1")
        assert shelf.aliases() == {}


def test_a_wipe_leaves_nothing_and_the_storage_can_be_used_again(storage):
    with storage.write() as shelf:
        shelf.set_meta("a", 1)
        shelf.save_feed(FeedRow("f"))
        shelf.join("f", ["r1"], round_=1)
        shelf.save_rows([row("r1", "s2", seen="s1")])
        shelf.save_entries([entry("s1")])
        shelf.save_alias("r1", "r2")
    with storage.write() as shelf:
        shelf.wipe()
    with storage.write() as shelf:
        assert shelf.meta("a") is None
        assert shelf.feeds() == shelf.rows(["r1"]) == shelf.entries(["s1"]) == shelf.aliases() == {}
        assert shelf.members("f") == shelf.unseen() == shelf.homeless() == []
        shelf.save_rows([row("r1")])
        assert shelf.heads(["r1"]) == {"r1": "s1"}


# SQLite --------------------------------------------------------------------------------------


def test_a_replica_in_a_file_is_there_after_a_restart(tmp_path):
    path = tmp_path / "replica.db"
    connection = sqlite3.connect(path)
    with SqliteStorage(connection).write() as shelf:
        shelf.save_rows([row("r1")])
    connection.close()
    connection = sqlite3.connect(path)
    with SqliteStorage(connection).read() as shelf:
        assert shelf.heads(["r1"]) == {"r1": "s1"}
    connection.close()


def test_a_replica_of_a_newer_app_is_not_touched(tmp_path):
    connection = sqlite3.connect(tmp_path / "replica.db")
    connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ValueError, match="newer"):
        SqliteStorage(connection)
    connection.close()


def test_reading_inside_a_write_block_sees_its_changes(storage):
    with storage.write() as shelf:
        shelf.set_meta("a", 1)
        with storage.read() as inner:
            assert inner.meta("a") == 1
