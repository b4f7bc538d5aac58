"""Devices at the door: whose token this is, and how the device is.

Every exchange starts here, a thousand times a second, so a token is worth one
query: device, user, role and every grant come with it, by primary keys alone. And
every exchange tells the device's status, which must not cost a write each: what
did not change is not written, and what did is written for many devices at once.

Invariants
    * A token is compared by its SHA-256; it is in no message and no log.
    * The first use of a new token retires the pairs that were issued before it, so that
      a stolen old one is worth nothing; but never on a device that may only hand in:
      there two hold a copy, and both must be able to.
    * A status is written when it changed, or after ``QUIET_MS``.

Nothing here decides what a reader may do: ``sync.scope`` does.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from server.accounts.tokens import digest
from server.store import FAILURES, Busy, SqlStore
from server.store.statements import for_driver
from sync.errors import Problem, Refusal
from sync.feeds import Grant
from sync.scope import SYSTEM, Reader

__all__ = [
    "Authenticated",
    "FirstUse",
    "Later",
    "StatusBook",
    "authenticate",
    "bearer",
    "by_timer",
    "note_first_use",
    "reader_by_id",
    "reader_of",
    "retire_older",
]

ENDED_GRANTS_MS = 400 * 86_400_000
"""Ended grants are told for as long as tombstones live."""

CLOCKS_APART_MS = 60_000
"""A grant given by another machine of ours counts at once, though its clock be a little ahead."""


class Cursor(Protocol):
    """A database driver's cursor."""

    def execute(self, sql: str, parameters: Any, /) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class FirstUse(NamedTuple):
    """A token that was not used before: ``retire_older`` has something to do."""

    hash: str
    device: str
    pair: str
    issued_at: int


class Authenticated(NamedTuple):
    """Who is there, and whether their token is new."""

    reader: Reader
    first_use: FirstUse | None


_OF_DEVICE = """
       d.id, d."user", d.revoked, d.suspended, d.hand_in_only, d.wipe, d.former,
       u.role, u.lang, u.active, g.id, g.feed, g.since, g.until
"""

_WITH_GRANTS = """
  LEFT JOIN p_user AS u ON u.id = d."user"
  LEFT JOIN "grant" AS g ON g."user" = d."user"
        AND g.since <= ? AND (g.until IS NULL OR g.until > ?)
"""

_AUTHENTICATE = f"""
SELECT t.kind, t.pair, t.issued_at, t.expires_at, t.used_at, t.retired_at, {_OF_DEVICE}
  FROM device_token AS t
  JOIN device AS d ON d.id = t.device {_WITH_GRANTS} WHERE t.hash = ?
"""

_BY_ID = f"SELECT {_OF_DEVICE} FROM device AS d {_WITH_GRANTS} WHERE d.id = ?"

_RETIRE = """
UPDATE device_token SET retired_at = ?
 WHERE device = ? AND pair <> ? AND issued_at <= ? AND retired_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM device WHERE id = ? AND hand_in_only)
"""

_USED = "UPDATE device_token SET used_at = ? WHERE hash = ? AND used_at IS NULL"

_STATUS = """
UPDATE device
   SET last_exchange = ?, offset_ms = ?, app_version = ?, outbox = ?, oldest_pending = ?,
       storage_used = ?, storage_quota = ?, battery = ?, last_error = ?, photos = ?
 WHERE id = ?
"""

_SUSPENDED = "SELECT suspended FROM device WHERE id = ?"
_ACTIVE = "SELECT active FROM p_user WHERE id = ?"


