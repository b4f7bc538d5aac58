"""Sets: which adds a removal had not seen, and must therefore leave.

Two people tag one household, days apart. Whoever removes a tag means the one that they saw;
an add that they had not seen wins. But an add that its own author, or anybody who had seen
it, took out again is no add any more, even where the tag stood for another's sake meanwhile.

Invariants
    * Every add is judged by itself: a tag stays for the sake of an add that nobody who saw
      it took out, and for no other.
    * What went into a conflict neither adds nor takes out: a person's decision does.

This module looks at the history of one record, newest first, and decides nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sync.store import StoredOperation

__all__ = ["unseen_adds", "wrote"]

Find = Callable[[str], StoredOperation | None]


def unseen_adds(
    past: Sequence[StoredOperation], seen: StoredOperation, name: str, find: Find
) -> frozenset[str]:
    """The elements that stand by an add which whoever had ``seen`` as their base had not seen.

    ``past``: the operations about the record that were decided, newest first.
    """
    found: set[str] = set()
    waits = _waiting(past, name)
    for place in _unseen(past, 0, seen, name, find):
        if past[place].stamp in waits:
            continue
        for element in set(_added(past[place], name)) - found:
            if not _taken_out(past, place, element, name, find, waits):
                found.add(element)
    return frozenset(found)


def wrote(stored: StoredOperation, name: str) -> bool:
    """Whether a field took the value and the stamp of an operation."""
    return stored.kind == "create" or name in (stored.was or {})


def _waiting(past: Sequence[StoredOperation], name: str) -> frozenset[str]:
    """The operations of which this field went into a conflict, whether it is still open or not.

    The outcome does not tell: it may be for another field's sake, and changes with the decision.
    A step that was overtaken wrote nothing at all, and takes this field with it. What builds on
    a value that waits takes its place there, unless it left a trace in the set.
    """
    mixed = {one.cause for one in past if one.cause is not None and name in _fields(one)}
    found: set[str] = set()
    for one in reversed(past):
        if one.kind == "transition" and not one.was:
            found.add(one.stamp)
        elif one.conflict is None or one.stamp in mixed:
            continue
        elif (one.raw.get("base") or {}).get(name) in found:
            found.add(one.stamp)
    return frozenset(found)


def _unseen(
    past: Sequence[StoredOperation], start: int, seen: StoredOperation, name: str, find: Find
) -> Iterator[int]:
    """The places from ``start`` on of operations that are not in the past of ``seen``.

    A base that did not itself become the field's value (the server merged it into one
    of its own, or it changed nothing) had been made on an older one: what came between
    the two was not seen either.
    """
    for place in range(start, len(past)):
        one = past[place]
        if one.stamp == seen.stamp:
            if wrote(one, name):
                return
            older = (one.raw.get("base") or {}).get(name)
            seen = (find(older) if older else None) or seen
        elif one.cause != seen.stamp or wrote(seen, name):  # Not the merge of what was seen.
            yield place


def _taken_out(
    past: Sequence[StoredOperation],
    added: int,
    element: str,
    name: str,
    find: Find,
    waits: frozenset[str],
) -> bool:
    """Whether somebody who had seen an add took its element out again."""
    for place in range(added):
        one = past[place]
        change = _fields(one).get(name)
        if isinstance(change, list) or (one.kind == "resolve" and name in _fields(one)):
            return True  # A decision about the whole: the element stands by that, or not at all.
        if element not in ((change or {}).get("remove") or ()) or one.stamp in waits:
            continue
        older = (one.raw.get("base") or {}).get(name)
        base = find(older) if older else None
        if base is not None and added not in _unseen(past, place + 1, base, name, find):
            return True
    return False


def _fields(stored: StoredOperation) -> Mapping[str, Any]:
    return stored.raw.get("fields") or {}


def _added(stored: StoredOperation, name: str) -> Sequence[Any]:
    change = _fields(stored).get(name)
    return (change.get("add") if isinstance(change, dict) else change) or ()
