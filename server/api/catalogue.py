"""``GET /sync/v1/`` and ``GET /sync/v1/catalogue``: what this server speaks and holds.

The catalogue changes when the server is upgraded and never between, so its
document is made once, and a device that has it gets 304.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import orjson
from flask import Blueprint, Response, request

from server.devices import reader_of
from server.services import services
from sync.catalogue import Catalogue
from sync.exchange import PROTOCOL

__all__ = ["blueprint"]

blueprint = Blueprint("catalogue", __name__, url_prefix="/sync/v1")


@blueprint.get("/")
def versions() -> Response:
    """{protocols, schemas, now}: the versions served, and the server's clock. Needs no token."""
    served = services()
    told = {
        "protocols": [PROTOCOL],
        "schemas": list(range(served.catalogue.oldest, served.catalogue.schema + 1)),
        "now": served.now_ms(),
    }
    answer = Response(orjson.dumps(told), content_type="application/json")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.get("/catalogue")
def catalogue() -> Response:
    """The record types, their fields and policies. For enrolled devices."""
    served = services()
    reader_of(served.store, request.headers.get("Authorization"), now_ms=served.now_ms())
    body, etag = _document(served.catalogue)
    answer = Response(body, content_type="application/json")
    answer.set_etag(etag)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.make_conditional(request)
    return answer


@lru_cache(maxsize=4)
def _document(told: Catalogue) -> tuple[bytes, str]:
    body = orjson.dumps(told.describe())
    return body, hashlib.sha256(body).hexdigest()[:32]
