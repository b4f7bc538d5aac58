"""Scenario files: what is wrong is said with its place, before anything runs."""

import tomllib

import pytest

from server.records.codes import BUSINESS
from simulator.scenario_file import (
    BUILT_IN,
    Table,
    built_in_names,
    find_scenario,
    read_scenario,
)

BASE = (BUILT_IN / "mm5-0.7.toml").read_text(encoding="utf-8")


def read(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return read_scenario(path)


@pytest.mark.parametrize("name", built_in_names())
def test_every_built_in_scenario_speaks_of_the_lines_of_business_that_orders_have(name):
    told = tomllib.loads((BUILT_IN / f"{name}.toml").read_text(encoding="utf-8"))
    parts = [*told.get("arrivals", {}).values(), *told.get("units", {}).values()]
    assert {word for part in parts for word in part.get("business", ())} <= BUSINESS.keys()


@pytest.mark.parametrize("name", built_in_names())
def test_every_built_in_scenario_reads_and_has_titles_in_both_languages(name):
    scenario = read_scenario(find_scenario(name))
    assert scenario.name == name
    assert not scenario.title[0].isascii()
    assert scenario.title[1].isascii()
    assert len(scenario.source["sha256"]) == 64


def test_the_rain_is_the_ordinary_week_but_for_the_weather_and_the_season():
    week, rain = (
        tomllib.loads((BUILT_IN / f"{name}.toml").read_text(encoding="utf-8"))
        for name in ("week", "rain-week")
    )
    for scenario in (week, rain):
        for name in ("start", "title"):
            del scenario[name]
    for name in ("drainage", "emergency"):
        assert rain["arrivals"][name].pop("surges")
    assert rain == week


def test_the_week_has_the_loads_of_the_domain():
    week = read_scenario(find_scenario("week"))
    a_day = {arrivals.name: arrivals.per_hour * 24 for arrivals in week.arrivals}
    assert a_day["hotline"] == pytest.approx(27 * 89 / 365.25)
    events = a_day["grid"] + a_day["drainage"] + a_day["emergency"]
    assert events == pytest.approx(114 * 89 / 365.25)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("per_hour = 3.5", "per_hours = 3.5", "needs a rate above zero"),
        ("per_hour = 3.5", "per_hour = 3.5\nper_minute = 1", "unknown settings: per_minute"),
        ("per_hour = 3.5", 'per_hour = "many"', "per_hour must be a number"),
        ("members = 5", "members = 2.5", "members must be a whole number"),
        ("members = 5", "members = 0", "needs a unit with a member"),
        ("members = 5", "members = 5\nsyncs = 0", "syncs cannot follow at once"),
        ("members = 5", 'members = 5\ncalendar = "lunar"', "calendar must be one of always"),
        ('kind = "department"', 'kind = "bakery"', "kind must be one of"),
        ("grids = 1", "grids = 1\nstreets = 2", "streets ≤ communities"),
        (
            "effort = { exponential = 1.0 }",
            "effort = { gamma = 1 }",
            "effort: unknown distribution",
        ),
        ("only = 1 }", "other = 1 }", "a class that does not exist"),
        ("only = 1 }", "only = 0 }", "classes needs weights above zero"),
        ("level = 0.999", "level = 1.0", "levels lie between"),
        ("seed = 1", "", None),
        ("[title]", "[titles]", "title is missing"),
        ("start = 2026-03-02T00:00:00", 'start = "soon"', "start: "),
        ("[grids]", "[grids", "mine.toml: "),
        ("[grids]\ngrids = 1", "", "grids is missing"),
        ("[cases]", "[watched]\nsince = 5\nuntil = 5\n[cases]", "within the horizon"),
        ("[cases]", "[cases]\nreturning = 1.5", "not a share below one"),
        ("members = 5", "members = 5\nsyncs = 2", "the fast-server control needs"),
        (
            "effort = { exponential = 1.0 }",
            "effort = { exponential = 1.0 }\n[classes.urgent]\nphone = 0.1\npriority = 1",
            "told by phone must have a higher priority",
        ),
        (
            "only = 1 }",
            "only = 1 }\nprofile = { hours = [1, 2] }",
            "hours needs 24 numbers",
        ),
        (
            "only = 1 }",
            "only = 1 }\nsurges = [{ since = 2, until = 1, factor = 3 }]",
            "not a surge",
        ),
    ],
)
def test_a_mistake_is_found_by_its_name(tmp_path, old, new, said):
    assert old in BASE
    text = BASE.replace(old, new, 1)
    if said is None:
        assert read(tmp_path, text).seed == 1
        return
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        read(tmp_path, text)


def test_a_start_has_a_zone_and_a_calendar_can_be_ones_own(tmp_path):
    text = BASE.replace('kind = "department"', 'kind = "department"\ncalendar = "mornings"')
    text = text.replace("2026-03-02T00:00:00", "2026-03-01T16:00:00Z").replace(
        'control = "fast-server"', ""
    )
    text += '\n[calendars.mornings]\nhours = ["08:00-12:00"]\n'
    scenario = read(tmp_path, text)
    assert scenario.start.isoformat() == "2026-03-02T00:00:00+08:00"
    assert scenario.units[0].calendar.hours == ((480, 720),)


def test_a_scenario_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ValueError, match=r"built in: mm5-0\.7, mm5-0\.9, rain-week, week"):
        find_scenario("monsoon")


def test_a_path_is_a_scenario_too(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(BASE, encoding="utf-8")
    assert find_scenario(str(path)) == path


def test_a_table_that_is_none_is_refused():
    with pytest.raises(ValueError, match="here: must be a table"):
        Table("here", 3)
