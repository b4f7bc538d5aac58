"""Keyed draws: every random decision is a function of what it decides about.

A generator that hands out numbers in turn couples everything: one worker more,
and every case after it gets another service time, so two scenarios differ by
noise instead of by the worker. Here a decision's number follows from its key
(seed, replication, stream, entity, counter) alone, so the same case has the same
luck in every scenario, and whoever asks first changes nothing.

Invariants
    * The same key gives the same number in every process, under any
      ``PYTHONHASHSEED`` and in any order of asking.
    * Numbers lie strictly between 0 and 1.

One number at a time would cost microseconds, so they are made in blocks: Philox
is a function of a counter, and a block of entities is a run of counters. Only its
raw output is used, which NumPy promises to keep.

>>> keyed = Keyed(seed=7)
>>> keyed.stream("service").at(3) == Keyed(seed=7).stream("service").at(3)
True
>>> keyed.stream("service").at(3) == keyed.stream("travel").at(3)
False
"""

from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.random import Philox

from simulator.distributions import Distribution

__all__ = ["Draws", "Keyed", "Stream"]

_BLOCK_BITS: Final = 10
_BLOCK: Final = 1 << _BLOCK_BITS
_IN_BLOCK: Final = _BLOCK - 1
#: Blocks that a stream remembers: more than there are workers, each with one in use.
_REMEMBERED: Final = 512


class Stream:
    """Uniform numbers for one kind of decision.

    ``at(entity, counter)`` is the draw of an entity; a repeated decision about
    the same entity counts up. A stream about few entities with many draws each
    (a worker's n-th sync) is asked the other way round, ``at(n, worker)``: what
    runs fast comes first, because blocks run along it.
    """

    def __init__(self, key: tuple[int, int], distribution: Distribution | None = None) -> None:
        """Take the key of the stream, and what its numbers are turned into."""
        self._key = np.array(key, dtype=np.uint64)
        self._distribution = distribution
        self._blocks: dict[tuple[int, int], list[float]] = {}

    def at(self, entity: int, counter: int = 0) -> float:
        """Return the draw of an entity."""
        block = self._blocks.get((entity >> _BLOCK_BITS, counter))
        if block is None:
            block = self._make(entity >> _BLOCK_BITS, counter)
        return block[entity & _IN_BLOCK]

    def first(self, count: int, counter: int = 0) -> list[float]:
        """Return the draws of the entities 0 … count - 1."""
        draws: list[float] = []
        for block in range(-(-count // _BLOCK)):
            draws += self._numbers(block, counter)
        return draws[:count]

    def forget(self) -> None:
        """Let go of the blocks that were made."""
        self._blocks.clear()

    def _make(self, block: int, counter: int) -> list[float]:
        if len(self._blocks) >= _REMEMBERED:
            del self._blocks[next(iter(self._blocks))]
        numbers = self._blocks[block, counter] = self._numbers(block, counter)
        return numbers

    def _numbers(self, block: int, counter: int) -> list[float]:
        # The lowest word counts within the block, so blocks never overlap.
        place = np.array([0, block, counter, 0], dtype=np.uint64)
        raw = Philox(key=self._key, counter=place).random_raw(_BLOCK)
        uniforms: list[float] = (((raw >> np.uint64(11)) + 0.5) * 2.0**-53).tolist()
        if self._distribution is None:
            return uniforms
        return self._distribution.values(uniforms)


class Draws(Stream):
    """A stream whose numbers follow a distribution."""

    def __init__(self, key: tuple[int, int], distribution: Distribution) -> None:
        """Take the key of the stream and its distribution."""
        super().__init__(key, distribution)
        self.distribution = distribution
        self.is_zero = distribution.is_zero


class Keyed:
    """All streams of one replication of one seed."""

    def __init__(self, seed: int, replication: int = 0) -> None:
        """Take what, with a stream's name, is the key of its numbers."""
        self.seed = seed
        self.replication = replication
        self._made: list[Stream] = []

    def stream(self, name: str) -> Stream:
        """Return the uniform numbers of a name."""
        self._made.append(Stream(self._key(name)))
        return self._made[-1]

    def draws(self, name: str, distribution: Distribution) -> Draws:
        """Return the numbers of a name, turned into a distribution."""
        draws = Draws(self._key(name), distribution)
        self._made.append(draws)
        return draws

    def forget(self) -> None:
        """Let go of all blocks, once a run is over; they would be made again."""
        for stream in self._made:
            stream.forget()

    def _key(self, name: str) -> tuple[int, int]:
        text = f"{self.seed}/{self.replication}/{name}".encode()
        digest = blake2b(text, digest_size=16).digest()
        return int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:], "big")
