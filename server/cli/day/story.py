"""The story, first half: from the first sync to the order that a department accepts.

Each chapter does what its title says, tells it, and notes what it found. The tablets
work through their replicas alone, the office through its door alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from server.cli.day import afternoon
from server.cli.day.cast import Day
from server.cli.day.checks import record
from server.cli.day.tablets import Tablet
from server.records.codes import CARE
from server.rules.roles import ROLES
from server.rules.workflow import WORK_ORDER
from sync.client import Report

if TYPE_CHECKING:
    from sync.record import Record
    from sync.store import Conflict

__all__ = ["CHAPTERS"]

FIRST_COMER, SECOND_COMER = "罗秀英", "罗建国"
FIRST_PHONE, SECOND_PHONE = "13900000001", "13900000002"
CLEARLY_LATER_S = 1.2
"""More than the offset of a tablet's clock can be wrong by."""


def sync(day: Day, tablet: Tablet) -> Report:
    """An exchange, with what it cost."""
    report, ms = tablet.sync()
    day.tell.wire(report, ms)
    return report


def morning(day: Day) -> None:
    """Three tablets receive what their workers may read."""
    day.tell.chapter("morning")
    everybody = {
        day.worker.user: "grid_worker", day.chief.user: "grid_chief", day.handler.user: "handler"
    }  # fmt: skip
    for tablet in day.tablets:
        role = day.tell.words(ROLES, everybody[tablet.user])
        day.tell.say("enrolled", name=tablet.name, role=role)
    day.tell.say("wrong_clock", name=day.chief.name)
    for tablet in day.tablets:
        report, ms = tablet.sync()
        households = len(tablet.held("household"))
        day.tell.say("first_sync", name=tablet.name, rows=report.rows, households=households)
        day.tell.wire(report, ms)


# One household, two people -------------------------------------------------------------------


def stairwell(day: Day) -> None:
    """Different fields are merged; the same one becomes a conflict that nobody loses by."""
    tell, worker, chief = day.tell, day.worker, day.chief
    tell.chapter("stairwell")
    before = day.doors(day.grids[0])[0]
    house, present = before.id, before.get("tags") or []
    tags = [code for code in CARE if code not in present][:2]
    housing = "rented" if before.get("housing") != "rented" else "owned"
    tell.say(
        "offline_first", door=day.address(before), name=worker.name,
        tag=tell.words(CARE, tags[0]), value=FIRST_COMER,
    )  # fmt: skip
    tell.say("offline_second", name=chief.name, tag=tell.words(CARE, tags[1]), value=SECOND_COMER)
    tell.say("phone_twice", first=worker.name, second=chief.name)
    chief.edit(house, phone=SECOND_PHONE)
    time.sleep(CLEARLY_LATER_S)
    visit = {"visits": {"add": 1}, "log": {"append": "上门走访"}}
    worker.edit(house, phone=FIRST_PHONE)
    worker.edit(house, **visit, tags={"add": [tags[0]]}, householder=FIRST_COMER)
    chief.edit(house, **visit, tags={"add": [tags[1]]}, householder=SECOND_COMER, housing=housing)
    for tablet in (worker, chief):
        tell.say("screen", name=tablet.name, words=tablet.client.status().words(tell.lang))
    for tablet in (worker, chief, worker):
        report, ms = tablet.sync()
        if report.outcomes:
            tell.say("handed_in", name=tablet.name, outcomes=tell.outcomes(report.outcomes))
        tell.wire(report, ms)
    _check_merged(day, before, tags, housing)
    _check_conflict(day, house)


def _check_merged(day: Day, before: Record, tags: Sequence[str], housing: str) -> None:
    after = record(day.services, before.id)
    visits = after.get("visits") - (before.get("visits") or 0)
    entries = len(after.get("log") or ()) - len(before.get("log") or ())
    kept = {*tags} <= {*after.get("tags")} and after.get("housing") == housing
    shown = all(
        [view[name] for name in ("tags", "housing", "visits")]
        == [after.get(name) for name in ("tags", "housing", "visits")]
        for view in (day.worker.see(before.id), day.chief.see(before.id))
    )
    added = len({*tags} & {*after.get("tags")})
    what = day.tell.found("visit_tags", visits=visits, entries=entries, tags=added)
    day.findings.note("merged", visits == entries == 2 and kept and shown, what)


