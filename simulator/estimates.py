"""Figures with intervals: means, shares and percentiles of correlated times.

Waits of successive cases are alike, so their own spread says nothing about the
error of their mean. What is independent (nearly) are *units*: replications, or
batches much longer than the memory of the queue. Everything here turns a figure
into one number per unit and takes a t interval over the units.

- A mean over units of unequal sizes is a ratio; it is made linear around its value.
- A percentile is exact (the smallest observation that enough do not exceed), and
  its interval is that of the share below it, read back through the sample
  (Woodruff, 1952). No density is guessed.
- Unfinished times are censored: percentiles weigh them as Kaplan and Meier do, and
  a mean is of finished times, beside the mean that counts the rest as ended now.
- Controls (``simulator.control``) are regressed out: the figure is the intercept.

>>> interval([1.0, 2.0, 3.0], level=0.95).value
2.0
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.student import two_sided_t

__all__ = ["Figures", "Interval", "Sample", "figures", "interval"]

Floats = NDArray[np.float64]

#: A regression on controls needs this many units for each of them.
_UNITS_PER_CONTROL: Final = 4


@dataclass(frozen=True)
class Interval:
    """A value, and the bounds of its interval; None where nothing bounds it."""

    value: float
    low: float | None
    high: float | None

    @property
    def half_width(self) -> float | None:
        """Half the distance of the bounds."""
        if self.low is None or self.high is None:
            return None
        return (self.high - self.low) / 2

    @property
    def relative(self) -> float | None:
        """The half-width as a share of the value."""
        half = self.half_width
        return None if half is None or not self.value else half / abs(self.value)

    def holds(self, value: float) -> bool:
        """Say whether a value lies within the bounds."""
        return self.low is not None and self.high is not None and self.low <= value <= self.high


@dataclass(frozen=True)
class Sample:
    """Times with the unit that each belongs to; ``finished`` is False where censored."""

    times: Floats
    units: NDArray[np.int64]
    unit_count: int
    finished: NDArray[np.bool_] | None = None

    @property
    def censored(self) -> int:
        """How many are unfinished."""
        return 0 if self.finished is None else int((~self.finished).sum())


@dataclass(frozen=True)
class Figures:
    """What is said of one kind of time. ``at_least`` counts the unfinished as ended now."""

    count: int
    censored: int
    mean: Interval | None
    at_least: float | None
    above_zero: Interval | None
    percentiles: dict[str, Interval | None]


def interval(
    values: Sequence[float] | Floats, *, level: float, controls: Floats | None = None
) -> Interval:
    """Return the mean of independent values with a t interval, controls regressed out.

    ``controls`` has a row for each value and a column for each control, whose true
    mean is zero. Too few values for a bound leave the bounds None.
    """
    y = np.asarray(values, dtype=np.float64)
    count = len(y)
    if controls is None or count < _UNITS_PER_CONTROL * (controls.shape[1] + 1):
        value, degrees = float(y.mean()), count - 1
        variance = float(y.var(ddof=1)) / count if degrees else 0.0
    else:
        design = np.column_stack([np.ones(count), controls])
        coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
        value, degrees = float(coefficients[0]), count - design.shape[1]
        residual = float(((y - design @ coefficients) ** 2).sum()) / degrees
        variance = residual * float(np.linalg.pinv(design.T @ design)[0, 0])
    if degrees < 1:
        return Interval(value, None, None)
    half = two_sided_t(level, degrees) * variance**0.5
    return Interval(value, value - half, value + half)


def figures(
    sample: Sample,
    *,
    level: float,
    percentiles: Sequence[float],
    controls: Floats | None = None,
) -> Figures:
    """Return all that is said of a sample."""
    times, units, finished = sample.times, sample.units, sample.finished
    done = times if finished is None else times[finished]
    done_units = units if finished is None else units[finished]
    if not len(done):
        none = dict.fromkeys((_name(p) for p in percentiles), None)
        at_least = float(times.mean()) if len(times) else None
        return Figures(len(times), sample.censored, None, at_least, None, dict(none))
    above = (done > 0).astype(np.float64)

    def mean_of(values: Floats) -> Interval:
        pseudo = _pseudo(values, done_units, sample.unit_count)
        return interval(pseudo, level=level, controls=controls)

    return Figures(
        count=len(times),
        censored=sample.censored,
        mean=mean_of(done),
        at_least=float(times.mean()),
        above_zero=mean_of(above),
        percentiles=_percentiles(sample, percentiles, level, controls),
    )


def _name(percentile: float) -> str:
    return f"p{percentile:g}"


def _pseudo(values: Floats, units: NDArray[np.int64], count: int) -> Floats:
    """Return one number per unit whose mean is the mean of all values.

    A unit without values says nothing: it stands at the mean.
    """
    sums = np.bincount(units, weights=values, minlength=count)
    sizes = np.bincount(units, minlength=count)
    mean = values.sum() / len(values)
    pseudo: Floats = mean + (sums - mean * sizes) / (len(values) / count)
    return pseudo


def _percentiles(
    sample: Sample, percentiles: Sequence[float], level: float, controls: Floats | None
) -> dict[str, Interval | None]:
    """Return exact percentiles with Woodruff's intervals."""
    order = np.argsort(sample.times, kind="stable")
    times, units = sample.times[order], sample.units[order]
    weights = _weights(None if sample.finished is None else sample.finished[order], len(times))
    below = np.cumsum(weights)
    found: dict[str, Interval | None] = {}
    for percentile in percentiles:
        share = percentile / 100
        place = _place(below, share)
        if place is None:
            found[_name(percentile)] = None
            continue
        # One number per case whose mean is the share not above the percentile.
        marks = np.where(np.arange(len(times)) <= place, weights * len(times), 0.0)
        around = interval(_pseudo(marks, units, sample.unit_count), level=level, controls=controls)
        half, reached = around.half_width, float(below[place])
        # Controls say by how much this sample's share is off; look there instead.
        centre = share - (around.value - reached)
        value = _at(times, below, centre)
        low = None if half is None else _at(times, below, centre - half)
        high = None if half is None else _at(times, below, centre + half)
        found[_name(percentile)] = None if value is None else Interval(value, low, high)
    return found


def _weights(finished: NDArray[np.bool_] | None, count: int) -> Floats:
    """Return the probability that each ordered time carries (Kaplan and Meier)."""
    if finished is None or finished.all():
        return np.full(count, 1 / count)
    at_risk = np.arange(count, 0, -1)
    survival = np.cumprod(np.where(finished, 1 - 1 / at_risk, 1.0))
    weights: Floats = np.concatenate([[1.0], survival[:-1]]) - survival
    return weights


def _place(below: Floats, share: float) -> int | None:
    """Return where enough lie below, or None when the sample never gets so far."""
    place = int(np.searchsorted(below, share - 1e-12))
    return place if place < len(below) else None


def _at(times: Floats, below: Floats, share: float) -> float | None:
    place = _place(below, max(share, 0.0))
    return None if place is None else float(times[place])
