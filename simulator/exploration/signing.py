"""Signing: the keys with which explored tablets sign what others carry for them.

A key is made from the name under which a tablet enrols, so that every process has the same.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["public_key", "sign_as"]


@cache
def _key(name: str) -> Ed25519PrivateKey:
    name = name.partition("-copy")[0]  # A copied tablet has its key, too.
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


def public_key(name: str) -> str:
    """The key that a tablet shows when it enrols."""
    return base64.b64encode(_key(name).public_key().public_bytes_raw()).decode()


def sign_as(name: str) -> Callable[[bytes], bytes]:
    """What signs with that key."""
    return _key(name).sign
