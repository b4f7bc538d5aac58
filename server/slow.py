"""Slow peers: a request that mostly waits must not hold one of the few threads that answer.

A server has two threads a process, for more of them double the cost of an exchange. A photo
over a stairwell's network takes minutes, an event stream takes all day, and four of either
would leave nobody to take a tablet's work. So a request that is going to wait says so: the
worker then lets another thread take its turn, and has one less when this one is done.

Invariants
    * At most ``MOST[kind]`` requests of a kind wait so in one process; who comes then
      is refused (``busy``, 503) at once, and costs nothing.
    * Outside of our worker (in tests, under another server) only the limit holds.

>>> with aside("transfer") as waits:
...     waits.ending
False
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, Protocol

from sync.errors import Problem, Refusal

__all__ = ["MOST", "Turns", "aside", "has_room", "slowly", "take_part"]

Kind = Literal["transfer", "stream"]

MOST: Mapping[Kind, int] = {"transfer": 24, "stream": 48}
"""Kind of waiting → how many at once, in one process."""


class Turns(Protocol):
    """A worker whose threads take turns."""

    @property
    def ending(self) -> bool:
        """Whether the worker is about to stop."""
        ...

    def step_aside(self) -> None:
        """Let another thread take this one's turn."""
        ...

    def step_back(self) -> None:
        """This thread takes turns again."""
        ...


class _Alone:
    """No worker of ours: nothing to hand over."""

    ending = False

    def step_aside(self) -> None:
        pass

    def step_back(self) -> None:
        pass


_ALONE = _Alone()
_thread = threading.local()
_lock = threading.Lock()
_waiting: dict[str, int] = dict.fromkeys(MOST, 0)


def take_part(turns: Turns) -> None:
    """Say whose turns this thread takes. A worker calls it in each of its threads."""
    _thread.turns = turns


def has_room(kind: Kind) -> bool:
    """Whether one more of a kind may wait now. Another may take the place before it is used."""
    with _lock:
        return _waiting[kind] < MOST[kind]


@contextmanager
def aside(kind: Kind) -> Iterator[Turns]:
    """Wait for a slow peer inside of the ``with`` block. Raises ``busy`` if too many do."""
    turns: Turns = getattr(_thread, "turns", _ALONE)
    with _lock:
        if _waiting[kind] >= MOST[kind]:
            raise Refusal(Problem("busy"))
        _waiting[kind] += 1
    try:
        turns.step_aside()
        try:
            yield turns
        finally:
            turns.step_back()
    finally:
        with _lock:
            _waiting[kind] -= 1


def slowly(parts: Iterable[bytes]) -> Iterator[bytes]:
    """A body whose reader may be slow: it is sent aside.

    Where too many wait already it is sent in turn, for its head is out.
    """
    try:
        with aside("transfer"):
            yield from parts
    except Refusal:
        yield from parts
