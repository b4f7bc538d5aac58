"""The steps that make the schema, against what is declared."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, inspect, select, text

from server.models import db
from server.store import migrate, open_store
from server.store.tables import META, metadata


@pytest.fixture
def engine(database_url):
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def test_the_steps_make_exactly_what_is_declared(database_url, engine):
    migrate(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, [metadata, db.metadata]) == []


def test_tables_are_clustered_on_sqlite_as_declared(sqlite_url):
    migrate(sqlite_url)
    engine = create_engine(sqlite_url)
    with engine.connect() as connection:
        made = dict(connection.execute(text("SELECT name, sql FROM sqlite_master")).all())
    engine.dispose()
    for table in metadata.tables.values():
        clustered = not table.dialect_options["sqlite"]["with_rowid"]
        assert made[table.name].rstrip().endswith("WITHOUT ROWID") == clustered, table.name


def test_primary_keys_have_the_order_that_was_declared(database_url, engine):
    migrate(database_url)
    for table in metadata.tables.values():
        stored = inspect(engine).get_pk_constraint(table.name)["constrained_columns"]
        assert stored == [column.name for column in table.primary_key], table.name


def test_migrating_again_changes_nothing(database_url, engine):
    def marks():
        with engine.connect() as connection:
            return sorted(connection.execute(select(META)).all())

    migrate(database_url)
    first = marks()
    migrate(database_url, epoch="another")
    assert marks() == first
    assert [name for name, _ in first] == ["epoch", "schema"]


def test_two_databases_have_different_epochs(tmp_path):
    epochs = set()
    for name in ("a", "b"):
        url = f"sqlite:///{tmp_path / name}.db"
        migrate(url)
        store = open_store(url)
        with store.read() as snapshot:
            epochs.add(snapshot.epoch())
        store.close()
    assert len(epochs) == 2


def test_workers_that_start_together_all_find_the_schema_made(database_url):
    with ThreadPoolExecutor(3) as pool:
        for one in [pool.submit(migrate, database_url) for _ in range(3)]:
            one.result()


def test_a_step_that_fails_leaves_neither_tables_nor_a_record(database_url, engine, monkeypatch):
    made = Operations.create_table

    def fail_late(self, name, *columns, **options):
        made(self, name, *columns, **options)
        if name == "p_street":
            raise RuntimeError("the power went")

    monkeypatch.setattr(Operations, "create_table", fail_late)
    with pytest.raises(RuntimeError, match="the power went"):
        migrate(database_url)
    names = set(inspect(engine).get_table_names())
    assert "operation" in names
    assert "p_street" not in names
    assert "grant" not in names
    with engine.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).all()
    assert found == [("0001",)]
    monkeypatch.undo()
    migrate(database_url)
    assert "account" in set(inspect(engine).get_table_names())


def test_a_database_in_memory_is_not_migrated():
    with pytest.raises(ValueError, match="made by open_store"):
        migrate("sqlite://")
