"""Conflicts: the room where a person decides between two that met at one door.

List and conflict stand side by side; j and k go through the list, 1, 2 and 3 choose
for each field, Enter settles, and what was settled can be taken back.

Invariants
    * A resolution names every field that was still open on the page, and no other.
    * A conflict outside the person's place is not found; who may only look cannot settle.
    * A conflict about restricted facts opens with a purpose, which is noted; so is every look
      at telephone numbers between which somebody may decide.
"""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, session, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from server.console import conflict_list, forms, languages, ledger, wording
from server.console.access import RESTRICTED, Person, admit, here
from server.console.areas import grid_titles
from server.console.blueprint import console
from server.console.conflict_list import Filters
from server.console.conflict_view import ConflictView, has_way_back, may_settle, view_of
from server.console.languages import gettext
from server.console.pages import asked_page
from server.console.shell import full_page, is_partial
from server.services import services
from server.store.tables import CONFLICT
from sync.catalogue import Field
from sync.kinds import may
from sync.record import Record
from sync.store import Conflict

__all__ = ["conflict", "conflicts", "settle", "take_back"]

_REVEAL_MS = 10 * 60_000


@console.get("/conflicts")
@admit("conflicts")
def conflicts() -> str:
    """The list, with its first conflict open beside it."""
    person, filters = here(), conflict_list.asked()
    lines, page = conflict_list.lines(person, filters, page=asked_page())
    shown = _open_view(person, lines[0].id) if lines else None
    return _page(person, filters, lines, page, shown)


@console.get("/conflicts/<conflict_id>")
@admit("conflicts")
def conflict(conflict_id: str) -> str:
    """One conflict; for htmx without the list."""
    person, filters = here(), conflict_list.asked()
    shown = _open_view(person, conflict_id)
    if is_partial():
        return render_template("parts/conflict.html", view=shown, filters=filters)
    lines, page = conflict_list.lines(person, filters, page=asked_page())
    return _page(person, filters, lines, page, shown)


def _page(person: Person, filters: Filters, lines: Any, page: Any, shown: Any) -> str:
    return full_page(
        "conflicts.html",
        "conflicts.html",
        filters=filters,
        query=filters.as_query(),
        lines=lines,
        page=page,
        view=shown,
        choices=_choices(person),
        settled=session.pop("settled", None),
        help_page="conflicts",
    )


def _choices(person: Person) -> dict[str, list[tuple[str, str]]]:
    """What the filters offer: only what occurs."""
    connection, titles = ledger.connection(), ledger.titles()
    where = conflict_list.within(person)
    actors = list(connection.execute(select(CONFLICT.c.actor).where(*where).distinct()).scalars())
    types = connection.execute(select(CONFLICT.c.type).where(*where).distinct()).scalars()
    titles.load(actors)
    named = sorted((titles.of(one) or gettext("somebody unknown"), one) for one in actors)
    return {
        "type": [(one, wording.type_label(ledger.catalogue_type(one))) for one in types],
        "worker": [(one, name) for name, one in named],
        "grid": grid_titles(person),
        "kind": [(one, conflict_list.kind_label(one)) for one in conflict_list.KIND_NAMES[:4]],
        "age": [
            (name, gettext("older than %(span)s", span=languages.span(days * 86_400_000)))
            for name, days in conflict_list.AGES.items()
        ],
        "state": [
            ("open", gettext("open")),
            ("closed", gettext("settled")),
            ("all", gettext("open and settled")),
        ],
    }


def _found(person: Person, conflict_id: str) -> tuple[Conflict, Record]:
    """A conflict that this person may see, with its record; else 404."""
    found = ledger.conflict(conflict_id)
    record = ledger.record(found.record) if found is not None else None
    if found is None or record is None:
        abort(404)
    if record.spec.name in RESTRICTED:
        scope = person.scope
        if not person.may_reveal or scope.judge(record.feeds()) != "active":
            abort(404)
    elif not person.sees(record):
        abort(404)
    return found, record


def _open_view(person: Person, conflict_id: str) -> ConflictView | Conflict:
    """What is shown of a conflict: all of it, or the question what for."""
    found, record = _found(person, conflict_id)
    if record.spec.name in RESTRICTED:
        opened: dict[str, int] = session.get("revealed", {})
        if opened.get(found.id, 0) < ledger.now_ms():
            return found
    elif wording.HIDDEN & found.fields.keys() and may_settle(person, record):
        # Numbers can only be chosen between by who sees them.
        words = gettext("Correcting a record")
        ledger.note("revealed", user=person.id, about=record.id, purpose=words)
    return view_of(person, found, record)


