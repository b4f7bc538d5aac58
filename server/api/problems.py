"""Problem documents: how HTTP says no (RFC 9457), to a program and to a person.

The words, the status and whether repeating helps are ``sync.errors``'s table; here
they become ``application/problem+json`` in the caller's language. Whatever goes
wrong under ``/sync/`` is answered so, also what Flask or a proxy limit raises, so
that a client needs one way of reading an error.

Invariants
    * ``code`` and ``definite`` are always there; ``Retry-After`` and ``retry_after_s``
      come together, on 429 and 503.
    * A failure of the server's own is logged by type and place, never by its message:
      drivers put the values they choked on into messages.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException

from server.store import Busy, is_busy
from sync.errors import PROBLEMS, Problem, Refusal

__all__ = ["caller_lang", "document", "passes", "place_of", "problem_response", "register"]

CONTENT_TYPE = "application/problem+json"
PREFIX = "/sync/"

RETRY_AFTER_S: Mapping[str, int] = {
    "busy": 2,
    "too_many_requests": 60,
    "too_many_uploads": 3600,
    "upload_locked": 5,
    "no_room": 3600,
}
"""When to come back, for problems that pass."""

_OF_STATUS: Mapping[int, str] = {
    404: "not_found",
    405: "method_not_allowed",
    408: "busy",
    413: "too_large",
    429: "too_many_requests",
    503: "busy",
}
"""What Flask and its extensions raise → our code; other statuses are ``bad_request``."""

_log = logging.getLogger(__name__)


def caller_lang(asked: Request) -> str:
    """``zh`` or ``en``: what ``Accept-Language`` prefers, Chinese if it says nothing."""
    if not asked.accept_languages:
        return "zh"
    return asked.accept_languages.best_match(["zh", "en"], default="en")


def document(problem: Problem, *, lang: str, retry_after_s: int | None = None) -> dict[str, Any]:
    """The problem document.

    >>> told = document(Problem("busy"), lang="en", retry_after_s=2)
    >>> told["title"], told["status"], told["definite"], told["retry_after_s"]
    ('The server is busy.', 503, False, 2)
    """
    detail = problem.message(lang)
    told: dict[str, Any] = {
        "type": f"urn:yuanba:problem:{problem.code}",
        "title": _first_sentence(detail),
        "status": problem.kind.status,
        "detail": detail,
        "code": problem.code,
        "definite": problem.kind.definite,
    }
    if problem.pointer is not None:
        told["pointer"] = problem.pointer
    if retry_after_s is not None:
        told["retry_after_s"] = retry_after_s
    return told


def problem_response(
    problem: Problem, *, lang: str | None = None, retry_after_s: int | None = None
) -> Response:
    """The answer to the current request that tells ``problem``."""
    if retry_after_s is None:
        retry_after_s = RETRY_AFTER_S.get(problem.code)
    told = document(problem, lang=lang or caller_lang(request), retry_after_s=retry_after_s)
    answer = Response(orjson.dumps(told), status=told["status"], content_type=CONTENT_TYPE)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Language"] = lang or caller_lang(request)
    answer.vary.add("Accept-Language")
    if retry_after_s is not None:
        answer.headers["Retry-After"] = str(retry_after_s)
    if told["status"] == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def register(app: Flask) -> None:
    """Answer every refusal and failure under ``/sync/`` with a problem document."""
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _failed)


def _refused(refusal: Refusal) -> Response:
    return problem_response(refusal.problem)


def _http_error(error: HTTPException) -> Response | HTTPException:
    if not request.path.startswith(PREFIX) or error.code is None or error.code < 400:
        return error
    if error.code >= 500 and error.code != 503:
        return problem_response(Problem("server_error"))
    code = _OF_STATUS.get(error.code, "bad_request")
    what = {"what": error.name, "limit": request.max_content_length or "…"}
    answer = problem_response(Problem(code, params=what), retry_after_s=_retry_after_s(error, code))
    if allowed := getattr(error, "valid_methods", None):
        answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer


def _retry_after_s(error: HTTPException, code: str) -> int | None:
    """When the limit that was hit ends; Flask-Limiter knows, and tells it to nobody by itself."""
    limit = getattr(error, "limit", None)
    if limit is not None:
        return int(limit.limit.get_expiry())
    return RETRY_AFTER_S.get(code)


def _failed(error: Exception) -> Response:
    if request.path.startswith(PREFIX) and passes(error):
        return problem_response(Problem("busy"))
    _log.error("%s %s failed: %s", request.method, request.path, place_of(error))
    if request.path.startswith(PREFIX):
        return problem_response(Problem("server_error"))
    raise error


def passes(error: BaseException) -> bool:
    """Whether what failed passes by itself: others were writing, or the database was restarted."""
    return isinstance(error, Busy) or is_busy(error)


def place_of(error: BaseException) -> str:
    """An exception's type and where it was raised, without its message.

    >>> try:
    ...     {}["a name"]
    ... except KeyError as error:
    ...     print(place_of(error))
    KeyError at <doctest ...>:2 in <module>
    """
    frames = traceback.extract_tb(error.__traceback__)
    at = " < ".join(f"{one.filename}:{one.lineno} in {one.name}" for one in reversed(frames[-8:]))
    return f"{type(error).__name__} at {at}"


def _first_sentence(text: str) -> str:
    for end in ("。", ". "):
        head, found, _ = text.partition(end)
        if found:
            return head + end.strip()
    return text


assert PROBLEMS.keys() >= set(_OF_STATUS.values())
