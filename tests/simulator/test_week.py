"""A county's week: nothing goes back, nothing gets lost, the same seed is the same week."""

import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import pytest

from server.rules.workflow import RETURN_CAPS
from simulator.case import MEASURES, MOMENTS, STAGES, stage_times
from simulator.engine import Simulation
from simulator.keyed import Keyed
from simulator.log import CaseLog
from simulator.run import run
from simulator.scenario_file import find_scenario, read_scenario

WEEK = read_scenario(find_scenario("week"))
SHORT = replace(WEEK, since=24.0, until=72.0, horizon=240.0)

DIGEST = """
from dataclasses import replace
from simulator.run import run
from simulator.scenario_file import find_scenario, read_scenario
week = read_scenario(find_scenario("week"))
print(run(replace(week, since=0.0, until=24.0, horizon=96.0), replications=2).digest)
"""


def live(scenario, *, seed=1, hours=None):
    """Run a world and return it with all of its cases."""
    log = CaseLog()
    simulation = Simulation(scenario, Keyed(seed), log)
    simulation.advance(hours or scenario.horizon)
    return simulation, log.finished + list(simulation.live.values())


@pytest.fixture(scope="module")
def week():
    return live(replace(SHORT, horizon=24.0 * 30))


@pytest.fixture(scope="module")
def result():
    return run(SHORT, replications=4)


def test_the_moments_of_a_case_never_go_back(week):
    _, cases = week
    assert len(cases) > 500
    for case in cases:
        moments = [getattr(case, name) for name in MOMENTS]
        known = [moment for moment in moments if moment is not None]
        assert moments[: len(known)] == known, "a later moment is known and an earlier one is not"
        assert all(a <= b for a, b in pairwise(known)), moments


def test_no_case_is_lost(week):
    simulation, cases = week
    assert sorted(case.index for case in cases) == list(range(simulation.arisen))


def test_the_stages_and_the_rework_add_up_to_the_whole(week):
    simulation, cases = week
    reworked = 0
    for case in cases:
        if case.delivered is None:
            continue
        times = {name: hours for name, hours, _ in stage_times(case, simulation.now)}
        parts = sum(times[name] for name, _, _ in STAGES) + times["rework"]
        assert parts == pytest.approx(times["total"])
        assert times["waiting"] <= times["total"]
        reworked += times["rework"] > 0
    assert reworked > 20


def test_the_load_of_a_desk_is_what_it_has_not_resolved(week):
    simulation, cases = week
    for desk in simulation.world.desks:
        held = [c for c in cases if c.desk is desk and c.resolved is None and c.accepted]
        waiting = [c for c in cases if c.desk is desk and c.dispatched and c.accepted is None]
        assert desk.load == len(held) + len(waiting)


def test_an_offline_worker_learns_of_an_order_only_after_its_dispatch_and_at_a_sync(week):
    _, cases = week
    offline = [
        case
        for case in cases
        if case.desk is not None and not case.desk.online and case.learned is not None
    ]
    assert len(offline) > 100
    gaps = [case.learned - case.dispatched for case in offline]
    assert min(gaps) > 0
    assert sum(gaps) / len(gaps) > 1.0


def test_nobody_works_at_night_but_for_emergencies(week):
    _, cases = week
    for case in cases:
        if case.accepted is None or case.desk is None:
            continue
        if WEEK.classes[case.order_class].name != "emergency":
            assert case.desk.shift.is_open(case.accepted)


def test_emergencies_are_begun_within_hours_at_any_time_of_the_day():
    busy = tuple(
        replace(a, per_hour=a.per_hour * 20) if a.name == "emergency" else a for a in WEEK.arrivals
    )
    _, cases = live(replace(SHORT, arrivals=busy, horizon=24.0 * 14))
    urgent = [c for c in cases if WEEK.classes[c.order_class].name == "emergency" and c.begun]
    at_night = [c for c in urgent if c.arisen % 24 < 7]
    assert len(at_night) > 10
    assert sum(c.begun - c.arisen < 2 for c in urgent) > 0.9 * len(urgent)


