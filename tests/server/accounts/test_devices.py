"""Devices at the door: who a token stands for, and what a device tells about itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from server.accounts.sessions import writing
from server.accounts.supervision import confirm_replacement, take_step
from server.devices import ENDED_GRANTS_MS, StatusBook, authenticate
from server.models import Device
from sync.errors import Refusal
from sync.feeds import Grant
from sync.scope import SYSTEM, Reader
from tests.server.office import Office

ADMINISTRATOR = "0199a1b2-0000-7000-8000-000000000000"


def reader(office: Office, token: str) -> Reader:
    with office.served.store.read() as snapshot:
        return authenticate(snapshot.cursor, token, now_ms=office.clock.now_ms).reader


def refused(office: Office, token: str) -> str:
    with pytest.raises(Refusal) as refusal:
        reader(office, token)
    return refusal.value.problem.code


def step(office: Office, device: str, name: str) -> None:
    with writing(office.served.store) as session:
        found = session.get_one(Device, device)
        take_step(session, found, name, by=ADMINISTRATOR, now_ms=office.clock.now_ms)


def test_a_token_stands_for_device_user_role_and_every_grant(any_office: Office):
    office = any_office
    user = office.user(role="grid_chief", lang="en")
    one = office.grant(user, "grid:1")
    two = office.grant(user, "grid:2", until=office.clock.now_ms + 5)
    office.grant(office.user("别人"), "grid:3")
    told = office.enrol(user)
    found = reader(office, told["token"])
    assert (found.device, found.user, found.role, found.lang) == (
        told["device"],
        user,
        "grid_chief",
        "en",
    )
    now = office.clock.now_ms
    assert set(found.grants) == {
        Grant("grid:1", one[-12:], now, None),
        Grant("grid:2", two[-12:], now, now + 5),
    }
    assert not (found.suspended or found.hand_in_only or found.wipe or found.former_devices)


def test_a_user_without_grants_is_still_somebody(office: Office):
    assert reader(office, office.enrol(office.user())["token"]).grants == ()


def test_ended_grants_are_told_for_400_days(office: Office):
    user = office.user()
    office.grant(user, "grid:1", until=office.clock.now_ms)
    told = office.enrol(user)
    office.clock.pass_ms(60_000)
    assert [one.feed for one in reader(office, told["token"]).grants] == ["grid:1"]
    with office.served.store.read() as snapshot, pytest.raises(Refusal):
        authenticate(snapshot.cursor, told["token"], now_ms=office.clock.now_ms + ENDED_GRANTS_MS)


def test_a_grant_of_tomorrow_is_not_told_today(office: Office):
    user = office.user()
    office.clock.pass_ms(86_400_000)
    office.grant(user, "grid:1")
    office.clock.pass_ms(-86_400_000)
    assert reader(office, office.enrol(user)["token"]).grants == ()


def test_all_of_it_costs_one_query(office: Office):
    user = office.user()
    for grid in range(5):
        office.grant(user, f"grid:{grid}")
    told = office.enrol(user)
    seen: list[str] = []
    with office.served.store.read() as snapshot:
        snapshot.cursor.connection.set_trace_callback(seen.append)
        authenticate(snapshot.cursor, told["token"], now_ms=office.clock.now_ms)
        snapshot.cursor.connection.set_trace_callback(None)
        plan = snapshot.cursor.execute("EXPLAIN QUERY PLAN " + seen[0]).fetchall()
    assert len(seen) == 1
    assert not [row for row in plan if row[3].startswith("SCAN")]


def test_refresh_tokens_and_inventions_open_nothing(office: Office):
    told = office.enrol(office.user())
    assert refused(office, told["refresh"]) == "token_unknown"
    assert refused(office, told["token"].swapcase()) == "token_unknown"
    assert refused(office, "") == "token_unknown"
    assert refused(office, "\ud800") == "token_unknown"


def test_a_revoked_device_is_unknown_and_no_step_brings_it_back(office: Office):
    told = office.enrol(office.user())
    step(office, told["device"], "revoke")
    assert refused(office, told["token"]) == "token_unknown"
    step(office, told["device"], "release")
    assert refused(office, told["token"]) == "token_unknown"


def test_suspended_and_lost_devices_are_told_apart_and_can_be_released(office: Office):
    told = office.enrol(office.user())
    device = told["device"]
    step(office, device, "suspend")
    found = reader(office, told["token"])
    assert (found.suspended, found.hand_in_only, found.wipe) == (True, False, False)
    step(office, device, "wipe")
    found = reader(office, told["token"])
    assert (found.suspended, found.hand_in_only, found.wipe) == (True, True, True)
    step(office, device, "release")
    found = reader(office, told["token"])
    assert (found.suspended, found.hand_in_only, found.wipe) == (False, False, False)
    assert office.audited()[-3:] == ["device_suspended", "device_wiped", "device_released"]


@pytest.mark.parametrize("how", ["inactive", "deleted"])
def test_a_user_who_left_gets_nothing_more_and_can_still_hand_in(office: Office, how: str):
    user = office.user()
    office.grant(user, "grid:1")
    told = office.enrol(user)
    door = office.served.door
    if how == "inactive":
        door.edit(SYSTEM, user, {"active": False})
    else:
        door.delete(SYSTEM, user)
    found = reader(office, told["token"])
    assert found.suspended
    assert found.hand_in_only


def test_a_confirmed_replacement_brings_the_stamps_of_the_devices_before_it(office: Office):
    user = office.user()
    first = office.enrol(user)
    second = office.enrol(user, replaces=first["device"])
    third = office.enrol(user, replaces=second["device"])
    for one in (second, third):
        assert reader(office, one["token"]).former_devices == frozenset()
        with writing(office.served.store) as session:
            device = session.get_one(Device, one["device"])
            confirm_replacement(session, device, by=ADMINISTRATOR, now_ms=office.clock.now_ms)
    assert reader(office, third["token"]).former_devices == {first["device"], second["device"]}
    assert refused(office, first["token"]) == refused(office, second["token"]) == "token_unknown"


def test_a_device_enrolled_anew_brings_the_stamps_of_its_revoked_former_self_at_once(
    office: Office,
):
    user = office.user()
    first = office.enrol(user)
    step(office, first["device"], "revoke")
    second = office.enrol(user, replaces=first["device"])
    assert reader(office, second["token"]).former_devices == {first["device"]}
    other = office.enrol(office.user("别人"), replaces=first["device"])
    assert reader(office, other["token"]).former_devices == frozenset()


def test_a_replacement_of_somebody_elses_device_is_not_confirmed(office: Office):
    others = office.enrol(office.user("别人"))
    mine = office.enrol(office.user(), replaces=others["device"])
    with writing(office.served.store) as session:
        device = session.get_one(Device, mine["device"])
        with pytest.raises(ValueError, match="somebody else"):
            confirm_replacement(session, device, by=ADMINISTRATOR, now_ms=0)
        device = session.get_one(Device, others["device"])
        with pytest.raises(ValueError, match="replaces no other"):
            confirm_replacement(session, device, by=ADMINISTRATOR, now_ms=0)


def test_a_device_that_the_restored_server_forgot_can_be_replaced(office: Office):
    told = office.enrol(office.user(), replaces="k7m2p9q4")
    with writing(office.served.store) as session:
        device = session.get_one(Device, told["device"])
        confirm_replacement(session, device, by=ADMINISTRATOR, now_ms=0)
    assert reader(office, told["token"]).former_devices == {"k7m2p9q4"}


# Status --------------------------------------------------------------------------------------


class Timers:
    """``later`` for a status book: what is due runs when the test says so."""

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []

    def __call__(self, seconds: float, do: Callable[[], None]) -> None:
        self.due.append(do)

    def ring(self) -> None:
        due, self.due = self.due, []
        for do in due:
            do()


@pytest.fixture
def timers() -> Timers:
    return Timers()


@pytest.fixture
def book(office: Office, timers: Timers) -> StatusBook:
    return StatusBook(office.served.store, later=timers)


def note(office: Office, book: StatusBook, device: str, **status: Any) -> None:
    book.note_status(device, status, offset_ms=40, now_ms=office.clock.now_ms)


def test_a_quiet_server_writes_a_change_at_once(any_office: Office, timers: Timers):
    office, book = any_office, StatusBook(any_office.served.store, later=timers)
    device = office.enrol(office.user())["device"]
    note(
        office,
        book,
        device,
        app_version="1.2",
        outbox=3,
        oldest_pending=7,
        storage_used=10,
        storage_quota=100,
        battery=0.5,
        last_error="断网",
        photos=2,
    )
    found = office.device(device)
    assert found.last_exchange == office.clock.now_ms
    assert (found.offset_ms, found.app_version, found.outbox) == (40, "1.2", 3)
    assert (found.oldest_pending, found.storage_used, found.storage_quota) == (7, 10, 100)
    assert (found.battery, found.last_error, found.photos) == (0.5, "断网", 2)


def test_a_status_that_is_the_same_is_written_again_only_after_minutes(
    office: Office, book: StatusBook
):
    device = office.enrol(office.user())["device"]
    note(office, book, device, outbox=3, battery=0.52)
    first = office.clock.now_ms
    office.clock.pass_ms(StatusBook.QUIET_MS - 1)
    note(office, book, device, outbox=3, battery=0.48)
    assert office.device(device).last_exchange == first
    office.clock.pass_ms(1)
    note(office, book, device, outbox=3, battery=0.48)
    assert office.device(device).last_exchange == office.clock.now_ms


def test_the_last_exchange_of_a_device_that_erases_itself_is_always_noted(
    office: Office, book: StatusBook, timers: Timers
):
    device = office.enrol(office.user())["device"]
    note(office, book, device, outbox=3)
    office.clock.pass_ms(5)
    book.note_status(device, {"outbox": 3}, offset_ms=40, now_ms=office.clock.now_ms, last=True)
    timers.ring()
    assert office.device(device).last_exchange == office.clock.now_ms


def test_a_busy_server_writes_many_together(office: Office, book: StatusBook, timers: Timers):
    user = office.user()
    devices = [office.enrol(user)["device"] for _ in range(4)]
    for n, device in enumerate(devices):
        office.clock.pass_ms(1)
        note(office, book, device, outbox=n)
    assert [office.device(one).outbox for one in devices] == [0, None, None, None]
    assert len(timers.due) == 1
    timers.ring()
    assert [office.device(one).outbox for one in devices] == [0, 1, 2, 3]


def test_what_could_not_be_written_is_written_the_next_time(
    office: Office, book: StatusBook, timers: Timers, monkeypatch: pytest.MonkeyPatch
):
    from server.store import Busy

    device = office.enrol(office.user())["device"]
    with monkeypatch.context() as patch:

        def busy(_pending: object) -> None:
            raise Busy("others are writing")

        patch.setattr(book, "_write", busy)
        note(office, book, device, outbox=1)
    assert office.device(device).outbox is None
    book.flush()
    assert office.device(device).outbox == 1


def test_nonsense_in_a_status_is_left_out_and_stops_nothing(office: Office, book: StatusBook):
    device = office.enrol(office.user())["device"]
    nonsense = {
        "outbox": "three",
        "oldest_pending": True,
        "storage_used": 1 << 60,
        "battery": 90,
        "app_version": "v" * 1_000,
        "last_error": "bad \ud800 \0 text",
    }
    note(office, book, device, **nonsense)
    found = office.device(device)
    assert (found.outbox, found.oldest_pending, found.storage_used) == (None, None, None)
    assert found.battery is None
    assert found.app_version == "v" * 100
    assert found.last_error == "bad ?  text"
    office.clock.pass_ms(10_000)
    book.note_status(device, "no object", offset_ms=None, now_ms=office.clock.now_ms)
    assert office.device(device).offset_ms is None
