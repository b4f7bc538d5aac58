"""The audit of sets: what a set is after all that was ever done to it, told a second time.

The contract: adds and removes apply, and a remove takes out only what was added up to its
base. So each add is a tag of its own here, and each remove takes out those tags of an
element that its author had seen; an element is in the set as long as one tag of it is left.
What had been seen follows from the base: all that was decided up to the operation that wrote
that version; of a base that never became a version (the server merged it, or it changed
nothing) only itself, and what its own author had seen.

This reads the whole history of a record, in the order in which it was decided, and asks
nothing of how the server stores or merges sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from simulator.exploration.oracle.audit_redaction import excused
from simulator.exploration.oracle.ledger import Ledger, Op

__all__ = ["audit_history", "audit_sets", "set_of"]

Wrong = tuple[int, str]

_KEPT = ("held", "rejected")


def audit_sets(ledger: Ledger) -> Iterator[Wrong]:
    """Every set of every record, at the end."""
    for row in ledger.rows.values():
        for name, policy in row.spec.policy.items():
            if policy != "set":
                continue
            wanted = set_of(ledger, row.id, name)
            if wanted is not None and wanted != sorted(row.get(name) or ()):
                yield 3, f"{row.spec.name} {row.id}.{name} is {row.get(name)}, not {wanted}"


def audit_history(ledger: Ledger) -> Iterator[Wrong]:
    """Every operation that was taken is in the history of its record, once."""
    chains: dict[str, set[str]] = {}
    for op in ledger.ops.values():
        if op.outcome in _KEPT or op.record not in ledger.rows:
            continue
        if op.record not in chains:
            stamps = [one.stamp for one in ledger.history(op.record)]
            chains[op.record] = set(stamps)
            if len(stamps) > len(chains[op.record]):
                yield 9, f"the history of {op.record} goes round"
        if op.stamp not in chains[op.record]:
            yield 9, f"{op.stamp} is {op.outcome}, and not in the history of {op.record}"


def set_of(ledger: Ledger, record: str, name: str) -> list[Any] | None:
    """What a set of a record should be now; None where values were erased, or wait for somebody."""
    past = ledger.history(record)
    if any(name in op.fields and (excused(op) or _joins(ledger, op, name)) for op in past):
        return None
    return _Replay(past, name).value([op for op in past if not _waits(ledger, op, name)])


def _waits(ledger: Ledger, op: Op, name: str) -> bool:
    """Whether what an operation says of a field went into a conflict, and not into the set."""
    conflict = ledger.conflicts.get(op.stamp)
    return conflict is not None and name in conflict.fields


def _joins(ledger: Ledger, op: Op, name: str) -> bool:
    """Whether it may have taken a place in a conflict: which one, the history does not tell."""
    base = ledger.ops.get(op.base.get(name) or "")
    joined = ledger.conflicts.get(op.conflict or "")
    if joined is not None and joined.id != op.stamp and name in joined.fields:
        return op.kind not in ("resolve", "merge")
    return base is not None and _waits(ledger, base, name)


class _Replay:
    """A field's history, gone through from the beginning."""

    def __init__(self, past: Sequence[Op], name: str) -> None:
        self.name = name
        self.place = {op.stamp: at for at, op in enumerate(past)}
        self.by = {op.stamp: op for op in past}
        self.wrote: set[str] = set()
        self.mixed = {op.cause: op for op in past if self._is_mix(op)}

    def _is_mix(self, op: Op) -> bool:
        """Whether the server wrote it to put two sides together."""
        cause = self.by.get(op.cause or "")
        ours = op.actor == "system" and op.kind == "edit" and cause is not None
        return ours and cause is not None and cause.kind != "create" and self.name in cause.fields

    def value(self, taken: Sequence[Op]) -> list[Any]:
        """What is left at the end."""
        tags: dict[Any, set[str]] = {}
        version = ""
        for op in taken:
            if op.kind == "create":
                version = op.stamp
                self.wrote.add(op.stamp)
            if self.name not in op.fields or (op.cause and self._is_mix(op)):
                continue
            change = op.fields[self.name]
            if not isinstance(change, dict):  # A create, or a decision about the whole.
                tags = {one: {op.stamp} for one in change or ()}
                version = op.stamp
                self.wrote.add(op.stamp)
                continue
            before, fresh = self._live(tags), op.base.get(self.name) == version
            for element in change.get("remove") or ():
                left = {one for one in tags.get(element, ()) if not (fresh or self._saw(op, one))}
                tags[element] = left
            for element in change.get("add") or ():
                tags.setdefault(element, set()).add(op.stamp)
            mix = self.mixed.get(op.stamp)
            if mix is not None and self.name in mix.fields:
                version = mix.stamp
                self.wrote.add(mix.stamp)
            elif fresh and (self._live(tags) != before or change.get("add")):
                version = op.stamp
                self.wrote.add(op.stamp)
        return self._live(tags)

    def _live(self, tags: dict[Any, set[str]]) -> list[Any]:
        return sorted(element for element, left in tags.items() if left)

    def _saw(self, op: Op, added: str) -> bool:
        """Whether the author of an operation had seen an add."""
        base = op.base.get(self.name)
        while base is not None and base in self.place:
            if base == added:
                return True
            if base in self.wrote:
                return self.place[added] <= self.place[base]
            base = self.by[base].base.get(self.name)
        return False
