"""What was redacted leaves the tablets too, their own copies of old work included."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sync.feeds import person
from sync.outbox import Draft
from sync.redaction import redact
from sync.store import Changes, Movement
from tests.sync.device.village import BO, FEED, HOUSE, OTHER_GRID, OTHER_HOUSE, cut_after


def erase(server, *names):
    server.now_ms += 1_000
    stamp = server.authority.server_stamp(server.now_ms)
    with server.store.write() as tx:
        redact(
            tx,
            HOUSE,
            names,
            stamp=stamp,
            actor=BO,
            now_ms=server.now_ms,
            catalogue=server.catalogue,
        )


def everything(tablet):
    """All that a tablet keeps of the house."""
    with tablet.storage.read() as shelf:
        entries = shelf.in_state("waiting", "acknowledged", "arriving", "held", "rejected")
        rows = shelf.rows([HOUSE]).values()
        return str([one.body for one in entries]) + str([one.row for one in rows])


def test_a_tablets_row_and_its_own_old_work_lose_the_value(pair, server):
    anna, bo = pair
    anna.edit(HOUSE, phone="13900001111")
    anna.sync(), bo.sync()
    assert "13900001111" in everything(anna) and "13900001111" in everything(bo)
    erase(server, "phone")
    anna.sync(), bo.sync()
    assert "13900001111" not in everything(anna) + everything(bo)
    assert anna.replica.view(HOUSE).record.get("householder") == "张三"


def test_work_that_was_not_sent_is_refused_and_the_tablet_keeps_nothing_of_it(pair, server):
    anna, _ = pair
    anna.edit(HOUSE, phone="13900001111")
    erase(server, "phone")
    report = anna.sync()
    assert report.outcomes == {"rejected": 1}
    assert "13900001111" not in everything(anna)
    assert anna.replica.kept() == []


def test_a_server_from_a_backup_does_not_get_back_what_was_erased(pair, server):
    anna, _ = pair
    anna.edit(HOUSE, phone="13900001111")
    anna.sync()
    erase(server, "phone")
    anna.sync()
    anna.edit(HOUSE, householder="李四")
    anna.sync()
    with server.store.write() as tx:
        tx.set_epoch("e2")
    anna.client.exchange()
    with anna.storage.read() as shelf:
        waiting = shelf.in_state("waiting")
    assert [list(entry.body["fields"]) for entry in waiting] == [["householder"]]


def test_new_work_after_the_redaction_is_kept_as_ever(pair, server):
    anna, _ = pair
    erase(server, "phone")
    anna.sync()
    anna.edit(HOUSE, phone="13900002222")
    anna.sync()
    anna.edit(HOUSE, visits={"add": 1})
    anna.sync()
    assert anna.replica.view(HOUSE).record.get("phone") == "13900002222"
    assert "13900002222" in everything(anna)


def test_work_that_waits_to_go_back_to_a_restored_server_loses_what_was_erased(pair, server):
    anna, _ = pair
    anna.edit(HOUSE, phone="13900001111")
    anna.edit(HOUSE, householder="李四")
    anna.sync()
    with server.store.write() as tx:
        tx.set_epoch("e2")
    erase(server, "phone")
    assert anna.sync().next.step == "rest"
    assert "13900001111" not in everything(anna)
    assert "李四" in everything(anna)


def test_why_something_else_was_done_stays_on_no_tablet_after_a_restore_either(pair, server):
    anna, _ = pair
    anna.replica.make(
        [Draft("edit", "household", HOUSE, {"householder": "李四"}, {"reason": "她说的话"})],
        now_ms=anna.now_ms(),
    )
    anna.sync()
    erase(server, "phone")
    with server.store.write() as tx:
        tx.set_epoch("e2")
    assert anna.sync().next.step == "rest"
    assert "她说的话" not in everything(anna)


def request(tablet):
    return tablet.replica.begin(now_ms=tablet.now_ms()).body


def deleted(server):
    server.change(HOUSE, {}, kind="delete")


def moved(server):
    server.change(HOUSE, {"grid": OTHER_GRID})


def suspend(server, suspended):
    server.readers["annaannb"] = replace(server.readers["annaannb"], suspended=suspended)


def reassigned(server):
    server.revoke("annaannb", FEED)


@pytest.mark.parametrize("happens", [deleted, moved, reassigned])
@pytest.mark.parametrize("heard", [True, False], ids=["heard of that", "had not heard of that"])
def test_a_tablet_that_gets_no_row_any_more_loses_the_values_of_its_old_work(
    pair, server, happens, heard
):
    anna, _ = pair
    anna.edit(HOUSE, phone="13900001111")
    anna.sync()
    happens(server)
    if heard:
        anna.sync()
        assert "13900001111" in everything(anna), "a restored server may need it back"
    erase(server, "phone")
    anna.sync()
    assert "13900001111" not in everything(anna)


def test_what_was_kept_of_a_record_that_was_erased_after_its_deletion_is_settled(pair, server):
    anna, _ = pair
    anna.edit(HOUSE, householder="李四")
    suspend(server, True)
    anna.sync()
    assert [entry.state for entry in anna.replica.kept()] == ["held"]
    deleted(server)
    erase(server, "householder")
    suspend(server, False)
    anna.sync()
    assert anna.replica.kept() == [] and "李四" not in everything(anna)


def test_work_upon_work_that_was_refused_for_an_erasure_is_refused_too(pair, server):
    anna, _ = pair
    anna.edit(HOUSE, phone="13900001111")
    anna.edit(HOUSE, phone="13900002222")
    erase(server, "phone")
    assert anna.sync().outcomes == {"rejected": 2}
    assert anna.replica.kept() == []
    assert "1390000" not in everything(anna)


@pytest.mark.parametrize("heard", [True, False], ids=["heard of that", "had not heard of that"])
def test_a_row_that_is_kept_to_show_a_refusal_with_is_erased_as_well(pair, server, heard):
    anna, _ = pair
    before = anna.replica.view(HOUSE).record.get("householder")
    assert before in everything(anna)
    deleted(server)
    anna.edit(HOUSE, floor=3)
    erase(server, "householder")
    suspend(server, True)
    if heard:
        anna.sync()
        suspend(server, False)
    anna.sync()
    suspend(server, False)
    anna.sync()
    assert before not in everything(anna)
    assert anna.replica.kept() == []


def test_work_that_goes_back_to_a_restored_server_is_told_what_was_erased(pair, server):
    anna, _ = pair
    anna.edit(HOUSE, phone="13900001111")
    anna.sync()
    moved(server)
    erase(server, "phone")
    with server.store.write() as tx:
        tx.set_epoch("e2")
    assert anna.sync().next.step == "rest"
    assert "13900001111" not in everything(anna)


def test_who_worked_on_a_record_hears_of_the_erasure_once(pair, server):
    anna, bo = pair
    anna.edit(HOUSE, phone="13900001111")
    anna.sync()
    moved(server)
    erase(server, "phone")
    told = [
        page["redacted"]
        for device, body in [("annaannb", request(anna)), ("bbbbbbbb", request(bo))]
        for line in server.answer(body, device).splitlines()
        if "redacted" in (page := json.loads(line).get("page", {}))
    ]
    assert told == [[HOUSE]]
    anna.sync()
    assert b"redacted" not in server.answer(request(anna), "annaannb")


def past_the_horizon(server, user):
    """Something left the user's feed, and nobody is told of that any more."""
    with server.store.write() as tx:
        tx.save(Changes(told=[Movement(person(user), OTHER_HOUSE, FEED, "left", True)]))
        tx.mark_feeds(10)
        assert tx.compact(before_ms=10) > 0


