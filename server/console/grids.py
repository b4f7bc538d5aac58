"""The county by grids: the map, the table of grids, and the households of one grid.

Invariants
    * Map, list and table show the same grids and the same numbers, from one query.
    * A grid outside the person's place is not found, whatever the address says.
    * The map has no tiles: nothing is fetched from anywhere but this server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Response, abort, render_template, request, url_for

from server.console import forms, languages, ledger, wording
from server.console.access import Person, admit, here
from server.console.areas import Area, areas
from server.console.blueprint import console
from server.console.households import OVERDUE, Search, find
from server.console.languages import gettext
from server.console.pages import asked_page
from server.console.shell import full_page
from server.records.codes import CARE, CARE_LEVEL
from sync.record import Record

__all__ = ["county_map", "grid", "grids", "shapes"]

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Measure:
    """What the map is coloured by. ``bounds``: a value above the nth falls into step n + 1.

    ``band`` 0 is calm (more is only more), 1 is warm (more needs somebody).
    """

    name: str
    label: str
    band: int
    bounds: Sequence[int]
    steps: Sequence[str]


def measures() -> dict[str, Measure]:
    """The three ways to look at the county. The bounds suit grids of 100 to 500 households."""
    made = (
        Measure(
            "households",
            gettext("Households"),
            0,
            (0, 100, 200, 300, 500),
            (gettext("none"), "1–100", "101–200", "201–300", "301–500", "500+"),
        ),
        Measure(
            "conflicts",
            gettext("Open conflicts"),
            1,
            (0, 1, 3, 6, 10),
            (gettext("none"), "1", "2–3", "4–6", "7–10", "10+"),
        ),
        Measure(
            "visited",
            gettext("Days since the last visit"),
            1,
            (1, 3, 7, 14, 30),
            (gettext("today or yesterday"), "2–3", "4–7", "8–14", "15–30", gettext("30+ or never")),
        ),
    )
    return {one.name: one for one in made}


_NEVER_DAYS = 9_999


@console.get("/map")
@admit("map")
def county_map() -> str:
    """The map, and beside it the same grids as a list."""
    person, known = here(), measures()
    by = request.args.get("by", "households")
    shown = areas(person)
    return render_template(
        "map.html",
        areas=_by_community(shown),
        count=len(shown),
        measures=known,
        by=by if by in known else "households",
        days={area.id: area.days_since_visit(ledger.now_ms()) for area in shown},
        spec={one.name: {"band": one.band, "bounds": list(one.bounds)} for one in known.values()},
        help_page="map",
    )


def _by_community(shown: list[Area]) -> list[tuple[str, list[Area]]]:
    grouped: dict[str, list[Area]] = {}
    for area in shown:
        grouped.setdefault(area.community or gettext("(community missing)"), []).append(area)
    return list(grouped.items())


@console.get("/map/grids.json")
@admit("map")
def shapes() -> Response:
    """{grids, communities} as GeoJSON; the grids with the numbers that colour them."""
    person = here()
    shown = areas(person)
    records = ledger.snapshot().records([area.id for area in shown])
    now = ledger.now_ms()
    features = []
    for area in shown:
        record = records.get(area.id)
        polygon = record.get("polygon") if record is not None else None
        if polygon is None:
            continue
        days = area.days_since_visit(now)
        features.append(
            {
                "type": "Feature",
                "geometry": polygon,
                "properties": {
                    "id": area.id,
                    "number": area.number,
                    "title": area.name,
                    "households": area.households,
                    "conflicts": area.conflicts,
                    "visited": _NEVER_DAYS if days is None else days,
                },
            }
        )
    told = {"grids": _collection(features), "communities": _collection(_boundaries(records))}
    return Response(orjson.dumps(told), content_type="application/json")


def _collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def _boundaries(grids: Mapping[str, Record]) -> list[dict[str, Any]]:
    """The communities of these grids, whose numbers begin anew in each."""
    ids = {record.get("community") for record in grids.values()} - {None}
    return [
        {"type": "Feature", "geometry": boundary, "properties": {"title": record.get("name")}}
        for record in ledger.snapshot().records(ids).values()
        if (boundary := record.get("boundary")) is not None
    ]


@console.get("/grids")
@admit("grids")
def grids() -> str:
    """Every grid of the person's place; with a search, households of all of them."""
    person, search = here(), _asked()
    if search.text or is_filtered(search):
        return _households(person, search, area=None)
    return full_page(
        "grids.html", "parts/grids.html", areas=_by_community(areas(person)), search=search,
        help_page="households",
    )  # fmt: skip


def _asked(grid: str | None = None) -> Search:
    given = request.args
    return Search(
        text=given.get("q", "")[:60],
        grid=grid,
        care_level=given.get("care", ""),
        tag=given.get("tag", ""),
        building=given.get("building", ""),
    )


def is_filtered(search: Search) -> bool:
    """Whether anything but text narrows the search."""
    return bool(search.care_level or search.tag or search.building)


@console.get("/grids/<grid_id>")
@admit("grids")
def grid(grid_id: str) -> str:
    """The households of one grid."""
    person = here()
    if not person.sees_grid(grid_id):
        abort(404)
    found = areas(person, grids=[grid_id])
    if not found:
        abort(404)
    return _households(person, _asked(grid_id), area=found[0])


def _households(person: Person, search: Search, *, area: Area | None) -> str:
    rows, page = find(person, search, page=asked_page())
    titles = ledger.titles()
    titles.load(row.grid for row in rows)
    spec = ledger.catalogue_type("household")
    query: dict[str, Any] = {
        name: value
        for name, value in (
            ("q", search.text),
            ("care", search.care_level),
            ("tag", search.tag),
            ("building", search.building),
        )
        if value
    }

    def address(number: int) -> str:
        if area is None:
            return url_for("console.grids", page=number, **query)
        return url_for("console.grid", grid_id=area.id, page=number, **query)

    return full_page(
        "households.html",
        "parts/households.html",
        area=area,
        search=search,
        rows=rows,
        page=page,
        address=address,
        care_words=lambda value: wording.said(spec.by_name["care_level"], value, str),
        tag_words=lambda value: wording.said(spec.by_name["tags"], [value], str),
        care_choices=[(OVERDUE, gettext("overdue for a visit")), *_words(CARE_LEVEL)],
        tag_choices=_words(CARE),
        building_choices=_buildings(person, area),
        grid_title=titles.of,
        help_page="households",
    )


def _words(codes: Any) -> list[tuple[str, str]]:
    zh = languages.language() == "zh"
    return [(value, words[0] if zh else words[1]) for value, words in codes.items()]


def _buildings(person: Person, area: Area | None) -> forms.Options:
    """The buildings of a grid, for the filter."""
    record = ledger.record(area.id) if area is not None else None
    if area is None or record is None or not person.sees_grid(area.id):
        return []
    return forms.buildings_of(area.id)
