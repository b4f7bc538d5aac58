"""The catalogue: what kinds of records there are, declared once.

Table, validator, wire row, default form, permission and merge policy of a
field must agree, in the server, on tablets of several versions and in the
simulator. They agree because they all follow from one ``Field``.

Invariants
    * A field's name, kind and policy are fixed by its declaration; the order of
      a type's fields is the order of the values in its wire rows.
    * ``RecordType.feeds`` is a pure function of the record's id and values.

This module knows no record type by name: the server declares those.

>>> phone = Field("phone", "text", "latest", zh="电话", en="Phone")
>>> house = RecordType("household", zh="户", en="Household", fields=(phone,), feeds=(Feed("grid"),))
>>> house.fields[0].problem(17)
('应为文字', 'it must be text')
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from operator import itemgetter
from typing import Any, TypeGuard

from sync.policies import POLICIES

__all__ = [
    "KINDS",
    "ROW_HEAD",
    "UNSTORABLE",
    "Catalogue",
    "Feed",
    "Field",
    "RecordType",
    "Transition",
    "Upcast",
    "Workflow",
]

Words = tuple[str, str]
"""What is wrong with a value, in Chinese and in English."""

ROW_HEAD = ("record", "head", "v", "vx", "c", "x")
"""The keys before a type's own fields in every wire row."""

FEEDS_MAX = 8

