"""Kept aside: what arrived and was not applied, so that a person can look at it.

Nothing that a worker hands in is thrown away: a change that waits for another, one
that came after its author lost the grid, a stamp used twice, a text that no one can
read. Here is each with its author, the reason in words, and its content.

Invariants
    * Content is shown with what is restricted masked.
    * Nothing here is removed by looking at it. What a person leaves as it is waits for nobody
      any more, and stays where it can still be taken; the audit log says who left it, and when.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from sqlalchemy import ColumnElement, and_, func, select
from werkzeug.wrappers import Response as AnyResponse

from server.console import languages, ledger, wording
from server.console.access import RESTRICTED, Person, admit, here
from server.console.ahead import ahead_lines
from server.console.blueprint import console
from server.console.device_list import device_title
from server.console.languages import gettext
from server.console.pages import Page, asked_page
from server.models import Audit, Device
from server.services import services
from server.store.tables import ASIDE, HELD, OPERATION
from sync.errors import PROBLEMS, Problem

__all__ = ["WaitingLine", "leave", "open_held", "release", "set_aside", "waiting", "waiting_lines"]

_LEFT = "held_left"


@dataclass(frozen=True, slots=True)
class Part:
    """One field of what was kept: its label and its value in words."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """One operation that waits. ``url``: of the record it is about, if it may be opened."""

    anchor: str
    stamp: str
    title: str
    url_record: str | None
    type: str
    kind: str
    who: str
    device: str
    at: int
    since: int
    why: str
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class AsideLine:
    """One thing that could not be kept as an operation."""

    id: str
    who: str
    device: str
    received: int
    why: str


def why(code: str) -> str:
    """The reason in words for who decides; what the worker was told speaks to the worker."""
    here_words = _words_here().get(code)
    if here_words is not None:
        return here_words
    if code not in PROBLEMS:
        return gettext("It is kept for you to look at.")
    return Problem(code).message(languages.language()).replace("“…”", "").replace("'…'", "")


def _words_here() -> dict[str, str]:
    return {
        "review": gettext(
            "It came after its author had handed over, or the device was suspended. Decide "
            "whether it holds."
        ),
        "stamp_ahead": gettext(
            "The tablet's clock stood far ahead when this was made. The content itself may be "
            "right: read it."
        ),
        "stamp_reused": gettext(
            "Another change came under the same number before. This is the second; the first "
            "was taken."
        ),
        "needs": gettext("What it builds on has not arrived yet. It is taken when that comes."),
        "depends_on_rejected": gettext("What it builds on was not accepted, so it waits too."),
        "group": gettext("It belongs to a group of changes, and another of them was stopped."),
        "group_incomplete": gettext(
            "It belongs to a group of changes that has not arrived as a whole."
        ),
    }


def open_held(*, left: bool = False) -> ColumnElement[bool]:
    """The condition that a held operation waits for a person, or was left as it is by one."""
    noted = select(Audit.id).where(Audit.about == HELD.c.stamp, Audit.what == _LEFT).exists()
    return and_(HELD.c.needs.is_(None), noted if left else ~noted)


def waiting_lines(person: Person, *, limit: int, offset: int = 0) -> tuple[list[WaitingLine], int]:
    """Held operations that wait for a person, the oldest first, and how many there are."""
    if person.right("waiting") is None:
        return [], 0
    connection = ledger.connection()
    where = open_held()
    total = connection.scalar(select(func.count()).select_from(HELD).where(where)) or 0
    return _lines(where, limit=limit, offset=offset), total


def _lines(where: Any, *, limit: int, offset: int) -> list[WaitingLine]:
    connection = ledger.connection()
    query = (
        select(HELD.c.stamp, HELD.c.code, HELD.c.since, HELD.c.needs, OPERATION.c.body)
        .add_columns(OPERATION.c.record, OPERATION.c.type, OPERATION.c.kind)
        .add_columns(OPERATION.c.actor, OPERATION.c.corrected)
        .join_from(HELD, OPERATION, HELD.c.stamp == OPERATION.c.stamp)
        .where(where)
        .order_by(HELD.c.since, HELD.c.stamp)
        .limit(limit)
        .offset(offset)
    )
    rows = connection.execute(query).all()
    titles = ledger.titles()
    titles.load(one for row in rows for one in (row.record, row.actor))
    return [_held_line(row) for row in rows]


def _held_line(row: Any) -> WaitingLine:
    titles = ledger.titles()
    spec = services().catalogue.get(row.type)
    known = titles.record(row.record)
    raw = services().store.codec.loads(row.body)
    return WaitingLine(
        anchor=f"held-{row.stamp}",
        stamp=row.stamp,
        title=titles.of(row.record) or (wording.type_label(spec) if spec else gettext("unknown")),
        url_record=row.record if known is not None and known.spec.name not in RESTRICTED else None,
        type=wording.type_label(spec) if spec else gettext("unknown"),
        kind=kind_words(row.kind),
        who=titles.of(row.actor) or gettext("somebody unknown"),
        device=device_title(row.stamp),
        at=row.corrected,
        since=row.since,
        why=why(row.code),
        parts=_parts(spec, raw),
    )


def kind_words(kind: str) -> str:
    """What an operation does, in a word."""
    return {
        "create": gettext("recorded"),
        "edit": gettext("changed"),
        "delete": gettext("deleted"),
        "restore": gettext("brought back"),
        "transition": gettext("took a step"),
        "merge": gettext("joined two"),
        "resolve": gettext("settled a conflict"),
    }.get(kind, gettext("did something unknown"))


def _parts(spec: Any, raw: Any) -> list[Part]:
    """The fields of an operation as received, each in words."""
    fields = raw.get("fields") if isinstance(raw, dict) else None
    if not isinstance(fields, dict):
        return []
    titles = ledger.titles()
    restricted = spec is not None and spec.name in RESTRICTED
    parts = []
    for name, value in list(fields.items())[:60]:
        field = spec.by_name.get(name) if spec is not None else None
        if restricted:
            words = gettext("(restricted)")
        elif isinstance(value, dict) and field is not None and field.kind != "geometry":
            words = gettext("; ").join(_change_words(field, value))
        else:
            words = wording.said_or_empty(field, value, titles.of)
        parts.append(Part(wording.label(field, name), words[:2_000]))
    return parts


def _change_words(field: Any, value: dict[str, Any]) -> list[str]:
    names = ledger.titles().of
    table = {
        "add": gettext("added %(what)s", what=_part_words(field, value.get("add"), names)),
        "remove": gettext("took out %(what)s", what=_part_words(field, value.get("remove"), names)),
        "append": gettext("noted: %(what)s", what=str(value.get("append") or "")),
        "from": gettext("from %(what)s", what=_part_words(field, value.get("from"), names)),
        "to": gettext("to %(what)s", what=_part_words(field, value.get("to"), names)),
    }
    return [table[name] for name in value if name in table and value[name] not in (None, [])]


def _part_words(field: Any, value: Any, names: Any) -> str:
    return wording.said(field, value, names)


@console.get("/waiting")
@admit("waiting")
def waiting() -> str:
    """Held operations, those that wait for another, and what was set aside."""
    person = here()
    connection = ledger.connection()
    where = open_held()
    total = connection.scalar(select(func.count()).select_from(HELD).where(where)) or 0
    page = Page.of(total, number=asked_page())
    for_person, _ = waiting_lines(person, limit=page.size, offset=page.offset)
    aside = connection.execute(select(ASIDE).order_by(ASIDE.c.received.desc()).limit(200)).all()
    ledger.titles().load(row.actor for row in aside)
    return render_template(
        "waiting.html",
        ahead=[line for line in ahead_lines(person) if line.count > 1],
        held=for_person,
        page=page,
        left=_lines(open_held(left=True), limit=100, offset=0),
        for_others=_lines(HELD.c.needs.is_not(None), limit=100, offset=0),
        aside=[_aside_line(row) for row in aside],
        help_page="waiting",
    )


@console.post("/waiting/<stamp>/release")
@admit("waiting", "act")
def release(stamp: str) -> AnyResponse:
    """Let a held operation go: it is decided now, in its author's name and scope."""
    here()
    ledger.finish()
    ack = services().door.release(stamp)
    if ack.outcome in ("applied", "merged"):
        flash(gettext("Taken: it has been applied in its author's name."), "good")
    elif ack.outcome == "conflict":
        flash(gettext("Taken, and it conflicts with what is there: see Conflicts."), "warn")
    else:
        words = ack.problem.message(languages.language()) if ack.problem else ""
        flash(gettext("It could not be applied. %(why)s", why=words), "bad")
    return redirect(url_for("console.waiting"))


