"""Enrolment: how a device comes by its first tokens, once, over a bad network.

The answer to a code is the one message that must not get lost: the code is burnt,
and the worker stands in a stairwell. So a code is bound to the nonce that came
with it first, and answers that nonce the same for as long as the code lives. What
comes after these tokens is ``server.accounts.renewal``.

Invariants
    * A code gives one device, to one nonce; any other nonce is told ``code_unknown``.
    * Tokens and codes are in the database as hashes only.

The first statement of every transaction here is a write, so that two requests
with one code take turns, on SQLite as on PostgreSQL.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from server.accounts.audit import note
from server.accounts.renewal import Pair, Tokens, check_nonce, store
from server.accounts.supervision import succeed_at_once
from server.accounts.tokens import Draw, digest, draw_code, read_code
from server.models import Device, EnrolmentCode
from sync.bundles import read_key
from sync.errors import Problem, Refusal
from sync.stamps import SERVER_PREFIX, base32, is_device

__all__ = ["CODE_MS", "Enrolled", "enrol", "issue_code"]

CODE_MS = 15 * 60_000
_NAME_LENGTH_MAX = 200


class Enrolled(NamedTuple):
    """A device that was enrolled."""

    device: str
    user: str
    tokens: Tokens


def issue_code(
    session: Session, *, user: str, now_ms: int, draw: Draw, by: str | None = None
) -> str:
    """A new one-time code for a user; shown once, never again."""
    code = draw_code(draw)
    expires = now_ms + CODE_MS
    session.add(EnrolmentCode(hash=digest(code), user=user, issued_at=now_ms, expires_at=expires))
    note(session, "code_issued", now_ms=now_ms, user=by, about=user)
    return code


def enrol(
    session: Session,
    *,
    key: str,
    code: str,
    nonce: str,
    name: str = "",
    platform: str = "",
    replaces: str | None = None,
    public_key: str | None = None,
    now_ms: int,
    draw: Draw,
) -> Enrolled:
    """The device of a code and a nonce: a new one, or the same again.

    ``key`` is the server's secret, ``public_key`` the one that the device signs with.
    Raises Refusal: ``code_unknown``, ``bad_request``.
    """
    code = read_code(code)
    check_nonce(nonce)
    if replaces is not None and (not is_device(replaces) or replaces.startswith(SERVER_PREFIX)):
        raise Refusal(Problem("bad_request", pointer="/replaces", params={"what": "replaces"}))
    signs_with = None if public_key is None else read_key(public_key)
    if public_key is not None and signs_with is None:
        raise Refusal(Problem("bad_request", pointer="/key", params={"what": "key"}))
    of_code = EnrolmentCode.hash == digest(code)
    claim = update(EnrolmentCode).where(
        of_code, EnrolmentCode.nonce.is_(None), EnrolmentCode.expires_at > now_ms
    )
    claimed = session.execute(claim.values(nonce=digest(nonce), used_at=now_ms))
    burnt = session.scalar(select(EnrolmentCode).where(of_code, EnrolmentCode.expires_at > now_ms))
    if burnt is None or burnt.nonce != digest(nonce):
        raise Refusal(Problem("code_unknown"))
    if _changed_one(claimed):
        device = Device(
            id=_new_device_id(session, draw),
            user=burnt.user,
            name=name[:_NAME_LENGTH_MAX],
            platform=platform[:_NAME_LENGTH_MAX],
            enrolled_at=now_ms,
            replaces=replaces,
            key=signs_with,
        )
        session.add(device)
        burnt.device = device.id
        note(session, "device_enrolled", now_ms=now_ms, user=burnt.user, about=device.id)
        succeed_at_once(session, device, now_ms=now_ms)
    # Always so: the claim and the device are one transaction.
    assert burnt.device is not None
    cursor = session.connection().connection.cursor()
    tokens = store(cursor, Pair(key, parent=code, nonce=nonce), burnt.device, now_ms=now_ms)
    return Enrolled(burnt.device, burnt.user, tokens)


def _new_device_id(session: Session, draw: Draw) -> str:
    while True:
        drawn = base32(draw, 8)
        if not drawn.startswith(SERVER_PREFIX) and session.get(Device, drawn) is None:
            return drawn


def _changed_one(result: object) -> bool:
    assert isinstance(result, CursorResult)
    return result.rowcount == 1
