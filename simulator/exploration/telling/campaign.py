"""Campaigns: many seeds, on all cores, with progress, and what they came to.

Every seed is a run of its own, so they are dealt to processes one after the other; the result
does not depend on how many there are. A long campaign also fails if something that should
happen sometimes never did: a fault that is never injected proves nothing.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial

from simulator.exploration.beginning import beginning
from simulator.exploration.mutants.table import planted
from simulator.exploration.profiles import PROFILES
from simulator.exploration.run import Outcome, explore
from simulator.exploration.telling.sometimes import SOMETIMES

__all__ = ["Campaign", "never", "run_seeds"]

LONG = 10_000
"""From so many seeds on, what never happened fails a campaign."""


@dataclass(slots=True)
class Campaign:
    """What many runs came to. Times in seconds, simulated ones too.

    ``stopped``: somebody ended it before all seeds were run.
    """

    seeds: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    failures: list[Outcome] = field(default_factory=list)
    cpu_s: float = 0.0
    wall_s: float = 0.0
    simulated_s: float = 0.0
    stopped: bool = False

    @property
    def per_cpu_s(self) -> float:
        """Seeds in a second of one core's time."""
        return self.seeds / max(self.cpu_s, 1e-9)

    @property
    def simulated_per_real(self) -> float:
        """How many simulated seconds passed in a real one."""
        return self.simulated_s / max(self.wall_s, 1e-9)

    def take(self, outcome: Outcome, named: Collection[int] | None = None) -> None:
        """Count a run in. ``named``: only what breaks one of these promises is a failure."""
        self.seeds += 1
        self.seen.update(outcome.seen)
        self.cpu_s += outcome.cpu_s
        self.simulated_s += outcome.simulated_ms / 1000
        if named is not None:
            outcome.broken = outcome.named(named)
        if outcome.broken is not None:
            self.failures.append(outcome)


def never(seen: Mapping[str, int]) -> list[str]:
    """What should happen sometimes, and did not."""
    return [name for name in SOMETIMES if not seen.get(name)]


def _one(seed: int, *, profile: str, steps: int, mutant: str | None) -> Outcome:
    if profile == "both":
        profile = PROFILES[seed % 2]
    beginning()  # Made before anything is planted, for all runs of this process.
    began = time.process_time()
    with planted(mutant), _collected_after(seed):
        outcome = explore(seed, profile=profile, steps=steps)
    outcome.cpu_s = time.process_time() - began  # with its world, and with its garbage
    if outcome.broken is None:
        outcome.steps = []
    return outcome


_RUNS_A_COLLECTION = 4


@cache
def _leave_what_is_there() -> None:
    """Once in a process: no collection looks at what is there now. To ask would be to count it."""
    gc.freeze()


@contextmanager
def _collected_after(seed: int) -> Iterator[None]:
    """Collect garbage after every few runs: what stays alive until then was looked at 60 times.

    What was there before the first run stays, and is not looked at again.
    """
    _leave_what_is_there()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        if seed % _RUNS_A_COLLECTION == 0:
            gc.collect()


def run_seeds(
    seeds: Sequence[int],
    *,
    profile: str,
    steps: int,
    jobs: int = 1,
    mutant: str | None = None,
    progress: Callable[[Campaign], None] = lambda _so_far: None,
    stop_at: int | None = None,
    named: Collection[int] | None = None,
) -> Campaign:
    """Run these seeds. ``stop_at``: so many failures are enough; ``named``: of these promises."""
    campaign, began = Campaign(), time.perf_counter()
    work = partial(_one, profile=profile, steps=steps, mutant=mutant)
    try:
        for outcome in _dealt(work, seeds, jobs):
            campaign.take(outcome, named)
            campaign.wall_s = time.perf_counter() - began
            progress(campaign)
            if stop_at is not None and len(campaign.failures) >= stop_at:
                break
    except KeyboardInterrupt:
        campaign.stopped = True  # What was found until now is told, not lost.
    campaign.failures.sort(key=lambda one: one.seed)
    return campaign


def _dealt(work: Callable[[int], Outcome], seeds: Iterable[int], jobs: int) -> Iterator[Outcome]:
    if jobs <= 1:
        yield from map(work, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs, _leave_interrupts) as pool:
        yield from pool.imap_unordered(work, seeds)


def _leave_interrupts() -> None:
    """Ctrl-C is answered once, by the process that deals the seeds."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