def bearer(authorization: str | None) -> str:
    """The token in an ``Authorization`` header. Raises ``no_token``.

    >>> bearer("Bearer yba_x")
    'yba_x'
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refusal(Problem("no_token"))
    return token.strip()


def authenticate(cursor: Cursor, token: str, *, now_ms: int) -> Authenticated:
    """The device of an access token, with every grant of its user, active and ended.

    Raises Refusal: ``token_unknown`` (also for a revoked device), ``token_expired`` (also
    for one that a newer token has retired: the device then refreshes).
    """
    hashed = digest(token)
    parameters = (now_ms + CLOCKS_APART_MS, now_ms - ENDED_GRANTS_MS, hashed)
    cursor.execute(for_driver(cursor, _AUTHENTICATE), parameters)
    rows = cursor.fetchall()
    if not rows:
        raise Refusal(Problem("token_unknown"))
    kind, pair, issued_at, expires_at, used_at, retired_at, device, _user, revoked = rows[0][:9]
    if kind != "access" or revoked:
        raise Refusal(Problem("token_unknown"))
    if retired_at is not None or expires_at <= now_ms:
        raise Refusal(Problem("token_expired"))
    reader = _reader([row[6:] for row in rows])
    first_use = None if used_at is not None else FirstUse(hashed, device, pair, issued_at)
    return Authenticated(reader, first_use)


def reader_by_id(cursor: Cursor, device: str, *, now_ms: int) -> Reader:
    """A device that is known, as ``authenticate`` gives it, whatever tokens it has.

    For work that another brought: the caller has seen that the device made it.
    """
    parameters = (now_ms + CLOCKS_APART_MS, now_ms - ENDED_GRANTS_MS, device)
    cursor.execute(for_driver(cursor, _BY_ID), parameters)
    return _reader(cursor.fetchall())


def _reader(rows: Sequence[Sequence[Any]]) -> Reader:
    """The reader of the columns ``_OF_DEVICE``, a row for each grant."""
    device, user, _, suspended, hand_in_only, wipe, former, role, lang, active = rows[0][:10]
    # Whoever left the service, or was deleted, gets nothing more; their work is looked at first.
    gone = role is None or (active is not None and not active)
    return Reader(
        device=device,
        user=user,
        role=role or "",
        lang=lang or "zh",
        grants=tuple(_grant(*row[10:]) for row in rows if row[10] is not None),
        suspended=bool(suspended) or gone,
        hand_in_only=bool(hand_in_only) or gone,
        wipe=bool(wipe),
        former_devices=frozenset(former.split()),
    )


def _grant(record: str, feed: str, since: int, until: int | None) -> Grant:
    """A grant; its generation is the end of the assignment's id, where a UUIDv7 is random."""
    return Grant(feed, record[-12:], since, until)


def retire_older(cursor: Cursor, first_use: FirstUse, *, now_ms: int) -> None:
    """Mark a token as used, and those issued before it as retired. The caller commits."""
    device = first_use.device
    parameters = (now_ms, device, first_use.pair, first_use.issued_at, device)
    cursor.execute(for_driver(cursor, _RETIRE), parameters)
    cursor.execute(for_driver(cursor, _USED), (now_ms, first_use.hash))


def reader_of(store: SqlStore, authorization: str | None, *, now_ms: int) -> Reader:
    """Who sent a request with this ``Authorization`` header. Raises Refusal.

    For doors that need no snapshot beside it; the first use of a token is noted.
    """
    token = bearer(authorization)
    with store.read() as snapshot:
        found = authenticate(snapshot.cursor, token, now_ms=now_ms)
    if found.first_use is not None:
        note_first_use(store, found.first_use, now_ms=now_ms)
    return found.reader


def note_first_use(store: SqlStore, first_use: FirstUse, *, now_ms: int) -> None:
    """``retire_older`` in a transaction of its own; if the store is busy, the next use does it."""
    with contextlib.suppress(Busy), store.write() as tx:
        retire_older(tx.cursor, first_use, now_ms=now_ms)


def is_suspended(cursor: Cursor, user: str, device: str) -> bool:
    """Whether a device was suspended, or its user left the service; whoever asks as the server
    has no device."""
    if user == SYSTEM.user:
        return False
    cursor.execute(for_driver(cursor, _SUSPENDED), (device,))
    if any(suspended for (suspended,) in cursor.fetchall()):
        return True
    cursor.execute(for_driver(cursor, _ACTIVE), (user,))
    return not any(active is None or active for (active,) in cursor.fetchall())


# Status --------------------------------------------------------------------------------------


class Status(NamedTuple):
    """What a device last told about itself, cleaned: columns of ``Device``, as in ``_STATUS``."""

    last_exchange: int
    offset_ms: int | None
    app_version: str | None
    outbox: int | None
    oldest_pending: int | None
    storage_used: int | None
    storage_quota: int | None
    battery: float | None
    last_error: str | None
    photos: int | None

    def rough(self) -> tuple[object, ...]:
        """What counts as a change: clocks, batteries and disks move a little all the time."""
        return (
            None if self.offset_ms is None else round(self.offset_ms / 5_000),
            self.app_version,
            self.outbox,
            self.oldest_pending,
            None if self.storage_used is None else self.storage_used >> 24,
            self.storage_quota,
            None if self.battery is None else round(self.battery, 1),
            self.last_error,
            self.photos,
        )


