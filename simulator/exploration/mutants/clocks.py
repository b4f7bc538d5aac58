"""Bugs of time: clocks that are wrong are put right the wrong way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.exploration.mutants.planting import Plant, attribute

__all__ = ["TABLE"]


def _corrected_backwards(_original: Any) -> Callable[..., int]:
    """What a clock is ahead is added once more."""

    def corrected(*, at: int, offset_ms: int, received_ms: int) -> int:
        return min(at - offset_ms, received_ms)

    return corrected


def _known_backwards(original: Callable[..., int]) -> Callable[..., int]:
    """A tablet takes what it is ahead for what it is behind."""
    return lambda *told: -original(*told)


TABLE: tuple[tuple[str, str, str, tuple[int, ...], Plant], ...] = (
    ("corrected_backwards", "钟差反向修正", "a clock is corrected the wrong way", (11,),
     attribute("sync.run:corrected_ms", _corrected_backwards)),
    ("offset_backwards", "平板把快慢记反", "a tablet takes ahead for behind", (11,),
     attribute("sync.intake:offset", _known_backwards)),
)  # fmt: skip
"""Name, what it is (zh, en), the promises that notice it, and how it is planted."""
