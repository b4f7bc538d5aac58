"""The rules of the contract about a workflow, over any table of steps.

Written from the contract and from nothing else. A step applies if the table has it from the
state that the order is in, for its author and with what it brings; otherwise it is overtaken,
even if both went to the same state, and what else it says waits with it. Who may take it
neither from there nor from what they saw is turned away, and what they based on it is held.
What is appended to the log is kept all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

# does the table have it from what its author saw, and from what is there → what becomes of it
TABLE = {
    ("no such step", "no such step"): "no_such_transition",
    ("no such step", "a step"): "no_such_transition",
    ("a step", "no such step"): "overtaken",
    ("a step", "a step"): "taken",
}
OUTCOMES = {
    "no_such_transition": "rejected",
    "not_allowed": "rejected",
    "depends_on_rejected": "held",
    "overtaken": "conflict",
    "concurrent": "conflict",
    "taken": "applied",
    "taken in part": "merged",
}


class Move(NamedTuple):
    """A step: from where its author saw the order to where they want it, and what goes with it.

    ``seen``: the head that its author saw. ``says``: fields of the policy ``ask``, with the
    version that its author saw of each. ``logs``: whether it appends to the log.
    """

    stamp: str
    role: str
    seen: str
    source: str
    target: str
    says: Mapping[str, tuple[str, str]]
    logs: bool


@dataclass
class Order:
    """One order, by the contract.

    ``who``: (from, to) → the roles that may go so. ``reasons``: those that must be in the log.
    """

    who: Mapping[tuple[str, str], tuple[str, ...]]
    reasons: frozenset[tuple[str, str]]
    state: str
    values: dict[str, tuple[str | None, str]]
    log: list[str] = field(default_factory=list)
    waits: dict[str, set[str]] = field(default_factory=dict)
    turned_away: set[str] = field(default_factory=set)

    def take(self, move: Move) -> str:
        """What must become of a step, as a code; afterwards the order is as it must be."""
        code = self._decide(move)
        if OUTCOMES[code] in ("rejected", "held"):
            self.turned_away.add(move.stamp)
        return code

    def _decide(self, move: Move) -> str:
        if move.seen in self.turned_away:
            return "depends_on_rejected"
        seen, here = (move.source, move.target), (self.state, move.target)
        code = TABLE[self._has(seen), self._has(here)]
        if code == "no_such_transition":
            return code
        if code == "taken" and (move.role not in self.who[here] or self._lacks(here, move)):
            code = "overtaken"
        if code == "overtaken" and (move.role not in self.who[seen] or here == seen):
            return "not_allowed"
        if move.logs:
            self.log.append(move.stamp)
        if code == "overtaken":
            self.waits[move.stamp] = {"status", *move.says}
            return code
        self.state = move.target
        return self._say(move)

    def _has(self, way: tuple[str, str]) -> str:
        return "a step" if way in self.who else "no such step"

    def _lacks(self, way: tuple[str, str], move: Move) -> bool:
        return way in self.reasons and not (move.logs or self.log)

    def _say(self, move: Move) -> str:
        asked, plain = set(), not move.logs
        for name, (value, seen) in move.says.items():
            present, version = self.values[name]
            if value == present:
                plain = False
            elif seen == version:
                self.values[name] = (value, move.stamp)
            else:
                asked.add(name)
        if asked:
            self.waits[move.stamp] = asked
            return "concurrent"
        return "taken" if plain else "taken in part"
