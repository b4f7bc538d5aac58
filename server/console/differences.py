"""Differences: what was put in and what was taken out, so that an eye finds it at once.

A conflict shows three values side by side. Of a long note in which one character
was changed, a person must see that character. Chinese has no spaces, so a
difference is made of characters; a number or a Latin word is one unit, because
half a phone number in another colour is noise.

Invariants
    * Joined without the ``out`` pieces, a difference is the new text; without the
      ``in`` pieces it is the old one.
    * The time it takes is bounded: long texts are compared by lines.

This module knows nothing of HTML.

>>> [(p.kind, p.text) for p in difference("三栋2单元", "三栋3单元")]
[('same', '三栋'), ('out', '2'), ('in', '3'), ('same', '单元')]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

__all__ = ["Piece", "difference"]

_UNITS = re.compile(r"[A-Za-z]+|\d+|\s+|.", re.DOTALL)
_LINES = re.compile(r".*?\n|.+\Z", re.DOTALL)
_BY_UNITS_MAX = 4_000
"""Above so many characters together, texts are compared by lines first."""


class Piece(NamedTuple):
    """A run of text that stayed (``same``), came (``in``) or went (``out``)."""

    kind: Literal["same", "in", "out"]
    text: str


def difference(old: str, new: str) -> list[Piece]:
    """How ``new`` differs from ``old``."""
    if old == new:
        return [Piece("same", new)] if new else []
    by_units = len(old) + len(new) <= _BY_UNITS_MAX
    return _joined(_compared(old, new, _UNITS if by_units else _LINES))


def _compared(old: str, new: str, units: re.Pattern[str]) -> Iterator[Piece]:
    before, after = units.findall(old), units.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=units is _LINES)
    if matcher.real_quick_ratio() < 0.2 or (units is _UNITS and matcher.ratio() < 0.3):
        # Two texts that have next to nothing in common read best whole.
        yield Piece("out", old)
        yield Piece("in", new)
        return
    for _, a, b, c, d in matcher.get_opcodes():
        gone, come = "".join(before[a:b]), "".join(after[c:d])
        if gone == come:
            yield Piece("same", come)
        elif units is _LINES and gone and come and len(gone) + len(come) <= _BY_UNITS_MAX:
            yield from _compared(gone, come, _UNITS)
        else:
            yield Piece("out", gone)
            yield Piece("in", come)


def _joined(pieces: Iterator[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for piece in pieces:
        if not piece.text:
            continue
        if joined and joined[-1].kind == piece.kind:
            joined[-1] = Piece(piece.kind, joined[-1].text + piece.text)
        else:
            joined.append(piece)
    return joined
