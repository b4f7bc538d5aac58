"""What waited too long for what it was based on is let go as a concurrent change."""

from __future__ import annotations

import pytest

from sync.authority import WAIT_MS
from tests.sync.county import ANNA, BO, GRID, County, edit, let_go, step, uid

LOST = "0000000003e8-0000-aaaaaaaazzzz"
OTHER = "0000000003e8-0001-aaaaaaaazzzz"


def days_pass(county, *, limit=500):
    county.now_ms += WAIT_MS + 1
    return due(county, limit=limit)


def due(county, *, limit=500):
    with county.store.write() as tx:
        acks = county.authority.release_due(tx, now_ms=county.now_ms, limit=limit)
    return [(ack.outcome, ack.problem and ack.problem.code) for ack in acks]


def test_before_five_days_nothing_is_let_go(county, anna, house):
    anna.send(edit(anna, house, {"householder": "李四"}, base=LOST))
    county.now_ms += WAIT_MS
    assert due(county) == []


def test_after_five_days_it_counts_as_concurrent_and_its_author_is_told(county, anna, house):
    change = edit(anna, house, {"householder": "李四", "visits": {"add": 1}}, base=LOST)
    anna.send(change)
    assert days_pass(county) == [("conflict", "concurrent")]
    assert county.record(house).get("visits") == 1
    assert county.conflict(change["stamp"]).fields["householder"]["device"] == "李四"
    anna.send()
    assert [one["code"] for one in anna.rows("notice").values()] == ["released"]
    assert due(county) == []


def test_what_is_due_takes_along_what_builds_on_it(county, anna, house):
    first = edit(anna, house, {"phone": "2"}, base=LOST)
    anna.send(first)
    anna.send(edit(anna, house, {"phone": "3"}, base=first["stamp"]))
    assert days_pass(county) == [("applied", None)]
    assert county.record(house).get("phone") == "3"


def test_two_that_wait_for_one_another_in_a_chain_are_each_decided_once(county, anna, house):
    first = edit(anna, house, {"phone": "2"}, base=LOST)
    second = edit(anna, house, {"phone": "3"}, base=first["stamp"])
    anna.send(second)
    anna.send(first)
    assert county.operation(second["stamp"]).code == "needs"
    outcomes = days_pass(county)
    assert [outcome for outcome, _ in outcomes] == ["applied", "applied"]
    assert county.record(house).get("phone") == "3"


def test_a_group_goes_with_its_member_that_is_due(county, anna, house):
    mark = {"id": "g", "of": 3}
    changes = [
        edit(anna, house, {"phone": "2"}, base=LOST),
        edit(anna, house, {"visits": {"add": 1}}, base=OTHER),
        anna.op("create", uid(5), {"grid": GRID}),
    ]
    anna.send(*({**one, "group": mark} for one in changes))
    assert len(days_pass(county)) == 1
    assert county.record(uid(5)) is not None and county.record(house).get("visits") == 1


def test_members_of_one_group_that_are_due_together_are_decided_once(county, anna, house):
    made = anna.op("create", uid(40), {"grid": GRID}, type="order")
    anna.send(made)
    first = edit(anna, house, {"phone": "2"}, base=LOST)
    alone = edit(anna, house, {"visits": {"add": 1}}, base=OTHER)
    late = step(anna, uid(40), made["stamp"], ("new", "taken"))
    anna.send({**first, "group": {"id": "g", "of": 2}}, {**late, "group": {"id": "g", "of": 2}})
    anna.send(alone)
    assert [outcome for outcome, _ in days_pass(county)] == ["applied", "applied"]
    assert county.record(uid(40)).get("status") == "taken"


def test_so_many_at_a_time_are_let_go(county, anna, house):
    for number in range(3):
        anna.send(edit(anna, house, {"visits": {"add": number + 1}}, base=LOST))
    assert len(days_pass(county, limit=2)) == 2
    assert len(due(county, limit=2)) == 1
    assert county.record(house).get("visits") == 6


def test_what_never_was_its_authors_is_not_theirs_after_five_days(county, anna):
    anna.send(edit(anna, uid(77), {"phone": "2"}, base=LOST))
    assert days_pass(county) == [("rejected", "out_of_scope")]


def test_what_waits_for_a_person_goes_on_waiting(county, anna, house):
    anna.suspend()
    anna.send(edit(anna, house, {"phone": "2"}, base=anna.created))
    assert days_pass(county) == []


@pytest.mark.parametrize("way", ["time", "base", "group"])
def test_what_waits_for_its_base_waits_for_a_person_once_its_author_is_suspended(way):
    stopped = set()
    county = County(suspended=lambda _tx, user, device: not stopped.isdisjoint((user, device)))
    anna, bo = county.device(ANNA), county.device(BO)
    create = anna.op("create", uid(1), {"grid": GRID})
    anna.send(create)
    base = edit(bo, uid(1), {"householder": "李四"}, base=create["stamp"])
    change = edit(anna, uid(1), {"phone": "2"}, base=base["stamp"])
    if way == "group":
        change["group"] = {"id": "g", "of": 1}
    assert anna.send(change)[0]["needs"] == base["stamp"]
    stopped.add(ANNA if way == "base" else anna.reader.device)
    if way == "time":
        assert days_pass(county) == [("held", "review")]
        assert days_pass(county) == []
    bo.send(base)
    assert county.operation(change["stamp"]).code == "review"
    assert county.record(uid(1)).get("phone") is None
    assert let_go(county, change["stamp"]).outcome == "applied"


class Overtaken:
    """A transaction that waited for a record's lock while another let go what it was to let go."""

    def __init__(self, county, tx, stamp):
        self.county, self.tx, self.stamp = county, tx, stamp

    def __getattr__(self, name):
        return getattr(self.tx, name)

    def records(self, ids):
        stamp, self.stamp = self.stamp, None
        if stamp is not None:
            assert self.county.authority.release(self.tx, stamp, now_ms=self.county.now_ms)
        return self.tx.records(ids)


def test_what_another_let_go_meanwhile_is_decided_once(county, anna, house):
    for release in ("due", "person"):
        change = edit(anna, house, {"visits": {"add": 1}}, base=LOST)
        anna.send(change)
        before = county.record(house).get("visits") or 0
        county.now_ms += WAIT_MS + 1
        with county.store.write() as tx:
            waiting = Overtaken(county, tx, change["stamp"])
            if release == "due":
                county.authority.release_due(waiting, now_ms=county.now_ms)
            else:
                ack = county.authority.release(waiting, change["stamp"], now_ms=county.now_ms)
                assert ack is None
        assert county.record(house).get("visits") == before + 1
