"""Batches: what is handed to the authority, and what it answers.

>>> Ack("s1", "applied", "s1", ["grid:1"]).describe("en")
{'stamp': 's1', 'outcome': 'applied', 'head': 's1', 'feeds': ['grid:1']}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sync.errors import Problem, as_json
from sync.operation import Operation
from sync.record import Record
from sync.scope import Scope
from sync.store import Aside, Outcome
from sync.work import Work

__all__ = ["Ack", "Alike", "Batch", "Legible", "Reaction", "Safeguards", "Verdicts"]


@dataclass(frozen=True, slots=True)
class Safeguards:
    """What protects the promise. All on; one is switched off only to show that its check fails."""

    idempotency: bool = True
    base: bool = True
    scope: bool = True
    eviction: bool = True


class Ack(NamedTuple):
    """What became of one operation. ``feeds`` are the caller's that now hold the record."""

    stamp: str | None
    outcome: Outcome
    head: str | None = None
    feeds: Sequence[str] = ()
    fields: Mapping[str, Any] | None = None
    versions: Mapping[str, str] | None = None
    repeated: bool = False
    conflict: str | None = None
    needs: str | None = None
    problem: Problem | None = None

    def describe(self, lang: str) -> dict[str, Any]:
        """The ``ack`` line of the contract."""
        told: dict[str, Any] = {
            "stamp": self.stamp,
            "outcome": self.outcome,
            "head": self.head,
            "feeds": self.feeds,
        }
        if self.outcome == "applied" and not self.repeated and self.problem is None:
            return told
        if self.feeds and self.fields is not None:
            told["fields"], told["versions"] = self.fields, self.versions
        if self.repeated:
            told["repeated"] = True
        if self.conflict is not None:
            told["conflict"] = self.conflict
        if self.needs is not None:
            told["needs"] = self.needs
        if self.problem is not None:
            told["problem"] = as_json(self.problem, lang)
        return told


class Batch(NamedTuple):
    """Operations as received, and who sent them when (ms; the server's clock).

    ``offset_ms`` is server minus device in this exchange; ``sent_ms`` the device's own clock;
    ``positions`` the caller's cursors (feed → seq), for records that left a feed meanwhile.
    """

    operations: Sequence[Any]
    scope: Scope
    received_ms: int
    offset_ms: int = 0
    sent_ms: int | None = None
    positions: Mapping[str, int] = {}


class Legible(NamedTuple):
    """The operations of a batch as they were read, and what is kept of those that were not."""

    parsed: Sequence[Operation | Ack]
    asides: Sequence[Aside]


class Verdicts(NamedTuple):
    """The acks in order, the records touched, and the heads of those whose row can be computed.

    Their caller can compute a row who had seen all of it, where the batch says how far that was.
    """

    acks: list[Ack]
    quiet: Mapping[str, str]
    touched: frozenset[str]


class Alike(NamedTuple):
    """How records of some types are found that may be new ones of the same batch.

    ``find`` is given the new ones, and answers with new → ids. A person in the office is asked
    about them; nobody else is told.
    """

    types: frozenset[str]
    find: Callable[[Work, Sequence[Record]], Mapping[str, Sequence[str]]]


class Reaction(NamedTuple):
    """A rule that follows a change of one of ``fields`` (None: of any) in records of ``type``.

    What waits in a conflict, or is as it was, has not changed. It answers with drafts
    (``type``, ``record``, ``kind``, ``fields``) that the server carries out in the same
    transaction, naming their cause.
    """

    type: str
    fields: frozenset[str] | None
    drafts: Callable[[Work, Operation, Record], Iterable[Mapping[str, Any]]]
