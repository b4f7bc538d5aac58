"""``POST /sync/v1/exchange``: the door through which tablets hand in and receive.

The engine decides everything (``sync.exchange``); here is what HTTP adds: who is
there, how large a body may be, how the answer is packed and streamed.

Invariants
    * Nothing is sent before the operations are durable and the snapshot is closed.
    * Every whole line that arrives can be read, wherever the answer was cut: the
      compressor is flushed after the acks and after each page.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from flask import Blueprint, Response, request

from server.api.bodies import read_json
from server.devices import Authenticated, authenticate, bearer, retire_older
from server.door import patiently
from server.services import Services, services
from sync.exchange import Answer, Pushed, read_request

__all__ = ["BODY_LIMIT_BYTES", "blueprint"]

blueprint = Blueprint("exchange", __name__, url_prefix="/sync/v1")

BODY_LIMIT_BYTES = 8 * 1024 * 1024
"""The largest request, unpacked."""

WHOLE_BYTES_MAX = 64 * 1024
"""Answers up to this size are sent in one piece, with their length."""

_GZIP_LEVEL = 1  # Level 6 takes three times as long for a tenth less.
_GZIP_WINDOW = 31
_NDJSON = "application/x-ndjson"


@blueprint.post("/exchange")
def exchange() -> Response:
    """One exchange: push, acknowledge, pull."""
    served = services()
    token = bearer(request.headers.get("Authorization"))
    asked = read_request(read_json(request, limit_bytes=BODY_LIMIT_BYTES))
    now_ms = served.now_ms()
    engine, store = served.exchange, served.store
    if asked.operations:
        with store.read() as snapshot:
            caller = authenticate(snapshot.cursor, token, now_ms=now_ms)
        scope = engine.scope(asked, caller.reader, now_ms=now_ms)
        pushed = patiently(lambda: engine.push(asked, scope, now_ms=now_ms))
        with store.read() as snapshot:
            answer = engine.pull(snapshot, asked, caller.reader, scope, pushed, now_ms=now_ms)
    else:
        with store.read() as snapshot:
            caller = authenticate(snapshot.cursor, token, now_ms=now_ms)
            scope = engine.scope(asked, caller.reader, now_ms=now_ms)
            answer = engine.pull(snapshot, asked, caller.reader, scope, Pushed(), now_ms=now_ms)
    _note(served, caller, asked.status, asked.sent_at, now_ms)
    return _respond(answer.parts(store.codec, caller.reader.lang), _size(answer))


def _note(
    served: Services, caller: Authenticated, status: object, sent_at: int | None, now_ms: int
) -> None:
    """What is known of the device now. A token's first use retires the ones before it."""
    if caller.first_use is not None:
        first_use = caller.first_use

        def retire() -> None:
            with served.store.write() as tx:
                retire_older(tx.cursor, first_use, now_ms=now_ms)

        patiently(retire)
    offset = now_ms - sent_at if sent_at is not None else None
    device = caller.reader.device
    served.status.note_status(device, status, offset_ms=offset, now_ms=now_ms)


def _size(answer: Answer) -> int:
    return sum(map(len, answer.pages)) + 200 * len(answer.acks)


def _respond(parts: Iterator[bytes], size: int) -> Response:
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    stream = _gzip(parts) if packed else parts
    if size <= WHOLE_BYTES_MAX:
        response = Response(b"".join(stream), content_type=_NDJSON)
    else:
        response = Response(stream, content_type=_NDJSON)
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = "no-store"
    return response


def _gzip(parts: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    for part in parts:
        yield packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush(zlib.Z_FINISH)
