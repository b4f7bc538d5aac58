"""The ledger as one request reads it: one connection, one snapshot, closed at its end.

A page asks many small things. They must not see two states of the county, and must
not hold a transaction while a browser on a slow line drinks the answer.

Invariants
    * Within one request every read sees the same snapshot, until ``finish``.
    * Nothing stays open after the view has answered, nor while the door writes.

``note`` writes to the audit log, which is no record; nothing else here writes.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, cast

from flask import Flask, g
from sqlalchemy import Connection, Table
from sqlalchemy.orm import Session

from server.accounts import audit
from server.accounts.sessions import reading, writing
from server.console.titles import Titles
from server.services import Services, services
from server.store.tables import PROJECTED
from sync.catalogue import RecordType
from sync.record import Record
from sync.store import Conflict, Reading

__all__ = [
    "accounts",
    "catalogue_type",
    "conflict",
    "connection",
    "finish",
    "install",
    "note",
    "now_ms",
    "record",
    "restricted_of",
    "snapshot",
    "stood_for",
    "table",
    "titles",
]


def _stack() -> ExitStack:
    if "ledger" not in g:
        g.ledger = ExitStack()
    return cast(ExitStack, g.ledger)


def _held(name: str, make: Any) -> Any:
    if name not in g:
        setattr(g, name, _stack().enter_context(make()))
    return g.get(name)


def connection() -> Connection:
    """A connection for queries over projections."""
    return cast(Connection, _held("ledger_connection", services().store.engine.connect))


def accounts() -> Session:
    """A session that reads accounts and devices."""
    return cast(Session, _held("ledger_accounts", lambda: reading(services().store)))


def snapshot() -> Reading:
    """The store's snapshot: rows, histories, conflicts."""
    return cast(Reading, _held("ledger_snapshot", services().store.read))


def titles() -> Titles:
    """What people call the records of this request."""
    if "ledger_titles" not in g:
        g.ledger_titles = Titles(snapshot())
    return cast(Titles, g.ledger_titles)


def finish() -> None:
    """Close what this request has open, before a write or at the end."""
    for name in ("ledger_accounts", "ledger_connection", "ledger_snapshot", "ledger_titles"):
        g.pop(name, None)
    stack = g.pop("ledger", None)
    if stack is not None:
        stack.close()


def note(what: str, *, about: str | None = None, purpose: str | None = None, user: str) -> None:
    """Add to the audit log, at once and whatever becomes of the request."""
    finish()
    with writing(services().store) as session:
        audit.note(session, what, now_ms=now_ms(), user=user, about=about, purpose=purpose)


def install(app: Flask) -> None:
    """Close the ledger when a request of this application ends."""
    app.teardown_request(lambda _error: finish())


def now_ms() -> int:
    """The server's clock."""
    found: Services = services()
    return found.now_ms()


def table(name: str) -> Table:
    """The projection of a record type."""
    return PROJECTED[name]


def catalogue_type(name: str) -> RecordType:
    """A record type."""
    return services().catalogue[name]


def record(record_id: str) -> Record | None:
    """A record by its id, deleted or not."""
    return snapshot().records([record_id]).get(record_id)


def restricted_of(resident: str, feed: str) -> Record | None:
    """The restricted record of a resident, if it lies in ``feed``."""
    ids = snapshot().referring("resident_restricted", "resident", resident)
    for found in snapshot().records(ids).values():
        if not found.deleted and feed in found.feeds():
            return found
    return None


def stood_for(record_id: str) -> list[str]:
    """A record's id, and the ids of those that were merged into it, one after the other."""
    ids = [record_id]
    for one in ids:
        ids += snapshot().merged_into(one)
    return ids


def conflict(conflict_id: str) -> Conflict | None:
    """A conflict by its id, open or closed."""
    return snapshot().conflicts([conflict_id]).get(conflict_id)
