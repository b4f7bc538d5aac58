"""Layout: the whole county's streets, communities, grids and compounds, before any people.

It is always laid out whole, because it is cheap and because a part can then be
the whole's part: borders, codes, ids, household counts and compound names do
not depend on how much of the county is asked for.

Community codes and names are made up (the real codes are not public); the
streets are the county's own.

Invariants
    * 2 streets, 11 communities, 114 grids, 8 of them resettlement sites.
    * The first community of either street is where the two streets meet, so a
      part of two communities is two neighbours, one of each street.

>>> plan = lay_out(seed=1, scale=1.0)
>>> len(plan.streets), len(plan.communities), len(plan.grids)
(2, 11, 114)
>>> sum(grid.households for grid in plan.grids)
34100
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely import Polygon

from simulator.population.geography import noded, outline, partition
from simulator.population.keys import generator, uniforms
from simulator.population.words import WORDS

__all__ = ["COUNTY", "Community", "Compound", "Grid", "Layout", "Street", "lay_out"]

COUNTY: Final = "520621"
GRIDS: Final = 114
RESETTLEMENT_SITES: Final = 8

#: The article's county has 114 grids of about 300 households: 34,000 in all, 89,000 people.
HOUSEHOLDS: Final = 34_100
HOUSEHOLDS_A_GRID: Final = (100, 500)

#: Code, name, and its communities: those near the rivers' meeting first. Names are synthetic.
STREETS: Final = (
    ("520621001", "双江街道", ("双月", "城北", "江东", "文昌阁", "三星桥", "梵瑞")),
    ("520621002", "凯德街道", ("凯阳", "河口", "新街", "桃源", "龙井")),
)

#: Kinds of compound by how common they are in a grid (assumption), and their own pools of names.
_COMPOUND_KINDS: Final = {"high_rise": 0.38, "old": 0.26, "street": 0.20, "village": 0.16}
_PUBLIC_GRIDS: Final = 6


@dataclass(frozen=True, slots=True)
class Street:
    """A street (街道): the town is two of them."""

    code: str
    name: str
    boundary: Polygon


@dataclass(frozen=True, slots=True)
class Community:
    """A community (社区). ``street`` is a place in the layout's streets."""

    code: str
    name: str
    street: int
    boundary: Polygon


@dataclass(frozen=True, slots=True)
class Compound:
    """A compound (小区), a stretch of street or a villagers' group, and its share of a grid."""

    kind: str
    name: str
    share: float


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid (网格). ``slot`` is its place in the layout, ``number`` that in its community."""

    slot: int
    code: str
    number: int
    community: int
    households: int
    polygon: Polygon
    compounds: tuple[Compound, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole county. Communities stand in the order in which a part takes them."""

    streets: tuple[Street, ...]
    communities: tuple[Community, ...]
    grids: tuple[Grid, ...]


def lay_out(*, seed: int, scale: float) -> Layout:
    """Lay out the county; ``scale`` multiplies the households of every grid."""
    rng = generator(seed, "layout")
    counts = _grid_counts(rng)
    town = outline(rng)
    halves = partition(town, [float(sum(part)) for part in counts], rng)
    meeting = halves[0].intersection(halves[1]).centroid
    areas = [  # a street's communities, nearest to the meeting of the rivers first
        sorted(
            zip(partition(half, [float(n) for n in part], rng), part, strict=True),
            key=lambda area: (area[0].distance(meeting), area[0].centroid.distance(meeting)),
        )
        for half, part in zip(halves, counts, strict=True)
    ]
    order = sorted(
        ((street, place) for street, part in enumerate(areas) for place in range(len(part))),
        key=lambda key: (key[1], key[0]),
    )
    households = _households(rng)
    cells: list[Polygon] = []
    owners: list[int] = []
    for number, (street, place) in enumerate(order):
        area, count = areas[street][place]
        weights = households[len(cells) : len(cells) + count] ** 0.7
        cells += partition(area, weights.tolist(), rng)
        owners += [number] * count
    faces = noded(cells)
    return _assemble(seed, scale, order, owners, faces, households)


