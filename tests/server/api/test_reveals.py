"""Looks at restricted facts on a device: noted once each, with what for, and never a value."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from server.accounts.sessions import reading
from server.api.reveals import LOOKS_MAX
from server.models import Audit
from tests.server.office import Office, bearer
from tests.server.security.tablet import GRID, Tablet, made

MINUTE_MS = 60_000


def facts(office: Office) -> str:
    person = made(office, "resident", grid=GRID, name="张三")
    return made(office, "resident_restricted", grid=GRID, resident=person.id).id


def tell(tablet: Tablet, *looks: Any, **more: Any) -> Any:
    body = {"device": tablet.told["device"], "reveals": list(looks), **more}
    headers = bearer(tablet.told["token"])
    return tablet.office.client.post("/sync/v1/reveals", json=body, headers=headers)


def looked(office: Office, record: str, **more: Any) -> dict[str, Any]:
    look = {"record": record, "at": office.clock.now_ms - MINUTE_MS, "purpose": "准备走访"}
    return {**look, "offset_ms": 0, **more}


def noted(office: Office) -> list[tuple[Any, ...]]:
    with reading(office.served.store) as session:
        query = select(Audit.user, Audit.about, Audit.at, Audit.purpose)
        rows = session.execute(query.where(Audit.what == "revealed").order_by(Audit.id)).all()
        return [tuple(row) for row in rows]


def test_each_look_is_noted_once_however_often_it_is_told(any_office: Office) -> None:
    office = any_office
    tablet, record = Tablet.enrolled(office), facts(office)
    first, second = looked(office, record), looked(office, record, at=office.clock.now_ms - 5)
    assert tell(tablet, first).json == {"noted": 1}
    assert tell(tablet, first, second, second).json == {"noted": 1}
    at = office.clock.now_ms
    assert noted(office) == [
        (tablet.user, record, at - MINUTE_MS, "准备走访"),
        (tablet.user, record, at - 5, "准备走访"),
    ]


def test_its_time_is_corrected_and_never_in_the_future(office: Office) -> None:
    tablet, record = Tablet.enrolled(office), facts(office)
    now = office.clock.now_ms
    slow = looked(office, record, at=now - 9 * MINUTE_MS, offset_ms=2 * MINUTE_MS)
    tell(tablet, slow, looked(office, record, at=now + 999 * MINUTE_MS, offset_ms=None))
    assert [at for _, _, at, _ in noted(office)] == [now - 7 * MINUTE_MS, now]


def test_what_is_not_restricted_or_not_known_is_not_noted(office: Office) -> None:
    tablet = Tablet.enrolled(office)
    home = made(office, "household", grid=GRID)
    told = tell(tablet, looked(office, home.id), looked(office, office.served.new_id()))
    assert (told.json, noted(office)) == ({"noted": 0}, [])


@pytest.mark.parametrize(
    "odd",
    [
        None,
        {"record": "x"},
        {"at": "now"},
        {"at": True},
        {"at": 1 << 60},
        {"purpose": None},
        {"offset_ms": "1"},
    ],
)
def test_what_is_no_look_is_refused_and_nothing_is_noted(office: Office, odd: Any) -> None:
    tablet, record = Tablet.enrolled(office), facts(office)
    broken = odd if odd is None else {**looked(office, record), **odd}
    answer = tell(tablet, looked(office, record), broken)
    assert (answer.status_code, answer.json["code"]) == (400, "bad_request")
    assert noted(office) == []


def test_only_a_device_tells_of_itself_and_of_so_many(office: Office) -> None:
    tablet, record = Tablet.enrolled(office), facts(office)
    assert tell(tablet, looked(office, record), device="aaaaaaaa").json["code"] == "not_your_device"
    assert tell(tablet, reveals={}).json["code"] == "bad_request"
    many = [{"record": record, "at": 1, "purpose": "x"}] * (LOOKS_MAX + 1)
    assert tell(tablet, *many).status_code in (400, 413)
    assert tell(tablet, *many[:LOOKS_MAX]).json == {"noted": 1}
    stranger: Any = office.client.post("/sync/v1/reveals", json={})
    assert stranger.json["code"] == "no_token"
