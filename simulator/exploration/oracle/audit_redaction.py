"""The audit of redaction: that what somebody had erased is nowhere, and stays nowhere.

Every text that is entered in a run holds a word of its own. So the oracle knows which words
stand for a person when their record is erased, and looks for them itself: in every column
of every table of the server, and in everything that a tablet keeps which holds the record.

What was erased is the one thing that may change in a history; so its form is looked at too:
stamps, kinds, authors, times, bases and names of fields stay, and values go or stay as they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from simulator.exploration.oracle.ledger import Change, Ledger, Op, Row
from sync.replica_storage import State

if TYPE_CHECKING:
    from simulator.exploration.oracle.audit_made import Made
    from simulator.exploration.tablet import Tablet

__all__ = ["PERSONAL", "Erasures", "excused", "refused_as_erased"]

Wrong = tuple[int, str]

_WORD = re.compile(r"〔[^〕]*〕")
_EMPTY = frozenset({None, "（已抹去）"})
_TABLES = "SELECT name FROM main.sqlite_master WHERE type = 'table'"
_ANSWERED: tuple[State, ...] = ("held", "rejected", "acknowledged")

PERSONAL: Mapping[str, tuple[str, ...]] = {
    "household": ("householder", "phone", "notes", "log"),
    "resident": ("name", "phone", "occupation", "notes"),
    "resident_restricted": ("citizen_id", "controlled", "notes"),
    "home_visit": ("present", "notes"),
    "work_order": ("title", "description", "place", "contact", "result", "log"),
    "notice": ("text", "before", "after"),
}
"""Type → fields that certainly say something about a person."""


class Erased(NamedTuple):
    """One record that was erased: the operation that says so, and the words that went."""

    stamp: str
    record: str
    words: frozenset[str]
    at_ms: int


def _words(value: Any) -> set[str]:
    return set(_WORD.findall(orjson.dumps(value).decode())) if value is not None else set()


class Erasures:
    """What was erased in one run."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.all: list[Erased] = []
        self.ever: set[str] = set()
        self._gone: frozenset[str] = frozenset()

    # When it happens -------------------------------------------------------------------------

    def about(self, records: Sequence[str]) -> dict[str, frozenset[str]]:
        """Record → the words that are of it alone: elsewhere they may stay."""
        ledger, found = self.ledger, dict[str, set[str]]()
        for record in records:
            row = ledger.rows[record]
            names, words = PERSONAL.get(row.spec.name, ()), set[str]()
            for name in names:
                words |= _words(row.get(name))
                for op in ledger.of_record.get(record, ()):
                    words |= _words(op.fields.get(name))
            for op in ledger.of_record.get(record, ()):
                words |= _words(op.raw.get("reason"))
            found[record] = words
        elsewhere = self._unreadable(found)
        for record, ops in ledger.of_record.items():
            for op in ops:
                kept = {
                    name: value
                    for name, value in op.fields.items()
                    if record not in found or name not in PERSONAL.get(op.type, ())
                }
                elsewhere |= _words(kept)
                elsewhere |= _words(op.raw.get("reason")) if record not in found else set()
        return {record: frozenset(words - elsewhere) for record, words in found.items()}

    def _unreadable(self, found: Mapping[str, set[str]]) -> set[str]:
        """Add the words of what names a record and could not be kept as an operation; the others'
        words are the answer."""
        elsewhere: set[str] = set()
        for (body,) in self.ledger.select("SELECT body FROM aside"):
            about, words = str(body, "utf-8", "replace"), _words(orjson.loads(body))
            named = [record for record in found if record in about]
            for one in [found[record] for record in named] or [elsewhere]:
                one |= words
        return elsewhere

    def took(
        self,
        changes: Sequence[Change],
        before: Mapping[str, Row],
        bodies: Mapping[str, Mapping[str, Any]],
        words: Mapping[str, frozenset[str]],
    ) -> Iterator[Wrong]:
        """Judge the transaction that erased. ``bodies``: the operations as they were."""
        ledger, stamps = self.ledger, dict[str, str]()
        for change in changes:
            if change.what in ("op-", "rec-", "con-"):
                yield 9, f"{change.key} vanished with an erasure ({change.what})"
            elif change.what == "op+":
                op = ledger.ops[change.key]
                stamps[op.record] = op.stamp
                if op.record not in words or op.raw.get("redacted") is not True:
                    yield 4, f"{op.stamp} came with an erasure, and is none"
        for record in words:
            if record not in stamps:
                yield 4, f"{record} was to be erased, and no operation says that it was"
                continue
            yield from _row(before[record], ledger.rows[record], stamps[record])
            for op in ledger.of_record[record]:
                if op.stamp in bodies:
                    yield from _body(op, bodies[op.stamp])
                if op.outcome == "held":
                    yield 4, f"{op.stamp} about {record} still waits with what was erased"
        self.all += [
            Erased(stamps[one], one, words[one], ledger.ops[stamps[one]].received)
            for one in words
            if one in stamps
        ]
        self.ever.update(words)
        self._gone = frozenset().union(*(one.words for one in self.all))
        yield from self.tables()

    # Afterwards ------------------------------------------------------------------------------

    def goes_back(self) -> None:
        """Another history: what was erased after its backup is there again."""
        self.all = [one for one in self.all if one.stamp in self.ledger.ops]
        self._gone = frozenset().union(*(one.words for one in self.all))

    def look(self, changes: Iterable[Change], made: Mapping[str, Made]) -> Iterator[Wrong]:
        """Nothing that comes later brings a word back, or tells what was true before."""
        if not self.all:
            return
        for change in changes:
            if change.what == "op+":
                yield from self._late(self.ledger.ops[change.key], made.get(change.key))
                back = _words(self.ledger.ops[change.key].raw) & self._gone
            elif change.what == "rec":
                back = _words(list(self.ledger.rows[change.key].raw)) & self._gone
            else:
                continue
            if back:
                yield 4, f"{change.key} brings back {sorted(back)}, which was erased"

    def _late(self, op: Op, made: Made | None) -> Iterator[Wrong]:
        """Who made it before the erasure cannot have seen it; so nothing of it may be told."""
        names = op.fields.keys() & set(PERSONAL.get(op.type, ()))
        if made is None or not names or op.outcome in ("held", "rejected"):
            return
        if any(one.record == op.record and made.at_ms < one.at_ms for one in self.all):
            yield 4, f"{op.stamp} tells {sorted(names)} of before {op.record} was erased"

    def is_of_before(self, drafts: Iterable[Mapping[str, Any]], shown: Mapping[str, Any]) -> bool:
        """Whether somebody writes on a page of before an erasure that their tablet knows of.

        Steps are decided a moment before they happen, and an exchange may end in between.
        """
        return bool(self._gone) and any(
            _words(one.get("fields")) & self._gone - _words(shown[one["record"]])
            for one in drafts
            if one["record"] in shown
        )

    def tables(self) -> Iterator[Wrong]:
        """No table of the server holds a word that was erased."""
        if not self._gone:
            return
        for (table,) in self.ledger.select(
            "SELECT name FROM main.sqlite_master WHERE type='table'"
        ):
            text = self.ledger.dump(table)
            back = set(_WORD.findall(text)) & self._gone
            if back:
                yield 4, f"the table {table} holds {sorted(back)}, which was erased"

    def tablet(self, tablet: Tablet) -> Iterator[Wrong]:
        """No tablet holds a word that was erased, in whatever it keeps, whatever it still reads."""
        if not self._gone:
            return
        with tablet.disk.read() as shelf:
            rows = shelf.rows([one.record for one in self.all]).values()
            waiting = [dict(one.body) for one in shelf.in_state("waiting", "arriving")]
            answered = [dict(one.body) for one in shelf.in_state(*_ANSWERED)]
        back = _words([*(list(one.row) for one in rows), *waiting, *answered]) & self._gone
        if back:
            yield 4, f"{tablet.name} still has {sorted(back)}, which was erased"


