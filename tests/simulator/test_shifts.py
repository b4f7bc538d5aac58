"""Working time on the simulation's axis agrees with the rules' calendars."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rules.calendars import CALENDARS, OFFICE
from simulator.shifts import HOUR_MS, Shift

START = datetime(2026, 2, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
START_MS = round(START.timestamp() * 1000)
HOURS = 24 * 40
SHIFTS = {name: Shift.of(calendar, START, HOURS) for name, calendar in CALENDARS.items()}


@given(
    name=st.sampled_from(sorted(CALENDARS)),
    at=st.integers(0, HOURS * 60),
    work=st.integers(1, 3000),
)
def test_a_span_ends_when_the_calendar_says(name, at, work):
    """Minutes, because that is what a calendar counts in."""
    ends = at / 60 + SHIFTS[name].span(at / 60, work / 60)
    moment = CALENDARS[name].add_open(START_MS + at * 60_000, work, START.tzinfo)
    assert ends == pytest.approx((moment - START_MS) / HOUR_MS, abs=1e-6)


@given(name=st.sampled_from(sorted(CALENDARS)), at=st.integers(0, HOURS * 60))
def test_openings_agree_with_the_calendar(name, at):
    opening = SHIFTS[name].next_open(at / 60)
    moment = CALENDARS[name].next_open(START_MS + at * 60_000, START.tzinfo)
    assert opening == pytest.approx((moment - START_MS) / HOUR_MS, abs=1e-9)
    assert SHIFTS[name].is_open(at / 60) == (opening == at / 60)


@given(
    at=st.floats(0, 500),
    first=st.floats(0.01, 30),
    second=st.floats(0.01, 30),
)
def test_work_in_two_pieces_ends_when_it_would_in_one(at, first, second):
    shift = SHIFTS["department"]
    pause = at + shift.span(at, first)
    assert pause + shift.span(pause, second) == pytest.approx(
        at + shift.span(at, first + second), abs=1e-6
    )
    assert shift.span(at, first) >= first


def test_open_hours_are_counted_from_the_start():
    shift = Shift([(8.0, 12.0), (14.0, 18.0)])
    assert [shift.worked(at) for at in (0, 9, 13, 15, 20)] == [0, 1, 4, 5, 8]
    assert Shift.always().worked(5.0) == 5.0


def test_after_the_last_span_nothing_ends():
    shift = Shift([(8.0, 12.0)])
    assert shift.span(9.0, 3.0) == 3.0
    assert shift.span(9.0, 4.0) == float("inf")
    assert shift.next_open(13.0) == float("inf")
    assert shift.span(9.0, 0.0) == 0.0


def test_a_start_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        Shift.of(OFFICE, datetime(2026, 3, 2, tzinfo=UTC).replace(tzinfo=None), 24)
