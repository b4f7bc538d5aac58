"""Devices that were stopped, stolen or copied, and people who left: what they still learn."""

from __future__ import annotations

from typing import Any

import pytest

from server.accounts.sessions import writing
from server.accounts.supervision import take_step
from server.models import Device, DeviceToken
from sync.scope import SYSTEM
from tests.server.office import Office, bearer, json_of
from tests.server.security.tablet import GRID, Tablet, made

HERE = f"grid:{GRID}"


def may_only_hand_in(tablet: Tablet) -> None:
    tablet.office.change_device(tablet.told["device"], hand_in_only=True)


def is_to_be_wiped(tablet: Tablet) -> None:
    tablet.office.change_device(tablet.told["device"], hand_in_only=True, wipe=True)


def left_the_service(tablet: Tablet) -> None:
    tablet.office.served.door.edit(SYSTEM, tablet.user, {"active": False})


def was_deleted(tablet: Tablet) -> None:
    tablet.office.served.door.delete(SYSTEM, tablet.user)


@pytest.mark.parametrize(
    "stopped", [may_only_hand_in, is_to_be_wiped, left_the_service, was_deleted]
)
def test_who_may_only_hand_in_learns_nothing_of_a_record_by_editing_it(
    office: Office, stopped: Any
) -> None:
    home = made(office, "household", grid=GRID, phone="13912345678", notes="独居")
    tablet = Tablet.enrolled(office, HERE)
    before = tablet.op("edit", home, {"visits": {"add": 1}})
    tablet.send(before)
    stopped(tablet)
    probe = tablet.op("edit", home, {"phone": "1", "notes": "2", "householder": "3"})
    for op in (probe, probe, before):
        (ack,) = tablet.send(op)
        assert ack["stamp"] == op["stamp"]
        assert (ack["head"], ack["feeds"]) == (None, [])
        assert "fields" not in ack and "versions" not in ack
    assert tablet.hello["feeds"] is None and tablet.hello["problem"]["code"] == "hand_in_only"


def use(office: Office, device: str, token: str) -> str:
    """What an exchange with a token is told: its problem, or whether rows follow."""
    answer = office.client.post(
        "/sync/v1/exchange", json={"protocol": 1, "device": device}, headers=bearer(token)
    )
    if answer.status_code != 200:
        return str(json_of(answer)["code"])
    return "rows" if b'"page"' in answer.data else "no rows"


def renewed(office: Office, refresh: str, nonce: str) -> dict[str, str]:
    answer = office.client.post("/sync/v1/refresh", json={"refresh": refresh, "nonce": nonce})
    assert answer.status_code == 200
    return json_of(answer)


def test_a_copied_token_is_worth_nothing_after_the_device_was_released(office: Office) -> None:
    old = office.enrol(office.user())
    device = old["device"]
    worker = renewed(office, old["refresh"], "the worker's")
    assert use(office, device, worker["token"]) == "rows"
    copy = renewed(office, old["refresh"], "the thief's")
    assert use(office, device, copy["token"]) == use(office, device, worker["token"]) == "no rows"
    with writing(office.served.store) as session:
        found = session.get_one(Device, device)
        take_step(session, found, "release", by="boss", now_ms=office.clock.now_ms)
    assert (
        use(office, device, copy["token"])
        == use(office, device, worker["token"])
        == "token_expired"
    )
    office.clock.pass_ms(1)
    worker = renewed(office, worker["refresh"], "the worker's second")
    assert use(office, device, worker["token"]) == "rows"
    copy = renewed(office, copy["refresh"], "the thief's second")
    assert use(office, device, copy["token"]) == "no rows"


def test_an_administrator_who_releases_a_device_ends_its_tokens_too(
    county: Any, admin: Any
) -> None:
    device = "k7m2p9q4"
    with writing(county.services.store) as session:
        session.get_one(Device, device).hand_in_only = True
        session.get_one(Device, device).wipe = True
        for pair in ("mine", "yours"):
            token = DeviceToken(hash=pair, device=device, kind="access", pair=pair, issued_at=1,
                                expires_at=9)  # fmt: skip
            session.add(token)
    assert admin.post(f"/devices/{device}/release").status_code == 302
    with writing(county.services.store) as session:
        found = session.get_one(Device, device)
        assert not (found.hand_in_only or found.wipe)
        assert session.get_one(DeviceToken, "mine").retired_at is not None
