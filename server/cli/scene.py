"""The demo's scene: a morning's work on two tablets, so that the rooms are not empty.

A grid's worker and its chief were both out without a signal, and changed the same
households. It is played through the exchange itself, with stamps of two tablets, so
what the console shows is what really happens: merged texts, visits, an appeal, and
three conflicts that wait for a person.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from server.accounts.enrolment import enrol, issue_code
from server.accounts.sessions import writing
from server.devices import authenticate
from server.store.tables import GRANT, PROJECTED
from sync.exchange import read_request
from sync.stamps import Stamps, base32

if TYPE_CHECKING:
    from server.services import Services
    from sync.record import Record

__all__ = ["play"]

HOUR_MS = 3_600_000
HOUSEHOLDS = 5


class Tablet(NamedTuple):
    """One tablet: its device, whose it is, its token, and what makes its stamps."""

    device: str
    user: str
    token: str
    stamps: Stamps


def play(services: Services) -> int:
    """Play the scene in the first grid that has a worker and a chief; answers the conflicts."""
    found = _cast(services)
    if found is None:
        return 0
    grid, users = found
    worker, chief = (
        _tablet(services, user, name) for user, name in zip(users, _NAMES, strict=True)
    )
    households = _households(services, grid)
    if len(households) < HOUSEHOLDS:
        return 0
    now_ms = services.now_ms()
    morning = now_ms - 3 * HOUR_MS
    _exchange(services, worker, _of_worker(services, worker, households, grid, morning), now_ms)
    return _exchange(services, chief, _of_chief(chief, households, morning + HOUR_MS), now_ms)


_NAMES = ("网格员平板", "网格长平板")


def _cast(services: Services) -> tuple[str, tuple[str, str]] | None:
    """A grid, its worker and its chief."""
    listed = PROJECTED["user"].c
    granted = (
        select(GRANT.c.feed, listed.role, listed.id)
        .join_from(GRANT, PROJECTED["user"], listed.id == GRANT.c.user)
        .where(listed.role.in_(("grid_worker", "grid_chief")), GRANT.c.until.is_(None))
        .order_by(GRANT.c.feed, listed.id)
    )
    cast: dict[str, dict[str, str]] = {}
    with services.store.engine.connect() as connection:
        for feed, role, user in connection.execute(granted):
            parts = cast.setdefault(feed, {})
            parts.setdefault(role, user)
            if len(parts) == 2:
                return feed.partition(":")[2], (parts["grid_worker"], parts["grid_chief"])
    return None


def _tablet(services: Services, user: str, name: str) -> Tablet:
    now_ms, draw = services.now_ms(), secrets.randbelow
    with writing(services.store) as session:
        code = issue_code(session, user=user, now_ms=now_ms, draw=draw)
        enrolled = enrol(
            session,
            key=services.settings.secret,
            code=code,
            nonce=secrets.token_hex(8),
            name=name,
            platform="demo",
            now_ms=now_ms,
            draw=draw,
        )
    stamps = Stamps(device=enrolled.device, incarnation=base32(draw, 4))
    return Tablet(enrolled.device, user, enrolled.tokens.token, stamps)


def _households(services: Services, grid: str) -> list[Record]:
    """The first households of a grid that have a householder."""
    listed = PROJECTED["household"].c
    few = select(listed.id).where(listed.grid == grid).order_by(listed.id).limit(3 * HOUSEHOLDS)
    with services.store.engine.connect() as connection:
        ids = list(connection.scalars(few))
    with services.store.read() as snapshot:
        found = snapshot.records(ids)
    return [found[one] for one in ids if found[one].get("householder")]


def _edit(tablet: Tablet, record: Record, at: int, **fields: Any) -> dict[str, Any]:
    """An edit made at ``at``, of what the tablet had seen in the morning."""
    base = {"*": record.head, **{name: record.version(name) for name in fields}}
    return {
        "stamp": tablet.stamps.next(now_ms=at),
        "actor": tablet.user,
        "schema": 1,
        "at": at,
        "offset_ms": 0,
        "type": record.spec.name,
        "record": record.id,
        "kind": "edit",
        "fields": fields,
        "base": base,
    }


def _create(
    tablet: Tablet, record: str, kind: str, at: int, fields: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "stamp": tablet.stamps.next(now_ms=at),
        "actor": tablet.user,
        "schema": 1,
        "at": at,
        "offset_ms": 0,
        "type": kind,
        "record": record,
        "kind": "create",
        "fields": fields,
    }


def _of_worker(
    services: Services, worker: Tablet, homes: Sequence[Record], grid: str, at: int
) -> list[dict[str, Any]]:
    one, two, three, four, five = homes[:HOUSEHOLDS]
    new_id = services.new_id
    visit = {
        "grid": grid,
        "household": two.id,
        "worker": worker.user,
        "at": at,
        "purpose": "routine",
        "present": two.get("householder"),
        "notes": "老人身体尚好，药已备足。",
    }
    appeal = {
        "grid": grid,
        "household": four.id,
        "source": "grid_worker",
        "kind": "request",
        "title": "楼道灯不亮",
        "description": "三楼楼道灯坏了一周，老人晚上下楼不便。",
        "place": f"{four.get('compound') or ''}三楼",
        "reported_by": worker.user,
        "reported_at": at,
        "business": ["property"],
    }
    resident = {
        "grid": grid,
        "household": three.id,
        "name": "杨思琪",
        "sex": "2",
        "birth": "2021-05-14",
        "kinship": "42",
        "residing": True,
        "registered": False,
    }
    return [
        _edit(
            worker, one, at, householder=f"{one.get('householder')[:1]}秀英", phone="10005550101"
        ),
        _edit(worker, two, at + 1, care_level="weekly", visits={"add": 1}, last_visit=at),
        _edit(worker, three, at + 2, room="1203"),
        _edit(worker, five, at + 3, notes=_with_line(five, "上午走访，家中无人，已留便民联系卡。")),
        _create(worker, new_id(), "resident", at + 4, resident),
        _create(worker, new_id(), "home_visit", at + 5, visit),
        _create(worker, new_id(), "work_order", at + 6, appeal),
    ]


def _of_chief(chief: Tablet, homes: Sequence[Record], at: int) -> list[dict[str, Any]]:
    one, two, three, _, five = homes[:HOUSEHOLDS]
    return [
        _edit(chief, one, at, householder=f"{one.get('householder')[:1]}建国"),
        _edit(chief, two, at + 1, care_level="monthly", visits={"add": 1}, last_visit=at),
        _edit(chief, three, at + 2, room="1302", phone="10005550102"),
        _edit(chief, five, at + 3, tags={"add": ["volunteer"], "remove": []}),
    ]


def _with_line(record: Record, line: str) -> str:
    return "\n".join(part for part in (record.get("notes"), line) if part)


def _exchange(
    services: Services, tablet: Tablet, operations: Sequence[Mapping[str, Any]], now_ms: int
) -> int:
    """Hand the operations in; answers how many came to a conflict."""
    with services.store.read() as snapshot:
        reader = authenticate(snapshot.cursor, tablet.token, now_ms=now_ms).reader
    request = read_request(
        {
            "protocol": 1,
            "device": tablet.device,
            "schema": 1,
            "sent_at": now_ms,
            "operations": list(operations),
        }
    )
    answer = services.exchange.answer(request, reader, now_ms=now_ms)
    status = {"app_version": "demo", "outbox": 0, "battery": 0.62}
    services.status.note_status(tablet.device, status, offset_ms=0, now_ms=now_ms)
    services.status.flush()
    return sum(ack.outcome == "conflict" for ack in answer.acks)
