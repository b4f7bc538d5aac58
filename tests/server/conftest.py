"""What tests of the server may ask for.

``office``      an application on a database in memory
``any_office``  one on a SQLite file and one on PostgreSQL: the test runs twice
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.settings import Settings
from server.store import migrate
from tests.server.office import SECRET, Office, open_office


@pytest.fixture
def office() -> Iterator[Office]:
    opened = open_office()
    yield opened
    opened.served.store.close()


@pytest.fixture
def any_office(database_url: str) -> Iterator[Office]:
    settings = Settings(database_url=database_url, secret=SECRET)
    migrate(settings)
    opened = open_office(settings)
    yield opened
    opened.served.store.close()
