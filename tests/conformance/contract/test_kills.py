"""Power cuts: whatever was acknowledged is there afterwards, once, and everything agrees.

Tablets work on while the server's processes, the database's, or one connection of it are
killed in the middle of writes, and started again on the same data. Their lines break, they
are told ``busy``, they repeat; nothing else may come of it.
"""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conformance.contract.conftest import Crew
from tests.conformance.contract.device import Device
from tests.conformance.contract.wire import CutOffError, ProblemError

TABLETS = 3
ROUNDS = 2
ACKS_BETWEEN = 40
PATIENCE_SECONDS = 60


on_postgres = pytest.mark.parametrize(
    "office", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True, scope="session"
)


class Work:
    """Tablets that count visits and enter households, and repeat what was not answered."""

    def __init__(self, crew: Crew) -> None:
        self.crew = crew
        self.record = crew.household(visits=0)
        self.tablets = [crew.tablet(crew.li.user) for _ in range(TABLETS)]
        self.made: list[str] = []
        self.refusals: set[str] = set()
        self._stop = threading.Event()

    def go_on(self, tablet: Device) -> None:
        while not self._stop.is_set():
            if not tablet.outbox:
                tablet.edit(self.record, visits={"add": 1})
                self.made.append(tablet.create("household", grid=self.crew.grid))
            try:
                tablet.exchange()
            except ProblemError as refusal:
                self.refusals.add(refusal.code)
            except (OSError, CutOffError, http.client.HTTPException):
                time.sleep(0.01)

    def acknowledge_more(self) -> None:
        """Wait until so many more operations were acknowledged."""
        target = self._acknowledged() + ACKS_BETWEEN
        end = time.monotonic() + PATIENCE_SECONDS
        while self._acknowledged() < target:
            assert time.monotonic() < end, self.crew.office.said()
            time.sleep(0.005)

    def _acknowledged(self) -> int:
        return sum(len(tablet.acks) for tablet in self.tablets)

    @contextlib.contextmanager
    def going_on(self) -> Iterator[None]:
        with ThreadPoolExecutor(TABLETS) as threads:
            tasks = [threads.submit(self.go_on, tablet) for tablet in self.tablets]
            try:
                yield
            finally:
                self._stop.set()
            for task in tasks:
                task.result()

    def is_all_there_once(self) -> None:
        crew = self.crew
        assert self.refusals <= {"busy"}, crew.office.said()[-3_000:]
        crew.agree(self.record, *self.tablets)
        assert crew.li[self.record].fields["visits"] == len(self.made) > 0
        homes = [home.record for home in crew.li.of_type("household")]
        assert sorted(homes) == sorted([self.record, *self.made])
        assert crew.office.run("doctor").endswith("All is well.")


def test_what_was_acknowledged_is_there_after_the_server_was_killed(new_crew):
    """On SQLite the server's processes are the database's too."""
    work, office = Work(new_crew), new_crew.office
    with work.going_on():
        work.acknowledge_more()
        office.kill()
        office.open()
        work.acknowledge_more()
    work.is_all_there_once()


@on_postgres
def test_what_was_acknowledged_is_there_after_postgresql_was_killed(new_crew, durable_postgres):
    work = Work(new_crew)
    with work.going_on():
        for _ in range(ROUNDS):
            work.acknowledge_more()
            durable_postgres.kill()
            durable_postgres.start()
        work.acknowledge_more()
    work.is_all_there_once()


@on_postgres
def test_what_was_acknowledged_is_there_after_one_connection_of_postgresql_was_killed(
    new_crew, durable_postgres
):
    """PostgreSQL then ends all the others too and recovers, as if its memory had been spoilt."""
    work = Work(new_crew)
    with work.going_on():
        for _ in range(ROUNDS):
            work.acknowledge_more()
            durable_postgres.kill_a_connection()
        work.acknowledge_more()
    work.is_all_there_once()
