"""Needs arise by hour, weekday, season and weather."""

from dataclasses import replace
from datetime import datetime
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from simulator.arrivals import arrival_moments, gap_stream, peak_rate, rate_of
from simulator.distributions import Exponential
from simulator.keyed import Keyed
from simulator.scenario import Arrivals, Profile, Surge

START = datetime(2026, 3, 2, tzinfo=ZoneInfo("Asia/Shanghai"))  # a Monday
STEADY = Arrivals("needs", 5.0, kinds={"request": 1}, classes={"quick": 1})
HOURS = tuple(1.0 if 8 <= hour < 18 else 0.2 for hour in range(24))
DAILY = replace(STEADY, profile=Profile(hours=HOURS, weekdays=(2, 1, 1, 1, 1, 0.5, 0.5)))


def until(hours, arrivals, keyed):
    return list(takewhile(lambda at: at < hours, arrival_moments(arrivals, keyed, START)))


def test_a_flat_profile_keeps_every_candidate_of_the_gap_stream():
    moments = list(islice(arrival_moments(STEADY, Keyed(2), START), 3000))
    gaps = Keyed(2).draws(gap_stream(STEADY), Exponential(0.2)).first(3000)
    assert moments == pytest.approx(np.cumsum(gaps))


def test_weights_move_needs_about_and_make_none():
    weeks = 50
    moments = np.array(until(weeks * 168, DAILY, Keyed(2)))
    assert len(moments) == pytest.approx(5.0 * 168 * weeks, rel=0.015)
    days = np.bincount((moments % 168 // 24).astype(int))
    assert days[0] / days[1] == pytest.approx(2, rel=0.1)
    hours = np.bincount((moments % 24).astype(int))
    assert hours[10] / hours[3] == pytest.approx(5, rel=0.15)


def test_counts_follow_the_rate_like_a_poisson_process():
    counts = [len(until(24, DAILY, Keyed(9, replication))) for replication in range(200)]
    expected = sum(rate_of(DAILY, START)(hour + 0.5) for hour in range(24))
    assert np.mean(counts) == pytest.approx(expected, rel=0.03)
    assert np.var(counts) == pytest.approx(expected, rel=0.35)


def test_the_rate_never_exceeds_its_peak():
    surged = replace(DAILY, surges=(Surge(30.0, 40.0, 3.0), Surge(35.0, 36.0, 0.5)))
    rate = rate_of(surged, START)
    rates = [rate(at / 4) for at in range(4 * 400)]
    assert max(rates) <= peak_rate(surged) * (1 + 1e-12)
    assert rate(34.0) == pytest.approx(3 * rate_of(DAILY, START)(34.0))


def test_a_season_is_told_by_the_local_month():
    months = tuple(2.0 if month == 6 else 1.0 for month in range(1, 13))
    rate = rate_of(replace(STEADY, profile=Profile(months=months)), START)
    june = (datetime(2026, 6, 1, 1, tzinfo=START.tzinfo) - START).total_seconds() / 3600
    assert rate(june) == pytest.approx(2 * rate(june - 2))


def test_a_surge_is_three_times_as_many_while_it_lasts():
    rainy = replace(STEADY, surges=(Surge(100.0, 1100.0, 3.0),))
    moments = np.array(until(2000, rainy, Keyed(2)))
    within = ((moments >= 100) & (moments < 1100)).sum()
    assert within == pytest.approx(15_000, rel=0.03)
    assert len(moments) - within == pytest.approx(5_000, rel=0.05)
