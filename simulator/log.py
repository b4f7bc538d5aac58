"""Logs: what a run keeps of its cases.

A week has hundreds of cases, and all their moments are wanted; a validation has
millions, and only how long they waited. So there are two logs for one engine.

Invariants
    * ``WaitLog`` knows waits in the order of arrival, whatever the order of finishing.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.case import Case

__all__ = ["CaseLog", "WaitLog"]

_BUFFER: Final = 8192


class CaseLog:
    """Keeps every finished case."""

    def __init__(self) -> None:
        """Begin empty."""
        self.finished: list[Case] = []

    def finish(self, case: Case) -> None:
        """Keep a case."""
        self.finished.append(case)


class WaitLog:
    """Keeps, by order of arrival, each case's wait and class, and drops the case."""

    def __init__(self) -> None:
        """Begin empty."""
        self._waits = np.full(_BUFFER, np.nan)
        self._classes = np.zeros(_BUFFER, dtype=np.int8)
        self._buffer: list[Case] = []
        self._complete = 0

    def finish(self, case: Case) -> None:
        """Note a case's wait; in bulk, because there are millions."""
        self._buffer.append(case)
        if len(self._buffer) == _BUFFER:
            self._flush()

    def complete(self) -> int:
        """Return how many cases from the first on are known without a hole."""
        self._flush()
        holes = np.isnan(self._waits[self._complete :])
        self._complete += int(holes.argmax()) if holes.any() else len(holes)
        return self._complete

    def waits(self, start: int, stop: int) -> NDArray[np.float64]:
        """Return the waits of a run of cases."""
        return self._waits[start:stop]

    def classes(self, start: int, stop: int) -> NDArray[np.int8]:
        """Return the classes of a run of cases, as numbers."""
        return self._classes[start:stop]

    def _flush(self) -> None:
        cases = self._buffer
        if not cases:
            return
        places = np.array([case.index for case in cases])
        while places.max() >= len(self._waits):
            size = len(self._waits)
            self._waits = np.concatenate([self._waits, np.full(size, np.nan)])
            self._classes = np.concatenate([self._classes, np.zeros(size, dtype=np.int8)])
        begun = np.array([case.begun for case in cases], dtype=np.float64)
        self._waits[places] = begun - np.array([case.arisen for case in cases])
        self._classes[places] = [case.order_class for case in cases]
        cases.clear()
