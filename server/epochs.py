"""Epochs: a server that came back from a backup gets back what its tablets know.

A backup is hours old, and tablets were told that their work was taken. Nobody may have
to remember that: a cursor beyond the end of its feed can only come from a history that
this database does not have, and then a new one begins, in which every tablet reads from
the start and hands in what it did in the last 30 days once more.

Invariants
    * Two that notice at the same moment begin one new history.
    * A device that lies about its cursor cannot make everybody start over again and again:
      without an operator, a history begins once a day at most.
"""

from __future__ import annotations

from collections.abc import Callable

from server.store import SqlStore
from sync.stamps import base32

__all__ = ["AGAIN_MS", "begin", "begin_unasked"]

AGAIN_MS = 86_400_000


def begin(store: SqlStore, *, now_ms: int, draw: Callable[[int], int]) -> None:
    """Begin a new history, because an operator says so."""
    with store.write() as tx:
        tx.claim("restored", now_ms=now_ms, every_ms=0)
        tx.set_epoch(base32(draw, 8))


def begin_unasked(store: SqlStore, *, seen: str, now_ms: int, draw: Callable[[int], int]) -> bool:
    """Begin a new history in place of ``seen``; whether another than that holds now."""
    with store.write() as tx:
        if tx.epoch() != seen:
            return True
        if not tx.claim("restored", now_ms=now_ms, every_ms=AGAIN_MS):
            return False
        tx.set_epoch(base32(draw, 8))
    return True
