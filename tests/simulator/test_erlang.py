"""The textbook's formulas against one another."""

from math import exp

import pytest

from simulator.erlang import MMc, pollaczek_khinchine, two_class_waits


@pytest.mark.parametrize(
    ("load", "mean", "chance", "p95"),
    [(0.7, 0.251892, 0.377838, 1.3483), (0.9, 1.524986, 0.762493, 5.4491)],
)
def test_erlang_c_of_five_servers(load, mean, chance, p95):
    found = MMc(5 * load, 1.0, 5)
    assert found.wait_mean == pytest.approx(mean, abs=1e-6)
    assert found.wait_chance == pytest.approx(chance, abs=1e-6)
    assert found.wait_quantile(0.95) == pytest.approx(p95, abs=1e-4)
    assert found.wait_above(found.wait_quantile(0.95)) == pytest.approx(0.05)


def test_one_server_is_the_same_by_erlang_and_by_pollaczek_and_khinchine():
    queue = MMc(0.8, 1.0, 1)
    assert queue.wait_mean == pytest.approx(pollaczek_khinchine(0.8, 1.0, 2.0))
    assert queue.wait_chance == pytest.approx(0.8)
    assert queue.wait_above(2.0) == pytest.approx(0.8 * exp(-0.4))


def test_few_waits_leave_the_quantile_at_zero():
    assert MMc(0.1, 1.0, 5).wait_quantile(0.95) == 0.0


def test_two_classes_weigh_up_to_one():
    queue = MMc(4.5, 1.0, 5)
    first, second = two_class_waits(queue, 0.2)
    assert 0.2 * first + 0.8 * second == pytest.approx(queue.wait_mean)


def test_a_queue_that_grows_for_ever_is_refused():
    with pytest.raises(ValueError, match="steady"):
        MMc(5.0, 1.0, 5)
    with pytest.raises(ValueError, match="steady"):
        pollaczek_khinchine(2.0, 1.0, 2.0)