def read_status(told: object, *, offset_ms: int | None, now_ms: int) -> Status:
    """The ``status`` member of an exchange; what makes no sense in it is left out.

    >>> read_status({"outbox": 3, "battery": "full"}, offset_ms=0, now_ms=9).outbox
    3
    """
    status: Mapping[Any, Any] = told if isinstance(told, dict) else {}
    return Status(
        now_ms,
        _whole(offset_ms),
        _short(status.get("app_version"), 100),
        _whole(status.get("outbox")),
        _whole(status.get("oldest_pending")),
        _whole(status.get("storage_used")),
        _whole(status.get("storage_quota")),
        _share(status.get("battery")),
        _short(status.get("last_error"), 500),
        _whole(status.get("photos")),
    )


def _whole(value: object) -> int | None:
    return value if type(value) is int and abs(value) < 1 << 53 else None


def _share(value: object) -> float | None:
    """A battery level from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 1 else None


def _short(value: object, length: int) -> str | None:
    if not isinstance(value, str):
        return None
    return value[:length].replace("\0", "").encode("utf-8", "replace").decode()


Later = Callable[[float, Callable[[], None]], None]
"""``later(seconds, do)``: call ``do`` after that time."""


def by_timer(seconds: float, do: Callable[[], None]) -> None:
    """Call ``do`` later, in a thread that keeps no process alive."""
    timer = threading.Timer(seconds, do)
    timer.daemon = True
    timer.start()


class StatusBook:
    """What devices tell about themselves, on its way to the database.

    A quiet server writes a change at once; a busy one writes those of ``FLUSH_MS``
    together. Shared by the threads of a process. A status lost in a crash is told again
    by the next exchange after ``QUIET_MS`` at the latest.
    """

    QUIET_MS = 5 * 60_000
    FLUSH_MS = 1_000
    _DEVICES_MAX = 100_000

    def __init__(self, store: SqlStore, *, later: Later = by_timer) -> None:
        self._store = store
        self._later = later
        self._lock = threading.Lock()
        self._written: dict[str, Status] = {}
        self._pending: dict[str, Status] = {}
        self._flushed_ms = 0
        self._timer_runs = False

    def note_status(
        self, device: str, told: object, *, offset_ms: int | None, now_ms: int, last: bool = False
    ) -> None:
        """Take note of an exchange. Call it when the exchange's own transactions have ended.

        ``last``: the device was told to erase itself, so that nothing else will be heard of it.
        """
        status = read_status(told, offset_ms=offset_ms, now_ms=now_ms)
        with self._lock:
            known = self._pending.get(device) or self._written.get(device)
            if (
                known is not None
                and not last
                and known.rough() == status.rough()
                and now_ms - known.last_exchange < self.QUIET_MS
            ):
                return
            self._pending[device] = status
            at_once = now_ms - self._flushed_ms >= self.FLUSH_MS
            start = not at_once and not self._timer_runs
            self._timer_runs = self._timer_runs or start
            if at_once:
                self._flushed_ms = now_ms
        if at_once:
            self.flush()
        elif start:
            self._later(self.FLUSH_MS / 1_000, self._on_timer)

    def _on_timer(self) -> None:
        with self._lock:
            self._timer_runs = False
        self.flush()

    def flush(self) -> None:
        """Write what is pending. If the database is busy it stays pending for the next time."""
        with self._lock:
            pending, self._pending = self._pending, {}
        if not pending:
            return
        try:
            self._write(pending)
        except FAILURES:
            with self._lock:
                self._pending = {**pending, **self._pending}
            return
        with self._lock:
            if len(self._written) > self._DEVICES_MAX:
                self._written.clear()
            self._written.update(pending)

    def _write(self, pending: Mapping[str, Status]) -> None:
        rows = [(*status, device) for device, status in sorted(pending.items())]
        with self._store.write() as tx:
            tx.cursor.executemany(for_driver(tx.cursor, _STATUS), rows)
