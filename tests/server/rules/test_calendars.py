"""When a unit is at work: hours, weekends, holidays, make-up days."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rules.calendars import (
    ALWAYS,
    CALENDARS,
    HOLIDAYS,
    MAKE_UP_DAYS,
    OFFICE,
    Calendar,
    calendar_from,
)

ZONE = ZoneInfo("Asia/Shanghai")


def ms(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


def local(moment):
    return datetime.fromtimestamp(moment / 1000, ZONE).isoformat(timespec="minutes")[:16]


def test_spring_festival_is_closed_and_its_make_up_saturday_open():
    assert not OFFICE.is_working_day(date(2026, 2, 20))
    assert OFFICE.is_working_day(date(2026, 2, 28))
    assert not OFFICE.is_working_day(date(2026, 3, 7))


def test_holidays_and_make_up_days_never_meet():
    assert not HOLIDAYS & MAKE_UP_DAYS
    assert all(day.weekday() >= 5 for day in MAKE_UP_DAYS)


def test_next_open_waits_for_noon_to_pass_and_for_the_holiday_to_end():
    assert local(OFFICE.next_open(ms("2026-03-06T12:30"), ZONE)) == "2026-03-06T14:00"
    assert local(OFFICE.next_open(ms("2026-02-13T18:00"), ZONE)) == "2026-02-14T08:30"
    assert local(OFFICE.next_open(ms("2026-02-14T18:00"), ZONE)) == "2026-02-24T08:30"


def test_open_minutes_skip_noon_and_night():
    assert local(OFFICE.add_open(ms("2026-03-05T11:30"), 60, ZONE)) == "2026-03-05T14:30"
    assert local(OFFICE.add_open(ms("2026-03-05T17:00"), 60, ZONE)) == "2026-03-06T09:00"


def test_working_days_do_not_count_the_day_of_the_start():
    assert local(OFFICE.add_days(ms("2026-03-05T09:00"), 1, ZONE)) == "2026-03-06T17:30"
    assert local(OFFICE.add_days(ms("2026-03-06T09:00"), 2, ZONE)) == "2026-03-10T17:30"


def test_always_is_open_at_midnight_too():
    midnight = ms("2026-02-17T00:00")
    assert ALWAYS.next_open(midnight, ZONE) == midnight
    assert ALWAYS.add_open(midnight, 3 * 1440, ZONE) == midnight + 3 * 86_400_000


@given(
    moment=st.integers(ms("2025-01-01T00:00"), ms("2026-12-31T00:00")),
    name=st.sampled_from(sorted(CALENDARS)),
    minutes=st.integers(0, 5000),
)
def test_open_time_never_goes_back_and_adds_up(moment, name, minutes):
    calendar = CALENDARS[name]
    opening = calendar.next_open(moment, ZONE)
    assert opening >= moment
    assert calendar.next_open(opening, ZONE) == opening
    once = calendar.add_open(moment, minutes, ZONE)
    assert calendar.add_open(calendar.add_open(moment, 7, ZONE), minutes, ZONE) == (
        calendar.add_open(moment, minutes + 7, ZONE)
    )
    assert once >= moment + minutes * 60_000


@pytest.mark.parametrize("hours", [(), ((600, 500),), ((0, 700), (600, 800)), ((0, 1500),)])
def test_hours_that_overlap_or_leave_the_day_are_refused(hours):
    with pytest.raises(ValueError, match="must ascend"):
        Calendar("bad", hours=hours)


def test_a_calendar_that_never_opens_says_so():
    never = Calendar("never", hours=((0, 60),), weekend=frozenset(range(7)), make_up=frozenset())
    with pytest.raises(ValueError, match="no open moment"):
        never.next_open(ms("2026-03-05T09:00"), ZONE)
    with pytest.raises(ValueError, match="no working day"):
        never.add_days(ms("2026-03-05T09:00"), 1, ZONE)


def test_configuration_makes_a_calendar():
    desk = calendar_from(
        "desk",
        {"hours": ["09:00-12:00", "18:00-24:00"], "weekend": [], "holidays": ["2026-03-05"]},
    )
    assert not desk.is_working_day(date(2026, 3, 5))
    assert local(desk.add_open(ms("2026-03-06T11:00"), 120, ZONE)) == "2026-03-06T19:00"
    with pytest.raises(ValueError, match="unknown settings"):
        calendar_from("desk", {"hour": []})
