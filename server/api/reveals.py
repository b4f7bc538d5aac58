"""``POST /sync/v1/reveals``: looks at restricted facts on a device, for the audit log.

A device that may hold restricted facts shows them without a network, so it keeps note of
each look, and what for, and tells the server afterwards. A look changes no record: it is
no operation, moves nothing, and is told apart from the exchange.

Invariants
    * Telling the same look twice notes it once.
    * Only a record of a type with a restricted feed is noted, and no value of it.
    * A time in the future is the present: a clock that is wrong hides nothing.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import select

from server.accounts import audit
from server.accounts.sessions import writing
from server.api.bodies import read_object, text
from server.devices import authenticate, bearer
from server.models import Audit
from server.services import services
from sync.errors import Problem, Refusal
from sync.store import Reading

__all__ = ["LOOKS_MAX", "blueprint"]

LOOKS_MAX = 100
_PURPOSE_CHARACTERS_MAX = 200
_MS_MAX = 1 << 53
_RECORD = re.compile(r"[0-9a-f-]{36}").fullmatch

blueprint = Blueprint("reveals", __name__, url_prefix="/sync/v1")


@blueprint.post("/reveals")
def reveals() -> Response:
    """{device, reveals: [{record, at, offset_ms, purpose}]} → {noted}"""
    served = services()
    token = bearer(request.headers.get("Authorization"))
    asked = read_object(request)
    device, told = text(asked, "device"), asked.get("reveals")
    if not isinstance(told, list) or len(told) > LOOKS_MAX:
        raise Refusal(Problem("bad_request", params={"what": f"reveals, up to {LOOKS_MAX}"}))
    now_ms = served.now_ms()
    looks = [_look(one, now_ms) for one in told]
    with served.store.read() as snapshot:
        reader = authenticate(snapshot.cursor, token, now_ms=now_ms).reader
        if device != reader.device:
            raise Refusal(Problem("not_your_device", pointer="/device"))
        known = _restricted(snapshot, {record for record, _, _ in looks})
    noted = 0
    with writing(served.store) as session:
        for record, at, purpose in looks:
            same = select(Audit.id).where(
                Audit.about == record,
                Audit.at == at,
                Audit.user == reader.user,
                Audit.what == "revealed",
            )
            if record not in known or session.scalar(same.limit(1)) is not None:
                continue
            audit.note(
                session, "revealed", now_ms=at, user=reader.user, about=record, purpose=purpose
            )
            session.flush()
            noted += 1
    return jsonify(noted=noted)


def _look(told: Any, now_ms: int) -> tuple[str, int, str]:
    """(record, corrected time, purpose). Raises Refusal: ``bad_request``."""
    found = told if isinstance(told, dict) else {}
    record, purpose = found.get("record"), found.get("purpose")
    at, offset = _whole(found.get("at")), _whole(found.get("offset_ms") or 0)
    is_record = isinstance(record, str) and _RECORD(record) is not None
    if not is_record or not isinstance(purpose, str) or at is None or offset is None:
        raise Refusal(Problem("bad_request", params={"what": "record, at, purpose"}))
    words = purpose.replace("\0", "").encode("utf-8", "replace").decode()
    return str(record), max(0, min(at + offset, now_ms)), words[:_PURPOSE_CHARACTERS_MAX]


def _whole(value: Any) -> int | None:
    return value if type(value) is int and abs(value) < _MS_MAX else None


def _restricted(snapshot: Reading, records: set[str]) -> set[str]:
    """Those that are, or were, records of a type that only some may read."""
    found = snapshot.records(sorted(records)).values()
    return {one.id for one in found if any(rule.kind == "restricted" for rule in one.spec.feeds)}
