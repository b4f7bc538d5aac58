"""What a scenario's figures must be, where a textbook knows: its own verdict.

A scenario that is stripped to a queue with a known answer says so in its result,
so that ``yuanba simulate mm5-0.9`` is a check and not only a figure.

>>> from simulator.scenario_file import find_scenario, read_scenario
>>> known = textbook(read_scenario(find_scenario("mm5-0.7")))
>>> {name: round(value, 6) for name, value in known.items()}
{'mean': 0.251892, 'share_above_zero': 0.377838, 'p95': 1.348295}
>>> textbook(read_scenario(find_scenario("week")))
{}
"""

from simulator.distributions import Exponential
from simulator.erlang import MMc
from simulator.estimates import Figures, Interval
from simulator.scenario import Scenario

__all__ = ["named_intervals", "textbook"]


def textbook(scenario: Scenario) -> dict[str, float]:
    """Return the known figures of the wait over all classes, or nothing.

    Known are the mean and the chance of M/M/c in any order of service that looks
    at no effort, and its percentiles when first come is first served.
    """
    if not scenario.is_plain_queue():
        return {}
    effort = scenario.classes[0].effort
    if not isinstance(effort, Exponential):
        return {}
    rate = scenario.arrivals[0].per_hour
    queue = MMc(rate, 1 / effort.mean, scenario.units[0].members)
    known = {"mean": queue.wait_mean, "share_above_zero": queue.wait_chance}
    if len({item.priority for item in scenario.classes}) == 1:
        for percentile in scenario.estimate.percentiles:
            known[f"p{percentile:g}"] = queue.wait_quantile(percentile / 100)
    return known


def named_intervals(figures: Figures) -> dict[str, Interval | None]:
    """Return a measure's intervals under the names that ``textbook`` uses."""
    return {"mean": figures.mean, "share_above_zero": figures.above_zero, **figures.percentiles}
