"""A replica's storage in SQLite: a worker's copy on a tablet that loses power.

A replica holds ten thousand households on a slow card, and each change of a page, an
ack or an edit must be whole or absent. One transaction for each block does that;
sets go in and out in one statement each.

It opens no file and takes no connection of its own: the caller hands one in, for this
storage alone.

>>> import sqlite3
>>> storage = SqliteStorage(sqlite3.connect(":memory:"))
>>> with storage.write() as shelf:
...     shelf.set_meta("device", "k7m2p9q4")
>>> with storage.read() as shelf:
...     shelf.meta("device")
'k7m2p9q4'
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sync.replica_storage import PENDING, Entry, FeedRow, Shelf, State, Stored
from sync.store import JSON, Codec

__all__ = ["SqliteStorage"]

_VERSION = 1

_SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE feed (
    name TEXT PRIMARY KEY, cursor TEXT, round INTEGER NOT NULL, resetting INTEGER NOT NULL,
    evicted INTEGER NOT NULL, live INTEGER NOT NULL, sum INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE member (
    feed TEXT NOT NULL, record TEXT NOT NULL, round INTEGER NOT NULL, PRIMARY KEY (feed, record)
) WITHOUT ROWID;
CREATE INDEX member_record ON member (record);
CREATE TABLE homeless (record TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE layout (id INTEGER PRIMARY KEY, keys TEXT NOT NULL UNIQUE);
CREATE TABLE base (
    record TEXT PRIMARY KEY, type TEXT NOT NULL, layout INTEGER NOT NULL, head TEXT NOT NULL,
    seen TEXT NOT NULL, deleted INTEGER NOT NULL, row TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX base_type ON base (type, record);
CREATE INDEX base_unseen ON base (record) WHERE seen <> head;
CREATE TABLE operation (
    stamp TEXT PRIMARY KEY, record TEXT NOT NULL, type TEXT NOT NULL, state TEXT NOT NULL,
    body TEXT NOT NULL, answer TEXT, answered_ms INTEGER
) WITHOUT ROWID;
CREATE INDEX operation_state ON operation (state, stamp);
CREATE INDEX operation_pending ON operation (record) WHERE state <> 'acknowledged';
CREATE TABLE alias (record TEXT PRIMARY KEY, into_record TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = {_VERSION};
"""

_TABLES = ("meta", "feed", "member", "homeless", "layout", "base", "operation", "alias")
_GIVEN = "IN (SELECT value FROM json_each(?))"
_ENTRY = "stamp, record, state, body, answer, answered_ms"
_BASE = "record, type, keys, row, deleted, seen"


