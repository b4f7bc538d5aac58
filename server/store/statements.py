"""The text of the hot statements, for SQLite and for PostgreSQL.

SQLAlchemy owns the schema and the pool; the statements that every exchange runs
go straight to the driver's cursor, because building one by SQLAlchemy costs more
than running it. Sets are read by one statement and written by one: SQLite takes a
set as a JSON text and writes by ``executemany``; PostgreSQL takes arrays.

Invariants
    * Every identifier is quoted: ``user``, ``grant`` and ``row`` are words of SQL.
    * A written set names each key once.

>>> from server.store.tables import FEED
>>> SQLITE.update(FEED, ("seq",), ("key",))
'UPDATE "feed" SET "seq" = ? WHERE "key" = ?'
>>> POSTGRES.delete(FEED, ("key",))
'DELETE FROM "feed" t USING unnest(%b::bigint[]) AS u("key") WHERE t."key" = u."key"'
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, Protocol

from sqlalchemy import BigInteger, Boolean, Float, Integer, LargeBinary, Table

from server.store.codec import dumps

__all__ = [
    "POSTGRES",
    "SQLITE",
    "PostgresStatements",
    "SqliteStatements",
    "Statements",
    "for_driver",
    "quoted",
]

Names = tuple[str, ...]


def quoted(names: Sequence[str]) -> str:
    """Identifiers, quoted, between commas."""
    return ", ".join(f'"{name}"' for name in names)


def for_driver(cursor: Any, text: str) -> str:
    """A statement that is written with question marks, as a cursor's driver reads it.

    For statements that hold no other question mark.
    """
    return text if type(cursor).__module__ == "sqlite3" else _formatted(text)


@cache
def _formatted(text: str) -> str:
    return text.replace("?", "%s")


class Statements(Protocol):
    """What differs between the two databases. There is one of each, and it never changes."""

    def __hash__(self) -> int: ...

    mark: str
    """The mark of one parameter."""
    among: str
    """``column {among}``: the column is in a set of texts."""
    among_keys: str
    """``column {among_keys}``: the column is in a set of whole numbers."""
    lock: str
    """What locks the rows that a read finds, in the order of the column named."""

    lock_keys: str
    """What makes those who ask for one of a set of keys wait; empty where writers take turns."""
    lock_ids: str
    """What makes those who ask what stands for one of a set of ids wait, one and all."""
    share_ids: str
    """What makes whoever asks with ``lock_ids`` wait, and nobody else."""

    as_bytes: str
    """A text as the bytes of its UTF-8."""

    lock_table: str
    """What keeps other writers of a table away; empty where there are none."""

    def set(self, values: Collection[Any]) -> Any:
        """A set as the parameter that ``among`` takes."""
        ...

    def insert(self, table: Table, columns: Names) -> str:
        """New rows."""
        ...

    def insert_missing(self, table: Table, columns: Names) -> str:
        """New rows, but for those whose key is taken."""
        ...

    def upsert(self, table: Table, columns: Names, key: Names) -> str:
        """New rows, or new values for those that have the key."""
        ...

    def replace(self, table: Table, columns: Names, key: Names) -> str:
        """As ``upsert``, for rows that are given whole, all columns of them."""
        ...

    def update(self, table: Table, columns: Names, key: Names) -> str:
        """New values of ``columns``; a row of parameters has them first, then the key."""
        ...

    def delete(self, table: Table, key: Names) -> str:
        """Rows by key."""
        ...

    def run(self, cursor: Any, text: str, rows: Sequence[Sequence[Any]]) -> None:
        """Write a set of rows by one of the statements above."""
        ...


def _replacing(columns: Names, key: Names) -> str:
    changed = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in key)
    return f" ON CONFLICT ({quoted(key)}) DO UPDATE SET {changed}"


class SqliteStatements:
    """SQLite: sets as JSON, writes row by row without leaving C."""

    mark = "?"
    among = "IN (SELECT value FROM json_each(?))"
    among_keys = among
    lock = ""
    lock_keys = lock_ids = share_ids = ""
    as_bytes = "CAST({} AS BLOB)"
    lock_table = ""

    def set(self, values: Collection[Any]) -> str:
        return dumps(list(values)).decode("utf-8", "replace")

    @cache  # noqa: B019 - there is one instance, which lives as long as the process
    def insert(self, table: Table, columns: Names) -> str:
        marks = ", ".join("?" for _ in columns)
        return f'INSERT INTO "{table.name}" ({quoted(columns)}) VALUES ({marks})'

    def insert_missing(self, table: Table, columns: Names) -> str:
        return f"{self.insert(table, columns)} ON CONFLICT DO NOTHING"

    @cache  # noqa: B019
    def upsert(self, table: Table, columns: Names, key: Names) -> str:
        return self.insert(table, columns) + _replacing(columns, key)

    def replace(self, table: Table, columns: Names, _key: Names) -> str:
        # Half the price of an upsert where the primary key changes: no look back, no second pass.
        return self.insert(table, columns).replace("INSERT", "INSERT OR REPLACE", 1)

    @cache  # noqa: B019
    def update(self, table: Table, columns: Names, key: Names) -> str:
        values = ", ".join(f'"{name}" = ?' for name in columns)
        return f'UPDATE "{table.name}" SET {values} WHERE {self._match(key)}'

    @cache  # noqa: B019
    def delete(self, table: Table, key: Names) -> str:
        return f'DELETE FROM "{table.name}" WHERE {self._match(key)}'

    def run(self, cursor: Any, text: str, rows: Sequence[Sequence[Any]]) -> None:
        cursor.executemany(text, rows)

    def _match(self, key: Names) -> str:
        return " AND ".join(f'"{name}" = ?' for name in key)


class PostgresStatements:
    """PostgreSQL: sets and written rows as arrays, one statement and one answer each."""

    mark = "%b"
    among = "= ANY(%b::text[])"
    among_keys = "= ANY(%b::bigint[])"
    lock = "FOR UPDATE"
    # A thousand locks stand for all keys: an import takes thousands at once, and PostgreSQL has
    # room for a few thousand. Two whose keys share one wait for nothing, and seldom.
    lock_keys = (
        "SELECT pg_advisory_xact_lock(k) FROM "
        "(SELECT DISTINCT unnest(%b::bigint[]) & 1023 AS k ORDER BY 1) u"
    )
    _ids = (
        "SELECT pg_advisory_xact_lock{}(k) FROM (SELECT DISTINCT "
        "1024 + (hashtext(unnest(%b::text[])) & 255) AS k ORDER BY 1) u"
    )
    lock_ids, share_ids = _ids.format(""), _ids.format("_shared")
    as_bytes = "convert_to({}, 'UTF8')"
    lock_table = 'LOCK TABLE "{}" IN SHARE ROW EXCLUSIVE MODE'

    def set(self, values: Collection[Any]) -> list[Any]:
        return list(values)

    @cache  # noqa: B019
    def insert(self, table: Table, columns: Names) -> str:
        arrays = self._arrays(table, columns)
        return f'INSERT INTO "{table.name}" ({quoted(columns)}) SELECT * FROM unnest({arrays})'

    def insert_missing(self, table: Table, columns: Names) -> str:
        return f"{self.insert(table, columns)} ON CONFLICT DO NOTHING"

    @cache  # noqa: B019
    def upsert(self, table: Table, columns: Names, key: Names) -> str:
        return self.insert(table, columns) + _replacing(columns, key)

    def replace(self, table: Table, columns: Names, key: Names) -> str:
        return self.upsert(table, columns, key)

    @cache  # noqa: B019
    def update(self, table: Table, columns: Names, key: Names) -> str:
        # A key column may be among those that change: the new value needs another name.
        news = [f"new_{name}" for name in columns]
        arrays = self._arrays(table, (*columns, *key))
        values = ", ".join(f'"{name}" = u."{new}"' for name, new in zip(columns, news, strict=True))
        return (
            f'UPDATE "{table.name}" t SET {values} '
            f"FROM unnest({arrays}) AS u({quoted((*news, *key))}) WHERE {self._match(key)}"
        )

    @cache  # noqa: B019
    def delete(self, table: Table, key: Names) -> str:
        arrays = self._arrays(table, key)
        return (
            f'DELETE FROM "{table.name}" t USING unnest({arrays}) AS u({quoted(key)}) '
            f"WHERE {self._match(key)}"
        )

    def run(self, cursor: Any, text: str, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            cursor.execute(text, [list(column) for column in zip(*rows, strict=True)])

    def _match(self, key: Names) -> str:
        return " AND ".join(f't."{name}" = u."{name}"' for name in key)

    def _arrays(self, table: Table, columns: Names) -> str:
        return ", ".join(f"%b::{_array(table, name)}" for name in columns)


def _array(table: Table, name: str) -> str:
    kind = table.c[name].type
    if isinstance(kind, Boolean):
        return "boolean[]"
    if isinstance(kind, (BigInteger, Integer)):
        return "bigint[]"
    if isinstance(kind, Float):
        return "float8[]"
    return "bytea[]" if isinstance(kind, LargeBinary) else "text[]"


SQLITE, POSTGRES = SqliteStatements(), PostgresStatements()
