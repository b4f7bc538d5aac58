"""``POST /sync/v1/refresh``: new tokens for a refresh token.

The same refresh token and nonce answer the same, so that a lost answer costs
nothing. See ``server.accounts.renewal`` for what becomes of the old ones.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from server.accounts import renewal
from server.accounts.renewal import Tokens
from server.api.bodies import read_object, text
from server.api.enrol import answer
from server.api.limits import REFRESH, counting_refusals
from server.door import patiently
from server.services import services

__all__ = ["blueprint"]

blueprint = Blueprint("refresh", __name__, url_prefix="/sync/v1")


@blueprint.post("/refresh")
@counting_refusals(REFRESH)
def refresh() -> Response:
    """{refresh, nonce} → {token, expires_at, refresh}"""
    asked = read_object(request)
    served = services()
    token, nonce = text(asked, "refresh"), text(asked, "nonce")

    def renew() -> Tokens:
        key, now_ms = served.settings.secret, served.now_ms()
        with served.store.write() as tx:
            return renewal.refresh(tx, key=key, token=token, nonce=nonce, now_ms=now_ms)

    return answer(patiently(renew)._asdict())
