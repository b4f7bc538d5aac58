"""An inspection finds what disagrees in a store, and says nothing of what is well."""

from __future__ import annotations

import pytest

from server.inspection import inspect, rebuild
from tests.conformance.batches import BUILDING, GRID_B, Batch, created, edited, saved


@pytest.fixture
def filled(store):
    """Records that were created, edited, moved, deleted and brought back."""
    batch = Batch()
    made = [batch.create(building=BUILDING, room=str(n), tags=["veteran"]) for n in range(8)]
    saved(store, batch)
    edited(store, made[1].id, grid=GRID_B)
    edited(store, made[2].id, deleted=True)
    edited(store, made[3].id, grid=GRID_B)
    edited(store, made[3].id, building=None)
    edited(store, made[4].id, grid=None)
    return store


def found(store):
    with store.read() as snapshot:
        return inspect(snapshot)


def damaged(store, statement):
    with store.write() as tx:
        tx.cursor.execute(statement)
        assert tx.cursor.rowcount > 0
    return found(store)


def households(inspection):
    one = inspection.projections["household"]
    return one.missing, one.extra, one.wrong


def test_a_healthy_store_has_no_findings(filled):
    inspection = found(filled)
    assert not inspection
    assert (inspection.records["household"], inspection.deleted) == (7, 1)


def test_an_empty_store_has_no_findings(store):
    assert not found(store)


def test_a_record_in_no_feed_is_no_finding(store):
    created(store, grid=None)
    assert not found(store)


ROOM_5 = "WHERE \"room\" = '5'"
PROJECTIONS = {
    f'UPDATE "p_household" SET "tags" = \'x\' {ROOM_5}': (0, 0, 1),
    f'DELETE FROM "p_household" {ROOM_5}': (1, 0, 0),
    f'UPDATE "p_household" SET "id" = \'nobody\' {ROOM_5}': (1, 1, 0),
    f'UPDATE "p_household" SET "feed" = 77 {ROOM_5}': (1, 1, 0),
}


@pytest.mark.parametrize(("statement", "difference"), PROJECTIONS.items())
def test_a_projection_that_is_not_what_the_rows_say_is_found(filled, statement, difference):
    assert households(damaged(filled, statement)) == difference


@pytest.mark.parametrize("change", ['"sum" = "sum" + 1', '"count" = 99'])
def test_a_wrong_digest_is_found(filled, change):
    inspection = damaged(filled, f'UPDATE "feed" SET {change} WHERE "name" LIKE \'grid:%2\'')
    assert list(inspection.digests) == [f"grid:{GRID_B}"]


ENTRIES = {
    'UPDATE "entry" SET "state" = \'live\' WHERE "state" = \'left\'': "left",
    'DELETE FROM "entry" WHERE "seq" = 6': "lacking",
}


@pytest.mark.parametrize("statement", ENTRIES, ids=ENTRIES.values())
def test_an_entry_too_many_or_too_few_is_found(filled, statement):
    assert damaged(filled, statement).entries


def test_a_row_that_is_not_its_records_is_found(filled):
    assert len(damaged(filled, 'UPDATE "record" SET "head" = \'x\' WHERE "deleted"').rows) == 1


IDENTITIES = {
    'DELETE FROM "identity"': "missing",
    'INSERT INTO "identity" ("key", "record") VALUES (1, \'nobody\')': "extra",
}


@pytest.mark.parametrize("statement", IDENTITIES, ids=IDENTITIES.values())
def test_an_identity_key_too_many_or_too_few_is_found_and_mended(filled, statement):
    difference = damaged(filled, statement).identities
    assert getattr(difference, IDENTITIES[statement]) > 0
    with filled.write() as tx:
        rebuild(tx)
    assert not found(filled)


def test_rebuilding_makes_projections_what_the_rows_say(filled):
    with filled.write() as tx:
        tx.cursor.execute(f'DELETE FROM "p_household" {ROOM_5}')
        tx.cursor.execute('UPDATE "p_household" SET "tags" = \'x\', "feed" = 99')
        tx.cursor.execute('UPDATE "p_household" SET "id" = \'nobody\' WHERE "room" = \'6\'')
    assert found(filled)
    with filled.write() as tx:
        assert rebuild(tx)["p_household"] == 7
    assert not found(filled)
