"""Shifts: working time on the simulation's axis.

The rules count working time on a calendar, in milliseconds of a zone; the
simulator lives in hours since its start and asks for every piece of work. So
the open spans of a calendar are laid out once over the horizon, with the open
hours before each, and a question costs two searches.

Invariants
    * ``span(at, work)`` is at least ``work``, and work done in two pieces ends
      when it would in one.

>>> round_the_clock = Shift.always()
>>> round_the_clock.span(12.5, 3.0)
3.0
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime

from server.rules.calendars import Calendar

__all__ = ["HOUR_MS", "Shift"]

HOUR_MS = 3_600_000


class Shift:
    """The open spans of one calendar, in hours since the start of a run."""

    def __init__(self, spans: Sequence[tuple[float, float]] | None) -> None:
        """Take ascending, disjoint spans, or None for a shift that never ends."""
        self.always_open = spans is None
        self.spans = list(spans or ())
        self._starts = [start for start, _ in self.spans]
        self._before = [0.0]
        for start, end in self.spans:
            self._before.append(self._before[-1] + end - start)

    @classmethod
    def always(cls) -> "Shift":
        """Return the shift of those who never sleep (and of textbook queues)."""
        return cls(None)

    @classmethod
    def of(cls, calendar: Calendar, start: datetime, hours: float) -> "Shift":
        """Lay a calendar out from a moment (with its zone) over some hours and a month.

        The month more lets work that begins near the end still have an end.
        """
        zone = start.tzinfo
        if zone is None:
            raise ValueError("the start of a scenario needs a zone")
        start_ms = round(start.timestamp() * 1000)
        spans: list[tuple[float, float]] = []
        for open_ms, close_ms in calendar.spans(start_ms, zone):
            begin = max(0.0, (open_ms - start_ms) / HOUR_MS)
            if begin > hours + 24 * 31:
                break
            spans.append((begin, (close_ms - start_ms) / HOUR_MS))
        return cls(spans)

    def is_open(self, at: float) -> bool:
        """Say whether a moment is within a span (its end excluded)."""
        if self.always_open:
            return True
        place = bisect_right(self._starts, at) - 1
        return place >= 0 and at < self.spans[place][1]

    def next_open(self, at: float) -> float:
        """Return the moment itself when open, else the next opening."""
        if self.always_open or self.is_open(at):
            return at
        place = bisect_right(self._starts, at)
        return self._starts[place] if place < len(self._starts) else float("inf")

    def worked(self, at: float) -> float:
        """Return the open hours from the start until a moment."""
        if self.always_open:
            return at
        place = bisect_right(self._starts, at) - 1
        if place < 0:
            return 0.0
        start, end = self.spans[place]
        return self._before[place] + min(at, end) - start

    def span(self, at: float, work: float) -> float:
        """Return how long some hours of work take from a moment, nights included."""
        if self.always_open or work <= 0:
            return max(work, 0.0)
        done = self.worked(at) + work
        place = bisect_right(self._before, done) - 1
        if place > 0 and self._before[place] == done:
            place -= 1
        if place >= len(self.spans):
            return float("inf")
        # Never shorter than the work itself, whatever rounding says.
        return max(self.spans[place][0] + done - self._before[place] - at, work)
