"""Places: a grid's buildings, and the doors that households live behind.

The address is what identifies a household: compound, building, entrance, room.
Doors are numbered as they are in such buildings: a tower has 幢, 单元 and a
room such as 1203; a house on a street has a number and no entrance, and says
so, because a missing part of an address is explicit and never blank.

Invariants
    * A door is one of its building's entrances × floors × doors, and is given once.
    * Footprints lie inside their grid.

>>> sorted(KINDS)
['high_rise', 'old', 'public', 'resettlement', 'street', 'village']
>>> KINDS["old"].building(3), KINDS["street"].building(3)
('3幢', '3号')
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from shapely import MultiPolygon, Polygon

from simulator.population.geography import footprints, in_metres, partition
from simulator.population.layout import Grid
from simulator.population.sampling import Weighted

__all__ = ["KINDS", "Building", "CompoundKind", "Door", "buildings", "doors"]

#: What stands for an entrance where a house has none.
NO_ENTRANCE: Final = "无单元"

#: Metres kept free along a compound's edge.
_EDGE_M: Final = 3.0


@dataclass(frozen=True, slots=True)
class CompoundKind:
    """What a kind of compound is built of. Ranges are inclusive; sizes in metres.

    ``young``: whom it draws, from 0 (the old) to 1 (young families); ``lived_in``: the share of
    doors with a household on file; ``housing``: shares for those registered here;
    ``rented``: the share of rent among those who moved in. All assumptions.
    """

    floors: tuple[int, int]
    entrances: tuple[int, int]
    doors: tuple[int, int]
    width_of_entrance_m: float
    depth_m: float
    house: bool
    young: float
    lived_in: float
    tag: str
    housing: Weighted[str]
    rented: float

    def building(self, number: int) -> str:
        """What the sign on the building says."""
        return f"{number}号" if self.house else f"{number}幢"

    def entrance(self, number: int) -> str:
        """What the sign on the entrance says."""
        return NO_ENTRANCE if self.house else f"{number}单元"


KINDS: Final[Mapping[str, CompoundKind]] = MappingProxyType(
    {
        "high_rise": CompoundKind(
            floors=(11, 26),
            entrances=(1, 3),
            doors=(2, 4),
            width_of_entrance_m=22.0,
            depth_m=15.0,
            house=False,
            young=0.85,
            lived_in=0.86,
            tag="high_rise",
            housing=Weighted({"owned": 0.9, "rented": 0.1}),
            rented=0.7,
        ),
        "old": CompoundKind(
            floors=(5, 7),
            entrances=(2, 4),
            doors=(2, 2),
            width_of_entrance_m=15.0,
            depth_m=11.0,
            house=False,
            young=0.15,
            lived_in=0.9,
            tag="old_compound",
            housing=Weighted({"owned": 0.82, "rented": 0.18}),
            rented=0.9,
        ),
        "street": CompoundKind(
            floors=(3, 6),
            entrances=(1, 1),
            doors=(1, 2),
            width_of_entrance_m=9.0,
            depth_m=12.0,
            house=True,
            young=0.4,
            lived_in=0.85,
            tag="self_built",
            housing=Weighted({"owned": 0.9, "rented": 0.1}),
            rented=0.95,
        ),
        "village": CompoundKind(
            floors=(2, 4),
            entrances=(1, 1),
            doors=(1, 1),
            width_of_entrance_m=11.0,
            depth_m=10.0,
            house=True,
            young=0.3,
            lived_in=0.6,
            tag="self_built",
            housing=Weighted({"owned": 0.97, "rented": 0.03}),
            rented=0.95,
        ),
        "resettlement": CompoundKind(
            floors=(6, 11),
            entrances=(2, 4),
            doors=(3, 4),
            width_of_entrance_m=20.0,
            depth_m=13.0,
            house=False,
            young=0.5,
            lived_in=0.96,
            tag="resettlement_site",
            housing=Weighted({"resettlement": 1.0}),
            rented=0.3,
        ),
        "public": CompoundKind(
            floors=(6, 8),
            entrances=(2, 4),
            doors=(4, 6),
            width_of_entrance_m=20.0,
            depth_m=13.0,
            house=False,
            young=0.45,
            lived_in=0.95,
            tag="public_rental",
            housing=Weighted({"public": 1.0}),
            rented=0.0,
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Building:
    """A building (幢) of a grid, before it has an id."""

    compound: str
    kind: CompoundKind
    number: str
    entrances: int
    floors: int
    doors: int
    footprint: Mapping[str, Any]

    @property
    def capacity(self) -> int:
        """All its doors."""
        return self.entrances * self.floors * self.doors


@dataclass(frozen=True, slots=True)
class Door:
    """A household's door. ``building`` is a place in the grid's buildings."""

    building: int
    entrance: str
    floor: int
    room: str


def buildings(grid: Grid, rng: np.random.Generator) -> list[Building]:
    """The buildings of a grid, enough for its households, compound by compound."""
    zones = _zones(grid, rng)
    found: list[Building] = []
    for compound, zone in zip(grid.compounds, zones, strict=True):
        kind = KINDS[compound.kind]
        needed = max(1, math.ceil(grid.households * compound.share / kind.lived_in))
        sizes = _sizes(kind, needed, rng)
        width = kind.width_of_entrance_m * max(entrances for entrances, _, _ in sizes)
        drawn = footprints(zone, len(sizes), width=width, depth=kind.depth_m)
        for number, (size, footprint) in enumerate(zip(sizes, drawn, strict=True), start=1):
            sign = kind.building(number)
            found.append(Building(compound.name, kind, sign, *size, footprint))
    return found


def doors(plan: Sequence[Building], count: int, rng: np.random.Generator) -> list[Door]:
    """``count`` different doors, in the order of the buildings."""
    edges = np.cumsum([building.capacity for building in plan])
    chosen = np.sort(rng.permutation(int(edges[-1]))[:count])
    places = np.searchsorted(edges, chosen, side="right")
    starts = edges - [building.capacity for building in plan]
    return [
        _door(plan[place], place, within)
        for place, within in zip(places.tolist(), (chosen - starts[places]).tolist(), strict=True)
    ]


def _door(building: Building, place: int, within: int) -> Door:
    entrance, rest = divmod(within, building.floors * building.doors)
    floor, door = divmod(rest, building.doors)
    sign = building.kind.entrance(entrance + 1)
    return Door(place, sign, floor + 1, f"{floor + 1}{door + 1:02d}")


def _sizes(kind: CompoundKind, needed: int, rng: np.random.Generator) -> list[tuple[int, int, int]]:
    """Entrances, floors and doors of as many buildings as have ``needed`` doors together."""
    floors, doors_a_floor = _among(kind.floors, rng), _among(kind.doors, rng)
    sizes: list[tuple[int, int, int]] = []
    while needed > 0:
        if kind.house:  # each house was built by its owner
            floors, doors_a_floor = _among(kind.floors, rng), _among(kind.doors, rng)
        size = (_among(kind.entrances, rng), floors, doors_a_floor)
        sizes.append(size)
        needed -= math.prod(size)
    return sizes


def _among(ends: tuple[int, int], rng: np.random.Generator) -> int:
    return int(rng.integers(ends[0], ends[1] + 1))


def _zones(grid: Grid, rng: np.random.Generator) -> list[Polygon]:
    """The part of a grid that each compound stands on, in metres."""
    parts = partition(in_metres(grid.polygon), [c.share for c in grid.compounds], rng)
    return [_largest(part.buffer(-_EDGE_M)) for part in parts]


def _largest(shape: Any) -> Polygon:
    """The shape itself, or the largest of its parts if a narrow waist was cut."""
    if isinstance(shape, MultiPolygon):
        return max(shape.geoms, key=lambda part: part.area)
    polygon: Polygon = shape
    return polygon
