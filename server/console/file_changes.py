"""What changes a file: the household's form, undo, and what may be revealed for a purpose.

Invariants
    * A record outside the person's place is not found, for writing as for reading.
    * A form that is stale opens a conflict; it overwrites nobody. Undo is no different.
    * Telephone and ID numbers are shown only in the answer to a request that names a
      purpose, and that is noted before they are read.
"""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.console import forms, languages, ledger, wording
from server.console.access import Person, admit, here
from server.console.blueprint import console
from server.console.languages import gettext
from server.console.late import settle_late
from server.rules import citizen_id
from server.services import services
from sync.authority import Ack
from sync.kinds import may
from sync.record import Record

__all__ = ["edit_household", "purposes", "reveal", "save_household", "seen_record", "undo"]

EDITABLE = (
    "householder",
    "phone",
    "compound",
    "building",
    "entrance",
    "floor",
    "room",
    "housing",
    "care_level",
    "tags",
    "notes",
)
"""The household's fields that a form changes; the others follow from visits or never change."""

PURPOSES = ("visit", "order", "correct", "other")


def purposes() -> list[tuple[str, str]]:
    """What restricted facts may be asked for."""
    return [
        ("visit", gettext("Preparing a visit")),
        ("order", gettext("Handling an order")),
        ("correct", gettext("Correcting a record")),
        ("other", gettext("Something else (say what)")),
    ]


def seen_record(record_id: str, type_name: str | None = None) -> Record:
    """A record that this person may see; else 404."""
    record = ledger.record(record_id)
    if record is None or not here().sees(record):
        abort(404)
    if type_name is not None and record.spec.name != type_name:
        abort(404)
    return record


# Editing -------------------------------------------------------------------------------------


def _editable(household_id: str) -> tuple[Person, Record]:
    person, record = here(), seen_record(household_id, "household")
    if not may(person.role, record.spec, "edit") or record.deleted:
        abort(403)
    return person, record


@console.get("/households/<household_id>/edit")
@admit("grids", "act")
def edit_household(household_id: str) -> str:
    """The form, with the values and versions as they are now."""
    person, record = _editable(household_id)
    if record.get("phone"):
        # A number can only be corrected by who sees it.
        words = gettext("Correcting a record")
        ledger.note("revealed", user=person.id, about=record.id, purpose=words)
    return _form(person, record, forms.inputs(person, record, EDITABLE))


def _form(person: Person, record: Record, made: list[forms.Input]) -> str:
    titles = ledger.titles()
    titles.put(record)
    titles.load_values([record])
    return render_template(
        "edit_household.html",
        record=record,
        title=titles.door(record),
        householder=record.get("householder") or gettext("(no householder)"),
        inputs=made,
        in_conflict=set(record.c or ()),
        as_of=ledger.now_ms(),
        grid_name=titles.of(record.get("grid")),
        person=person,
        help_page="files",
    )


@console.post("/households/<household_id>/edit")
@admit("grids", "act")
def save_household(household_id: str) -> AnyResponse | tuple[str, int]:
    """Send what was changed, on the versions that the form showed."""
    person, record = _editable(household_id)
    fields = [record.spec.by_name[name] for name in EDITABLE]
    values, seen, wrong = forms.read_changes(fields, request.form)
    if wrong:
        made = forms.as_typed(person, record, EDITABLE, request.form, wrong)
        return _form(person, record, made), 422
    back = redirect(url_for("console.household", household_id=household_id))
    if not values:
        flash(gettext("Nothing was changed."), "")
        return back
    reason = request.form.get("reason", "").strip()[:500] or None
    seen["*"] = request.form.get("seen.*", record.head)
    labels = gettext(", ").join(wording.label(record.spec.by_name[name]) for name in values)
    ledger.finish()
    ack = services().door.edit(person.scope, household_id, values, seen=seen, reason=reason)
    _tell(ack, labels)
    return back


def _tell(ack: Ack, labels: str) -> None:
    """What became of a change, in words."""
    words = ack.problem.message(languages.language()) if ack.problem else ""
    if ack.outcome == "applied":
        flash(gettext("Saved: %(fields)s.", fields=labels), "good")
    elif ack.outcome == "merged":
        flash(gettext("Saved, together with what others wrote meanwhile."), "good")
    elif ack.outcome == "conflict":
        flash(
            gettext(
                "Somebody changed this after you opened the page. Both values are kept, nothing "
                "was overwritten: decide between them under Conflicts."
            ),
            "warn",
        )
    elif ack.outcome == "held":
        flash(gettext("Kept, not applied yet. %(why)s", why=words), "warn")
    else:
        flash(gettext("Not saved. %(why)s", why=words), "bad")


@console.post("/operations/<stamp>/undo")
@admit("grids", "act")
def undo(stamp: str) -> AnyResponse:
    """Put back what one operation changed."""
    person = here()
    stored = ledger.snapshot().operations([stamp]).get(stamp)
    record = ledger.record(stored.record) if stored is not None else None
    if stored is None or record is None or not person.sees(record):
        abort(404)
    ledger.finish()
    ack = services().door.undo(person.scope, stamp)
    if ack.outcome in ("applied", "merged"):
        if stored.late:
            settle_late(person, stamp)
        flash(gettext("Taken back. The history shows both."), "good")
    else:
        _tell(ack, "")
    if record.spec.name == "household":
        return redirect(url_for("console.household", household_id=record.id) + "#history")
    return redirect(url_for("console.record_page", record_id=record.id) + "#history")


# Restricted facts ----------------------------------------------------------------------------


@console.post("/records/<record_id>/reveal")
@admit("grids")
def reveal(record_id: str) -> str | tuple[str, int]:
    """Telephone and ID number of one person, for a purpose that is noted."""
    person, record = here(), seen_record(record_id)
    if not person.may_reveal or record.spec.name not in ("resident", "household"):
        abort(403)
    chosen = request.form.get("purpose", "")
    words = dict(purposes()).get(chosen, "")
    if chosen == "other":
        words = request.form.get("words", "").strip()[:200]
    if chosen not in PURPOSES or not words:
        return render_template(
            "parts/reveal.html", id=record_id, purposes=purposes(),
            wrong=gettext("Say what you need it for."),
        )  # fmt: skip
    ledger.note("revealed", user=person.id, about=record.id, purpose=words)
    restricted = _restricted(person, record)
    number = restricted.get("citizen_id") if restricted is not None else None
    return render_template(
        "parts/revealed.html",
        phone=record.get("phone"),
        citizen_id=number,
        has_id=record.spec.name == "resident",
        number_problem=citizen_id.problem(number) if number else None,
        purpose=words,
    )


def _restricted(person: Person, record: Record) -> Record | None:
    """The restricted record of a resident, found through its own feed, if there is one."""
    if record.spec.name != "resident":
        return None
    feed = f"restricted:{record.get('grid')}"
    if person.feeds is not None and feed not in person.feeds:
        return None
    return ledger.restricted_of(record.id, feed)
