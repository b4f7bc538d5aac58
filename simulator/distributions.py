"""Distributions of durations, each from one uniform number.

A duration is drawn by the inverse of its distribution function, so that one key
gives one number and a change of a mean moves every case by the same rank: a
slow case stays the slow case. That is what makes comparisons with common random
numbers work.

``mean`` and ``second_moment`` are exact, or None where a bound or a mixture
makes them awkward; only validation against textbook formulas asks for them.

>>> Exponential(2.0).values([0.5])
[1.3862943611198906]
>>> distribution_from({"lognormal": {"median": 24, "sigma": 0.5}}).mean
27.1955...
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, log, log1p
from statistics import NormalDist
from typing import Any, ClassVar, Final, Protocol

__all__ = [
    "ZERO",
    "Bounded",
    "Distribution",
    "Exponential",
    "Fixed",
    "Lognormal",
    "Mixture",
    "Uniform",
    "distribution_from",
]

_NORMAL: Final = NormalDist()


class Distribution(Protocol):
    """What a stream needs: many values at once, and the moments if known."""

    @property
    def mean(self) -> float | None:
        """The mean, or None."""

    @property
    def second_moment(self) -> float | None:
        """The mean of the square, or None."""

    @property
    def is_zero(self) -> bool:
        """Whether every value is zero, so that a stage can be left out."""

    def values(self, uniforms: Sequence[float]) -> list[float]:
        """Turn uniform numbers into values, each by itself."""


@dataclass(frozen=True)
class Fixed:
    """Always the same value."""

    value: float

    def __post_init__(self) -> None:
        """Refuse a duration below zero."""
        if self.value < 0:
            raise ValueError(f"a duration cannot be {self.value}")

    @property
    def mean(self) -> float:
        """The value."""
        return self.value

    @property
    def second_moment(self) -> float:
        """Its square."""
        return self.value**2

    @property
    def is_zero(self) -> bool:
        """Whether it is zero."""
        return self.value == 0

    def values(self, uniforms: Sequence[float]) -> list[float]:
        """Repeat the value."""
        return [self.value] * len(uniforms)


@dataclass(frozen=True)
class Exponential:
    """Without memory, by its mean."""

    mean: float
    is_zero: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse a mean that is not above zero."""
        if self.mean <= 0:
            raise ValueError(f"an exponential mean must be above zero, not {self.mean}")

    @property
    def second_moment(self) -> float:
        """Twice the square of the mean."""
        return 2 * self.mean**2

    def values(self, uniforms: Sequence[float]) -> list[float]:
        """Invert the distribution function."""
        mean = self.mean
        return [-mean * log1p(-u) for u in uniforms]


