"""Deadlines: by when an order must be acknowledged, visited and done.

The times of an appeal and of a whistle are promises to residents, and they run
on different clocks: an emergency runs on wall time, an answer to a consultation
on the working days of the unit that owes it. All of them are counted from a
*corrected* moment that the caller passes, so that a tablet's wrong clock moves
no deadline.

Invariants
    * acknowledge ≤ contact ≤ report ≤ done, for every row and any start.
    * The table's values are assumptions: defaults that configuration replaces.

>>> from zoneinfo import ZoneInfo
>>> from server.rules.calendars import OFFICE
>>> from datetime import datetime
>>> zone = ZoneInfo("Asia/Shanghai")
>>> friday = datetime(2026, 3, 6, 17, 0, tzinfo=zone)
>>> when = due("consultation", "ordinary", round(friday.timestamp() * 1000), OFFICE, zone)
>>> datetime.fromtimestamp(when.acknowledge / 1000, zone).isoformat(timespec="minutes")
'2026-03-09T10:00+08:00'
>>> datetime.fromtimestamp(when.done / 1000, zone).isoformat(timespec="minutes")
'2026-03-10T17:30+08:00'
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from types import MappingProxyType
from typing import Any, Final

from server.rules.calendars import MINUTE_MS, Calendar

__all__ = ["DEADLINES", "Deadlines", "Due", "Span", "deadlines_from", "due", "row_for"]

#: How a span is counted. ``clock``: minutes by the wall clock. ``open``: minutes
#: of working time. ``rolled``: minutes by the wall clock, and then on to the next
#: open moment. ``days``: working days, ending at closing time.
COUNTINGS: Final = ("clock", "open", "rolled", "days")


@dataclass(frozen=True)
class Span:
    """An amount of time, and how it is counted (one of ``COUNTINGS``)."""

    amount: int
    counting: str

    def __post_init__(self) -> None:
        """Refuse an unknown way of counting, and less than nothing."""
        if self.counting not in COUNTINGS or self.amount < 0:
            raise ValueError(f"not a span: {self.amount} {self.counting}")

    def after(self, started_ms: int, calendar: Calendar, zone: tzinfo) -> int:
        """Return the moment at which the span ends."""
        if self.counting == "days":
            return calendar.add_days(started_ms, self.amount, zone)
        if self.counting == "open":
            return calendar.add_open(started_ms, self.amount, zone)
        end_ms = started_ms + self.amount * MINUTE_MS
        return calendar.next_open(end_ms, zone) if self.counting == "rolled" else end_ms


@dataclass(frozen=True)
class Deadlines:
    """One row of the table. ``report``: an interim report; ``extension``: of ``done``."""

    acknowledge: Span
    contact: Span
    done: Span
    report: Span | None = None
    extension: Span | None = None


@dataclass(frozen=True)
class Due:
    """The moments of one order, in milliseconds since 1970."""

    acknowledge: int
    contact: int
    done: int
    report: int | None = None


def _appeal(days: int) -> Deadlines:
    return Deadlines(Span(120, "open"), Span(1440, "rolled"), Span(days, "days"))


#: Rows by class of whistle (or of an appeal that was given such a class), and
#: by kind for ordinary appeals.
DEADLINES: Final[Mapping[str, Deadlines]] = MappingProxyType(
    {
        "emergency": Deadlines(Span(15, "clock"), Span(30, "clock"), Span(120, "clock")),
        "quick": Deadlines(Span(60, "open"), Span(1440, "rolled"), Span(3, "days")),
        "hard": Deadlines(
            Span(1, "days"),
            Span(3, "days"),
            Span(15, "days"),
            report=Span(5, "days"),
            extension=Span(15, "days"),
        ),
        "consultation": _appeal(2),
        "request": _appeal(5),
        "suggestion": _appeal(5),
        "report": _appeal(10),
        "complaint": _appeal(10),
        # A whistle that nobody has classed yet is treated as a quick one.
        "whistle": Deadlines(Span(60, "open"), Span(1440, "rolled"), Span(3, "days")),
    }
)


def row_for(kind: str, order_class: str, table: Mapping[str, Deadlines] = DEADLINES) -> Deadlines:
    """Return an order's row: by class, or by kind when the class is ordinary."""
    return table[kind if order_class == "ordinary" else order_class]


def due(
    kind: str,
    order_class: str,
    started_ms: int,
    calendar: Calendar,
    zone: tzinfo,
    *,
    table: Mapping[str, Deadlines] = DEADLINES,
) -> Due:
    """Return an order's deadlines, counted from its first dispatch.

    Raises KeyError for a kind or class that the table does not know. A deadline
    that closed days would put before an earlier duty's is moved on to that one:
    from Friday at 17:00, "contact within 24 hours" is Monday at opening, but
    "acknowledge within 2 working hours" is Monday at 10:00.
    """
    row = row_for(kind, order_class, table)
    acknowledge = row.acknowledge.after(started_ms, calendar, zone)
    contact = max(acknowledge, row.contact.after(started_ms, calendar, zone))
    report = None
    if row.report is not None:
        report = max(contact, row.report.after(started_ms, calendar, zone))
    done = max(report or contact, row.done.after(started_ms, calendar, zone))
    return Due(acknowledge, contact, done, report)


def deadlines_from(
    mapping: Mapping[str, Mapping[str, Any]], base: Mapping[str, Deadlines] = DEADLINES
) -> Mapping[str, Deadlines]:
    """Return a table with rows replaced by configuration.

    A span is a table ``{amount = 3, counting = "days"}``. Raises ValueError for
    rows, columns or countings that do not exist.

    >>> table = deadlines_from({"hard": {"done": {"amount": 20, "counting": "days"}}})
    >>> table["hard"].done, table["hard"].contact
    (Span(amount=20, counting='days'), Span(amount=3, counting='days'))
    """
    table = dict(base)
    for name, columns in mapping.items():
        if name not in table:
            raise ValueError(f"deadlines: no row {name!r}")
        try:
            changes: dict[str, Any] = {key: Span(**value) for key, value in columns.items()}
            table[name] = replace(table[name], **changes)
        except TypeError as error:
            raise ValueError(f"deadlines of {name!r}: {error}") from error
    return MappingProxyType(table)
