"""Wording: values of records as people read them.

A wire value is made for machines: ``monthly``, ``1763900000000``, an id. On a page
each becomes words in the reader's language, in one way everywhere, and what only
some may see becomes stars.

Invariants
    * No identifier is shown: a reference shows the name of what it points to.
    * What is empty says so; it is never blank.

This module never queries: names are handed in.

>>> mask("13912345678"), mask("99222219900307439X")
('139****5678', '992222********439X')
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import format_decimal

from server.console import languages
from server.console.languages import gettext
from sync.catalogue import Field, RecordType

__all__ = [
    "HIDDEN",
    "Names",
    "label",
    "mask",
    "mask_numbers",
    "said",
    "said_or_empty",
    "type_label",
    "visible",
]

Names = Callable[[str], str]
"""Record id → what people call it."""

_NUMBER = re.compile(r"\d{7,}[Xx]?")

_UNSEEN = re.compile(
    r"[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
"""Characters without a shape: controls, what turns a line's direction around, spaces of no width.
Joiners stay: they make one picture of two."""

HIDDEN = frozenset({"phone", "contact", "citizen_id"})
"""Fields that are masked wherever they are not revealed for a purpose."""


def mask(text: str | None) -> str:
    """A telephone or ID number with its middle taken out."""
    if not text:
        return ""
    if len(text) < 7:
        return "*" * len(text)
    head = 6 if len(text) >= 15 else 3
    return text[:head] + "*" * (len(text) - head - 4) + text[-4:]


def mask_numbers(text: str) -> str:
    """A text of which nobody knows what it holds, with everything like such a number masked.

    >>> mask_numbers('{"room": "501", "tel": 13912345678}')
    '{"room": "501", "tel": 139****5678}'
    """
    return _NUMBER.sub(lambda found: mask(found[0]), text)


def visible(text: str) -> str:
    """A text as it may stand on a page among others: nothing in it turns its neighbours around.

    >>> visible("\\u202e华丽\\u200b") == "华丽", visible("一行\\n两行") == "一行\\n两行"
    (True, True)
    """
    return text if text.isascii() and text.isprintable() else _UNSEEN.sub("", text)


def label(field: Field | None, name: str = "") -> str:
    """A field's name in the reader's language."""
    if field is None:
        return gettext("the whole record") if name == "*" else name
    return (field.zh if languages.language() == "zh" else field.en) or field.name


def type_label(spec: RecordType) -> str:
    """A record type's name in the reader's language."""
    return spec.zh if languages.language() == "zh" else spec.en


def _of_pair(pair: tuple[str, str]) -> str:
    return pair[0] if languages.language() == "zh" else pair[1]


def _choice(field: Field, value: Any, _names: Names) -> str:
    pair = field.choices.get(str(value))
    return _of_pair(pair) if pair else str(value)


def _tags(field: Field, value: Any, names: Names) -> str:
    words = [
        _of_pair(field.choices[tag]) if tag in field.choices else (names(tag) or tag)
        for tag in value
    ]
    return gettext(", ").join(words) if words else gettext("none")


def _log(_field: Field, value: Any, names: Names) -> str:
    lines = []
    for entry in value:
        if isinstance(entry, list) and len(entry) == 4:
            lines.append(f"{languages.clock(entry[1])} {names(entry[2])}: {entry[3]}")
        else:
            lines.append(str(entry))
    return "\n".join(lines)


def _number(_field: Field, value: Any, _names: Names) -> str:
    return str(format_decimal(value)) if isinstance(value, int | float) else str(value)


def _geometry(_field: Field, value: Any, _names: Names) -> str:
    return gettext("an area on the map") if value.get("type") != "Point" else gettext("a point")


_SAID: Mapping[str, Callable[[Field, Any, Names], str]] = {
    "attachment": lambda _field, _value, _names: gettext("a photo"),
    "boolean": lambda _field, value, _names: gettext("yes") if value else gettext("no"),
    "choice": _choice,
    "date": lambda _field, value, _names: languages.day(value),
    "geometry": _geometry,
    "instant": lambda _field, value, _names: languages.clock(value),
    "integer": _number,
    "log": _log,
    "number": _number,
    "reference": lambda _field, value, names: names(value) or gettext("a record you cannot see"),
    "tags": _tags,
}
"""Kind → how a value of it is said; every other kind is text already."""


def said(field: Field | None, value: Any, names: Names, *, masked: bool = True) -> str:
    """A value in words; empty text for what is empty."""
    if value is None or value == "" or value == []:
        return ""
    if field is None:
        return mask_numbers(str(value)) if masked else str(value)
    if masked and field.name in HIDDEN:
        return mask(value) if isinstance(value, str) else mask_numbers(str(value))
    say = _SAID.get(field.kind)
    try:
        return say(field, value, names) if say is not None else str(value)
    except (TypeError, ValueError, AttributeError):
        # A value of another shape than its field's can only be an old or a foreign one.
        return str(value)


def said_or_empty(field: Field | None, value: Any, names: Names, *, masked: bool = True) -> str:
    """The same, with a word for what is empty."""
    return said(field, value, names, masked=masked) or gettext("not filled in")
