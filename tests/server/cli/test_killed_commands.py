"""A command that is killed in the middle did nothing, or all of it; and can be given again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from server.cli.desk import open_services
from sync.scope import SYSTEM
from tests.server.cli.conftest import Run

ROOT = Path(__file__).parents[3]
KILLED_AT = """
import os, signal, sqlite3, sys
left, connect = int(sys.argv.pop(1)), sqlite3.connect

def watch(statement):
    global left
    left -= statement.startswith(("INSERT", "UPDATE", "DELETE", "COMMIT"))
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def watched(*asked, **more):
    connection = connect(*asked, **more)
    connection.set_trace_callback(watch)
    return connection

sqlite3.connect = sqlite3.dbapi2.connect = watched
from server.cli import main
main(sys.argv[1:])
"""
"""The command line, killed before the so many-th statement that writes, or that ends it."""

NAMES = ("欧阳修远", "欧阳秀媛")
DAY_MS = 86_400_000


def killed(writes: int, *words: str) -> int:
    """How a command ended that may write so often."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", KILLED_AT, str(writes), *words]
    return subprocess.run(
        command, env=environment, capture_output=True, check=False, timeout=120
    ).returncode


def kills(*words: str, then: Run) -> int:
    """Kill a command at ever later places until it ends; how often it was killed.

    After each time the doctor must find the database well.
    """
    place, times = 1, 0
    while (code := killed(place, *words)) == -signal.SIGKILL:
        told = then("doctor")
        assert told.code == 0, told.out
        place, times = place * 2, times + 1
    assert code == 0, code
    return times


@pytest.fixture
def people(yuanba: Run) -> list[str]:
    """Some residents with a history, and many who were deleted."""
    yuanba("users")
    services, made = open_services(), []
    grid = services.new_id()
    for number in range(30):
        record = services.new_id()
        fields = {"grid": grid, "name": NAMES[0], "phone": f"1397777{number:04}"}
        services.door.create(SYSTEM, "resident", fields, record=record)
        services.door.edit(SYSTEM, record, {"name": NAMES[1]})
        made.append(record)
    for record in made[10:]:
        services.door.delete(SYSTEM, record)
    with services.store.write() as tx:
        tx.mark_feeds(services.now_ms() - 10 * DAY_MS)
    services.store.close()
    return made


def test_compaction_killed_anywhere_leaves_a_store_that_is_well(yuanba: Run, people: list[str]):
    assert kills("compact", "--days", "1", then=yuanba) >= 2
    assert yuanba("compact", "--days", "1").out.startswith("Forgot 0 entries")
    services = open_services()
    with services.store.read() as snapshot:
        found = snapshot.records(people)
    services.store.close()
    assert sum(not one.deleted for one in found.values()) == 10


def test_an_erasure_killed_anywhere_is_given_again_and_erases(yuanba: Run, people: list[str]):
    words = ("redact", people[0], "--purpose", "asked by letter", "--yes")
    assert kills(*words, then=yuanba) >= 3
    services = open_services()
    with services.store.read() as snapshot:
        about = snapshot.history(people[0])
        told = [snapshot.records([people[0]])[people[0]].row(), *(one.raw for one in about)]
    services.store.close()
    assert not any(name in str(told) for name in NAMES)
    assert yuanba(*words).code == 0
    assert yuanba("doctor").code == 0