class SqliteStorage:
    """Keeps ``ReplicaStorage`` in one SQLite database."""

    def __init__(self, connection: sqlite3.Connection, *, codec: Codec = JSON) -> None:
        """Takes over ``connection``; makes the tables if the database is empty.

        ``codec`` writes and reads the JSON in it; who runs many tablets has a faster one.
        Raises ``ValueError`` if the database was made by a newer program.
        """
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # what left this tablet is overwritten
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise ValueError("this replica was made by a newer version of the app")
        if version == 0:
            connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        self._connection = connection
        self._shelf = _SqliteShelf(connection, codec)

    @contextmanager
    def read(self) -> Iterator[Shelf]:
        """See ``ReplicaStorage.read``. Inside a ``write`` block it sees that block's changes."""
        if self._connection.in_transaction:
            yield self._shelf
            return
        self._connection.execute("BEGIN")
        try:
            yield self._shelf
        finally:
            self._connection.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[Shelf]:
        """See ``ReplicaStorage.write``."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._shelf
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            self._shelf.forget_layouts()
            raise


class _SqliteShelf:
    """The statements."""

    def __init__(self, connection: sqlite3.Connection, codec: Codec) -> None:
        self._all = connection.execute
        self._many = connection.executemany
        self._dumps, self._loads = codec
        self._layouts: dict[tuple[str, ...], int] = {}
        self._read_keys: dict[str, tuple[str, ...]] = {}

    def forget_layouts(self) -> None:
        """After a rollback, what was remembered of the table may not be in it."""
        self._layouts.clear()

    def meta(self, key: str) -> Any:
        found = self._all("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return self._loads(found[0]) if found else None

    def set_meta(self, key: str, value: Any) -> None:
        self._all("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, self._text(value)))

    # Feeds

    def feeds(self) -> dict[str, FeedRow]:
        rows = self._all("SELECT * FROM feed ORDER BY name").fetchall()
        return {row[0]: _feed(*row) for row in rows}

    def feed(self, name: str) -> FeedRow | None:
        found = self._all("SELECT * FROM feed WHERE name = ?", (name,)).fetchone()
        return _feed(*found) if found else None

    def save_feed(self, feed: FeedRow) -> None:
        self._all("INSERT OR REPLACE INTO feed VALUES (?, ?, ?, ?, ?, ?, ?)", feed)

    def drop_feed(self, name: str) -> None:
        self._all("DELETE FROM feed WHERE name = ?", (name,))

    def feeds_of(self, records: Collection[str]) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        if not records:
            return {}
        query = f"SELECT record, feed FROM member WHERE record {_GIVEN}"
        for record, feed in self._all(query, (self._text(list(records)),)):
            found.setdefault(record, set()).add(feed)
        return {record: frozenset(feeds) for record, feeds in found.items()}

    def members(self, feed: str, *, before_round: int | None = None) -> list[str]:
        query = "SELECT record FROM member WHERE feed = ? AND round < ? ORDER BY record"
        limit = before_round if before_round is not None else 1 << 62
        return [record for (record,) in self._all(query, (feed, limit))]

    def join(self, feed: str, records: Iterable[str], *, round_: int) -> None:
        joining = list(records)
        if not joining:
            return
        self._many(
            "INSERT OR REPLACE INTO member VALUES (?, ?, ?)",
            [(feed, record, round_) for record in joining],
        )
        self._all(f"DELETE FROM homeless WHERE record {_GIVEN}", (self._text(joining),))

    def leave(self, feed: str, records: Collection[str]) -> None:
        if not records:
            return
        given = self._text(list(records))
        gone = self._all(
            f"DELETE FROM member WHERE feed = ? AND record {_GIVEN} RETURNING record", (feed, given)
        ).fetchall()
        self._all(
            f"INSERT OR IGNORE INTO homeless SELECT value FROM json_each(?) WHERE value NOT IN "
            f"(SELECT record FROM member WHERE record {_GIVEN})",
            (self._text([record for (record,) in gone]), given),
        )

    def homeless(self) -> list[str]:
        return [record for (record,) in self._all("SELECT record FROM homeless ORDER BY record")]

    # Base rows

    def rows(self, records: Collection[str]) -> dict[str, Stored]:
        if not records:
            return {}
        query = f"SELECT {_BASE} FROM base JOIN layout ON id = layout WHERE record {_GIVEN}"
        return {
            record: Stored(
                record, type_name, self._keys(keys), self._loads(row), bool(deleted), seen
            )
            for record, type_name, keys, row, deleted, seen in self._all(
                query, (self._text(list(records)),)
            )
        }

    def heads(self, records: Collection[str]) -> dict[str, str]:
        if not records:
            return {}
        query = f"SELECT record, head FROM base WHERE NOT deleted AND record {_GIVEN}"
        return dict(self._all(query, (self._text(list(records)),)).fetchall())

    def records(self, type_name: str) -> list[str]:
        query = "SELECT record FROM base WHERE type = ? ORDER BY record"
        return [record for (record,) in self._all(query, (type_name,))]

    def unseen(self) -> list[str]:
        query = "SELECT record FROM base WHERE seen <> head ORDER BY record"
        return [record for (record,) in self._all(query)]

    def save_rows(self, rows: Iterable[Stored]) -> None:
        self._many(
            "INSERT OR REPLACE INTO base VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    one.record,
                    one.type,
                    self._layout(one.keys),
                    one.head,
                    one.seen,
                    one.deleted,
                    self._text(one.row),
                )
                for one in rows
            ],
        )

    def drop_rows(self, records: Collection[str]) -> None:
        if not records:
            return
        given = (self._text(list(records)),)
        self._all(f"DELETE FROM base WHERE record {_GIVEN}", given)
        self._all(f"DELETE FROM homeless WHERE record {_GIVEN}", given)

    def _layout(self, keys: tuple[str, ...]) -> int:
        """The number under which a list of keys is kept once."""
        known = self._layouts.get(keys)
        if known is None:
            text = self._text(keys)
            self._all("INSERT OR IGNORE INTO layout (keys) VALUES (?)", (text,))
            found = self._all("SELECT id FROM layout WHERE keys = ?", (text,)).fetchone()
            known = self._layouts[keys] = int(found[0])
        return known

    # Own operations

    def save_entries(self, entries: Iterable[Entry]) -> None:
        self._many(
            "INSERT OR REPLACE INTO operation VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    one.stamp,
                    one.record,
                    one.body["type"],
                    one.state,
                    self._text(one.body),
                    None if one.answer is None else self._text(one.answer),
                    one.answered_ms,
                )
                for one in entries
            ],
        )

    def drop_entries(self, stamps: Collection[str]) -> None:
        self._all(f"DELETE FROM operation WHERE stamp {_GIVEN}", (self._text(list(stamps)),))

    def entries(self, stamps: Collection[str]) -> dict[str, Entry]:
        if not stamps:
            return {}
        query = f"SELECT {_ENTRY} FROM operation WHERE stamp {_GIVEN} ORDER BY stamp"
        return {row[0]: self._entry(row) for row in self._all(query, (self._text(list(stamps)),))}

    def pending(self, records: Collection[str]) -> dict[str, list[Entry]]:
        if not records:
            return {}
        query = (
            f"SELECT {_ENTRY} FROM operation "
            f"WHERE state <> 'acknowledged' AND record {_GIVEN} ORDER BY stamp"
        )
        found: dict[str, list[Entry]] = {}
        for row in self._all(query, (self._text(list(records)),)):
            found.setdefault(row[1], []).append(self._entry(row))
        return found

    def pending_records(self, type_name: str) -> list[str]:
        query = (
            "SELECT DISTINCT record FROM operation "
            "WHERE state <> 'acknowledged' AND type = ? ORDER BY record"
        )
        return [record for (record,) in self._all(query, (type_name,))]

    def in_state(self, *states: State, limit: int | None = None) -> list[Entry]:
        # One state is read in the order of the index; of several, all are read and sorted.
        marks = ", ".join("?" for _ in states)
        query = f"SELECT {_ENTRY} FROM operation WHERE state IN ({marks}) ORDER BY stamp LIMIT ?"
        found = self._all(query, (*states, -1 if limit is None else limit)).fetchall()
        return [self._entry(row) for row in found]

    def count(self, state: State) -> int:
        found = self._all("SELECT count(*) FROM operation WHERE state = ?", (state,)).fetchone()
        return int(found[0])

    def forget(self, *, before_ms: int) -> None:
        self._all(
            "DELETE FROM operation WHERE state = 'acknowledged' AND coalesce(answered_ms, 0) < ?",
            (before_ms,),
        )

    # Aliases

    def aliases(self) -> dict[str, str]:
        return dict(self._all("SELECT record, into_record FROM alias").fetchall())

    def save_alias(self, record: str, into: str) -> None:
        self._all("INSERT OR REPLACE INTO alias VALUES (?, ?)", (record, into))

    def drop_alias(self, record: str) -> None:
        self._all("DELETE FROM alias WHERE record = ?", (record,))

    def wipe(self) -> None:
        for table in _TABLES:
            self._all(f"DELETE FROM {table}")
        self._layouts.clear()

    # JSON

    def _keys(self, text: str) -> tuple[str, ...]:
        """A list of keys from its text; there are few, and every row has one."""
        known = self._read_keys.get(text)
        if known is None:
            known = self._read_keys[text] = tuple(self._loads(text))
        return known

    def _entry(self, row: tuple[Any, ...]) -> Entry:
        stamp, record, state, body, answer, answered_ms = row
        told = None if answer is None else self._loads(answer)
        return Entry(stamp, record, state, self._loads(body), told, answered_ms)

    def _text(self, value: Any) -> str:
        return self._dumps(value).decode()


def _feed(
    name: str, cursor: str | None, round_: int, resetting: int, evicted: int, live: int, total: int
) -> FeedRow:
    return FeedRow(name, cursor, round_, bool(resetting), bool(evicted), live, total)


assert set(PENDING) == {"waiting", "arriving", "held", "rejected"}  # the partial index says so
