"""What lies on the disk and what is printed: files of a server, and the command line."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from server.cli.conflicts import as_json, open_conflicts, show
from server.store import migrate, open_store
from tests.server.office import Office
from tests.server.security.tablet import GRID, Tablet, made

MINE, YOURS = "99222219900307439X", "992222199003074398"


@pytest.fixture
def usual_umask() -> Any:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_only_its_owner_reads_the_database_wherever_it_lies(
    tmp_path: Path, usual_umask: None
) -> None:
    url = f"sqlite:///{tmp_path / 'county.db'}"
    migrate(url)
    store = open_store(url)
    with store.write() as tx:
        assert tx.epoch()
        files = [one for one in tmp_path.iterdir() if one.is_file()]
        modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in files}
    store.close()
    assert len(modes) >= 2 and set(modes.values()) == {0o600}, modes


def test_the_command_line_lists_conflicts_without_restricted_facts(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = made(
        office, "resident_restricted", resident=office.served.new_id(), grid=GRID, citizen_id="1"
    )
    one, other = (Tablet.enrolled(office, f"restricted:{GRID}", name=name) for name in "甲乙")
    late = other.op("edit", facts, {"citizen_id": YOURS})
    one.send(one.op("edit", facts, {"citizen_id": MINE}))
    other.send(late)
    waiting = open_conflicts(office.served)
    assert [list(conflict.fields) for conflict in waiting] == [["citizen_id"]]
    show(waiting)
    said = capsys.readouterr().out + as_json(waiting)
    assert "citizen_id" in said and waiting[0].id in said
    assert MINE not in said and YOURS not in said
