"""Operations: one immutable change to one record, read from whatever a device sent.

What arrives was made days ago by an app of any version, and may have been
damaged on the way. Reading it must be quick (thousands in a batch), must never
let one bad operation stop its neighbours, and must lose nothing: what cannot be
read is kept as it came.

Invariants
    * ``read`` returns an ``Operation`` or raises ``Refusal``; it never raises anything else.
    * ``Operation.raw`` is the operation as received; nothing in it is changed.
    * Two operations have the same content if ``canonical`` of both is equal: all members
      count but ``schema`` and ``offset_ms``.

This module checks the form of an operation. Whether its values fit the fields of
its type is ``check_values``; whether its author may make it is ``sync.scope``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from sync.catalogue import (
    UNSTORABLE,
    Field,
    RecordType,
    Words,
    is_record_id,
    storable,
    unkeepable,
)
from sync.errors import Problem, Refusal
from sync.policies import POLICIES
from sync.stamps import is_stamp

AS_SENT = "as_sent"
"""Where an operation of an older schema keeps what was sent, beside what it means now."""

MARK = "_redacted"
"""The member of a row's ``x`` that only the server writes: see ``sync.redaction``."""

_NO_CONTENT = frozenset({"schema", "offset_ms", AS_SENT})

__all__ = [
    "AS_SENT",
    "KINDS",
    "MARK",
    "Operation",
    "canonical",
    "check_values",
    "corrected_ms",
    "read",
]

KINDS = ("create", "edit", "delete", "restore", "transition", "merge", "resolve")

GROUP_MAX = 5_000
"""Members of a group at most: as many as a request holds."""

_NO_BASE: Mapping[str, Any] = {}
_TIME_MAX = 1 << 48


class Operation(NamedTuple):
    """One operation, read and checked for form. Times are in ms since 1970."""

    stamp: str
    type: str
    record: str
    kind: str
    fields: Mapping[str, Any]
    base: Mapping[str, Any]
    actor: str
    at: int
    offset_ms: int | None
    schema: int
    group: Mapping[str, Any] | None
    raw: dict[str, Any]

    @property
    def seen_head(self) -> str | None:
        """The head of the record that its author saw (``base["*"]``)."""
        return self.base.get("*")

    @property
    def device(self) -> str:
        """The device that made it."""
        return self.stamp[18:26]


# Made once: ``json.dumps`` makes an encoder for each call that asks for an order.
_in_order = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def canonical(raw: Mapping[str, Any]) -> str:
    """The content of an operation as text: equal texts, same content.

    >>> canonical({"b": 1, "a": "é", "schema": 2}) == canonical({"a": "é", "b": 1, "schema": 3})
    True
    """
    sent = raw.get(AS_SENT)
    if sent is not None:
        raw = {**raw, **sent}
    content = {key: raw[key] for key in raw if key not in _NO_CONTENT}
    return _in_order(content)


def corrected_ms(*, at: int, offset_ms: int, received_ms: int) -> int:
    """The server's time at which a device whose clock showed ``at`` made something.

    Never later than the time it was received, whatever the device's clock says.

    >>> corrected_ms(at=1_000, offset_ms=50, received_ms=9_000)
    1050
    """
    return min(at + offset_ms, received_ms)


def _malformed(what: str, pointer: str) -> Refusal:
    return Refusal(Problem("malformed", pointer=pointer, params={"what": what}))


def read(raw: Any) -> Operation:
    """An operation from parsed JSON.

    Raises ``Refusal`` with ``malformed``, ``bad_stamp`` or ``unknown_kind``.
    """
    if not isinstance(raw, dict):
        raise _malformed("{…}", "")
    get = raw.get
    stamp, kind = get("stamp"), get("kind")
    if not is_stamp(stamp):
        raise Refusal(Problem("bad_stamp", pointer="/stamp"))
    if kind not in KINDS:
        raise Refusal(Problem("unknown_kind", pointer="/kind", params={"kind": _short(kind)}))
    for name, fits in _NEEDED:
        if not fits(get(name)):
            raise _malformed(name, f"/{name}")
    for name, fits in _OPTIONAL:
        value = get(name)
        if value is not None and not fits(value):
            raise _malformed(name, f"/{name}")
    base = _read_base(raw, kind)
    return Operation(
        stamp=raw["stamp"],
        type=raw["type"],
        record=raw["record"],
        kind=kind,
        fields=get("fields") or _NO_BASE,
        base=base,
        actor=raw["actor"],
        at=raw["at"],
        offset_ms=get("offset_ms"),
        schema=1 if get("schema") is None else raw["schema"],
        group=get("group"),
        raw=raw,
    )


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 64 and storable(value)


