"""What the scripts play on.

``database``  a store on SQLite (a file), then one on PostgreSQL
``postgres``  one on PostgreSQL alone, for what only many writers at once can show
``village``   the authority and the exchange over ``database``, with tablets; ``village_postgres``
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.records import CATALOGUE
from server.store import SqlStore, migrate, open_store
from tests.conformance.databases import emptied_postgres_url, migrated_postgres
from tests.interleavings.script import Script
from tests.interleavings.village import Village

__all__ = ["emptied_postgres_url", "migrated_postgres"]


def opened(url: str) -> Iterator[SqlStore]:
    store = open_store(url, CATALOGUE)
    yield store
    store.close()


@pytest.fixture
def postgres(emptied_postgres_url: str) -> Iterator[SqlStore]:
    yield from opened(emptied_postgres_url)


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[SqlStore]:
    migrate(sqlite_url, epoch="e1")
    yield from opened(sqlite_url)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> SqlStore:
    store: SqlStore = request.getfixturevalue(request.param)
    return store


def _script(store: SqlStore) -> Script:
    return Script(store.engine.url.render_as_string(hide_password=False))


@pytest.fixture
def script(database: SqlStore) -> Iterator[Script]:
    with _script(database) as script:
        yield script


@pytest.fixture
def postgres_script(postgres: SqlStore) -> Iterator[Script]:
    with _script(postgres) as script:
        yield script


@pytest.fixture
def village(database: SqlStore, script: Script) -> Village:
    return Village(script.store(database))


@pytest.fixture
def postgres_village(postgres: SqlStore, postgres_script: Script) -> Village:
    return Village(postgres_script.store(postgres))
