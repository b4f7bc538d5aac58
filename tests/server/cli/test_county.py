"""`yuanba seed`, `conflicts`, `resolve`, `doctor`: the county, and what waits in it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from server.accounts.sessions import reading
from server.app import create_services
from server.cli import seed
from server.cli.errors import OperatorError
from server.cli.seed import Plan, decide
from server.models import Account
from server.services import Services
from server.settings import load_settings
from server.store.tables import PROJECTED, RECORD
from tests.server.cli.conftest import Run

SMALL = ("--scale", "0.02")


def services() -> Services:
    return create_services(load_settings())


def count(table: Any = RECORD) -> int:
    with services().store.engine.connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a small demo county."""
    from server.cli import main

    folder = tmp_path_factory.mktemp("demo") / "data"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("YUANBA_DATA_DIR", str(folder))
        with pytest.raises(SystemExit) as end:
            main(["seed", "--demo", *SMALL, "--communities", "1", "--password", "for the demo"])
    assert end.value.code in (0, None)
    return folder


@pytest.fixture
def demo(yuanba: Run, demo_folder: Path, tmp_path: Path) -> Run:
    """The command line on a copy of the demo county."""
    shutil.copytree(demo_folder, tmp_path / "data")
    return yuanba


def waiting(yuanba: Run) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(yuanba("conflicts", "--json").out)
    return told


# Seed ------------------------------------------------------------------------------------------


def test_the_county_is_made_with_an_account_whose_password_is_printed(yuanba: Run):
    said = yuanba("seed", *SMALL, "--communities", "1")
    assert said.code == 0, said.err
    assert "The other 10 communities: yuanba seed --scale 0.02\n" in said.out
    line = next(one for one in said.out.splitlines() if one.startswith("Sign in"))
    password = line.rpartition(" ")[2]
    from server.accounts.passwords import sign_in

    with reading(services().store) as session:
        account = sign_in(session, username="admin", password=password, now_ms=1)
    assert account is not None
    roles = {one["id"]: one["role"] for one in json.loads(yuanba("users", "--json").out)}
    assert roles[account.user] == "administrator"
    assert yuanba("doctor").code == 0


