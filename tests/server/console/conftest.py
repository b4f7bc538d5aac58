"""What tests of the console may ask for.

``county``     a small county of its own, with conflicts and things kept aside
``admin``      an administrator's browser in it; ``browse`` makes another person's
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.server.console.browser import Browser
from tests.server.console.county import County
from tests.server.console.disagreement import Kept


@pytest.fixture(scope="session")
def kept_county(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept.made_in(tmp_path_factory.mktemp("county"))


@pytest.fixture
def county(kept_county: Kept, tmp_path: Path) -> Iterator[County]:
    opened = kept_county.copied_to(tmp_path)
    yield opened
    opened.services.store.close()


@pytest.fixture
def browse(county: County) -> Callable[..., Browser]:
    return lambda username, lang="en": Browser(county, username, lang=lang)


@pytest.fixture
def admin(county: County) -> Browser:
    return Browser(county, "admin")
