"""Fitting: weights under which a sample of households adds up to the marginals.

Household sizes are counted by household, ages by person, and one household
has several people, so a table of sizes by ages cannot be raked in two
dimensions. Iterative proportional updating does it on a list of households
(Ye, Konduri, Pendyala, Sana and Waddell, 2009): each constraint in turn
scales the weights of just those households that have a part in it.

Invariants
    * A weight that is positive stays positive: no kind of household dies out.
    * The order of the constraints is the order given; nothing is random, and the result is
      the same on any number of cores.

>>> import numpy as np
>>> counts = np.array([[1, 0, 1], [1, 0, 0], [0, 1, 1]])   # one person, two, with a woman
>>> weights = fit(np.ones(3), counts, np.array([0.25, 0.75, 0.85]))
>>> [round(float(total), 2) for total in weights @ counts]
[0.25, 0.75, 0.85]
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["FittingError", "fit"]

_Array = npt.NDArray[Any]

TOLERANCE: Final = 0.002
ROUNDS_MAX: Final = 400


class FittingError(ValueError):
    """The marginals contradict each other, or the sample lacks what they ask for."""


def fit(
    start: _Array,
    counts: _Array,
    targets: _Array,
    *,
    tolerance: float = TOLERANCE,
    rounds_max: int = ROUNDS_MAX,
) -> _Array:
    """Weights near ``start`` under which the columns of ``counts`` add up to ``targets``.

    ``counts`` has a row for each household and a column for each constraint. The
    result is within ``tolerance`` (relative) of each target, or FittingError is raised.
    """
    weights = start.astype(float)
    touched = [np.flatnonzero(counts[:, place]) for place in range(counts.shape[1])]
    if any(len(rows) == 0 for rows in touched):
        raise FittingError("a target has no household in the sample")
    parts = [counts[rows, place].astype(float) for place, rows in enumerate(touched)]
    constraints = list(zip(touched, parts, targets.tolist(), strict=True))
    worst = 0.0
    for _ in range(rounds_max):
        for rows, part, target in constraints:
            weights[rows] *= target / _total(weights, rows, part)
        worst = max(abs(_total(weights, *one) / target - 1) for *one, target in constraints)
        if worst <= tolerance:
            return weights
    raise FittingError(f"after {rounds_max} rounds a constraint is still off by {worst:.1%}")


def _total(weights: _Array, rows: _Array, part: _Array) -> float:
    """What a constraint adds up to. Not ``@``: that is summed in an order which depends on the
    number of cores, and the last digit would choose other families on another machine."""
    return float((weights[rows] * part).sum())