@console.post("/waiting/<stamp>/leave")
@admit("waiting", "act")
def leave(stamp: str) -> AnyResponse:
    """Leave a held operation as it is: read, and not applied. It can still be taken."""
    person = here()
    found = ledger.connection().scalar(
        select(HELD.c.stamp).where(open_held(), HELD.c.stamp == stamp)
    )
    if found is None:
        abort(404)
    ledger.note(_LEFT, about=stamp, user=person.id)
    flash(gettext("Left as it is. It stands below, and can still be taken."), "good")
    return redirect(url_for("console.waiting"))


def _aside_line(row: Any) -> AsideLine:
    found = ledger.accounts().get(Device, row.device)
    return AsideLine(
        id=row.id,
        who=ledger.titles().of(row.actor) or gettext("somebody unknown"),
        device=found.name if found and found.name else gettext("at the console"),
        received=row.received,
        why=why(row.code),
    )


@console.get("/waiting/aside/<aside_id>")
@admit("waiting")
def set_aside(aside_id: str) -> str:
    """A look at one thing that was set aside, in words where it has any."""
    here()
    row = ledger.connection().execute(select(ASIDE).where(ASIDE.c.id == aside_id)).first()
    if row is None:
        abort(404)
    try:
        raw = services().store.codec.loads(row.body)
    except ValueError:
        raw = None
    ledger.titles().load([row.actor])
    spec = services().catalogue.get(raw.get("type")) if isinstance(raw, dict) else None
    if isinstance(raw, dict) and isinstance(raw.get("record"), str):
        ledger.titles().load([raw["record"]])
    return render_template(
        "set_aside.html",
        line=_aside_line(row),
        type=wording.type_label(spec) if spec else "",
        kind=kind_words(str(raw.get("kind"))) if isinstance(raw, dict) else "",
        title=ledger.titles().of(raw.get("record")) if isinstance(raw, dict) else "",
        parts=_parts(spec, raw),
        content=_text(row.body) if spec is None or spec.name not in RESTRICTED else "",
        help_page="waiting",
    )


def _text(body: bytes) -> str:
    return wording.mask_numbers(body[:8_000].decode("utf-8", "replace"))
