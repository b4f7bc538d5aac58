"""Textbook queues: what a simulation that is reduced to them must reproduce.

The formulas of Erlang (M/M/c), of Pollaczek and Khinchine (M/G/1) and of Cobham
(priorities). They are here to be compared with, never to be used by a run, save
that ``simulator.control`` knows the mean of a queue that is *not* the one asked for.

Rates are per hour, times in hours.

>>> queue = MMc(arrival_rate=4.5, service_rate=1.0, servers=5)
>>> round(queue.wait_mean, 6), round(queue.wait_chance, 6), round(queue.wait_quantile(0.95), 4)
(1.524986, 0.762493, 5.4491)
"""

from dataclasses import dataclass
from math import exp, log

__all__ = ["MMc", "pollaczek_khinchine", "two_class_waits"]


@dataclass(frozen=True)
class MMc:
    """Poisson arrivals, exponential service, c servers, first come, first served."""

    arrival_rate: float
    service_rate: float
    servers: int

    def __post_init__(self) -> None:
        """Refuse a queue that grows for ever."""
        if not 0 < self.load < 1:
            raise ValueError(f"no steady state at a load of {self.load}")

    @property
    def load(self) -> float:
        """ρ, the share of time that a server is busy."""
        return self.arrival_rate / (self.service_rate * self.servers)

    @property
    def wait_chance(self) -> float:
        """Erlang C: the chance to wait at all, by the stable recursion of Erlang B."""
        offered = self.arrival_rate / self.service_rate
        blocking = 1.0
        for servers in range(1, self.servers + 1):
            blocking = offered * blocking / (servers + offered * blocking)
        return blocking / (1 - self.load * (1 - blocking))

    @property
    def _drain(self) -> float:
        """The rate at which the wait of those who wait decays."""
        return self.servers * self.service_rate - self.arrival_rate

    @property
    def wait_mean(self) -> float:
        """Wq, the mean wait of all."""
        return self.wait_chance / self._drain

    def wait_quantile(self, share: float) -> float:
        """Return the wait that a share of all does not exceed."""
        return max(0.0, log(self.wait_chance / (1 - share)) / self._drain)

    def wait_above(self, hours: float) -> float:
        """Return the chance to wait longer than some hours."""
        return self.wait_chance * exp(-self._drain * hours)


def pollaczek_khinchine(arrival_rate: float, mean: float, second_moment: float) -> float:
    """Return the mean wait of one server with any distribution of service."""
    load = arrival_rate * mean
    if not 0 < load < 1:
        raise ValueError(f"no steady state at a load of {load}")
    return arrival_rate * second_moment / (2 * (1 - load))


def two_class_waits(queue: MMc, first_share: float) -> tuple[float, float]:
    """Return the mean waits of two classes of equal service, the first served first.

    Non-preemptive (Cobham, 1954): C / (cμ (1-ρ₁)) and C / (cμ (1-ρ₁)(1-ρ)).

    >>> [round(wait, 6) for wait in two_class_waits(MMc(4.5, 1.0, 5), 0.2)]
    [0.185974, 1.85974]
    """
    first = queue.wait_chance / (queue.servers * queue.service_rate)
    first /= 1 - first_share * queue.load
    return first, first / (1 - queue.load)
