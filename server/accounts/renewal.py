"""Renewal: a refresh token becomes new tokens, over a bad network, a thousand times a morning.

What is hard: the answer may be lost, so the same question must be answered the same; a copy
of a token may be used beside it, and must be noticed; and after a holiday every tablet of a
county renews in the same minutes. So this runs in a transaction of the store, by the
driver's own statements: building them by an ORM cost ten times what running them does.

Invariants
    * The same refresh token and nonce answer the same.
    * Tokens are in the database as hashes only.
    * A refresh token used after another pair was used, with another nonce, means that
      two hold a copy: the device may only hand in until an administrator looks.

The first statement of ``refresh`` is a write, so that two requests with one token take turns,
on SQLite as on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from server.accounts.audit import note_with
from server.accounts.tokens import derive, digest
from server.store import Writer
from server.store.statements import for_driver
from sync.errors import Problem, Refusal

__all__ = ["ACCESS_MS", "REFRESH_MS", "Pair", "Tokens", "check_nonce", "refresh", "store"]

ACCESS_MS = 7 * 86_400_000
REFRESH_MS = 400 * 86_400_000
"""As long as tombstones live: a tablet that was away for longer starts anew anyway."""

_PRUNED_AFTER_MS = 30 * 86_400_000
_NONCE_LENGTH_MAX = 200

_RENEWED = """
UPDATE device SET refreshed_at = ?
 WHERE id = (SELECT device FROM device_token
              WHERE hash = ? AND kind = 'refresh' AND expires_at > ?)
   AND NOT revoked
RETURNING id
"""
_PRUNE = "DELETE FROM device_token WHERE device = ? AND expires_at < ?"
_KNOWN = "SELECT hash, expires_at, retired_at FROM device_token WHERE hash IN (?, ?, ?)"
_LIMIT = "UPDATE device SET hand_in_only = TRUE WHERE id = ?"
_STORE = """
INSERT INTO device_token (hash, device, kind, pair, issued_at, expires_at, retired_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""


class Tokens(NamedTuple):
    """What a device gets. ``expires_at`` is the access token's, in ms since 1970."""

    token: str
    expires_at: int
    refresh: str


class _Stored(NamedTuple):
    """A token as it is stored."""

    expires_at: int
    retired_at: int | None


class Pair:
    """The tokens that follow from what a device proved to know and the nonce that it drew."""

    def __init__(self, key: str, *, parent: str, nonce: str) -> None:
        """``key`` is the server's secret, ``parent`` the code or the refresh token."""
        self.parent = digest(parent)
        self.access = derive(key, "access", parent=parent, nonce=nonce)
        self.renewal = derive(key, "refresh", parent=parent, nonce=nonce)
        self.hashes = digest(self.access), digest(self.renewal)
        self.name = self.hashes[1]


def refresh(tx: Writer, *, key: str, token: str, nonce: str, now_ms: int) -> Tokens:
    """New tokens for a refresh token. Raises Refusal: ``refresh_unknown``, ``bad_request``."""
    check_nonce(nonce)
    pair, cursor = Pair(key, parent=token, nonce=nonce), tx.cursor
    cursor.execute(for_driver(cursor, _RENEWED), (now_ms, pair.parent, now_ms))
    renewed = cursor.fetchall()
    if not renewed:
        raise Refusal(Problem("refresh_unknown"))
    device: str = renewed[0][0]
    cursor.execute(for_driver(cursor, _PRUNE), (device, now_ms - _PRUNED_AFTER_MS))
    known = _known(cursor, pair)
    if known[pair.parent].retired_at is not None and pair.name not in known:
        cursor.execute(for_driver(cursor, _LIMIT), (device,))
        note_with(tx, "refresh_reused", now_ms=now_ms, about=[device])
    return _store(cursor, pair, known, device, now_ms)


def store(cursor: Any, pair: Pair, device: str, *, now_ms: int) -> Tokens:
    """Store the tokens of a device (as hashes) if they are new."""
    return _store(cursor, pair, _known(cursor, pair), device, now_ms)


def check_nonce(nonce: str) -> None:
    """Raises Refusal, ``bad_request``, if this cannot be a nonce."""
    if not 0 < len(nonce) <= _NONCE_LENGTH_MAX:
        raise Refusal(Problem("bad_request", pointer="/nonce", params={"what": "nonce"}))


def _known(cursor: Any, pair: Pair) -> dict[str, _Stored]:
    """Hash → token, of a pair and of what it follows from, as far as they are stored."""
    cursor.execute(for_driver(cursor, _KNOWN), (pair.parent, *pair.hashes))
    return {hashed: _Stored(*token) for hashed, *token in cursor.fetchall()}


def _store(
    cursor: Any, pair: Pair, known: Mapping[str, _Stored], device: str, now_ms: int
) -> Tokens:
    stored, kept = map(known.get, pair.hashes)
    if stored is not None:
        return Tokens(pair.access, stored.expires_at, pair.renewal)
    # Asked again after weeks, the access token may be gone and its refresh token still be here.
    retired_at = None if kept is None else kept.retired_at
    lasting = (("access", ACCESS_MS), ("refresh", REFRESH_MS))
    rows = [
        (hashed, device, kind, pair.name, now_ms, now_ms + lasts, retired_at)
        for hashed, (kind, lasts) in zip(pair.hashes, lasting, strict=True)
        if hashed not in known
    ]
    cursor.executemany(for_driver(cursor, _STORE), rows)
    return Tokens(pair.access, now_ms + ACCESS_MS, pair.renewal)
