"""The world of a run: places, origins of needs, desks and their workers.

The scenario says how many of each there are; this lays them out, once, with
keyed draws for where a unit stands and how many live in a grid. What moves is
in ``simulator.engine``; here is who and where.

Invariants
    * The same scenario and seed lay out the same world; one unit more moves none
      of the others.

Distances are in kilometres, along streets (a third longer than the straight line).
"""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from simpy import Event

from server.rules.candidates import Candidate
from simulator.case import Case
from simulator.distributions import Lognormal
from simulator.keyed import Draws, Keyed
from simulator.scenario import Arrivals, Grids, Scenario, Unit
from simulator.shifts import Shift

__all__ = ["Choice", "Desk", "Heap", "Origin", "Place", "Worker", "World"]

_DETOUR: Final = 1.3

#: Waiting orders of one level of priority, the earliest due first.
Heap = list[tuple[float, Case]]


class Choice:
    """A choice among the numbers 0 … n - 1, by weight.

    >>> Choice([1.0, 3.0]).of(0.2), Choice([1.0, 3.0]).of(0.3)
    (0, 1)
    """

    def __init__(self, weights: list[float]) -> None:
        """Take one weight for each."""
        total = sum(weights)
        self.is_fixed = len(weights) == 1
        self._edges = [edge / total for edge in accumulate(weights)][:-1]

    def of(self, uniform: float) -> int:
        """Return what a uniform number falls on."""
        return bisect_right(self._edges, uniform)


@dataclass(frozen=True)
class Place:
    """A grid: where it is, to which street and community it belongs, how many live there."""

    name: str
    street: str
    community: str
    x_km: float
    y_km: float
    people: float


class Origin:
    """A source of needs, with the streams of all that is decided about its cases."""

    def __init__(self, spec: Arrivals, scenario: Scenario, keyed: Keyed) -> None:
        """Take what the scenario says of it."""

        def stream(decision: str) -> str:
            return f"{spec.name}/{decision}"

        names = [item.name for item in scenario.classes]
        self.spec = spec
        self.kinds = tuple(spec.kinds)
        self.kind = Choice(list(spec.kinds.values()))
        self.kind_draws = keyed.stream(stream("kind"))
        self.businesses = tuple(spec.business)
        self.business = Choice(list(spec.business.values())) if spec.business else None
        self.business_draws = keyed.stream(stream("business"))
        self.classes = tuple(names.index(name) for name in spec.classes)
        self.order_class = Choice(list(spec.classes.values()))
        self.class_draws = keyed.stream(stream("class"))
        self.grid_draws = keyed.stream(stream("grid"))
        self.reporting = keyed.draws(stream("reporting"), spec.reporting)
        self.uploading = keyed.draws(stream("uploading"), spec.uploading)
        self.claiming = keyed.draws(stream("claiming"), scenario.claiming)
        self.delivering = keyed.draws(stream("delivering"), scenario.delivering)
        self.reading = keyed.draws(stream("reading"), scenario.reading)
        self.complaining = keyed.draws(stream("complaining"), scenario.complaining)
        self.returning = keyed.stream(stream("returning"))
        self.reopening = keyed.stream(stream("reopening"))
        self.efforts = [
            keyed.draws(stream(f"effort/{item.name}"), item.effort) for item in scenario.classes
        ]
        self.handlings = [
            keyed.draws(stream(f"handling/{item.name}"), item.handling) for item in scenario.classes
        ]
        self.phones = [
            None if item.phone is None else keyed.draws(stream(f"phone/{item.name}"), item.phone)
            for item in scenario.classes
        ]
        self.travels = {
            unit.name: keyed.draws(stream(f"travel/{unit.name}"), unit.travel)
            for unit in scenario.units
        }
        self.classifying: Draws | None = None
        if scenario.centre is not None:
            self.classifying = keyed.draws(stream("classifying"), scenario.centre.effort)


@dataclass(slots=True, eq=False)
class Worker:
    """A person who takes orders.

    ``heaps`` holds what they know of, one heap per level of priority; for those
    who are always online it is their desk's. ``results`` wait for the next sync.
    """

    number: int
    desk: "Desk"
    heaps: list[Heap]
    wake: Event | None = None
    results: list[Case] = field(default_factory=list)
    visits_due: int = 0
    visits_made: int = 0
    busy: float = 0.0
    handled: int = 0


