"""Keyed randomness and ids: the same thing comes out the same, whatever stands beside it.

A demo with two communities must show the very people of the whole county, and
one more household in a grid must not rename the next grid. So no generator is
passed from one thing to the next: each asks for its own, by name.

Invariants
    * ``generator`` depends on its arguments only: not on ``hash()``, on the
      order of calls or on the machine.
    * Ids of one ``Ids`` are strictly increasing as text, and shaped as UUIDv7;
      taken one by one they are the same as taken together.

This module never reads the time or the system's randomness.

>>> first, again = (generator(7, "names", "grid", 3) for _ in range(2))
>>> float(first.random()) == float(again.random())
True
>>> ids = Ids(generator(7, "ids"), start_ms=1_788_220_800_000)
>>> ids.take(2)
['01a05a43-fc00-7...', '01a05a43-fc00-7...']
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

import numpy as np

__all__ = ["IDS_PER_MS", "Ids", "Key", "generator", "uniforms"]

Key = str | int

#: Ids that share a millisecond: few, so that a grid stays within its minute.
IDS_PER_MS: Final = 8

_RANDOM_BITS_HIGH: Final = 9  # of the twelve after the version; three count within the millisecond
_RANDOM_BITS_LOW: Final = 62  # those after the variant
_BLOCK: Final = 4096


def generator(seed: int, stream: str, *entity: Key) -> np.random.Generator:
    """The generator of one stream of one entity."""
    key = "\x1f".join((str(seed), stream, *map(str, entity)))
    state = int.from_bytes(hashlib.sha256(key.encode()).digest()[:16])
    return np.random.Generator(np.random.PCG64(state))


def uniforms(rng: np.random.Generator) -> Iterator[float]:
    """An endless run of numbers in [0, 1), drawn in blocks: one call costs 50 ns, not 500."""
    while True:
        yield from rng.random(_BLOCK).tolist()


class Ids:
    """Gives ids with a time part from ``start_ms`` on and a random part from ``rng``."""

    def __init__(self, rng: np.random.Generator, *, start_ms: int) -> None:
        self._rng = rng
        self._start_ms = start_ms
        self._given = 0

    def take(self, count: int) -> list[str]:
        """The next ``count`` ids."""
        drawn = iter(self._rng.integers(0, 1 << _RANDOM_BITS_LOW, 2 * count).tolist())
        first = self._given
        self._given += count
        return [self._text(first + at, next(drawn), next(drawn)) for at in range(count)]

    def next(self) -> str:
        """The next id."""
        return self.take(1)[0]

    def _text(self, position: int, high: int, low: int) -> str:
        in_ms = position % IDS_PER_MS
        number = (
            (self._start_ms + position // IDS_PER_MS) << 80
            | 0x7 << 76
            | in_ms << 64 + _RANDOM_BITS_HIGH
            | high >> (_RANDOM_BITS_LOW - _RANDOM_BITS_HIGH) << 64
            | 0b10 << 62
            | low
        )
        text = f"{number:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
