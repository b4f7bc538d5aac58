"""The county of these tests, and the two people in it."""

from __future__ import annotations

import pytest

from tests.sync.county import ANNA, BO, GRID, County, Device, uid


@pytest.fixture
def county() -> County:
    return County()


@pytest.fixture
def make_county() -> type[County]:
    return County


@pytest.fixture
def anna(county: County) -> Device:
    return county.device(ANNA)


@pytest.fixture
def bo(county: County) -> Device:
    return county.device(BO)


@pytest.fixture
def house(anna: Device, bo: Device) -> str:
    """A household that both have: the id; its create's stamp is ``anna.created``."""
    create = anna.op(
        "create",
        uid(1),
        {"grid": GRID, "householder": "张三", "phone": "1", "tags": ["old"], "notes": "一\n"},
    )
    assert anna.send(create)[0]["outcome"] == "applied"
    bo.send()
    anna.created = bo.created = create["stamp"]
    return uid(1)
