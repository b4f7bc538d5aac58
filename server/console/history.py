"""History: what happened to a record, field by field, as a person can follow it.

The ledger keeps what each author wrote and what that replaced, which is not yet what
a person asks: did it take, and if not, why? An edit that lost against a later one
looks, as sent, like one that won. So the operations are gone through from the
first, and each field of each is told with what was there, what came, and what its
author had written.

Invariants
    * Nothing is left out: held, rejected and losing changes are told too.
    * Gone through to the end, the values are the record's (a test compares them).
    * What the server wrote to merge two texts or sets is told with the change that
      caused it, not as somebody's.

This module never reads a clock, and decides nothing: the authority did.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from server.undoing import standing
from sync.catalogue import Field, RecordType
from sync.redaction import is_redacted
from sync.store import StoredOperation

__all__ = ["UNDOABLE", "Change", "Event", "play"]

Taken = Literal["taken", "merged", "same", "lost", "waits", "refused"]
"""``taken``: its value stood. ``merged``: with what others wrote. ``same``: it was so already.
``lost``: a later or better value stayed. ``waits``: a person decides. ``refused``: not applied."""

UNDOABLE = frozenset({"ask", "latest", "text", "set", "sum"})
"""Policies of fields that have a way back."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one operation: what was there, what came, and what its author had written."""

    name: str
    field: Field | None
    before: Any
    after: Any
    written: Any
    taken: Taken


@dataclass(frozen=True, slots=True)
class Event:
    """One operation with what came of it.

    ``standing``: fields whose present value it wrote, or had written before an undo put it back.
    """

    operation: StoredOperation
    changes: tuple[Change, ...]
    standing: frozenset[str] = frozenset()

    @property
    def undoes(self) -> str | None:
        """The stamp of the operation that it takes back, if it does."""
        found = self.operation.raw.get("undoes")
        return found if isinstance(found, str) else None

    @property
    def undoable(self) -> bool:
        """Whether the door would find something to put back."""
        if self.operation.outcome in ("held", "rejected") or is_redacted(self.operation.raw):
            return False
        return any(
            change.name in self.standing
            and change.name in (self.operation.was or {})
            and (change.field is None or change.field.policy in UNDOABLE)
            for change in self.changes
        )


@dataclass
class _State:
    """The record as it was at one point of its history."""

    values: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    origin: str = ""

    def version(self, name: str) -> str:
        """The operation that wrote a field last: the create, where nobody did since."""
        return self.versions.get(name, self.origin)


def play(
    spec: RecordType, chain: Sequence[StoredOperation], waiting: Iterable[StoredOperation] = ()
) -> list[Event]:
    """A record's history, newest first.

    ``chain`` is ``Reading.history`` (newest first); ``waiting`` are operations about the
    record that were held or rejected and stand in no chain.
    """
    state = _State()
    if spec.workflow is not None:
        state.values[spec.workflow.field] = spec.workflow.initial
    oldest_first = list(reversed(chain))
    merged = dict(_merges(oldest_first))
    folded = {one.stamp for one in merged.values()}
    told: list[tuple[StoredOperation, tuple[Change, ...]]] = []
    for stored in oldest_first:
        if stored.stamp in folded:
            continue
        changes = tuple(_changes(spec, stored, state, merged.get(stored.stamp)))
        told.append((stored, changes))
        _remember(state, stored, changes, merged.get(stored.stamp))
    stands = _standing(state, oldest_first)
    events = [Event(one, changes, stands.get(one.stamp, frozenset())) for one, changes in told]
    events += [Event(one, tuple(_refused(spec, one, state))) for one in waiting]
    # The chain is the order of decision; what stands in none is put where it arrived.
    order = {one.stamp: place for place, one in enumerate(oldest_first)}
    return sorted(
        events,
        key=lambda event: (event.operation.received, order.get(event.operation.stamp, 0)),
        reverse=True,
    )


def _merges(chain: Sequence[StoredOperation]) -> Iterator[tuple[str, StoredOperation]]:
    """(stamp, the server's operation that wrote what its values were merged into)."""
    for before, after in itertools.pairwise(chain):
        follows = after.cause == before.stamp and after.prev == before.stamp
        if follows and after.kind == "edit" and _fields(after).keys() <= _fields(before).keys():
            yield before.stamp, after


