"""The run: cases, workers and tablets on a virtual clock.

SimPy keeps the time and the long-lived processes (arrivals, workers, tablets'
exchanges, opening hours), and nothing else: its own resources sort their whole
list for every request, so backlogs are heaps here, one for each level of
priority. A case is no process; it is handed from step to step, and a step that
takes no time takes no event. So the same code runs a county's week and, stripped
by a scenario to five servers and one queue, some 150,000 cases of M/M/5 a second.

Where an order goes and when it is due is decided by ``server.rules``. A worker who
is offline learns of an order at the next sync, whatever its dispatch says, and
its result is known only at a sync again.

Invariants
    * A case's moments never decrease.
    * Every case that arose is finished or in ``live``: none is dropped.
    * All chance comes from keyed streams; nothing depends on the order of a set.

This module never reads a wall clock.
"""

from collections.abc import Callable, Generator
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

from simpy import Environment, Event

from server.rules.workflow import may_return
from simulator.arrivals import arrival_moments
from simulator.case import Case
from simulator.dispatch import Dispatcher
from simulator.keyed import Keyed
from simulator.scenario import Scenario
from simulator.shifts import Shift
from simulator.world import Desk, Heap, Origin, Worker, World

__all__ = ["Log", "Simulation"]

#: How often one case can be reopened; then it goes to a meeting, outside this model.
_MOST_REOPENINGS = 2


class Log(Protocol):
    """Who is told of finished cases."""

    def finish(self, case: Case) -> None:
        """Take a case whose result was delivered for good."""


Process = Generator[Event, None, None]


