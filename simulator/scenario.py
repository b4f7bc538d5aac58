"""Scenarios: everything a run depends on, as one frozen value.

A scenario is written by people who plan, in TOML, and read by every fidelity of
the simulator. It must therefore say all of the world (people, needs, units, hours,
connectivity, luck) and nothing of how the world is run. The reader is in
``simulator.scenario_file``; this is what it makes.

All durations are hours. Invariants, refused with a sentence when broken:
    * Classes told by telephone come before the others in priority.
    * At least one unit can be given orders.

>>> Grids(streets=1, communities=1, grids=1, households=10, people=28).people
28
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from server.rules.calendars import Calendar
from simulator.distributions import ZERO, Distribution

__all__ = [
    "CONTROLS",
    "METHODS",
    "SHARING",
    "Arrivals",
    "Estimate",
    "Grids",
    "OrderClass",
    "Profile",
    "Scenario",
    "Surge",
    "Unit",
]

#: How often a kind of unit exists: once for the county, or once for each of these.
SHARING = ("county", "street", "community", "grid")
METHODS = ("replications", "batches")
CONTROLS = ("none", "fast-server")


@dataclass(frozen=True)
class Grids:
    """How many places there are, and who lives there."""

    streets: int
    communities: int
    grids: int
    households: int
    people: int
    #: Spread of the logarithm of a grid's households.
    spread: float = 0.0
    #: Length of a grid's side, in kilometres.
    side_km: float = 0.4


@dataclass(frozen=True)
class OrderClass:
    """A class of orders: who goes first, how they are told, how long it takes.

    ``effort`` keeps a worker busy, in working time (wall time when told by
    ``phone``). ``handling`` is how long the matter takes on the whole, waiting for
    parts and others included; the worker does other things meanwhile.
    """

    name: str
    priority: int
    effort: Distribution
    handling: Distribution = ZERO
    phone: Distribution | None = None


@dataclass(frozen=True)
class Surge:
    """A time of more needs than usual: their rate times a factor."""

    since: float
    until: float
    factor: float


@dataclass(frozen=True)
class Profile:
    """Relative rates by hour of the day, day of the week (Monday first) and month."""

    hours: tuple[float, ...] = ()
    weekdays: tuple[float, ...] = ()
    months: tuple[float, ...] = ()

    @property
    def is_flat(self) -> bool:
        """Whether the rate is the same at any time."""
        return not (self.hours or self.weekdays or self.months)


@dataclass(frozen=True)
class Arrivals:
    """A source of needs: how many, when, of what kinds, and how they come in."""

    name: str
    per_hour: float
    kinds: Mapping[str, float]
    classes: Mapping[str, float]
    business: Mapping[str, float] = field(default_factory=dict)
    reporting: Distribution = ZERO
    uploading: Distribution = ZERO
    profile: Profile = Profile()
    surges: tuple[Surge, ...] = ()


@dataclass(frozen=True)
class Unit:
    """A kind of unit and its workers; the information centre is one of them.

    ``syncs`` None means always online; else it is the open time between two
    exchanges of a worker's tablet. ``hand`` bounds how many orders one worker of
    several takes along from one exchange. ``calendar`` None never closes.
    """

    name: str
    unit_kind: str
    sharing: str
    count: int
    members: int
    calendar: Calendar | None = None
    syncs: Distribution | None = None
    syncs_at_night: bool = False
    hand: int | None = None
    business: tuple[str, ...] = ()
    effort: Distribution = ZERO
    travel: Distribution = ZERO
    km_h: float = 0.0
    visits: int = 0
    visit: Distribution = ZERO


@dataclass(frozen=True)
class Estimate:
    """How the figures are made: by replications of a week, or batches of a long run.

    ``half_width`` is relative; None means as many replications as said. A run by
    batches grows until every target's half-width is within it.
    """

    method: str = "replications"
    level: float = 0.95
    half_width: float | None = None
    percentiles: tuple[float, ...] = (50.0, 90.0, 95.0)
    replications: int = 10
    batch: int = 10_000
    least_batches: int = 50
    most_batches: int = 5_000
    warm_up_cases: int = 20_000
    control: str = "none"


@dataclass(frozen=True)
class Scenario:
    """One world, with how long it is watched.

    Cases that arise in [``since``, ``until``) are measured; the run goes on to
    ``horizon``, with new cases arising all the time, so that theirs are the usual
    circumstances. What is unfinished at the horizon is censored.
    """

    name: str
    title: tuple[str, str]
    seed: int
    start: datetime
    since: float
    until: float
    horizon: float
    grids: Grids
    classes: tuple[OrderClass, ...]
    arrivals: tuple[Arrivals, ...]
    units: tuple[Unit, ...]
    centre: Unit | None = None
    estimate: Estimate = Estimate()
    on_site: frozenset[str] = frozenset()
    deadlines: bool = True
    claiming: Distribution = ZERO
    delivering: Distribution = ZERO
    returning: float = 0.0
    reading: Distribution = ZERO
    reopening: float = 0.0
    complaining: Distribution = ZERO
    source: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Refuse a world that cannot run, saying what is wrong with it."""
        problems = list(self._problems())
        if problems:
            raise ValueError(f"scenario {self.name}: " + "; ".join(problems))

    def _problems(self) -> list[str]:
        problems: list[str] = []
        if not 0 <= self.since < self.until <= self.horizon:
            problems.append("the watched time must lie within the horizon")
        if not (self.units and self.arrivals and self.classes):
            problems.append("it needs classes, arrivals and units")
        for share in (self.returning, self.reopening):
            if not 0 <= share < 1:
                problems.append(f"{share} is not a share below one")
        phoned = [c.priority for c in self.classes if c.phone is not None]
        synced = [c.priority for c in self.classes if c.phone is None]
        if phoned and synced and max(phoned) >= min(synced):
            problems.append("classes told by phone must have a higher priority than the others")
        names = {c.name for c in self.classes}
        for arrivals in self.arrivals:
            if not set(arrivals.classes) <= names:
                problems.append(f"arrivals {arrivals.name}: a class that does not exist")
        if self.estimate.control == "fast-server" and not self.is_plain_queue():
            problems.append("the fast-server control needs one unit and one flat Poisson stream")
        return problems

    def is_plain_queue(self) -> bool:
        """Say whether this is a queue M/G/c with moments known, and nothing else."""
        if not (len(self.units) == len(self.arrivals) == 1) or self.centre is not None:
            return False
        unit, arrivals = self.units[0], self.arrivals[0]
        efforts = {item.effort for item in self.classes}
        return (
            unit.count == 1
            and unit.syncs is None
            and unit.calendar is None
            and arrivals.profile.is_flat
            and not arrivals.surges
            and len(efforts) == 1
            and all(effort.second_moment is not None for effort in efforts)
            and self.returning == self.reopening == 0
        )
