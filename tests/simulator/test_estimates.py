"""Figures and their intervals, on samples whose truth is known."""

from math import log

import numpy as np
import pytest

from simulator.estimates import Interval, Sample, figures, interval


def sample(times, units=None, finished=None, count=None):
    times = np.asarray(times, dtype=float)
    units = np.arange(len(times)) if units is None else np.asarray(units)
    done = None if finished is None else np.asarray(finished)
    return Sample(times, units, count or int(units.max()) + 1, done)


def test_a_mean_has_the_t_interval_of_the_books():
    found = interval([1.0, 2.0, 3.0, 4.0], level=0.95)
    assert found.value == 2.5
    assert found.half_width == pytest.approx(3.182446 * (5 / 3 / 4) ** 0.5, rel=1e-5)


def test_one_unit_alone_has_no_interval():
    found = interval([2.0], level=0.95)
    assert found == Interval(2.0, None, None)
    assert found.half_width is None
    assert found.relative is None
    assert not found.holds(2.0)


def test_a_control_takes_out_what_it_explains():
    rng = np.random.default_rng(1)
    luck = rng.normal(size=200)
    values = 5 + 3 * luck + 0.1 * rng.normal(size=200)
    plain = interval(values, level=0.99)
    controlled = interval(values, level=0.99, controls=luck[:, None])
    assert controlled.holds(5)
    assert controlled.half_width < plain.half_width / 10


def test_too_few_units_for_a_control_do_without_it():
    values = [1.0, 2.0, 4.0]
    controls = np.array([[0.1], [0.2], [0.3]])
    assert interval(values, level=0.9, controls=controls) == interval(values, level=0.9)


def test_a_mean_over_unequal_units_is_the_mean_of_all_times():
    found = figures(sample([1, 1, 1, 5], units=[0, 0, 0, 1]), level=0.95, percentiles=(50,))
    assert found.mean.value == pytest.approx(2.0)
    assert found.percentiles["p50"].value == 1


def test_percentiles_are_exact_order_statistics():
    found = figures(sample(range(1, 101)), level=0.95, percentiles=(1, 50, 95, 99.5))
    values = {name: value.value for name, value in found.percentiles.items()}
    assert values == {"p1": 1, "p50": 50, "p95": 95, "p99.5": 100}


def test_intervals_of_means_shares_and_percentiles_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(7)
    held = np.zeros(3)
    rounds = 400
    for _ in range(rounds):
        # Units with luck in common, as replications have.
        times = rng.exponential(1.0, size=(20, 50)) / rng.gamma(20, 1 / 20, size=(20, 1))
        times[rng.random(times.shape) < 0.25] = 0.0
        found = figures(
            sample(times.ravel(), units=np.repeat(np.arange(20), 50)), level=0.9, percentiles=(80,)
        )
        # The 80th percentile of the mixture solves 0.75 (1 + x/20)^-20 = 0.2.
        truth = 20 * ((0.75 / 0.2) ** (1 / 20) - 1)
        held += [
            found.mean.holds(0.75 * 20 / 19),
            found.above_zero.holds(0.75),
            found.percentiles["p80"].holds(truth),
        ]
    assert (held / rounds > 0.85).all()
    assert (held / rounds < 0.95).all()


def test_unfinished_times_are_counted_and_move_percentiles_up():
    rng = np.random.default_rng(3)
    true = rng.exponential(1.0, 4000)
    seen = rng.exponential(2.0, 4000)
    times, finished = np.minimum(true, seen), true <= seen
    found = figures(
        sample(times, units=np.arange(4000) % 40, finished=finished), level=0.999, percentiles=(50,)
    )
    assert found.count == 4000
    assert found.censored == (~finished).sum() > 1000
    assert found.percentiles["p50"].holds(log(2))
    assert np.median(times[finished]) < found.percentiles["p50"].low
    assert found.at_least == pytest.approx(times.mean())


def test_a_percentile_that_the_unfinished_hide_is_not_invented():
    found = figures(
        sample([1, 2, 3, 4], finished=[True, True, False, False]), level=0.95, percentiles=(25, 90)
    )
    assert found.percentiles["p25"].value == 1
    assert found.percentiles["p90"] is None


def test_nothing_finished_leaves_only_what_is_known():
    found = figures(sample([3, 5], finished=[False, False]), level=0.95, percentiles=(50,))
    assert (found.count, found.censored, found.mean) == (2, 2, None)
    assert found.at_least == 4
    assert found.percentiles == {"p50": None}
