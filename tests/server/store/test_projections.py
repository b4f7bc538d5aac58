"""Projections: what is queried follows the rows, and is written only where it changed."""

from __future__ import annotations

from sqlalchemy import select

from server.records import CATALOGUE, PROJECTIONS
from server.store import open_store
from server.store.tables import GRANT, PROJECTED, metadata
from sync.catalogue import Catalogue, Feed, Field, RecordType
from sync.record import Record
from sync.store import Before, Changes, RecordChange
from tests.conformance.batches import (
    BUILDING,
    GRID_A,
    GRID_B,
    Batch,
    created,
    edited,
    new_id,
    new_stamp,
    saved,
)

HOUSEHOLDS = PROJECTED["household"]


def projected(store, record, table=HOUSEHOLDS):
    with store.engine.connect() as connection:
        row = connection.execute(select(table).where(table.c.id == record)).mappings().first()
        return dict(row) if row else None


def test_a_record_is_projected_when_it_is_created(store):
    record = created(
        store,
        building=BUILDING,
        floor=3,
        householder="曾小兰",
        phone="13912345678",
        tags=["disabled", "veteran"],
    )
    row = projected(store, record.id)
    assert row is not None
    assert row.pop("feed") > 0
    assert row == {
        "id": record.id,
        "grid": GRID_A,
        "building": BUILDING,
        "compound": None,
        "entrance": None,
        "floor": 3,
        "room": None,
        "householder": "曾小兰",
        "care_level": None,
        "tags": ",disabled,veteran,",
        "last_visit": None,
        "phone_tail": "5678",
        "householder_pinyin": "zxl zengxiaolan",
    }


def test_an_edit_changes_the_columns_that_follow_from_it(store):
    record = created(store, phone="13912345678", tags=["veteran"], room="101")
    edited(store, record.id, phone="13987654321", tags=[])
    row = projected(store, record.id)
    assert (row["phone_tail"], row["tags"], row["room"]) == ("4321", None, "101")


def test_a_list_that_is_changed_in_place_is_noticed(store):
    record = created(store, tags=["veteran"])
    with store.write() as tx:
        state = tx.records([record.id])[record.id]
        tags = state.get("tags")
        tags.append("volunteer")
        batch = Batch()
        batch.edit(state, tags=tags)
        tx.save(batch.changes)
    assert projected(store, record.id)["tags"] == ",veteran,volunteer,"


def test_a_move_takes_the_projection_along(store):
    record = created(store, room="101")
    before = projected(store, record.id)
    edited(store, record.id, grid=GRID_B)
    after = projected(store, record.id)
    assert (after["grid"], after["room"]) == (GRID_B, "101")
    assert after["feed"] != before["feed"]


def test_a_deleted_record_is_projected_no_more_until_it_is_restored(store):
    record = created(store, room="101")
    edited(store, record.id, deleted=True)
    assert projected(store, record.id) is None
    edited(store, record.id, phone="13900000000")
    assert projected(store, record.id) is None
    edited(store, record.id, deleted=False)
    assert projected(store, record.id)["phone_tail"] == "0000"


def test_a_batch_of_different_edits_projects_each(store):
    batch = Batch()
    made = [batch.create(room=str(number)) for number in range(6)]
    saved(store, batch)
    with store.write() as tx:
        found = tx.records([one.id for one in made])
        first, second, third, fourth, *_ = (found[one.id] for one in made)
        batch = Batch()
        batch.edit(first, room="a", floor=9)
        batch.edit(second, room="b")
        batch.edit(third, notes="nothing that is queried")
        batch.edit(fourth, deleted=True)
        tx.save(batch.changes)
    rows = [projected(store, one.id) for one in made]
    assert [row and row["room"] for row in rows] == ["a", "b", "2", None, "4", "5"]
    assert rows[0]["floor"] == 9


def test_a_record_changed_twice_in_one_transaction_is_projected_as_it_ends(store):
    batch = Batch()
    record = batch.create(room="1")
    with store.write() as tx:
        tx.save(batch.changes)
        for room in ("2", "3"):
            batch = Batch()
            batch.edit(record, room=room)
            tx.save(batch.changes)
    assert projected(store, record.id)["room"] == "3"


def test_two_changes_of_a_record_in_one_batch_are_stored_as_one(store):
    batch = Batch()
    record = batch.create(room="1")
    batch.edit(record, room="2")
    batch.note(record)
    saved(store, batch)
    assert projected(store, record.id)["room"] == "2"
    with store.read() as tx:
        assert tx.records([record.id])[record.id].tail == record.tail
        (entry,) = tx.entries(f"grid:{GRID_A}", after=0, limit=9)
        assert entry.head == record.head


def test_a_record_that_was_not_read_in_this_transaction_is_projected_rightly(store):
    record = created(store, room="1")
    batch = Batch()
    batch.edit(record, room="2")
    saved(store, batch)
    assert projected(store, record.id)["room"] == "2"


def test_an_assignment_is_a_grant(store):
    spec = CATALOGUE["assignment"]
    record, stamp, user = new_id(), new_stamp(), new_id()
    values = {"user": user, "feed": "grid:1", "since": 5}
    made = Record.created(record, spec, stamp=stamp, values=values)
    with store.write() as tx:
        tx.save(Changes(records=[RecordChange(made, None, True)]))
    row = projected(store, record, GRANT)
    assert row == {"id": record, "user": user, "feed": "grid:1", "since": 5, "until": None}
    with store.write() as tx:
        state = tx.records([record])[record]
        before = Before.of(state)
        state.put("until", 9, new_stamp())
        state.head = state.tail = new_stamp()
        tx.save(Changes(records=[RecordChange(state, before, True)]))
    assert projected(store, record, GRANT) == {**row, "until": 9}


def test_an_edit_of_one_of_many_writes_a_handful_of_rows(sqlite_store):
    batch = Batch()
    made = [batch.create(phone="13900000000") for _ in range(200)]
    saved(sqlite_store, batch)

    def rows_written(**values):
        with sqlite_store.write() as tx:
            connection = tx.cursor.connection
            before = connection.total_changes
            state = tx.records([made[7].id])[made[7].id]
            batch = Batch()
            batch.edit(state, **values)
            tx.save(batch.changes)
            return connection.total_changes - before

    # The operation, the record, its entry, the end of its feed; and what is queried if it changed.
    assert rows_written(notes="1") == 4
    assert rows_written(phone="13900010000") == 4
    assert rows_written(phone="13900010001") == 5


def test_every_column_comes_from_a_field_and_has_a_table():
    for name, projection in PROJECTIONS.items():
        table = PROJECTED[name]
        assert metadata.tables[projection.table] is table
        names = [column.name for column in projection.columns]
        home = ["feed"] if projection.by_home else []
        assert [column.name for column in table.columns] == [*home, "id", *names]
        assert [column.name for column in table.primary_key] == list(projection.key)


def test_a_catalogue_of_its_own_has_no_projections_by_accident():
    fields = (Field("grid", "text", "ask"), Field("phone", "text", "latest"))
    spec = RecordType("household", "户", "h", fields, (Feed("grid", "grid"),))
    store = open_store("sqlite://", Catalogue(spec))
    made = Record.created(new_id(), spec, stamp=new_stamp(), values={"grid": "1"})
    with store.write() as tx:
        tx.save(Changes(records=[RecordChange(made, None, True)]))
        assert list(tx.records([made.id])) == [made.id]
    assert projected(store, made.id) is None
    store.close()