def _check_conflict(day: Day, house: str) -> None:
    found = conflict_about(day, house)
    after = record(day.services, house)
    if found is None:
        day.tell.say("no_conflict", server=FIRST_COMER)
        left = day.tell.found("one_side", value=after.get("householder"))
        day.findings.note("base", False, left)
        return
    part = found.fields["householder"]
    day.tell.say("conflict_shown", server=part["server"], device=part["device"])
    marks = day.chief.marks(house, "householder")
    right = (part["server"], part["device"]) == (FIRST_COMER, SECOND_COMER)
    seen = day.chief.see(house)["householder"] == after.get("householder") == FIRST_COMER
    what = day.tell.found("two_sides", server=part["server"], device=part["device"])
    day.findings.note("base", right and seen and marks == ("conflict",), what)
    day.findings.note("clock", after.get("phone") == FIRST_PHONE, after.get("phone"))


def conflict_about(day: Day, house: str) -> Conflict | None:
    """The open conflict about who lives there, as the office finds it."""
    from server.cli.conflicts import open_conflicts

    for one in open_conflicts(day.services):
        if one.record == house and "householder" in one.open_fields():
            return one
    return None


# New people, new orders ------------------------------------------------------------------------


def resident(day: Day) -> None:
    """A record made offline, edited before it was sent, arrives whole on every side."""
    day.tell.chapter("resident")
    house = day.doors(day.grids[0])[1]
    person, name = day.services.new_id(), "杨小梅"
    day.worker.create(
        "resident", person, grid=day.grids[0], household=house.id, name=name, sex="2",
        birth="1996-05-04", residing=True, registered=False, tags=["migrant"],
    )  # fmt: skip
    day.worker.edit(person, phone="13900000003")
    day.tell.say("moved_in", name=day.worker.name, door=day.address(house), value=name)
    sync(day, day.worker)
    day.tell.say("other_sees", name=day.chief.name)
    sync(day, day.chief)
    wanted = (name, house.id, "13900000003")
    told = record(day.services, person)
    seen = day.chief.see(person)
    names = ("name", "household", "phone")
    everywhere = tuple(map(told.get, names)) == wanted == tuple(map(seen.record.get, names))
    day.findings.note("resident", everywhere, name)


def appeal(day: Day) -> None:
    """Reported offline, dispatched at the office, accepted offline by a department."""
    tell, door, dispatcher = day.tell, day.services.door, day.as_office(day.dispatcher)
    tell.chapter("appeal")
    order, title = day.services.new_id(), "楼道照明灯不亮"
    day.worker.create(
        "work_order", order, grid=day.grids[0], household=day.doors(day.grids[0])[1].id,
        source="grid_worker", title=title, kind="request", reported_by=day.worker.user,
        reported_at=day.worker.now_ms(), log=["住户当面反映"],
    )  # fmt: skip
    tell.say("reported", name=day.worker.name, value=title)
    sync(day, day.worker)
    unit = day.unit.get("name")
    door.transition(dispatcher, order, "verified")
    door.transition(dispatcher, order, "classified", {"class": "ordinary"})
    door.transition(dispatcher, order, "assigned", {"lead_unit": day.unit.id})
    tell.say("dispatched", name=day.dispatcher.name, unit=unit)
    sync(day, day.handler)
    day.handler.replica.transition(
        order, "accepted", now_ms=day.handler.now_ms(), fields={"accepted_by": day.handler.user}
    )
    tell.say("accepted", name=day.handler.name, unit=unit)
    sync(day, day.handler)
    sync(day, day.worker)
    with day.services.store.read() as snapshot:
        history = list(reversed(snapshot.history(order)))
    states = [one.raw["fields"]["status"]["to"] for one in history if one.kind == "transition"]
    wanted = ["verified", "classified", "assigned", "accepted"]
    seen = day.worker.see(order)["status"]
    what = " → ".join(tell.words(WORK_ORDER.states, state) for state in states)
    day.findings.note("order", states == wanted and seen == "accepted", what)


CHAPTERS: tuple[Callable[[Day], None], ...] = (
    morning,
    stairwell,
    resident,
    appeal,
    *afternoon.CHAPTERS,
)
"""The whole day, in order."""
