"""The steps that make the schema, against what is declared."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, MetaData, Table, create_engine, insert, inspect, select, text

from server import inspection
from server.models import db
from server.settings import Settings
from server.store import migrate, open_store
from server.store.migrate import _config
from server.store.tables import META, metadata
from sync.scope import SYSTEM
from tests.server.office import SECRET, open_office
from tests.sync.county import uid

LEDGER = ("meta", "feed", "operation", "record", "entry", "p_household")


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


def aged(url, revision, source, *, tables):
    """Make a database of an older revision at ``url``, with what ``source`` has in ``tables``."""
    new, old = create_engine(source), create_engine(url)
    with old.connect() as connection:
        command.upgrade(_config(connection), revision)
    with new.connect() as here, old.begin() as there:
        for name in tables:
            columns = [one["name"] for one in inspect(old).get_columns(name)]
            table = Table(name, MetaData(), *(column_of(name, one) for one in columns))
            rows = [row._asdict() for row in here.execute(select(table))]
            there.execute(insert(table), rows)
    new.dispose()
    old.dispose()


def column_of(table, name):
    return Column(name, metadata.tables[table].c[name].type)


def test_a_duplicate_of_what_was_there_before_identity_keys_is_noticed(database_url, tmp_path):
    fields = {"grid": uid(1), "compound": uid(2), "building": uid(3), "entrance": "1", "room": "1"}
    source = f"sqlite:///{tmp_path / 'source'}.db"
    migrate(source)
    with opened(source) as office:
        door = office.served.door
        first = door.create(SYSTEM, "household", fields, record=uid(9))
        assert first.outcome == "applied", first
    aged(database_url, "0003", source, tables=LEDGER)
    migrate(database_url)
    with opened(database_url) as office, office.served.store.read() as snapshot:
        assert not inspection.inspect(snapshot)
    with opened(database_url) as office:
        office.clock.pass_ms(60_000)
        second = office.served.door.create(SYSTEM, "household", fields, record=uid(10))
    assert (second.outcome, second.problem and second.problem.code) == ("applied", "duplicate")


@contextmanager
def opened(url):
    office = open_office(Settings(database_url=url, secret=SECRET))
    yield office
    office.served.store.close()


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
