"""What tests of the server may ask for: ``office``, an application in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.office import Office, open_office


@pytest.fixture
def office() -> Iterator[Office]:
    opened = open_office()
    yield opened
    opened.served.store.close()
