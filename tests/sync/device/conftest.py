"""Two tablets in one village, on memory and on SQLite."""

from __future__ import annotations

import pytest

from tests.sync.device.village import (
    ANNA,
    BO,
    FEED,
    GRID,
    HOUSE,
    Link,
    Server,
    Tablet,
    bare_storage,
)


@pytest.fixture(params=["memory", "sqlite"])
def storage_kind(request):
    return request.param


@pytest.fixture
def server():
    made = Server()
    made.change(
        HOUSE,
        {"grid": GRID, "householder": "张三", "phone": "1", "tags": ["old"], "visits": 2},
        kind="create",
    )
    return made


@pytest.fixture
def anna(server, storage_kind):
    server.admit("annaannb", ANNA, FEED)
    return Tablet("annaannb", ANNA, Link(server), bare_storage(storage_kind))


@pytest.fixture
def bo(server, storage_kind):
    server.admit("bbbbbbbb", BO, FEED)
    return Tablet("bbbbbbbb", BO, Link(server), bare_storage(storage_kind))


@pytest.fixture
def pair(anna, bo):
    """Both, after their first sync."""
    anna.sync()
    bo.sync()
    return anna, bo
