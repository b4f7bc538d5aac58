"""Devices that were stopped, stolen or copied, and people who left: what they still learn."""

from __future__ import annotations

from typing import Any

import pytest

from sync.scope import SYSTEM
from tests.server.office import Office
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
