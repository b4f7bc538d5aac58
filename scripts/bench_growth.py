"""What one exchange costs as the server fills up: nothing more, it is hoped.

The same exchange (push 20 edits, pull 20 changes of a colleague's) is made against
servers of 10⁴, 10⁵ and 10⁶ households, in grids drawn from all over each of them,
so that no cache is flattered. The servers stand side by side and are asked in turn,
so that a noisy minute of the machine falls on all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median

from scripts import bench_server
from scripts.bench_client import Conversation, Timing, run, unpacked
from scripts.bench_records import Household, households
from scripts.bench_sides import Yuanba, expect, now_ms
from scripts.bench_tablets import Plan, Tablet, tablet, unfinished

__all__ = ["Cost", "growth"]

Pair = tuple[Tablet, Tablet]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one exchange costs: median and 95th percentile of its latency, and CPU time, in ms."""

    median_ms: float
    p95_ms: float
    cpu_ms: float


@dataclass(slots=True)
class _Server:
    """A server of some size, two tablets of each of some of its grids, and what they met."""

    side: Yuanba
    pairs: Sequence[Pair]
    draw: Random
    latencies_ms: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0

    def round(self, plan: Plan, *, warm: bool) -> None:
        """Two exchanges in each grid, one of each tablet; they count if ``warm``."""
        answers: list[bytes] = []
        before = self.side.served.cpu_seconds()
        timing = run(self.side.port, [self._visits(plan, answers)])
        for answer in answers if warm else ():
            expect("edits applied", self.side.applied(answer), plan.changes)
            expect("changes pulled", self.side.rows(answer), plan.changes)
        if warm:
            self.cpu_seconds += self.side.served.cpu_seconds() - before
            self.latencies_ms.extend(timing.latencies_ms)

    def _visits(self, plan: Plan, answers: list[bytes]) -> Conversation:
        for pair in self.pairs:
            for half, one in enumerate(pair):
                records = self.draw.sample(one.households[half::2], plan.changes)
                now = now_ms()
                edits = one.edits(records, self.draw, now_ms=now)
                batch = unfinished(one.request(now_ms=now, limit=plan.limit), edits)
                answer = unpacked((yield self.side.push(one, batch)))
                self.side.heard(one, answer)
                answers.append(answer)

    def cost(self) -> Cost:
        """What its exchanges came to."""
        timing = Timing(0, self.latencies_ms, 0)
        cpu_ms = self.cpu_seconds * 1000 / len(self.latencies_ms)
        return Cost(median(self.latencies_ms), timing.percentile_ms(0.95), cpu_ms)


def growth(plan: Plan, folder: Path, *, say: Callable[[str], None]) -> dict[int, Cost]:
    """Households in the server → the cost of an exchange. The databases are made in ``folder``."""
    pairs = {size: _filled(size, plan, folder / str(size), say) for size in plan.sizes}
    with ExitStack() as stack:
        servers = {}
        for size in plan.sizes:
            served = stack.enter_context(bench_server.served(folder / str(size)))
            servers[size] = _Server(Yuanba(str(size), served), pairs[size], Random(size))
        for one in servers.values():
            _sync(one.side, one.pairs, plan)
            one.round(plan, warm=False)
        for _ in range(plan.grown_rounds):
            for one in servers.values():
                one.round(plan, warm=True)
    return {size: one.cost() for size, one in servers.items()}


def _sync(side: Yuanba, pairs: Sequence[Pair], plan: Plan) -> None:
    for pair in pairs:
        for one in pair:
            run(side.port, [side.first_sync(one, plan.limit, [])])


def _filled(size: int, plan: Plan, folder: Path, say: Callable[[str], None]) -> Sequence[Pair]:
    """Make a database of that many households; two tablets for each of some grids."""
    wanted = set(Random(size).sample(range(size // plan.grown_grid), plan.grown_pairs))
    grids: dict[int, list[Household]] = {number: [] for number in sorted(wanted)}
    start = time.monotonic()
    bench_server.fill(folder, _noting(households(size, seed=3, per_grid=plan.grown_grid), grids))
    pairs = [
        (tablet(2 * number, grid), tablet(2 * number + 1, grid))
        for number, grid in enumerate(grids.values())
    ]
    bench_server.enrol(folder, [one for pair in pairs for one in pair])
    say(f"Filled with {size:,} households in {time.monotonic() - start:.0f} s")
    return pairs


def _noting(made: Iterator[Household], grids: dict[int, list[Household]]) -> Iterator[Household]:
    """The households as they pass; those of the numbered grids are noted."""
    feed, number = None, -1
    for one in made:
        if one.feed != feed:
            feed, number = one.feed, number + 1
        if number in grids:
            grids[number].append(one)
        yield one
