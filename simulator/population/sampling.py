"""Weighted choice from small tables, fast enough for a call a person.

``numpy`` draws arrays; a family is assembled one person at a time, where one
call to a generator costs more than the whole of this.

>>> table = Weighted({"a": 1.0, "b": 3.0})
>>> table.pick(0.1), table.pick(0.9)
('a', 'b')
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from typing import Generic, TypeVar

__all__ = ["Weighted", "parse"]

T = TypeVar("T")


class Weighted(Generic[T]):
    """Items with weights; ``pick`` maps a number in [0, 1) to an item."""

    __slots__ = ("_edges", "_items", "_last")

    def __init__(self, weights: Mapping[T, float]) -> None:
        self._items = tuple(weights)
        self._edges = tuple(accumulate(weights.values()))
        self._last = len(self._items) - 1

    def pick(self, at: float) -> T:
        """The item at ``at`` of the way through the weights."""
        place = bisect_right(self._edges, at * self._edges[-1])
        return self._items[min(place, self._last)]


def parse(text: str) -> Weighted[str]:
    """A table from words, each followed by its weight, or by none for a weight of one.

    >>> parse("杨14 田11 冉").pick(0.99)
    '冉'
    """
    weights: dict[str, float] = {}
    for word in text.split():
        item = word.rstrip("0123456789.")
        weights[item] = weights.get(item, 0.0) + float(word[len(item) :] or 1)
    return Weighted(weights)