def _is_time(value: Any) -> bool:
    return type(value) is int and 0 <= value < _TIME_MAX


def _is_offset(value: Any) -> bool:
    return type(value) is int and abs(value) < _TIME_MAX


def _is_whole(value: Any) -> bool:
    return type(value) is int


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_group(value: Any) -> bool:
    if not isinstance(value, dict) or not _is_name(value.get("id")) or not value["id"]:
        return False
    return type(value.get("of")) is int and 0 < value["of"] <= GROUP_MAX


_Members = tuple[tuple[str, Callable[[Any], bool]], ...]

_NEEDED: _Members = (
    ("type", _is_name),
    ("record", is_record_id),
    ("actor", _is_name),
    ("at", _is_time),
)
"""Member of every operation → whether its value has the right form."""

_OPTIONAL: _Members = (
    ("offset_ms", _is_offset),
    ("fields", _is_object),
    ("schema", _is_whole),
    ("group", _is_group),
    ("undoes", is_stamp),
)
"""The same of members that may be null or absent."""


def _read_base(raw: dict[str, Any], kind: str) -> Mapping[str, Any]:
    base = raw.get("base")
    if kind == "create":
        return _NO_BASE
    if kind == "resolve":
        if not _is_name(raw.get("conflict")):
            raise _malformed("conflict", "/conflict")
        return _of_stamps(base) if isinstance(base, dict) else _NO_BASE
    if not isinstance(base, dict):
        raise Refusal(Problem("missing_base", pointer="/base", params={"field": "*"}))
    base = _of_stamps(base)
    if base.get("*") is None:
        raise Refusal(Problem("missing_base", pointer="/base/*", params={"field": "*"}))
    if kind == "merge" and not is_record_id(raw.get("into")):
        raise _malformed("into", "/into")
    return base


