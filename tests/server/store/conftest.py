"""Stores of the SQL databases, migrated."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.records import CATALOGUE
from server.store import SqlStore, migrate, open_store
from tests.conformance.databases import emptied_postgres_url, migrated_postgres

__all__ = ["emptied_postgres_url", "migrated_postgres"]


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[SqlStore]:
    migrate(sqlite_url, epoch="e1")
    opened = open_store(sqlite_url, CATALOGUE)
    yield opened
    opened.close()


@pytest.fixture
def postgres_store(emptied_postgres_url: str) -> Iterator[SqlStore]:
    opened = open_store(emptied_postgres_url, CATALOGUE)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> SqlStore:
    """A store on SQLite, then one on PostgreSQL."""
    opened: SqlStore = request.getfixturevalue(f"{request.param}_store")
    return opened
