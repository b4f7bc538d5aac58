"""Three-way merge of texts: by lines, then by characters within a line.

Two people add to one description. Where they touched different places both are
right; where they touched the same place only a person can tell. Two changes close to
each other can make nonsense that neither wrote (10 → 12 and 10 → 20 must not become
22, nor 3号楼1单元 and 4号楼2单元 a fourth address), and a rewritten line shares a few
characters with the old one by mere chance. So a number or a Latin word counts as one
character, numbers of one clause that stand close to each other do too, and changes
of the two that lie in one line overlap unless two characters between them are common.

Invariants
    * ``merge`` of a text with itself, or with its base, changes nothing.
    * ``merge(b, x, y)`` equals ``merge(b, y, x)``.
    * What one of them typed is in the result, and so is what neither removed.
    * Any three characters in a row of one line of the result stand so in ``x`` or in ``y``.

>>> merge("老人独居。", "老人独居，腿脚不便。", "王老人独居。")
'王老人独居，腿脚不便。'
>>> merge("10人", "12人", "20人") is None
True
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from merge3 import Merge3

__all__ = ["merge"]

_SIGNS = "0-9A-Za-z０-９Ａ-Ｚａ-ｚ〇零一二两三四五六七八九十百千万"
_TOKEN = re.compile(rf"[{_SIGNS}]+(?:[^{_SIGNS}\s，。；！？,;!?]{{1,2}}[{_SIGNS}]+)*|.", re.DOTALL)
"""A character, or a chain of words and numbers: at most two characters, that end no clause,
lie between one and the next (2026年11月24日, 3号楼2单元501, 12:30, a.b@c.cn)."""

_APART = 2
_LINES_MAX = _TOKENS_MAX = 4_000


def merge(base: str, mine: str, theirs: str) -> str | None:
    """``base`` with both changes, or None if they overlap.

    Differences inside a stretch of more than 4,000 characters without a common line, or in
    a text of more than 4,000 lines, count as overlapping: a person reads that better than an
    algorithm, whose time grows with the square.
    """
    if mine == theirs or theirs == base:
        return mine
    if mine == base:
        return theirs
    merged: list[str] = []
    lines = (_lines(base), _lines(mine), _lines(theirs))
    if max(map(len, lines)) > _LINES_MAX:
        return None
    for kind, *parts in Merge3(*lines).merge_groups():
        if kind != "conflict":
            merged.extend(parts[0])
            continue
        inner = _within_lines(*(_TOKEN.findall("".join(part)) for part in parts))
        if inner is None:
            return None
        merged.append(inner)
    return "".join(merged)[:-1]  # Without the end that the last line was given.


def _lines(text: str) -> list[str]:
    """The lines, each with its end: a last line without one is a line like any other."""
    return [f"{line}\n" for line in text.split("\n")]


def _within_lines(base: list[str], mine: list[str], theirs: list[str]) -> str | None:
    if max(len(base), len(mine), len(theirs)) > _TOKENS_MAX:
        return None
    merged: list[str] = []
    last, since = None, 0  # Whose the last change was, and where it began to be over.
    for kind, *parts in Merge3(base, mine, theirs).merge_groups():
        if kind == "conflict":
            return None
        if kind in ("a", "b"):
            if last not in (None, kind) and _close(merged, since, parts[0]):
                return None
            last, since = kind, len(merged) + len(parts[0])
        merged.extend(parts[0])
    return "".join(merged)


def _close(merged: Sequence[str], since: int, change: Sequence[str]) -> bool:
    """Whether a change comes too soon, in one line, after the other's, which ended at ``since``.

    A change that ends a line, or begins with the end of one, has no more to do with the other
    than lines have with each other.
    """
    between = len(merged) - since
    return between < _APART and "\n" not in [*merged[max(since - 1, 0) :], *change[:1]]
