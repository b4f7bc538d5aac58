"""Tablets that ask for what is not theirs: records elsewhere, more rights, somebody's hand."""

from __future__ import annotations

from typing import Any

import pytest

from server.store import Snapshot
from sync.scope import SYSTEM
from tests.server.office import Office, json_of
from tests.server.security.tablet import ELSEWHERE, GRID, Tablet, made, seen

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
HERE = f"grid:{GRID}"


# An administrator's hand ----------------------------------------------------------------------
# Held operations are let go by a person who sees why they are held, not whose record it is.


def ahead(tablet: Tablet, op: dict[str, Any]) -> dict[str, Any]:
    stamp = tablet.stamps.next(now_ms=tablet.office.clock.now_ms + 30 * HOUR_MS)
    return {**op, "stamp": stamp}


def suspended(tablet: Tablet, op: dict[str, Any]) -> dict[str, Any]:
    tablet.office.change_device(tablet.told["device"], suspended=True)
    return op


def in_a_group(tablet: Tablet, op: dict[str, Any]) -> dict[str, Any]:
    return {**op, "group": {"id": "g", "of": 2}}


def on_what_never_came(tablet: Tablet, op: dict[str, Any]) -> dict[str, Any]:
    return {**op, "base": dict.fromkeys(op["base"], "0199a1b2c3d4-0000-m3n4p5q6zzzz")}


WAYS = (ahead, suspended, in_a_group, on_what_never_came)


@pytest.mark.parametrize("held_by", WAYS)
def test_letting_go_what_was_held_does_not_open_records_that_were_never_its_authors(
    office: Office, held_by: Any
) -> None:
    home = made(office, "household", grid=ELSEWHERE, householder="张桂芳")
    tablet = Tablet.enrolled(office, HERE)
    op = held_by(tablet, tablet.op("edit", home, {"householder": "贼"}))
    assert tablet.send(op)[0]["outcome"] == "held"
    ack = office.served.door.release(op["stamp"])
    assert ack.problem is not None and ack.problem.code == "out_of_scope"
    assert seen(office, home.id).get("householder") == "张桂芳"


@pytest.mark.parametrize("held_by", WAYS)
def test_letting_go_takes_what_lies_where_its_author_works(office: Office, held_by: Any) -> None:
    home = made(office, "household", grid=GRID, visits=1)
    tablet = Tablet.enrolled(office, HERE)
    op = held_by(tablet, tablet.op("edit", home, {"visits": {"add": 1}}))
    assert tablet.send(op)[0]["outcome"] == "held"
    assert office.served.door.release(op["stamp"]).outcome == "applied"


@pytest.mark.parametrize("held_by", [ahead, suspended, in_a_group])
def test_letting_go_takes_what_lies_where_its_author_worked_once(
    office: Office, held_by: Any
) -> None:
    home = made(office, "household", grid=GRID, visits=1)
    tablet = Tablet.enrolled(office)
    office.grant(tablet.user, HERE, until=office.clock.now_ms + 1)
    office.clock.pass_ms(HOUR_MS)
    op = held_by(tablet, tablet.op("edit", home, {"visits": {"add": 1}}))
    assert tablet.send(op)[0]["outcome"] == "held"
    assert office.served.door.release(op["stamp"]).outcome == "applied"


# Records that moved away ------------------------------------------------------------------------


def refreshed(tablet: Tablet) -> None:
    asked = {"refresh": tablet.told["refresh"], "nonce": f"at {tablet.office.clock.now_ms}"}
    tablet.told |= json_of(tablet.office.client.post("/sync/v1/refresh", json=asked))


@pytest.mark.parametrize(("days", "outcome"), [(3, "applied"), (40, "held")])
def test_an_old_cursor_does_not_open_a_record_that_moved_away_for_ever(
    office: Office, days: int, outcome: str
) -> None:
    home = made(office, "household", grid=GRID, householder="张桂芳")
    tablet = Tablet.enrolled(office, HERE)
    tablet.send()
    kept = dict(tablet.cursors)
    office.served.door.edit(SYSTEM, home.id, {"grid": ELSEWHERE})
    office.clock.pass_ms(days * DAY_MS)
    refreshed(tablet)
    tablet.send()
    tablet.cursors = kept
    op = tablet.op("edit", seen(office, home.id), {"householder": "张桂英"})
    assert tablet.send(op)[0]["outcome"] == outcome


