"""Late: what was still changed after a grid, or a record, had changed hands.

Work that somebody handed in before they could know of the handover applies, so that none
is lost. Whoever answers for the grid now did not ask for it: here it is, newest last, with
what it changed, until an administrator has taken it back or says that it was looked at.

Invariants
    * Each is shown to who sees the record's place, and to nobody else.
    * It leaves the list by an entry in the audit log, which says who looked, and when.
    * Restricted facts are named here, never shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, flash, redirect, render_template, url_for
from sqlalchemy import ColumnElement, and_, func, select
from werkzeug.wrappers import Response as AnyResponse

from server.console import ledger, wording
from server.console.access import RESTRICTED, Person, admit, here
from server.console.blueprint import console
from server.console.history_view import EventView, history_of
from server.console.languages import gettext
from server.console.pages import Page, asked_page
from server.console.waiting import kind_words
from server.models import Audit
from server.store.tables import FEED, OPERATION, RECORD

__all__ = ["LateLine", "late", "late_lines", "settle_late"]

SEEN = "late_seen"
_SIZE = 20


@dataclass(frozen=True, slots=True)
class LateLine:
    """One late operation. ``at``: corrected time. ``opens``: its record has a page here."""

    stamp: str
    record: str
    title: str
    type: str
    who: str
    verb: str
    at: int
    opens: bool


def late_lines(person: Person, *, limit: int, offset: int = 0) -> tuple[list[LateLine], int]:
    """Late operations that nobody has looked at, the oldest first, and how many there are."""
    connection, where = ledger.connection(), _open(person)
    total = connection.scalar(select(func.count()).select_from(OPERATION).where(where)) or 0
    query = (
        select(OPERATION.c.stamp, OPERATION.c.record, OPERATION.c.type, OPERATION.c.kind)
        .add_columns(OPERATION.c.actor, OPERATION.c.corrected)
        .where(where)
        .order_by(OPERATION.c.received, OPERATION.c.stamp)
        .limit(limit)
        .offset(offset)
    )
    rows = connection.execute(query).all()
    titles = ledger.titles()
    titles.load(one for row in rows for one in (row.record, row.actor))
    lines = []
    for row in rows:
        label = wording.type_label(ledger.catalogue_type(row.type))
        lines.append(
            LateLine(
                stamp=row.stamp,
                record=row.record,
                title=titles.of(row.record) or label,
                type=label,
                who=titles.of(row.actor) or gettext("somebody unknown"),
                verb=kind_words(row.kind),
                at=row.corrected,
                opens=row.type not in RESTRICTED,
            )
        )
    return lines, total


def _open(person: Person) -> ColumnElement[bool]:
    """The condition that an operation is late, in this person's place, and not looked at."""
    noted = select(Audit.id).where(Audit.about == OPERATION.c.stamp, Audit.what == SEEN)
    where = and_(OPERATION.c.late, ~noted.exists())
    if person.feeds is None:
        return where
    place = select(RECORD.c.id).join(FEED, FEED.c.key == RECORD.c.feed)
    own = place.where(RECORD.c.id == OPERATION.c.record, FEED.c.name.in_(sorted(person.feeds)))
    return and_(where, own.exists())


def settle_late(person: Person, stamp: str) -> bool:
    """Note that a person has looked at a late operation; False if it is not in their list."""
    where = and_(_open(person), OPERATION.c.stamp == stamp)
    if ledger.connection().scalar(select(OPERATION.c.stamp).where(where)) is None:
        return False
    ledger.note(SEEN, about=stamp, user=person.id)
    return True


@console.get("/late")
@admit("grids")
def late() -> str:
    """What was changed after a handover, each with before and after."""
    person = here()
    _, total = late_lines(person, limit=0)
    page = Page.of(total, number=asked_page(), size=_SIZE)
    lines, _ = late_lines(person, limit=page.size, offset=page.offset)
    return render_template(
        "late.html",
        lines=lines,
        events=_events(person, lines),
        page=page,
        may_act=person.right("grids") == "act",
        help_page="waiting",
    )


def _events(person: Person, lines: list[LateLine]) -> dict[str, EventView]:
    """Stamp → what the operation changed, of the records that may be shown."""
    wanted = {line.stamp for line in lines}
    records = ledger.snapshot().records({line.record for line in lines if line.opens})
    return {
        event.stamp: event
        for record in records.values()
        if person.sees(record)
        for event in history_of(person, record)
        if event.stamp in wanted
    }


@console.post("/late/<stamp>/seen")
@admit("grids", "act")
def late_seen(stamp: str) -> AnyResponse:
    """Somebody looked at it and lets it stand."""
    if not settle_late(here(), stamp):
        abort(404)
    flash(gettext("Noted that you looked at it. It stays in the record's history."), "good")
    return redirect(url_for("console.late"))
