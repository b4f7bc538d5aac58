"""The stores that the suite runs on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from server.records import CATALOGUE
from server.store import migrate, open_store
from sync.memory import MemoryStore
from tests.conformance.databases import emptied_postgres_url, migrated_postgres

__all__ = ["emptied_postgres_url", "migrated_postgres"]


def opened(kind: str, request: pytest.FixtureRequest) -> Any:
    if kind == "memory":
        return MemoryStore(CATALOGUE, epoch="e1")
    if kind == "sqlite-memory":
        return open_store("sqlite://", CATALOGUE, epoch="e1")
    if kind == "postgres":
        return open_store(request.getfixturevalue("emptied_postgres_url"), CATALOGUE)
    url = request.getfixturevalue("sqlite_url")
    migrate(url, epoch="e1")
    return open_store(url, CATALOGUE)


def lent(kind: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    store = opened(kind, request)
    yield store
    if kind != "memory":
        store.close()


@pytest.fixture(params=["memory", "sqlite-memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[Any]:
    yield from lent(request.param, request)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def shared_store(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A store that serves several threads at the same moment."""
    yield from lent(request.param, request)
