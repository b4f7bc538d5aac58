"""Working calendars: when a unit is at work.

A deadline of "three working days" depends on who must keep it: offices close
at noon, on weekends and on public holidays, and work on some Sundays to make
up for them; a property company's desk does not. The national holidays change
every year by decree, so they are data.

Invariants
    * All times in and out are milliseconds since 1970; days and hours are
      those of the zone that the caller passes.
    * ``next_open`` never goes back, and gives an open moment unchanged.

This module never reads a clock.

>>> from zoneinfo import ZoneInfo
>>> zone = ZoneInfo("Asia/Shanghai")
>>> OFFICE.is_working_day(date(2026, 2, 16)), OFFICE.is_working_day(date(2026, 2, 28))
(False, True)
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, Final

__all__ = [
    "ALWAYS",
    "CALENDARS",
    "HOLIDAYS",
    "MAKE_UP_DAYS",
    "OFFICE",
    "Calendar",
    "calendar_from",
]

MINUTE_MS: Final = 60_000
_DAY_MINUTES: Final = 24 * 60
#: A calendar with no open moment in so many days is a mistake in its data.
_SEARCH_DAYS: Final = 400


def _days(*spans: tuple[str, str]) -> frozenset[date]:
    """Return all days of spans, ends included."""
    return frozenset(
        date.fromordinal(number)
        for first, last in spans
        for number in range(
            date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal() + 1
        )
    )


#: Public holidays, and the weekend days worked to make up for them, by the
#: State Council's yearly notices (that for 2026 is of 4 November 2025).
HOLIDAYS: Final = _days(
    ("2025-01-01", "2025-01-01"),
    ("2025-01-28", "2025-02-04"),
    ("2025-04-04", "2025-04-06"),
    ("2025-05-01", "2025-05-05"),
    ("2025-05-31", "2025-06-02"),
    ("2025-10-01", "2025-10-08"),
    ("2026-01-01", "2026-01-03"),
    ("2026-02-15", "2026-02-23"),
    ("2026-04-04", "2026-04-06"),
    ("2026-05-01", "2026-05-05"),
    ("2026-06-19", "2026-06-21"),
    ("2026-09-25", "2026-09-27"),
    ("2026-10-01", "2026-10-07"),
)
MAKE_UP_DAYS: Final = frozenset(
    date.fromisoformat(day)
    for day in (
        "2025-01-26",
        "2025-02-08",
        "2025-04-27",
        "2025-09-28",
        "2025-10-11",
        "2026-01-04",
        "2026-02-14",
        "2026-02-28",
        "2026-05-09",
        "2026-09-20",
        "2026-10-10",
    )
)


@dataclass(frozen=True)
class Calendar:
    """Opening hours, in minutes of the day, and the days that differ.

    ``hours`` are disjoint, ascending (start, end) pairs. ``weekend`` holds
    weekdays (Monday is 0) without work.
    """

    name: str
    hours: tuple[tuple[int, int], ...]
    weekend: frozenset[int] = frozenset({5, 6})
    holidays: frozenset[date] = field(default=HOLIDAYS, repr=False)
    make_up: frozenset[date] = field(default=MAKE_UP_DAYS, repr=False)

    def __post_init__(self) -> None:
        """Refuse hours that overlap or leave the day."""
        edges = [edge for span in self.hours for edge in span]
        ascending = all(a < b for a, b in self.hours) and edges == sorted(edges)
        if not edges or not ascending or edges[0] < 0 or edges[-1] > _DAY_MINUTES:
            raise ValueError(f"calendar {self.name!r}: hours must ascend within a day")

    def is_working_day(self, day: date) -> bool:
        """Say whether the unit works on a day at all."""
        if day in self.make_up:
            return True
        return day not in self.holidays and day.weekday() not in self.weekend

    def spans(self, since_ms: int, zone: tzinfo) -> Iterator[tuple[int, int]]:
        """Yield open spans (from, until) that end after a moment, in order."""
        day = datetime.fromtimestamp(since_ms / 1000, zone).date()
        idle_days = 0
        while idle_days <= _SEARCH_DAYS:
            idle_days += 1
            if self.is_working_day(day):
                idle_days = 0
                for start, end in self.hours:
                    end_ms = _moment_ms(day, end, zone)
                    if end_ms > since_ms:
                        yield _moment_ms(day, start, zone), end_ms
            day += timedelta(days=1)
        raise ValueError(f"calendar {self.name!r}: no open moment in {_SEARCH_DAYS} days")

    def next_open(self, moment_ms: int, zone: tzinfo) -> int:
        """Return the moment itself when open, else the next opening."""
        start, _ = next(self.spans(moment_ms, zone))
        return max(start, moment_ms)

    def add_open(self, moment_ms: int, minutes: int, zone: tzinfo) -> int:
        """Return when so many open minutes have passed."""
        left = minutes * MINUTE_MS
        for start, end in self.spans(moment_ms, zone):
            begin = max(start, moment_ms)
            if left <= end - begin:
                return begin + left
            left -= end - begin
        raise AssertionError("spans never ends without an error")

    def add_days(self, moment_ms: int, days: int, zone: tzinfo) -> int:
        """Return the close of the n-th working day after the moment's own day.

        The day on which a term starts is not counted (Civil Procedure Law of
        the PRC, article 85), so a term of one day ends tomorrow at closing.
        """
        day = datetime.fromtimestamp(moment_ms / 1000, zone).date()
        for _ in range(days):
            day = self._working_day_after(day)
        return _moment_ms(day, self.hours[-1][1], zone)

    def _working_day_after(self, day: date) -> date:
        for _ in range(_SEARCH_DAYS):
            day += timedelta(days=1)
            if self.is_working_day(day):
                return day
        raise ValueError(f"calendar {self.name!r}: no working day in {_SEARCH_DAYS} days")


def _moment_ms(day: date, minute: int, zone: tzinfo) -> int:
    """Return a minute of a local day in milliseconds (minute 1440 is midnight after)."""
    extra, minute = divmod(minute, _DAY_MINUTES)
    local = datetime.combine(day + timedelta(days=extra), time(minute // 60, minute % 60), zone)
    return round(local.timestamp() * 1000)


OFFICE: Final = Calendar("office", hours=((510, 720), (840, 1050)))
ALWAYS: Final = Calendar(
    "always",
    hours=((0, _DAY_MINUTES),),
    weekend=frozenset(),
    holidays=frozenset(),
    make_up=frozenset(),
)

#: The calendar of each kind of unit (assumptions: defaults of configuration).
#: Grid workers are about from 08:30 to 17:30 and on some evenings; members
#: who volunteer come when their own work is over, and on weekends.
CALENDARS: Final[Mapping[str, Calendar]] = MappingProxyType(
    {
        "centre": Calendar("centre", hours=((480, 1200),), weekend=frozenset()),
        "department": OFFICE,
        "grid": Calendar("grid", hours=((510, 720), (780, 1050), (1140, 1200))),
        "property": Calendar(
            "property", hours=((480, 1200),), weekend=frozenset(), holidays=frozenset()
        ),
        "party": Calendar(
            "party", hours=((1080, 1260),), weekend=frozenset(), holidays=frozenset()
        ),
        "other": OFFICE,
    }
)


def calendar_from(name: str, mapping: Mapping[str, Any]) -> Calendar:
    """Make a calendar from configuration.

    ``hours`` holds texts such as "08:30-12:00"; ``weekend`` numbers of weekdays;
    ``holidays`` and ``make_up`` dates, by default the national ones. Raises
    ValueError for anything else.

    >>> calendar_from("desk", {"hours": ["09:00-12:00"], "weekend": [6]}).hours
    ((540, 720),)
    """
    unknown = set(mapping) - {"hours", "weekend", "holidays", "make_up"}
    if unknown:
        raise ValueError(f"calendar {name!r}: unknown settings {sorted(unknown)}")
    spans = []
    for text in mapping.get("hours", ()):
        start, _, end = str(text).partition("-")
        spans.append((_minute(start), _minute(end)))
    return Calendar(
        name,
        hours=tuple(spans),
        weekend=frozenset(mapping.get("weekend", (5, 6))),
        holidays=_dates(mapping.get("holidays"), HOLIDAYS),
        make_up=_dates(mapping.get("make_up"), MAKE_UP_DAYS),
    )


def _dates(values: Iterable[Any] | None, default: frozenset[date]) -> frozenset[date]:
    if values is None:
        return default
    return frozenset(v if isinstance(v, date) else date.fromisoformat(v) for v in values)


def _minute(text: str) -> int:
    hour, _, minute = text.strip().partition(":")
    return int(hour) * 60 + int(minute)
