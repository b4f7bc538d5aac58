"""The tablet app as the server gives it out, under ``/tablet/``.

The app is TypeScript, built into ``dist/`` by ``scripts/dev.py``; here is what a
browser needs to trust and keep it: the right headers, and nothing of any record.

What is hard: an app that works offline is kept in two caches that must not disagree.
Files with a hash in their name never change and are kept for a year; everything else
(the page, the service worker, the manifest) is asked for anew each time, so that an
update is found at the next start with a network, whole or not at all.

Invariants
    * A file that is missing is 404, never the page: a cache must not keep a page as a
      script. Any other address under ``/tablet/`` gets the page, which finds its own way.
    * Nothing inline runs: the content policy has no ``unsafe-`` and no nonce.
    * It reads no database and no cookie, and answers everybody the same.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from flask import Blueprint, Flask, Response, current_app, request, send_file
from werkzeug.security import safe_join

from server.settings import Settings
from server.tablet.unbuilt import UNBUILT

__all__ = ["DIST", "enrol_link", "public_address", "register"]

DIST = Path(__file__).parent / "dist"
PAGE = "index.html"

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "style-src 'self'",
        # Photos that wait on the tablet are shown from its own storage.
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # The camera reads the square to enrol with, the place goes with an appeal.
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_YEAR_S = 31_536_000
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""What is served, and as what: a machine's own table of types may lack half of these."""

blueprint = Blueprint("tablet", __name__, url_prefix="/tablet")


def register(app: Flask) -> None:
    """Serve the app."""
    app.register_blueprint(blueprint)


def public_address(settings: Settings, seen: str) -> str:
    """Where tablets reach this server: as the operator says, or as this request came.

    >>> public_address(Settings(public_address="https://yuanba.example.cn/"), "http://10.0.0.5/")
    'https://yuanba.example.cn'
    >>> public_address(Settings(), "http://10.0.0.5:8000/")
    'http://10.0.0.5:8000'
    """
    return (settings.public_address or seen).rstrip("/")


def enrol_link(address: str, code: str) -> str:
    """What the square to enrol with holds. What follows the ``#`` is sent to no server.

    >>> enrol_link("https://yuanba.example.cn", "K7M2-P9Q4-X3F8")
    'https://yuanba.example.cn/tablet/#/enrol?code=K7M2-P9Q4-X3F8'
    """
    return f"{address}/tablet/#/enrol?code={code}"


@blueprint.get("/")
@blueprint.get("/<path:name>")
def tablet_file(name: str = PAGE) -> Response:
    """A file of the app, or its page."""
    found = _file(name)
    if found is not None:
        return _kept(found)
    if PurePosixPath(name).suffix and name != PAGE:
        words = "没有这个文件。 There is no such file.\n"
        return Response(words, status=404, content_type=_TYPES[".txt"])
    page = _file(PAGE)
    if page is None:
        return Response(UNBUILT, status=503, content_type=_TYPES[".html"])
    return _kept(page)


@blueprint.after_request
def harden(answer: Response) -> Response:
    """The headers of every answer."""
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if current_app.extensions["yuanba"].settings.production:
        answer.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR_S}")
    if "Cache-Control" not in answer.headers:
        answer.headers["Cache-Control"] = "no-store"
    return answer


def _file(name: str) -> Path | None:
    """The file of the build that an address names; a kind that we do not serve is none."""
    joined = safe_join(str(DIST), name)
    if joined is None or PurePosixPath(name).suffix not in _TYPES:
        return None
    path = Path(joined)
    return path if path.is_file() else None


def _kept(path: Path) -> Response:
    """A file with how long it may be kept, packed where the build packed it."""
    hashed = path.parent == DIST / "assets"
    packed = path.with_name(path.name + ".gz")
    is_packed = request.accept_encodings["gzip"] > 0 and packed.is_file()
    answer = send_file(
        packed if is_packed else path,
        mimetype="application/octet-stream",
        max_age=_YEAR_S if hashed else 0,
    )
    answer.content_type = _TYPES[path.suffix]
    if hashed:
        answer.cache_control.immutable = True
    else:
        answer.headers["Cache-Control"] = "no-cache"
    if packed.is_file():
        answer.vary.add("Accept-Encoding")
    if is_packed:
        answer.headers["Content-Encoding"] = "gzip"
    return answer