def _of_stamps(base: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, seen in base.items():
        if seen is not None and not is_stamp(seen):
            raise _malformed("base", f"/base/{name}")
    return base


def _short(value: Any) -> str:
    return str(value)[:40] if isinstance(value, (str, int, float)) else type(value).__name__


# Values ------------------------------------------------------------------------------------


def named(field: Field | str) -> dict[str, str]:
    """The parameters that name a field in a problem: by its labels, where it has them."""
    if isinstance(field, str):
        return {"field": field, "label": field, "label_en": field}
    return {
        "field": field.name,
        "label": field.zh or field.name,
        "label_en": field.en or field.name,
    }


def _bad_value(field: Field | str, words: Words) -> Refusal:
    zh, en = words
    told = named(field)
    name = told["field"]
    if words is UNSTORABLE:
        return Refusal(Problem("bad_text", pointer=f"/fields/{name}"))
    params = {**told, "zh": zh, "en": en}
    return Refusal(Problem("bad_value", pointer=f"/fields/{name}", params=params))


def _members(field: Field, value: Any, keys: frozenset[str]) -> None:
    if not isinstance(value, dict) or not value or not value.keys() <= keys:
        wanted = "、".join(sorted(keys)), " and ".join(sorted(keys))
        raise _bad_value(field, (f"应写作 {wanted[0]}", f"it is written with {wanted[1]}"))


_CHANGE, _DELTA, _ENTRY, _STEP = (
    frozenset({"add", "remove"}),
    frozenset({"add"}),
    frozenset({"append"}),
    frozenset({"from", "to"}),
)


def _check_plain(field: Field, value: Any) -> None:
    words = field.problem(value)
    if words is not None:
        raise _bad_value(field, words)


def _check_change(field: Field, value: Any) -> None:
    _members(field, value, _CHANGE)
    for name, part in value.items():
        # Whatever a record holds can be taken out, also a word that is no choice any more.
        judge = replace(field, choices={}) if name == "remove" and field.choices else field
        _check_plain(judge, part if part is not None else "")


def _check_delta(field: Field, value: Any) -> None:
    _members(field, value, _DELTA)
    _check_plain(field, value["add"] if value["add"] is not None else "")


def _check_entry(field: Field, value: Any) -> None:
    _members(field, value, _ENTRY)
    _check_plain(field, value["append"] if value["append"] is not None else [])


def _check_step(field: Field, value: Any) -> None:
    _members(field, value, _STEP)
    for end in ("from", "to"):
        _check_plain(field, value.get(end) if value.get(end) is not None else 0)


_FORMS: Mapping[str, Callable[[Field, Any], None]] = {
    "value": _check_plain,
    "change": _check_change,
    "delta": _check_delta,
    "entry": _check_entry,
    "step": _check_step,
}


def check_values(
    op: Operation, spec: RecordType, *, stood: Mapping[str, Collection[str]] | None = None
) -> None:
    """Whether every value of an operation fits its field, and every base that is needed is named.

    Fields that this schema does not know pass (they are kept under policy ``latest``).
    ``stood``: words of a set that the operation puts back, whether they are still choices or not.
    Raises ``Refusal`` with ``bad_value``, ``bad_text``, ``missing_field`` or ``missing_base``.
    """
    kind, sent = op.kind, op.raw.get(AS_SENT)
    spec = spec.as_of(op.schema if sent is None else sent.get("schema", op.schema))
    if kind == "create":
        _check_create(op, spec)
        return
    if kind in ("delete", "restore", "merge"):
        return
    by_name, base = spec.by_name, op.base
    for name, value in op.fields.items():
        field = by_name.get(name)
        if field is None:
            _check_unknown(name, value, whole=kind == "resolve")
            if kind != "resolve":
                _need_base(base, name)
            continue
        if kind == "resolve":
            _check_plain_or_log(field, value)
            continue
        policy = POLICIES[field.policy]
        if policy.form == "step" and kind != "transition":
            raise _bad_value(field, ("只能按流程变更", "it changes by a transition only"))
        judged = _without(value, stood[name]) if stood and name in stood else value
        _FORMS[policy.form](field, judged)
        if policy.needs_base and name not in base:
            _need_base(base, name)
    if kind == "transition" and (spec.workflow is None or spec.workflow.field not in op.fields):
        raise _malformed("status", "/fields")


def _without(change: Any, words: Collection[str]) -> Any:
    """A change of a set but for those of the words that it adds."""
    adds = change.get("add") if isinstance(change, dict) else None
    if not isinstance(adds, list):
        return change
    return {**change, "add": [one for one in adds if not (isinstance(one, str) and one in words)]}


def _check_unknown(name: str, value: Any, *, whole: bool = False) -> None:
    """A field of a newer app is kept as it is, if any store can keep it at all.

    ``*`` is the name of no field: it stands for the ``whole`` record, in a resolution. Nor is
    the mark by which the server tells every device to erase what it keeps.
    """
    if name == MARK or (name == "*" and not whole):
        raise _bad_value(name, ("不是字段名", "it is not the name of a field"))
    words = UNSTORABLE if len(name) > 64 else unkeepable({name: value})
    if words is not None:
        raise _bad_value("", words)


def _need_base(base: Mapping[str, Any], name: str) -> None:
    if name not in base:
        pointer = f"/base/{name}"
        raise Refusal(Problem("missing_base", pointer=pointer, params={"field": name}))


def _check_plain_or_log(field: Field, value: Any) -> None:
    if field.policy == "append":
        if not isinstance(value, list):
            raise _bad_value(field, ("应为列表", "it must be a list of entries"))
        for entry in value:
            _check_plain(field, entry if entry is not None else [])
    else:
        _check_plain(field, value)


def _check_create(op: Operation, spec: RecordType) -> None:
    by_name = spec.by_name
    for name, value in op.fields.items():
        field = by_name.get(name)
        if field is None:
            _check_unknown(name, value)
        elif value is not None:
            _check_plain_or_log(field, value)
    for field in spec.fields:
        if field.required and op.fields.get(field.name) is None:
            problem = Problem("missing_field", pointer=f"/fields/{field.name}", params=named(field))
            raise Refusal(problem)