def _assemble(
    seed: int,
    scale: float,
    order: Sequence[tuple[int, int]],
    owners: Sequence[int],
    faces: Sequence[Polygon],
    households: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> Layout:
    """Put names, codes and compounds to the cells."""
    communities = []
    for number, (street, place) in enumerate(order):
        code, _, names = STREETS[street]
        own = [face for face, owner in zip(faces, owners, strict=True) if owner == number]
        name = f"{names[place]}社区"
        communities.append(Community(f"{code}{place + 1:03d}", name, street, _union(own)))
    compounds = _compounds(seed)
    grids = []
    for slot, (owner, face) in enumerate(zip(owners, faces, strict=True)):
        number = owners[: slot + 1].count(owner)
        count = max(1, round(float(households[slot]) * scale))
        code = f"{communities[owner].code}{number:03d}"
        grids.append(Grid(slot, code, number, owner, count, face, compounds[slot]))
    streets = [
        Street(code, name, _union([c.boundary for c in communities if c.street == at]))
        for at, (code, name, _) in enumerate(STREETS)
    ]
    return Layout(tuple(streets), tuple(communities), tuple(grids))


def _union(parts: Sequence[Polygon]) -> Polygon:
    """Adjoining polygons as one."""
    whole = shapely.unary_union(parts)
    assert isinstance(whole, Polygon), "parts of a partition hang together"
    return whole


def _grid_counts(rng: np.random.Generator) -> list[list[int]]:
    """Grids of each community, by street: 7 to 14, 114 in all."""
    total = sum(len(names) for _, _, names in STREETS)
    counts = rng.integers(8, 14, total)
    while counts.sum() != GRIDS:
        counts[int(rng.integers(total))] += int(np.sign(GRIDS - counts.sum()))
        counts = np.clip(counts, 7, 14)
    listed = [int(count) for count in counts]
    first = len(STREETS[0][2])
    return [listed[:first], listed[first:]]


def _households(rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Households of each grid: within the bounds, HOUSEHOLDS in all."""
    low, high = HOUSEHOLDS_A_GRID
    counts = np.clip(np.rint(rng.normal(HOUSEHOLDS / GRIDS, 88, GRIDS)), low, high)
    while (missing := HOUSEHOLDS - counts.sum()) != 0:
        counts[int(rng.integers(GRIDS))] += np.sign(missing)
        counts = np.clip(counts, low, high)
    return counts


def _compounds(seed: int) -> list[tuple[Compound, ...]]:
    """The compounds of each grid. A name is used once."""
    rng = generator(seed, "compounds")
    names = {kind: _names(kind, rng) for kind in WORDS.places}
    special = rng.permutation(GRIDS)
    resettled = set(special[:RESETTLEMENT_SITES].tolist())
    public = set(special[RESETTLEMENT_SITES : RESETTLEMENT_SITES + _PUBLIC_GRIDS].tolist())
    usual, weights = list(_COMPOUND_KINDS), list(_COMPOUND_KINDS.values())
    found = []
    for slot in range(GRIDS):
        kinds = [
            usual[int(at)] for at in rng.choice(len(usual), int(rng.integers(1, 4)), p=weights)
        ]
        if slot in resettled:
            kinds = ["resettlement"]
        elif slot in public:
            kinds[0] = "public"
        shares = rng.dirichlet(np.full(len(kinds), 6.0))
        found.append(
            tuple(
                Compound(kind, names[kind].pop(), float(share))
                for kind, share in zip(kinds, shares, strict=True)
            )
        )
    return found


def _names(kind: str, rng: np.random.Generator) -> list[str]:
    """Every name of a kind of compound, shuffled so that the usual suffixes come up first."""
    numbers = uniforms(rng)
    names: dict[str, None] = {}
    bases, suffixes = WORDS.places[kind], WORDS.suffixes[kind]
    for _ in range(40 * len(bases)):
        names[bases[int(next(numbers) * len(bases))] + suffixes.pick(next(numbers))] = None
    return list(reversed(names))
