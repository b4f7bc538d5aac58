"""The benchmark measures what it says: honest records, honest answers, the JSON promised."""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from random import Random

import orjson
import pytest

from scripts import bench, bench_server
from scripts.bench_client import AnswerError, Conversation, request, run
from scripts.bench_growth import Cost
from scripts.bench_measure import FLOORS, OURS, Figures, Measured
from scripts.bench_records import FILLED, households, note
from scripts.bench_report import as_json, markdown, write_readme
from scripts.bench_tablets import FULL, QUICK, County, tablet
from server.records import CATALOGUE
from sync.operation import check_values, read
from sync.record import Record

ROOT = Path(__file__).resolve().parents[2]
SPEC = CATALOGUE["household"]


def wire_row(one):
    record = Record.created(one.record, SPEC, stamp=one.stamp, values=one.values)
    return orjson.dumps(record.row())


def test_twelve_fields_of_a_household_are_filled_with_values_that_the_catalogue_takes():
    for one in households(200, seed=1):
        assert sorted(one.values) == sorted(FILLED)
        for name, value in one.values.items():
            assert SPEC.by_name[name].problem(value) is None, name


def test_a_row_is_about_450_bytes():
    rows = [wire_row(one) for one in households(2_000, seed=1)]
    assert 400 < sum(map(len, rows)) / len(rows) < 500


def test_no_two_households_share_a_note_an_id_or_a_stamp_whatever_the_seed():
    made = [*households(3_000, seed=1), *households(3_000, seed=2)]
    for distinct in ("record", "stamp"):
        assert len({getattr(one, distinct) for one in made}) == len(made)
    assert len({one.values["notes"] for one in made}) == len(made)


def test_notes_compress_no_better_than_prose_does():
    notes = "\n".join(note(Random(seed)) for seed in range(5_000)).encode()
    assert len(gzip.compress(notes, 6)) / len(notes) > 0.2


def test_edits_are_operations_that_name_what_their_author_saw():
    one = tablet(7, list(households(20, seed=1)))
    first = [read(orjson.loads(edit)) for edit in one.edits(one.households, Random(1), now_ms=9)]
    again = [read(orjson.loads(edit)) for edit in one.edits(one.households, Random(2), now_ms=9)]
    assert len({op.stamp for op in first + again}) == 40
    for household, before, after in zip(one.households, first, again, strict=True):
        check_values(before, SPEC)
        assert set(before.base.values()) == {household.stamp}
        assert set(after.base.values()) == {before.stamp}
        assert before.fields != after.fields


def test_every_tablet_of_the_county_has_a_grid_of_its_own():
    county = County.of(QUICK)
    assert len({one.feed for one in county.tablets}) == len(county.tablets)
    for one in county.tablets:
        assert {home.feed for home in one.households} == {one.feed}


def test_a_database_filled_in_a_hurry_is_one_that_the_doctor_finds_well(tmp_path):
    county = County.of(QUICK)
    bench_server.fill(tmp_path, county.households())
    bench_server.enrol(tmp_path, county.tablets)
    words = [str(Path(sys.executable).with_name("yuanba")), "doctor"]
    environment = {**os.environ, "YUANBA_DATA_DIR": str(tmp_path)}
    told = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout
    assert "All is well" in told.stdout


def server_that_sends(*parts: bytes) -> int:
    listening = socket.create_server(("127.0.0.1", 0))

    def answer():
        with listening, listening.accept()[0] as connection:
            connection.recv(65_536)
            for part in parts:
                connection.sendall(part)

    threading.Thread(target=answer, daemon=True).start()
    return int(listening.getsockname()[1])


def ask(port: int, answers: list[bytes]) -> Conversation:
    answers.append((yield request("/", b"{}", port=port)))


@pytest.mark.parametrize(
    "parts",
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nanswer", b"!"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nans",
            b"wer\r\n1\r\n!\r\n0\r\n\r\n",
        ),
    ],
    ids=["with its length", "in chunks"],
)
def test_the_client_reads_answers_that_come_in_parts(parts):
    answers: list[bytes] = []
    port = server_that_sends(*parts)
    timing = run(port, [ask(port, answers)])
    assert answers == [b"answer!"]
    assert (len(timing.latencies_ms), timing.body_bytes) == (1, 7)


def test_an_answer_that_is_not_200_ends_the_run_with_what_the_server_said():
    port = server_that_sends(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope")
    with pytest.raises(AnswerError, match="nope"):
        run(port, [ask(port, [])])


def figures(rate: float) -> Figures:
    return Figures(
        first_sync_s=[1 / rate],
        first_sync_bytes=800_000,
        edits_per_s=[rate * 100],
        edits_per_s_at_once=[rate * 90],
        quiet_per_s=[rate * 10],
        quiet_ms=[float(ms) for ms in range(1, 101)],
    )


def measured() -> Measured:
    by_side = {name: figures(100) for name in FLOORS} | {OURS: figures(50)}
    return Measured(FULL, 1, by_side, {size: Cost(3.25, 4.0, 2.0) for size in FULL.sizes})


def test_the_json_holds_what_is_promised_and_nothing_else():
    assert json.loads(as_json(measured())) == {
        "w1": {"seconds": 0.02, "bytes": 800_000, "floor": 0.01, "ratio": 2.0},
        "w2": {"per_s": 5_000, "floor": 10_000, "ratio": 0.5, "per_s_8": 4_500, "ratio_8": 0.45},
        "w3": {"per_s": 500, "p95_ms": 96.0, "floor": 1_000, "ratio": 0.5},
        "growth": {"10000": 3.25, "100000": 3.25, "1000000": 3.25},
    }


def test_the_readme_gets_the_table_between_its_marks_and_keeps_the_rest(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- bench -->\noutdated\n<!-- /bench -->\nafter\n")
    write_readme(measured(), readme)
    text = readme.read_text()
    assert text.startswith("before\n") and text.endswith("after\n")
    assert "outdated" not in text
    assert markdown(measured()) in text


def test_a_part_that_does_not_exist_is_refused():
    with pytest.raises(SystemExit):
        bench.arguments(["--only", "w1,w9"])


def test_it_runs_from_the_command_line_and_prints_one_json_object():
    words = [sys.executable, "scripts/bench.py", "--quick", "--repeat", "1", "--json"]
    told = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    printed = json.loads(told.stdout)
    assert list(printed) == ["w1", "w2", "w3", "growth"]
    assert all(cost > 0 for cost in printed["growth"].values())


def test_how_fast_the_explorer_plays_is_measured_if_asked_for():
    words = [sys.executable, "scripts/bench.py", "--quick", "--repeat", "1", "--only", "explore"]
    told = subprocess.run([*words, "--json"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    (printed,) = json.loads(told.stdout).items()
    assert printed[0] == "explore" and all(figure > 0 for figure in printed[1].values())
