"""What is measured: W1, W2, W3, and what an exchange costs as the server fills up.

The machine is shared and noisy, so what is compared is measured in turn, within
seconds of each other, again and again; the figure is the median.

W1
    One tablet reads its grid of 10,000 households from nothing, in answers of up to 5,000.
    The clock runs until the last answer is unpacked and parsed.
W2
    One tablet pushes 10,000 edits of one field, in batches of 500, each batch a gzip body
    and one durable commit; then eight tablets at once, each in a grid of its own.
W3
    200 tablets, each an exchange that pulls the last 20 changes of its grid, over eight
    connections. A sitting is one exchange of each tablet, on connections opened anew, for how
    these fall to a server's processes is a matter of luck and matters much: if all eight come
    to lie in one process of eight threads, the floor does a third of what it does otherwise.
    A repeat is ten sittings, and its rate that of all their exchanges in all their time.

What an exchange costs as the server fills up is measured in ``scripts.bench_growth``, how fast
the explorer plays in ``scripts.bench_explore``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median

from scripts import bench_floor, bench_server
from scripts.bench_client import Conversation, Timing, each, run
from scripts.bench_explore import Explored, explored
from scripts.bench_growth import Cost, growth
from scripts.bench_sides import Floor, Side, Yuanba, expect, floor_command, now_ms, serving
from scripts.bench_tablets import County, Plan, Tablet

Say = Callable[[str], None]

FLOORS = {"floor": (2, 8), "floor 2×2": (2, 2)}
"""Name of a floor → its processes and threads. The first is the one that ratios are taken of:
two workers of eight threads are what such an application is ordinarily served by. The second
has the threads that Yuanba has, for comparison."""

OURS = "yuanba"

WORKLOADS = ("w1", "w2", "w3")


@dataclass(slots=True)
class Figures:
    """What one side did, by repeat: seconds, rates a second, latencies in ms."""

    first_sync_s: list[float] = field(default_factory=list)
    first_sync_bytes: int = 0
    edits_per_s: list[float] = field(default_factory=list)
    edits_per_s_at_once: list[float] = field(default_factory=list)
    quiet_per_s: list[float] = field(default_factory=list)
    quiet_ms: list[float] = field(default_factory=list)
    cpu_ms: dict[str, list[float]] = field(default_factory=dict)

    def percentile_ms(self, share: float) -> float:
        """The latency that ``share`` of all quiet exchanges stayed below."""
        return Timing(0, self.quiet_ms, 0).percentile_ms(share)

    def cpu(self, what: str) -> float:
        """The median of the server's CPU time, in ms for each record, edit or exchange."""
        return median(self.cpu_ms.get(what, [0.0]))


