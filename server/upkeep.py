"""Upkeep: what a server does by itself, once, however many processes it has.

Some things fall due though nobody asks: a change that waited five days for what it was
based on; tombstones that have outlived the horizon. Each process looks every minute, and
a mark in the database, taken in the transaction that does the work, lets one of them do it.

Invariants
    * What is due is done once, and what fails is tried again the next time. Where not even
      the failure could be noted, or the process was killed, that is an hour later.
    * Nothing here runs while somebody's exchange waits for it: each step is a transaction
      of its own, and a busy store is left alone until the next time.

>>> HORIZON_DAYS
400
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from server.store import Busy, SqlStore
from sync.authority import DUE_MAX, Authority

__all__ = ["HORIZON_DAYS", "Upkeep", "compact"]

HORIZON_DAYS = 400
"""So long tombstones live, unless a setting says otherwise."""

EVERY_MS = 60_000
DAILY_MS = 86_400_000
STEP_MS_MAX = 3_600_000
"""So long one process has a daily step for itself; then another may take it as failed."""

FIRST_S = 5.0

_log = logging.getLogger(__name__)


class Upkeep:
    """Does what has fallen due. Safe to share between threads."""

    def __init__(
        self,
        store: SqlStore,
        authority: Authority,
        *,
        now_ms: Callable[[], int],
        horizon_days: int = HORIZON_DAYS,
        daily: Sequence[Callable[[int], object]] = (),
    ) -> None:
        """``daily``: what else is done once a day, each told the time (ms)."""
        self._store = store
        self._authority = authority
        self._now_ms = now_ms
        self._horizon_ms = horizon_days * DAILY_MS
        self._daily = daily

    def tick(self) -> bool:
        """Do what is due, if it is this process's turn; whether it was."""
        now_ms = self._now_ms()
        try:
            with self._store.write() as tx:
                if not tx.claim("upkeep", now_ms=now_ms, every_ms=EVERY_MS):
                    return False
                released = len(self._authority.release_due(tx, now_ms=now_ms))
            while released == DUE_MAX:
                with self._store.write() as tx:
                    released = len(self._authority.release_due(tx, now_ms=now_ms))
            with self._store.write() as tx:
                if tx.claim("compaction", now_ms=now_ms, every_ms=DAILY_MS):
                    tx.mark_feeds(now_ms)
                    tx.compact(before_ms=now_ms - self._horizon_ms)
            for number, step in enumerate(self._daily):
                self._once_a_day(f"daily.{number}", step, now_ms)
        except Busy:
            return False
        return True

    def _once_a_day(self, name: str, step: Callable[[int], object], now_ms: int) -> None:
        """A step with transactions of its own: it is done when it has ended well."""
        with self._store.write() as tx:
            if not tx.claim(name, now_ms=now_ms, every_ms=DAILY_MS, for_ms=STEP_MS_MAX):
                return
        done_ms = 0
        try:
            step(now_ms)
            done_ms = now_ms
        finally:
            with self._store.write() as tx:
                tx.settle(name, done_ms)

    def start(self, *, sleep: Callable[[float], None] = time.sleep) -> threading.Thread:
        """Tick for as long as the process lives, in a thread that keeps it from nothing."""

        def run() -> None:
            sleep(FIRST_S)
            while True:
                self._try()
                sleep(EVERY_MS / 1_000)

        thread = threading.Thread(target=run, name="upkeep", daemon=True)
        thread.start()
        return thread

    def _try(self) -> None:
        try:
            self.tick()
        except Exception as error:  # The next time may go well; what it was is logged.
            _log.error("Upkeep failed: %s", type(error).__name__)


def compact(store: SqlStore, *, now_ms: int, horizon_days: int) -> int:
    """Purge what has outlived the horizon, now; answers how many entries that were."""
    with store.write() as tx:
        tx.mark_feeds(now_ms)
        return tx.compact(before_ms=now_ms - horizon_days * DAILY_MS)
