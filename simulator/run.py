"""Running a scenario: as many replications, or as long, as its figures need.

Two ways to independent units. *Replications* live the scenario's time again with
other luck: for a week, which begins and ends. *Batches* cut one long run into
pieces: for a queue in its steady state. Both can stop by themselves when the
half-width of an interval is small enough; looking often makes such intervals a
little too short, so the looks are few (each at least a fifth later than the last)
and never before ``least_batches``.

Invariants
    * The same scenario, seed and settings give the same result, digest included.

>>> from simulator.scenario_file import find_scenario, read_scenario
>>> week = read_scenario(find_scenario("week"))
>>> result = run(replace(week, since=24.0, until=48.0, horizon=96.0), replications=2)
>>> result.units, result.cases["arisen"] > 10
(2, True)
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from math import ceil

import numpy as np
from numpy.typing import NDArray

from simulator.case import MEASURES, MOMENTS, Case, stage_times
from simulator.control import fast_server_controls
from simulator.engine import Simulation
from simulator.estimates import Figures, Interval, Sample, figures, interval
from simulator.keyed import Keyed
from simulator.log import CaseLog, WaitLog
from simulator.scenario import Scenario

__all__ = ["ALL", "Result", "Row", "Watched", "run"]

#: The name of the row over all classes.
ALL = "all"

#: Told how far a run is (0 … 1).
Progress = Callable[[float], None]


@dataclass(frozen=True)
class Row:
    """The figures of one measure and class; ``plain`` are those without the control."""

    measure: str
    order_class: str
    figures: Figures
    plain: Figures | None = None


@dataclass(frozen=True)
class Watched:
    """A case of the watched time, with the replication that it belongs to."""

    replication: int
    case: Case
    finished: bool


@dataclass(frozen=True)
class Result:
    """What a run gives. ``digest`` is the same whenever every case's moments are."""

    scenario: Scenario
    units: int
    rows: tuple[Row, ...]
    cases: dict[str, int]
    on_time: dict[str, Interval]
    busy: dict[str, Interval]
    events: int
    digest: str
    watched: tuple[Watched, ...] = field(default=(), repr=False)

    def row(self, measure: str, order_class: str = ALL) -> Figures:
        """Return the figures of one measure and class. Raises KeyError."""
        for row in self.rows:
            if (row.measure, row.order_class) == (measure, order_class):
                return row.figures
        raise KeyError(f"{measure} of {order_class}")


def run(
    scenario: Scenario,
    *,
    seed: int | None = None,
    replications: int | None = None,
    progress: Progress = lambda _: None,
) -> Result:
    """Run a scenario by its own method; ``seed`` and ``replications`` override its own."""
    if seed is not None:
        scenario = replace(scenario, seed=seed)
    if replications is not None:
        estimate = replace(scenario.estimate, replications=replications, half_width=None)
        scenario = replace(scenario, estimate=estimate)
    if scenario.estimate.method == "batches":
        return _run_batches(scenario, progress)
    return _run_replications(scenario, progress)


# Batches


def _run_batches(scenario: Scenario, progress: Progress) -> Result:
    estimate = scenario.estimate
    keyed = Keyed(scenario.seed)
    log = WaitLog()
    simulation = Simulation(scenario, keyed, log)
    batches = estimate.least_batches
    while True:
        needed = estimate.warm_up_cases + batches * estimate.batch
        _reach(simulation, log, needed, progress)
        rows = tuple(_batch_rows(scenario, keyed, log, batches))
        wider = max(_worst(row.figures) for row in rows) / (estimate.half_width or float("inf"))
        if wider <= 1 or batches >= estimate.most_batches:
            break
        # Half-widths fall with the root of the length; grow by a fifth to threefold.
        growth = min(max(wider**2 * 1.1, 1.2), 3.0)
        batches = min(ceil(batches * growth), estimate.most_batches)
    waits = log.waits(0, needed)
    return Result(
        scenario=scenario,
        units=batches,
        rows=rows,
        cases={"arisen": needed, "finished": needed, "censored": 0},
        on_time={},
        busy=_intervals([_busy(simulation)], estimate.level),
        events=simulation.events,
        digest=blake2b(waits.tobytes(), digest_size=16).hexdigest(),
    )


def _reach(simulation: Simulation, log: WaitLog, needed: int, progress: Progress) -> None:
    """Advance until so many cases from the first on are known."""
    rate = sum(arrivals.per_hour for arrivals in simulation.scenario.arrivals)
    while (complete := log.complete()) < needed:
        progress(complete / needed)
        simulation.advance(simulation.now + max(min(needed - complete, 50_000), 100) / rate)
    progress(1.0)


def _batch_rows(scenario: Scenario, keyed: Keyed, log: WaitLog, batches: int) -> Iterator[Row]:
    estimate = scenario.estimate
    skip = estimate.warm_up_cases
    stop = skip + batches * estimate.batch
    waits, classes = log.waits(skip, stop), log.classes(skip, stop)
    units = np.repeat(np.arange(batches), estimate.batch)
    controls = None
    if estimate.control == "fast-server":
        controls = fast_server_controls(
            scenario, keyed, skip=skip, batch=estimate.batch, batches=batches
        )
    names = [ALL] if len(scenario.classes) == 1 else [ALL, *(c.name for c in scenario.classes)]
    for name in names:
        mask = slice(None)
        chosen: slice | NDArray[np.bool_] = mask
        if name != ALL:
            chosen = classes == [c.name for c in scenario.classes].index(name)
        sample = Sample(waits[chosen], units[chosen], batches)
        with_control = figures(
            sample, level=estimate.level, percentiles=estimate.percentiles, controls=controls
        )
        plain = None
        if controls is not None:
            plain = figures(sample, level=estimate.level, percentiles=estimate.percentiles)
        yield Row("waiting", name, with_control, plain)


