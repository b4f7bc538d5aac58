"""``POST /sync/v1/repair``: what differs between a device's copy of one feed and ours.

A difference is nobody's work and everybody's alarm: so it is mended at once, without
wiping anything, and counted where an administrator looks.
"""

from __future__ import annotations

from flask import Blueprint, Response, request
from isal import igzip
from sqlalchemy import update

from server.accounts.sessions import writing
from server.api.bodies import read_object, text
from server.api.exchange import takes_gzip
from server.devices import authenticate, bearer
from server.models import Device
from server.services import Services, services
from sync.buckets import read_buckets
from sync.errors import Problem, Refusal
from sync.exchange import read_schema
from sync.scope import Scope

__all__ = ["blueprint"]

blueprint = Blueprint("repair", __name__, url_prefix="/sync/v1")


@blueprint.post("/repair")
def repair() -> Response:
    """{device, schema, feed, buckets} → pages and ids of each differing bucket, then the digest"""
    served = services()
    token = bearer(request.headers.get("Authorization"))
    asked = read_object(request)
    feed, buckets = text(asked, "feed"), read_buckets(asked.get("buckets"))
    schema = read_schema(asked)
    now_ms = served.now_ms()
    with served.store.read() as snapshot:
        reader = authenticate(snapshot.cursor, token, now_ms=now_ms).reader
        if asked.get("device") != reader.device:
            raise Refusal(Problem("not_your_device", pointer="/device"))
        scope = Scope.of(reader, checkpoint={}, now_ms=now_ms)
        differing, lines = served.exchange.repair(
            snapshot, feed, buckets, reader, scope, schema=schema
        )
    if differing:
        _count(served, reader.device, now_ms)
    return _answer(lines)


def _count(served: Services, device: str, now_ms: int) -> None:
    with writing(served.store) as session:
        counted = {"repairs": Device.repairs + 1, "repaired_at": now_ms}
        session.execute(update(Device).where(Device.id == device).values(counted))


def _answer(lines: list[bytes]) -> Response:
    body, headers = b"".join(lines), dict[str, str]()
    if takes_gzip(request):
        body, headers = igzip.compress(body, 1), {"Content-Encoding": "gzip"}
    answer = Response(body, content_type="application/x-ndjson", headers=headers)
    answer.headers["Cache-Control"] = "no-store"
    answer.vary.add("Accept-Encoding")
    return answer
