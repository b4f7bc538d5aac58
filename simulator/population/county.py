"""The county: every record that a seed makes, in an order in which it can be created.

Invariants
    * The same seed, scale and time base give the same records, on any machine and under any
      ``PYTHONHASHSEED``. The people themselves do not depend on the time base: it dates their
      ids, visits and assignments only.
    * A part (``communities=2``) is the whole's part: same ids, same people, fewer of them.
    * A reference names a record of the same part that comes before it.

This module never reads the clock: ``base_ms`` is handed in.

>>> part = county(seed=1, scale=0.02, communities=1)
>>> first = next(iter(part.records()))
>>> first.type, first.fields
('street', {'code': '520621001', 'name': '双江街道', 'boundary': {...}})
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from simulator.population.geography import geojson
from simulator.population.keys import Ids, generator
from simulator.population.layout import Grid, Layout, lay_out
from simulator.population.marginals import JIANGKOU, Marginals
from simulator.population.organisation import Post, Unit, posts, staff_names, units
from simulator.population.places import Building, buildings
from simulator.population.prototypes import Prototypes, sample
from simulator.population.records import Record, known
from simulator.population.register import STAFF_SLOT, Phones, Surveyor

__all__ = ["BASE_MS", "County", "county"]

#: 2026-09-01 08:00 in the county's zone: the reference day of the people's ages.
BASE_MS: Final = 1_788_220_800_000

#: The ids of a grid's records fall into a minute of their own, so that they lie together.
GRID_SPAN_MS: Final = 60_000

#: Beyond it a grid would run out of phones of its own, and Jiangkou would be a metropolis.
SCALE_MAX: Final = 40.0

_GRIDS_SINCE: Final = "2025-03-01"

#: The feed that whoever fills a post is granted, and what it is for.
_GRANTS: Final = {
    "grid_worker": "网格员任职",
    "grid_chief": "网格长任职",
    "joint_household_leader": "联户长，负责本楼",
    "handler": "承办本单位工单",
    "community_staff": "社区任职",
}


@dataclass(frozen=True, slots=True, eq=False)
class County:
    """A county or a part of it. Made by ``county``."""

    seed: int
    base_ms: int
    today_ms: int
    layout: Layout
    prototypes: Prototypes
    part: int
    organisation: tuple[Record, ...]
    grid_ids: tuple[str, ...]

    @property
    def grids(self) -> tuple[Grid, ...]:
        """The part's grids."""
        return tuple(grid for grid in self.layout.grids if grid.community < self.part)

    @property
    def households(self) -> int:
        """How many households ``records`` will give."""
        return sum(grid.households for grid in self.grids)

    def records(self) -> Iterator[Record]:
        """All records: organisation, buildings, then each grid's people."""
        for batch in self.batches():
            yield from batch

    def batches(self) -> Iterator[Sequence[Record]]:
        """The same by batches: the organisation, all buildings, then a grid at a time."""
        yield self.organisation
        yield [record for grid in self.grids for record in self.buildings_of(grid)]
        for grid in self.grids:
            yield self.people_of(grid)

    def buildings_of(self, grid: Grid) -> list[Record]:
        """The buildings of one grid."""
        plan = self._plan(grid)
        ids = self._ids(grid).take(len(plan))
        return [
            Record("building", building_id, self._building(grid, building))
            for building_id, building in zip(ids, plan, strict=True)
        ]

    def people_of(self, grid: Grid) -> list[Record]:
        """The households of one grid, then its residents, then their restricted facts."""
        plan = self._plan(grid)
        ids = self._ids(grid)
        building_ids = ids.take(len(plan))
        surveyor = Surveyor(
            seed=self.seed,
            today_ms=self.today_ms,
            grid=grid,
            grid_id=self.grid_ids[grid.slot],
            prototypes=self.prototypes,
        )
        return surveyor.write(plan, building_ids, ids)

    def _plan(self, grid: Grid) -> list[Building]:
        return buildings(grid, generator(self.seed, "buildings", grid.code))

    def _ids(self, grid: Grid) -> Ids:
        return _grid_ids(self.seed, self.base_ms, grid)

    def _building(self, grid: Grid, building: Building) -> dict[str, Any]:
        return {
            "grid": self.grid_ids[grid.slot],
            "compound": building.compound,
            "number": building.number,
            "entrances": building.entrances,
            "floors": building.floors,
            "doors": building.doors,
            "footprint": building.footprint,
            "tags": [building.kind.tag],
        }