_TEXT_MAX, _LONGTEXT_MAX, _INTEGER_MAX = 1_000, 100_000, 2**53 - 1
_JSON_MAX = 500_000
"""Of a shape, and of what only another app knows: one value must not fill a grid's tablets."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
_SHA256 = re.compile(r"[0-9a-f]{64}").fullmatch
_NOT_TEXT: Words = ("应为文字", "it must be text")
UNSTORABLE: Words = ("含有无法保存的字符", "it holds a character that cannot be stored")


def is_record_id(value: object) -> TypeGuard[str]:
    """Whether ``value`` has the form of a record id: a UUID in lower case."""
    return isinstance(value, str) and _UUID(value) is not None


def storable(text: str) -> bool:
    """Whether every store can keep ``text``: no NUL, no lone surrogate."""
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def unkeepable(value: Any) -> Words | None:
    """Why a JSON value cannot be kept: a text in it, names included, or its size; else None.

    >>> unkeepable({"a": ["b\\\\u0000"]}), unkeepable({"a": ["b\\0"]}) == UNSTORABLE
    (None, True)
    """
    text = json.dumps(value, ensure_ascii=False)
    if len(text) > _JSON_MAX:
        return "内容过长", "it is too long"
    kept = storable(text) and "\\u0000" not in text.replace("\\\\", "")
    return None if kept else UNSTORABLE


def _text(limit: int) -> Callable[[Field, Any], Words | None]:
    def check(_field: Field, value: Any) -> Words | None:
        if not isinstance(value, str):
            return _NOT_TEXT
        if len(value) > limit:
            return f"最多 {limit} 个字", f"it may hold at most {limit} characters"
        return None if storable(value) else UNSTORABLE

    return check


def _integer(_field: Field, value: Any) -> Words | None:
    if type(value) is not int or abs(value) > _INTEGER_MAX:
        return "应为整数", "it must be a whole number"
    return None


def _number(_field: Field, value: Any) -> Words | None:
    if type(value) not in (int, float) or value != value or abs(value) > _INTEGER_MAX:
        return "应为数字", "it must be a number"
    return None


def _boolean(_field: Field, value: Any) -> Words | None:
    return None if isinstance(value, bool) else ("应为是或否", "it must be true or false")


def _date(_field: Field, value: Any) -> Words | None:
    try:
        if isinstance(value, str) and len(value) == 10 and value[7] == "-":
            date.fromisoformat(value)
            return None
    except ValueError:
        pass
    return "应为日期（年-月-日）", "it must be a date, as 2026-01-31"


def _choice(field_: Field, value: Any) -> Words | None:
    if isinstance(value, str) and value in field_.choices:
        return None
    return "不在可选范围内", "it is not one of the choices"


def _tags(field_: Field, value: Any) -> Words | None:
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        return "应为标签列表", "it must be a list of tags"
    if field_.choices and not field_.choices.keys() >= set(value):
        return "含有未知的标签", "it holds a tag that is not one of the choices"
    if len(value) > 200 or any(len(tag) > 100 or not storable(tag) for tag in value):
        return "标签过多或过长", "it holds too many tags, or one that is too long"
    return None


def _reference(_field: Field, value: Any) -> Words | None:
    return None if is_record_id(value) else ("应为记录编号", "it must be the id of a record")


def _attachment(_field: Field, value: Any) -> Words | None:
    if isinstance(value, str) and _SHA256(value):
        return None
    return "应为附件的校验值", "it must be the SHA-256 of an attachment"


def _positions(value: Any) -> bool:
    """Whether a GeoJSON ``coordinates`` member holds nothing but lists of finite numbers."""
    if isinstance(value, list):
        return all(map(_positions, value))
    return type(value) in (int, float) and abs(value) < _INTEGER_MAX


def _geometry(_field: Field, value: Any) -> Words | None:
    if isinstance(value, dict) and isinstance(value.get("type"), str) and "coordinates" in value:
        if not _positions(value["coordinates"]):
            return "坐标应为数字", "its coordinates must be numbers"
        return unkeepable(value)
    return "应为 GeoJSON 几何图形", "it must be a GeoJSON geometry"


KINDS: Mapping[str, Callable[[Field, Any], Words | None]] = {
    "text": _text(_TEXT_MAX),
    "longtext": _text(_LONGTEXT_MAX),
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "instant": _integer,
    "choice": _choice,
    "tags": _tags,
    "reference": _reference,
    "attachment": _attachment,
    "geometry": _geometry,
    "log": _text(_LONGTEXT_MAX),
}
"""Kind → what is wrong with a value (not null) of that kind, or None; of a ``log``, one entry."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record type.

    ``choices`` maps a value to its labels (zh, en); ``to`` names the type that a
    ``reference`` points to; ``clock`` marks an ``instant`` filled by the device's
    clock, which is corrected on arrival. ``chosen_since``: the schema that gave ``tags`` their
    choices; what was made under an older one may hold any word.
    """

    name: str
    kind: str
    policy: str
    zh: str = ""
    en: str = ""
    required: bool = False
    choices: Mapping[str, Words] = field(default_factory=dict)
    to: str | None = None
    clock: bool = False
    chosen_since: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.policy not in POLICIES:
            raise ValueError(f"{self.name}: unknown kind {self.kind!r} or policy {self.policy!r}")
        if self.kind not in POLICIES[self.policy].kinds:
            raise ValueError(f"{self.name}: policy {self.policy!r} does not fit a {self.kind!r}")

    def problem(self, value: Any) -> Words | None:
        """What is wrong with ``value`` (zh, en), or None. ``null`` is right unless required."""
        if value is None:
            return ("不能为空", "it must be filled in") if self.required else None
        return KINDS[self.kind](self, value)

    def describe(self) -> dict[str, Any]:
        """This field as the catalogue endpoint tells it."""
        told: dict[str, Any] = {
            "name": self.name,
            "kind": self.kind,
            "policy": self.policy,
            "label": {"zh": self.zh, "en": self.en},
            "required": self.required,
        }
        if self.choices:
            told["choices"] = [
                {"value": value, "label": {"zh": zh, "en": en}}
                for value, (zh, en) in self.choices.items()
            ]
        if self.to is not None:
            told["to"] = self.to
        if self.clock:
            told["clock"] = True
        return told


@dataclass(frozen=True, slots=True)
class Feed:
    """One rule that says in which feed a record is: ``kind`` and the field that names the scope.

    ``by`` is the name of a reference or text field, or ``record`` for the record's own
    id. A feed of the kind ``shared`` has no ``by``.
    """

    kind: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """One legal step of a workflow: who may take it, and which fields it needs filled."""

    name: str
    source: str
    target: str
    who: tuple[str, ...]
    requires: tuple[str, ...] = ()
    zh: str = ""
    en: str = ""


@dataclass(frozen=True)
class Workflow:
    """The states of a field and the steps between them."""

    field: str
    initial: str
    transitions: tuple[Transition, ...]

    @cached_property
    def steps(self) -> Mapping[tuple[str, str], tuple[Transition, ...]]:
        """(source, target) → the transitions between them."""
        table: dict[tuple[str, str], tuple[Transition, ...]] = {}
        for step in self.transitions:
            key = (step.source, step.target)
            table[key] = (*table.get(key, ()), step)
        return table

    @cached_property
    def states(self) -> frozenset[str]:
        """Every state that some transition leaves or reaches."""
        return frozenset(state for step in self.transitions for state in (step.source, step.target))


@dataclass(frozen=True)
class RecordType:
    """One type of record: its fields in wire order, where it is read, and who may change it.

    ``who`` maps ``create``, ``edit`` and ``delete`` to roles; a missing key allows nobody
    but the server itself. ``identity`` lists keys (tuples of field names) that no two live
    records share.
    """

    name: str
    zh: str
    en: str
    fields: tuple[Field, ...]
    feeds: tuple[Feed, ...]
    who: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    identity: tuple[tuple[str, ...], ...] = ()
    workflow: Workflow | None = None
    schema: int = 1

    def __post_init__(self) -> None:
        if len(self.index) != len(self.fields) or self.index.keys() & set(ROW_HEAD):
            raise ValueError(f"{self.name}: a field's name is used twice or reserved")
        for rule in self.feeds:
            if rule.by not in (None, "record") and rule.by not in self.index:
                raise ValueError(f"{self.name}: no field {rule.by!r} for a feed")

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Field name → its place among the values of a row."""
        return {one.name: place for place, one in enumerate(self.fields)}

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """Field name → field."""
        return {one.name: one for one in self.fields}

    def as_of(self, schema: int) -> RecordType:
        """The type that judges what was made under ``schema``: tags were free before they had
        choices, and what was right when it was made is right when it comes (again).

        >>> tags = Field("tags", "tags", "set", choices={"a": ("甲", "A")}, chosen_since=3)
        >>> home = RecordType("h", "户", "h", (tags,), ())
        >>> home.as_of(3) is home, home.as_of(2).by_name["tags"].problem(["free"])
        (True, None)
        """
        if schema >= self._chosen_since:
            return self
        fields = [replace(one, choices={}) if schema < one.chosen_since else one
                  for one in self.fields]  # fmt: skip
        return replace(self, fields=tuple(fields))

    @cached_property
    def _chosen_since(self) -> int:
        return max((one.chosen_since for one in self.fields), default=0)

    @cached_property
    def identity_of(self) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
        """What gives, of a record's values, those of the identity keys, one key after the other."""
        places = [self.index[name] for key in self.identity for name in key]
        if len(places) > 1:
            return itemgetter(*places)
        return lambda values: tuple([values[place] for place in places])

    @cached_property
    def references(self) -> tuple[str, ...]:
        """The names of the fields that refer to a record."""
        return tuple(one.name for one in self.fields if one.kind == "reference")

    @cached_property
    def leading(self) -> frozenset[str]:
        """The fields whose change can bring a reference into a feed in which it was not."""
        return self.feed_fields.union(self.references)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The names of a wire row's members, in order."""
        return (*ROW_HEAD, *self.index)

    @cached_property
    def _places(self) -> tuple[tuple[str, int | None], ...]:
        return tuple(
            (f"{rule.kind}:", None if rule.by == "record" else self.index[rule.by])
            if rule.by is not None
            else (rule.kind, -1)
            for rule in self.feeds
        )

    @cached_property
    def feed_fields(self) -> frozenset[str]:
        """The fields whose change can move a record to another feed."""
        return frozenset(rule.by for rule in self.feeds if rule.by not in (None, "record"))

    def feeds_of(self, record: str, values: Sequence[Any]) -> tuple[str, ...]:
        """The feeds of a record, its home feed first; empty where no rule has a value.

        >>> grid = Field("grid", "reference", "ask")
        >>> RecordType("h", "户", "h", (grid,), (Feed("grid", "grid"),)).feeds_of("r1", ["g7"])
        ('grid:g7',)
        """
        found: list[str] = []
        for prefix, place in self._places:
            if place == -1:
                found.append(prefix)
                continue
            scope = record if place is None else values[place]
            if scope is not None:
                found.append(f"{prefix}{scope}" if prefix != ":" else str(scope))
        return tuple(found)

    def describe(self) -> dict[str, Any]:
        """This type as the catalogue endpoint tells it."""
        flow = self.workflow
        return {
            "label": {"zh": self.zh, "en": self.en},
            "schema": self.schema,
            "feeds": [{"kind": rule.kind, "by": rule.by} for rule in self.feeds],
            "identity": [list(key) for key in self.identity],
            "who": {kind: list(roles) for kind, roles in self.who.items()},
            "fields": [one.describe() for one in self.fields],
            "workflow": flow
            and {
                "field": flow.field,
                "initial": flow.initial,
                "transitions": [
                    {
                        "name": step.name,
                        "from": step.source,
                        "to": step.target,
                        "who": list(step.who),
                        "requires": list(step.requires),
                        "label": {"zh": step.zh, "en": step.en},
                    }
                    for step in flow.transitions
                ],
            },
        }


