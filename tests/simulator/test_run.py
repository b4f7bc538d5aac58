"""Running: stopping by itself, reporting, provenance."""

import csv
import io
import json
from dataclasses import replace

import pytest

from simulator.case import MEASURES, MOMENTS
from simulator.labels import CLASS_LABELS, MEASURE_LABELS, UNIT_LABELS, class_label, unit_label
from simulator.report import Timing, as_json, commit_of, write_report
from simulator.run import run
from simulator.scenario_file import find_scenario, read_scenario
from simulator.validation import textbook

WEEK = read_scenario(find_scenario("week"))
QUEUE = read_scenario(find_scenario("mm5-0.7"))


@pytest.fixture(scope="module")
def short():
    return run(replace(WEEK, since=24.0, until=48.0, horizon=120.0), replications=2)


@pytest.fixture(scope="module")
def queue():
    estimate = replace(QUEUE.estimate, batch=1000, least_batches=20, warm_up_cases=1000)
    return run(replace(QUEUE, estimate=replace(estimate, half_width=0.1)))


def test_a_run_of_batches_grows_until_its_intervals_are_narrow(queue):
    assert queue.units > 20
    figures = queue.row("waiting")
    assert figures.count == queue.units * 1000
    for value in (figures.mean, figures.above_zero, figures.percentiles["p95"]):
        assert value.relative <= 0.1


def test_a_run_of_batches_ends_at_its_longest():
    estimate = replace(
        QUEUE.estimate, batch=500, least_batches=10, most_batches=12, warm_up_cases=100
    )
    assert run(replace(QUEUE, estimate=replace(estimate, half_width=1e-6))).units == 12


def test_progress_ends_at_the_end_and_never_goes_back_within_a_goal():
    told = []
    run(replace(WEEK, since=0.0, until=24.0, horizon=60.0), replications=2, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) == 6


def test_the_json_holds_figures_and_provenance_and_no_surprise(short):
    found = json.loads(json.dumps(as_json(short, Timing(2.0)), allow_nan=False))
    assert found["scenario"] == "week"
    assert found["provenance"]["seed"] == 1
    assert set(found["provenance"]["versions"]) >= {"python", "numpy", "simpy"}
    assert len(found["provenance"]["sha256"]) == 64
    assert found["run"]["events_per_second"] == round(short.events / 2)
    measures = {row["measure"] for row in found["rows"]}
    assert measures == set(MEASURES)
    total = next(r for r in found["rows"] if (r["measure"], r["class"]) == ("total", "all"))
    assert total["count"] == found["cases"]["arisen"]
    assert set(total["percentiles"]) == {"p50", "p90", "p95"}


def test_two_reports_of_one_run_differ_in_nothing_but_the_time_they_took(short):
    first, second = (as_json(short, Timing(seconds)) for seconds in (1.0, 2.0))
    assert first.pop("run") != second.pop("run")
    assert first == second


def test_the_plain_figures_stand_beside_the_controlled_ones(queue):
    row = as_json(queue, Timing(1.0))["rows"][0]
    assert set(row["without_control"]) == {"mean", "share_above_zero", "percentiles"}


def test_the_files_hold_every_case_with_its_ten_moments(short, tmp_path):
    files = write_report(short, Timing(1.0), tmp_path / "out")
    assert [path.name for path in files] == ["figures.json", "cases.csv"]
    raw = files[1].read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert len(rows) == short.cases["arisen"]
    for row in rows:
        moments = [row[name] for name in MOMENTS if row[name]]
        assert moments == sorted(moments)
        assert (row["finished"] == "yes") == bool(row["delivered"])
        assert row["arisen"].startswith("2026-03-03")


def test_a_queue_leaves_figures_only(queue, tmp_path):
    assert [path.name for path in write_report(queue, Timing(1.0), tmp_path)] == ["figures.json"]


def test_a_textbook_knows_percentiles_only_where_first_come_is_first_served():
    assert set(textbook(QUEUE)) == {"mean", "share_above_zero", "p95"}
    first, second = (replace(QUEUE.classes[0], name=n, priority=p) for p, n in enumerate("ab"))
    arrivals = replace(QUEUE.arrivals[0], classes={"a": 1.0, "b": 1.0})
    ranked = replace(QUEUE, classes=(first, second), arrivals=(arrivals,))
    assert set(textbook(ranked)) == {"mean", "share_above_zero"}


def test_every_measure_has_a_label_and_unknown_names_stay_themselves():
    assert tuple(MEASURE_LABELS) == MEASURES
    assert set(CLASS_LABELS) > {item.name for item in WEEK.classes}
    assert set(UNIT_LABELS) > {unit.name for unit in WEEK.units}
    assert class_label("mine", "zh") == unit_label("mine", "en") == "mine"


@pytest.mark.parametrize("layout", ["loose", "packed", "detached", "worktree", "none"])
def test_the_commit_is_read_from_any_layout_of_git(tmp_path, layout):
    commit = "0123456789abcdef0123456789abcdef01234567"
    git = tmp_path / ".git"
    (git / "refs/heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "packed-refs").write_text("# pack-refs\n")
    checkout = tmp_path
    if layout in {"loose", "worktree"}:
        (git / "refs/heads/main").write_text(f"{commit}\n")
    elif layout == "packed":
        (git / "packed-refs").write_text(f"# pack-refs\n{commit} refs/heads/main\n")
    elif layout == "detached":
        (git / "HEAD").write_text(f"{commit}\n")
    if layout == "worktree":
        (git / "worktrees/w").mkdir(parents=True)
        (git / "worktrees/w/HEAD").write_text("ref: refs/heads/main\n")
        (git / "worktrees/w/commondir").write_text("../..\n")
        checkout = tmp_path / "w"
        checkout.mkdir()
        (checkout / ".git").write_text(f"gitdir: {git / 'worktrees/w'}\n")
    assert commit_of(checkout) == (None if layout == "none" else commit)