def test_the_same_seed_makes_the_same_county(
    yuanba: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    def ids() -> set[str]:
        with services().store.engine.connect() as connection:
            return set(connection.scalars(select(RECORD.c.id)))

    yuanba("seed", *SMALL, "--communities", "1")
    first = ids()
    monkeypatch.setenv("YUANBA_DATA_DIR", str(tmp_path / "other"))
    yuanba("seed", *SMALL, "--communities", "1")
    assert ids() == first


def test_a_seeded_database_is_not_seeded_again(demo: Run):
    for words in (("--communities", "1"), ("--seed", "2"), ("--scale", "1")):
        said = demo("seed", *SMALL, *words)
        assert said.code == 2
        assert "This database was seeded already (seed 1, scale 0.02, 1 community)" in said.err


def test_the_demo_is_made_once_and_quietly_there_after_that(demo: Run):
    before = count()
    said = demo("seed", "--demo")
    assert (said.code, count()) == (0, before)
    assert "is here already (seed 1, scale 0.02, 1 community)" in said.out


def test_a_part_grows_to_more_of_the_same_county(demo: Run):
    before = count(PROJECTED["community"])
    said = demo("seed", *SMALL, "--communities", "2")
    assert said.code == 0, said.err
    assert (before, count(PROJECTED["community"])) == (1, 2)
    assert "Sign in" not in said.out
    assert demo("doctor").code == 0


def test_a_seed_that_was_stopped_goes_on_where_it_was(yuanba: Run, monkeypatch: pytest.MonkeyPatch):
    load = seed.load

    def stopped(services: Services, county: Any, *, resumed: bool) -> int:
        records = iter(county.records())
        some = [next(records) for _ in range(400)]
        list(services.door.load(some))
        raise KeyboardInterrupt

    monkeypatch.setattr(seed, "load", stopped)
    assert yuanba("seed", *SMALL, "--communities", "1").code not in (0, 2)
    assert count() == 400
    monkeypatch.setattr(seed, "load", load)
    said = yuanba("seed", *SMALL, "--communities", "1")
    assert said.code == 0, said.err
    assert "Sign in to the console as admin" in said.out
    assert yuanba("doctor").code == 0
    assert yuanba("seed", *SMALL, "--communities", "1").code == 2


def test_a_database_with_other_records_is_not_seeded(yuanba: Run):
    yuanba("users", "--add", "王芳", "--role", "qa")
    said = yuanba("seed", *SMALL)
    assert said.code == 2
    assert "holds records that no seed has made" in said.err


@pytest.mark.parametrize("words", [("--scale", "0"), ("--scale", "-1")])
def test_a_county_that_cannot_be_is_refused_before_anything_is_noted(
    yuanba: Run, words: tuple[str, str]
):
    said = yuanba("seed", *words)
    assert said.code == 2
    assert "There is no such county" in said.err
    assert seed.read_mark(services().store) is None


def test_a_password_that_is_too_short_is_refused_before_the_county_is_made(yuanba: Run):
    said = yuanba("seed", *SMALL, "--password", "short")
    assert (said.code, count()) == (2, 0)
    assert "at least 8 characters" in said.err


def test_an_unfinished_seed_of_more_communities_stays_as_large_as_it_was_begun():
    begun = Plan(seed=1, scale=1.0, communities=11, base_ms=5, today_ms=6)
    wanted = Plan(seed=1, scale=1.0, communities=2, base_ms=7, today_ms=8)
    assert decide(wanted, begun, is_empty=False) == begun
    assert decide(wanted, None, is_empty=True) == wanted
    with pytest.raises(OperatorError):
        decide(wanted, None, is_empty=False)


def test_no_grant_begins_in_the_future_on_a_machine_whose_clock_is_behind():
    day = 86_400_000
    assert seed.base_ms(day * 3 + 5) == day * 3
    assert seed.base_ms(day * 40_000) < day * 40_000


# Conflicts ---------------------------------------------------------------------------------------


def test_the_demo_shows_conflicts_of_two_tablets(demo: Run):
    told = waiting(demo)
    assert [(one["type"], one["fields"]) for one in told] == [
        ("household", ["householder"]),
        ("household", ["care_level"]),
        ("household", ["room"]),
    ]
    assert told[1]["values"]["care_level"] | {"base": None} == {
        "code": "concurrent",
        "base": None,
        "server": "weekly",
        "device": "monthly",
    }
    shown = demo("conflicts").out
    assert all(one["id"] in shown for one in told)
    assert "server weekly; device monthly" in shown
    assert "devices" in demo("doctor").out


def test_a_conflict_is_settled_by_a_side_or_by_a_third_value(demo: Run):
    householder, level, room = waiting(demo)
    said = demo("resolve", householder["id"], "householder=何平=")
    assert said.out == "Settled: householder, and the conflict is closed.\n"
    assert demo("resolve", level["id"] + "x", "care_level=@device").code == 2
    assert demo("resolve", level["record"], "care_level=@device", "--reason", "已核实").code == 0
    assert demo("resolve", room["id"], "room=@server").code == 0
    assert waiting(demo) == []
    assert demo("conflicts").out == "No conflict is open.\n"
    with services().store.read() as snapshot:
        ids = [householder["record"], level["record"], room["record"]]
        found = snapshot.records(ids)
    assert found[householder["record"]].get("householder") == "何平="
    assert found[level["record"]].get("care_level") == "monthly"
    assert found[room["record"]].get("room") == "1203"
    assert not any(one.c for one in found.values())
    again = demo("resolve", room["id"], "room=7")
    assert (again.code, again.err) == (2, "yuanba: This conflict has been settled already.\n")


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        (("householder",), "is not FIELD=VALUE"),
        (("=x",), "is not FIELD=VALUE"),
        (("householder=a", "householder=b"), "householder is named twice."),
        (("phone=1",), "phone is not open in this conflict. Open: householder."),
    ],
)
def test_a_choice_that_makes_no_sense_is_a_sentence(
    demo: Run, choices: tuple[str, ...], sentence: str
):
    said = demo("resolve", waiting(demo)[0]["id"], *choices)
    assert said.code == 2
    assert sentence in said.err
    assert len(waiting(demo)) == 3


def test_an_unknown_conflict_is_told_and_an_unclear_one_is_not_guessed(demo: Run):
    assert "There is no such conflict." in demo("resolve", "nonsense", "a=b").err
    assert "Name one by its whole id." in demo("resolve", "0", "a=b").err