class Workloads:
    """Runs the workloads on each side in turn."""

    def __init__(self, plan: Plan, county: County, sides: Sequence[Side]) -> None:
        self.plan = plan
        self.county = county
        self.sides = sides
        self.figures = {side.name: Figures() for side in sides}
        self._round = 0

    def warm_up(self) -> None:
        """Let every tablet make its first sync; every worker has then answered before."""
        for side in self.sides:
            tablets = iter(self.county.tablets)
            run(side.port, [self._syncs(side, tablets) for _ in range(self.plan.connections)])

    def _syncs(self, side: Side, tablets: Iterator[Tablet]) -> Conversation:
        for one in tablets:
            yield from side.first_sync(one, self.plan.limit, [])

    def w1(self) -> None:
        """First sync."""
        tablet, plan = self.county.first, self.plan
        for side in self.sides:
            told: list[int] = []
            timing = self._timed(
                side, "w1", [side.first_sync(tablet, plan.limit, told)], plan.first_sync
            )
            expect(f"{side.name}: records of a first sync", sum(told), len(tablet.households))
            figures = self.figures[side.name]
            figures.first_sync_s.append(timing.seconds)
            figures.first_sync_bytes = timing.body_bytes

    def w2(self) -> None:
        """Edits, by one tablet and by several at once."""
        one = self._edits([self.county.editor], self.plan.edits, "w2")
        several = self._edits(self.county.editors, self.plan.edits_each, "w2 at once")
        for side in self.sides:
            self.figures[side.name].edits_per_s.append(one[side.name])
            self.figures[side.name].edits_per_s_at_once.append(several[side.name])

    def _edits(self, tablets: Sequence[Tablet], count: int, what: str) -> dict[str, float]:
        """Name of the side → edits a second. The same edits go to every side."""
        self._round += 1
        draw = Random(self._round)
        batches = [one.batches(count, self.plan, draw, now_ms=now_ms()) for one in tablets]
        rates = {}
        for side in self.sides:
            answers: list[bytes] = []
            talks = [side.edits(*pair, answers) for pair in zip(tablets, batches, strict=True)]
            total = count * len(tablets)
            timing = self._timed(side, what, talks, total)
            expect(f"{side.name}: edits applied", sum(map(side.applied, answers)), total)
            rates[side.name] = total / timing.seconds
        return rates

    def w3(self) -> None:
        """Quiet exchanges."""
        seconds = dict.fromkeys(self.figures, 0.0)
        for _ in range(self.plan.sittings):
            for side in self.sides:
                seconds[side.name] += self._sitting(side)
        for name, figures in self.figures.items():
            done = self.plan.sittings * len(self.county.quiet)
            figures.quiet_per_s.append(done / seconds[name])

    def _sitting(self, side: Side) -> float:
        """One exchange of each quiet tablet; how long it took, in seconds."""
        plan = self.plan
        requests = [side.quiet(one, plan.changes) for one in self.county.quiet]
        answers: list[bytes] = []
        shared = iter(requests)
        talks = [each(shared, answers) for _ in range(plan.connections)]
        timing = self._timed(side, "w3", talks, len(requests))
        for answer in answers:
            expect(f"{side.name}: changes", side.rows(answer), plan.changes)
        self.figures[side.name].quiet_ms.extend(timing.latencies_ms)
        return timing.seconds

    def _timed(self, side: Side, what: str, talks: Sequence[Conversation], count: int) -> Timing:
        before = side.served.cpu_seconds()
        timing = run(side.port, talks)
        used = (side.served.cpu_seconds() - before) * 1000 / count
        self.figures[side.name].cpu_ms.setdefault(what, []).append(used)
        return timing


@dataclass(slots=True)
class Measured:
    """Everything that was measured. ``growth``: households in the server → cost of an exchange.

    ``explored``: how fast the explorer plays.
    """

    plan: Plan
    repeat: int
    figures: dict[str, Figures] = field(default_factory=dict)
    growth: dict[int, Cost] = field(default_factory=dict)
    explored: Explored | None = None


def measure(plan: Plan, folder: Path, *, parts: Collection[str], repeat: int, say: Say) -> Measured:
    """Measure the parts (w1, w2, w3, growth, explore) with databases in ``folder``."""
    measured = Measured(plan, repeat)
    if set(parts) & set(WORKLOADS):
        measured.figures = _workloads(plan, folder, parts, repeat, say)
    if "growth" in parts:
        measured.growth = growth(plan, folder, say=say)
    if "explore" in parts:
        measured.explored = explored(plan, repeat=repeat, say=say)
    return measured


def _workloads(
    plan: Plan, folder: Path, parts: Collection[str], repeat: int, say: Say
) -> dict[str, Figures]:
    county = County.of(plan)
    say("Filling databases: one for Yuanba, one for each floor")
    bench_server.fill(folder / OURS, county.households())
    bench_server.enrol(folder / OURS, county.tablets)
    with ExitStack() as stack:
        sides: list[Side] = []
        for number, (name, (workers, threads)) in enumerate(FLOORS.items()):
            path = folder / f"floor{number}.db"
            bench_floor.fill(path, county.households())
            command = floor_command(path, workers=workers, threads=threads)
            sides.append(Floor(name, stack.enter_context(serving(command))))
        sides.append(Yuanba(OURS, stack.enter_context(bench_server.served(folder / OURS))))
        workloads = Workloads(plan, county, sides)
        workloads.warm_up()
        for number in range(repeat):
            say(f"Repeat {number + 1} of {repeat}")
            for part in WORKLOADS:
                if part in parts:
                    getattr(workloads, part)()
        return workloads.figures
