"""Bundles: one device's outbox as a file, for another way to the server.

A village without a mast, a tablet whose radio is dead: somebody else carries the work, or it
goes on a stick. The carrier is trusted with nothing: what they bring is what its origin
signed, and it is judged by the origin's rights. So a bundle holds the very request that the
origin would have sent, as a text, and a signature over that text.

Invariants
    * Nothing of the outbox is changed by making a bundle: what came of its operations
      the origin learns by handing them in again.
    * What was signed is the bytes of ``payload``, never a value read from them: two readers
      of JSON cannot differ about what was signed.

Keys and signatures are handed in: this module computes none.

>>> told = seal({"device": "k7m2p9q4"}, lambda message: b"signed")
>>> read(json.loads(told)).signature
b'signed'
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sync.errors import Problem, Refusal

__all__ = ["FORMAT", "KEY_BYTES", "Bundle", "message", "read", "read_key", "seal"]

FORMAT = 1
"""The version of the file's form: its member ``bundle``."""

KEY_BYTES = 32
"""The length of an Ed25519 public key."""


class Bundle(NamedTuple):
    """A bundle's payload as it was signed, and the signature; None if nobody signed it."""

    payload: str
    signature: bytes | None


def message(payload: str) -> bytes:
    """What is signed: the payload, under words of its own, so that no other signature fits."""
    return b"yuanba bundle 1\n" + payload.encode("utf-8", "surrogatepass")


def seal(request: Mapping[str, Any], sign: Callable[[bytes], bytes] | None) -> bytes:
    """The file of a request. ``sign``: signs with the key that the device enrolled with."""
    payload = json.dumps(request, ensure_ascii=True, separators=(",", ":"))
    signature = None
    if sign is not None:
        signature = base64.b64encode(sign(message(payload))).decode()
    told = {"bundle": FORMAT, "payload": payload, "signature": signature}
    return json.dumps(told, separators=(",", ":")).encode()


def read(told: Any) -> Bundle:
    """A bundle from a file's JSON. Raises Refusal: ``bad_request``."""
    if not isinstance(told, dict) or told.get("bundle") != FORMAT:
        raise _bad("bundle")
    payload, signature = told.get("payload"), told.get("signature")
    if not isinstance(payload, str):
        raise _bad("payload")
    if signature is None:
        return Bundle(payload, None)
    found = _bytes(signature)
    if found is None:
        raise _bad("signature")
    return Bundle(payload, found)


def read_key(told: object) -> str | None:
    """A public key in the form in which it is kept (standard base 64), or None if it is none.

    >>> read_key("A" * 43 + "=") == "A" * 43 + "="
    True
    """
    found = _bytes(told)
    if found is None or len(found) != KEY_BYTES:
        return None
    return base64.b64encode(found).decode()


def _bytes(told: object) -> bytes | None:
    """Standard base 64, with its padding."""
    try:
        return base64.b64decode(told, validate=True) if isinstance(told, str) else None
    except (binascii.Error, ValueError):
        return None


def _bad(what: str) -> Refusal:
    return Refusal(Problem("bad_request", pointer=f"/{what}", params={"what": what}))
