"""Sessions that write credentials, beside the ledger's writers in the same database.

SQLite has one writer at a time, and the ledger's writers queue at a lock instead of
trying again and again. Whoever writes a token or an audit entry joins that queue;
otherwise a busy afternoon of exchanges would starve a sign-in.

Invariants
    * The write lock is held before anything is read, so nothing read goes stale.
    * What a ``with`` block did is committed at its end, or not at all.

It must not be held while anything slow is done: no password is hashed inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from sqlalchemy.orm import Session

from server.store import FAILURES, Busy, SqliteStore, SqlStore, is_busy

__all__ = ["reading", "taking_turns", "writing"]


def taking_turns(store: SqlStore) -> AbstractContextManager[None]:
    """The queue of a SQLite database's writers; PostgreSQL lets many write at once."""
    return store.writing_alone() if isinstance(store, SqliteStore) else nullcontext()


@contextmanager
def writing(store: SqlStore) -> Iterator[Session]:
    """A session on the store's database that may write; committed at the end.

    Raises ``Busy`` where it met another's, as the store does.
    """
    engine = store.engine.execution_options(begin="BEGIN IMMEDIATE")
    try:
        with (
            taking_turns(store),
            Session(engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session
    except FAILURES as error:
        if is_busy(error):
            raise Busy(str(error)) from error
        raise


@contextmanager
def reading(store: SqlStore) -> Iterator[Session]:
    """A session that only reads."""
    with Session(store.engine, expire_on_commit=False) as session:
        yield session
