"""Geography: a town outline cut into streets, communities and grids that share their borders.

Adjoining polygons are the hard part. Each cut is made in floating point, and
where one border ends on another the end point lies beside the line, by a hair:
that hair is an overlap or a gap on the map, and a resize that swallows a
household. So the cuts only say where lines run; then all lines are noded
together on a lattice of 0.1 m, and the faces between them are the grids.

Invariants
    * Faces share their border vertices exactly; together they are the outline.
    * Every face is one polygon without holes.

Metres run east and north from the town's centre; degrees are WGS 84.

>>> from simulator.population.keys import generator
>>> rng = generator(1, "geography")
>>> parts = partition(outline(rng), [1.0, 1.0, 2.0], rng)
>>> [round(part.area / sum(other.area for other in parts), 2) for part in parts]
[0.25, 0.25, 0.5]
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
import shapely
from shapely import Polygon, affinity
from shapely.geometry.polygon import orient

__all__ = [
    "CENTRE",
    "footprints",
    "geojson",
    "in_degrees",
    "in_metres",
    "noded",
    "outline",
    "partition",
]

#: Where the two rivers meet in Jiangkou's county town: longitude, latitude.
CENTRE: Final = (108.84, 27.69)

_METRES_EAST: Final = 111_320.0 * math.cos(math.radians(CENTRE[1]))
_METRES_NORTH: Final = 110_840.0

#: The town's half axes: 11 square kilometres (assumption).
_HALF_EAST, _HALF_NORTH = 2_200.0, 1_600.0

_LATTICE: Final = 1e-6  # degrees: 0.1 m
_DIGITS: Final = 6
_FOOTPRINT_DIGITS: Final = 7

_FOOTPRINT_MIN_M: Final = 0.2

_HALVINGS: Final = 22
_TRIES: Final = 24
_TILT: Final = 0.16  # radians by which a cut leaves the right angle
_BEND: Final = 0.05  # of the cut's length, by which its points leave the straight line


def outline(rng: np.random.Generator) -> Polygon:
    """The edge of the town, in metres: an ellipse with a few soft dents."""
    phases = rng.random(4) * 2 * math.pi
    points = []
    for angle in np.linspace(0, 2 * math.pi, 72, endpoint=False).tolist():
        waves = sum(
            math.sin((order + 2) * angle + phase) / (order + 2)
            for order, phase in enumerate(phases.tolist())
        )
        radius = 1 + 0.11 * waves
        points.append(
            (_HALF_EAST * radius * math.cos(angle), _HALF_NORTH * radius * math.sin(angle))
        )
    return Polygon(points)


def partition(region: Polygon, weights: Sequence[float], rng: np.random.Generator) -> list[Polygon]:
    """Cut a region into one part a weight, areas in proportion; neighbours in the list are near."""
    if len(weights) == 1:
        return [region]
    total = sum(weights)
    sums = np.cumsum(weights)
    half = 1 + int(np.argmin(np.abs(sums[:-1] - total / 2)))
    one, other = _cut(region, float(sums[half - 1]) / total, rng)
    return [*partition(one, weights[:half], rng), *partition(other, weights[half:], rng)]


def _cut(region: Polygon, share: float, rng: np.random.Generator) -> tuple[Polygon, Polygon]:
    """Two parts, the first with ``share`` of the area, by a bent line across the longer side."""
    length, along = _longer_side(region)
    for attempt in range(_TRIES):
        calm = 1 - attempt / _TRIES
        angle = along + rng.normal(0, _TILT) + (0.5 * math.pi if attempt > _TRIES // 2 else 0)
        bends = rng.normal(0, _BEND * calm, 5) * length
        one, other = _slide(region, share, angle, bends.tolist())
        if _whole(one) and _whole(other):
            return one, other
    raise ValueError("a region of this shape could not be cut into two whole parts")


def _longer_side(region: Polygon) -> tuple[float, float]:
    """Length and direction (radians) of the longer side of the box around a region."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(region)).tolist()
    sides = [(math.dist(a, b), math.atan2(b[1] - a[1], b[0] - a[0])) for a, b in pairwise(corners)]
    return max(sides[:2])