def _worst(found: Figures) -> float:
    """Return the largest relative half-width among all figures."""
    intervals = [found.mean, found.above_zero, *found.percentiles.values()]
    widths = [each.relative for each in intervals if each is not None and each.value]
    return max((float("inf") if width is None else width) for width in widths)


# Replications


def _run_replications(scenario: Scenario, progress: Progress) -> Result:
    estimate = scenario.estimate
    busy: list[dict[str, float]] = []
    events = 0
    watched: list[Watched] = []
    digest = blake2b(digest_size=16)
    for number in range(estimate.replications):
        log = CaseLog()
        keyed = Keyed(scenario.seed, number)
        simulation = Simulation(scenario, keyed, log)
        for day in range(24, ceil(scenario.horizon) + 24, 24):
            simulation.advance(min(float(day), scenario.horizon))
            done = min(float(day), scenario.horizon) / scenario.horizon
            progress((number + done) / estimate.replications)
        busy.append(_busy(simulation))
        events += simulation.events
        keyed.forget()
        # An order that was delivered and may be complained of later is finished so far.
        ended = [*log.finished, *(c for c in simulation.live.values() if c.delivered is not None)]
        open_cases = [c for c in simulation.live.values() if c.delivered is None]
        for cases, finished in ((ended, True), (open_cases, False)):
            watched += [
                Watched(number, case, finished)
                for case in sorted(cases)
                if scenario.since <= case.arisen < scenario.until
            ]
        for case in sorted([*log.finished, *simulation.live.values()]):
            digest.update(_line(case).encode())
    return Result(
        scenario=scenario,
        units=estimate.replications,
        rows=tuple(_rows(scenario, watched)),
        cases=_counts(watched),
        on_time=_on_time(scenario, watched),
        busy=_intervals(busy, estimate.level),
        events=events,
        digest=digest.hexdigest(),
        watched=tuple(watched),
    )


def _line(case: Case) -> str:
    """Return everything that a digest should notice of a case."""
    moments = [getattr(case, name) for name in MOMENTS]
    desk = None if case.desk is None else case.desk.id
    return f"{case.index} {case.kind} {case.grid} {desk} {case.returns} {moments!r}\n"


def _rows(scenario: Scenario, watched: list[Watched]) -> Iterator[Row]:
    """Yield figures for every measure, for all classes and for each."""
    estimate = scenario.estimate
    names = [item.name for item in scenario.classes]
    times: dict[tuple[str, str], list[tuple[float, int, bool]]] = {}
    for each in watched:
        for measure, hours, finished in stage_times(each.case, scenario.horizon):
            entry = (hours, each.replication, finished)
            times.setdefault((measure, ALL), []).append(entry)
            times.setdefault((measure, names[each.case.order_class]), []).append(entry)
    for measure in MEASURES:
        for name in (ALL, *names):
            entries = times.get((measure, name))
            if not entries:
                continue
            sample = Sample(
                times=np.array([hours for hours, _, _ in entries]),
                units=np.array([unit for _, unit, _ in entries]),
                unit_count=estimate.replications,
                finished=np.array([finished for _, _, finished in entries]),
            )
            yield Row(
                measure,
                name,
                figures(sample, level=estimate.level, percentiles=estimate.percentiles),
            )


def _counts(watched: list[Watched]) -> dict[str, int]:
    return {
        "arisen": len(watched),
        "finished": sum(each.finished for each in watched),
        "censored": sum(not each.finished for each in watched),
        "returned": sum(each.case.returns > 0 for each in watched),
        "reopened": sum(each.case.reopened > 0 for each in watched),
    }


def _on_time(scenario: Scenario, watched: list[Watched]) -> dict[str, Interval]:
    """Return the share resolved by its due time, of all that were due within the run."""
    shares: dict[str, Interval] = {}
    for number, item in enumerate(scenario.classes):
        kept: list[float] = []
        units: list[int] = []
        for each in watched:
            case = each.case
            if case.order_class != number or case.due is None or case.due > scenario.horizon:
                continue
            kept.append(float(case.resolved is not None and case.resolved <= case.due))
            units.append(each.replication)
        if kept:
            sample = Sample(np.array(kept), np.array(units), scenario.estimate.replications)
            found = figures(sample, level=scenario.estimate.level, percentiles=())
            assert found.mean is not None
            shares[item.name] = found.mean
    return shares


def _busy(simulation: Simulation) -> dict[str, float]:
    """Return the share of open time that workers of each kind of unit were busy."""
    spent: dict[str, tuple[float, float]] = {}
    centre = [] if simulation.world.centre is None else [simulation.world.centre]
    for desk in centre + simulation.world.desks:
        worked = desk.shift.worked(simulation.now)
        busy, on_duty = spent.get(desk.unit.name, (0.0, 0.0))
        busy += sum(worker.busy for worker in desk.members)
        spent[desk.unit.name] = (busy, on_duty + worked * len(desk.members))
    return {name: busy / on_duty for name, (busy, on_duty) in spent.items() if on_duty}


def _intervals(units: list[dict[str, float]], level: float) -> dict[str, Interval]:
    return {name: interval([unit[name] for unit in units], level=level) for name in units[0]}
