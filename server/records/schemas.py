"""Marshmallow schemas of the record types, made from the same declarations.

The exchange checks values by ``Field.problem``, which is four times as quick. These
schemas are for the edges where whole documents come in or are described: forms,
imports, OpenAPI. A test holds the two to the same judgement of any value.

Invariants
    * A schema accepts a value of a field exactly if ``Field.problem`` finds nothing wrong.
    * Loading gives wire values: a date stays text, an instant stays whole milliseconds.

>>> SCHEMAS["street"]().load({"code": "520621001", "name": "双江街道"})
{'code': '520621001', 'name': '双江街道'}
>>> SCHEMAS["street"]().validate({"code": 5, "name": ""})
{'code': ['Not a valid string.']}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from server.records import CATALOGUE
from sync.catalogue import Field, RecordType, storable

__all__ = ["SCHEMAS", "schema_of"]

_TEXT_MAX, _LONGTEXT_MAX, _TAG_MAX, _TAGS_MAX = 1_000, 100_000, 100, 200
_INTEGER_MAX = 2**53 - 1
_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z"


def _can_be_stored(text: str) -> None:
    if not storable(text):
        raise ValidationError("It holds a character that cannot be stored.")


def _is_date(text: str) -> None:
    try:
        if text[7:8] != "-":
            raise ValueError
        date.fromisoformat(text)
    except ValueError:
        raise ValidationError("It must be a date, as 2026-01-31.") from None


_GEOMETRY = Field("geometry", "geometry", "latest")


def _is_geometry(value: dict[str, Any]) -> None:
    if _GEOMETRY.problem(value) is not None:
        raise ValidationError("It must be a GeoJSON geometry.")


class _Number(fields.Float):
    """A number as it came: JSON's whole numbers stay whole."""

    def _validated(self, value: Any) -> Any:
        if type(value) not in (int, float) or value != value:
            raise self.make_error("invalid", input=value)
        return value


class _Integer(fields.Integer):
    """A whole number: neither 1.0 nor true."""

    def _validated(self, value: Any) -> Any:
        if type(value) is not int:
            raise self.make_error("invalid", input=value)
        return value


class _Boolean(fields.Boolean):
    """True or false: neither 1 nor "yes"."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class _Text(fields.String):
    """Text: no bytes."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        return value


Made = Callable[[Field, dict[str, Any]], fields.Field[Any]]


def _text(limit: int) -> Made:
    checks: list[Any] = [validate.Length(max=limit), _can_be_stored]
    return lambda _field, options: _Text(validate=checks, **options)


def _integer(_field: Field, options: dict[str, Any]) -> fields.Field[Any]:
    return _Integer(validate=validate.Range(-_INTEGER_MAX, _INTEGER_MAX), **options)


def _number(_field: Field, options: dict[str, Any]) -> fields.Field[Any]:
    return _Number(validate=validate.Range(-_INTEGER_MAX, _INTEGER_MAX), **options)


def _choice(field: Field, options: dict[str, Any]) -> fields.Field[Any]:
    return _Text(validate=validate.OneOf(list(field.choices)), **options)


def _tags(field: Field, options: dict[str, Any]) -> fields.Field[Any]:
    checks: list[Any] = [validate.Length(max=_TAG_MAX), _can_be_stored]
    if field.choices:
        checks.append(validate.OneOf(list(field.choices)))
    return fields.List(_Text(validate=checks), validate=validate.Length(max=_TAGS_MAX), **options)


def _pattern(pattern: str) -> Made:
    return lambda _field, options: _Text(validate=validate.Regexp(pattern), **options)


_MADE: Mapping[str, Made] = {
    "text": _text(_TEXT_MAX),
    "longtext": _text(_LONGTEXT_MAX),
    "integer": _integer,
    "number": _number,
    "boolean": lambda _field, options: _Boolean(**options),
    "date": lambda _field, options: _Text(
        validate=[validate.Length(equal=10), _is_date], **options
    ),
    "instant": _integer,
    "choice": _choice,
    "tags": _tags,
    "reference": _pattern(_UUID),
    "attachment": _pattern(r"[0-9a-f]{64}\Z"),
    "geometry": lambda _field, options: fields.Dict(
        keys=fields.String(), validate=_is_geometry, **options
    ),
    "log": lambda _field, options: fields.List(
        _Text(validate=[validate.Length(max=_LONGTEXT_MAX), _can_be_stored]), **options
    ),
}
"""Field kind → its marshmallow field. A ``log`` is written as a list of its entries."""


def schema_of(spec: RecordType) -> type[Schema]:
    """The schema of a record type's values. Unknown names are refused."""
    members: dict[str, Any] = {}
    for field in spec.fields:
        options: dict[str, Any] = {
            "required": field.required,
            "allow_none": not field.required,
            "metadata": {"zh": field.zh, "en": field.en, "policy": field.policy},
        }
        members[field.name] = _MADE[field.kind](field, options)
    meta = type("Meta", (), {"unknown": RAISE})
    name = "".join(part.capitalize() for part in spec.name.split("_"))
    return type(f"{name}Schema", (Schema,), {"Meta": meta, **members})


SCHEMAS: Mapping[str, type[Schema]] = {spec.name: schema_of(spec) for spec in CATALOGUE}
"""Name of a record type → its schema."""
