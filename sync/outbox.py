"""The outbox: turns what a worker did into operations that can be judged days later.

An operation must say what its author saw, field by field, for the server decides by
that alone. What a worker saw may be the server's value, their own that waits, or their
own that was kept back: each has another version, and naming the wrong one would make a
conflict with oneself, or hide one with somebody else.

Invariants
    * An operation names only what the worker changed: a stale value reverts nobody.
    * The base of a field is the version of the value that was shown. It is an own
      operation's stamp only if that operation's value is what was changed.
    * ``base["*"]`` of an edit is a head that the server told, wherever there is one, so
      that an edit does not fall with another of its author's that is refused.
    * What would be refused for its form is refused here, before it is queued.

This module keeps nothing: ``sync.replica`` stores the operations in the transaction in
which the record was read.

>>> from sync.catalogue import Field
>>> spec = RecordType("h", "户", "h", (Field("phone", "text", "latest"),), ())
>>> base = Record.created("r", spec, stamp="s1", values={"phone": "1"})
>>> fields, seen = change(spec, Seen.of(base, [], spec, seen_head="s1"), "edit", {"phone": "2"})
>>> fields, seen
({'phone': '2'}, {'*': 's1', 'phone': 's1'})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sync.catalogue import RecordType
from sync.errors import Problem, Refusal
from sync.fold import WHOLE, fold
from sync.policies import POLICIES
from sync.record import Record
from sync.replica_storage import Entry

__all__ = ["Draft", "Seen", "change", "operation"]

_KEPT = ("held", "rejected")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a worker did to one record, before it is an operation.

    ``fields`` holds new values as they are shown, or changes in the form of the field's
    policy: ``{"add": 1}``, ``{"add": [...], "remove": [...]}``, ``{"append": "…"}``.
    ``extra`` holds members that only some kinds have: ``conflict``, ``into``, ``undoes``.
    """

    kind: str
    type: str
    record: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


class Seen(NamedTuple):
    """A record as its worker sees it, and what it is made of.

    ``shown`` has every own operation folded in, ``sure`` all but the kept ones. ``told`` is the
    head that the worker has seen from the server (of an own new record: its create).
    ``kept`` are the kept operations.
    """

    shown: Record | None
    sure: Record | None
    told: str | None
    kept: Sequence[Entry]

    @classmethod
    def of(
        cls,
        base: Record | None,
        entries: Sequence[Entry],
        spec: RecordType,
        *,
        seen_head: str | None,
    ) -> Seen:
        """What is seen of a base row with ``entries`` pending."""
        if base is not None and seen_head is not None:
            base = base.copy()
            base.head = seen_head
        kept = [entry for entry in entries if entry.state in _KEPT]
        sure = fold(base, [entry.body for entry in entries if entry not in kept], spec)
        shown = fold(base, [entry.body for entry in entries], spec) if kept else sure
        made = next((entry.stamp for entry in entries if entry.body["kind"] == "create"), None)
        return cls(shown, sure, seen_head or made, kept)


def operation(
    draft: Draft,
    seen: Seen,
    spec: RecordType,
    *,
    stamp: str,
    actor: str,
    schema: int,
    at: int,
    offset_ms: int | None,
) -> dict[str, Any] | None:
    """The operation that says what the draft did, or None if it changed nothing.

    ``at``: the device's clock (ms); ``offset_ms``: server minus device, as last known.
    Raises ``Refusal`` if there is no such record, or a value does not fit its field.
    """
    raw: dict[str, Any] = {
        "stamp": stamp,
        "group": None,
        "actor": actor,
        "schema": schema,
        "at": at,
        "offset_ms": offset_ms,
        "type": spec.name,
        "record": draft.record,
        "kind": draft.kind,
    }
    if draft.kind == "create":
        if seen.shown is not None:
            raise Refusal(Problem("record_exists", pointer="/record"))
        raw["fields"] = {name: value for name, value in draft.fields.items() if value is not None}
    else:
        fields, base = change(spec, seen, draft.kind, draft.fields)
        if not fields and draft.kind in ("edit", "transition", "resolve"):
            return None
        raw["fields"], raw["base"] = fields, base
    return {**raw, "reason": None, **draft.extra}


def change(
    spec: RecordType, seen: Seen, kind: str, wanted: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str | None]]:
    """The ``fields`` and the ``base`` of an operation that makes the record as wanted."""
    shown = seen.shown
    if shown is None:
        raise Refusal(Problem("unknown_record", pointer="/record"))
    if shown.deleted and kind in ("edit", "transition"):
        raise Refusal(Problem("deleted", pointer="/record"))
    base: dict[str, str | None] = {WHOLE: _head(seen, kind)}
    if kind == "resolve":
        return dict(wanted), base
    fields: dict[str, Any] = {}
    for name, value in wanted.items():
        policy = POLICIES[spec.by_name[name].policy if name in spec.by_name else "latest"]
        made = _FORMS[policy.form](value, shown.get(name))
        if made is None:
            continue
        fields[name] = made[0]
        if policy.needs_base:
            base[name] = _version(seen, name, made[0], is_set=policy.form == "change")
    return fields, base


def _head(seen: Seen, kind: str) -> str:
    """The head to name. Only what is compared (a deletion …) must build on what still waits."""
    if seen.told is not None and kind in ("edit", "transition", "resolve"):
        return seen.told
    return (seen.sure or seen.shown).head  # type: ignore[union-attr] # the caller saw something


def _version(seen: Seen, name: str, made: Any, *, is_set: bool) -> str | None:
    shown, sure = seen.shown, seen.sure
    assert shown is not None
    if is_set and sure is not None:
        return _kept_change(seen.kept, name, made) or sure.version(name)
    return shown.version(name)


def _kept_change(kept: Sequence[Entry], name: str, made: Mapping[str, Any]) -> str | None:
    """The last kept operation that had changed in a set what is changed now."""
    mine = {*(made.get("add") or ()), *(made.get("remove") or ())}
    for entry in reversed(kept):
        change = (entry.body.get("fields") or {}).get(name) or {}
        if mine & {*(change.get("add") or ()), *(change.get("remove") or ())}:
            stamp: str = entry.stamp
            return stamp
    return None


# Forms ---------------------------------------------------------------------------------------
# Each answers with the change in a tuple, or None where nothing changes.


def _value(value: Any, current: Any) -> tuple[Any] | None:
    return None if value == current else (value,)


def _set_change(value: Any, current: Any) -> tuple[Any] | None:
    present = set(current or ())
    if isinstance(value, dict):
        add, remove = set(value.get("add") or ()), set(value.get("remove") or ())
    else:
        add, remove = set(value or ()), present - set(value or ())
    add, remove = add - present, remove & present
    return ({"add": sorted(add), "remove": sorted(remove)},) if add or remove else None


def _delta(value: Any, current: Any) -> tuple[Any] | None:
    delta = value["add"] if isinstance(value, dict) else value - (current or 0)
    return ({"add": delta},) if delta else None


def _log_entry(value: Any, _current: Any) -> tuple[Any] | None:
    return (value if isinstance(value, dict) else {"append": value},)


def _workflow_step(value: Any, current: Any) -> tuple[Any] | None:
    return (value if isinstance(value, dict) else {"from": current, "to": value},)


_FORMS: Mapping[str, Callable[[Any, Any], tuple[Any] | None]] = {
    "value": _value,
    "change": _set_change,
    "delta": _delta,
    "entry": _log_entry,
    "step": _workflow_step,
}
