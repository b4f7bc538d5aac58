"""The shell: what stands around every page before a room answers, and after.

A page of this console holds a family's life, on a shared machine, behind a county's
proxy. So every answer says that it may not be kept, framed or made to run anything
that is not a file of ours; every request that is not named open needs somebody who is
signed in; and every refusal is a page in words.

Invariants
    * A view that no room admits to is refused, even to an administrator.
    * Nothing inline runs: the content policy has no ``unsafe-`` and no nonce.
    * A page that shows records is never stored by a browser or a proxy.

This module holds no business of any room.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import (
    Flask,
    Response,
    abort,
    current_app,
    g,
    has_request_context,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from flask_babel import lazy_gettext
from flask_login import current_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from markupsafe import escape
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from server.api.problems import passes, place_of, problem_response
from server.console import languages, ledger, wording
from server.console.access import Person, grids_of
from server.console.blueprint import STATIC, console
from server.console.languages import gettext
from server.console.waiting import open_held
from server.store import Busy
from server.store.tables import CONFLICT, HELD
from sync.errors import Problem, Refusal

__all__ = ["Room", "full_page", "install", "is_partial", "person_of"]

OPEN = frozenset({"console.sign_in", "console.asset", "console.preferences"})
"""Endpoints that answer anybody."""

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_YEAR_S = 31_536_000
_csrf = CSRFProtect()


@dataclass(frozen=True, slots=True)
class Room:
    """One entry of the rail. ``key`` is typed after g."""

    name: str
    label: Any
    key: str
    endpoint: str
    also: tuple[str, ...] = ()

    def is_here(self, endpoint: str) -> bool:
        """Whether a page of this room is being shown."""
        return endpoint in (self.endpoint, *self.also)


ROOMS = (
    Room("home", lazy_gettext("Today"), "h", "console.home"),
    Room("map", lazy_gettext("Map"), "m", "console.county_map"),
    Room(
        "grids",
        lazy_gettext("Resident files"),
        "w",
        "console.grids",
        (
            "console.grid",
            "console.household",
            "console.edit_household",
            "console.record_page",
            "console.late",
        ),
    ),
    Room("conflicts", lazy_gettext("Conflicts"), "c", "console.conflicts", ("console.conflict",)),
    Room("waiting", lazy_gettext("Kept aside"), "k", "console.waiting", ("console.set_aside",)),
    Room(
        "devices",
        lazy_gettext("Devices"),
        "d",
        "console.devices",
        ("console.device", "console.enrol"),
    ),
    Room("help", lazy_gettext("Help"), "e", "console.help_page"),
)


def install(app: Flask) -> None:
    """Put the shell around an application's console."""
    app.config.setdefault("WTF_CSRF_CHECK_DEFAULT", False)
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)
    # Flask has a default of its own, 31 days.
    app.config["PERMANENT_SESSION_LIFETIME"] = 12 * 3600
    _csrf.init_app(app)
    app.register_error_handler(404, _not_found)
    app.jinja_env.finalize = _shown
    app.jinja_env.filters |= {"exact": escape, "seen": _seen}
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def _shown(value: Any) -> Any:
    """What a template may print: a text that leaves those beside it alone.

    Where a value must come back as it is, in an input, the filter ``exact`` hands it out.
    """
    return wording.visible(value) if type(value) is str else value


def _seen(difference: str) -> str:
    """What came or went, in words where nobody could see it: or two values would look alike."""
    return wording.visible(difference) or gettext("(a character that cannot be seen)")


# Before and after -------------------------------------------------------------------------


@console.before_request
def admit_request() -> AnyResponse | None:
    """Let in who is signed in, and only to views that a room admits to."""
    endpoint = request.endpoint or ""
    if endpoint == "console.asset":
        return None
    view = current_app.view_functions.get(endpoint)
    if current_user.is_authenticated:
        person = person_of(current_user.user)
        if person is not None:
            g.person = person
            g.user_language = person.lang
    _csrf.protect()
    if endpoint in OPEN:
        return None
    if "person" not in g:
        return _to_sign_in()
    if getattr(view, "room", None) is None:
        abort(403)
    if g.person.access is None:
        return _no_room()
    return None


def person_of(user: str) -> Person | None:
    """The person behind an account's user record, or None if they left."""
    record = ledger.record(user)
    if record is None or record.deleted or record.get("active") is False:
        return None
    grids, communities = grids_of(
        ledger.connection(), ledger.table("grid"), ledger.table("community"), user=record
    )
    titles = ledger.titles()
    return Person(
        id=record.id,
        name=str(record.get("name") or ""),
        role=str(record.get("role") or ""),
        lang=str(record.get("lang") or ""),
        place=titles.of(record.get("community")) or titles.of(record.get("street")),
        grids=grids,
        communities=communities,
    )


def _to_sign_in() -> AnyResponse:
    if is_partial():
        return Response(status=401)
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    home = wanted in (None, "/")
    return redirect(url_for("console.sign_in", next=None if home else wanted))


def _no_room() -> Response:
    words = gettext(
        "Your role works on a tablet, or by telephone. If you need the console, ask your "
        "administrator."
    )
    return _page(403, gettext("There is no room for your role here"), words)


@console.after_request
def harden(answer: Response) -> Response:
    """The headers of every answer of the console."""
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if current_app.extensions["yuanba"].settings.production:
        answer.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR_S}")
    if request.endpoint != "console.asset":
        answer.headers["Cache-Control"] = "no-store"
        answer.vary.update(("Cookie", "HX-Request"))
    return answer


def is_partial() -> bool:
    """Whether htmx asks for a part of a page."""
    history = request.headers.get("HX-History-Restore-Request") == "true"
    return request.headers.get("HX-Request") == "true" and not history


