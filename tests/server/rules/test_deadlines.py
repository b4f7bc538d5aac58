"""By when an order is due, on whose clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rules.calendars import CALENDARS, OFFICE
from server.rules.deadlines import DEADLINES, Deadlines, Span, deadlines_from, due, row_for

ZONE = ZoneInfo("Asia/Shanghai")
CLASSES = ("ordinary", "quick", "hard", "emergency")
KINDS = ("consultation", "request", "suggestion", "report", "complaint", "whistle")


def ms(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


def local(moment):
    return datetime.fromtimestamp(moment / 1000, ZONE).isoformat(timespec="minutes")[:16]


def test_an_emergency_runs_on_wall_time_at_night_and_on_holidays():
    when = due("whistle", "emergency", ms("2026-02-17T02:00"), OFFICE, ZONE)
    assert [local(m) for m in (when.acknowledge, when.contact, when.done)] == [
        "2026-02-17T02:15",
        "2026-02-17T02:30",
        "2026-02-17T04:00",
    ]


@pytest.mark.parametrize(
    ("kind", "done"),
    [
        ("consultation", "2026-03-06T17:30"),
        ("request", "2026-03-11T17:30"),
        ("suggestion", "2026-03-11T17:30"),
        ("report", "2026-03-18T17:30"),
        ("complaint", "2026-03-18T17:30"),
    ],
)
def test_ordinary_appeals_are_due_by_kind_in_working_days(kind, done):
    when = due(kind, "ordinary", ms("2026-03-04T10:00"), OFFICE, ZONE)
    assert local(when.done) == done
    assert local(when.acknowledge) == "2026-03-04T12:00"
    assert local(when.contact) == "2026-03-05T10:00"


def test_a_hard_whistle_reports_on_the_fifth_day_and_can_be_extended_once():
    when = due("whistle", "hard", ms("2026-03-04T10:00"), OFFICE, ZONE)
    assert local(when.report) == "2026-03-11T17:30"
    assert local(when.done) == "2026-03-25T17:30"
    assert row_for("whistle", "hard").extension == Span(15, "days")


def test_a_class_outranks_the_kind():
    assert row_for("complaint", "quick") is DEADLINES["quick"]
    assert row_for("complaint", "ordinary") is DEADLINES["complaint"]


def test_every_kind_and_class_has_a_row():
    for kind in KINDS:
        for order_class in CLASSES:
            assert isinstance(row_for(kind, order_class), Deadlines)


@given(
    kind=st.sampled_from(KINDS),
    order_class=st.sampled_from(CLASSES),
    calendar=st.sampled_from(sorted(CALENDARS)),
    moment=st.integers(ms("2025-01-01T00:00"), ms("2026-11-01T00:00")),
)
def test_deadlines_ascend_and_come_after_the_start(kind, order_class, calendar, moment):
    when = due(kind, order_class, moment, CALENDARS[calendar], ZONE)
    moments = [moment, when.acknowledge, when.contact, when.report or when.contact, when.done]
    assert moments == sorted(moments)


def test_configuration_replaces_single_spans_and_nothing_else():
    table = deadlines_from({"quick": {"acknowledge": {"amount": 30, "counting": "open"}}})
    assert table["quick"].acknowledge == Span(30, "open")
    assert table["quick"].done == DEADLINES["quick"].done
    assert table["hard"] is DEADLINES["hard"]


@pytest.mark.parametrize(
    "mapping",
    [
        {"rapid": {}},
        {"quick": {"finished": {"amount": 1, "counting": "days"}}},
        {"quick": {"done": {"amount": 1, "counting": "weeks"}}},
        {"quick": {"done": {"amount": -1, "counting": "days"}}},
        {"quick": {"done": {"days": 3}}},
    ],
)
def test_configuration_that_says_nothing_known_is_refused(mapping):
    with pytest.raises(ValueError, match=r"deadlines|not a span"):
        deadlines_from(mapping)
