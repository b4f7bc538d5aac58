"""Commits: what is seen of one, and what becomes of one whose news does not arrive.

Where the connection breaks during a commit, nobody can say whether it was stored. The
batch is repeated; what says that it happened is the stamp.
"""

from __future__ import annotations

import contextlib

import pytest

from server.inspection import inspect
from server.store import Busy
from sync.scope import SYSTEM
from tests.conformance.batches import FEED_A, GRID_A, GRID_B, Batch, created
from tests.conformance.contract.device import new_id
from tests.interleavings.script import SteppedStore
from tests.interleavings.village import Village


class LostAnswer(SteppedStore):
    """A store that commits, and then once says that the connection broke."""

    is_next_lost = False

    @contextlib.contextmanager
    def write(self):
        with self.inner.write() as tx:
            yield tx
        if self.is_next_lost:
            self.is_next_lost = False
            raise Busy("the connection broke during the commit")


@pytest.fixture
def losing(database):
    """A village whose next commit is stored while the news of it gets lost, once told so."""
    return Village(LostAnswer(database, lambda _point: None))


CHANGES = [
    ("visits", {"add": 1}, 1),
    ("log", {"append": "来过"}, ["来过"]),
    ("tags", {"add": ["veteran"], "remove": []}, ["veteran"]),
    ("phone", "2", "2"),
]


@pytest.mark.parametrize(("field", "change", "after"), CHANGES, ids=[one[0] for one in CHANGES])
def test_a_change_of_the_office_whose_commit_was_lost_takes_effect_once(
    losing, field, change, after
):
    record = new_id()
    losing.door.create(SYSTEM, "household", {"grid": GRID_A}, record=record)
    losing.store.is_next_lost = True
    ack = losing.door.edit(SYSTEM, record, {field: change})
    assert (ack.outcome, ack.problem) == ("merged" if field == "log" else "applied", None)
    kept = losing.row(record).get(field)
    assert [entry[3] for entry in kept] == after if field == "log" else kept == after
    with losing.store.read() as snapshot:
        assert len(snapshot.history(record)) == 2


def test_a_creation_of_the_office_whose_commit_was_lost_is_no_mistake(losing):
    losing.store.is_next_lost = True
    ack = losing.door.create(SYSTEM, "household", {"grid": GRID_A, "phone": "1"})
    assert (ack.outcome, ack.repeated, ack.problem) == ("applied", True, None)


def test_a_release_whose_commit_was_lost_says_what_came_of_it(losing):
    li = losing.tablet(GRID_A)
    record = losing.household(li, phone="1")
    operation = li.operation("edit", "household", record, {"phone": "2"})
    waits_for = li.stamps.next(operation["at"])
    operation["base"] = dict.fromkeys(operation["base"], waits_for)
    assert li.hand_in(operation)[0]["outcome"] == "held"
    losing.store.is_next_lost = True
    ack = losing.door.release(operation["stamp"])
    assert (ack.outcome, ack.problem) == ("applied", None)
    assert losing.row(record).get("phone") == "2"
    assert losing.door.release(operation["stamp"]).problem.code == "not_held"


def test_an_outbox_whose_commit_was_lost_is_acknowledged_as_repeated(losing):
    li = losing.tablet(GRID_A)
    record = losing.household(li, visits=0)
    li.edit(record, visits={"add": 1})
    losing.store.is_next_lost = True
    with contextlib.suppress(Busy):
        li.exchange()
    li.sync()
    losing.agree(record, li)
    assert li[record].fields["visits"] == 1


# What is seen ------------------------------------------------------------------------------------


def looked_at(store):
    """Rows, entries, digests and projections as one snapshot has them, all in agreement."""
    with store.read() as snapshot:
        assert not inspect(snapshot), "what follows from the rows follows from them"
        snapshot.cursor.execute('SELECT "id", "householder" FROM "p_household" ORDER BY "id"')
        listed = [tuple(row) for row in snapshot.cursor.fetchall()]
        ids = [entry.record for entry in snapshot.entries(FEED_A, after=0, limit=9)]
        rows = snapshot.records(ids)
        return listed, sorted((one, rows[one].get("householder")) for one in ids)


def test_a_projection_is_seen_with_its_row_or_neither(database, script):
    store = script.store(database)
    record = created(database, householder="张三").id

    def rename():
        with store.write() as tx:
            found = tx.records([record])[record]
            batch = Batch()
            batch.edit(found, householder="李四")
            batch.create(householder="王五")
            tx.save(batch.changes)

    renaming = script.actor(rename)
    for point in ("begun", "records done", "save", "save done", "commit"):
        renaming.to(point)
        listed, rows = looked_at(database)
        assert listed == rows == [(record, "张三")], point
    renaming.to("committed")
    listed, rows = looked_at(database)
    assert listed == rows
    assert (record, "李四") in rows and len(rows) == 2
    renaming.end()


def test_a_projection_of_two_writers_who_meet_is_that_of_the_row(database, script):
    """Only the columns that changed are written: by each, over what the other left."""
    store = script.store(database)
    record = created(database, householder="张三", room="1", phone="1390000").id

    def change(**values):
        def work():
            with store.write() as tx:
                batch = Batch()
                batch.edit(tx.records([record])[record], **values)
                tx.save(batch.changes)

        return work

    first = script.actor(change(householder="李四", grid=GRID_B)).to("commit")
    second = script.actor(change(room="2", phone="1380001")).go()
    script.waits(second)
    first.end()
    second.end()
    with database.read() as snapshot:
        assert not inspect(snapshot)
        snapshot.cursor.execute('SELECT "householder", "room", "phone_tail" FROM "p_household"')
        assert [tuple(row) for row in snapshot.cursor.fetchall()] == [("李四", "2", "0001")]
