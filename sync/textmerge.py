"""Three-way merge of texts: by lines, then by characters within a line.

Two people add to one description. Where they touched different places both are
right; where they touched the same place only a person can tell. Merging by single
characters can make nonsense that neither wrote (10 → 12 and 10 → 20 must not become
22), so a run of digits or Latin letters counts as one character here, and changes
that touch each other overlap.

Invariants
    * ``merge`` of a text with itself, or with its base, changes nothing.
    * ``merge(b, x, y)`` is a conflict exactly when ``merge(b, y, x)`` is.

>>> merge("老人独居。\\n", "老人独居，腿脚不便。\\n", "王老人独居。\\n")
'王老人独居，腿脚不便。\\n'
>>> merge("10人", "12人", "20人") is None
True
"""

from __future__ import annotations

import re

from merge3 import Merge3

__all__ = ["merge"]

_TOKEN = re.compile(r"[0-9]+|[A-Za-z]+|.", re.DOTALL)
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
    of_base, of_mine, of_theirs = (text.splitlines(keepends=True) for text in (base, mine, theirs))
    if max(len(of_base), len(of_mine), len(of_theirs)) > _LINES_MAX:
        return None
    for group in Merge3(of_base, of_mine, of_theirs).merge_groups():
        if group[0] != "conflict":
            merged.extend(group[1])
            continue
        inner = _characters(*("".join(part) for part in group[1:4]))
        if inner is None:
            return None
        merged.append(inner)
    return "".join(merged)


def _characters(base: str, mine: str, theirs: str) -> str | None:
    of_base, of_mine, of_theirs = (_TOKEN.findall(text) for text in (base, mine, theirs))
    if max(len(of_base), len(of_mine), len(of_theirs)) > _TOKENS_MAX:
        return None
    merged: list[str] = []
    for group in Merge3(of_base, of_mine, of_theirs).merge_groups():
        if group[0] == "conflict":
            return None
        merged.extend(group[1])
    return "".join(merged)
