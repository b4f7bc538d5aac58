"""``GET /sync/v1/events``: "feed X moved", as server-sent events for the console's pages.

For who is signed in to the console, by their session's cookie (an ``EventSource`` can send no
token). A stream waits aside (``server.slow``) and ends by itself after some minutes, so that
whoever was signed out meanwhile is asked again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import orjson
from flask import Blueprint, Response
from flask_login import current_user

from server.console import ledger, shell
from server.hints import Hints
from server.services import services
from server.slow import aside, has_room
from sync.errors import Problem, Refusal

__all__ = ["blueprint"]

LIFE_S = 600
QUIET_S = 15
_PATIENCE_S = 1.0

blueprint = Blueprint("events", __name__, url_prefix="/sync/v1")


@blueprint.get("/events")
def events() -> Response:
    """A stream of {"feeds": […]}, for the feeds that this person sees."""
    person = shell.person_of(current_user.user) if current_user.is_authenticated else None
    if person is None or person.access is None:
        raise Refusal(Problem("not_signed_in"))
    if not has_room("stream"):
        raise Refusal(Problem("busy"))
    feeds = person.feeds
    ledger.finish()
    answer = Response(_stream(services().hints, feeds), content_type="text/event-stream")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


def _stream(hints: Hints, feeds: frozenset[str] | None) -> Iterator[bytes]:
    try:
        with aside("stream") as turns:
            yield b"retry: 30000\n\n"
            end = time.monotonic() + LIFE_S
            said = time.monotonic()
            for moved in hints.listen(feeds, patience_s=_PATIENCE_S):
                now = time.monotonic()
                if turns.ending or now > end:
                    return
                if moved.feeds:
                    told = orjson.dumps({"feeds": moved.feeds})
                    yield b"event: moved\ndata: " + told + b"\n\n"
                    said = now
                elif now - said > QUIET_S:  # It also shows whether anybody is there.
                    yield b": nothing new\n\n"
                    said = now
    except Refusal:
        return  # Somebody took the last place in between.
