"""Chance: every decision of a run is a function of what it is about.

A run that failed is searched for the few steps that matter by leaving others out. If
decisions were taken one after the other from one generator, leaving one out would shift
all that follow, and the failure would be gone. So each decision has a key (stream, entity,
counter), and is the same whatever else happened.

``simulator.keyed`` gives numbers in blocks, for millions of cases counted from 0; here
entities have names and decisions are few, so a hash of the key does.

Invariants
    * Equal keys, equal decisions, under any ``PYTHONHASHSEED`` and on any machine.
    * Nothing here has a state but a ``Dice``, which belongs to one decision.

>>> Chance(7).dice("step", "wang", 3).below(100)
82
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from struct import Struct
from typing import TypeVar

from sync.stamps import BASE32

__all__ = ["Chance", "Dice"]

T = TypeVar("T")

_EIGHT_WORDS = Struct(">8Q").unpack


class Chance:
    """All decisions of one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._key = f"{seed}".encode()

    def dice(self, stream: str, entity: str, counter: int = 0) -> Dice:
        """The dice of one decision."""
        return Dice(self._key + f"/{stream}/{entity}/{counter}/".encode())


class Dice:
    """The throws that one decision needs, in their order."""

    __slots__ = ("_key", "_left", "_thrown")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._thrown = 0
        self._left: list[int] = []

    def _word(self) -> int:
        if not self._left:
            text = self._key + str(self._thrown).encode()
            self._left = [*_EIGHT_WORDS(blake2b(text, digest_size=64).digest())][::-1]
            self._thrown += 1
        return self._left.pop()

    def below(self, most: int) -> int:
        """A whole number from 0 to ``most`` - 1."""
        return self._word() % most

    def share(self) -> float:
        """A number in [0, 1)."""
        return (self._word() >> 11) * 2.0**-53

    def happens(self, probability: float) -> bool:
        """Whether something does that happens with this probability."""
        return (self._word() >> 11) * 2.0**-53 < probability

    def between(self, least: int, most: int) -> int:
        """A whole number from ``least`` to ``most``, both included."""
        return least + self.below(most - least + 1)

    def pick(self, among: Sequence[T]) -> T:
        """One of several."""
        return among[self._word() % len(among)]

    def weighted(self, weights: Mapping[str, float]) -> str | None:
        """One name, by weight; None if no weight is above 0."""
        left = self.share() * sum(weights.values())
        for name, weight in weights.items():
            if weight > 0:
                left -= weight
                if left < 0:
                    return name
        return next((name for name, weight in weights.items() if weight > 0), None)

    def base32(self, length: int) -> str:
        """Characters of the alphabet of stamps."""
        return "".join(BASE32[self.below(32)] for _ in range(length))
