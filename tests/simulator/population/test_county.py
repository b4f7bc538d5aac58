"""The county: borders that meet, references that resolve, parts that are the whole's."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from itertools import pairwise

import pytest
import shapely
from shapely.geometry import shape

from simulator.population import BASE_MS, county
from simulator.population.keys import IDS_PER_MS, Ids, generator
from simulator.population.layout import lay_out
from simulator.population.prototypes import sample

SMALL = 0.03

#: The wire fields that each type may have, and those that it must.
FIELDS = {
    "street": "code! name! boundary!",
    "community": "code! name! street! boundary! synthetic!",
    "grid": "code! number! name! community! version! valid_from! valid_to polygon!",
    "unit": "code! name! kind! street business!",
    "user": "name! role! phone! unit street community lang! active!",
    "assignment": "user! feed! since! until reason",
    "building": "grid! compound! number! entrances! floors! doors! footprint! tags!",
    "household": "grid! building! compound! entrance! floor! room! householder! phone housing!"
    " care_level! tags! visits! last_visit first_contact notes origin!",
    "resident": "grid! household! name! sex! birth! kinship! ethnic! phone registered! residing!"
    " occupation tags!",
    "resident_restricted": "resident! grid! citizen_id! controlled!",
}
REFERENCES = {
    "community": {"street": "street"},
    "grid": {"community": "community"},
    "unit": {"street": "street"},
    "user": {"unit": "unit", "street": "street", "community": "community"},
    "assignment": {"user": "user"},
    "building": {"grid": "grid"},
    "household": {"grid": "grid", "building": "building"},
    "resident": {"grid": "grid", "household": "household"},
    "resident_restricted": {"grid": "grid", "resident": "resident"},
}
ORDER = list(FIELDS)
CHOICES = {
    ("unit", "kind"): {"department", "property", "party", "other"},
    ("household", "housing"): {"owned", "rented", "public", "resettlement", "vacant"},
    ("household", "care_level"): {"none", "quarterly", "monthly", "weekly"},
    ("household", "origin"): {"survey", "visit", "import"},
    ("resident", "sex"): {"1", "2"},
}


@cache
def layout(seed):
    return lay_out(seed=seed, scale=1.0)


def digest(records):
    text = hashlib.sha256()
    for record in records:
        text.update(json.dumps(record, ensure_ascii=False).encode())
    return text.hexdigest()


@pytest.fixture(scope="module")
def whole():
    return list(county(5, SMALL).records())


# --- borders


@pytest.mark.parametrize("seed", range(4))
def test_grids_tile_the_town_without_a_gap_or_an_overlap(seed):
    plan = layout(seed)
    polygons = [grid.polygon for grid in plan.grids]
    town = shapely.unary_union(polygons)
    assert town.geom_type == "Polygon"
    assert not town.interiors
    assert sum(polygon.area for polygon in polygons) == pytest.approx(town.area, rel=1e-12)
    tree = shapely.STRtree(polygons)
    for one, other in tree.query(polygons, predicate="intersects").T.tolist():
        if one < other:
            assert polygons[one].intersection(polygons[other]).area == 0
            assert polygons[one].touches(polygons[other])


def test_neighbours_have_the_vertices_of_their_border_in_common():
    grids = layout(3).grids
    for one in grids:
        own = set(one.polygon.exterior.coords)
        for other in grids:
            if one.slot != other.slot and one.polygon.touches(other.polygon):
                on_border = {
                    point
                    for point in other.polygon.exterior.coords
                    if one.polygon.exterior.distance(shapely.Point(point)) == 0
                }
                assert on_border <= own


@pytest.mark.parametrize("seed", range(4))
def test_communities_and_streets_are_made_of_their_grids(seed):
    plan = layout(seed)
    for place, community in enumerate(plan.communities):
        own = [grid for grid in plan.grids if grid.community == place]
        assert 7 <= len(own) <= 14
        assert [grid.number for grid in own] == list(range(1, len(own) + 1))
        assert sum(g.polygon.area for g in own) == pytest.approx(community.boundary.area, rel=1e-9)
    for place, street in enumerate(plan.streets):
        own_areas = [c.boundary.area for c in plan.communities if c.street == place]
        assert sum(own_areas) == pytest.approx(street.boundary.area, rel=1e-9)


def test_a_part_of_two_communities_is_two_neighbours_one_of_each_street():
    for seed in range(4):
        first, second = layout(seed).communities[:2]
        assert {first.street, second.street} == {0, 1}
        assert first.boundary.touches(second.boundary)


def test_the_town_is_where_jiangkou_is_and_of_a_towns_size():
    town = shapely.unary_union([s.boundary for s in layout(1).streets])
    assert town.contains(shapely.Point(108.84, 27.69))
    west, south, east, north = town.bounds
    assert 0.03 < east - west < 0.06
    assert 0.02 < north - south < 0.05


def test_grids_have_100_to_500_households_and_34_000_in_all():
    for seed in range(4):
        counts = [grid.households for grid in layout(seed).grids]
        assert len(counts) == 114
        assert min(counts) >= 100
        assert max(counts) <= 500
        assert 33_500 <= sum(counts) <= 34_500


def test_compounds_have_names_of_their_own_and_eight_are_resettlement_sites():
    grids = layout(2).grids
    compounds = [compound for grid in grids for compound in grid.compounds]
    assert len({compound.name for compound in compounds}) == len(compounds)
    assert Counter(compound.kind for compound in compounds)["resettlement"] == 8


def test_footprints_lie_inside_their_grid_and_apart(part):
    polygons = {record.id: shape(record.fields["polygon"]) for record in part.by_type["grid"]}
    by_grid = {}
    for building in part.fields("building"):
        by_grid.setdefault(building["grid"], []).append(shape(building["footprint"]))
    for grid, footprints in by_grid.items():
        assert all(polygons[grid].contains(footprint) for footprint in footprints)
        total = sum(footprint.area for footprint in footprints)
        assert shapely.unary_union(footprints).area == pytest.approx(total, rel=1e-9)


# --- records


def test_every_record_has_the_fields_of_its_type_and_no_null(whole):
    for kind, _, fields in whole:
        names = FIELDS[kind].split()
        assert set(fields) <= {name.removesuffix("!") for name in names}
        assert {name[:-1] for name in names if name.endswith("!")} <= set(fields)
        assert None not in fields.values()
        for name, value in fields.items():
            assert value in CHOICES.get(
                (kind, name), {value} if isinstance(value, str) else [value]
            )
            if isinstance(value, list):
                assert value == sorted(set(value))


def test_records_are_plain_json(whole):
    assert json.loads(json.dumps(whole[-1].fields)) == whole[-1].fields
    assert json.loads(json.dumps(whole[0].fields)) == whole[0].fields


def test_every_reference_names_an_earlier_record_of_the_right_type(whole):
    seen = {}
    for kind, identifier, fields in whole:
        for name, target in REFERENCES.get(kind, {}).items():
            assert name not in fields or seen[fields[name]] == target
        assert identifier not in seen
        seen[identifier] = kind


def test_records_come_in_the_order_in_which_they_can_be_created():
    kinds = [record.type for record in county(5, SMALL, 1).records()]
    firsts = sorted(set(kinds), key=kinds.index)
    assert firsts == [
        *("street", "community", "unit", "user", "grid", "assignment", "building"),
        *("household", "resident", "resident_restricted"),
    ]


def test_a_door_is_one_households(part):
    keys = [
        (fields["compound"], fields["building"], fields["entrance"], fields["room"])
        for fields in part.fields("household")
    ]
    assert len(set(keys)) == len(keys)
    assert all(all(key) for key in keys)


def test_a_door_is_within_its_building(part):
    buildings = {record.id: record.fields for record in part.by_type["building"]}
    for household in part.fields("household"):
        building = buildings[household["building"]]
        assert household["compound"] == building["compound"]
        assert household["grid"] == building["grid"]
        assert 1 <= household["floor"] <= building["floors"]
        assert int(household["room"][-2:]) <= building["doors"]
        assert household["room"][:-2] == str(household["floor"])


def test_visits_lie_before_the_base_and_the_first_before_the_last(part):
    for household in part.fields("household"):
        assert ("last_visit" in household) == (household["visits"] > 0)
        if household["visits"]:
            assert household["first_contact"] < household["last_visit"] < BASE_MS


def test_the_organisation_is_the_articles(whole):
    counted = Counter(record.type for record in whole)
    assert (counted["street"], counted["community"], counted["grid"]) == (2, 11, 114)
    units = Counter(record.fields["kind"] for record in whole if record.type == "unit")
    assert units["department"] == 22
    codes = [r.fields["code"] for r in whole if r.type in ("street", "community", "grid", "unit")]
    assert len(set(codes)) == len(codes)
    roles = Counter(record.fields["role"] for record in whole if record.type == "user")
    assert set(roles) == {
        *("grid_worker", "grid_chief", "joint_household_leader", "dispatcher", "handler"),
        *("community_staff", "administrator", "qa"),
    }
    names = [record.fields["name"] for record in whole if record.type == "user"]
    assert len(set(names)) == len(names)


def test_grants_name_feeds_that_exist_and_never_restricted_ones(whole):
    ids = {record.id: record.type for record in whole}
    roles = {record.id: record.fields["role"] for record in whole if record.type == "user"}
    wanted = {
        "grid_worker": "grid",
        "grid_chief": "grid",
        "joint_household_leader": "building",
        "handler": "unit",
        "community_staff": "community",
    }
    workers = Counter()
    for kind, _, fields in whole:
        if kind == "assignment":
            feed, _, record = fields["feed"].partition(":")
            assert feed == wanted[roles[fields["user"]]] == ids[record]
            workers[record] += roles[fields["user"]] == "grid_worker"
    assert all(workers[r.id] >= 1 for r in whole if r.type == "grid")


# --- parts, determinism


def test_a_part_has_the_ids_and_people_of_the_whole(whole):
    everything = {record.id: record for record in whole}
    part = list(county(5, SMALL, communities=2).records())
    assert {r.type for r in part} == {r.type for r in whole}
    assert len(part) < 0.4 * len(whole)
    assert all(everything[record.id] == record for record in part)
    inside = {record.id for record in part if record.type == "community"}
    grids = {r.id for r in whole if r.type == "grid" and r.fields["community"] in inside}
    of_part = [r for r in whole if r.type == "household" and r.fields["grid"] in grids]
    assert of_part == [record for record in part if record.type == "household"]


def test_the_same_seed_gives_the_same_county_under_another_hash_seed():
    program = (
        "import hashlib, json\n"
        "from simulator.population import county\n"
        "text = hashlib.sha256()\n"
        "for record in county(5, 0.03, communities=2).records():\n"
        "    text.update(json.dumps(record, ensure_ascii=False).encode())\n"
        "print(text.hexdigest())\n"
    )
    printed = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={
                **os.environ,
                "PYTHONHASHSEED": hash_seed,
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed in ("1", "4242")
    ]
    assert printed == [digest(county(5, SMALL, communities=2).records())] * 2


def test_another_seed_gives_another_county():
    one, other = (list(county(seed, SMALL, 1).records()) for seed in (1, 2))
    assert not {record.id for record in one} & {record.id for record in other}
    assert [r.fields["code"] for r in one[:2]] == [r.fields["code"] for r in other[:2]]


def test_the_time_base_moves_ids_and_instants_but_no_person():
    later = BASE_MS + 86_400_000 * 30
    one, other = county(5, SMALL, 1), county(5, SMALL, 1, later)
    old, new = list(one.people_of(one.grids[0])), list(other.people_of(other.grids[0]))
    assert [r.fields["name"] for r in old if r.type == "resident"] == [
        r.fields["name"] for r in new if r.type == "resident"
    ]
    assert all(int(r.id.replace("-", "")[:12], 16) >= later for r in new)


def test_scale_multiplies_the_households():
    small, usual = county(5, 0.1, 2).households, county(5, 1.0, 2).households
    assert small * 10 == pytest.approx(usual, rel=0.05)


def test_a_grid_of_four_times_the_people_still_has_unique_ids_and_doors():
    big = county(5, 4.0, 1)
    records = big.people_of(big.grids[0])
    numbers = [r.fields["citizen_id"] for r in records if r.type == "resident_restricted"]
    assert len(numbers) > 1500
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(("scale", "communities"), [(0, 2), (-1, 2), (41, 2), (1, 0), (1, 12)])
def test_what_makes_no_county_is_refused(scale, communities):
    with pytest.raises(ValueError, match="11 communities"):
        county(1, scale, communities)


# --- ids


def test_ids_are_version_7_ascend_and_keep_a_grid_together(whole):
    by_grid = {}
    for _, identifier, fields in whole:
        number = int(identifier.replace("-", ""), 16)
        assert identifier[14] == "7"
        assert identifier[19] in "89ab"
        assert len(identifier) == 36
        if "household" in fields or "building" in fields:
            by_grid.setdefault(fields["grid"], []).append(number)
    spans = sorted((min(numbers), max(numbers)) for numbers in by_grid.values())
    assert all(one[1] < other[0] for one, other in pairwise(spans))
    for kind in ("household", "resident", "resident_restricted", "user"):
        ids = [record.id for record in whole if record.type == kind]
        assert ids == sorted(ids)


def test_ids_taken_one_by_one_are_those_taken_together():
    one, other = (Ids(generator(1, "ids"), start_ms=BASE_MS) for _ in range(2))
    together = other.take(3 * IDS_PER_MS)
    assert [one.next() for _ in range(3 * IDS_PER_MS)] == together == sorted(together)


@pytest.mark.parametrize("seed", range(5))
def test_weights_converge_for_any_seed(seed):
    weights = sample(seed=seed).weights
    assert (weights > 0).all()
    assert weights.sum() == pytest.approx(1)
