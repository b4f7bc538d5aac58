"""Stamps: name operations from tablets whose wall clocks disagree.

A tablet can be offline for days with a clock that is hours wrong or jumps
back, and can come back from yesterday's backup. Its stamps must still never
repeat, and must sort in the order in which it made them. Three parts do that:
the wall part never goes below the last one, a counter tells apart what
happened in one millisecond, and the incarnation, drawn anew each time a
replica is opened, tells a restored backup from its original.

Invariants
    * ``Stamps.next`` returns a stamp strictly greater than any it gave before.
    * Stamps are compared as text; nothing here depends on a receiver's clock,
      and a device never advances its stamps by stamps that it receives.

This module never reads the time or draws at random: callers pass ``now_ms``
and the incarnation.

>>> stamps = Stamps(device="k7m2p9q4", incarnation="x3f8")
>>> stamps.next(now_ms=1_000)
'0000000003e8-0000-k7m2p9q4x3f8'
>>> stamps.next(now_ms=900)
'0000000003e8-0001-k7m2p9q4x3f8'
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sync.errors import Problem, Refusal

__all__ = [
    "BASE32",
    "SERVER_PREFIX",
    "Stamps",
    "base32",
    "device_of",
    "is_device",
    "is_server",
    "is_stamp",
    "wall_of",
]

BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's alphabet in lower case: no ``i l o u``, so that codes can be read aloud."""

SERVER_PREFIX = "srv"
"""Device ids that begin so are a server's own, and are never given to a tablet."""

_COUNTER_MAX = 0xFFFF
_WALL_MAX = (1 << 48) - 1
_STAMP = re.compile(r"[0-9a-f]{12}-[0-9a-f]{4}-[0-9a-hjkmnp-tv-z]{12}").fullmatch
_DEVICE = re.compile(r"[0-9a-hjkmnp-tv-z]{8}").fullmatch


def is_stamp(text: object) -> bool:
    """Whether ``text`` has the form of a stamp."""
    return isinstance(text, str) and _STAMP(text) is not None


def is_device(text: object) -> bool:
    """Whether ``text`` has the form of a device id (8 base-32 characters)."""
    return isinstance(text, str) and _DEVICE(text) is not None


def device_of(stamp: str) -> str:
    """The 8-character id of the device that made a stamp.

    >>> device_of("0000000003e8-0000-k7m2p9q4x3f8")
    'k7m2p9q4'
    """
    return stamp[18:26]


def is_server(stamp: str) -> bool:
    """Whether a server made this stamp."""
    return stamp.startswith(SERVER_PREFIX, 18)


def wall_of(stamp: str) -> int:
    """The wall part in milliseconds since 1970, by the maker's own clock."""
    return int(stamp[:12], 16)


def base32(draw: Callable[[int], int], length: int) -> str:
    """``length`` base-32 characters; ``draw(n)`` gives a whole number from 0 to n - 1.

    >>> base32(lambda n: 10, 4)
    'aaaa'
    """
    return "".join(BASE32[draw(32)] for _ in range(length))


class Stamps:
    """The source of one replica's stamps. Not for two threads at once."""

    def __init__(self, *, device: str, incarnation: str, last: str | None = None) -> None:
        """``last``: the greatest stamp that this replica made before it was opened, if any."""
        fits = is_device(device) and re.fullmatch(r"[0-9a-hjkmnp-tv-z]{4}", incarnation)
        if not fits or not (last is None or is_stamp(last)):
            raise Refusal(Problem("bad_stamp"))
        self._suffix = f"{device}{incarnation}"
        self._wall = wall_of(last) if last else 0
        # A reopened replica has a new incarnation, so only the order is at stake:
        # it goes on after the last counter, whoever the wall part belonged to.
        self._counter = int(last[13:17], 16) if last else -1

    def next(self, *, now_ms: int) -> str:
        """A stamp greater than all before, for a clock that shows ``now_ms``."""
        if now_ms > self._wall:
            self._wall, self._counter = now_ms, 0
        elif self._counter < _COUNTER_MAX:
            self._counter += 1
        else:
            self._wall, self._counter = self._wall + 1, 0
        if self._wall > _WALL_MAX:
            raise Refusal(Problem("bad_stamp"))
        return f"{self._wall:012x}-{self._counter:04x}-{self._suffix}"
