"""Dispatch: the server's rules, asked with what the simulated centre knows.

The point of the simulator is to measure the rules that run, so this translates
and never decides: a case becomes the rule's order, a desk its candidate, and the
first of the ranking is taken. Where a world has one desk there is nothing to ask.
"""

from server.rules.calendars import ALWAYS
from server.rules.candidates import Order, choose, route_for
from server.rules.deadlines import due
from simulator.case import Case
from simulator.scenario import Scenario
from simulator.shifts import HOUR_MS
from simulator.world import Desk, World

__all__ = ["Dispatcher"]


class Dispatcher:
    """Asks the rules about the cases of one world."""

    def __init__(self, scenario: Scenario, world: World) -> None:
        """Take the world whose desks are ranked."""
        if scenario.start.tzinfo is None:
            raise ValueError(f"scenario {scenario.name}: its start needs a zone")
        self._zone = scenario.start.tzinfo
        self._start_ms = round(scenario.start.timestamp() * 1000)
        self._name = scenario.name
        self._classes = [item.name for item in scenario.classes]
        self._world = world

    def only(self, case: Case) -> Desk | None:
        """Return the desk when there is no other to choose from."""
        asked = self._world.asked[case.grid]
        return asked[0] if len(asked) == 1 else None

    def is_open(self, case: Case) -> bool:
        """Say whether the rules leave a case open to be claimed."""
        return route_for(self._order(case)).mode == "open"

    def first(self, case: Case) -> Desk:
        """Return the desk that the rules rank first now. Raises ValueError for nobody."""
        place = self._world.places[case.grid]
        order = self._order(case)
        kinds = route_for(order).unit_kinds
        asked = [d for d in self._world.asked[case.grid] if d.unit.unit_kind in kinds]
        ranked = choose(order, [desk.candidate(place) for desk in asked])
        if not ranked:
            raise ValueError(f"scenario {self._name}: nobody can take {case.kind} orders")
        name = ranked[0].candidate.id
        return next(desk for desk in asked if desk.id == name)

    def due(self, case: Case, desk: Desk) -> float:
        """Return when a case must be done, in hours since the start."""
        assert case.first_dispatched is not None
        started_ms = self._start_ms + round(case.first_dispatched * HOUR_MS)
        calendar = desk.unit.calendar or ALWAYS
        name = self._classes[case.order_class]
        when = due(case.kind, name, started_ms, calendar, self._zone)
        return (when.done - self._start_ms) / HOUR_MS

    def _order(self, case: Case) -> Order:
        place = self._world.places[case.grid]
        return Order(
            kind=case.kind,
            order_class=self._classes[case.order_class],
            street=place.street,
            grid=place.name,
            business=frozenset() if case.business is None else frozenset({case.business}),
            tried=case.tried,
        )