def county(
    seed: int,
    scale: float = 1.0,
    communities: int | None = None,
    base_ms: int = BASE_MS,
    *,
    today_ms: int | None = None,
    marginals: Marginals = JIANGKOU,
) -> County:
    """The article's county, made up from a seed.

    ``scale`` multiplies the households of each grid; ``communities`` takes the first so many
    (all by default); ``base_ms`` dates ids and assignments; visits were made up to ``today_ms``
    (by default the same), which changes nothing else. Raises ValueError where they make no
    county.
    """
    layout = lay_out(seed=seed, scale=scale)
    most = len(layout.communities)
    part = most if communities is None else communities
    if not (0 < scale <= SCALE_MAX and 1 <= part <= most):
        raise ValueError(f"a scale above 0 up to {SCALE_MAX}, and 1 to {most} communities, please")
    ids = Ids(generator(seed, "ids", "organisation"), start_ms=base_ms)
    drawn = _Organiser(seed=seed, base_ms=base_ms, layout=layout, ids=ids)
    return County(
        seed=seed,
        base_ms=base_ms,
        today_ms=base_ms if today_ms is None else today_ms,
        layout=layout,
        prototypes=sample(seed=seed, marginals=marginals),
        part=part,
        organisation=tuple(drawn.records(part)),
        grid_ids=tuple(drawn.grids),
    )


def _grid_ids(seed: int, base_ms: int, grid: Grid) -> Ids:
    """The ids of a grid's buildings and people; the first is that of its first building."""
    start_ms = base_ms + GRID_SPAN_MS * (grid.slot + 1)
    return Ids(generator(seed, "ids", "grid", grid.code), start_ms=start_ms)


class _Organiser:
    """Gives ids to the whole organisation and writes down a part of it."""

    def __init__(self, *, seed: int, base_ms: int, layout: Layout, ids: Ids) -> None:
        self._seed, self._base_ms, self._layout = seed, base_ms, layout
        self._having = tuple(units(layout))
        self._posts = tuple(posts(layout, self._having))
        self._names = staff_names(seed, self._posts)
        self.streets = ids.take(len(layout.streets))
        self.communities = ids.take(len(layout.communities))
        self.units = ids.take(len(self._having))
        self.users = ids.take(len(self._posts))
        self.grids = ids.take(len(layout.grids))
        self.assignments = ids.take(len(self._posts))

    def records(self, part: int) -> Iterator[Record]:
        """Streets, communities, units, users, grids and assignments of the first communities."""
        layout = self._layout
        for at, street in enumerate(layout.streets):
            fields = known(code=street.code, name=street.name, boundary=geojson(street.boundary))
            yield Record("street", self.streets[at], fields)
        for at, community in enumerate(layout.communities[:part]):
            fields = known(
                code=community.code,
                name=community.name,
                street=self.streets[community.street],
                boundary=geojson(community.boundary),
                synthetic=True,
            )
            yield Record("community", self.communities[at], fields)
        for at, unit in _within(part, self._having):
            yield Record("unit", self.units[at], self._unit(unit))
        phones = Phones(slot=STAFF_SLOT)
        numbers = [phones.next() for _ in self._posts]
        for at, post in _within(part, self._posts):
            yield Record("user", self.users[at], self._user(post, self._names[at], numbers[at]))
        for grid in layout.grids:
            if grid.community < part:
                yield Record("grid", self.grids[grid.slot], self._grid(grid))
        for at, post in _within(part, self._posts):
            if post.role in _GRANTS:
                fields = known(
                    user=self.users[at],
                    feed=self._feed(post),
                    since=self._base_ms,
                    reason=_GRANTS[post.role],
                )
                yield Record("assignment", self.assignments[at], fields)

    def _unit(self, unit: Unit) -> dict[str, Any]:
        return known(
            code=unit.code,
            name=unit.name,
            kind=unit.kind,
            street=_of(self.streets, unit.street),
            business=sorted(unit.business),
        )

    def _user(self, post: Post, name: str, phone: str) -> dict[str, Any]:
        return known(
            name=name,
            role=post.role,
            phone=phone,
            unit=_of(self.units, post.unit),
            street=_of(self.streets, post.street),
            community=_of(self.communities, post.community),
            lang="zh",
            active=True,
        )

    def _grid(self, grid: Grid) -> dict[str, Any]:
        community = self._layout.communities[grid.community]
        return known(
            code=grid.code,
            number=grid.number,
            name=f"{community.name}第{grid.number}网格",
            community=self.communities[grid.community],
            version=1,
            valid_from=_GRIDS_SINCE,
            polygon=geojson(grid.polygon),
        )

    def _feed(self, post: Post) -> str:
        """The feed that a post is for: a building for a leader, else a grid, unit or community."""
        if post.grid is not None:
            if post.role == "joint_household_leader":
                grid = self._layout.grids[post.grid]
                return f"building:{_grid_ids(self._seed, self._base_ms, grid).next()}"
            return f"grid:{self.grids[post.grid]}"
        if post.unit is not None:
            return f"unit:{self.units[post.unit]}"
        assert post.community is not None, "a granted post is for something"
        return f"community:{self.communities[post.community]}"


def _of(ids: Sequence[str], place: int | None) -> str | None:
    return None if place is None else ids[place]


def _within(part: int, things: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Those of the county as a whole and of the first ``part`` communities, with their places."""
    for place, thing in enumerate(things):
        if thing.community is None or thing.community < part:
            yield place, thing