def test_returns_stop_at_their_cap_and_go_to_another_desk():
    _, cases = live(replace(SHORT, returning=0.9))
    assert max(case.returns for case in cases) == max(RETURN_CAPS.values())
    for case in cases:
        name = WEEK.classes[case.order_class].name
        assert case.returns <= RETURN_CAPS[name]
    moved = [case for case in cases if case.returns and case.accepted is not None]
    assert sum(case.desk.id not in case.tried for case in moved) > 0.9 * len(moved)


def test_reopened_cases_are_delivered_again_and_not_for_ever():
    _, cases = live(replace(SHORT, reopening=0.9, horizon=24.0 * 40))
    assert max(case.reopened for case in cases) == 2
    again = [case for case in cases if case.reopened and case.delivered is not None]
    assert all(case.rework > 0 for case in again)


def test_what_is_unfinished_is_reported_as_censored_and_not_dropped():
    cut = run(replace(SHORT, horizon=110.0), replications=3)
    total = cut.row("total")
    assert total.censored == cut.cases["censored"] > 20
    assert total.count == cut.cases["arisen"] == cut.cases["finished"] + cut.cases["censored"]
    whole = run(SHORT, replications=3).row("total")
    finished_only = [
        w.case.delivered - w.case.arisen for w in cut.watched if w.case.delivered is not None
    ]
    # Those who finish early would make the cut look fast; the median is not fooled.
    assert sorted(finished_only)[len(finished_only) // 2] < 0.8 * whole.percentiles["p50"].value
    assert total.percentiles["p50"].value > 0.8 * whole.percentiles["p50"].value


def test_every_measure_has_figures_for_all_and_for_each_class(result):
    for measure in MEASURES:
        for name in ("all", *(item.name for item in SHORT.classes)):
            found = result.row(measure, name)
            assert found.count > 0
    with pytest.raises(KeyError):
        result.row("sleeping")


def test_every_share_is_between_none_and_all(result):
    # No hard order is due within these ten days, so none is on time or late.
    assert set(result.on_time) == {item.name for item in SHORT.classes} - {"hard"}
    assert set(result.busy) == {"centre", "grid", "department", "property", "party"}
    for share in [*result.on_time.values(), *result.busy.values()]:
        assert 0 <= share.value <= 1


def test_another_seed_is_another_week(result):
    assert run(SHORT, seed=2, replications=4).digest != result.digest


def test_the_same_seed_is_the_same_week_whatever_python_hashes():
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "1", "4711")
    }
    assert len(digests) == 1


def test_one_worker_more_leaves_every_need_and_its_luck_as_it_was():
    """Common random numbers: what differs between two scenarios is what was changed."""
    more = tuple(
        replace(unit, members=unit.members + 1) if unit.name == "department" else unit
        for unit in WEEK.units
    )
    base, cases = live(SHORT)
    changed, others = live(replace(SHORT, units=more))
    assert base.arisen == changed.arisen
    other = {case.index: case for case in others}
    for case in cases:
        twin = other[case.index]
        for moment in ("arisen", "reported", "received"):
            assert getattr(case, moment) == getattr(twin, moment)
        assert (case.kind, case.business, case.grid) == (twin.kind, twin.business, twin.grid)
        pass_of = (case.number, 0)
        efforts = case.origin.efforts[case.order_class], twin.origin.efforts[twin.order_class]
        assert efforts[0].at(*pass_of) == efforts[1].at(*pass_of)


def test_rain_brings_more_drains_and_a_flood_many_emergencies():
    rain = read_scenario(find_scenario("rain-week"))
    counts = {}
    for scenario in (WEEK, rain):
        _, cases = live(scenario, hours=scenario.until)
        watched = [case for case in cases if case.arisen >= scenario.since]
        for name in ("drainage", "emergency", "hotline"):
            counts[scenario.name, name] = sum(c.origin.spec.name == name for c in watched)
    assert counts["rain-week", "drainage"] > 1.3 * counts["week", "drainage"]
    assert counts["rain-week", "emergency"] > counts["week", "emergency"]
