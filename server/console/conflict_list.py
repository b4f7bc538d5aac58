"""The list of conflicts: filters, and one line for each.

>>> Filters(kind="overtaken").as_query()
{'kind': 'overtaken'}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from flask import request
from sqlalchemy import ColumnElement, func, select

from server.console import ledger, wording
from server.console.access import Person
from server.console.languages import gettext
from server.console.pages import Page
from server.services import services
from server.store.tables import CONFLICT

__all__ = ["AGES", "KIND_NAMES", "Filters", "Line", "asked", "lines", "next_open", "within"]

_DAY_MS = 86_400_000
AGES: Mapping[str, int] = {"1d": 1, "3d": 3, "7d": 7, "30d": 30}
"""Filter by age: older than so many days."""

STATES = ("open", "closed", "all")
KIND_NAMES = ("concurrent", "already_set", "overtaken", "deleted_and_edited", "duplicate")


@dataclass(frozen=True, slots=True)
class Filters:
    """What is listed. Empty text: everything."""

    state: str = "open"
    type: str = ""
    grid: str = ""
    worker: str = ""
    kind: str = ""
    age: str = ""
    order: str = ""

    def as_query(self) -> dict[str, Any]:
        """The parameters of an address that lists the same; what is as usual is left out."""
        usual = asdict(Filters())
        return {name: value for name, value in asdict(self).items() if value != usual[name]}


@dataclass(frozen=True, slots=True)
class Line:
    """One conflict in the list. ``kinds``: why, in words."""

    id: str
    title: str
    type: str
    fields: str
    who: str
    opened: int
    closed: int | None
    kinds: str
    grid: str


def asked() -> Filters:
    """The filters that this request's address names."""
    names = Filters.__dataclass_fields__
    given = {name: request.args.get(name, "")[:60] for name in names if name in request.args}
    filters = Filters(**given)
    return filters if filters.state in STATES else replace(filters, state="open")


def within(person: Person) -> list[ColumnElement[bool]]:
    """The conflicts that a person may see."""
    if person.feeds is None:
        return []
    return [CONFLICT.c.feed.in_(sorted(person.feeds))]


def _conditions(person: Person, filters: Filters) -> list[ColumnElement[bool]]:
    where = within(person)
    if filters.state == "open":
        where.append(CONFLICT.c.closed.is_(None))
    elif filters.state == "closed":
        where.append(CONFLICT.c.closed.is_not(None))
    if filters.type:
        where.append(CONFLICT.c.type == filters.type)
    if filters.grid:
        where.append(CONFLICT.c.feed == f"grid:{filters.grid}")
    if filters.worker:
        where.append(CONFLICT.c.actor == filters.worker)
    if filters.age in AGES:
        where.append(CONFLICT.c.opened < ledger.now_ms() - AGES[filters.age] * _DAY_MS)
    if filters.kind in KIND_NAMES:
        # The fields are JSON of our own making, in which a code stands in one way only.
        where.append(_holds_code(filters.kind))
    return where


def _holds_code(code: str) -> ColumnElement[bool]:
    mark = f'"code":"{code}"'
    if ledger.connection().dialect.name == "postgresql":
        return func.strpos(func.convert_from(CONFLICT.c.fields, "UTF8"), mark) > 0
    return func.instr(CONFLICT.c.fields, mark.encode()) > 0


def lines(person: Person, filters: Filters, *, page: int) -> tuple[list[Line], Page]:
    """One page of the list, the newest first unless the filters say ``oldest``."""
    where = _conditions(person, filters)
    connection = ledger.connection()
    total = connection.scalar(select(func.count()).select_from(CONFLICT).where(*where)) or 0
    shown = Page.of(total, number=page)
    newest_first = filters.order != "oldest"
    by_age = (CONFLICT.c.opened.desc(), CONFLICT.c.id.desc())
    if not newest_first:
        by_age = (CONFLICT.c.opened.asc(), CONFLICT.c.id.asc())
    query = select(CONFLICT).where(*where).order_by(*by_age).limit(shown.size).offset(shown.offset)
    rows = connection.execute(query).all()
    titles = ledger.titles()
    titles.load(one for row in rows for one in (row.record, row.actor, row.feed.partition(":")[2]))
    return [_line(row) for row in rows], shown


def _line(row: Any) -> Line:
    titles, loads = ledger.titles(), services().store.codec.loads
    spec = ledger.catalogue_type(row.type)
    fields: dict[str, dict[str, Any]] = loads(row.fields)
    names = [wording.label(spec.by_name.get(name), name) for name in fields]
    codes = dict.fromkeys(part["code"] for part in fields.values())
    return Line(
        id=row.id,
        title=titles.of(row.record) or wording.type_label(spec),
        type=wording.type_label(spec),
        fields=gettext(", ").join(names),
        who=titles.of(row.actor) or gettext("somebody unknown"),
        opened=row.opened,
        closed=row.closed,
        kinds=gettext(", ").join(kind_label(code) for code in codes),
        grid=titles.of(row.feed),
    )


def kind_label(code: str) -> str:
    """A kind of conflict in a word or two."""
    return {
        "concurrent": gettext("both changed it"),
        "already_set": gettext("recorded twice"),
        "overtaken": gettext("overtaken"),
        "deleted_and_edited": gettext("deleted and changed"),
        "duplicate": gettext("recorded twice as two"),
    }.get(code, gettext("other"))


def next_open(person: Person, filters: Filters, *, after: str) -> str | None:
    """The open conflict that follows in the list, or the first; None if none is left."""
    query = (
        select(CONFLICT.c.id)
        .where(*_conditions(person, replace(filters, state="open")), CONFLICT.c.id != after)
        .order_by(CONFLICT.c.opened.desc(), CONFLICT.c.id.desc())
    )
    found = list(ledger.connection().execute(query.limit(500)).scalars())
    return next((one for one in found if one < after), found[0] if found else None)
