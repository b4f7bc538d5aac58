"""The cast: who lives the day, on which tablets, in which grids, at which doors.

People, grids and households are those of the seeded county, taken in the order of their
ids, so that the same seed tells the same story.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from server.cli.day.stage import Stage
from server.cli.day.tablets import Tablet
from server.cli.day.telling import Findings, Teller
from sync.feeds import SHARED, person
from sync.record import Record
from sync.scope import SYSTEM, Scope

if TYPE_CHECKING:
    from server.accounts.directory import User
    from server.services import Services

__all__ = ["Day", "begin", "clock_time"]

FIVE_HOURS_MS = 5 * 3_600_000
_COUNTY = timezone(timedelta(hours=8))


def clock_time(ms: int) -> str:
    """A time of day in the county.

    >>> clock_time(1_763_900_000_000)
    '20:13:20'
    """
    return datetime.fromtimestamp(ms / 1000, tz=_COUNTY).strftime("%H:%M:%S")


@dataclass(frozen=True)
class Day:
    """Everything that a chapter needs."""

    stage: Stage
    tell: Teller
    findings: Findings
    worker: Tablet
    chief: Tablet
    handler: Tablet
    administrator: User
    dispatcher: User
    grids: tuple[str, str, str]
    unit: Record

    @property
    def services(self) -> Services:
        """The office's own services."""
        return self.stage.services

    @property
    def tablets(self) -> list[Tablet]:
        """All three."""
        return [self.worker, self.chief, self.handler]

    def as_office(self, who: User) -> Scope:
        """The scope of somebody who works at the console, for the whole county."""
        return Scope(user=who.id, role=who.role, reads=None, lang=self.tell.lang)

    def doors(self, grid: str) -> list[Record]:
        """The households of a grid that have a householder, in the order of their ids."""
        with self.services.store.read() as snapshot:
            entries = snapshot.entries(f"grid:{grid}", after=0, limit=100_000)
            ids = sorted(one.record for one in entries if one.type == "household")
            found = snapshot.records(ids)
        return [found[one] for one in ids if found[one].get("householder")]

    def address(self, household: Record) -> str:
        """A door as people say it."""
        with self.services.store.read() as snapshot:
            known = snapshot.records([household.get("building") or ""])
        building = known.get(household.get("building") or "")
        number = building.get("number") if building is not None else None
        parts = [household.get("compound"), number, household.get("entrance")]
        known_parts = [one for one in (*parts, household.get("room")) if one]
        return "".join(known_parts) if self.tell.lang == "zh" else " ".join(known_parts)

    def reads(self, tablet: Tablet) -> tuple[str, ...]:
        """The feeds that a tablet's user reads at the end of the day."""
        own = {
            self.worker.user: f"grid:{self.grids[1]}",
            self.chief.user: f"grid:{self.grids[0]}",
            self.handler.user: f"unit:{self.unit.id}",
        }
        return (SHARED, person(tablet.user), own[tablet.user])


def begin(stage: Stage, tell: Teller, findings: Findings) -> Day:
    """Choose people and places, and enrol three tablets. The chief's clock is five hours ahead."""
    from server.accounts.directory import users

    everybody = users(stage.services.store, now_ms=stage.services.now_ms())
    by_role: dict[str, list[User]] = {}
    for one in sorted(everybody, key=lambda user: user.id):
        by_role.setdefault(one.role, []).append(one)
    workers = by_role["grid_worker"]
    feed = next(one for one in workers[0].granted if one.startswith("grid:"))
    chief = next(one for one in by_role["grid_chief"] if feed in one.granted)
    handler = next(one for one in by_role["handler"] if one.granted)
    unit = handler.granted[0].partition(":")[2]
    others = [one.granted[0] for one in workers[1:3]]
    with stage.services.store.read() as snapshot:
        unit_record = snapshot.records([unit])[unit]
    for one in (workers[0], chief, handler):
        stage.services.door.edit(SYSTEM, one.id, {"lang": tell.lang})
    first, second, third = (one.partition(":")[2] for one in (feed, *others))
    return Day(
        stage,
        tell,
        findings,
        worker=_tablet(stage, workers[0]),
        chief=_tablet(stage, chief, ahead_ms=FIVE_HOURS_MS),
        handler=_tablet(stage, handler),
        administrator=by_role["administrator"][0],
        dispatcher=by_role["dispatcher"][0],
        grids=(first, second, third),
        unit=unit_record,
    )


def _tablet(stage: Stage, user: User, *, ahead_ms: int = 0) -> Tablet:
    from server.accounts.enrolment import issue_code
    from server.accounts.sessions import writing

    with writing(stage.services.store) as session:
        code = issue_code(
            session, user=user.id, now_ms=stage.services.now_ms(), draw=secrets.randbelow
        )
    return Tablet(
        stage.url, stage.folder, name=user.name, code=code, platform="day", ahead_ms=ahead_ms
    )