@dataclass(slots=True, eq=False)
class Desk:
    """A unit's desk: orders that wait, and the workers who take them.

    ``untold`` are orders sent to a desk whose workers have not synced since.
    """

    id: str
    unit: Unit
    shift: Shift
    place: Place
    street: str | None
    grid: str | None
    business: frozenset[str]
    heaps: list[Heap]
    untold: list[Heap]
    online: bool
    members: list[Worker] = field(default_factory=list)
    idle: deque[Worker] = field(default_factory=deque)
    is_open: bool = True
    load: int = 0

    def candidate(self, at: Place) -> Candidate:
        """Return the desk as the dispatch rule sees it, for an order at a place."""
        return Candidate(
            id=self.id,
            unit_kind=self.unit.unit_kind,
            street=self.street,
            grid=self.grid,
            business=self.business,
            load=self.load,
            members=self.unit.members,
            distance_m=self.distance_km(at) * 1000,
        )

    def distance_km(self, at: Place) -> float:
        """Return how far the desk is from a place."""
        return _DETOUR * math.hypot(self.place.x_km - at.x_km, self.place.y_km - at.y_km)


class World:
    """Everything that stands still: places, origins, desks and their workers."""

    def __init__(self, scenario: Scenario, keyed: Keyed) -> None:
        """Lay out a scenario's world."""
        self.scenario = scenario
        self.places = _places(scenario.grids, keyed)
        self.by_people = Choice([place.people for place in self.places])
        self.origins = [Origin(spec, scenario, keyed) for spec in scenario.arrivals]
        priorities = sorted({item.priority for item in scenario.classes})
        self.levels = [priorities.index(item.priority) for item in scenario.classes]
        self.level_count = len(priorities)
        #: Orders of these first levels are told by telephone and taken at any hour.
        self.on_call = len({c.priority for c in scenario.classes if c.phone is not None})
        self._shifts: dict[str, Shift] = {}
        self._workers = 0
        self.centre = None
        if scenario.centre is not None:
            self.centre = self._desk("centre", scenario.centre, self.places[0], None, None, 0)
        self.desks = [desk for unit in scenario.units for desk in self._desks(unit, keyed)]
        self.asked = self._asked()

    def _asked(self) -> list[list[Desk]]:
        """Return for each grid the desks that an order there could go to."""
        everywhere = [desk for desk in self.desks if desk.grid is None]
        own: Mapping[str, list[Desk]] = {place.name: [] for place in self.places}
        for desk in self.desks:
            if desk.grid is not None:
                own[desk.grid].append(desk)
        return [everywhere + own[place.name] for place in self.places]

    def _desks(self, unit: Unit, keyed: Keyed) -> list[Desk]:
        """Make a unit's desks: one for the county, or one for each street, grid and so on."""
        sites = keyed.stream(f"site/{unit.name}")
        desks: list[Desk] = []
        groups: dict[str, list[Place]] = {}
        for place in self.places:
            key = {"county": "", "street": place.street, "community": place.community}
            groups.setdefault(key.get(unit.sharing, place.name), []).append(place)
        for name, places in groups.items():
            for _ in range(unit.count):
                number = len(desks)
                site = places[int(sites.at(number) * len(places))]
                street = None if unit.sharing == "county" else site.street
                grid = name if unit.sharing == "grid" else None
                desks.append(self._desk(f"{unit.name}-{number}", unit, site, street, grid, number))
        return desks

    def _desk(
        self, name: str, unit: Unit, site: Place, street: str | None, grid: str | None, number: int
    ) -> Desk:
        business = unit.business
        desk = Desk(
            id=name,
            unit=unit,
            shift=self._shift(unit),
            place=site,
            street=street,
            grid=grid,
            business=frozenset(business[number % len(business) :][:1]) if business else frozenset(),
            heaps=self._heaps(),
            untold=self._heaps(),
            online=unit.syncs is None,
        )
        for _ in range(unit.members):
            heaps = desk.heaps if desk.online else self._heaps()
            desk.members.append(Worker(self._workers, desk, heaps))
            self._workers += 1
        return desk

    def _heaps(self) -> list[Heap]:
        return [[] for _ in range(self.level_count)]

    def _shift(self, unit: Unit) -> Shift:
        """Return the shift of a unit's calendar; desks with the same hours share it."""
        if unit.calendar is None:
            return self._shifts.setdefault("", Shift.always())
        name = unit.calendar.name
        if name not in self._shifts:
            scenario = self.scenario
            self._shifts[name] = Shift.of(unit.calendar, scenario.start, scenario.horizon)
        return self._shifts[name]


def _places(grids: Grids, keyed: Keyed) -> list[Place]:
    """Lay the grids out as squares, row by row, the streets side by side."""
    width = max(1, math.isqrt(grids.grids))
    sizes = [1.0] * grids.grids
    if grids.spread:
        draws = keyed.draws("grid/people", Lognormal(1.0, grids.spread))
        sizes = draws.first(grids.grids)
    total = sum(sizes)
    places = []
    for number, size in enumerate(sizes):
        community = number * grids.communities // grids.grids
        street = community * grids.streets // grids.communities
        column, row = number // width, number % width
        places.append(
            Place(
                name=f"g{number + 1}",
                street=f"s{street + 1}",
                community=f"c{community + 1}",
                x_km=column * grids.side_km,
                y_km=row * grids.side_km,
                people=grids.people * size / total,
            )
        )
    return places
