"""A clock that ran ahead: what waits because of it, taken in one go, and taken back in one go.

A tablet whose clock once stood years ahead names everything after that for a time in the
future too, for its stamps never go back. Each such change waits for a person (code
``stamp_ahead``), though nothing is wrong with it but its name. A day's work of one tablet is
a hundred of them: nobody lets a hundred changes go one by one.

Invariants
    * What is taken is only what waits for its stamp; whatever else is held stays held.
    * Changes are taken in the order of their stamps, for one is based on the one before.
    * Every change taken here can be taken back here, as an operation of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from server.console import languages, ledger
from server.console.access import Person, admit, here
from server.console.blueprint import console
from server.console.device_list import device_title
from server.console.languages import gettext
from server.services import services
from server.store.tables import HELD, OPERATION
from sync.authority import Ack
from sync.stamps import device_of, is_stamp

__all__ = ["AheadLine", "ahead_lines", "take_ahead", "take_back_ahead"]

CODE = "stamp_ahead"
MOST = 200
"""Changes taken by one press: a page must answer within seconds."""


@dataclass(frozen=True, slots=True)
class AheadLine:
    """One tablet whose changes wait because its clock ran ahead."""

    device: str
    title: str
    who: str
    count: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """A change that could not simply be applied, and why."""

    title: str
    why: str


def ahead_lines(person: Person) -> list[AheadLine]:
    """The tablets of which changes wait for that reason, most first."""
    if person.right("waiting") is None:
        return []
    connection = ledger.connection()
    query = (
        select(HELD.c.stamp, OPERATION.c.actor)
        .join_from(HELD, OPERATION, HELD.c.stamp == OPERATION.c.stamp)
        .where(HELD.c.code == CODE, HELD.c.needs.is_(None))
    )
    rows = connection.execute(query).all()
    counts = Counter(device_of(row.stamp) for row in rows)
    first = {device_of(row.stamp): row for row in rows}
    titles = ledger.titles()
    titles.load(row.actor for row in first.values())
    return [
        AheadLine(
            device=device,
            title=device_title(first[device].stamp),
            who=titles.of(first[device].actor) or gettext("somebody unknown"),
            count=count,
        )
        for device, count in counts.most_common()
    ]


def _waiting_of(device: str) -> list[str]:
    """The stamps of a tablet that wait for that reason, in their order."""
    query = select(HELD.c.stamp).where(HELD.c.code == CODE, HELD.c.needs.is_(None))
    stamps = ledger.connection().scalars(query.order_by(HELD.c.stamp)).all()
    return [stamp for stamp in stamps if device_of(stamp) == device]


@console.post("/waiting/ahead/<device>")
@admit("waiting", "act")
def take_ahead(device: str) -> str | AnyResponse:
    """Let everything of a tablet go that waits because its clock ran ahead."""
    here()
    stamps = _waiting_of(device)
    ledger.finish()
    if not stamps:
        flash(gettext("Nothing of this tablet waits for its clock any more."), "warn")
        return redirect(url_for("console.waiting"))
    acks = [(stamp, services().door.release(stamp)) for stamp in stamps[:MOST]]
    taken = [stamp for stamp, ack in acks if ack.outcome in ("applied", "merged")]
    return render_template(
        "ahead_taken.html",
        device=device,
        title=device_title(stamps[0]),
        taken=taken,
        stopped=_stopped([(stamp, ack) for stamp, ack in acks if stamp not in set(taken)]),
        left=max(0, len(stamps) - MOST),
        help_page="waiting",
    )


def _stopped(acks: Sequence[tuple[str, Ack]]) -> list[Stopped]:
    stored = ledger.snapshot().operations([stamp for stamp, _ in acks])
    titles = ledger.titles()
    titles.load(one.record for one in stored.values())
    lines = []
    for stamp, ack in acks:
        found = stored.get(stamp)
        words = ack.problem.message(languages.language()) if ack.problem else ""
        lines.append(Stopped((titles.of(found.record) if found else "") or stamp, words))
    return lines


@console.post("/waiting/ahead/<device>/back")
@admit("waiting", "act")
def take_back_ahead(device: str) -> AnyResponse:
    """Put back what these changes of a tablet changed."""
    person = here()
    stamps = sorted(set(request.form.getlist("stamp")))
    if not stamps or not all(is_stamp(one) and device_of(one) == device for one in stamps):
        abort(400)
    ledger.finish()
    reason = gettext("Taken back together with all that waited for a clock that ran ahead.")
    done = services().door.undo_all(person.scope, stamps, reason=reason)
    left = len(stamps) - done
    flash(gettext("%(n)s changes taken back. The history shows both.", n=done), "good")
    if left:
        words = gettext(
            "%(n)s stay: they were changed again since, or cannot be taken back.", n=left
        )
        flash(words, "warn")
    return redirect(url_for("console.waiting"))
