"""``GET /sync/v1/openapi.json``: the doors as an OpenAPI 3.1 document, from one table.

Written as a table rather than collected from views: the busiest door is answered before Flask
is asked (``exchange.Shortcut``), answers are lines, and photos speak tus, whose contract is
headers. None of that can be read off a decorated view, and a second set of schemas on the
hot path would cost what it does not pay back. A test holds the table against the routes,
and another sends what the document allows and forbids.

>>> sorted(document()["paths"])[:2]
['/sync/v1/', '/sync/v1/attachments']
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from typing import Any, NamedTuple

import orjson
from flask import Blueprint, Response, request

from server.api.reveals import LOOKS_MAX
from server.bundles import LIMIT_BYTES
from sync.errors import PROBLEMS
from sync.exchange import LIMIT_MAX, OPERATIONS_MAX

__all__ = ["DOORS", "blueprint", "document"]

blueprint = Blueprint("openapi", __name__, url_prefix="/sync/v1")

Schema = Mapping[str, Any]

TOKEN, SESSION, NOBODY = "token", "session", ""

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer", "minimum": 0}
MS: Schema = {**WHOLE, "description": "milliseconds since 1970"}
HASH: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
UPLOAD: Schema = {"type": "string", "pattern": "^[0-9a-z]{26}$"}
RECORD: Schema = {"type": "string", "format": "uuid"}


def _object(required: str = "", optional: str = "", **schemas: Schema) -> Schema:
    """An object; names without a schema of their own are texts. More members may come."""
    names = [*required.split(), *optional.split()]
    return {
        "type": "object",
        "required": required.split(),
        "properties": {name: schemas.get(name, TEXT) for name in names},
    }


OPERATION = _object(
    "stamp actor at type record kind",
    "fields base",
    at=MS,
    record=RECORD,
    kind={"enum": ["create", "edit", "delete", "restore", "transition", "merge", "resolve"]},
    fields={"type": ["object", "null"]},
    base={"type": ["object", "null"]},
)
EXCHANGE = _object(
    "protocol device",
    "schema sent_at operations checkpoint limit status",
    protocol={"const": 1},
    schema=WHOLE,
    sent_at=MS,
    operations={"type": "array", "maxItems": OPERATIONS_MAX, "items": OPERATION},
    checkpoint={"type": "object", "additionalProperties": TEXT},
    limit={"type": "integer", "minimum": 0, "maximum": LIMIT_MAX},
    status={"type": "object"},
)
LOOK = _object(
    "record at purpose",
    "offset_ms",
    record=RECORD,
    at=MS,
    purpose=TEXT,
    offset_ms={"type": ["integer", "null"]},
)
TOKENS = "token expires_at refresh"


class Door(NamedTuple):
    """One row: how it is opened, what goes in and what comes out.

    ``body`` and ``gives`` are (media type, schema). ``takes``: parameters as name → (where,
    schema, needed). ``refuses``: statuses of its own beside those that every door has.
    """

    method: str
    path: str
    what: str
    who: str
    status: int = 200
    body: tuple[str, Schema] | None = None
    gives: tuple[str, Schema] | None = None
    takes: Mapping[str, tuple[str, Schema, bool]] = {}
    refuses: tuple[int, ...] = ()


_JSON, _LINES, _EVENTS = "application/json", "application/x-ndjson", "text/event-stream"
_TUS = {"Tus-Resumable": ("header", {"const": "1.0.0"}, True)}
_ONE = {**_TUS, "upload": ("path", UPLOAD, True)}
_PIECE: tuple[str, Schema] = ("application/offset+octet-stream", {})

DOORS: tuple[Door, ...] = (
    Door("get", "/", "The versions served, and the server's clock", NOBODY,
         gives=(_JSON, _object("protocols schemas now", now=MS, protocols={"type": "array"},
                               schemas={"type": "array"}))),
    Door("get", "/openapi.json", "This document", NOBODY, gives=(_JSON, {"type": "object"})),
    Door("post", "/enrol", "A one-time code becomes a device", NOBODY,
         body=(_JSON, _object("code nonce", "name platform replaces key")),
         gives=(_JSON, _object(f"device user now {TOKENS}", now=MS, expires_at=MS)),
         refuses=(403,)),
    Door("post", "/refresh", "New tokens for a refresh token", NOBODY,
         body=(_JSON, _object("refresh nonce")),
         gives=(_JSON, _object(TOKENS, expires_at=MS)), refuses=(401,)),
    Door("get", "/catalogue", "Record types, fields, policies", TOKEN,
         gives=(_JSON, _object("schema types", schema=WHOLE, types={"type": "object"})),
         takes={"If-None-Match": ("header", TEXT, False)}, refuses=(304,)),
    Door("post", "/exchange", "Push, be acknowledged, pull", TOKEN, body=(_JSON, EXCHANGE),
         gives=(_LINES, TEXT), refuses=(403,)),
    Door("post", "/repair", "What differs between two copies of a feed", TOKEN,
         body=(_JSON, _object("device feed", "schema buckets", schema=WHOLE,
                             buckets={"type": "object"})),
         gives=(_LINES, TEXT), refuses=(403, 404)),
    Door("post", "/bundle", "Another device's work, as it was signed", TOKEN,
         body=(_JSON, _object("bundle payload", "signature", bundle={"const": 1},
                              signature={"type": ["string", "null"]},
                              payload={"type": "string", "maxLength": LIMIT_BYTES})),
         gives=(_JSON, _object("device operations repeated", operations=WHOLE, repeated=WHOLE)),
         refuses=(403, 404)),
    Door("post", "/reveals", "Looks at restricted facts on a device", TOKEN,
         body=(_JSON, _object("device reveals",
                             reveals={"type": "array", "maxItems": LOOKS_MAX, "items": LOOK})),
         gives=(_JSON, _object("noted", noted=WHOLE)), refuses=(403,)),
    Door("get", "/events", "Feeds that move, for the console's pages", SESSION,
         gives=(_EVENTS, TEXT)),
    Door("options", "/attachments", "What of tus is spoken", NOBODY, 204),
    Door("post", "/attachments", "Begin a photo's upload", TOKEN, 201,
         takes={**_TUS, "Upload-Length": ("header", WHOLE, True),
                "Upload-Metadata": ("header", TEXT, False)},
         refuses=(412, 507)),
    Door("get", "/attachments/{digest}", "The photo to which a record refers", TOKEN,
         gives=("image/*", {}),
         takes={"digest": ("path", HASH, True), "record": ("query", RECORD, True),
                "Range": ("header", TEXT, False), "If-None-Match": ("header", TEXT, False)},
         refuses=(206, 304, 403, 404)),
    Door("options", "/attachments/uploads/{upload}", "What of tus is spoken", NOBODY, 204,
         takes={"upload": ("path", UPLOAD, True)}),
    Door("head", "/attachments/uploads/{upload}", "How far an upload is", TOKEN, takes=_ONE,
         refuses=(404, 412, 415, 422)),
    Door("patch", "/attachments/uploads/{upload}", "A piece of a photo", TOKEN, 204, body=_PIECE,
         takes={**_ONE, "Upload-Offset": ("header", WHOLE, True),
                "Upload-Checksum": ("header", TEXT, False)},
         refuses=(404, 409, 412, 415, 422, 423, 460)),
    Door("post", "/attachments/uploads/{upload}", "PATCH or DELETE, named by a header", TOKEN, 204,
         body=_PIECE,
         takes={**_ONE, "X-HTTP-Method-Override": ("header", {"enum": ["PATCH", "DELETE"]}, True),
                "Upload-Offset": ("header", WHOLE, False)},
         refuses=(404, 405, 409, 412, 415, 422, 423, 460)),
    Door("delete", "/attachments/uploads/{upload}", "Forget an upload", TOKEN, 204, takes=_ONE,
         refuses=(404, 412)),
)  # fmt: skip
"""Every door of ``/sync/v1``. HEAD and OPTIONS that every GET and route has are not named."""

_EVERYWHERE = (400, 413, 415, 429, 500, 503)
"""What any door may answer: broken, too large or wrongly packed bodies, limits, failures."""


def document() -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    for door in DOORS:
        paths.setdefault(f"/sync/v1{door.path}", {})[door.method] = _operation(door)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Yuanba: the doors of the sync protocol",
            "version": version("yuanba"),
            "description": "The contract is sync/PROTOCOL.md; this says how its doors are opened.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                TOKEN: {"type": "http", "scheme": "bearer"},
                SESSION: {"type": "apiKey", "in": "cookie", "name": "session"},
            },
            "schemas": {"Problem": _problem()},
        },
    }


def _operation(door: Door) -> dict[str, Any]:
    answers: dict[str, Any] = {str(door.status): {"description": "Done."}}
    if door.gives is not None:
        answers[str(door.status)]["content"] = {door.gives[0]: {"schema": door.gives[1]}}
    statuses = {*_EVERYWHERE, *door.refuses, *((401,) if door.who else ())}
    for status in sorted(statuses - {door.status}):
        answers[str(status)] = _answer(status, door)
    told: dict[str, Any] = {"summary": door.what, "responses": answers}
    told["security"] = [{door.who: []}] if door.who else []
    if door.takes:
        told["parameters"] = [
            {"name": name, "in": where, "required": needed, "schema": schema}
            for name, (where, schema, needed) in door.takes.items()
        ]
    if door.body is not None:
        content = {door.body[0]: {"schema": door.body[1]} if door.body[1] else {}}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _answer(status: int, door: Door) -> dict[str, Any]:
    if status < 400:
        words = "A part of it." if status == 206 else "It is as you have it."
        told: dict[str, Any] = {"description": words}
        if status == 206 and door.gives is not None:
            told["content"] = {door.gives[0]: {}}
        return told
    codes = sorted(code for code, kind in PROBLEMS.items() if kind.status == status)
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    words = "No: " + (", ".join(codes) if codes else "see `code`")
    return {"description": words, "content": {"application/problem+json": problem}}


def _problem() -> Schema:
    return _object(
        "type title status detail code definite",
        "pointer retry_after_s",
        status={"type": "integer", "minimum": 400, "maximum": 599},
        definite={"type": "boolean"},
        retry_after_s=WHOLE,
        code={"enum": sorted(PROBLEMS)},
    )


@lru_cache(maxsize=1)
def _body() -> bytes:
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The document. Needs no token."""
    answer = Response(_body(), content_type="application/json")
    answer.headers["Cache-Control"] = "no-cache"
    answer.add_etag()
    answer.make_conditional(request)
    return answer
