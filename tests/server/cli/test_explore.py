"""`yuanba explore`, `replay` and `shrink`, as an engineer meets them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator.exploration.mutants import table as mutants
from simulator.exploration.mutants.table import Mutant
from simulator.exploration.telling.runs import read_run

FEW = ("--jobs", "1", "--lang", "en")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def failing(yuanba, tmp_path):
    """The file of a run in which a planted bug was found."""
    said = yuanba("explore", "--mutant", "no_eviction", "--seeds", "0-3", "--steps", "150", *FEW)
    assert said.code == 0, said.out
    assert "no_eviction: found at seed 1 (invariant 4)" in said.out
    (path,) = (tmp_path / "explored").glob("no_eviction-*.json")
    assert f"yuanba replay explored/{path.name} --trace" in said.out
    return f"explored/{path.name}"


def test_a_campaign_counts_what_happened_and_says_that_all_holds(yuanba):
    said = yuanba("explore", "--seeds", "0-1", "--steps", "40", *FEW)
    assert said.code == 0
    assert "How often it happened" in said.out and "2 seeds, " in said.out
    assert "Never seen in 2 seeds (from 10,000 on that is a failure):" in said.out
    assert "  next:wipe: a tablet is told to erase itself" in said.out
    assert said.out.rstrip().endswith("all hold")


def test_a_failing_run_is_told_in_words_and_cut_down_to_a_story(yuanba, failing):
    told = yuanba("replay", failing, "--trace", "--lang", "en")
    assert told.code == 1
    assert re.search(r"\d\d:\d\d:\d\d \w+: the server answers /sync/v1/exchange: 200", told.out)
    assert "the exchange is done" in told.out
    assert "invariant 4 (no answer holds a row" in told.out
    chinese = yuanba("replay", failing, "--trace", "--lang", "zh")
    assert chinese.code == 1 and "服务器答复" in chinese.out and "不变量 4" in chinese.out
    hashes = {re.search(r"[0-9a-f]{32}", one.out)[0] for one in (told, chinese)}
    assert len(hashes) == 1

    cut = yuanba("shrink", failing, "--lang", "en")
    assert cut.code == 0
    assert re.search(r"\d+ steps to [1-4], in \d+ runs", cut.out)
    small = failing.replace(".json", "-small.json")
    assert f"Written: {small}" in cut.out
    kept = read_run(Path(small))
    assert len(kept.steps) <= 4 and kept.mutant == "no_eviction" and kept.broken[0] == 4
    assert yuanba("replay", small, "--lang", "en").code == 1


def test_a_seed_that_holds_is_told_and_has_nothing_to_shrink(yuanba):
    told = yuanba("replay", "3", "--steps", "30", "--trace", "--lang", "en")
    assert told.code == 0 and told.out.rstrip().endswith("every invariant held")
    cut = yuanba("shrink", "3", "--steps", "30", "--lang", "en")
    assert cut.code == 2 and "there is nothing to shrink" in cut.err


def test_a_mutant_that_survives_fails_the_command(yuanba, monkeypatch):
    idle = Mutant("什么也不改", "changes nothing", (1,), lambda _stack: None)
    monkeypatch.setattr(mutants, "MUTANTS", {"changes_nothing": idle})
    said = yuanba("explore", "--mutants", "--seeds", "0-2", "--steps", "30", *FEW)
    assert said.code == 1
    assert "changes_nothing: survived 3 seeds" in said.out and "0 of 1 mutants found" in said.out


def test_a_bug_that_needs_a_rare_meeting_is_found_by_the_run_that_is_kept(yuanba, monkeypatch):
    name = "photo_believes_before"
    monkeypatch.setattr(mutants, "MUTANTS", {name: mutants.MUTANTS[name]})
    said = yuanba("explore", "--mutants", "--seeds", "0-1", "--steps", "5", *FEW)
    assert said.code == 0, said.err
    assert f"{name}: survived 2 seeds, and the run that is kept finds it" in said.out
    assert "1 of 1 mutants found" in said.out


def test_a_campaign_that_is_interrupted_tells_what_it_has(yuanba, monkeypatch):
    from simulator.exploration.telling import campaign

    calls = []

    def one(seed, **_options):
        calls.append(seed)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(seed, profile="fixed", steps=10, mutant=None)

    original = campaign._one
    monkeypatch.setattr(campaign, "_one", one)
    said = yuanba("explore", "--seeds", "0-9", *FEW)
    assert said.code == 130
    assert "Interrupted: 1 of 10 seeds were run" in said.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("explore", "--seeds", "many"), "--seeds is a number or a range like 0-999"),
        (("explore", "--seeds", "9-3"), "--seeds is a number or a range like 0-999"),
        (("explore", "--profile", "wild"), "--profile is swarm or fixed, not 'wild'."),
        (("replay", "3", "--profile", "wild"), "--profile is swarm or fixed, not 'wild'."),
        (("explore", "--mutant", "gremlin"), "There is no mutant 'gremlin'."),
        (("replay", "3", "--mutant", "gremlin"), "There is no mutant 'gremlin'."),
        (("replay", "none.json"), "none.json is no seed, and there is no such file."),
        (("shrink", "none.json"), "none.json is no seed, and there is no such file."),
        (("replay", "³"), "³ is no seed, and there is no such file."),
        (("shrink", "."), ". cannot be read: Is a directory."),
    ],
)
def test_what_a_person_can_put_right_is_a_sentence(yuanba, words, sentence):
    said = yuanba(*words)
    assert said.code == 2
    assert sentence in said.err
