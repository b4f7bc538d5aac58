"""What tests of the tablet app may ask for.

``place``      two grids, a worker each, a chief, an administrator; a server in front of them
``network``    what is between it and the browser: goes down, is slow, cuts answers
``tablet``     a browser that has opened nothing yet
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.tablet.carried import PORTRAIT, Tablet
from tests.browser.tablet.place import Place, build, copied, serving
from tests.browser.tablet.proxy import Network

OPTIONS: dict[str, Any] = {
    "viewport": PORTRAIT,
    "has_touch": True,
    "locale": "zh-CN",
    "timezone_id": "Asia/Shanghai",
    "service_workers": "allow",
    "permissions": ["geolocation"],
    "geolocation": {"latitude": 27.69, "longitude": 108.83},
}


@pytest.fixture(scope="session")
def kept_place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return build(tmp_path_factory.mktemp("place"))


@pytest.fixture
def place(kept_place: Place, tmp_path: Path) -> Iterator[Place]:
    opened = copied(kept_place, tmp_path)
    yield opened
    opened.served.store.close()


@pytest.fixture
def network(place: Place) -> Iterator[Network]:
    with serving(place) as port:
        made = Network(port)
        made.up()
        yield made
        made.down()


@pytest.fixture
def tablet(browser: Browser, network: Network, place: Place) -> Iterator[Tablet]:
    context = browser.new_context(**OPTIONS)
    made = Tablet.of(context, network, place, "en")
    yield made
    context.close()
    assert made.told == []