def full_page(template: str, partial: str, **values: Any) -> str:
    """A room's page, or, for htmx, the part of it that changes."""
    return render_template(partial if is_partial() else template, **values)


# What every template may use ---------------------------------------------------------------


@console.app_context_processor
def words_for_templates() -> dict[str, Any]:
    """Names that templates of the console use without being handed them."""
    theme = request.cookies.get("yuanba_theme") if has_request_context() else None
    return {
        "asset": asset_url,
        "person": g.get("person"),
        "rooms": rooms,
        "theme": theme if theme in ("light", "dark") else None,
        "now_ms": ledger.now_ms,
    }


def rooms() -> list[dict[str, Any]]:
    """The rooms that this person may enter, with what waits in them."""
    person = g.get("person")
    if not isinstance(person, Person):
        return []
    counts = _waiting_counts(person)
    shown = []
    for room in ROOMS:
        if room.name != "help" and person.right(room.name) is None:
            continue
        count = counts.get(room.name, 0)
        shown.append(
            {
                "name": room.name,
                "label": room.label,
                "key": room.key,
                "url": url_for(room.endpoint),
                "here": room.is_here(request.endpoint or ""),
                "count": count,
                "count_label": gettext("%(count)s waiting", count=count),
            }
        )
    return shown


def _waiting_counts(person: Person) -> dict[str, int]:
    if "waiting_counts" not in g:
        connection = ledger.connection()
        open_ones = select(func.count()).select_from(CONFLICT).where(CONFLICT.c.closed.is_(None))
        if person.feeds is not None:
            open_ones = open_ones.where(CONFLICT.c.feed.in_(sorted(person.feeds)))
        counts = {"conflicts": connection.scalar(open_ones) or 0}
        if person.right("waiting"):
            held = select(func.count()).select_from(HELD).where(open_held())
            counts["waiting"] = connection.scalar(held) or 0
        g.waiting_counts = counts
    found: dict[str, int] = g.waiting_counts
    return found


# Files ---------------------------------------------------------------------------------------


@cache
def _version() -> str:
    """A mark of all static files together, so that browsers keep each until one changes."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(STATIC).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def asset_url(name: str) -> str:
    """The address of a static file. Files that name each other keep the same mark."""
    return url_for("console.asset", version=_version(), name=name)


@console.get("/assets/<version>/<path:name>")
def asset(version: str, name: str) -> Response:
    """A static file: kept for a year under the mark that it was asked with."""
    current = version == _version()
    answer = send_from_directory(STATIC, name, max_age=_YEAR_S if current else 0)
    if current:
        answer.cache_control.immutable = True
    return answer


# Refusals and failures -------------------------------------------------------------------------


def _page(status: int, title: str, text: str, *, reference: str | None = None) -> Response:
    page = render_template(
        "problem.html", title=title, text=text, reference=reference, signed_in="person" in g
    )
    return Response(page, status=status, content_type="text/html; charset=utf-8")


def _words(status: int) -> tuple[str, str]:
    table = {
        400: (
            gettext("That could not be read"),
            gettext(
                "Something in the request was missing. Go back, load the page again and repeat it."
            ),
        ),
        401: (gettext("Please sign in"), gettext("You are not signed in, or no longer.")),
        403: (
            gettext("This is not open to you"),
            gettext(
                "Your role, or your street or community, does not include it. Ask your "
                "administrator if it should."
            ),
        ),
        404: (
            gettext("There is nothing here"),
            gettext(
                "The address is wrong, or what was here is gone, or it is not within your place."
            ),
        ),
        413: (gettext("That is too large"), gettext("Send it in smaller parts.")),
        429: (
            gettext("Too many tries"),
            gettext("Wait a few minutes, then try again. This protects everybody's account."),
        ),
    }  # fmt: skip
    failed = (
        gettext("Something failed on our side"),
        gettext("What you did may not be saved. Go back, load the page again and look."),
    )
    return table.get(status, failed if status >= 500 else table[400])


@console.errorhandler(HTTPException)
def refused(error: HTTPException) -> Response:
    """A refusal as a page in words."""
    status = error.code or 500
    if is_partial():
        return Response(status=status)
    return _page(status, *_words(status))


@console.errorhandler(CSRFError)
def not_from_our_page(_error: CSRFError) -> Response:
    """A form that is too old, or not ours."""
    title = gettext("This page was open for too long")
    text = gettext("Nothing was changed. Load the page again and repeat what you did.")
    return Response(status=400) if is_partial() else _page(400, title, text)


@console.errorhandler(Refusal)
def refused_by_engine(refusal: Refusal) -> Response:
    """What the engine refuses, in its own words."""
    problem: Problem = refusal.problem
    status = problem.kind.status
    if is_partial():
        return Response(status=status)
    return _page(status, gettext("This was not done"), problem.message(languages.language()))


@console.errorhandler(Exception)
def failed(error: Exception) -> Response:
    """A fault of ours: logged by its place, told by its time, never by its message."""
    if passes(error):
        with suppress(Busy, DBAPIError):  # what this request has open may be broken
            ledger.finish()
        g.pop("person", None)  # a page that needs nothing of the database
        return refused_by_engine(Refusal(Problem("busy")))
    current_app.logger.error("%s %s failed: %s", request.method, request.path, place_of(error))
    if current_app.testing:
        raise error
    if is_partial():
        return Response(status=500)
    return _page(500, *_words(500), reference=languages.clock_full(ledger.now_ms()))


def _not_found(_error: HTTPException) -> Response:
    """An address that no view has, outside of the tablets' doors."""
    if request.path.startswith("/sync/"):
        return problem_response(Problem("not_found"))
    answer = _page(404, *_words(404)) if not is_partial() else Response(status=404)
    return harden(answer)
