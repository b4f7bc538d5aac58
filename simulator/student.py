"""Student's t, for a whole number of degrees of freedom.

Every interval of a simulation rests on one quantile of this distribution, and for
whole degrees its distribution function is a finite sum (Abramowitz & Stegun,
26.7.3 and 26.7.4), so no numerical library is needed for it.

>>> round(t_quantile(0.975, 9), 6)
2.262157
"""

from functools import lru_cache
from math import atan, cos, pi, sin, sqrt
from statistics import NormalDist

__all__ = ["t_quantile", "two_sided_t"]

#: From here on the series is long; Fisher's expansion is exact to ten digits.
_LARGE = 2000


def _central(t: float, degrees: int) -> float:
    """Return the probability of lying between -t and t."""
    theta = atan(t / sqrt(degrees))
    cosine_2 = cos(theta) ** 2
    if degrees == 1:
        return 2 * theta / pi
    if degrees % 2:
        term, total = cos(theta), cos(theta)
        for k in range(3, degrees - 1, 2):
            term *= cosine_2 * (k - 1) / k
            total += term
        return 2 / pi * (theta + sin(theta) * total)
    term, total = 1.0, 1.0
    for k in range(2, degrees - 1, 2):
        term *= cosine_2 * (k - 1) / k
        total += term
    return sin(theta) * total


@lru_cache(maxsize=1024)
def t_quantile(probability: float, degrees: int) -> float:
    """Return the t that is exceeded with 1 - probability. Raises ValueError off (0, 1)."""
    if not 0 < probability < 1 or degrees < 1:
        raise ValueError(f"no quantile at {probability} with {degrees} degrees of freedom")
    if probability < 0.5:
        return -t_quantile(1 - probability, degrees)
    z = NormalDist().inv_cdf(probability)
    if degrees >= _LARGE:
        first = (z**3 + z) / 4
        second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
        return z + first / degrees + second / degrees**2
    low, high = 0.0, max(1.0, 2 * z)
    wanted = 2 * probability - 1
    while _central(high, degrees) < wanted:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        if _central(middle, degrees) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def two_sided_t(level: float, degrees: int) -> float:
    """Return the t of an interval of a confidence level, such as 0.95."""
    return t_quantile((1 + level) / 2, degrees)