@dataclass(frozen=True, slots=True)
class Upcast:
    """What came with a schema and makes older operations on a type read otherwise.

    ``renamed``: old name of a field → the new one. ``recoded``: old name of a field → {old code
    of a choice or tag: the new one}.
    """

    schema: int
    type: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    recoded: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Catalogue:
    """All record types of one server, by name, and the number of this set (``schema``).

    ``oldest`` is the oldest schema that may still read; ``upcasts`` bring operations of older
    ones to this, in the order of their schemas.
    """

    def __init__(
        self,
        *types: RecordType,
        schema: int = 1,
        oldest: int = 1,
        upcasts: Sequence[Upcast] = (),
    ) -> None:
        self.schema = schema
        self.oldest = oldest
        self.upcasts = tuple(sorted(upcasts, key=lambda one: one.schema))
        self._types = {one.name: one for one in types}
        if len(self._types) != len(types):
            raise ValueError("two record types share a name")

    def __getitem__(self, name: str) -> RecordType:
        return self._types[name]

    def __contains__(self, name: object) -> bool:
        return name in self._types

    def __iter__(self) -> Iterator[RecordType]:
        return iter(self._types.values())

    def get(self, name: object) -> RecordType | None:
        """The type of that name, or None."""
        return self._types.get(name) if isinstance(name, str) else None

    def describe(self) -> dict[str, Any]:
        """The catalogue document of the contract."""
        return {"schema": self.schema, "types": {one.name: one.describe() for one in self}}
