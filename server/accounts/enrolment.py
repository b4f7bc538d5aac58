"""Enrolment and refresh: how a device comes by its tokens, once, over a bad network.

The answer to a code is the one message that must not get lost: the code is burnt,
and the worker stands in a stairwell. So a code is bound to the nonce that came
with it first, and answers that nonce the same for as long as the code lives. A
refresh token works alike, and until the new token was used the old one still does.

Invariants
    * A code gives one device, to one nonce; any other nonce is told ``code_unknown``.
    * The same refresh token and nonce answer the same.
    * Tokens and codes are in the database as hashes only.
    * A refresh token used after another pair was used, with another nonce, means that
      two hold a copy: the device may only hand in until an administrator looks.

The first statement of every transaction here is a write, so that two requests
with one code take turns, on SQLite as on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from server.accounts.audit import note
from server.accounts.supervision import succeed_at_once
from server.accounts.tokens import Draw, derive, digest, draw_code, read_code
from server.models import Device, DeviceToken, EnrolmentCode
from sync.bundles import read_key
from sync.errors import Problem, Refusal
from sync.stamps import SERVER_PREFIX, base32, is_device

__all__ = ["CODE_MS", "Enrolled", "Tokens", "enrol", "issue_code", "refresh"]

CODE_MS = 15 * 60_000
ACCESS_MS = 7 * 86_400_000
REFRESH_MS = 400 * 86_400_000
"""As long as tombstones live: a tablet that was away for longer starts anew anyway."""
PRUNED_AFTER_MS = 30 * 86_400_000

_APART: Mapping[str, Any] = {"synchronize_session": False}
"""For statements whose rows the session does not hold: it need not look for them."""

_NAME_LENGTH_MAX = 200
_NONCE_LENGTH_MAX = 200


class Tokens(NamedTuple):
    """What a device gets. ``expires_at`` is the access token's, in ms since 1970."""

    token: str
    expires_at: int
    refresh: str


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
    _check_nonce(nonce)
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
    made = _Made(key, parent=code, nonce=nonce)
    tokens = _stored(session, made, _known(session, made.hashes), burnt.device, now_ms=now_ms)
    return Enrolled(burnt.device, burnt.user, tokens)


def refresh(session: Session, *, key: str, token: str, nonce: str, now_ms: int) -> Tokens:
    """New tokens for a refresh token. Raises Refusal: ``refresh_unknown``, ``bad_request``."""
    _check_nonce(nonce)
    parent = digest(token)
    holder = select(DeviceToken.device).where(
        DeviceToken.hash == parent, DeviceToken.kind == "refresh", DeviceToken.expires_at > now_ms
    )
    alive = update(Device).where(Device.id == holder.scalar_subquery(), Device.revoked.is_(False))
    renewed = alive.values(refreshed_at=now_ms).returning(Device.id)
    device = session.scalar(renewed, execution_options=_APART)
    if device is None:
        raise Refusal(Problem("refresh_unknown"))
    long_over = DeviceToken.expires_at < now_ms - PRUNED_AFTER_MS
    pruned = delete(DeviceToken).where(DeviceToken.device == device, long_over)
    session.execute(pruned, execution_options=_APART)
    made = _Made(key, parent=token, nonce=nonce)
    known = _known(session, [parent, *made.hashes])
    if known[parent].retired_at is not None and made.pair not in known:
        session.execute(update(Device).where(Device.id == device).values(hand_in_only=True))
        note(session, "refresh_reused", now_ms=now_ms, about=device)
    return _stored(session, made, known, device, now_ms=now_ms)


class _Made:
    """The tokens that follow from what a device proved to know and the nonce that it drew."""

    def __init__(self, key: str, *, parent: str, nonce: str) -> None:
        self.access = derive(key, "access", parent=parent, nonce=nonce)
        self.renewal = derive(key, "refresh", parent=parent, nonce=nonce)
        self.hashes = digest(self.access), digest(self.renewal)
        self.pair = self.hashes[1]


def _known(session: Session, hashes: Sequence[str]) -> dict[str, DeviceToken]:
    """Hash → token, of those that are stored."""
    found = session.scalars(select(DeviceToken).where(DeviceToken.hash.in_(hashes)))
    return {one.hash: one for one in found}


def _stored(
    session: Session, made: _Made, known: Mapping[str, DeviceToken], device: str, *, now_ms: int
) -> Tokens:
    """Store tokens (as hashes) if they are new."""
    stored, kept = map(known.get, made.hashes)
    if stored is not None:
        return Tokens(made.access, stored.expires_at, made.renewal)
    # Asked again after weeks, the access token may be gone and its refresh token still be here.
    lasting = (("access", ACCESS_MS), ("refresh", REFRESH_MS))
    for hashed, (kind, lasts) in zip(made.hashes, lasting, strict=True):
        if hashed in known:
            continue
        session.add(
            DeviceToken(
                hash=hashed,
                device=device,
                kind=kind,
                pair=made.pair,
                issued_at=now_ms,
                expires_at=now_ms + lasts,
                retired_at=None if kept is None else kept.retired_at,
            )
        )
    return Tokens(made.access, now_ms + ACCESS_MS, made.renewal)


def _new_device_id(session: Session, draw: Draw) -> str:
    while True:
        drawn = base32(draw, 8)
        if not drawn.startswith(SERVER_PREFIX) and session.get(Device, drawn) is None:
            return drawn


def _check_nonce(nonce: str) -> None:
    if not 0 < len(nonce) <= _NONCE_LENGTH_MAX:
        raise Refusal(Problem("bad_request", pointer="/nonce", params={"what": "nonce"}))


def _changed_one(result: object) -> bool:
    assert isinstance(result, CursorResult)
    return result.rowcount == 1