def excused(op: Op) -> bool:
    """Whether the values of an operation were erased, so that it cannot be looked at by them."""
    return op.raw.get("redacted") is True


def refused_as_erased(op: Op, was: Mapping[str, Any]) -> bool:
    """Whether an operation that had waited was refused for an erasure, and only values went."""
    told = op.raw.get("fields") or {}
    kept = {name: value for name, value in told.items() if value is not None}
    return (
        (op.outcome, op.code) == ("rejected", "redacted")
        and excused(op)
        and told.keys() == (was.get("fields") or {}).keys()
        and kept.items() <= was["fields"].items()
    )


def _row(before: Row, after: Row, stamp: str) -> Iterator[Wrong]:
    if after.head != stamp or after.deleted != before.deleted:
        yield 9, f"{after.id} was erased, and its head does not say so"
    if sorted(before.feeds()) != sorted(after.feeds()):
        yield 9, f"{after.id} was erased, and lies elsewhere now"
    for name in after.spec.fields:
        same = after.get(name) == before.get(name) and after.version(name) == before.version(name)
        value = after.get(name)
        empty = after.version(name) == stamp and (value is None or value in _EMPTY)
        if not empty and (name in PERSONAL.get(after.spec.name, ()) or not same):
            yield 4, f"{after.id}.{name} was erased, and is {value!r}"


def _body(op: Op, old: Mapping[str, Any]) -> Iterator[Wrong]:
    """What is left of an operation: all but values."""
    told, was = op.raw, old.get("fields") or {}
    for name, value in (told.get("fields") or {}).items():
        if value is not None and (name in PERSONAL.get(op.type, ()) or value != was.get(name)):
            yield 4, f"{op.stamp} still says {value!r} of {name}"
    if (told.get("fields") or {}).keys() != was.keys():
        yield 9, f"{op.stamp} does not say any more what it changed"
    for name in old.keys() - {"fields", "reason", "redacted", "as_sent"}:
        if told.get(name) != old[name]:
            yield 9, f"{op.stamp} says another {name} than before it was erased"
