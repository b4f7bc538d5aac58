"""Profiles: how often what goes wrong, in a run.

``fixed`` lets everything happen, at the same rates in every run. ``swarm`` gives each run a
hand of its own: some faults and habits often, some never. What only shows when something
else is absent is found by the second; what needs everything at once, by the first.

>>> Profile.fixed().weights("tablet")["work"] > 0
True
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from simulator.exploration.chance import Chance

__all__ = ["FAULTS", "PHOTO_FAULTS", "PROFILES", "Profile"]

FAULTS: Mapping[str, float] = {
    "none": 60,
    "request_lost": 5,
    "answer_lost": 7,
    "duplicate": 5,
    "cut": 7,
    "portal": 2,
    "proxy_503": 2,
    "proxy_502": 1,
    "server_busy": 2,
    "server_crash_before_commit": 2,
    "server_crash_after_commit": 3,
}
"""What happens to a request → weight."""

PHOTO_FAULTS: Mapping[str, float] = {"piece_cut": 6, "server_crash_in_piece": 4}
"""What happens besides to a request that carries a piece of a photo → weight."""

ACTIONS: Mapping[str, Mapping[str, float]] = {
    "tablet": {
        "work": 52,
        "sync": 34,
        "kill": 2,
        "image": 1.5,
        "rollback": 1,
        "clone": 0.4,
        "clock": 1.5,
        "full": 0.8,
        "withdraw": 0.5,
        "damage": 0.15,
        "bundle": 0.8,
        "hostile": 2,
    },
    "desk": {
        "edit": 30,
        "transition": 14,
        "create": 6,
        "delete": 6,
        "restore": 4,
        "resolve": 12,
        "merge": 3,
        "undo": 7,
        "release": 4,
        "grant": 5,
        "end_grant": 6,
        "split": 1.5,
        "leaves": 0.7,
        "returns": 1,
        "supervise": 2,
        "redact": 3,
    },
    "server": {
        "crash": 5,
        "backup": 4,
        "restore": 0.6,
        "close": 3,
        "compact": 3,
        "holiday": 0.6,
        "upgrade": 1.2,
    },
}
"""Who → action → weight."""

RATES: Mapping[str, float] = {
    "away_days": 0.02,
    "away_hours": 0.08,
    "group": 0.25,
    "power_cut": 0.06,
    "delay": 0.07,
    "slow": 0.08,
    "stale_page": 0.3,
    "move": 0.05,
    "hot": 0.6,
    "twin": 0.12,
    "alike": 0.3,
    "reason": 0.1,
    "meet": 0.25,
    "photo": 0.015,
    "photo_look": 0.03,
    "photo_abuse": 0.02,
    "photo_hand_in": 0.25,
    "photo_keeping": 0.3,
    "photo_erase": 0.03,
}
"""What happens with which probability."""

RATES_MAX = 0.5


class Profile(NamedTuple):
    """The rates of one run."""

    name: str
    actions: Mapping[str, Mapping[str, float]]
    network: Mapping[str, float]
    rates: Mapping[str, float]

    @classmethod
    def fixed(cls) -> Profile:
        """Everything, at the usual rates."""
        return cls("fixed", ACTIONS, FAULTS, RATES)

    @classmethod
    def swarm(cls, seed: int) -> Profile:
        """A hand of its own for a seed."""
        chance = Chance(seed)

        def share(group: str, name: str) -> float:
            # A third never, a third as usual, a third far more often.
            return chance.dice("swarm", f"{group}/{name}").pick((0.0, 1.0, 5.0))

        actions = {
            who: {
                name: weight * (share(who, name) if name not in ("work", "sync", "edit") else 1)
                for name, weight in table.items()
            }
            for who, table in ACTIONS.items()
        }
        network = {
            name: weight * (share("network", name) if name != "none" else 1)
            for name, weight in FAULTS.items()
        }
        rates = {name: min(RATES_MAX, rate * share("rate", name)) for name, rate in RATES.items()}
        return cls("swarm", actions, network, rates)

    def weights(self, who: str) -> Mapping[str, float]:
        """Action → weight, for a tablet, the desk or the server."""
        return self.actions[who]

    def faults(self) -> Mapping[str, float]:
        """What happens to a request → weight."""
        return self.network

    def of(self, name: str) -> float:
        """How probable something is."""
        return self.rates[name]


PROFILES = ("swarm", "fixed")