@console.post("/conflicts/<conflict_id>/reveal")
@admit("conflicts", "act")
def reveal_conflict(conflict_id: str) -> AnyResponse:
    """Open a conflict about restricted facts, for a purpose."""
    person = here()
    found, record = _found(person, conflict_id)
    purpose = request.form.get("purpose", "").strip()[:200]
    if not purpose:
        flash(gettext("Say what you need it for. Nothing was shown."), "bad")
    else:
        now = ledger.now_ms()
        ledger.note("revealed", user=person.id, about=record.id, purpose=purpose)
        still = {one: end for one, end in session.get("revealed", {}).items() if end > now}
        session["revealed"] = {**still, found.id: now + _REVEAL_MS}
    return redirect(url_for("console.conflict", conflict_id=conflict_id))


# Settling -----------------------------------------------------------------------------------


@console.post("/conflicts/<conflict_id>/settle")
@admit("conflicts", "act")
def settle(conflict_id: str) -> AnyResponse:
    """Write the values chosen, all fields in one operation."""
    person, filters = here(), conflict_list.asked()
    found, record = _found(person, conflict_id)
    back = url_for("console.conflict", conflict_id=conflict_id, **filters.as_query())
    if not may(person.role, record.spec, "resolve"):
        abort(403)
    chosen, wrong = _chosen(found, record)
    if wrong:
        flash(wrong, "bad")
        return redirect(back)
    title = ledger.titles().of(record.id)
    upcoming = conflict_list.next_open(person, filters, after=conflict_id)
    ledger.finish()
    ack = services().door.resolve(person.scope, conflict_id, chosen)
    if ack.outcome not in ("applied", "merged"):
        problem = ack.problem
        words = problem.message(languages.language()) if problem else gettext("It was not settled.")
        flash(words, "bad")
        return redirect(back)
    session["settled"] = {
        "conflict": conflict_id,
        "stamp": ack.stamp,
        "title": title,
        "undo": has_way_back(record, chosen),
    }
    if upcoming is None:
        return redirect(url_for("console.conflicts", **filters.as_query()))
    return redirect(url_for("console.conflict", conflict_id=upcoming, **filters.as_query()))


def _chosen(found: Conflict, record: Record) -> tuple[dict[str, Any], str]:
    """(field → value, what is wrong) from the form."""
    chosen: dict[str, Any] = {}
    for name in found.open_fields():
        part, field = found.fields[name], record.spec.by_name.get(name)
        way = request.form.get(f"choice.{name}")
        label = wording.label(field, name)
        if way == "server":
            chosen[name] = record.get(name) if name != "*" else part["server"]
            # The page showed a value; if the record has another by now, nobody chose that one.
            if name != "*" and request.form.get(f"server.{name}") != record.version(name):
                return {}, gettext(
                    "“%(field)s” was changed again while you looked. Look at it once more.",
                    field=label,
                )
        elif way == "device":
            chosen[name] = part["device"]
        elif way == "other" and field is not None:
            try:
                chosen[name] = _typed(field, name)
            except forms.Wrong as wrong:
                return {}, gettext("“%(field)s”: %(wrong)s", field=label, wrong=str(wrong))
        else:
            return {}, gettext("Choose a value for “%(field)s” first.", field=label)
    if not chosen:
        return {}, gettext("This was settled already.")
    return chosen, ""


def _typed(field: Field, name: str) -> Any:
    return forms.parse(field, request.form, f"other.{name}")


@console.post("/conflicts/<conflict_id>/take-back")
@admit("conflicts", "act")
def take_back(conflict_id: str) -> AnyResponse:
    """Undo a resolution: the conflict is open again."""
    person, filters = here(), conflict_list.asked()
    found, record = _found(person, conflict_id)
    if not may(person.role, record.spec, "resolve"):
        abort(403)
    stamp = view_of(person, found, record).undo or request.form.get("stamp", "")
    ledger.finish()
    ack = services().door.undo(person.scope, stamp)
    if ack.outcome in ("applied", "merged"):
        flash(gettext("Taken back: the conflict is open again."), "good")
    else:
        problem = ack.problem
        flash(problem.message(languages.language()) if problem else "", "bad")
    return redirect(url_for("console.conflict", conflict_id=conflict_id, **filters.as_query()))
