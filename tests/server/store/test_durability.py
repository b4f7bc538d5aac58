"""Settings that let acknowledged work be lost are told, at the start and by the doctor."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from server.cli.doctor import check_durability
from server.cli.serve import warn_of_weaknesses
from server.settings import Settings
from server.store import open_store
from server.store.durability import weaknesses


def found(store):
    with store.engine.connect() as connection:
        return [one.setting for one in weaknesses(connection)]


def test_a_sqlite_file_is_as_we_set_it(sqlite_store):
    assert found(sqlite_store) == []
    assert [one.state for one in check_durability(sqlite_store)] == ["ok"]


@pytest.mark.parametrize(
    ("pragma", "told"),
    [
        ("PRAGMA synchronous = NORMAL", "synchronous = 1"),
        ("PRAGMA synchronous = OFF", "synchronous = 0"),
        ("PRAGMA journal_mode = DELETE", "journal_mode = other"),
    ],
)
def test_a_sqlite_file_that_is_set_otherwise_is_found(sqlite_store, pragma, told):
    with sqlite_store.engine.connect() as connection:
        connection.rollback()
        driver = connection.connection.driver_connection
        driver.rollback()
        driver.execute(pragma)
        assert [one.setting for one in weaknesses(connection)] == [told]


def test_the_postgresql_of_these_tests_is_set_for_speed_and_found_out(postgres_store):
    assert found(postgres_store) == [
        "fsync = off",
        "full_page_writes = off",
        "synchronous_commit = off",
    ]
    told = list(check_durability(postgres_store))
    assert [one.state for one in told] == ["WRONG"] * 3


def test_a_setting_of_one_database_counts(postgres_store):
    with postgres_store.engine.connect() as connection:
        connection.execute(text("SET synchronous_commit = local"))
        assert "synchronous_commit = off" not in [one.setting for one in weaknesses(connection)]


def test_a_server_says_at_its_start_what_could_be_lost(emptied_postgres_url, capsys):
    warn_of_weaknesses(Settings(database_url=emptied_postgres_url, secret="x" * 32))
    said = capsys.readouterr().err
    assert said.count("yuanba: ") == 3
    assert "synchronous_commit = off: a power cut loses the last moments" in said


def test_a_server_on_sqlite_has_nothing_to_say(sqlite_store, capsys):
    url = sqlite_store.engine.url.render_as_string()
    warn_of_weaknesses(Settings(database_url=url, secret="x" * 32))
    assert capsys.readouterr().err == ""


def test_a_database_in_memory_promises_nothing():
    store = open_store("sqlite://")
    assert found(store) == []
    store.close()