def _slide(region: Polygon, share: float, angle: float, bends: Sequence[float]) -> tuple[Any, Any]:
    """Move the knife along until the part behind it has its share of the area."""
    level = affinity.rotate(region, -angle, origin=(0, 0), use_radians=True)
    west, south, east, north = level.bounds
    margin = (east - west) + (north - south)
    heights = np.linspace(south, north, len(bends)).tolist()
    edge = [(0.0, south - margin), *zip(bends, heights, strict=True), (0.0, north + margin)]
    far = [(-4 * margin, north + margin), (-4 * margin, south - margin)]
    knife = Polygon([*edge, *far])
    low, high = west - margin, east + margin
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        area = level.intersection(affinity.translate(knife, middle)).area
        low, high = (middle, high) if area < share * level.area else (low, middle)
    knife = affinity.translate(knife, (low + high) / 2)
    one, other = level.intersection(knife), level.difference(knife)
    return (
        affinity.rotate(one, angle, origin=(0, 0), use_radians=True),
        affinity.rotate(other, angle, origin=(0, 0), use_radians=True),
    )


def _whole(part: Any) -> bool:
    """Whether a part is one polygon without holes."""
    return isinstance(part, Polygon) and not part.interiors


def in_degrees(shape: Any) -> Any:
    """A shape in metres as longitudes and latitudes."""
    return shapely.transform(
        shape, lambda xy: xy / (_METRES_EAST, _METRES_NORTH) + np.array(CENTRE)
    )


def in_metres(shape: Any) -> Any:
    """A shape in longitudes and latitudes in metres from the centre."""
    return shapely.transform(
        shape, lambda xy: (xy - np.array(CENTRE)) * (_METRES_EAST, _METRES_NORTH)
    )


def noded(cells: Sequence[Polygon]) -> list[Polygon]:
    """The cells (in metres) in degrees, on the lattice, with every shared vertex on both sides."""
    rough = [in_degrees(cell) for cell in cells]
    lines = shapely.unary_union([cell.exterior for cell in rough], grid_size=_LATTICE)
    faces = list(shapely.get_parts(shapely.polygonize([lines])))
    faces.sort(key=lambda face: -face.area)
    tree = shapely.STRtree(rough)
    found: dict[int, Polygon] = {}
    for face in faces:
        place = int(tree.query_nearest(face.representative_point())[0])
        if place in found:  # a splinter between two lines that meet at a small angle
            place = max(found, key=lambda near: found[near].intersection(face).length)
            face = shapely.unary_union([found[place], face])
        found[place] = face
    if len(found) != len(cells):
        raise ValueError("a cell vanished on the lattice")
    return [orient(found[place]) for place in range(len(cells))]


def geojson(polygon: Polygon, *, digits: int = _DIGITS) -> Mapping[str, Any]:
    """A polygon in degrees as a GeoJSON object (RFC 7946), counter-clockwise."""
    ring = [[round(x, digits), round(y, digits)] for x, y in orient(polygon).exterior.coords]
    return {"type": "Polygon", "coordinates": [ring]}


def footprints(zone: Polygon, count: int, *, width: float, depth: float) -> list[Mapping[str, Any]]:
    """``count`` rectangles in rows along a zone (in metres), as GeoJSON.

    They are drawn smaller where they do not fit. Raises ValueError where nothing would.
    """
    angle = _longer_side(zone)[1]
    level = affinity.rotate(zone, -angle, origin=(0, 0), use_radians=True)
    shapely.prepare(level)
    scale, boxes = 1.0, _rows(level, width, depth)
    while len(boxes) < count:
        scale *= 0.88
        if width * scale < _FOOTPRINT_MIN_M:
            raise ValueError(f"{count} buildings do not fit into {level.area:.0f} square metres")
        boxes = _rows(level, width * scale, depth * scale)
    step = len(boxes) / count
    chosen = [boxes[int(number * step)] for number in range(count)]
    turned = [affinity.rotate(one, angle, origin=(0, 0), use_radians=True) for one in chosen]
    return [geojson(in_degrees(one), digits=_FOOTPRINT_DIGITS) for one in turned]


def _rows(level: Polygon, width: float, depth: float) -> list[Polygon]:
    """The rectangles of a lattice with lanes between them that lie inside."""
    west, south, east, north = level.bounds
    lane, gap = 0.9 * depth + 1, 0.15 * width + 1
    x, y = np.meshgrid(
        np.arange(west + gap, east - width, width + gap),
        np.arange(south + lane / 2, north - depth, depth + lane),
    )
    boxes = shapely.box(x.ravel(), y.ravel(), x.ravel() + width, y.ravel() + depth)
    inside: list[Polygon] = list(boxes[shapely.contains_properly(level, boxes)])
    return inside
