"""A case: one need of a resident, with the ten moments of its way.

The ten timestamps are the simulator's main output: from the moment a need
arises, which nobody records in life, to the moment its result is delivered.
Waits start at the arrival, so that an overloaded system cannot hide the queue
before its own door.

Invariants
    * Timestamps never decrease in the order of ``MOMENTS``; a missing one means
      that the case has not come so far.
    * After a return or a reopening the moments from ``classified`` on are those
      of the last pass; what the passes before it took is ``rework``.

Moments are hours since the start of the run.

>>> [stage for stage, _, _ in STAGES][:3]
['reporting', 'uploading', 'classifying']
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulator.world import Desk, Origin

__all__ = ["MEASURES", "MOMENTS", "STAGES", "Case", "stage_times"]

MOMENTS: Final = (
    "arisen",
    "reported",
    "received",
    "classified",
    "dispatched",
    "learned",
    "accepted",
    "arrived",
    "resolved",
    "delivered",
)

#: Stages: name, the moment that begins it, the moment that ends it. They follow
#: one another; with ``rework`` they add up to the whole.
STAGES: Final = (
    ("reporting", "arisen", "reported"),
    ("uploading", "reported", "received"),
    ("classifying", "received", "classified"),
    ("dispatching", "classified", "dispatched"),
    ("learning", "dispatched", "learned"),
    ("queueing", "learned", "accepted"),
    ("travelling", "accepted", "arrived"),
    ("handling", "arrived", "resolved"),
    ("delivering", "resolved", "delivered"),
)

#: Everything that is timed: the stages, what was lost to earlier passes, and two
#: spans from the arrival: until somebody first begins (a desk that only reads and
#: returns the order has not begun), and until the result is there for good.
MEASURES: Final = (*(name for name, _, _ in STAGES), "rework", "waiting", "total")


@dataclass(slots=True, eq=False)
class Case:
    """One case under way. ``number`` counts within its origin, ``index`` over all."""

    index: int
    number: int
    origin: "Origin"
    level: int
    order_class: int
    arisen: float
    kind: str = ""
    business: str | None = None
    grid: int = 0
    reported: float | None = None
    received: float | None = None
    classified: float | None = None
    dispatched: float | None = None
    learned: float | None = None
    accepted: float | None = None
    arrived: float | None = None
    resolved: float | None = None
    delivered: float | None = None
    first_dispatched: float | None = None
    begun: float | None = None
    due: float | None = None
    rework: float = 0.0
    passes: int = 0
    returns: int = 0
    reopened: int = 0
    desk: "Desk | None" = None
    tried: frozenset[str] = field(default_factory=frozenset)

    def __lt__(self, other: "Case") -> bool:
        """Order by arrival, so that a heap of equal keys is first come, first served."""
        return self.index < other.index

    def begin_pass(self, now: float) -> None:
        """Send the case round again: what was done so far becomes rework."""
        assert self.received is not None
        self.rework = now - self.received
        self.passes += 1
        self.classified = self.dispatched = self.learned = self.accepted = None
        self.arrived = self.resolved = self.delivered = None


def stage_times(case: Case, now: float) -> Iterator[tuple[str, float, bool]]:
    """Yield (measure, hours, finished) of a case; an unfinished one counts until ``now``.

    A stage not yet begun yields nothing.
    """
    for name, begin, end in STAGES:
        since: float | None = getattr(case, begin)
        if since is None:
            break
        if begin == "received":
            since += case.rework
        until: float | None = getattr(case, end)
        yield name, (now if until is None else until) - since, until is not None
    if case.received is not None:
        yield "rework", case.rework, True
    begun, delivered = case.begun, case.delivered
    yield "waiting", (now if begun is None else begun) - case.arisen, begun is not None
    yield "total", (now if delivered is None else delivered) - case.arisen, delivered is not None
