"""Today: what needs a person now, in five seconds.

A few numbers, and under each the oldest of what it counts, so that the next thing to
do is one click away. What was changed after a handover is rare, and has a number only
when there is some. Nothing here praises or ranks anybody.

Invariants
    * Each number and the list under it come from one query's conditions.
    * A number of something that this person cannot open is not shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import render_template, url_for
from sqlalchemy import ColumnElement, and_, func, or_, select

from server.console import conflict_list, languages, ledger, wording
from server.console.access import Person, admit, here
from server.console.blueprint import console
from server.console.device_list import DeviceLine, silent_devices
from server.console.households import OVERDUE, care_overdue
from server.console.languages import gettext, ngettext
from server.console.late import late_lines
from server.console.titles import door_title
from server.console.waiting import waiting_lines

__all__ = ["home"]

_DAY_MS = 86_400_000
_SHOWN = 5
FINISHED = ("closed", "merged", "rejected", "followed_up")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that waits: where it leads, what it is, and since when."""

    url: str
    title: str
    second: str
    since: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """One kind of thing that waits. ``calm`` is said when there is none."""

    name: str
    title: str
    count: int
    words: str
    url: str | None
    lines: list[Line]
    calm: str
    grave: str = "warn"


@console.get("/")
@admit("home")
def home() -> str:
    """The first page."""
    person = here()
    needs = [_conflicts(person), _orders(person), _care(person)]
    if person.right("waiting"):
        needs.insert(1, _held(person))
    late = _late(person)
    if late.count:
        needs.insert(1, late)
    if person.right("devices"):
        needs.append(_silent())
    return render_template("home.html", needs=needs, help_page="index")


def _conflicts(person: Person) -> Need:
    lines, page = conflict_list.lines(person, conflict_list.Filters(order="oldest"), page=1)
    return Need(
        name="conflicts",
        title=gettext("Open conflicts"),
        count=page.total,
        words=gettext("Two people changed the same thing. Decide which holds."),
        url=url_for("console.conflicts"),
        lines=[
            Line(
                url=url_for("console.conflict", conflict_id=one.id),
                title=one.title,
                second=gettext("%(fields)s · by %(who)s", fields=one.fields, who=one.who),
                since=languages.ago(one.opened),
            )
            for one in lines[:_SHOWN]
        ],
        calm=gettext("Nobody waits for a decision."),
        grave="bad",
    )


def _held(person: Person) -> Need:
    held, total = waiting_lines(person, limit=_SHOWN)
    return Need(
        name="waiting",
        title=gettext("Kept aside"),
        count=total,
        words=gettext("Changes that were kept, not applied. Look at them."),
        url=url_for("console.waiting"),
        lines=[
            Line(
                url=url_for("console.waiting") + f"#{one.anchor}",
                title=one.title,
                second=one.why,
                since=languages.ago(one.since),
            )
            for one in held
        ],
        calm=gettext("Everything that arrived was taken."),
    )


def _late(person: Person) -> Need:
    late, total = late_lines(person, limit=_SHOWN)
    return Need(
        name="late",
        title=gettext("Changed after a handover"),
        count=total,
        words=gettext("Took effect, though its author had handed over. Check it."),
        url=url_for("console.late"),
        lines=[
            Line(
                url=url_for("console.late") + f"#late-{one.stamp}",
                title=one.title,
                second=gettext("%(who)s %(verb)s it", who=one.who, verb=one.verb),
                since=languages.ago(one.at),
            )
            for one in late
        ],
        calm="",
    )


def _orders(person: Person) -> Need:
    order = ledger.table("work_order")
    now = ledger.now_ms()
    overdue = _overdue(person, order, now)
    connection = ledger.connection()
    count = connection.scalar(select(func.count()).select_from(order).where(overdue)) or 0
    since = func.coalesce(order.c.due_at, order.c.reported_at)
    rows = connection.execute(
        select(order.c.id, order.c.grid, order.c.status, order.c.due_at, order.c.reported_at)
        .where(overdue)
        .order_by(since)
        .limit(_SHOWN)
    ).all()
    titles = ledger.titles()
    titles.load([row.id for row in rows] + [row.grid for row in rows])
    status = ledger.catalogue_type("work_order").by_name["status"]
    return Need(
        name="orders",
        title=gettext("Orders past their time"),
        count=count,
        words=gettext("Due and not finished, or reported three days ago and not dispatched."),
        url=None,
        lines=[
            Line(
                url=url_for("console.record_page", record_id=row.id),
                title=titles.of(row.id),
                second=titles.of(row.grid),
                since=_since_due(row, now),
                tag=wording.said(status, row.status, titles.of),
            )
            for row in rows
        ],
        calm=gettext("Every order is within its time."),
    )


def _overdue(person: Person, order: Any, now: int) -> ColumnElement[bool]:
    return and_(
        person.within(order.c.grid),
        order.c.status.not_in(FINISHED),
        or_(
            order.c.due_at < now,
            and_(order.c.due_at.is_(None), order.c.reported_at < now - 3 * _DAY_MS),
        ),
    )


def _since_due(row: Any, now: int) -> str:
    if row.due_at is None:
        return gettext("reported %(ago)s", ago=languages.ago(row.reported_at))
    return gettext("%(span)s late", span=languages.span(now - row.due_at))


def _care(person: Person) -> Need:
    household, building = ledger.table("household"), ledger.table("building")
    where = and_(person.within(household.c.grid), care_overdue(ledger.now_ms()))
    connection = ledger.connection()
    count = connection.scalar(select(func.count()).select_from(household).where(where)) or 0
    level = household.c.care_level
    rows = connection.execute(
        select(household, building.c.number, building.c.compound.label("building_compound"))
        .select_from(household.outerjoin(building, household.c.building == building.c.id))
        .where(where)
        .order_by(level != "weekly", level != "monthly", household.c.last_visit)
        .limit(_SHOWN)
    ).all()
    field = ledger.catalogue_type("household").by_name["care_level"]
    return Need(
        name="care",
        title=gettext("Care visits overdue"),
        count=count,
        words=ngettext(
            "Households that somebody should have visited by now.",
            "Households that somebody should have visited by now.",
            count,
        ),
        url=url_for("console.grids", care=OVERDUE),
        lines=[
            Line(
                url=url_for("console.household", household_id=row.id),
                title=row.householder or gettext("(no householder)"),
                second=door_title(
                    compound=row.compound or row.building_compound,
                    number=row.number,
                    entrance=row.entrance,
                    room=row.room,
                ),
                since=gettext("visited %(ago)s", ago=languages.ago(row.last_visit)),
                tag=wording.said(field, row.care_level, str),
            )
            for row in rows
        ],
        calm=gettext("Nobody waits longer than agreed."),
    )


def _silent() -> Need:
    devices = silent_devices()
    return Need(
        name="devices",
        title=gettext("Silent devices"),
        count=len(devices),
        words=gettext("No exchange for three days. Work may wait on them."),
        url=url_for("console.devices"),
        lines=[
            Line(
                url=url_for("console.device", device_id=one.id),
                title=one.holder,
                second=one.name,
                since=languages.ago(one.last_exchange),
                tag=gettext("%(count)s waiting", count=_waiting(one)) if _waiting(one) else "",
            )
            for one in devices[:_SHOWN]
        ],
        calm=gettext("Every device was heard of lately."),
    )


def _waiting(device: DeviceLine) -> int:
    """How much a device told that it has not handed in."""
    return (device.outbox or 0) + (device.photos or 0)
