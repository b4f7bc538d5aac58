"""The fast-server control: less noise for queues, without knowing their answer.

A queue at 90 % load forgets slowly: to see M/M/5's mean wait within 2 % takes
some twenty million cases. But nearly all of that noise is luck in the gaps and
in the efforts, and that luck can be measured: send the very same gaps and efforts
through *one* server that is c times as fast, by Lindley's recursion. Its mean wait
is known exactly, for any efforts, from Pollaczek and Khinchine, so how far it is
off tells how far luck pushed the queue that is asked about (an external control
variate). One in thirty of the cases is then enough.

What this may and may not hide: the estimate stays unbiased whatever the simulated
discipline is, because only the control's own mean is taken from a formula. But a
wrong *input* (gaps with another rate than the scenario says) would be corrected
away; tests therefore look at the inputs by themselves, and every result shows the
plain interval beside the controlled one.

Controls of a case: its gap, its effort, the fast server's wait, whether that is
above zero and, where efforts are exponential, above two fixed heights; each
less its true mean.
"""

from math import exp, log

import numpy as np
from numpy.typing import NDArray

from simulator.arrivals import gap_stream
from simulator.distributions import Exponential
from simulator.erlang import pollaczek_khinchine
from simulator.keyed import Keyed
from simulator.scenario import Scenario
from simulator.world import Choice

__all__ = ["fast_server_controls", "fast_server_waits"]

Floats = NDArray[np.float64]


def fast_server_waits(gaps: Floats, services: Floats) -> Floats:
    """Return the waits of one server that starts empty (Lindley, without a loop).

    >>> fast_server_waits(np.array([1.0, 1.0, 9.0]), np.array([3.0, 1.0, 1.0])).tolist()
    [0.0, 2.0, 0.0]
    """
    steps = np.concatenate([[0.0], services[:-1] - gaps[1:]])
    walk = np.cumsum(steps)
    waits: Floats = walk - np.minimum.accumulate(walk)
    return waits


def _inputs(scenario: Scenario, keyed: Keyed, count: int) -> tuple[Floats, Floats]:
    """Return the gaps and efforts of the first cases, from the streams that the run asks."""
    arrivals = scenario.arrivals[0]
    gaps = keyed.draws(gap_stream(arrivals), Exponential(1 / arrivals.per_hour)).first(count)
    chosen = [c for c in scenario.classes if c.name in arrivals.classes]
    efforts = np.array(
        [keyed.draws(f"{arrivals.name}/effort/{c.name}", c.effort).first(count) for c in chosen]
    )
    if len(chosen) == 1:
        return np.array(gaps), efforts[0]
    choice = Choice(list(arrivals.classes.values()))
    names = list(arrivals.classes)
    rows = [[c.name for c in chosen].index(name) for name in names]
    picks = [rows[choice.of(u)] for u in keyed.stream(f"{arrivals.name}/class").first(count)]
    return np.array(gaps), efforts[np.array(picks), np.arange(count)]


def fast_server_controls(
    scenario: Scenario, keyed: Keyed, *, skip: int, batch: int, batches: int
) -> Floats:
    """Return a row of controls for each batch after the skipped cases."""
    count = skip + batch * batches
    gaps, efforts = _inputs(scenario, keyed, count)
    servers = scenario.units[0].members
    rate = scenario.arrivals[0].per_hour
    effort = scenario.classes[0].effort
    mean, second = effort.mean, effort.second_moment
    assert mean is not None
    assert second is not None
    waits = fast_server_waits(gaps, efforts / servers)
    load = rate * mean / servers
    columns = [
        gaps - 1 / rate,
        efforts - mean,
        waits - pollaczek_khinchine(rate, mean / servers, second / servers**2),
        (waits > 0) - load,
    ]
    if isinstance(effort, Exponential):
        drain = servers / mean - rate
        height = max(log(load / 0.05), 1.0) / drain
        columns += [(waits > h) - load * exp(-drain * h) for h in (height / 2, height)]
    return np.column_stack([c[skip:].reshape(batches, batch).mean(axis=1) for c in columns])
