"""``POST /sync/v1/bundle``: a device's work, brought by another.

See ``server.bundles``. The carrier shows a token of their own, so that strangers cannot make
the server compute, and learns how many operations there were.
"""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, request

from server import bundles
from server.api.bodies import read_json
from server.api.limits import BUNDLE, counting_refusals
from server.devices import reader_of
from server.services import services

__all__ = ["blueprint"]

blueprint = Blueprint("bundle", __name__, url_prefix="/sync/v1")


@blueprint.post("/bundle")
@counting_refusals(BUNDLE)
def bundle() -> Response:
    """A bundle → {device, operations, repeated}"""
    served = services()
    reader_of(served.store, request.headers.get("Authorization"), now_ms=served.now_ms())
    taken = bundles.take(served, read_json(request, limit_bytes=bundles.LIMIT_BYTES))
    told = {"device": taken.device, "operations": taken.operations, "repeated": taken.repeated}
    return Response(orjson.dumps(told), content_type="application/json")
