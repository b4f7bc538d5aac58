"""Merge: what becomes of one field when an operation meets the present record.

Two people edited one household, days apart, each offline. Whether that is a
conflict depends on what each *saw*, which the base says, and on the policy of the
field, which is declared; never on whose clock is ahead. Each policy is one short
function here; together they are a table.

Invariants
    * Equal values never conflict.
    * With the present version as its base, a write is never a conflict (but ``once``
      stays with its first value).
    * Nothing here reads a clock, a store or another field.

>>> from sync.catalogue import Field
>>> step = Step(Field("phone", "text", "ask"), current="1", version="s1", value="2", base="s0",
...             stamp="s2", corrected=5, past=NoPast())
>>> decide(step).verdict
'wait'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, Protocol

from sync import textmerge
from sync.catalogue import Field

__all__ = ["Decision", "NoPast", "Past", "Step", "decide"]

Verdict = Literal["own", "mixed", "same", "kept", "wait"]
"""``own``: the operation's value and stamp. ``mixed``: the server writes a value of its own.
``same``: it is so already. ``kept``: the present value stays. ``wait``: a person decides."""


class Past(Protocol):
    """What a decision may ask of the record's history."""

    def value(self, stamp: str, name: str) -> tuple[bool, Any]:
        """(known, value): what operation ``stamp`` wrote to field ``name``."""
        ...

    def corrected(self, stamp: str) -> int:
        """The corrected time of operation ``stamp``; 0 if it is not known."""
        ...

    def unseen_adds(self, base: str, name: str) -> frozenset[str] | None:
        """The elements added to a set since ``base`` by operations that its author had not seen.

        None if ``base`` is not known: then nobody can tell what was seen.
        """
        ...


class NoPast:
    """A history that knows nothing."""

    def value(self, stamp: str, name: str) -> tuple[bool, Any]:
        """Nothing is known."""
        return False, None

    def corrected(self, stamp: str) -> int:
        """Nothing is known."""
        return 0

    def unseen_adds(self, base: str, name: str) -> frozenset[str] | None:
        """Nothing is known."""
        return None


class Step(NamedTuple):
    """One field of one operation, and what it meets. ``field`` is None for an unknown name."""

    field: Field | None
    current: Any
    version: str
    value: Any
    base: str | None
    stamp: str
    corrected: int
    past: Past
    name: str = ""

    @property
    def is_current(self) -> bool:
        """Whether its author saw the present version."""
        return self.base == self.version


class Decision(NamedTuple):
    """The verdict, the value that results (``own``, ``mixed``), or why a person decides."""

    verdict: Verdict
    value: Any = None
    code: str = "concurrent"


_SAME = Decision("same")
_KEPT = Decision("kept")
_WAIT = Decision("wait")


def _ask(step: Step) -> Decision:
    if step.value == step.current:
        return _SAME
    return Decision("own", step.value) if step.is_current else _WAIT


def _latest(step: Step) -> Decision:
    if step.value == step.current:
        return _SAME
    if step.is_current:
        return Decision("own", step.value)
    mine = (step.corrected, step.stamp)
    theirs = (step.past.corrected(step.version), step.version)
    return Decision("own", step.value) if mine > theirs else _KEPT


def _text(step: Step) -> Decision:
    if step.is_current or step.value == step.current:
        return _ask(step)
    if step.base is None:
        return _WAIT
    known, base = step.past.value(step.base, step.name)
    if not known:
        return _WAIT
    merged = textmerge.merge(base or "", step.value or "", step.current or "")
    if merged is None or (step.field is not None and step.field.problem(merged) is not None):
        return _WAIT
    if merged == (step.current or ""):
        return _SAME
    return Decision("own" if merged == step.value else "mixed", merged)


def _set(step: Step) -> Decision:
    present = set(step.current or ())
    add, remove = set(step.value.get("add") or ()), set(step.value.get("remove") or ())
    if not step.is_current:
        unseen = step.past.unseen_adds(step.base, step.name) if step.base is not None else None
        remove = set() if unseen is None else remove - unseen
    result = sorted((present - remove) | add)
    # What is there already and is added again is another's remove away from being lost:
    # the add must count, whichever of the two comes first.
    if result == sorted(present) and not add:
        return _SAME
    return Decision("own" if step.is_current else "mixed", result)


def _sum(step: Step) -> Decision:
    delta = step.value["add"]
    return Decision("own", (step.current or 0) + delta) if delta else _SAME


def _bound(better: Callable[[Any, Any], bool]) -> Callable[[Step], Decision]:
    def decide_bound(step: Step) -> Decision:
        if step.value is None or step.value == step.current:
            return _SAME
        if step.current is None or better(step.value, step.current):
            return Decision("own", step.value)
        return _KEPT

    return decide_bound


def _once(step: Step) -> Decision:
    if step.value == step.current:
        return _SAME
    if step.current is None:
        return Decision("own", step.value)
    return Decision("wait", code="already_set")


_DECIDE: Mapping[str, Callable[[Step], Decision]] = {
    "ask": _ask,
    "latest": _latest,
    "text": _text,
    "set": _set,
    "sum": _sum,
    "highest": _bound(lambda mine, theirs: mine > theirs),
    "lowest": _bound(lambda mine, theirs: mine < theirs),
    "once": _once,
}
"""Policy → decision. ``append`` and ``workflow`` are the authority's: one needs the author,
the other the whole operation."""


def decide(step: Step) -> Decision:
    """What becomes of one field of an edit."""
    return _DECIDE[step.field.policy if step.field is not None else "latest"](step)
