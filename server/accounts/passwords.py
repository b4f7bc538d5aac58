"""Passwords: who may sign in to the console.

Whether a name exists must not show in the time that a refusal takes, and a hash
must cost an attacker more than it costs two cores that serve a county.

Invariants
    * ``sign_in`` computes one argon2 hash, whatever is wrong.
    * Every attempt is in the audit log.

The cost is OWASP's second choice for argon2id (19 MiB, two passes, one lane):
with the library's default a sign-in keeps a core busy for most of a second.
Rate limits are ``server.api.limits``.
"""

from __future__ import annotations

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.audit import note
from server.accounts.tokens import Draw
from server.models import Account
from sync.stamps import base32

__all__ = [
    "PASSWORD_LENGTH_MIN",
    "create_account",
    "draw_password",
    "find_account",
    "hash_password",
    "set_password",
    "sign_in",
]

PASSWORD_LENGTH_MIN = 8
_USERNAME_LENGTH_MAX = 100
_PASSWORD_LENGTH_MAX = 1_000

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODY = _HASHER.hash("nobody has this password")


def normal_name(username: str) -> str:
    """A user name as it is stored and compared.

    >>> normal_name(" Ａdmin ")
    'admin'
    """
    return unicodedata.normalize("NFKC", username).strip().casefold()


def draw_password(draw: Draw) -> str:
    """A password that can be read from a screen and typed."""
    drawn = base32(draw, 12)
    return f"{drawn[:4]}-{drawn[4:8]}-{drawn[8:]}"


def find_account(session: Session, username: str) -> Account | None:
    """The account of that name, or None."""
    name = normal_name(username)
    return session.scalar(select(Account).where(Account.username == name))


def create_account(
    session: Session, *, username: str, password_hash: str, user: str, now_ms: int
) -> Account:
    """A new account for a user record. Raises ValueError with a sentence if it cannot be."""
    name = normal_name(username)
    if not 0 < len(name) <= _USERNAME_LENGTH_MAX:
        raise ValueError("A user name needs 1 to 100 characters.")
    if find_account(session, name) is not None:
        raise ValueError(f"There is an account {name} already.")
    account = Account(username=name, user=user, password_hash=password_hash, created=now_ms)
    session.add(account)
    note(session, "account_created", now_ms=now_ms, about=user)
    return account


def set_password(session: Session, account: Account, password_hash: str, *, now_ms: int) -> None:
    """Another password, hashed before; every session of the account ends."""
    account.password_hash = password_hash
    account.session_epoch += 1
    note(session, "password_changed", now_ms=now_ms, user=account.user)


def sign_in(session: Session, *, username: str, password: str, now_ms: int) -> Account | None:
    """The account that name and password open, or None: wrong, unknown and locked alike.

    Ends the session's transaction before it hashes, so that nobody waits for that; what
    it writes then, the caller commits.
    """
    account = find_account(session, username)
    stored, user, locked = _NOBODY, None, True
    if account is not None:
        stored, user, locked = account.password_hash, account.user, account.locked
    session.commit()
    right = _fits(stored, password)
    if account is None or not right or locked:
        note(session, "sign_in_failed", now_ms=now_ms, user=user)
        return None
    if _HASHER.check_needs_rehash(stored):
        account.password_hash = _HASHER.hash(password)
    account.last_sign_in = now_ms
    note(session, "signed_in", now_ms=now_ms, user=user)
    return account


def hash_password(password: str) -> str:
    """What is stored of a password. Slow by intent: call it outside of a write transaction.

    Raises ValueError with a sentence if the password is too short.
    """
    if not PASSWORD_LENGTH_MIN <= len(password) <= _PASSWORD_LENGTH_MAX:
        raise ValueError(f"A password needs at least {PASSWORD_LENGTH_MIN} characters.")
    return _HASHER.hash(password)


def _fits(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password[:_PASSWORD_LENGTH_MAX])
    except (VerificationError, InvalidHashError):
        return False
