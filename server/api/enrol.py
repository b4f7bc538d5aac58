"""``POST /sync/v1/enrol``: a one-time code becomes a device with tokens.

See ``server.accounts.enrolment`` for what a code and a nonce give. This module
reads the request and writes the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Blueprint, Response, request

from server.accounts import enrolment
from server.accounts.enrolment import Enrolled
from server.accounts.sessions import writing
from server.api.bodies import optional_text, read_object, text
from server.api.limits import ENROL, counting_refusals
from server.door import patiently
from server.services import services

__all__ = ["answer", "blueprint"]

blueprint = Blueprint("enrol", __name__, url_prefix="/sync/v1")


@blueprint.post("/enrol")
@counting_refusals(ENROL)
def enrol() -> Response:
    """{code, nonce, name, platform, replaces?, key?} → {device, user, now} and its tokens"""
    asked = read_object(request)
    served = services()
    now_ms = served.now_ms()
    code, nonce = text(asked, "code"), text(asked, "nonce")
    name, platform = (optional_text(asked, each) or "" for each in ("name", "platform"))
    replaces, public_key = optional_text(asked, "replaces"), optional_text(asked, "key")

    def take_in() -> Enrolled:
        with writing(served.store) as session:
            return enrolment.enrol(
                session,
                key=served.settings.secret,
                code=code,
                nonce=nonce,
                name=name,
                platform=platform,
                replaces=replaces,
                public_key=public_key,
                now_ms=now_ms,
                draw=served.draw,
            )

    enrolled = patiently(take_in)
    told = {"device": enrolled.device, "user": enrolled.user, **enrolled.tokens._asdict()}
    return answer({**told, "now": now_ms})


def answer(told: Mapping[str, Any]) -> Response:
    """A JSON answer that holds secrets: nobody on the way may keep it."""
    response = Response(orjson.dumps(told), content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