# What costs much ----------------------------------------------------------------------------------


def test_many_stale_edits_of_a_set_read_the_records_history_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = made(office, "household", grid=GRID, tags=["veteran"])
    tablet = Tablet.enrolled(office, HERE)
    reads: list[Any] = []
    whole = Snapshot.history

    def counted(self: Snapshot, *which: Any, **how: Any) -> Any:
        reads.append(which)
        return whole(self, *which, **how)

    monkeypatch.setattr(Snapshot, "history", counted)
    for _ in range(2):
        reads.clear()
        gone = [{"add": [], "remove": [("veteran", "disabled")[n % 2]]} for n in range(40)]
        tablet.send(*(tablet.op("edit", home, {"tags": one}) for one in gone))
    assert len(reads) <= 1


# Decisions of others -----------------------------------------------------------------------------


def test_only_who_may_settle_a_conflict_opens_it_again(office: Office) -> None:
    home = made(office, "household", grid=GRID, householder="张三")
    one, other = Tablet.enrolled(office, HERE), Tablet.enrolled(office, HERE, name="李勇")
    late = other.op("edit", home, {"householder": "王五"})
    one.send(one.op("edit", home, {"householder": "李四"}))
    conflict = other.send(late)[0]["conflict"]
    settled = office.served.door.resolve(SYSTEM, conflict, {"householder": "李四"})
    undo = other.op("edit", seen(office, home.id), {"phone": "1"}, undoes=settled.stamp)
    assert other.send(undo)[0]["outcome"] == "applied"
    assert seen(office, home.id).c is None
    with office.served.store.read() as snapshot:
        assert snapshot.conflicts([conflict])[conflict].closed is not None


# Moving records -----------------------------------------------------------------------------------


def test_who_handles_an_order_does_not_carry_it_into_another_grid(office: Office) -> None:
    unit = office.served.new_id()
    order = made(office, "work_order", grid=GRID, title="路灯不亮", lead_unit=unit)
    handler = Tablet.enrolled(office, f"unit:{unit}", role="handler")
    (ack,) = handler.send(handler.op("edit", order, {"grid": ELSEWHERE}))
    assert ack["outcome"] == "rejected" and ack["problem"]["code"] == "out_of_scope"
    (ack,) = handler.send(handler.op("edit", order, {"result": "已修好"}))
    assert ack["outcome"] == "applied"


def test_a_step_does_not_carry_an_order_into_another_grid(office: Office) -> None:
    order = made(office, "work_order", grid=GRID, title="路灯不亮")
    for step in ("verified", "classified", "open"):
        fields = {"kind": "request", "class": "ordinary"} if step == "classified" else {}
        assert not office.served.door.transition(SYSTEM, order.id, step, fields).problem
    worker = Tablet.enrolled(office, HERE)
    claim = {"status": {"from": "open", "to": "accepted"}, "accepted_by": worker.user}
    taken = worker.op("transition", seen(office, order.id), {**claim, "grid": ELSEWHERE})
    (ack,) = worker.send(taken)
    assert ack["outcome"] == "rejected" and seen(office, order.id).get("grid") == GRID


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("footprint", {"type": "Polygon", "coordinates": [[1.5, 2.5]] * 60_000}),
        ("a_field_of_another_app", "x" * 600_000),
        ("a_field_of_another_app", [[1, 2]] * 80_000),
    ],
)
def test_no_single_value_makes_a_row_that_chokes_every_tablet_of_the_grid(
    office: Office, field: str, value: Any
) -> None:
    record = made(office, "building", grid=GRID)
    tablet = Tablet.enrolled(office, HERE)
    (ack,) = tablet.send(tablet.op("edit", record, {field: value}))
    assert ack["outcome"] == "rejected" and ack["problem"]["code"] == "bad_value"
    create = tablet.op("create", office.served.new_id(), {"grid": GRID, field: value})
    (ack,) = tablet.send({**create, "type": "building"})
    assert ack["outcome"] == "rejected"
