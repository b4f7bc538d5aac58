"""Bundles taken: one device's work that came by another way, judged by its author's rights.

Whoever brings it may be anybody who may speak to this server, and is told nothing of the
records. What counts is the signature of the device that made it, under the key that it showed
when it enrolled; then it is an exchange of that device, without an answer.

What nobody signed (an old app, a tablet without a key) can be brought by an
administrator alone, and is held: a person looks at each operation and lets it go.

Invariants
    * Only what its origin signed is applied; whoever carries it, once.
    * A bundle of a revoked device is applied by nobody: its key may be in other hands.
    * Refusing a bundle changes nothing.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from server.api.bodies import parse
from server.devices import reader_by_id
from server.door import patiently
from server.services import Services
from server.store.statements import for_driver
from sync import bundles
from sync.errors import Problem, Refusal
from sync.exchange import Request, read_request
from sync.scope import Reader, Scope

__all__ = ["LIMIT_BYTES", "Taken", "take", "take_unsigned"]

LIMIT_BYTES = 10 * 1024 * 1024
"""The largest bundle: a request of 8 MiB, as a text in a text."""

_MAKER = "SELECT key, revoked FROM device WHERE id = ?"


class Taken(NamedTuple):
    """What a bundle held: its device and user, operations, and how many were known before."""

    device: str
    user: str
    operations: int
    repeated: int
    held: int


def take(served: Services, told: Any) -> Taken:
    """Apply a signed bundle as its origin's exchange.

    Raises Refusal: ``bad_request``, ``bundle_unknown``, ``bundle_unsigned``,
    ``bundle_forged``, ``bundle_revoked``, and what an exchange raises.
    """
    bundle = bundles.read(told)
    request = _request(bundle.payload)
    maker = _maker(served, request.device)
    if maker is None:
        raise Refusal(Problem("bundle_unknown"))
    if bundle.signature is None or maker.key is None:
        raise Refusal(Problem("bundle_unsigned"))
    if not _is_signed(bundle.payload, bundle.signature, maker.key):
        raise Refusal(Problem("bundle_forged"))
    if maker.revoked:
        raise Refusal(Problem("bundle_revoked"))
    return _apply(served, request, maker.reader)


def take_unsigned(served: Services, told: Any) -> Taken:
    """Hold what a bundle brings for a person's look, whoever signed it or nobody.

    For administrators, who vouch for where the file is from. Raises Refusal.
    """
    request = _request(bundles.read(told).payload)
    maker = _maker(served, request.device)
    if maker is None:
        raise Refusal(Problem("bundle_unknown"))
    return _apply(served, request, replace(maker.reader, suspended=True))


def _request(payload: str) -> Request:
    try:
        body = payload.encode()
    except UnicodeEncodeError:
        raise Refusal(Problem("not_json")) from None
    return read_request(parse(body))


class _Maker(NamedTuple):
    """The device that made a bundle: the key that it signs with, and what it may do."""

    key: str | None
    revoked: bool
    reader: Reader


def _maker(served: Services, device: str) -> _Maker | None:
    if len(device) != 8 or not device.isascii() or not device.isalnum():
        return None
    with served.store.read() as snapshot:
        cursor = snapshot.cursor
        cursor.execute(for_driver(cursor, _MAKER), (device,))
        found = cursor.fetchall()
        if not found:
            return None
        ((key, revoked),) = found
        return _Maker(key, bool(revoked), reader_by_id(cursor, device, now_ms=served.now_ms()))


def _is_signed(payload: str, signature: bytes, key: str) -> bool:
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key))
        public.verify(signature, bundles.message(payload))
    except (InvalidSignature, ValueError):
        return False
    return True


def _apply(served: Services, request: Request, reader: Reader) -> Taken:
    now_ms = served.now_ms()
    # The clock of the device when it made the bundle says nothing of the one that it has
    # now: operations name their own offset, and where they do not, none is assumed.
    request = request._replace(sent_at=None)
    scope: Scope = served.exchange.scope(request, reader, now_ms=now_ms)
    acks: Any = ()
    if request.operations:
        pushed = patiently(lambda: served.exchange.push(request, scope, now_ms=now_ms))
        acks = pushed.acks
    return Taken(
        request.device,
        reader.user,
        len(acks),
        sum(ack.repeated for ack in acks),
        sum(ack.outcome == "held" for ack in acks),
    )
