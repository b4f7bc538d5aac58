"""Secrets: codes that people read out, and tokens that devices keep.

A device whose answer was lost must be able to ask again and get the same token,
yet a token must not be stored. So a token is derived: HMAC-SHA-256 under the
server's secret, over what the device proved to know (a code, or a refresh token)
and the nonce that it drew. Whoever reads the database finds hashes only.

Invariants
    * ``derive`` with the same secret, kind, parent and nonce gives the same token.
    * ``read_code(shown)`` undoes what people do to a code: capitals, dashes, O for 0.

Random draws are handed in, so that a test or a simulated world repeats itself.

>>> read_code(" K7M2-p9q4 XOIL ")
'k7m2p9q4x011'
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Literal

from sync.stamps import base32

__all__ = ["Draw", "Kind", "derive", "digest", "draw_code", "read_code", "show_code"]

Draw = Callable[[int], int]
"""``draw(n)`` gives a whole number from 0 to n - 1; ``secrets.randbelow`` outside of tests."""

Kind = Literal["access", "refresh"]

CODE_LENGTH = 12
"""60 bits: far beyond guessing in the 15 minutes that a code lives."""

_LOOKALIKES = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})


def draw_code(draw: Draw) -> str:
    """A new one-time code, as it is stored nowhere but in its digest."""
    return base32(draw, CODE_LENGTH)


def show_code(code: str) -> str:
    """A code as people read it out.

    >>> show_code("k7m2p9q4x3f8")
    'K7M2-P9Q4-X3F8'
    """
    return "-".join(code.upper()[at : at + 4] for at in range(0, len(code), 4))


def read_code(shown: str) -> str:
    """A code from what a person typed or a QR code held."""
    return "".join(shown.split()).lower().translate(_LOOKALIKES)


def digest(secret: str) -> str:
    """What is stored of a code, a token or a nonce: its SHA-256."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def derive(key: str, kind: Kind, *, parent: str, nonce: str) -> str:
    """The token of ``kind`` that follows from ``parent`` and the device's ``nonce``.

    The prefix tells people and secret scanners what they found.

    >>> derive("s" * 32, "access", parent="code", nonce="n")[:4]
    'yba_'
    """
    # Lengths before the parts: no two different pairs run together into one text.
    message = f"{kind}.{len(parent)}.{parent}.{nonce}".encode("utf-8", "surrogatepass")
    made = hmac.new(key.encode(), message, hashlib.sha256).digest()
    return f"yb{kind[0]}_{base64.urlsafe_b64encode(made).decode().rstrip('=')}"
