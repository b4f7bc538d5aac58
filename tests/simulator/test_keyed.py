"""Keyed draws: a decision's luck is its own."""

import numpy as np
import pytest

from simulator.distributions import Exponential, Lognormal
from simulator.keyed import Keyed

KNOWN = [0.273734671321, 0.915660940816, 0.40911701]


def test_the_order_of_asking_changes_nothing():
    forward, backward = Keyed(5).stream("a"), Keyed(5).stream("a")
    entities = range(0, 5000, 7)
    expected = [forward.at(entity) for entity in entities]
    assert [backward.at(entity) for entity in reversed(entities)] == expected[::-1]


def test_forgotten_blocks_come_back_the_same():
    keyed = Keyed(5)
    stream = keyed.stream("a")
    before = [stream.at(entity, 3) for entity in (0, 1023, 1024, 10**9)]
    keyed.forget()
    assert [stream.at(entity, 3) for entity in (0, 1023, 1024, 10**9)] == before


def test_more_blocks_than_are_remembered_still_give_the_same_numbers():
    stream = Keyed(5).stream("a")
    first = [stream.at(0, worker) for worker in range(1500)]
    assert [stream.at(0, worker) for worker in range(1500)] == first


@pytest.mark.parametrize(
    "other", [Keyed(6).stream("a"), Keyed(5, 1).stream("a"), Keyed(5).stream("b")]
)
def test_another_seed_replication_or_stream_is_other_luck(other):
    mine = Keyed(5).stream("a").first(2000)
    assert not set(mine) & set(other.first(2000))
    assert abs(np.corrcoef(mine, other.first(2000))[0, 1]) < 0.1


def test_counters_of_one_entity_are_independent():
    stream = Keyed(5).stream("a")
    first, second = stream.first(4000, counter=0), stream.first(4000, counter=1)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.06


def test_numbers_are_uniform_and_strictly_inside():
    numbers = np.array(Keyed(1).stream("u").first(100_000))
    assert 0 < numbers.min() < numbers.max() < 1
    assert numbers.mean() == pytest.approx(0.5, abs=0.005)
    counts = np.histogram(numbers, bins=20, range=(0, 1))[0]
    assert ((counts - 5000) ** 2 / 5000).sum() < 43.8  # chi-squared, 19 degrees, 99.9 %


def test_the_numbers_of_this_version_are_those_of_every_version():
    assert [round(x, 12) for x in Keyed(1).stream("u").first(3)] == KNOWN


def test_draws_follow_their_distribution_by_the_same_luck():
    slow = Keyed(1).draws("service", Lognormal(median=2.0, sigma=0.5))
    fast = Keyed(1).draws("service", Lognormal(median=1.0, sigma=0.5))
    for entity in range(100):
        assert slow.at(entity) == pytest.approx(2 * fast.at(entity))
    draws = Keyed(1).draws("gap", Exponential(3.0))
    assert draws.first(10) == [draws.at(entity) for entity in range(10)]
