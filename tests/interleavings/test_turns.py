"""Who waits for whom: orders in which nobody gets stuck, and what becomes of those who do."""

from __future__ import annotations

import json
import sqlite3

import psycopg
import pytest

from server.door import patiently
from server.settings import Settings
from server.store import open_store, postgres, sqlite
from sync.scope import SYSTEM
from tests.conformance.batches import FEED_A, GRID_A, Batch, assert_digests, created
from tests.server.office import SECRET, bearer, open_office


def visiting(store, script, *loads):
    """A batch that loads records in several steps, counts a visit in each, and is repeated."""

    def visit():
        with store.write() as tx:
            found = {}
            for load in loads:
                found.update(tx.records(load))
                script.reach("loaded")
            batch = Batch()
            for one in found.values():
                batch.edit(one, visits=(one.get("visits") or 0) + 1)
            tx.save(batch.changes)

    return lambda: patiently(visit)


def visits(store, *records):
    with store.read() as snapshot:
        assert_digests(snapshot, FEED_A)
        return [snapshot.records([one])[one].get("visits") for one in records]


def test_batches_over_the_same_records_in_opposite_orders_wait_in_one_order(
    postgres, postgres_script
):
    script, store = postgres_script, postgres_script.store(postgres)
    first, second = sorted(created(postgres).id for _ in range(2))

    def hold_the_first():
        with store.write() as tx:
            tx.records([first])
            script.reach("held")

    holder = script.actor(hold_the_first).to("held")
    forth = script.actor(visiting(store, script, [first, second])).go()
    script.waits(forth)
    back = script.actor(visiting(store, script, [second, first])).go()
    script.waits(back, others=1)
    holder.end()
    forth.end()
    back.end()
    assert [one.reached.count("write") for one in (forth, back)] == [1, 1], "none was turned away"
    assert visits(postgres, first, second) == [2, 2]


def test_a_deadlock_ends_with_one_who_repeats_and_both_counted(postgres, postgres_script):
    script, store = postgres_script, postgres_script.store(postgres)
    first, second = (created(postgres).id for _ in range(2))
    forth = script.actor(visiting(store, script, [first], [second])).to("loaded")
    back = script.actor(visiting(store, script, [second], [first])).to("loaded")
    forth.go()
    script.waits(forth)
    back.go()
    forth.end()
    back.end()
    assert sorted(one.reached.count("write") for one in (forth, back)) == [1, 2]
    assert visits(postgres, first, second) == [2, 2]


def test_who_stands_still_inside_a_transaction_loses_it_and_the_others_go_on(
    emptied_postgres_url, postgres_script, monkeypatch
):
    monkeypatch.setattr(postgres, "IDLE_MS_MAX", 100)
    script, store = postgres_script, open_store(emptied_postgres_url)
    record = created(store).id
    stepped = script.store(store)
    stuck = script.actor(visiting(stepped, script, [record])).to("loaded")
    script.actor(visiting(stepped, script, [record])).end()
    assert visits(store, record) == [1]
    stuck.end()
    assert stuck.reached.count("write") == 2, "what it had begun was given up, and repeated"
    assert visits(store, record) == [2]
    store.close()


# Lock timeouts -----------------------------------------------------------------------------------


def on_postgres(url):
    # Should nobody give up waiting for it, the database ends it, and the test.
    options = "-c idle_in_transaction_session_timeout=20000"
    connection = psycopg.connect(url.replace("+psycopg", ""), options=options)
    return connection, "SELECT 1 FROM record FOR UPDATE"


def on_sqlite(url):
    path = url.removeprefix("sqlite:///")
    return sqlite3.connect(path, isolation_level=None), "BEGIN IMMEDIATE"


@pytest.fixture
def patience(database, monkeypatch):
    """An office whose store waits for a lock no longer than a test likes to."""
    monkeypatch.setattr(postgres, "LOCK_WAIT_MS", 20)
    monkeypatch.setattr(sqlite, "_WAIT_SECONDS", 0.02)
    url = database.engine.url.render_as_string(hide_password=False)
    office = open_office(Settings(database_url=url, secret=SECRET))
    yield office, (on_postgres if url.startswith("postgresql") else on_sqlite)(url)
    office.served.store.close()


