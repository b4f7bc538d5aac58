"""The rules of the contract about whole records, as a table: deleting, restoring, recording twice.

Written from the contract and from nothing else. What a record is (live or deleted), and
whether its author saw how it is now, say what must become of an operation. Every edit here
has a field of its own, so that no field is ever in dispute: what it wrote must be in the row,
whatever becomes of the record.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import NamedTuple

# kind, what the record is, was its present head seen → outcome, what the record is then
TABLE = {
    ("edit", "live", "seen"): ("applied", "live"),
    ("edit", "live", "unseen"): ("applied", "live"),
    ("edit", "deleted", "seen"): ("rejected", "deleted"),
    ("edit", "deleted", "unseen"): ("conflict", "live"),
    ("delete", "live", "seen"): ("applied", "deleted"),
    ("delete", "live", "unseen"): ("conflict", "live"),
    ("delete", "deleted", "seen"): ("merged", "deleted"),
    ("delete", "deleted", "unseen"): ("merged", "deleted"),
    ("restore", "live", "seen"): ("merged", "live"),
    ("restore", "live", "unseen"): ("merged", "live"),
    ("restore", "deleted", "seen"): ("merged", "live"),
    ("restore", "deleted", "unseen"): ("conflict", "live"),
}


class Doing(NamedTuple):
    """An operation on a whole record: its stamp, the head that its author saw, its own field."""

    stamp: str
    kind: str
    seen: str
    name: str | None = None
    value: str | None = None


@dataclass
class Life:
    """One record, by the contract. ``waits``: the stamps that wait for a person."""

    head: str
    is_: str = "live"
    values: dict[str, str | None] = field(default_factory=dict)
    waits: list[str] = field(default_factory=list)

    def take(self, op: Doing) -> str:
        """What must become of an operation; afterwards the record is as it must be."""
        seen = "seen" if op.seen == self.head else "unseen"
        outcome, then = TABLE[op.kind, self.is_, seen]
        if outcome == "conflict":
            self.waits.append(op.stamp)
        changes = outcome in ("applied", "conflict") or then != self.is_
        if changes:
            self.head, self.is_ = op.stamp, then
        if op.name is not None and outcome != "rejected":
            self.values[op.name] = op.value
        return outcome


@dataclass
class Street:
    """What was recorded: record → (feed, key), of the live ones, by the contract."""

    live: dict[str, tuple[str, str]] = field(default_factory=dict)

    def create(self, record: str, feed: str, key: str) -> tuple[list[str], list[str]]:
        """The live records of the same key: those that who reads ``feed`` is told of, and others.

        Of any that they read they are told; of the others nobody is but the office.
        """
        same = {
            one: there for one, (there, other) in self.live.items() if plain(other) == plain(key)
        }
        self.live[record] = (feed, key)
        shown = sorted(one for one, there in same.items() if there == feed)
        return shown, sorted(set(same).difference(shown))


def plain(key: str) -> str:
    """A key without width, case and outer spaces."""
    return unicodedata.normalize("NFKC", key).strip().casefold()