def test_a_value_of_the_wrong_kind_is_refused(demo: Run):
    level = waiting(demo)[1]["id"]
    said = demo("resolve", level, "care_level=hourly")
    assert said.code == 2
    assert "it is not one of the choices" in said.err


def test_values_of_other_kinds_than_text_are_written_in_json():
    from server.cli.resolve import value_of
    from server.records import CATALOGUE
    from sync.store import Conflict

    part = {"server": 1, "device": 2, "base": None, "closed_by": None}
    fields = dict.fromkeys(("floor", "tags", "room", "*"), part)
    conflict = Conflict("c", "r", "household", "grid:1", "u", 0, fields=fields)
    spec = CATALOGUE["household"]
    assert value_of("floor", "7", conflict, spec) == 7
    assert value_of("tags", '["veteran"]', conflict, spec) == ["veteran"]
    assert value_of("room", "7", conflict, spec) == "7"
    assert value_of("room", "@null", conflict, spec) is None
    assert value_of("*", "deleted", conflict, spec) == "deleted"
    assert value_of("floor", "@device", conflict, spec) == 2
    with pytest.raises(OperatorError, match="takes a value in JSON"):
        value_of("floor", "seven", conflict, spec)


# Doctor ------------------------------------------------------------------------------------------


def test_a_server_that_is_well_says_so(demo: Run):
    said = demo("doctor")
    assert said.code == 0
    assert "All is well." in said.out
    assert "3 waiting" in said.out
    assert load_settings().secret not in said.out


def test_an_empty_database_is_told_as_such_and_is_no_success(yuanba: Run):
    said = yuanba("doctor")
    assert said.code == 1
    assert "yuanba serve" in said.out


def test_a_database_that_does_not_answer_is_a_sentence(
    yuanba: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("YUANBA_DATABASE_URL", "postgresql://nobody:s3cret@127.0.0.1:1/none")
    said = yuanba("doctor")
    assert said.code == 1
    assert "The database cannot be used" in said.out
    assert "s3cret" not in said.out + said.err


@pytest.mark.parametrize(
    ("damage", "words", "mended"),
    [
        ("DELETE FROM p_street", "2 missing, 0 left over", True),
        ("UPDATE p_grid SET number = -1", "otherwise", True),
        ("UPDATE p_household SET feed = 999999", "missing", True),
        ('DELETE FROM "grant"', "projection of assignment", True),
        ("UPDATE feed SET sum = sum + 1 WHERE name = 'shared'", "1 feed differs", False),
        ("UPDATE feed SET count = 0 WHERE name = 'shared'", "1 feed differs", False),
        ("UPDATE entry SET state = 'left' WHERE seq = 1", "feed entries", False),
        ("DELETE FROM record WHERE type = 'street'", "digests", False),
        ("UPDATE record SET head = 'x' WHERE type = 'street'", "not what their record says", False),
    ],
)
def test_what_does_not_follow_from_the_rows_is_found(
    demo: Run, damage: str, words: str, mended: bool
):
    with services().store.engine.begin() as connection:
        connection.exec_driver_sql(damage)
    said = demo("doctor")
    assert said.code == 1
    assert words in said.out
    rebuilt = demo("doctor", "--rebuild")
    assert "Rebuilt" in rebuilt.out
    assert (rebuilt.code == 0) is mended


def test_little_room_on_the_disk_is_an_alarm(demo: Run, monkeypatch: pytest.MonkeyPatch):
    from server.cli import doctor

    monkeypatch.setattr(doctor, "DISK_FREE_MIN", 1 << 60)
    said = demo("doctor")
    assert said.code == 1
    assert "make room" in said.out


def test_tablets_that_somebody_should_look_at_are_noted_and_are_no_alarm(demo: Run):
    with services().store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE device SET hand_in_only = true, replaces = '00000000'")
    said = demo("doctor")
    assert said.code == 0
    assert "2 may only hand in until somebody looks" in said.out
    assert "2 ask to replace another" in said.out


def test_the_demo_account_is_the_administrators(demo: Run):
    with reading(services().store) as session:
        account = session.scalars(select(Account)).one()
    assert account.username == "admin"
