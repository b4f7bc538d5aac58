"""Redaction: what a record says about somebody, taken out of everything that is kept.

Nothing is ever lost here, and a person may demand that what is known of them be erased.
Both hold if the structure stays and the values go: who did something to which record and
when can still be told, stamps still name what they named, and every copy of the values is
written over, in the row, in the history, in conflicts, in what waits. The copies on tablets
go with the record's new row, and, for a tablet that gets no row of it any more (the record
was deleted, or moved on), by a word in the feed of each who worked on it; what comes later from
a tablet that has not heard of it is refused, and kept without the values.

Invariants
    * After ``redact`` no operation, conflict or row of the record holds a value of the fields.
    * A redacted operation that is handed in again is a repeat, whatever it says.
    * What was made before its author saw the redaction never brings a value back.

There is no way back: the old values are nowhere. The member ``MARK`` of a row's ``x`` says so:
[stamp of the redaction, names of its fields].
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sync.catalogue import Catalogue, RecordType
from sync.feeds import person
from sync.operation import AS_SENT, MARK, Operation
from sync.record import Record
from sync.stamps import is_server
from sync.store import Aside, Codec, Conflict, Movement, StoredOperation, Writing
from sync.work import Work

__all__ = [
    "BLANK",
    "MARK",
    "blanked",
    "is_redacted",
    "lost_values",
    "named_in",
    "predates",
    "redact",
    "tell_who_comes_late",
    "without_values",
]

BLANK = "（已抹去）"
"""What stands in a text that must be filled in."""

_FLAG = "redacted"

_ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_IDS_MAX = 20
"""An operation names a handful of records; what names more is kept as it came."""


def is_redacted(raw: Mapping[str, Any]) -> bool:
    """Whether values were taken out of an operation."""
    return raw.get(_FLAG) is True


def lost_values(raw: Mapping[str, Any], record: Record | None) -> bool:
    """Whether an operation about ``record`` named a field that was erased."""
    _, names = (record.x or {}).get(MARK, (None, ())) if record is not None else (None, ())
    return is_redacted(raw) and not set(names).isdisjoint(raw["fields"] or ())


def blanked(raw: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """An operation without the values of some fields, and without its reason.

    >>> told = blanked({"fields": {"phone": "1", "room": "2"}, "reason": "she moved"}, {"phone"})
    >>> told["fields"], told["reason"]
    ({'phone': None, 'room': '2'}, None)
    """
    fields = raw.get("fields")
    if isinstance(fields, dict):
        fields = {name: None if name in names else value for name, value in fields.items()}
    kept = {name: value for name, value in raw.items() if name != AS_SENT}
    return {**kept, "fields": fields, "reason": None, _FLAG: True}


def predates(work: Work, op: Operation, *, received_ms: int) -> frozenset[str]:
    """The redacted fields that an operation names although its author had not seen that.

    Empty, as almost always, where nothing of the record was redacted. ``received_ms``: when the
    operation came. Its base may be one of its own device that came with it, and that says no
    more than what that one was based on; nor does it speak for a field that names another base.
    """
    record = work.record(op.record)
    if record is None or not record.x or MARK not in record.x:
        return frozenset()
    stamp, names = record.x[MARK]
    named = frozenset(names) & op.fields.keys()
    if not named:
        return named
    redaction = work.operation(stamp)
    if op.base.get("*") == stamp or redaction is None:
        return frozenset()
    if not _had_seen(work, op, redaction, received_ms=received_ms):
        return named
    bases = {name: op.base.get(name) for name in named}
    return frozenset(
        name
        for name, base in bases.items()
        if base is not None
        and base != record.version(name)
        and not _is_after(work.operation(base), redaction)
    )


def _had_seen(work: Work, op: Operation, redaction: StoredOperation, *, received_ms: int) -> bool:
    """Whether an author worked on the record as it was after a redaction, or later."""
    seen = op.base.get("*")
    known = work.operation(seen) if isinstance(seen, str) else None
    while known is not None and known.stamp[18:26] == op.device and known.received == received_ms:
        if is_redacted(known.raw):
            return False
        seen = (known.raw.get("base") or {}).get("*")
        known = work.operation(seen) if isinstance(seen, str) else None
    return seen == redaction.stamp or _is_after(known, redaction)


def _is_after(known: StoredOperation | None, redaction: StoredOperation) -> bool:
    return known is not None and not is_redacted(known.raw) and known.received >= redaction.received


def named_in(aside: Aside) -> set[str]:
    """The ids of the records that something unreadable may be about.

    >>> told = Aside("a", "d", "u", None, "malformed", 0, b'{"record": 5}')
    >>> named_in(told)
    set()
    """
    return {found.decode() for found in _ID.findall(aside.body)[:_IDS_MAX]}


def without_values(work: Work, aside: Aside, codec: Codec) -> Aside:
    """What is kept of something unreadable that came after one of its records was redacted.

    Nobody can say which of its texts is whose, so none of them is: only that it came.
    """
    for one in sorted(named_in(aside)):
        record = work.record(one)
        if record is not None and record.x and MARK in record.x:
            return aside._replace(body=codec.dumps({"stamp": aside.stamp, _FLAG: True}))
    return aside


def redact(
    tx: Writing,
    record: str,
    names: Collection[str],
    *,
    stamp: str,
    actor: str,
    now_ms: int,
    catalogue: Catalogue,
    authors: Collection[str] = (),
) -> bool:
    """Write over the values of a record's fields, in the transaction; whether there is one.

    ``stamp``: the server's, for the operation that says so in the history. Unknown fields
    (of a newer app) go as well: nobody can say what they hold. ``authors``: users who sent
    something about the record that is not among its operations; their tablets are told too.
    """
    work = Work(tx, catalogue)
    found = work.record(record)
    if found is None:
        return False
    names = {*names, *(name for name in found.x or {} if name != MARK)}
    about = tx.about([record])
    work.load(stamps=[one.stamp for one in about])
    _write_over_conflicts(work, found, about, names, stamp=stamp, now_ms=now_ms)
    for one in about:
        _write_over(work, one, names)
    work.touch(found, moved=True)
    _tell(work, found, {*authors, *(one.actor for one in about if one.stamp[18:21] != "srv")})
    before = found.tail
    _write_over_row(found, names, stamp)
    raw = {
        "stamp": stamp, "group": None, "actor": actor, "schema": catalogue.schema, "at": now_ms,
        "offset_ms": 0, "type": found.spec.name, "record": record, "kind": "edit",
        "fields": {name: found.get(name) for name in sorted(names & found.spec.index.keys())},
        "base": {"*": before}, "reason": None, _FLAG: True,
    }  # fmt: skip
    work.keep(
        StoredOperation(
            stamp, record, found.spec.name, "edit", actor, "applied", None, False,
            now_ms, now_ms, now_ms, before, None, None, None, raw,
        )
    )  # fmt: skip
    tx.save(work.changes())
    return True


def tell_who_comes_late(
    work: Work, record: Record, op: Operation, user: str, *, received_ms: int
) -> None:
    """Tell whose work on a deleted record came after the erasure, as all whose work came before.

    No row comes that says it; and a tablet that keeps an answer keeps the row to show it with.
    Who had seen the erasure is told nothing: their tablet would erase what they told since.
    """
    if not record.deleted or MARK not in (record.x or ()) or is_server(op.stamp):
        return
    redaction = work.operation((record.x or {})[MARK][0])
    if redaction is None or not _had_seen(work, op, redaction, received_ms=received_ms):
        _tell(work, record, {user})


def _tell(work: Work, record: Record, authors: Collection[str]) -> None:
    """Tell the tablets of everybody who worked on a record, wherever it is now."""
    feeds = record.feeds()
    home = feeds[0] if feeds else ""
    for feed in sorted({person(author) for author in authors}.difference(feeds)):
        work.tell(Movement(feed, record.id, home, "redacted", True))


def _write_over(work: Work, one: StoredOperation, names: Collection[str]) -> None:
    was = one.was
    if was is not None:
        was = {name: [None, old[1]] if name in names else old for name, old in was.items()}
    one = one._replace(raw=blanked(one.raw, names), was=was)
    if one.outcome == "held":
        work.release(one.stamp)
        one = one._replace(outcome="rejected", code="redacted")
    work.keep(one)


def _write_over_conflicts(
    work: Work,
    record: Record,
    about: Sequence[StoredOperation],
    names: Collection[str],
    *,
    stamp: str,
    now_ms: int,
) -> None:
    """Take the values out of conflicts, open and closed; what is open about them is closed."""
    ids = {one.conflict for one in about if one.conflict is not None}
    ids.update(one.id for one in work.open_conflicts(record.id))
    for conflict in filter(None, map(work.conflict, sorted(ids))):
        fields = {
            name: _part_without(part, stamp) if name in names else part
            for name, part in conflict.fields.items()
        }
        _close(conflict, fields, stamp=stamp, now_ms=now_ms)
        work.put_conflict(conflict)
    for name in names:
        record.unflag(name)


def _part_without(part: Mapping[str, Any], stamp: str) -> dict[str, Any]:
    empty: dict[str, Any] = {side: None for side in ("base", "server", "device") if side in part}
    return {**part, **empty, "closed_by": part["closed_by"] or stamp}


def _close(
    conflict: Conflict, fields: dict[str, dict[str, Any]], *, stamp: str, now_ms: int
) -> None:
    was_open = bool(conflict.open_fields())
    conflict.fields = fields
    if was_open and not conflict.open_fields():
        conflict.closed, conflict.closed_by = now_ms, stamp


def _write_over_row(record: Record, names: Collection[str], stamp: str) -> None:
    marked = {*(record.x or {}).get(MARK, [None, ()])[1], *names}
    record.x = {MARK: [stamp, sorted(marked)]}
    known = record.spec.index
    if record.vx:
        record.vx = {name: one for name, one in record.vx.items() if name in known} or None
    for name in sorted(names):  # the row's bytes follow the order in which fields are written
        if name in known:
            record.put(name, _empty(record.spec, name), stamp)
    record.head = record.tail = stamp


def _empty(spec: RecordType, name: str) -> Any:
    field = spec.by_name[name]
    return BLANK if field.required and field.kind in ("text", "longtext") else None
