"""Files: a household with everything about it, and any record with its history.

民情档案 is what the product is for: who lives behind a door, how they are, who came
when and what was asked. Next to each fact stands how it came to be: who wrote it, when,
on which device, what was there before, and a way back.

Invariants
    * A record outside the person's place is not found.
    * Telephone and ID numbers are masked, here and in the history.

What changes a file, and what reveals, is ``file_changes``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from server.console import languages, ledger, wording
from server.console.access import admit, here
from server.console.blueprint import console
from server.console.file_changes import purposes, seen_record
from server.console.history_view import history_of
from server.console.languages import gettext
from server.console.photos import has_arrived
from server.records.personal import PERSONAL
from sync.kinds import may
from sync.record import Record

__all__ = ["Fact", "Resident", "household", "record_history", "record_page"]

_LIST_MAX = 20


@dataclass(frozen=True, slots=True)
class Fact:
    """One field of a record in words. ``name`` finds its history; ``photo``: its hash."""

    name: str
    label: str
    value: str
    empty: bool
    in_conflict: bool
    photo: str | None = None


@dataclass(frozen=True, slots=True)
class Resident:
    """One person of a household; the telephone number is masked."""

    id: str
    name: str
    sex: str
    birth: str | None
    age: int | None
    kinship: str
    phone: str
    tags: list[str]
    residing: bool | None
    registered: bool | None
    occupation: str
    in_conflict: bool


# The household's file ------------------------------------------------------------------------


@console.get("/households/<household_id>")
@admit("grids")
def household(household_id: str) -> str:
    """The file: people, care, housing, visits, orders, history."""
    person, record = here(), seen_record(household_id, "household")
    titles = ledger.titles()
    titles.put(record)
    titles.load_values([record])
    people = _related("resident", household_id)
    visits = _related("home_visit", household_id)
    orders = _related("work_order", household_id)
    titles.load_values([*visits, *orders])
    facts = facts_of(record)
    return render_template(
        "household.html",
        record=record,
        title=titles.door(record),
        householder=record.get("householder") or gettext("(no householder)"),
        grid_name=titles.of(record.get("grid")),
        facts=facts,
        fact={fact.name: fact for fact in facts},
        people=[_resident(one) for one in sorted(people, key=_by_kinship)],
        visits=[_visit(one) for one in sorted(visits, key=_newest_visit)[:_LIST_MAX]],
        visits_count=len(visits),
        orders=[_order(one) for one in sorted(orders, key=_newest_order)[:_LIST_MAX]],
        events=history_of(person, record, field=request.args.get("field")),
        field=request.args.get("field"),
        may_edit=may(person.role, record.spec, "edit") and person.right("grids") == "act",
        may_reveal=person.may_reveal,
        may_erase=person.right("grids") == "act",
        purposes=purposes(),
        help_page="files",
    )


def _related(type_name: str, household_id: str) -> list[Record]:
    """The records of a type that refer to a household, or to one that was merged into it."""
    found = ledger.table(type_name)
    households = ledger.stood_for(household_id)
    ids = ledger.connection().execute(
        select(found.c.id).where(found.c.household.in_(households)).limit(500)
    )
    records = ledger.snapshot().records(list(ids.scalars()))
    person = here()
    return [one for one in records.values() if not one.deleted and person.sees(one)]


def facts_of(record: Record, *, masked: bool = True) -> list[Fact]:
    """Every field of a record in words, in its declared order."""
    names = ledger.titles().of
    told = []
    for field, value in zip(record.spec.fields, record.values, strict=True):
        photo = value if field.kind == "attachment" else None
        words = wording.said(field, value, names, masked=masked)
        if photo and not has_arrived(record, photo):
            photo, words = None, gettext("the photo is still on its way")
        told.append(
            Fact(
                name=field.name,
                label=wording.label(field),
                value=words or gettext("not filled in"),
                empty=not words,
                in_conflict=field.name in (record.c or ()) or "*" in (record.c or ()),
                photo=photo,
            )
        )
    return told


def _by_kinship(record: Record) -> tuple[str, str]:
    return str(record.get("kinship") or "99"), str(record.get("birth") or "")


def _newest_visit(record: Record) -> int:
    return -int(record.get("at") or 0)


def _newest_order(record: Record) -> int:
    return -int(record.get("reported_at") or 0)


def _resident(record: Record) -> Resident:
    names, field = ledger.titles().of, record.spec.by_name

    def words(name: str) -> str:
        return wording.said(field[name], record.get(name), names)

    return Resident(
        id=record.id,
        name=str(record.get("name") or ""),
        sex=words("sex"),
        birth=record.get("birth"),
        age=_age(record.get("birth")),
        kinship=words("kinship"),
        phone=words("phone"),
        tags=[wording.said(field["tags"], [tag], names) for tag in record.get("tags") or ()],
        residing=record.get("residing"),
        registered=record.get("registered"),
        occupation=words("occupation"),
        in_conflict=bool(record.c),
    )


def _age(birth: str | None) -> int | None:
    """Full years on the county's day."""
    if not birth:
        return None
    today = languages.today()
    return int(today[:4]) - int(birth[:4]) - (today[5:] < birth[5:])


def _visit(record: Record) -> dict[str, Any]:
    names, field = ledger.titles().of, record.spec.by_name
    return {
        "id": record.id,
        "at": record.get("at"),
        "worker": names(record.get("worker")),
        "purpose": wording.said(field["purpose"], record.get("purpose"), names),
        "notes": record.get("notes") or "",
    }


def _order(record: Record) -> dict[str, Any]:
    names, field = ledger.titles().of, record.spec.by_name
    status = record.get("status")
    return {
        "id": record.id,
        "title": record.get("title") or "",
        "status": wording.said(field["status"], status, names),
        "is_done": status in ("closed", "followed_up", "merged", "rejected"),
        "kind": wording.said(field["kind"], record.get("kind"), names),
        "unit": names(record.get("lead_unit")),
        "reported_at": record.get("reported_at"),
        "due_at": record.get("due_at"),
    }


# Any record ----------------------------------------------------------------------------------


@console.get("/records/<record_id>")
@admit("grids")
def record_page(record_id: str) -> AnyResponse | str:
    """Any record as a list of facts, with its history. Households have a page of their own."""
    person, record = here(), seen_record(record_id)
    if record.spec.name == "household":
        return redirect(url_for("console.household", household_id=record_id))
    titles = ledger.titles()
    titles.put(record)
    titles.load_values([record])
    return render_template(
        "record.html",
        record=record,
        title=titles.of(record.id) or wording.type_label(record.spec),
        type=wording.type_label(record.spec),
        facts=facts_of(record),
        household=record.get("household"),
        grid=record.get("grid"),
        grid_name=titles.of(record.get("grid")),
        events=history_of(person, record, field=request.args.get("field")),
        field=request.args.get("field"),
        may_erase=person.right("grids") == "act" and record.spec.name in PERSONAL,
        help_page="files",
    )


@console.get("/records/<record_id>/history")
@admit("grids")
def record_history(record_id: str) -> str:
    """The history of a record or of one of its fields, for htmx."""
    person, record = here(), seen_record(record_id)
    field = request.args.get("field")
    ledger.titles().put(record)
    return render_template(
        "parts/history.html",
        record=record,
        events=history_of(person, record, field=field),
        field=field,
        field_label=wording.label(record.spec.by_name.get(field or ""), field or ""),
    )
