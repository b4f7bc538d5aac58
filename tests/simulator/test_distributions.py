"""Durations and their moments."""

import numpy as np
import pytest

from simulator.distributions import ZERO, Fixed, distribution_from

MIDPOINTS = [(n + 0.5) / 100_000 for n in range(100_000)]


@pytest.mark.parametrize(
    "spec",
    [
        3,
        {"fixed": 2.5},
        {"exponential": 4.0},
        {"lognormal": {"median": 24, "sigma": 0.7}},
        {"uniform": [1, 5]},
    ],
    ids=str,
)
def test_moments_are_those_of_the_values(spec):
    distribution = distribution_from(spec)
    values = np.array(distribution.values(MIDPOINTS))
    assert values.mean() == pytest.approx(distribution.mean, rel=2e-3)
    assert (values**2).mean() == pytest.approx(distribution.second_moment, rel=1e-2)
    assert not distribution.is_zero


def test_bounds_are_kept_and_moments_then_unknown():
    bounded = distribution_from(
        {"lognormal": {"median": 1.5, "sigma": 1.6}, "least": 0.1, "most": 168}
    )
    values = bounded.values(MIDPOINTS)
    assert min(values) == 0.1
    assert max(values) == 168
    assert bounded.mean is None


def test_a_mixture_takes_each_part_by_its_weight():
    mixture = distribution_from(
        {"mixture": [{"weight": 3, "fixed": 0}, {"weight": 1, "uniform": [1, 2]}]}
    )
    values = np.array(mixture.values(MIDPOINTS))
    assert (values == 0).mean() == pytest.approx(0.75, abs=1e-4)
    assert values[values > 0].mean() == pytest.approx(1.5, abs=1e-3)
    assert mixture.second_moment is None


def test_only_what_is_always_zero_counts_as_zero():
    assert ZERO.is_zero
    assert distribution_from({"uniform": [0, 0]}).is_zero
    assert distribution_from({"exponential": 1, "most": 0}).is_zero
    assert distribution_from({"mixture": [{"weight": 1, "fixed": 0}]}).is_zero
    assert not Fixed(1e-9).is_zero
    assert not distribution_from({"fixed": 0, "least": 1}).is_zero


@pytest.mark.parametrize(
    "spec",
    [
        "fast",
        True,
        {},
        {"exponential": 0},
        {"exponential": 1, "fixed": 2},
        {"gamma": 2},
        {"lognormal": {"median": 1}},
        {"lognormal": {"median": -1, "sigma": 1}},
        {"lognormal": {"median": 1, "sigma": 1, "mean": 2}},
        {"uniform": [2, 1]},
        {"uniform": 3},
        {"fixed": -1},
        {"mixture": []},
        {"mixture": [{"weight": 0, "fixed": 1}]},
        {"fixed": 1, "least": 3, "most": 2},
    ],
    ids=str,
)
def test_what_is_no_distribution_is_refused(spec):
    with pytest.raises(ValueError, match=r"."):
        distribution_from(spec)
