"""Default forms: how each field is asked for where no screen was made by hand.

A form names inputs and leaves their look to the page. Fields that nobody types
(what the device's clock fills, what the workflow moves, what is only counted) are
shown, not asked.

>>> from server.records import CATALOGUE
>>> [one.input for one in form(CATALOGUE["home_visit"])][:5]
['reference', 'reference', 'reference', 'shown', 'radios']
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sync.catalogue import Field, RecordType

__all__ = ["INPUTS", "Question", "form"]

INPUTS: Mapping[str, str] = {
    "text": "text",
    "longtext": "textarea",
    "integer": "number",
    "number": "number",
    "boolean": "yes_no",
    "date": "date",
    "instant": "datetime",
    "choice": "select",
    "tags": "checkboxes",
    "reference": "reference",
    "attachment": "file",
    "geometry": "map",
    "log": "entry",
}
"""Field kind → input."""

_RADIOS_MAX = 4
_SHOWN_POLICIES = frozenset({"workflow", "sum", "highest", "lowest"})


class Question(NamedTuple):
    """One field of a form. ``choices``: (value, zh, en), in the order of the declaration."""

    name: str
    input: str
    zh: str
    en: str
    required: bool
    choices: tuple[tuple[str, str, str], ...]
    to: str | None


def form(spec: RecordType) -> tuple[Question, ...]:
    """The questions of a type's default form, in the order of its fields."""
    return tuple(_question(field) for field in spec.fields)


def _question(field: Field) -> Question:
    choices = tuple((value, zh, en) for value, (zh, en) in field.choices.items())
    return Question(
        field.name, _input(field), field.zh, field.en, field.required, choices, field.to
    )


def _input(field: Field) -> str:
    if field.clock or field.policy in _SHOWN_POLICIES:
        return "shown"
    if field.kind == "choice" and len(field.choices) <= _RADIOS_MAX:
        return "radios"
    if field.kind == "tags" and not field.choices:
        return "words"
    return INPUTS[field.kind]
