"""Forms: fields of a record as inputs, and what a person changed in them as operation values.

A form that was opened this morning must not put this morning's values back over
what tablets brought since. So it carries, for each field, the value and the version
that it showed; only what the person changed is sent, and it names the version that
they saw. The authority then decides, and a stale form opens a conflict.

Invariants
    * A field that was not touched is not in the operation.
    * A value of the wrong kind is told beside its field, and nothing is sent.

What a field is (kind, choices, policy) comes from its declaration alone.

>>> from sync.catalogue import Field
>>> change(Field("tags", "tags", "set"), ["a", "b"], ["b", "c"])
{'add': ['c'], 'remove': ['a']}
>>> change(Field("room", "text", "ask"), "501", "501") is UNCHANGED
True
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from server.console import languages, ledger, wording
from server.console.access import Person
from server.console.areas import grid_titles
from server.console.languages import gettext
from server.console.titles import building_title
from sync.catalogue import Field
from sync.policies import POLICIES
from sync.record import Record

__all__ = [
    "UNCHANGED",
    "Input",
    "Options",
    "Wrong",
    "as_typed",
    "buildings_of",
    "change",
    "inputs",
    "parse",
    "read_changes",
]

UNCHANGED: Final = object()
_COUNTY = timedelta(hours=8)
Form = MultiDict[str, str]
Options = Sequence[tuple[str, str]]


class Wrong(ValueError):  # noqa: N818 - it is what a person reads
    """A value that cannot be taken; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a form. ``shown`` is the value as the input holds it: text, or a list of tags.

    ``was`` and ``seen`` are what the form carries: the value as JSON, and its version.
    """

    name: str
    field: Field
    label: str
    shown: Any
    options: Options = ()
    was: str = ""
    seen: str = ""
    wrong: str = ""
    hint: str = ""


def inputs(
    person: Person, record: Record, names: Sequence[str], *, wrong: Mapping[str, str] | None = None
) -> list[Input]:
    """The inputs for some fields of a record, in that order."""
    made = []
    for name in names:
        field = record.spec.by_name[name]
        value = record.get(name)
        made.append(
            Input(
                name=name,
                field=field,
                label=wording.label(field),
                shown=shown(field, value),
                options=options(person, field, record),
                was=json.dumps(value, ensure_ascii=False),
                seen=record.version(name),
                wrong=(wrong or {}).get(name, ""),
            )
        )
    return made


def as_typed(
    person: Person, record: Record, names: Sequence[str], form: Form, wrong: Mapping[str, str]
) -> list[Input]:
    """The inputs as a person left them, with what is wrong beside each."""
    made = []
    for one in inputs(person, record, names, wrong=wrong):
        typed = form.getlist(one.name) if one.field.kind == "tags" else form.get(one.name, "")
        was, seen = form.get(f"was.{one.name}", one.was), form.get(f"seen.{one.name}", one.seen)
        made.append(replace(one, shown=typed, was=was, seen=seen))
    return made


def shown(field: Field, value: Any) -> Any:
    """A value as an input holds it."""
    if field.kind == "tags":
        return list(value or ())
    if value is None:
        return ""
    if field.kind == "boolean":
        return "yes" if value else "no"
    if field.kind == "instant":
        return (languages.at(value) + _COUNTY).strftime("%Y-%m-%dT%H:%M")
    return str(value)


def options(person: Person, field: Field, record: Record) -> Options:
    """What a person may choose from, where a field is a choice."""
    zh = languages.language() == "zh"
    if field.choices:
        told = [(value, words[0] if zh else words[1]) for value, words in field.choices.items()]
        # A word of before the table must be seen here, or the form would seem to take it out.
        held = record.get(field.name) if field.kind == "tags" else None
        return [*told, *((tag, tag) for tag in held or () if tag not in field.choices)]
    if field.kind == "boolean":
        return [("yes", gettext("yes")), ("no", gettext("no"))]
    find = _REFERRED.get(field.to or "")
    return find(person, record) if find is not None and field.kind == "reference" else ()


def _buildings(_person: Person, record: Record) -> Options:
    return buildings_of(record.get("grid"))


def buildings_of(grid: str) -> Options:
    """The buildings of one grid, in the order of their numbers."""
    building = ledger.table("building")
    query = select(building.c.id, building.c.compound, building.c.number).where(
        building.c.grid == grid
    )
    found = ledger.connection().execute(query).all()
    titles = [(row.id, building_title(row.compound, row.number)) for row in found]
    return sorted(titles, key=lambda one: (len(one[1]), one[1]))


def _users(_person: Person, _record: Record) -> Options:
    user = ledger.table("user")
    query = select(user.c.id, user.c.name).order_by(user.c.name)
    return [(row.id, row.name) for row in ledger.connection().execute(query)]


def _units(_person: Person, _record: Record) -> Options:
    unit = ledger.table("unit")
    query = select(unit.c.id, unit.c.name).order_by(unit.c.code)
    return [(row.id, row.name) for row in ledger.connection().execute(query)]


_REFERRED: Mapping[str, Callable[[Person, Record], Options]] = {
    "building": _buildings,
    "grid": lambda person, _record: grid_titles(person),
    "unit": _units,
    "user": _users,
}
"""Type that a reference points to → what may be chosen. Other references are left as they are."""


# Reading ------------------------------------------------------------------------------------


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Wrong(gettext("Type a whole number, like 3.")) from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Wrong(gettext("Type a number, like 3.5.")) from None


def _instant(text: str) -> int:
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise Wrong(gettext("Choose a date and a time.")) from None
    return int((local - _COUNTY).timestamp() * 1000)


_PARSE: Mapping[str, Callable[[str], Any]] = {
    "integer": _whole,
    "number": _number,
    "instant": _instant,
    "boolean": lambda text: text == "yes",
}
"""Kind → how the text of an input is read; every other kind is the text."""


def parse(field: Field, form: Form, name: str) -> Any:
    """The value that an input holds; None where it is empty. Raises Wrong."""
    if field.kind == "tags":
        return sorted({one for one in form.getlist(name) if one})
    # Browsers send line ends as CRLF; records have LF, and would differ in every line.
    text = form.get(name, "").replace("\r\n", "\n")
    if field.kind != "longtext":
        text = text.strip()
    value = _PARSE.get(field.kind, str)(text) if text else None
    words = field.problem(value)
    if words is not None:
        raise Wrong(words[0] if languages.language() == "zh" else words[1])
    return value


def change(field: Field, old: Any, new: Any) -> Any:
    """The operation value that leads from ``old`` to ``new``, or UNCHANGED."""
    if field.kind == "tags":
        before, after = set(old or ()), set(new or ())
        if before == after:
            return UNCHANGED
        if POLICIES[field.policy].form == "change":
            return {"add": sorted(after - before), "remove": sorted(before - after)}
        return sorted(after)
    if (old or None) == (new or None) and not isinstance(old, bool) and old != 0 and new != 0:
        return UNCHANGED
    return UNCHANGED if old == new else new


def read_changes(
    fields: Sequence[Field], form: Form
) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
    """(operation values, versions seen, what is wrong) of a form made by ``inputs``."""
    values: dict[str, Any] = {}
    seen: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for field in fields:
        try:
            old = json.loads(form.get(f"was.{field.name}", "null"))
            made = change(field, old, parse(field, form, field.name))
        except Wrong as problem:
            wrong[field.name] = str(problem)
            continue
        except (ValueError, TypeError):
            wrong[field.name] = gettext("Load the page again: this part of it was damaged.")
            continue
        if made is not UNCHANGED:
            values[field.name] = made
            seen[field.name] = form.get(f"seen.{field.name}", "")
    return values, seen, wrong