def _fields(stored: StoredOperation) -> dict[str, Any]:
    return stored.raw.get("fields") or {}


def _changes(
    spec: RecordType, stored: StoredOperation, state: _State, merged: StoredOperation | None
) -> Iterator[Change]:
    if stored.kind in ("delete", "restore"):
        taken: Taken = "waits" if stored.outcome == "conflict" else "taken"
        yield Change("*", None, None, stored.kind, stored.kind, taken)
        return
    for name, written in _fields(stored).items():
        place = spec.by_name.get(name)
        before = state.values.get(name)
        wanted = _wanted(stored, place, before, written)
        if name == "*":
            yield Change(name, None, None, written, written, "taken")
        elif merged is not None and name in _fields(merged):
            after = _wanted(merged, place, before, _fields(merged)[name])
            yield Change(name, place, before, after, wanted, "merged")
        elif _took(stored, place, name):
            yield Change(name, place, before, wanted, wanted, "taken")
        else:
            reason = _why_not(stored, place, before, wanted)
            yield Change(name, place, before, before, wanted, reason)


def _took(stored: StoredOperation, place: Field | None, name: str) -> bool:
    """Whether the operation's own value stood: then the ledger has what it replaced."""
    if stored.kind == "create" or name in (stored.was or {}):
        return True
    appends = place is not None and place.policy == "append"
    return appends and stored.outcome not in ("held", "rejected")


def _why_not(stored: StoredOperation, place: Field | None, before: Any, wanted: Any) -> Taken:
    if before == wanted and stored.code != "overtaken":
        return "same"
    policy = place.policy if place is not None else "latest"
    decided_by_people = policy in ("ask", "text", "once", "workflow") or stored.kind == "transition"
    return "waits" if decided_by_people else "lost"


def _wanted(stored: StoredOperation, place: Field | None, before: Any, written: Any) -> Any:
    """The value that a change, as written, gives on what was there."""
    if place is None:
        return written
    if place.policy == "append":
        return _with_entries(stored, before, written)
    if place.clock and isinstance(written, int) and stored.kind != "resolve":
        return min(written + stored.corrected - stored.at, stored.received)
    if isinstance(written, dict):
        if place.policy == "set":
            gone = set(written.get("remove") or ())
            return sorted((set(before or ()) - gone) | set(written.get("add") or ()))
        if place.policy == "sum":
            return (before or 0) + written.get("add", 0)
        if place.policy == "workflow":
            return written.get("to")
    return written


def _with_entries(stored: StoredOperation, before: Any, written: Any) -> Any:
    """A log with what was appended, each as [stamp, corrected ms, actor, text], in time order."""
    if stored.kind == "resolve":
        return written
    texts = written if isinstance(written, list) else [(written or {}).get("append")]
    entries = [[stored.stamp, stored.corrected, stored.actor, text] for text in texts]
    return sorted([*(before or ()), *entries], key=lambda entry: (entry[1], entry[0]))


def _remember(
    state: _State,
    stored: StoredOperation,
    changes: Iterable[Change],
    merged: StoredOperation | None,
) -> None:
    if stored.kind == "create":
        state.origin = stored.stamp
    for change in changes:
        if change.name != "*" and change.taken in ("taken", "merged"):
            writer = merged if change.taken == "merged" and merged is not None else stored
            state.values[change.name] = change.after
            state.versions[change.name] = writer.stamp


def _standing(state: _State, chain: Iterable[StoredOperation]) -> dict[str, frozenset[str]]:
    """Stamp → the fields whose present value the operation wrote, or an undo put back."""
    found = {one.stamp: one for one in chain}
    stands: dict[str, frozenset[str]] = {}
    for name, value in state.values.items():
        for stamp in standing(name, state.version(name), value, found.get):
            stands[stamp] = stands.get(stamp, frozenset()) | {name}
    return stands


def _refused(spec: RecordType, stored: StoredOperation, state: _State) -> Iterator[Change]:
    for name, written in _fields(stored).items():
        place = spec.by_name.get(name)
        before = state.values.get(name)
        wanted = _wanted(stored, place, before, written)
        yield Change(name, place, before, before, wanted, "refused")
