"""Steps of a workflow: the first one counts, and the second one is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.catalogue import Catalogue, Transition
from tests.sync.county import ADMIN, ANNA, BO, GRID, NOTICE, ORDER, WORKER, County, uid


def edit(device, house, fields, *, base=None, **more):
    seen = base or device.created
    return device.op("edit", house, fields, {"*": seen, **dict.fromkeys(fields, seen)}, **more)


def resolve(county, conflict, fields, record, type_name="household"):
    """An administrator's decision."""
    admin = county.device(ADMIN, role="administrator")
    ack = admin.send(
        admin.op("resolve", record, fields, {"*": None}, conflict=conflict, type=type_name)
    )[0]
    return admin, ack


# Workflow ------------------------------------------------------------------------------------


@pytest.fixture
def order(anna, bo):
    create = anna.op("create", uid(3), {"grid": GRID}, type="order")
    assert anna.send(create)[0]["outcome"] == "merged"
    bo.send()
    return create["stamp"]


def step(device, seen, source, target, fields=None, **more):
    names = dict.fromkeys(fields or {}, seen)
    return device.op(
        "transition",
        uid(3),
        {"status": {"from": source, "to": target}, **(fields or {})},
        {"*": seen, **names},
        type="order",
        **more,
    )


def test_a_second_offline_claim_loses_and_its_author_is_told(county, anna, bo, order):
    assert anna.send(step(anna, order, "new", "taken", {"taker": "a"}))[0]["outcome"] == "applied"
    lost = step(bo, order, "new", "taken", {"taker": "b", "log": {"append": "到过现场"}})
    ack = bo.send(lost)[0]
    assert ack["outcome"] == "conflict" and ack["problem"]["code"] == "overtaken"
    record = county.record(uid(3))
    assert record.get("taker") == "a" and record.get("log")[0][3] == "到过现场"
    assert set(county.conflict(lost["stamp"]).fields) == {"status", "taker"}
    _, settled = resolve(
        county, lost["stamp"], {"status": "taken", "taker": "a"}, uid(3), type_name="order"
    )
    assert settled["outcome"] == "applied" and county.record(uid(3)).c is None


def test_what_an_overtaken_step_would_have_made_is_shown_as_values(county, anna, bo, order):
    anna.send(step(anna, order, "new", "taken"))
    lost = step(bo, order, "new", "taken", {"tags": {"add": ["x"]}, "count": {"add": 2}})
    bo.send(lost)
    parts = county.conflict(lost["stamp"]).fields
    assert parts["tags"]["device"] == ["x"] and parts["count"]["device"] == 2


@pytest.mark.parametrize(
    ("source", "target", "fields", "code"),
    [
        ("new", "done", {}, "no_such_transition"),
        ("taken", "done", {}, "missing_field"),
        ("done", "taken", {}, "not_allowed"),
    ],
)
def test_a_step_must_be_in_the_table_and_complete(anna, order, source, target, fields, code):
    first = step(anna, order, "new", "taken")
    anna.send(first)
    ack = anna.send(step(anna, first["stamp"], source, target, fields))[0]
    assert ack["outcome"] == "rejected" and ack["problem"]["code"] == code


@pytest.mark.parametrize(
    ("meanwhile", "mine"),
    [
        # From "done" back to "taken" is an administrator's step, and from "new" it was Bo's own.
        ([("new", "taken", {}), ("taken", "done", {"result": "r"})], ("new", "taken")),
        # From "done" it asks for a cause; Bo saw "checked", from where it asked for nothing.
        ([("checked", "done", {"result": "r"})], ("checked", "closed")),
    ],
)
def test_a_step_that_was_theirs_where_they_saw_it_is_overtaken_where_it_is_not(meanwhile, mine):
    from_checked = (
        Transition("finish", "checked", "done", WORKER),
        Transition("close", "checked", "closed", WORKER),
    )
    flow = ORDER.workflow
    flow = replace(flow, initial=mine[0], transitions=(*flow.transitions, *from_checked))
    status = replace(
        ORDER.by_name["status"],
        choices={one: (one, one) for one in ("new", "taken", "checked", "done", "closed")},
    )
    fields = tuple(status if one.name == "status" else one for one in ORDER.fields)
    county = County(catalogue=Catalogue(replace(ORDER, workflow=flow, fields=fields), NOTICE))
    anna, bo = county.device(ANNA), county.device(BO)
    create = anna.op("create", uid(3), {"grid": GRID, "status": mine[0]}, type="order")
    anna.send(create)
    seen = create["stamp"]
    for source, target, fields in meanwhile:
        one = step(anna, seen, source, target, fields)
        assert anna.send(one)[0]["outcome"] == "applied"
    lost = step(bo, create["stamp"], *mine, {"log": {"append": "到过现场"}})
    ack = bo.send(lost)[0]
    assert (ack["outcome"], ack["problem"]["code"]) == ("conflict", "overtaken")
    record = county.record(uid(3))
    assert record.get("status") == "done" and record.get("log")[0][3] == "到过现场"


def test_a_status_changes_by_a_transition_only(anna, house, order):
    wrong = anna.op("edit", uid(3), {"status": {"from": "new", "to": "taken"}}, {"*": order},
                    type="order")  # fmt: skip
    assert anna.send(wrong)[0]["problem"]["code"] == "bad_value"
    none = anna.op("transition", house, {"phone": "1"}, {"*": anna.created})
    assert anna.send(none)[0]["outcome"] == "rejected"
    created = anna.op("create", uid(4), {"grid": GRID, "status": "done"}, type="order")
    assert anna.send(created)[0]["problem"]["code"] == "no_such_transition"


def test_a_resolution_keeps_to_the_states_there_are(county, anna, bo, order):
    anna.send(step(anna, order, "new", "taken"))
    lost = step(bo, order, "new", "taken")
    bo.send(lost)
    _, ack = resolve(county, lost["stamp"], {"status": "done"}, uid(3), type_name="order")
    assert ack["outcome"] == "applied"
