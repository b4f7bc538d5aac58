"""The supervisor's case: away with twelve edits, reassigned, and back, while a record moves.

Told in `simulator/exploration/SUPERVISOR.md`; here it is lived with the real server and the
real tablets, under the oracle that asks every promise at every step.
"""

from __future__ import annotations

import pytest

from simulator.exploration.beginning import beginning
from simulator.exploration.county import (
    ASSIGNMENT,
    GRID,
    HOUSEHOLD,
    PEOPLE,
    RESIDENT,
    known,
)
from simulator.exploration.run import play
from simulator.exploration.world import Step, World

MINUTE_MS = 60_000
HOME, OTHER_HOME = known(HOUSEHOLD, 0), known(HOUSEHOLD, 3)
LIVES_THERE = known(RESIDENT, 0)
FIRST, SECOND, THIRD = (known(GRID, number) for number in range(3))
QIAN = PEOPLE["qian"].user


def work(minute, who, record, kind="household", **fields):
    draft = {"kind": "edit", "type": kind, "record": record, "fields": fields}
    return Step(minute * MINUTE_MS, who, "work", {"drafts": [draft], "group": None})


def desk(minute, *drafts, user="system", role="system"):
    told = {"user": user, "role": role, "drafts": list(drafts)}
    return Step(minute * MINUTE_MS, "desk", "desk", told)


def sync(minute, who, **how):
    return Step(minute * MINUTE_MS, who, "sync", how)


def granted(number, user, feed, since):
    fields = {"user": user, "feed": feed, "since": since}
    return {"kind": "create", "type": "assignment", "record": known(20, number), "fields": fields}


def ended(assignment, until):
    fields = {"until": until}
    return {"kind": "edit", "type": "assignment", "record": assignment, "fields": fields}


TWELVE = [
    work(2, "wang", HOME, householder="张桂英", phone="10005551111"),
    work(4, "wang", HOME, notes="第一行0\n第二行0\n门口有台阶〔wang〕"),
    work(6, "wang", HOME, visits={"add": 1}, last_visit=1_800_000_300_000),
    work(8, "wang", HOME, tags={"add": ["living_alone"], "remove": []}),
    work(10, "wang", HOME, log={"append": "已上门〔wang〕"}),
    work(12, "wang", LIVES_THERE, "resident", occupation="务农", residing=True),
    work(14, "wang", LIVES_THERE, "resident", notes="住户0\n有老人\n需送药〔wang〕"),
    work(16, "wang", OTHER_HOME, care_level="weekly"),
    work(18, "wang", OTHER_HOME, phone="10005552222"),
    work(20, "wang", OTHER_HOME, visits={"add": 1}),
    work(22, "wang", OTHER_HOME, log={"append": "无人在家〔wang〕"}),
    work(24, "wang", OTHER_HOME, floor=3),
]


def day(now_ms):
    """The supervisor's case, as steps."""
    wang_grid = known(ASSIGNMENT, 0)
    moved = {"kind": "edit", "type": "household", "record": HOME, "fields": {"grid": SECOND}}
    chief = {
        "kind": "edit",
        "type": "household",
        "record": HOME,
        "fields": {"householder": "张建国"},
    }
    return [
        *TWELVE,
        desk(30, ended(wang_grid, now_ms + 30 * MINUTE_MS)),
        desk(31, granted(0, PEOPLE["chen"].user, f"grid:{FIRST}", now_ms + 31 * MINUTE_MS)),
        sync(35, "chen"),
        work(36, "chen", OTHER_HOME, phone="10005553333"),
        sync(37, "chen"),
        desk(40, chief, user=QIAN, role="administrator"),
        desk(45, moved),
        desk(50, granted(1, PEOPLE["wang"].user, f"grid:{FIRST}", now_ms + 50 * MINUTE_MS)),
        sync(60, "wang", net=[{"fault": "answer_lost"}]),
        sync(62, "wang"),
        sync(64, "chen"),
        sync(66, "li"),
    ]


@pytest.fixture(scope="module")
def lived():
    """The run, and the world at its end."""
    from simulator.exploration import run
    from simulator.exploration.county import T0_MS

    world = World(0, beginning(), keep_trace=True)
    outcome = run._run(world, iter(day(T0_MS)), 0, "case")
    return outcome, world


def test_every_promise_holds_at_every_step_and_at_the_end(lived):
    outcome, _ = lived
    assert outcome.broken is None


def test_none_of_the_twelve_edits_is_lost(lived):
    _, world = lived
    made = [stamp for stamp, one in world.oracle.made.items() if one.tablet == "wang"]
    assert len(made) == 12
    outcomes = [world.oracle.ledger.ops[stamp].outcome for stamp in made]
    assert set(outcomes) <= {"applied", "merged", "conflict"}
    home = world.oracle.ledger.rows[HOME]
    assert home.get("visits") == 1
    assert "门口有台阶〔wang〕" in home.get("notes")
    assert "living_alone" in home.get("tags")
    assert [entry[3] for entry in home.get("log")] == ["已上门〔wang〕"]


def test_what_both_changed_waits_for_a_person_and_both_values_are_kept(lived):
    _, world = lived
    (waiting,) = [
        one
        for one in world.oracle.ledger.conflicts.values()
        if one.record == HOME and "householder" in one.fields
    ]
    part = waiting.fields["householder"]
    assert (part["server"], part["device"]) == ("张建国", "张桂英")


def test_both_people_see_on_their_tablets_what_became_of_it(lived):
    _, world = lived
    wang, li = world.tablets["wang"], world.tablets["li"]
    assert wang.replica.view(OTHER_HOME) is not None
    seen = li.replica.view(HOME)
    assert seen is not None
    assert seen.record.c == ["householder"], "the row shows that a person must decide"
    assert [one.stamp for one in wang.replica.kept()] == []


def test_nothing_is_left_on_a_tablet_that_should_not_be_there(lived):
    _, world = lived
    wang = world.tablets["wang"]
    assert wang.replica.base(HOME) is None, "the home moved to a grid that is not Wang's"
    assert wang.replica.base(LIVES_THERE) is None, "and who lives there with it"
    assert world.tablets["li"].replica.base(HOME) is not None


def test_the_case_repeats_itself_from_its_steps(lived):
    from simulator.exploration.county import T0_MS

    outcome, _ = lived
    assert play(day(T0_MS), seed=0).digest == outcome.digest
