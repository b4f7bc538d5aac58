"""``POST /sync/v1/exchange``: the door through which tablets hand in and receive.

The engine decides everything (``sync.exchange``); here is what HTTP adds: who is
there, how large a body may be, how the answer is packed and streamed.

What is hard: a server's day is made of small exchanges that find little, and of such a
one Flask's hooks (sessions, limits, languages: nothing that a tablet needs) took two
fifths of the time. So ``Shortcut`` answers it before Flask is asked.

Invariants
    * Nothing is sent before the operations are durable and the snapshot is closed.
    * Every whole line that arrives can be read, wherever the answer was cut: a long
      answer's compressor is flushed after the acks and after each page.
    * The answer is the same with and without ``Shortcut``, problems too.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, Request, Response, request
from isal import isal_zlib
from werkzeug.exceptions import HTTPException

from server.api.bodies import read_json
from server.api.problems import caller_lang, passes, place_of, problem_response
from server.devices import Authenticated, authenticate, bearer, retire_older
from server.door import patiently
from server.epochs import begin_unasked
from server.services import Services, services
from sync.errors import Problem, Refusal
from sync.exchange import Answer, Pushed, read_request
from sync.exchange import Request as Asked
from sync.scope import Scope

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["BODY_LIMIT_BYTES", "Shortcut", "blueprint"]

blueprint = Blueprint("exchange", __name__, url_prefix="/sync/v1")

BODY_LIMIT_BYTES = 8 * 1024 * 1024
"""The largest request, unpacked."""

STRANGERS_BYTES_MAX = 16 * 1024
"""Of a longer body nothing is unpacked or parsed before its sender is known."""

WHOLE_BYTES_MAX = 64 * 1024
"""Answers up to this size are sent in one piece, with their length."""

# Of 10,000 households level 3 makes 868 kB in 31 ms, level 1 925 kB in 25, level 6 774 kB in 71.
_LONG_LEVEL = 3
# Of 20 households ISA-L's level 2 makes 3.0 kB in 23 us; zlib's level 1 takes 67 for the same.
_SHORT_LEVEL = 2
_GZIP_WINDOW = 31
_HEADERS = (
    ("Content-Type", "application/x-ndjson"),
    ("Vary", "Accept-Encoding"),
    ("Cache-Control", "no-store"),
)

_log = logging.getLogger(__name__)


class Reply(NamedTuple):
    """An answer as HTTP sends it."""

    headers: list[tuple[str, str]]
    parts: Iterable[bytes]


@blueprint.post("/exchange")
def exchange() -> Response:
    """One exchange: push, acknowledge, pull."""
    reply = take(services(), request)
    return Response(reply.parts, headers=reply.headers)


class Shortcut:
    """A WSGI application that answers exchanges itself and hands on everything else."""

    def __init__(self, application: WSGIApplication, served: Services) -> None:
        self.application = application
        self._served = served

    def __call__(self, environ: WSGIEnvironment, start: StartResponse, /) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/sync/v1/exchange" or environ["REQUEST_METHOD"] != "POST":
            return self.application(environ, start)
        asked = Request(environ)
        try:
            reply = take(self._served, asked)
        except Exception as error:
            lang = caller_lang(asked)
            return problem_response(_problem(error), lang=lang)(environ, start)
        start("200 OK", reply.headers)
        return reply.parts


def _problem(error: Exception) -> Problem:
    """What the caller is told of a failure, as ``server.api.problems`` tells it."""
    if isinstance(error, Refusal):
        return error.problem
    if passes(error):  # a read met a restart of the database: a write is repeated here
        return Problem("busy")
    if isinstance(error, HTTPException):  # the connection broke while the body was read
        return Problem("bad_request", params={"what": error.name})
    _log.error("POST exchange failed: %s", place_of(error))
    return Problem("server_error")


def take(served: Services, received: Request) -> Reply:
    """Answer one exchange. Raises Refusal."""
    token = bearer(received.headers.get("Authorization"))
    now_ms = served.now_ms()
    engine, store = served.exchange, served.store
    scope: Scope | None
    if (received.content_length or BODY_LIMIT_BYTES) > STRANGERS_BYTES_MAX:
        with store.read() as snapshot:
            authenticate(snapshot.cursor, token, now_ms=now_ms)
    asked = read_request(read_json(received, limit_bytes=BODY_LIMIT_BYTES))
    if asked.operations:
        with store.read() as snapshot:
            caller = authenticate(snapshot.cursor, token, now_ms=now_ms)
        scope = of_push = engine.scope(asked, caller.reader, now_ms=now_ms)
        pushed = patiently(lambda: engine.push(asked, of_push, now_ms=now_ms))
    else:
        scope, pushed = None, Pushed()
    caller, answer = _pull(served, asked, token, scope, pushed, now_ms)
    if answer.ahead and patiently(lambda: _begins_anew(served, answer, now_ms)):
        caller, answer = _pull(served, asked, token, scope, pushed, now_ms)
    _note(served, caller, asked.status, asked.sent_at, now_ms)
    lang = caller_lang(received) if "Accept-Language" in received.headers else caller.reader.lang
    return _reply(answer.parts(store.codec, lang), _size(answer), packed=takes_gzip(received))


def _pull(
    served: Services,
    asked: Asked,
    token: str,
    scope: Scope | None,
    pushed: Pushed,
    now_ms: int,
) -> tuple[Authenticated, Answer]:
    """What the caller is answered in one snapshot; ``scope``: in which they handed in."""
    engine = served.exchange
    with served.store.read() as snapshot:
        # What was handed in may have changed who reads what, and others may have meanwhile.
        caller = authenticate(snapshot.cursor, token, now_ms=now_ms)
        now = engine.scope(asked, caller.reader, now_ms=now_ms)
        if scope is not None and now.reads != scope.reads:
            pushed = pushed.within(now)
        return caller, engine.pull(snapshot, asked, caller.reader, now, pushed, now_ms=now_ms)


def _begins_anew(served: Services, answer: Answer, now_ms: int) -> bool:
    """A cursor beyond its feed is of a history that is lost: whether another one holds now."""
    seen = answer.hello["epoch"]
    return begin_unasked(served.store, seen=seen, now_ms=now_ms, draw=served.draw)


def takes_gzip(received: Request) -> bool:
    """Whether the caller reads gzip.

    >>> from werkzeug.test import EnvironBuilder
    >>> headers = {"Accept-Encoding": "br, gzip;q=0"}
    >>> takes_gzip(Request(EnvironBuilder(headers=headers).get_environ()))
    False
    """
    accepted = received.headers.get("Accept-Encoding", "")
    return "gzip" in accepted and (";" not in accepted or received.accept_encodings["gzip"] > 0)


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
    reader = caller.reader
    served.status.note_status(
        reader.device, status, offset_ms=offset, now_ms=now_ms, last=reader.wipe
    )


def _size(answer: Answer) -> int:
    return sum(map(len, answer.pages)) + 200 * len(answer.acks)


def _reply(parts: Iterator[bytes], size: int, *, packed: bool) -> Reply:
    headers = [*_HEADERS, ("Content-Encoding", "gzip")] if packed else [*_HEADERS]
    if size > WHOLE_BYTES_MAX:
        return Reply(headers, _gzip(parts) if packed else parts)
    body = b"".join(parts)
    if packed:
        body = isal_zlib.compress(body, _SHORT_LEVEL, _GZIP_WINDOW)
    headers.append(("Content-Length", str(len(body))))
    return Reply(headers, (body,))


def _gzip(parts: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_LONG_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    for part in parts:
        yield packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush(zlib.Z_FINISH)
