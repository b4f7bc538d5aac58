"""``/sync/v1/attachments``: photos in pieces by tus 1.0, and back by hash and record.

What is here is HTTP: headers in and out (https://tus.io/protocols/resumable-upload, the
core with creation, checksum, termination and expiration). What an upload is and who may
look at a picture is ``server.attachments.uploads``.

Invariants
    * A body is read aside (``server.slow``): a slow network holds up nobody else.
    * A picture is sent so that a browser shows it and runs nothing of it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from flask import Blueprint, Response, request
from werkzeug.http import http_date

from server.api.problems import problem_response
from server.attachments.table import Upload
from server.attachments.uploads import ALGORITHMS, Checksum, Uploads
from server.devices import reader_of
from server.services import services
from server.slow import aside, slowly
from sync.errors import Problem, Refusal
from sync.scope import Reader, Scope

__all__ = ["blueprint", "picture_response"]

VERSION = "1.0.0"
EXTENSIONS = "creation,checksum,termination,expiration"
PIECE_TYPE = "application/offset+octet-stream"
METADATA_CHARACTERS_MAX = 4_000
_PART = 65_536

blueprint = Blueprint("attachments", __name__, url_prefix="/sync/v1/attachments")


@blueprint.before_request
def speak_tus() -> Response | None:
    """Refuse another version of tus than the one spoken here."""
    is_tus = request.endpoint != "attachments.show" and request.method != "OPTIONS"
    if is_tus and request.headers.get("Tus-Resumable") != VERSION:
        return problem_response(Problem("tus_version"))
    return None


@blueprint.after_request
def answer_tus(answer: Response) -> Response:
    """What every answer of tus says."""
    answer.headers["Tus-Resumable"] = VERSION
    if answer.status_code == 412:
        answer.headers["Tus-Version"] = VERSION
    return answer


def _uploads() -> Uploads:
    return services().uploads


def _caller() -> Reader:
    served = services()
    authorization = request.headers.get("Authorization")
    return reader_of(served.store, authorization, now_ms=served.now_ms())


def _answer(status: int, upload: Upload | None = None, **headers: object) -> Response:
    answer = Response(status=status)
    answer.headers["Cache-Control"] = "no-store"
    if upload is not None and upload.finished is None:
        answer.headers["Upload-Expires"] = http_date(upload.expires / 1_000)
    for name, value in headers.items():
        answer.headers[name.replace("_", "-")] = str(value)
    return answer


# Sending ---------------------------------------------------------------------------------------


@blueprint.route("", methods=["OPTIONS"])
@blueprint.route("/uploads/<upload>", methods=["OPTIONS"])
def able(upload: str = "") -> Response:  # noqa: ARG001 - of every upload the same
    """What of tus is spoken here, and how large a photo may be. Needs no token."""
    return _answer(
        204,
        Tus_Version=VERSION,
        Tus_Extension=EXTENSIONS,
        Tus_Max_Size=_uploads().most_bytes,
        Tus_Checksum_Algorithm=",".join(ALGORITHMS),
    )


@blueprint.post("")
def begin() -> Response:
    """Begin an upload: ``Upload-Length``; better with ``sha256`` and ``record`` as metadata."""
    caller = _caller()
    length = _whole("Upload-Length")
    told = _metadata(request.headers.get("Upload-Metadata", ""))
    begun = _uploads().begin(
        device=caller.device,
        user=caller.user,
        digest=told.get("sha256", ""),
        record=told.get("record", ""),
        length=length,
    )
    return _answer(201, begun, Location=f"{blueprint.url_prefix}/uploads/{begun.id}")


@blueprint.route("/uploads/<upload>", methods=["HEAD"])
def resume(upload: str) -> Response:
    """How far an upload is."""
    found = _uploads().find(upload, device=_caller().device)
    offset = _uploads().offset(found)
    return _answer(200, found, Upload_Offset=offset, Upload_Length=found.length)


@blueprint.patch("/uploads/<upload>")
def take(upload: str) -> Response:
    """Take a piece."""
    caller = _caller()
    if request.mimetype != PIECE_TYPE:
        raise Refusal(Problem("unsupported_media", params={"wanted": PIECE_TYPE}))
    at, checksum = _whole("Upload-Offset"), _checksum(request.headers.get("Upload-Checksum"))
    found = _uploads().find(upload, device=caller.device)
    room = found.length - at
    if (request.content_length or 0) > max(room, 0):
        raise Refusal(Problem("too_large", params={"limit": max(room, 0)}))
    request.max_content_length = found.length
    with aside("transfer"):
        offset = _uploads().take(found, at=at, read=request.stream.read, checksum=checksum)
    return _answer(204, found, Upload_Offset=offset)


@blueprint.delete("/uploads/<upload>")
def end(upload: str) -> Response:
    """Forget an upload."""
    found = _uploads().find(upload, device=_caller().device)
    _uploads().end(found)
    return _answer(204)


_METHODS: Mapping[str, Callable[[str], Response]] = {"PATCH": take, "DELETE": end}


@blueprint.post("/uploads/<upload>")
def overridden(upload: str) -> Response:
    """PATCH and DELETE for networks that let neither through (``X-HTTP-Method-Override``)."""
    method = _METHODS.get(request.headers.get("X-HTTP-Method-Override", "").upper())
    if method is None:
        raise Refusal(Problem("method_not_allowed"))
    return method(upload)


# Looking ---------------------------------------------------------------------------------------


@blueprint.get("/<digest>")
def show(digest: str) -> Response:
    """The picture with this hash, to who reads the ``record`` that refers to it."""
    caller = _caller()
    if caller.hand_in_only or caller.suspended:
        raise Refusal(Problem("hand_in_only"))
    scope = Scope.of(caller, checkpoint={}, now_ms=services().now_ms())
    return picture_response(scope, digest, request.args.get("record", ""))


def picture_response(scope: Scope, digest: str, record: str) -> Response:
    """The answer that shows a picture, if this caller may see it. Raises Refusal."""
    picture = _uploads().show(scope, digest=digest, record=record)
    name = f"{digest[:16]}.{picture.type.partition('/')[2]}"
    size, part = picture.path.stat().st_size, request.range
    answer = Response(slowly(_parts(picture.path)), mimetype=picture.type)
    answer.content_length = size
    answer.set_etag(picture.etag)
    # Who asks for a part that there is not gets the whole.
    whole = part is not None and part.range_for_length(size) is None
    answer.make_conditional(request, accept_ranges=not whole, complete_length=size)
    # Not to be kept by the browser without asking: it may have been erased since.
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


def _parts(path: Path) -> Iterator[bytes]:
    """A file in parts; it is opened when somebody reads."""
    with path.open("rb") as file:
        while part := file.read(_PART):
            yield part


# Headers ---------------------------------------------------------------------------------------


def _whole(name: str) -> int:
    text = request.headers.get(name, "")
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise Refusal(Problem("bad_request", params={"what": name}))
    return int(text)


def _metadata(header: str) -> dict[str, str]:
    """Key → value of an ``Upload-Metadata`` header; values that are no ASCII are left out.

    >>> _metadata("record MQ==, name 5Lit,empty")
    {'record': '1', 'empty': ''}
    """
    told: dict[str, str] = {}
    if len(header) > METADATA_CHARACTERS_MAX:
        return told
    for pair in header.split(","):
        name, _, value = pair.strip().partition(" ")
        try:
            told[name] = base64.b64decode(value, validate=True).decode("ascii")
        except ValueError:  # of base 64, and of ASCII
            continue
    return told


def _checksum(header: str | None) -> Checksum | None:
    """The checksum of a piece. Raises ``bad_request`` for one that cannot be computed here."""
    if header is None:
        return None
    algorithm, _, encoded = header.strip().partition(" ")
    try:
        digest = base64.b64decode(encoded, validate=True)
    except ValueError:  # of base 64, and of ASCII
        digest = b""
    if algorithm not in ALGORITHMS or not digest:
        raise Refusal(Problem("bad_request", params={"what": "Upload-Checksum"}))
    return Checksum(algorithm, digest)
