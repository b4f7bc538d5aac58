"""`yuanba simulate`, as an operator meets it."""

import json

import pytest

from server import cli
from simulator.scenario_file import BUILT_IN

TINY_QUEUE = {
    "batch = 10000": "batch = 1000",
    "least_batches = 60": "least_batches = 30",
    "half_width = 0.02": "half_width = 0.5",
    "warm_up_cases = 20000": "warm_up_cases = 1000",
}
TINY_WEEK = {
    "since = 336": "since = 24",
    "until = 504": "until = 48",
    "horizon = 1008": "horizon = 96",
}


def scenario(tmp_path, name, changes):
    text = (BUILT_IN / f"{name}.toml").read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "tiny.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.fixture
def simulate(tmp_path, monkeypatch, capsys):
    """Run the command; return its exit code, what it printed, and where it wrote."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*words):
        with pytest.raises(SystemExit) as ended:
            cli.main(["simulate", *words])
        said = capsys.readouterr()
        return ended.value.code or 0, said.out + said.err

    return run


def test_without_a_scenario_it_names_those_there_are(simulate):
    code, said = simulate("--lang", "en")
    assert code == 0
    assert "An ordinary week of the county town" in said
    assert "mm5-0.9" in said


def test_a_week_is_printed_in_chinese_and_written(simulate, tmp_path):
    path = scenario(tmp_path, "week", TINY_WEEK)
    code, said = simulate(path, "--seed", "5", "--replications", "2", "--lang", "zh")
    assert code == 0
    for word in ("时间花在哪里", "知晓", "等到结果送达", "普通", "网格员", "种子 5", "重复 2 次"):
        assert word in said
    figures = json.loads((tmp_path / "simulated/tiny-5/figures.json").read_text(encoding="utf-8"))
    assert figures["provenance"]["seed"] == 5
    assert (tmp_path / "simulated/tiny-5/cases.csv").is_file()


def test_a_validation_stands_beside_its_textbook(simulate, tmp_path):
    path = scenario(tmp_path, "mm5-0.7", TINY_QUEUE)
    code, said = simulate(path, "--lang", "en", "--out", "here")
    assert code == 0
    assert "0.251892" in said
    assert "0.377838" in said
    assert "without the control" in said
    assert (tmp_path / "here/figures.json").is_file()


def test_a_value_outside_its_interval_is_exit_code_one(simulate, tmp_path):
    # Hardly any warm-up and a handful of batches, at a level that bounds nothing.
    broken = TINY_QUEUE | {"level = 0.999": "level = 0.0001"}
    code, said = simulate(scenario(tmp_path, "mm5-0.7", broken), "--lang", "en", "--no-control")
    assert code == 1
    assert "no" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["monsoon"], "no scenario 'monsoon'"),
        (["mm5-0.7", "--replications", "3"], "--replications does not apply"),
        (["week", "--lang", "fr"], "--lang is zh or en"),
    ],
)
def test_what_an_operator_can_put_right_is_a_sentence(simulate, words, sentence):
    code, said = simulate(*words)
    assert code == 2
    assert sentence in said
    assert "Traceback" not in said


def test_a_mistake_in_a_scenario_is_told_with_its_place(simulate, tmp_path):
    path = scenario(tmp_path, "mm5-0.7", {"members = 5": "member = 5"})
    code, said = simulate(path)
    assert code == 2
    assert "tiny.toml.units.servers: unknown settings: member" in said