@dataclass(frozen=True)
class Lognormal:
    """Long-tailed, by its median and the spread of its logarithm."""

    median: float
    sigma: float
    is_zero: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse a median that is not above zero."""
        if self.median <= 0 or self.sigma < 0:
            raise ValueError(f"not a lognormal: median {self.median}, sigma {self.sigma}")

    @property
    def mean(self) -> float:
        """The mean: median · exp(σ²/2)."""
        return self.median * exp(self.sigma**2 / 2)

    @property
    def second_moment(self) -> float:
        """The mean of the square: median² · exp(2σ²)."""
        return self.median**2 * exp(2 * self.sigma**2)

    def values(self, uniforms: Sequence[float]) -> list[float]:
        """Invert the distribution function."""
        quantile, middle, sigma = _NORMAL.inv_cdf, log(self.median), self.sigma
        return [exp(middle + sigma * quantile(u)) for u in uniforms]


@dataclass(frozen=True)
class Uniform:
    """Equally likely between two bounds."""

    least: float
    most: float

    def __post_init__(self) -> None:
        """Refuse bounds in the wrong order."""
        if not 0 <= self.least <= self.most:
            raise ValueError(f"not an interval: {self.least} to {self.most}")

    @property
    def mean(self) -> float:
        """The middle."""
        return (self.least + self.most) / 2

    @property
    def second_moment(self) -> float:
        """The mean of the square."""
        return (self.least**2 + self.least * self.most + self.most**2) / 3

    @property
    def is_zero(self) -> bool:
        """Whether both bounds are zero."""
        return self.most == 0

    def values(self, uniforms: Sequence[float]) -> list[float]:
        """Stretch the uniform numbers."""
        width = self.most - self.least
        return [self.least + width * u for u in uniforms]


@dataclass(frozen=True)
class Bounded:
    """Another distribution, with values beyond the bounds set to the bounds."""

    inner: Distribution
    least: float
    most: float
    mean: ClassVar[None] = None
    second_moment: ClassVar[None] = None

    def __post_init__(self) -> None:
        """Refuse bounds in the wrong order."""
        if not 0 <= self.least <= self.most:
            raise ValueError(f"not an interval: {self.least} to {self.most}")

    @property
    def is_zero(self) -> bool:
        """Whether the inner one is zero, or nothing above zero is let through."""
        return self.most == 0 or (self.inner.is_zero and self.least == 0)

    def values(self, uniforms: Sequence[float]) -> list[float]:
        """Draw and clip."""
        least, most = self.least, self.most
        return [min(most, max(least, value)) for value in self.inner.values(uniforms)]


@dataclass(frozen=True)
class Mixture:
    """One of several distributions, by weight, out of the same uniform number."""

    parts: tuple[tuple[float, Distribution], ...]
    mean: ClassVar[None] = None
    second_moment: ClassVar[None] = None

    def __post_init__(self) -> None:
        """Refuse weights that are not above zero."""
        if not self.parts or any(weight <= 0 for weight, _ in self.parts):
            raise ValueError("a mixture needs parts with weights above zero")

    @property
    def is_zero(self) -> bool:
        """Whether all parts are zero."""
        return all(part.is_zero for _, part in self.parts)

    def values(self, uniforms: Sequence[float]) -> list[float]:
        """Choose a part by where the number falls, and use the rest of it."""
        total = sum(weight for weight, _ in self.parts)
        edges = [edge / total for edge in accumulate(weight for weight, _ in self.parts)]
        edges[-1] = 1.0
        values = []
        for u in uniforms:
            place = min(bisect_right(edges, u), len(edges) - 1)
            low = edges[place - 1] if place else 0.0
            # Half a step inside, so that an edge stays strictly within (0, 1).
            within = min(max((u - low) / (edges[place] - low), 2.0**-54), 1 - 2.0**-53)
            values += self.parts[place][1].values([within])
        return values


ZERO: Final = Fixed(0.0)


def distribution_from(spec: Any) -> Distribution:
    """Make a distribution from a scenario's words. All numbers are hours.

    A number; ``{exponential = mean}``; ``{lognormal = {median, sigma}}``;
    ``{uniform = [least, most]}``; ``{mixture = [{weight, …}, …]}``; each of them with
    ``least`` and ``most`` to bound it. Raises ValueError for anything else.
    """
    if isinstance(spec, int | float) and not isinstance(spec, bool):
        return Fixed(float(spec))
    if not isinstance(spec, Mapping):
        raise ValueError(f"not a distribution: {spec!r}")
    rest = dict(spec)
    least, most = rest.pop("least", None), rest.pop("most", None)
    if len(rest) != 1:
        raise ValueError(f"a distribution needs exactly one of its names, not {sorted(rest)}")
    ((name, value),) = rest.items()
    try:
        inner = _named(name, value)
    except (TypeError, KeyError) as error:
        raise ValueError(f"{name}: {error}") from error
    if least is None and most is None:
        return inner
    return Bounded(inner, float(least or 0.0), float("inf") if most is None else float(most))


def _named(name: str, value: Any) -> Distribution:
    if name == "fixed":
        return Fixed(float(value))
    if name == "exponential":
        return Exponential(float(value))
    if name == "lognormal":
        extra = set(value) - {"median", "sigma"}
        if extra:
            raise ValueError(f"lognormal: unknown {sorted(extra)}")
        return Lognormal(median=float(value["median"]), sigma=float(value["sigma"]))
    if name == "uniform":
        least, most = value
        return Uniform(float(least), float(most))
    if name == "mixture":
        parts = [dict(part) for part in value]
        return Mixture(tuple((float(p.pop("weight")), distribution_from(p)) for p in parts))
    raise ValueError(f"unknown distribution {name!r}")
