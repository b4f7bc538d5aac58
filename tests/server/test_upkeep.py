"""What a server does by itself: once, whoever of its processes comes first."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from sqlalchemy import update

from server.accounts.sessions import writing
from server.epochs import begin, begin_unasked
from server.models import Device, DeviceToken
from server.store import Busy
from server.upkeep import DAILY_MS, EVERY_MS, STEP_MS_MAX, Upkeep, compact
from sync.authority import WAIT_MS
from sync.scope import SYSTEM
from tests.server.api.test_exchange import Tablet, acks

LOST = "0000000003e8-0000-aaaaaaaazzzz"


@pytest.fixture
def upkeep(any_office):
    return any_office.served.upkeep


def waits(office):
    """A change that waits for something that never comes; its author."""
    tablet = Tablet(office)
    create = tablet.op("create", {"grid": "00000000-0000-0000-0000-0000000000a1"})
    change = tablet.op("edit", {"phone": "2"}, {"*": LOST, "phone": LOST})
    assert [ack["outcome"] for ack in acks(tablet.send(create, change))] == ["applied", "held"]
    return tablet


def lasting(office):
    """Tokens that outlive what the test lets pass."""
    with writing(office.served.store) as session:
        session.execute(update(DeviceToken).values(expires_at=1 << 50))


def notices(lines):
    return [row for line in lines if "page" in line for one in line["page"]["put"]
            if one["type"] == "notice" for row in one["rows"]]  # fmt: skip


def test_what_is_due_is_let_go_once_and_its_author_is_told(any_office, upkeep):
    tablet = waits(any_office)
    assert upkeep.tick()
    any_office.clock.now_ms += WAIT_MS + EVERY_MS
    lasting(any_office)
    assert upkeep.tick() and not upkeep.tick()
    assert len(notices(tablet.send())) == 1
    any_office.clock.now_ms += EVERY_MS
    assert upkeep.tick()
    assert notices(tablet.send()) == []


@pytest.mark.parametrize("who", ["device", "user"])
def test_what_is_due_waits_for_a_person_once_its_author_is_suspended(any_office, upkeep, who):
    tablet, door = waits(any_office), any_office.served.door
    with any_office.served.store.read() as snapshot:
        snapshot.cursor.execute('SELECT "stamp" FROM "held"')
        ((stamp,),) = snapshot.cursor.fetchall()
    if who == "user":
        assert door.edit(SYSTEM, tablet.user, {"active": False}).outcome == "applied"
    else:
        with writing(any_office.served.store) as session:
            session.execute(update(Device).values(suspended=True))
    any_office.clock.now_ms += WAIT_MS + EVERY_MS
    assert upkeep.tick()
    with any_office.served.store.read() as snapshot:
        kept = snapshot.operations([stamp])[stamp]
    assert (kept.outcome, kept.code) == ("held", "review")
    assert door.release(stamp).outcome in ("applied", "merged", "conflict")


def test_another_process_that_looks_at_the_same_time_finds_nothing_to_do(any_office, upkeep):
    served = any_office.served
    other = Upkeep(served.store, served.authority, now_ms=served.now_ms)
    assert [upkeep.tick(), other.tick()] == [True, False]
    any_office.clock.now_ms += EVERY_MS
    assert [other.tick(), upkeep.tick()] == [True, False]


def test_a_clock_that_was_ahead_stops_nobody_for_ever(any_office, upkeep):
    any_office.clock.now_ms += 30 * DAILY_MS
    assert upkeep.tick()
    any_office.clock.now_ms -= 30 * DAILY_MS
    assert upkeep.tick()


def test_what_was_deleted_before_the_horizon_is_purged_and_a_tablet_from_then_reads_anew(
    any_office, upkeep
):
    tablet = Tablet(any_office, role="administrator")
    create = tablet.op("create", {"grid": "00000000-0000-0000-0000-0000000000a1"})
    tablet.send(create)
    old = dict(tablet.cursors)
    tablet.send(tablet.op("delete", {}, {"*": create["stamp"]}))
    upkeep.tick()
    any_office.clock.now_ms += 401 * DAILY_MS
    lasting(any_office)
    upkeep.tick()
    now = dict(tablet.cursors)
    tablet.cursors = old
    lines = tablet.send()
    assert len(lines[0]["hello"]["reset"]) == 1
    assert [line["page"]["deleted"] for line in lines if "page" in line] == [{}]
    tablet.cursors = now
    assert tablet.send()[0]["hello"]["reset"] == []
    served = any_office.served
    assert compact(served.store, now_ms=served.now_ms(), horizon_days=0) == 0


def test_a_busy_store_is_left_alone_until_the_next_time(any_office):
    class BusyStore:
        @contextmanager
        def write(self):
            raise Busy("others write")
            yield

    served = any_office.served
    assert not Upkeep(BusyStore(), served.authority, now_ms=served.now_ms).tick()


@pytest.mark.parametrize("failure", [Busy("others write"), OSError("the disk")])
def test_a_daily_step_that_fails_is_tried_again_the_next_time_and_then_done(any_office, failure):
    served, done, failing = any_office.served, [], [True]

    def second(now_ms):
        if failing:
            raise failure
        done.append("second")

    steps = (lambda _: done.append("first"), second, lambda _: done.append("third"))
    upkeep = Upkeep(served.store, served.authority, now_ms=served.now_ms, daily=steps)
    if isinstance(failure, Busy):
        assert not upkeep.tick()
    else:
        with pytest.raises(OSError, match="the disk"):
            upkeep.tick()
    assert done == ["first"]
    failing.clear()
    for _ in range(2):
        any_office.clock.now_ms += EVERY_MS
        assert upkeep.tick()
        assert done == ["first", "second", "third"]
    any_office.clock.now_ms += DAILY_MS
    assert upkeep.tick() and done == 2 * ["first", "second", "third"]


def test_a_daily_step_whose_process_was_killed_is_tried_again_within_the_hour(any_office):
    served, done = any_office.served, []

    class Killed(BaseException):
        pass

    def killed(now_ms):
        any_office.served.store.write = lambda: (_ for _ in ()).throw(Killed())
        raise Killed

    def upkeep(step):
        return Upkeep(served.store, served.authority, now_ms=served.now_ms, daily=[step])

    with pytest.raises(Killed):
        upkeep(killed).tick()
    del served.store.write
    any_office.clock.now_ms += EVERY_MS
    assert upkeep(done.append).tick() and done == [], "somebody may still be at it"
    any_office.clock.now_ms += STEP_MS_MAX
    assert upkeep(done.append).tick() and len(done) == 1


def test_the_thread_goes_on_after_a_failure(any_office, monkeypatch, caplog):
    calls = []

    class Enough(BaseException):
        pass

    def sleep(seconds):
        calls.append(seconds)
        if len(calls) == 3:
            raise Enough

    upkeep = any_office.served.upkeep
    monkeypatch.setattr(upkeep, "tick", lambda: 1 / 0)
    monkeypatch.setattr("threading.excepthook", lambda _args: None)
    upkeep.start(sleep=sleep).join(5)
    assert len(calls) == 3
    assert "ZeroDivisionError" in caplog.text and "division by zero" not in caplog.text


# Epochs ----------------------------------------------------------------------------------------


def test_a_cursor_beyond_its_feed_begins_a_new_history_for_everybody(any_office):
    tablet, other = Tablet(any_office), Tablet(any_office, name="李勇")
    before = tablet.send()[0]["hello"]["epoch"]
    other.send()
    feed = next(one for one in tablet.cursors if one.startswith("grid:"))
    epoch, generation, _, check = tablet.cursors[feed].split(".")
    tablet.cursors[feed] = f"{epoch}.{generation}.ff.{check}"
    hello = tablet.send()[0]["hello"]
    assert hello["epoch"] != before and set(hello["reset"]) == set(hello["feeds"])
    again = other.send()[0]["hello"]
    assert again["epoch"] == hello["epoch"] and set(again["reset"]) == set(again["feeds"])


def test_nobody_makes_everybody_start_over_again_and_again(any_office):
    served = any_office.served
    with served.store.read() as tx:
        epoch = tx.epoch()
    now_ms = served.now_ms()

    def again(seen, days=0):
        when = now_ms + days * DAILY_MS
        return begin_unasked(served.store, seen=seen, now_ms=when, draw=served.draw)

    assert again(epoch)
    with served.store.read() as tx:
        second = tx.epoch()
    assert second != epoch and again(epoch), "somebody began it already"
    assert not again(second)
    assert again(second, days=1)
    begin(served.store, now_ms=now_ms + DAILY_MS, draw=served.draw)
    with served.store.read() as tx:
        assert tx.epoch() not in (epoch, second)
