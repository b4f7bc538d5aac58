"""Upcasts: operations of an older app, read as if it had been made today.

A tablet comes back after a season with an app of last year. What its worker did then was right
then; since, a field may have got another name, and a choice another code. So what changed is a
table, each row with the schema that it came with, and an operation is brought through
all rows after its own schema before anything judges it.

Invariants
    * An operation is kept with what was sent beside what it means now: the same operation
      sent again has the same content, whatever schema the server has then.
    * An upcast never loses a value: a code that no row knows stays as it is, and is judged.
    * What was made under the present schema passes untouched, at the cost of one comparison.

>>> row = Upcast(2, "household", renamed={"tel": "phone"})
>>> _fields({"tel": "1", "room": "2"}, row)
{'phone': '1', 'room': '2'}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sync.catalogue import Catalogue, Upcast
from sync.operation import AS_SENT, Operation

__all__ = ["other_words", "upcast"]


def upcast(op: Operation, catalogue: Catalogue) -> Operation:
    """The operation in the words of the present schema."""
    if op.schema >= catalogue.schema or not catalogue.upcasts:
        return op
    rows = [row for row in catalogue.upcasts if row.type == op.type and row.schema > op.schema]
    if not rows:
        return op
    fields: Mapping[str, Any] = op.fields
    base: Mapping[str, Any] = op.base
    for row in rows:
        fields = _fields(fields, row)
        base = {str(row.renamed.get(name, name)): seen for name, seen in base.items()}
    # What waited here under an older schema keeps what was sent, not what it meant then.
    members = ("fields", "base", "schema")
    sent: dict[str, Any] = op.raw.get(AS_SENT) or {
        name: op.raw[name] for name in members if name in op.raw
    }
    raw = {**op.raw, "schema": catalogue.schema, AS_SENT: sent}
    raw |= {name: new for name, new in (("fields", fields), ("base", base)) if raw.get(name)}
    return op._replace(fields=fields, base=base, schema=catalogue.schema, raw=raw)


def other_words(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields that an operation named as it was sent, where today's words change something.

    Empty where its author reads it as the server does, and can compute what it came to.

    >>> other_words({"fields": {"phone": "1"}, AS_SENT: {"fields": {"tel": "1"}}})
    ('tel',)
    >>> other_words({"fields": {"room": "2"}, AS_SENT: {"fields": {"room": "2"}}})
    ()
    """
    sent = raw.get(AS_SENT)
    if sent is None or sent.get("fields") == raw.get("fields"):
        return ()
    return tuple(sent.get("fields") or ())


def _fields(fields: Mapping[str, Any], row: Upcast) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in fields.items():
        codes = row.recoded.get(name)
        # A field under its new name, told by an app between the two, wins over the old one.
        new = row.renamed.get(name, name)
        told.setdefault(new, _value(value, codes) if codes else value)
    return told


def _value(value: Any, codes: Mapping[str, str]) -> Any:
    """A value, or a change in the form of any policy, in the new codes."""
    if isinstance(value, str):
        return codes.get(value, value)
    if isinstance(value, dict):
        return {part: _value(inner, codes) for part, inner in value.items()}
    if isinstance(value, Sequence):
        return [_value(one, codes) for one in value]
    return value
