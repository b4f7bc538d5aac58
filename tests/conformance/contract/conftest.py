"""An office with a running server, and for each file of tests a grid with two workers.

``crew`` is shared by the tests of a file, which make records of their own; ``new_crew`` has a grid
and people that no other test touches.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.contract.device import Device, new_id
from tests.conformance.contract.office import Office
from tests.postgres import DURABLE, PostgresProcess, PostgresServer, lent_process

NUMBERS = itertools.count(1)


class Crew:
    """The people of one grid; ``li`` and ``wang`` are workers with a synced tablet each."""

    def __init__(self, office: Office, admin: Device) -> None:
        self.office = office
        self.grid = new_id()
        self.feed = f"grid:{self.grid}"
        admin.create("grid", record=self.grid, code=f"C-{next(NUMBERS)}", name="Grid")
        admin.sync()
        self.li = self.hire("grid_worker")
        self.wang = self.hire("grid_worker")

    def hire(self, role: str, *feeds: str) -> Device:
        """A synced tablet of a new person, who reads this grid unless told otherwise."""
        name = f"{role} {next(NUMBERS)}"
        return self.tablet(self.office.add_user(name, role, *(feeds or (self.feed,))))

    def tablet(self, user: str) -> Device:
        device = Device(self.office.wire, self.office.code_for(user))
        device.sync()
        return device

    def household(self, *others: Device, **fields: Any) -> str:
        """A household that Li entered and that everybody has."""
        record = self.li.create("household", grid=self.grid, **fields)
        self.meet(*others)
        return record

    def meet(self, *others: Device) -> None:
        """Everybody syncs until nobody has anything new for anybody."""
        for device in (self.li, self.wang, *others) * 2:
            device.sync()

    def agree(self, record: str, *others: Device) -> None:
        """After a meeting every tablet holds the same row."""
        self.meet(*others)
        seen = [device[record] for device in (self.li, self.wang, *others)]
        assert all(each == seen[0] for each in seen), seen


@pytest.fixture(scope="session")
def durable_postgres() -> Iterator[PostgresProcess]:
    """A PostgreSQL that keeps what it says it kept, and that may be killed."""
    with lent_process(DURABLE) as process:
        yield process


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def office(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """A server on SQLite, then one on PostgreSQL: every test of the contract runs on both."""
    with contextlib.ExitStack() as stack:
        url = ""
        if request.param == "postgres":
            process = request.getfixturevalue("durable_postgres")
            url = stack.enter_context(PostgresServer(process.url).database())
        office = Office(tmp_path_factory.mktemp("office"), url)
        try:
            office.open()
            yield office
        finally:
            office.close()


@pytest.fixture(scope="session")
def admin(office: Office) -> Device:
    """An administrator who makes the grids, and reads none of them."""
    device = Device(office.wire, office.code_for(office.add_user("Chief", "administrator")))
    device.sync()
    return device


@pytest.fixture(scope="module")
def crew(office: Office, admin: Device) -> Crew:
    return Crew(office, admin)


@pytest.fixture
def new_crew(office: Office, admin: Device) -> Crew:
    return Crew(office, admin)