class Simulation:
    """One run of one scenario: build it, ``advance`` it, look at it."""

    def __init__(self, scenario: Scenario, keyed: Keyed, log: Log) -> None:
        """Lay out the world and start its processes at time zero."""
        self.scenario = scenario
        self.world = World(scenario, keyed)
        self.live: dict[int, Case] = {}
        self.arisen = 0
        self._log = log
        self._env = Environment()
        self._dispatcher = Dispatcher(scenario, self.world)
        self._class_names = [item.name for item in scenario.classes]
        self._gaps = {
            unit.name: keyed.draws(f"sync/{unit.name}", unit.syncs)
            for unit in scenario.units
            if unit.syncs is not None
        }
        self._phases = keyed.stream("sync/phase")
        self._visits_of = {
            unit.name: keyed.draws(f"visit/{unit.name}", unit.visit) for unit in scenario.units
        }
        for origin in self.world.origins:
            self._env.process(self._arrive(origin, keyed))
        self._start_desks()

    @property
    def now(self) -> float:
        """Hours since the start."""
        return float(self._env.now)

    @property
    def events(self) -> int:
        """How many events were scheduled. SimPy counts them, and shows it only as text."""
        return int(str(self._env._eid).removeprefix("count(").removesuffix(")"))

    def advance(self, until: float) -> None:
        """Run to a moment."""
        self._env.run(until=until)

    # Starting

    def _start_desks(self) -> None:
        by_shift: dict[int, tuple[Shift, list[Desk]]] = {}
        centre = [] if self.world.centre is None else [self.world.centre]
        for desk in centre + self.world.desks:
            if not desk.shift.always_open:
                desk.is_open = False
                by_shift.setdefault(id(desk.shift), (desk.shift, []))[1].append(desk)
        # Hours first: at an opening the doors are open before anybody comes.
        for shift, desks in by_shift.values():
            self._env.process(self._keep_hours(shift, desks))
        for desk in centre:
            for worker in desk.members:
                self._env.process(self._classify_cases(worker))
        for desk in self.world.desks:
            for worker in desk.members:
                self._env.process(self._work(worker))
                if not desk.online:
                    self._env.process(self._sync(worker))

    # A need arises, and comes to the information centre

    def _arrive(self, origin: Origin, keyed: Keyed) -> Process:
        env = self._env
        timeout = env.timeout
        moments = arrival_moments(origin.spec, keyed, self.scenario.start)
        for number, at in enumerate(moments):
            yield timeout(max(0.0, at - env.now))
            self._arise(origin, number)

    def _arise(self, origin: Origin, number: int) -> None:
        world = self.world
        place = 0
        if not origin.order_class.is_fixed:
            place = origin.order_class.of(origin.class_draws.at(number))
        order_class = origin.classes[place]
        case = Case(
            self.arisen, number, origin, world.levels[order_class], order_class, self._env.now
        )
        if not origin.kind.is_fixed:
            case.kind = origin.kinds[origin.kind.of(origin.kind_draws.at(number))]
        else:
            case.kind = origin.kinds[0]
        if not world.by_people.is_fixed:
            case.grid = world.by_people.of(origin.grid_draws.at(number))
        if origin.business is not None:
            case.business = origin.businesses[origin.business.of(origin.business_draws.at(number))]
        self.live[case.index] = case
        self.arisen += 1
        if origin.reporting.is_zero:
            self._report(case)
        else:
            self._after(origin.reporting.at(number), self._report, case)

    def _report(self, case: Case) -> None:
        case.reported = self._env.now
        uploading = case.origin.uploading
        if uploading.is_zero:
            self._receive(case)
        else:
            self._after(uploading.at(case.number), self._receive, case)

    def _receive(self, case: Case) -> None:
        case.received = self._env.now
        self._to_centre(case)

    def _to_centre(self, case: Case) -> None:
        centre = self.world.centre
        if centre is None:
            self._classify(case)
            return
        heappush(centre.heaps[case.level], (self._env.now, case))
        if centre.idle and (centre.is_open or case.level < self.world.on_call):
            self._rouse(centre.idle.popleft())

    def _classify_cases(self, worker: Worker) -> Process:
        env, desk = self._env, worker.desk
        while True:
            case = self._next(worker)
            if case is None:
                yield self._rest(worker)
                continue
            draws = case.origin.classifying
            assert draws is not None
            effort = draws.at(case.number, case.passes)
            worker.busy += effort
            worker.handled += 1
            yield env.timeout(self._span(desk, case, effort))
            self._classify(case)

    # Dispatch, by the server's own rules

    def _classify(self, case: Case) -> None:
        case.classified = case.dispatched = self._env.now
        if case.first_dispatched is None:
            case.first_dispatched = case.dispatched
        only, first = self._dispatcher.only(case), self._dispatcher.first
        if only is not None:
            self._send(case, only)
        elif self._dispatcher.is_open(case):
            claimed = case.origin.claiming.at(case.number, case.passes)
            self._after(claimed, lambda open_case: self._send(open_case, first(open_case)), case)
        else:
            self._send(case, first(case))

    def _send(self, case: Case, desk: Desk) -> None:
        case.desk = desk
        desk.load += 1
        if self.scenario.deadlines and case.due is None:
            case.due = self._dispatcher.due(case, desk)
        phone = case.origin.phones[case.order_class]
        if phone is not None:
            self._after(phone.at(case.number, case.passes), self._tell, case)
        elif desk.online:
            heappush(desk.heaps[case.level], (case.due or self._env.now, case))
            if desk.is_open:
                case.learned = self._env.now
                if desk.idle:
                    self._rouse(desk.idle.popleft())
        else:
            heappush(desk.untold[case.level], (case.due or self._env.now, case))

    def _tell(self, case: Case) -> None:
        """Tell somebody by telephone: who is free, else who has least in hand."""
        desk = case.desk
        assert desk is not None
        case.learned = self._env.now
        entry = (case.due or self._env.now, case)
        if desk.online:
            heappush(desk.heaps[case.level], entry)
            if desk.idle:
                self._rouse(desk.idle.popleft())
            return
        worker = min(
            desk.members,
            key=lambda member: (member.wake is None, sum(map(len, member.heaps)), member.number),
        )
        heappush(worker.heaps[case.level], entry)
        if worker.wake is not None:
            self._rouse(worker)

    # Workers

    def _next(self, worker: Worker) -> Case | None:
        """Take the most pressing order that a worker knows of and may begin now."""
        heaps = worker.heaps if worker.desk.is_open else worker.heaps[: self.world.on_call]
        for heap in heaps:
            if heap:
                return heappop(heap)[1]
        return None

    def _rest(self, worker: Worker) -> Event:
        worker.wake = self._env.event()
        if worker.desk.online:
            worker.desk.idle.append(worker)
        return worker.wake

    def _rouse(self, worker: Worker) -> None:
        assert worker.wake is not None
        worker.wake.succeed()
        worker.wake = None

    def _span(self, desk: Desk, case: Case, work: float) -> float:
        """Return how long work takes: on call it goes on through the night."""
        if desk.shift.always_open or case.level < self.world.on_call:
            return work
        return desk.shift.span(self._env.now, work)

    def _work(self, worker: Worker) -> Process:
        env, desk, scenario = self._env, worker.desk, self.scenario
        while True:
            case = self._next(worker)
            if case is None:
                if worker.visits_due and desk.is_open:
                    yield env.timeout(self._visit(worker))
                else:
                    yield self._rest(worker)
                continue
            case.accepted = env.now
            if case.learned is None:
                case.learned = env.now
            worker.handled += 1
            if scenario.returning and self._is_returned(case):
                reading = case.origin.reading.at(case.number, case.passes)
                worker.busy += reading
                yield env.timeout(self._span(desk, case, reading))
                self._return(case)
                continue
            if case.begun is None:
                case.begun = case.accepted
            if scenario.on_site and case.kind in scenario.on_site:
                travel = self._travel(case, desk)
                worker.busy += travel
                yield env.timeout(self._span(desk, case, travel))
            case.arrived = env.now
            effort = case.origin.efforts[case.order_class].at(case.number, case.passes)
            worker.busy += effort
            yield env.timeout(self._span(desk, case, effort))
            self._leave(case, worker)

    def _travel(self, case: Case, desk: Desk) -> float:
        km = desk.distance_km(self.world.places[case.grid])
        draws = case.origin.travels[desk.unit.name]
        return draws.at(case.number, case.passes) + km * desk.unit.km_h

    def _visit(self, worker: Worker) -> float:
        """Make a home visit: what grid workers do when no order presses."""
        draws = self._visits_of[worker.desk.unit.name]
        hours = draws.at(worker.visits_made, worker.number)
        worker.visits_due -= 1
        worker.visits_made += 1
        worker.busy += hours
        return hours

    def _leave(self, case: Case, worker: Worker) -> None:
        """End the work on site; the matter itself may take longer than the worker's part."""
        handling = case.origin.handlings[case.order_class]
        if handling.is_zero:
            self._resolve(case, worker)
            return
        assert case.arrived is not None
        ready = case.arrived + handling.at(case.number, case.passes)
        if case.level >= self.world.on_call:
            ready = worker.desk.shift.next_open(ready)
        self._after(ready - self._env.now, lambda ended: self._resolve(ended, worker), case)

    # Returns, results, reopenings

    def _is_returned(self, case: Case) -> bool:
        if not may_return(self._class_names[case.order_class], case.returns):
            return False
        return case.origin.returning.at(case.number, case.returns) < self.scenario.returning

    def _return(self, case: Case) -> None:
        assert case.desk is not None
        case.desk.load -= 1
        case.tried = case.tried | {case.desk.id}
        case.returns += 1
        case.begin_pass(self._env.now)
        self._to_centre(case)

    def _resolve(self, case: Case, worker: Worker) -> None:
        case.resolved = self._env.now
        worker.desk.load -= 1
        if worker.desk.online:
            self._deliver(case)
        else:
            worker.results.append(case)

    def _deliver(self, case: Case) -> None:
        delivering = case.origin.delivering
        if delivering.is_zero:
            self._delivered(case)
        else:
            self._after(delivering.at(case.number, case.passes), self._delivered, case)

    def _delivered(self, case: Case) -> None:
        case.delivered = self._env.now
        if self.scenario.reopening and self._is_reopened(case):
            delay = case.origin.complaining.at(case.number, case.passes)
            self._after(delay, self._reopen, case)
            return
        del self.live[case.index]
        self._log.finish(case)

    def _is_reopened(self, case: Case) -> bool:
        if case.reopened >= _MOST_REOPENINGS:
            return False
        return case.origin.reopening.at(case.number, case.reopened) < self.scenario.reopening

    def _reopen(self, case: Case) -> None:
        case.reopened += 1
        case.begin_pass(self._env.now)
        self._to_centre(case)

    # Tablets and opening hours

    def _sync(self, worker: Worker) -> Process:
        env, desk = self._env, worker.desk
        gaps = self._gaps[desk.unit.name]
        at_night = desk.unit.syncs_at_night
        # The first gap is cut short, or all tablets would sync in step.
        gap = gaps.at(0, worker.number) * self._phases.at(worker.number)
        for number in count(1):
            yield env.timeout(gap if at_night else desk.shift.span(env.now, gap))
            self._exchange(worker)
            gap = gaps.at(number, worker.number)

    def _exchange(self, worker: Worker) -> None:
        """Hand in results, and learn of orders."""
        desk, now = worker.desk, self._env.now
        results, worker.results = worker.results, []
        for case in results:
            self._deliver(case)
        room = desk.unit.hand if len(desk.members) > 1 else None
        for untold, heap in zip(desk.untold, worker.heaps, strict=True):
            while untold and room != 0:
                entry = heappop(untold)
                entry[1].learned = now
                heappush(heap, entry)
                room = None if room is None else room - 1
        if worker.wake is not None and any(worker.heaps):
            self._rouse(worker)

    def _keep_hours(self, shift: Shift, desks: list[Desk]) -> Process:
        env = self._env
        today = -1
        for begin, end in shift.spans:
            yield env.timeout(max(0.0, begin - env.now))
            for desk in desks:
                self._open(desk, new_day=int(begin // 24) != today)
            today = int(begin // 24)
            yield env.timeout(max(0.0, end - env.now))
            for desk in desks:
                desk.is_open = False

    def _open(self, desk: Desk, *, new_day: bool) -> None:
        desk.is_open = True
        if desk is not self.world.centre:
            for heap in desk.heaps:
                _learn(heap, self._env.now)
        desk.idle.clear()
        for worker in desk.members:
            if new_day:
                worker.visits_due = desk.unit.visits
            if worker.wake is not None:
                self._rouse(worker)

    def _after(self, delay: float, step: Callable[[Case], None], case: Case) -> None:
        """Take a step after a delay. A plain callback: a process for each case costs double."""
        if delay <= 0:
            step(case)
            return
        timeout = self._env.timeout(delay)
        assert timeout.callbacks is not None
        timeout.callbacks.append(lambda _: step(case))


def _learn(heap: Heap, now: float) -> None:
    """Read what came in while the desk was closed."""
    for _, case in heap:
        if case.learned is None:
            case.learned = now
