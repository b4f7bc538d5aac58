"""Why anyone should believe the simulator: stripped to a textbook's queue, it is that queue.

Each run stops by itself when its half-widths are within 2 % at 99.9 %; the seeds are
fixed, so a value outside its interval is a change of the code and not bad luck.
"""

from dataclasses import replace

import numpy as np
import pytest

from simulator.control import fast_server_controls
from simulator.distributions import Exponential, Fixed, Lognormal
from simulator.erlang import MMc, pollaczek_khinchine, two_class_waits
from simulator.estimates import interval
from simulator.keyed import Keyed
from simulator.run import run
from simulator.scenario import Estimate, OrderClass
from simulator.scenario_file import find_scenario, read_scenario
from simulator.validation import named_intervals, textbook

HALF_WIDTH = 0.02


def queue(load):
    return read_scenario(find_scenario(f"mm5-{load}"))


@pytest.mark.parametrize(
    ("load", "mean", "chance", "p95"),
    [(0.7, 0.251892, 0.377838, 1.3483), (0.9, 1.524986, 0.762493, 5.4491)],
)
def test_five_servers_wait_as_erlang_says(load, mean, chance, p95):
    scenario = queue(load)
    expected = {"mean": mean, "share_above_zero": chance, "p95": p95}
    assert textbook(scenario) == pytest.approx(expected, rel=1e-4)
    row = run(scenario).rows[0]
    found = named_intervals(row.figures)
    for name, value in expected.items():
        assert found[name].holds(value), name
        assert found[name].relative <= HALF_WIDTH, name
    # The plain interval, of the same cases without the control, is wider and right too.
    assert row.plain.mean.holds(mean)
    assert row.plain.mean.half_width > 3 * row.figures.mean.half_width


def two_classes(*, priorities):
    effort = Exponential(1.0)
    plain = queue(0.9)
    return replace(
        plain,
        classes=tuple(
            OrderClass(name, priority, effort)
            for name, priority in zip(("first", "second"), priorities, strict=True)
        ),
        arrivals=(replace(plain.arrivals[0], classes={"first": 2.0, "second": 8.0}),),
        estimate=replace(plain.estimate, percentiles=(), half_width=0.02),
    )


def test_two_classes_wait_as_cobham_says_and_together_as_if_there_were_none():
    result = run(two_classes(priorities=(0, 1)))
    by_class = [result.row("waiting", name).mean for name in ("first", "second")]
    expected = two_class_waits(MMc(4.5, 1.0, 5), first_share=0.2)
    assert expected == pytest.approx((0.185974, 1.859740), abs=1e-6)
    for found, value in zip(by_class, expected, strict=True):
        assert found.holds(value)
        assert found.relative <= HALF_WIDTH
    fifo = 1.524986
    assert 0.2 * by_class[0].value + 0.8 * by_class[1].value == pytest.approx(fifo, rel=0.01)
    assert result.row("waiting").mean.holds(fifo)


def test_one_server_with_lognormal_efforts_waits_as_pollaczek_and_khinchine_say():
    effort = Lognormal(median=0.7, sigma=0.6)
    plain = queue(0.7)
    scenario = replace(
        plain,
        classes=(OrderClass("only", 0, effort),),
        arrivals=(replace(plain.arrivals[0], per_hour=0.8 / effort.mean),),
        units=(replace(plain.units[0], members=1),),
        # One server is its own fast server: only a run without the control says something.
        estimate=Estimate(
            "batches", 0.999, percentiles=(), batch=5000, most_batches=60, warm_up_cases=5000
        ),
    )
    expected = pollaczek_khinchine(0.8 / effort.mean, effort.mean, effort.second_moment)
    assert run(scenario).row("waiting").mean.holds(expected)


@pytest.mark.parametrize(
    ("between", "expected"), [(Fixed(4.0), 2.0), (Exponential(4.0), 4.0)], ids=["fixed", "random"]
)
def test_an_order_is_learned_of_at_the_next_sync(between, expected):
    """E[I²] / 2 E[I] after its dispatch: not half the interval unless that is fixed."""
    plain = queue(0.7)
    scenario = replace(
        plain,
        classes=(OrderClass("only", 0, Fixed(1e-6)),),
        arrivals=(replace(plain.arrivals[0], per_hour=0.1),),
        units=(replace(plain.units[0], members=1, syncs=between),),
        estimate=Estimate(
            "batches", 0.999, HALF_WIDTH, percentiles=(), batch=500, warm_up_cases=500
        ),
    )
    assert between.second_moment / (2 * between.mean) == expected
    found = run(scenario).row("waiting").mean
    assert found.holds(expected)
    assert found.relative <= HALF_WIDTH


def test_the_inputs_that_the_control_leans_on_are_right_by_themselves():
    """A wrong rate would be corrected away by the control, so it is looked at here."""
    scenario = queue(0.9)
    rows = fast_server_controls(scenario, Keyed(3), skip=0, batch=10_000, batches=100)
    for name, column, scale in (("gap", 0, 1 / 4.5), ("effort", 1, 1.0)):
        found = interval(rows[:, column], level=0.999)
        assert found.holds(0.0), name
        assert found.half_width < 0.01 * scale, name
    gaps = np.array(Keyed(3).draws("needs/gap", Exponential(1 / 4.5)).first(200_000))
    shares = 1 - np.exp(-4.5 * np.sort(gaps))
    distance = np.abs(shares - np.arange(1, len(gaps) + 1) / len(gaps)).max()
    assert distance < 1.95 / len(gaps) ** 0.5  # Kolmogorov and Smirnov, at 99.9 %
