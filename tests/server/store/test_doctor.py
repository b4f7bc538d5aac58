"""The doctor finds what disagrees, and says nothing of what is well."""

from __future__ import annotations

import pytest

from server.store.doctor import check, rebuild_projections
from sync.store import Changes, Held
from tests.conformance.batches import (
    BUILDING,
    GRID_B,
    Batch,
    created,
    edited,
    new_stamp,
    operation,
    saved,
)


@pytest.fixture
def filled(store):
    """Records that were created, edited, moved, deleted and brought back."""
    batch = Batch()
    made = [batch.create(building=BUILDING, room=str(n), tags=["veteran"]) for n in range(8)]
    waiting = operation(new_stamp(), made[0].id, outcome="held")
    batch.changes.operations.append(waiting)
    held = Held(waiting.stamp, made[0].id, None, "review", 1, "grid_worker", ("grid:1",))
    batch.changes.held.append(held)
    saved(store, batch)
    edited(store, made[1].id, grid=GRID_B)
    edited(store, made[2].id, deleted=True)
    edited(store, made[3].id, grid=GRID_B)
    edited(store, made[3].id, building=None)
    edited(store, made[4].id, grid=None)
    return store


def test_a_healthy_store_has_no_findings(filled):
    assert check(filled) == []


def test_an_empty_store_has_no_findings(store):
    assert check(store) == []


DAMAGE = {
    'UPDATE "p_household" SET "room" = \'x\' WHERE "room" = \'5\'': "is not what",
    'DELETE FROM "p_household" WHERE "room" = \'5\'': "is not what",
    'UPDATE "p_household" SET "id" = \'nobody\' WHERE "room" = \'5\'': "that are not there",
    'UPDATE "feed" SET "sum" = "sum" + 1 WHERE "name" LIKE \'grid:%2\'': "The digest of grid:",
    'UPDATE "feed" SET "count" = 99 WHERE "name" LIKE \'grid:%2\'': "(99 records",
    'UPDATE "feed" SET "seq" = 1 WHERE "name" LIKE \'grid:%2\'': "lies before its last entry",
    'UPDATE "entry" SET "state" = \'live\' WHERE "state" = \'left\'': "has entries of records",
    'UPDATE "entry" SET "state" = \'live\' WHERE "state" = \'deleted\'': "no right entry",
    'DELETE FROM "entry" WHERE "seq" = 6': "no right entry",
    'UPDATE "record" SET "head" = \'x\' WHERE "deleted"': "is not the one",
    'UPDATE "record" SET "feed" = 77 WHERE "deleted"': "does not lie under its home",
    'DELETE FROM "operation" WHERE "stamp" IN (SELECT "head" FROM "record")': "is missing",
    'UPDATE "operation" SET "outcome" = \'applied\' WHERE "outcome" = \'held\'': "does not wait",
}


@pytest.mark.parametrize(("statement", "words"), DAMAGE.items())
def test_damage_is_found_and_told_in_both_languages(filled, statement, words):
    with filled.write() as tx:
        tx.cursor.execute(statement)
        assert tx.cursor.rowcount > 0
    findings = check(filled)
    assert any(words in finding.en for finding in findings), findings
    assert all(finding.zh and finding.zh != finding.en for finding in findings)


def test_rebuilding_makes_projections_what_the_rows_say(filled):
    with filled.write() as tx:
        tx.cursor.execute('DELETE FROM "p_household" WHERE "room" = \'5\'')
        tx.cursor.execute('UPDATE "p_household" SET "tags" = \'x\', "feed" = 99')
        tx.cursor.execute('UPDATE "p_household" SET "id" = \'nobody\' WHERE "room" = \'6\'')
    assert len(check(filled)) > 3
    assert rebuild_projections(filled) == 7
    assert check(filled) == []


def test_a_store_of_several_pages_is_looked_through(sqlite_store):
    batch = Batch()
    made = [batch.create() for _ in range(2_500)]
    saved(sqlite_store, batch)
    assert check(sqlite_store) == []
    assert rebuild_projections(sqlite_store) == 2_500
    with sqlite_store.write() as tx:
        tx.save(Changes())
        tx.cursor.execute("DELETE FROM entry WHERE record = ?", (made[-1].id,))
    assert len(check(sqlite_store)) == 2


def test_a_created_record_is_no_finding_whatever_its_feeds(store):
    created(store, grid=None)
    assert check(store) == []
