"""A branch: what a group changes, kept apart until it is known whether the group holds.

The members of a group build on one another, so each must see what those before it did;
and if one of them fails, the others must never have happened. So a group works on a
branch of the batch's work: it reads through to the work, as the work reads through to
the store, and what it changed is taken over in one go, or dropped.

Invariants
    * Nothing that a branch does is seen by the work before ``Work.absorb``.
    * A branch costs what the group touches, not what the batch holds.

This module decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sync.record import Record
from sync.store import Conflict, Held, State, StoredOperation, Stray

if TYPE_CHECKING:
    from sync.work import Work

__all__ = ["Beneath", "copied", "in_order"]


class Beneath:
    """The work under a branch, in the form of the write transaction that a work reads from."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def records(self, ids: Collection[str]) -> dict[str, Record]:
        self._work.load(records=ids)
        found = {one: self._work.record(one) for one in ids}
        return {one: record.copy() for one, record in found.items() if record is not None}

    def operations(self, stamps: Collection[str]) -> dict[str, StoredOperation]:
        self._work.load(stamps=stamps)
        found = {one: self._work.operation(one) for one in stamps}
        return {one: stored for one, stored in found.items() if stored is not None}

    def conflicts(self, ids: Collection[str]) -> dict[str, Conflict]:
        found = {one: self._work.conflict(one) for one in ids}
        return {one: copied(known) for one, known in found.items() if known is not None}

    def open_conflicts(self, record: str) -> list[str]:
        return [one.id for one in self._work.open_conflicts(record)]

    def history(self, record: str, *, until: str | None = None) -> list[StoredOperation]:
        return list(self._work.history(record))

    def referring(self, type_name: str, field: str, record: str) -> list[str]:
        return self._work.referring(type_name, field, record)

    def strays(self, records: Collection[str]) -> list[Stray]:
        return self._work.strays(records)

    def alone_about(self, record: str) -> None:
        self._work.tx.alone_about(record)

    def merged_into(self, record: str) -> list[str]:
        return self._work.merged_into(record)

    def sharing(self, keys: Collection[int]) -> dict[int, list[str]]:
        return {key: self._work.sharing([key]) for key in keys}

    def placed(
        self, feeds: Collection[str], records: Collection[str]
    ) -> dict[str, dict[str, tuple[int, State]]]:
        return self._work.tx.placed(feeds, records)


def copied(conflict: Conflict) -> Conflict:
    """A copy of a conflict that can be changed apart."""
    return replace(conflict, fields={name: dict(part) for name, part in conflict.fields.items()})


def in_order(held: Sequence[Held]) -> list[Held]:
    """Held operations by stamp, each once: the last one counts."""
    latest = {one.stamp: one for one in held}
    return [latest[stamp] for stamp in sorted(latest)]
