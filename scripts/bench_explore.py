"""How fast the explorer plays: seeds in a second of one core's time.

A promise is only as good as the number of runs that tried to break it, so a run must stay
cheap. What is measured is CPU time, of whole runs on one core: world, chaos, healing and
judgement, through the real application on SQLite in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from scripts.bench_tablets import Plan
from simulator.exploration.telling.campaign import run_seeds


class Explored(NamedTuple):
    """Seeds in a second of CPU, and how many simulated seconds a real one holds."""

    per_cpu_s: float
    simulated_per_real: float


def explored(plan: Plan, *, repeat: int, say: Callable[[str], None]) -> Explored:
    """Play the same seeds again and again; whether every promise holds is not asked here."""
    campaigns = []
    for number in range(repeat):
        say(f"Exploring, {number + 1} of {repeat}")
        campaigns.append(run_seeds(range(plan.seeds), profile="both", steps=plan.steps))
    return Explored(
        median(one.per_cpu_s for one in campaigns),
        median(one.simulated_per_real for one in campaigns),
    )
