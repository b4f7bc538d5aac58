"""When needs arise: a non-homogeneous Poisson process, by thinning.

Needs come by the hour, the weekday, the season and the weather. Candidates are
drawn at the highest rate there is, and each is kept with the chance that the rate
of its moment has of the highest (Lewis & Shedler, 1979). Both draws are keyed by
the candidate's number, so that a surge adds cases without moving the others.

Invariants
    * Moments ascend strictly.
    * With a flat profile and no surge every candidate is kept, and the gaps are
      exactly those of the stream ``<name>/gap``.

>>> from datetime import UTC
>>> steady = Arrivals("a", per_hour=4.0, kinds={"request": 1}, classes={"quick": 1})
>>> moments = arrival_moments(steady, Keyed(1), datetime(2026, 3, 2, tzinfo=UTC))
>>> first, second = next(moments), next(moments)
>>> 0 < first < second
True
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from simulator.distributions import Exponential
from simulator.keyed import Keyed
from simulator.scenario import Arrivals

__all__ = ["arrival_moments", "gap_stream", "peak_rate", "rate_of"]


def gap_stream(arrivals: Arrivals) -> str:
    """Return the name of the stream that a source's gaps are drawn from."""
    return f"{arrivals.name}/gap"


def _relative(weights: tuple[float, ...]) -> tuple[float, ...]:
    mean = sum(weights) / len(weights) if weights else 1.0
    return tuple(weight / mean for weight in weights) or (1.0,)


def rate_of(arrivals: Arrivals, start: datetime) -> Callable[[float], float]:
    """Return the rate (needs an hour) as a function of hours since the start.

    Weights are relative: the mean over the days, weeks and months is ``per_hour``.
    """
    profile = arrivals.profile
    hours, weekdays, months = (
        _relative(weights) for weights in (profile.hours, profile.weekdays, profile.months)
    )

    def rate(at: float) -> float:
        local = start + timedelta(hours=at)
        value = arrivals.per_hour * hours[local.hour % len(hours)]
        value *= weekdays[local.weekday() % len(weekdays)] * months[(local.month - 1) % len(months)]
        for surge in arrivals.surges:
            if surge.since <= at < surge.until:
                value *= surge.factor
        return value

    return rate


def peak_rate(arrivals: Arrivals) -> float:
    """Return a rate that is never exceeded."""
    profile = arrivals.profile
    peak = arrivals.per_hour
    for weights in (profile.hours, profile.weekdays, profile.months):
        peak *= max(_relative(weights))
    for surge in arrivals.surges:
        peak *= max(1.0, surge.factor)
    return peak


def arrival_moments(arrivals: Arrivals, keyed: Keyed, start: datetime) -> Iterator[float]:
    """Yield the moments of a source's needs, in hours since the start, without end."""
    peak = peak_rate(arrivals)
    gaps = keyed.draws(gap_stream(arrivals), Exponential(1 / peak))
    flat = arrivals.profile.is_flat and not arrivals.surges
    keeps = keyed.stream(f"{arrivals.name}/keep")
    rate = rate_of(arrivals, start)
    at = 0.0
    candidate = 0
    while True:
        at += gaps.at(candidate)
        if flat or keeps.at(candidate) * peak < rate(at):
            yield at
        candidate += 1
