"""Mutants: known bugs, planted one at a time, to show that the checks can fail.

A check that never fails may be no check. So each safeguard of the engine has a mutant here
that takes it away, in the process of the explorer and for as long as a run lasts, and a
campaign must find it. One that survives means that a promise is not kept by anything that
we could see.

A mutant is a name, what it breaks, the promise that should notice, and a function that
replaces something and gives what undoes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from simulator.exploration.beginning import beginning
from simulator.exploration.mutants import clocks as mutants_clocks
from simulator.exploration.mutants import device as mutants_device
from simulator.exploration.mutants import doors as mutants_doors
from simulator.exploration.mutants import hostile as mutants_hostile
from simulator.exploration.mutants import photos as mutants_photos
from simulator.exploration.mutants import server as mutants_server
from simulator.exploration.mutants import told as mutants_told
from simulator.exploration.mutants.planting import Plant

__all__ = ["MUTANTS", "Mutant", "planted"]


class Mutant(NamedTuple):
    """A planted bug. ``promises``: those that should notice it."""

    zh: str
    en: str
    promises: tuple[int, ...]
    plant: Plant


MUTANTS: Mapping[str, Mutant] = {
    name: Mutant(zh, en, promises, plant)
    for name, zh, en, promises, plant in (
        *mutants_server.TABLE,
        *mutants_device.TABLE,
        *mutants_doors.TABLE,
        *mutants_hostile.TABLE,
        *mutants_photos.TABLE,
        *mutants_told.TABLE,
        *mutants_clocks.TABLE,
    )
}
"""Name → mutant."""


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """Plant a bug for the ``with`` block; None plants nothing.

    What every run begins with is made before: a bug is in what happens, and not in that.
    """
    with ExitStack() as stack:
        if name is not None:
            beginning()
            MUTANTS[name].plant(stack)
        yield
