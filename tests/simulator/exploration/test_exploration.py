"""The promise under fire: seeds, kept failures, planted bugs, and that a run repeats itself."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from simulator.exploration.mutants.table import MUTANTS, planted
from simulator.exploration.run import Outcome, explore, play
from simulator.exploration.telling.hashes import differing
from simulator.exploration.telling.runs import read_run, write_run
from simulator.exploration.telling.shrink import shrink
from simulator.exploration.telling.trace import WORDS, tell_story

KEPT = sorted((Path(__file__).parent / "kept").glob("*.json"))
KILLED = sorted((Path(__file__).parent / "killed").glob("*.json"))
BATCHES, SEEDS = 4, 10


@pytest.mark.parametrize("batch", range(BATCHES))
@pytest.mark.parametrize("profile", ["swarm", "fixed"])
def test_every_promise_holds_whatever_happens(profile, batch):
    for seed in range(batch * SEEDS, (batch + 1) * SEEDS):
        outcome = explore(seed, profile=profile)
        assert outcome.broken is None, f"yuanba replay {seed} --profile {profile} --trace"


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_run_that_failed_once_holds_now(path):
    kept = read_run(path)
    assert play(kept.steps, seed=kept.seed).broken is None, f"yuanba replay {path} --trace"


@pytest.mark.parametrize("path", KILLED, ids=lambda path: path.stem)
def test_a_planted_bug_is_found_by_the_steps_that_found_it_before(path):
    kept = read_run(path)
    assert kept.broken is not None and kept.mutant is not None
    number = kept.broken[0]
    assert number in MUTANTS[kept.mutant].promises, "it dies in the name of a promise it breaks"
    with planted(kept.mutant):
        breaks = play(kept.steps, seed=kept.seed).breaks
    assert number in breaks, f"{kept.mutant} is not found any more"
    assert play(kept.steps, seed=kept.seed).broken is None, "without the bug all is well"


def test_the_same_seed_gives_the_same_trace_whatever_hashes_are():
    assert differing([3, 4], steps=120) == []


@pytest.mark.parametrize("name", [name for name, one in MUTANTS.items() if one.promises == (13,)])
def test_what_goes_by_the_order_of_a_set_is_found_between_two_processes(name):
    assert differing([0, 1], steps=40, mutant=name), f"{name} is not found any more"


def test_a_run_played_from_its_file_is_the_run_of_its_seed(tmp_path):
    lived = explore(5, profile="fixed", steps=150)
    write_run(tmp_path / "run.json", lived)
    kept = read_run(tmp_path / "run.json")
    assert kept.steps == lived.steps
    assert play(kept.steps, seed=kept.seed).digest == lived.digest


def test_every_fact_of_a_trace_is_told_in_words():
    folder = Path(sys.modules[Outcome.__module__].__file__).parent
    told = {
        kind
        for path in folder.rglob("*.py")
        for kind in re.findall(r'\.tell\(\s*"(\w+)"', path.read_text("utf-8"))
    }
    assert told == set(WORDS)
    outcome = explore(1, profile="fixed", steps=80, keep_trace=True)
    chinese, english = (tell_story(outcome.facts, lang) for lang in ("zh", "en"))
    assert len(chinese) == len(english) == len(outcome.facts)


def test_what_is_no_run_is_refused_in_words(tmp_path):
    path = tmp_path / "run.json"
    path.write_text("{}")
    with pytest.raises(ValueError, match=r"run\.json is not the file of a run"):
        read_run(path)


def test_a_failure_shrinks_to_a_story_of_a_few_steps():
    with planted("tombstone_forgotten"):
        found = next(
            one for one in (explore(seed, profile="fixed") for seed in range(8)) if one.broken
        )
        assert found.broken is not None
        steps, small = shrink(found.steps, seed=found.seed, number=found.broken[0])
    assert small.broken is not None
    assert small.broken[0] == found.broken[0]
    assert len(steps) <= 8
    assert play(steps, seed=found.seed).broken is None, "without the bug all is well"