def test_a_lock_that_is_not_to_be_had_is_a_problem_that_passes_and_the_repeat_goes_through(
    patience,
):
    office, (connection, lock) = patience
    li = office.user(role="grid_worker")
    office.grant(li, FEED_A)
    record = office.served.new_id()
    office.served.door.create(SYSTEM, "household", {"grid": GRID_A, "visits": 0}, record=record)
    tablet = office.enrol(li)
    with office.served.store.read() as snapshot:
        head = snapshot.records([record])[record].head
    operation = {
        "stamp": f"0199a1b2c3d4-0000-{tablet['device']}x3f8",
        "group": None,
        "actor": li,
        "schema": 1,
        "at": office.clock.now_ms,
        "offset_ms": 0,
        "type": "household",
        "record": record,
        "kind": "edit",
        "reason": None,
        "fields": {"visits": {"add": 1}},
        "base": {"*": head},
    }
    body = {"protocol": 1, "device": tablet["device"], "operations": [operation], "checkpoint": {}}

    def exchange():
        return office.client.post("/sync/v1/exchange", json=body, headers=bearer(tablet["token"]))

    connection.execute(lock)
    refused = exchange()
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    assert (refused.json["code"], refused.json["definite"]) == ("busy", False)
    connection.rollback()
    connection.close()
    for repeated in (None, True):
        answer = exchange()
        assert answer.status_code == 200
        ack = next(one["ack"] for one in map(json.loads, answer.data.splitlines()) if "ack" in one)
        assert (ack["outcome"], ack.get("repeated")) == ("applied", repeated)
    with office.served.store.read() as snapshot:
        assert snapshot.records([record])[record].get("visits") == 1


def test_a_refresh_that_meets_a_lock_is_a_problem_that_passes(patience):
    office, (connection, lock) = patience
    tablet = office.enrol(office.user())
    body = {"refresh": tablet["refresh"], "nonce": "n"}
    connection.execute(lock.replace("record", "device"))
    refused = office.client.post("/sync/v1/refresh", json=body)
    assert (refused.status_code, refused.json["code"]) == (503, "busy")
    connection.rollback()
    connection.close()
    assert office.client.post("/sync/v1/refresh", json=body).status_code == 200


# Stamps ------------------------------------------------------------------------------------------


def test_the_same_outbox_handed_in_twice_at_once_takes_effect_once(village, script):
    """A create has no row to wait at: the second waits at the stamp, and repeats."""
    li = village.tablet()
    record = village.household(li, visits=0)
    li.edit(record, visits={"add": 1})
    new = li.create("household", grid=GRID_A, visits=5)
    li.edit(new, visits={"add": 1})
    body = li.request(operations=[*li.outbox])

    def hand_in():
        return patiently(lambda: li.post(body))

    first = script.actor(hand_in).to("commit")
    second = script.actor(hand_in).go()
    script.waits(second)
    first.end()
    second.end()
    acks = [
        [line["ack"].get("repeated", False) for line in lines if "ack" in line]
        for lines in (first.result, second.result)
    ]
    assert acks == [[False] * 3, [True] * 3]
    li.sync()
    village.agree(record, li)
    village.agree(new, li)
    assert [li[one].fields["visits"] for one in (record, new)] == [1, 6]


def test_a_create_alone_that_is_handed_in_twice_at_once_is_there_once(village, script):
    li = village.tablet()
    new = li.create("household", grid=GRID_A)
    body = li.request(operations=[*li.outbox])
    first = script.actor(lambda: patiently(lambda: li.post(body))).to("commit")
    second = script.actor(lambda: patiently(lambda: li.post(body))).go()
    script.waits(second)
    first.end()
    assert any(line.get("ack", {}).get("repeated") for line in second.end())
    li.sync()
    village.agree(new, li)
