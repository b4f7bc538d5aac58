"""The tests' own PostgreSQL: real, fresh for each test, and leaving the machine alone."""

import pytest
import sqlalchemy


def names_of_tables(url):
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    return sqlalchemy.inspect(engine).get_table_names()


def test_it_is_a_real_postgresql_in_utf_8(postgres_url):
    engine = sqlalchemy.create_engine(postgres_url)
    with engine.connect() as connection:
        assert connection.dialect.name == "postgresql"
        assert connection.scalar(sqlalchemy.text("select '双江街道' || ''")) == "双江街道"
        assert connection.scalar(sqlalchemy.text("show server_encoding")) == "UTF8"
    engine.dispose()


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_finds_an_empty_database(postgres_url, turn):
    engine = sqlalchemy.create_engine(postgres_url)
    assert names_of_tables(postgres_url) == []
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("create table left_over (id int)"))
    engine.dispose()


def test_a_connection_that_a_test_forgot_does_not_keep_its_database(postgres_server):
    with postgres_server.database() as url:
        forgotten = sqlalchemy.create_engine(url).connect()
    with postgres_server.database() as url:
        assert names_of_tables(url) == []
    forgotten.invalidate()
    forgotten.close()


def test_database_url_runs_a_test_on_both(database_url):
    engine = sqlalchemy.create_engine(database_url)
    with engine.connect() as connection:
        assert connection.scalar(sqlalchemy.text("select 1")) == 1
    engine.dispose()