@pytest.mark.parametrize("cut", [False, True], ids=["in one answer", "cut after the first page"])
def test_who_was_away_past_the_horizon_hears_of_what_was_erased_meanwhile(pair, server, cut):
    anna, _ = pair
    anna.edit(HOUSE, householder="李四")
    suspend(server, True)
    anna.sync()
    suspend(server, False)
    deleted(server)
    erase(server, "householder")
    past_the_horizon(server, anna.user)
    if cut:
        told = server.answer(request(anna), "annaannb").split(b"\n")
        at = next(place for place, line in enumerate(told) if b'"redacted"' in line)
        anna.link.faults = [cut_after(sum(len(line) + 1 for line in told[: at + 1]))]
        anna.sync()
    anna.sync()
    assert "李四" not in everything(anna) and anna.replica.kept() == []
    assert b"redacted" not in server.answer(request(anna), "annaannb")


def test_who_heard_of_an_erasure_before_the_horizon_does_not_hear_of_it_again(pair, server):
    anna, _ = pair
    anna.edit(HOUSE, householder="李四")
    anna.sync()
    erase(server, "householder")
    anna.sync()
    anna.edit(HOUSE, householder="王五")
    past_the_horizon(server, anna.user)
    report = anna.sync()
    assert report.outcomes == {"applied": 1}
    assert "王五" in everything(anna)


@pytest.mark.parametrize("upon", ["the row", "own new work"])
def test_what_was_told_after_an_erasure_was_seen_stays_though_the_record_was_deleted_since(
    pair, server, upon
):
    anna, _ = pair
    erase(server, "householder")
    anna.sync()
    if upon == "own new work":
        anna.edit(HOUSE, floor=3)
    anna.edit(HOUSE, householder="王五")
    deleted(server)
    suspend(server, True)
    anna.sync()
    suspend(server, False)
    anna.sync()
    assert "王五" in everything(anna), "it was not erased, and waits for a person"
    assert [one.answer["outcome"] for one in anna.replica.kept()][-1:] == ["held"]
