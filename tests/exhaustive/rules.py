"""The rules of the contract's policy table, as a table: what must become of one operation.

Written from the contract and from nothing else. A world here is one record with one field, so
what its author saw, what is there now and what is wanted say everything.

A set is told by what was added: each add has a name of its own, and a removal takes out those
adds that its author had seen. That is another way to say "a concurrent add wins" than to
look through a history, and must come to the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# policy, was the present version seen, how the value lies to the present one → outcome
TABLE = {
    ("ask", "seen", "same"): "merged",
    ("ask", "seen", "other"): "applied",
    ("ask", "unseen", "same"): "merged",
    ("ask", "unseen", "other"): "conflict",
    ("latest", "seen", "same"): "merged",
    ("latest", "seen", "other"): "applied",
    ("latest", "unseen", "same"): "merged",
    ("latest", "unseen", "later"): "applied",
    ("latest", "unseen", "earlier"): "merged",
    ("once", "seen", "first"): "applied",
    ("once", "seen", "same"): "merged",
    ("once", "seen", "other"): "conflict",
    ("once", "unseen", "first"): "applied",
    ("once", "unseen", "same"): "merged",
    ("once", "unseen", "other"): "conflict",
    ("highest", "seen", "beyond"): "applied",
    ("highest", "unseen", "beyond"): "applied",
    ("highest", "seen", "short"): "merged",
    ("highest", "unseen", "short"): "merged",
    ("lowest", "seen", "beyond"): "applied",
    ("lowest", "unseen", "beyond"): "applied",
    ("lowest", "seen", "short"): "merged",
    ("lowest", "unseen", "short"): "merged",
    ("sum", "seen", "delta"): "applied",
    ("sum", "unseen", "delta"): "applied",
    ("append", "seen", "entry"): "merged",
    ("append", "unseen", "entry"): "merged",
}


@dataclass
class Op:
    """An operation: its stamp, what its author saw, what is wanted, and the corrected time.

    ``seen_adds``: of a set, the adds that its author had before them.
    """

    stamp: str
    base: str | None
    value: Any
    corrected: int
    actor: str
    seen_adds: frozenset[tuple[str, str]] = frozenset()


@dataclass
class World:
    """One field of one record, by the contract."""

    policy: str
    value: Any
    version: str
    corrected: int = 0
    texts: dict[str, Any] = field(default_factory=dict)  # stamp → the text that it wrote
    adds: frozenset[tuple[str, str]] = frozenset()
    waiting: list[tuple[str, Any]] = field(default_factory=list)  # conflicts: (stamp, value)

    def take(self, op: Op) -> str:
        """What must become of an operation; afterwards the world is as it must be."""
        if self.policy in ("ask", "text", "once", "latest", "set"):
            for place, (stamp, _) in enumerate(self.waiting):
                if op.base == stamp and op.base != self.version:
                    self.waiting[place] = (op.stamp, op.value)
                    return "conflict"
        self.texts[op.stamp] = op.value
        rule = getattr(self, f"_{self.policy}", self._by_table)
        outcome: str = rule(op)
        return outcome

    def _by_table(self, op: Op) -> str:
        seen = "seen" if op.base in (self.version, None) else "unseen"
        outcome = TABLE[self.policy, seen, self._lies(op)]
        if outcome == "conflict":
            self.waiting.append((op.stamp, op.value))
        elif outcome == "applied" or self.policy == "append":
            self._write(op)
        return outcome

    def _lies(self, op: Op) -> str:
        if self.policy in ("sum", "append"):
            return {"sum": "delta", "append": "entry"}[self.policy]
        if self.policy in ("highest", "lowest"):
            further = op.value > self.value if self.policy == "highest" else op.value < self.value
            return "beyond" if further else "short"
        if op.value == self.value:
            return "same"
        if self.policy == "once" and self.value is None:
            return "first"
        if self.policy == "latest" and op.base != self.version:
            mine, theirs = (op.corrected, op.stamp), (self.corrected, self.version)
            return "later" if mine > theirs else "earlier"
        return "other"

    def _write(self, op: Op) -> None:
        if self.policy == "sum":
            self.value = self.value + op.value
        elif self.policy == "append":
            entry = [op.stamp, op.corrected, op.actor, op.value]
            self.value = sorted([*self.value, entry], key=lambda one: (one[1], one[0]))
        else:
            self.value = op.value
        self.version, self.corrected = op.stamp, op.corrected

    def _set(self, op: Op) -> str:
        add, remove = op.value["add"], op.value["remove"]
        seen = op.base == self.version
        before = self.tags()
        gone = {one for one in self.adds if one[1] in remove and (seen or one in op.seen_adds)}
        self.adds = (self.adds - gone) | {(op.stamp, tag) for tag in add}
        if self.tags() == before and not add:
            return "merged"
        self.version = op.stamp if seen else "of the server"
        return "applied" if seen else "merged"

    def _text(self, op: Op) -> str:
        if op.value == self.value:
            return "merged"
        if op.base == self.version:
            self._write(op)
            return "applied"
        merged = by_lines(self.texts[op.base], op.value, self.value) if op.base else None
        if merged is None:
            self.waiting.append((op.stamp, op.value))
            return "conflict"
        if merged == self.value:
            return "merged"
        own = merged == op.value
        self.value, self.version = merged, op.stamp if own else "of the server"
        self.texts[self.version] = merged
        return "applied" if own else "merged"

    def tags(self) -> list[str]:
        """What the set shows."""
        return sorted({tag for _, tag in self.adds})


def by_lines(base: str, mine: str, theirs: str) -> str | None:
    """Three texts of the same number of lines, none of whose changes touch each other.

    A line is whoever changed it's; changed by both in different ways, nobody knows.
    """
    lines = []
    for b, m, t in zip(base.split("\n"), mine.split("\n"), theirs.split("\n"), strict=True):
        if m == t or t == b:
            lines.append(m)
        elif m == b:
            lines.append(t)
        else:
            return None
    return "\n".join(lines)
