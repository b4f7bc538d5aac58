"""Snapshots over a driver's cursor, the same for both databases.

What is hard is to cost what changed, not what exists: everything is read by sets,
by keys in whose order it lies, and what many transactions need of feeds' names is
kept by the process.

Invariants
    * What another transaction might still roll back never gets into the shared
      cache of feeds' keys.

This module opens and ends no transaction: ``sqlite`` and ``postgres`` do.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table

from server.store.projections import projectors_of
from server.store.statements import Statements
from server.store.tables import CONFLICT, HELD, OPERATION
from sync.catalogue import Catalogue
from sync.record import Record
from sync.store import Codec, Conflict, Entry, FeedState, StoredOperation, Stray

__all__ = ["NO_FEED", "Shared", "Snapshot"]

NO_FEED = 0
"""The key of a home feed for records that are in no feed."""


def _columns(letter: str, table: Table) -> str:
    return ", ".join(f'{letter}."{column.name}"' for column in table.columns)


@cache
def _texts(sql: Statements) -> dict[str, str]:
    """The read statements. In all of them every table has one letter."""
    texts = _reads(sql)
    locks = {
        "keys_locked": sql.lock_keys,
        "ids_locked": sql.lock_ids,
        "ids_shared": sql.share_ids,
    }
    return texts | {name: text for name, text in locks.items() if text}


def _reads(sql: Statements) -> dict[str, str]:
    operation = _columns("o", OPERATION)
    conflict = _columns("c", CONFLICT)
    held = _columns("h", HELD)
    record = 'r."id", r."type", r."tail", r."deleted", r."row", r."feed", r."into"'
    p, among, keys = sql.mark, sql.among, sql.among_keys
    return {
        "epoch": """SELECT "value" FROM "meta" WHERE "name" = 'epoch'""",
        "feeds": 'SELECT "name", "key", "seq", "count", "sum", "purged" FROM "feed" '
        f'WHERE "name" {among}',
        "ends": f'SELECT "key", "seq", "count", "sum" FROM "feed" WHERE "key" {keys} '
        f'ORDER BY "key" {sql.lock}',
        "entries": 'SELECT e."seq", e."record", e."state", r."type", r."head", '
        """CASE WHEN e."state" = 'live' THEN r."row" WHEN e."state" IN ('merged', 'alias') """
        f"""THEN {sql.as_bytes.format('r."into"')} END """
        'FROM "entry" e LEFT JOIN "record" r ON r."feed" = e."home" AND r."id" = e."record" '
        f'WHERE e."feed" = {p} AND e."seq" > {p} ORDER BY e."seq" LIMIT {p}',
        "heads": f'SELECT "id", "type", "head" FROM "record" WHERE "id" {among}',
        "operations": f'SELECT {operation} FROM "operation" o WHERE o."stamp" {among}',
        "about": f'SELECT {operation} FROM "operation" o WHERE o."record" {among} '
        'ORDER BY o."stamp"',
        "records": f'SELECT {record} FROM "record" r WHERE r."id" {among}',
        "records_locked": f'SELECT {record} FROM "record" r WHERE r."id" {among} '
        f'ORDER BY r."id" {sql.lock}',
        "conflicts": f'SELECT {conflict} FROM "conflict" c WHERE c."id" {among}',
        "open": f'SELECT "id" FROM "conflict" WHERE "record" = {p} AND "closed" IS NULL '
        'ORDER BY "id"',
        "history": 'WITH RECURSIVE past(n, stamp) AS (SELECT 0, r."tail" FROM "record" r '
        f'WHERE r."id" = {p} UNION ALL SELECT past.n + 1, o."prev" FROM past JOIN "operation" o '
        f'ON o."stamp" = past.stamp WHERE o."prev" IS NOT NULL AND past.stamp <> {p}) '
        f'SELECT {operation} FROM past JOIN "operation" o ON o."stamp" = past.stamp '
        "ORDER BY past.n",
        "waiting": f'SELECT {held} FROM "held" h WHERE h."needs" {among} ORDER BY h."stamp"',
        "held": f'SELECT {held} FROM "held" h WHERE h."stamp" {among}',
        "sharing": f'SELECT "key", "record" FROM "identity" WHERE "key" {keys} '
        'ORDER BY "key", "record"',
        "group": f'SELECT {held} FROM "held" h WHERE h."group" = {p} ORDER BY h."stamp"',
        "due": f'SELECT {held} FROM "held" h WHERE h."code" = {p} AND h."since" < {p} '
        f'ORDER BY h."since", h."stamp" LIMIT {p}',
        "strays": 'SELECT "record", "feed", "into", "stamp" FROM "stray" '
        f'WHERE "record" {among} ORDER BY "record", "feed"',
        "merged_into": f'SELECT DISTINCT "record" FROM "stray" WHERE "into" = {p} '
        'ORDER BY "record"',
        "after": f'SELECT "record" FROM "entry" WHERE "feed" = {p} AND "seq" > {p}',
        "after_among": 'SELECT "record" FROM "entry" '
        f'WHERE "feed" = {p} AND "record" {among} AND "seq" > {p}',
        "placed": 'SELECT f."name", e."record", e."seq", e."state" '
        'FROM "feed" f JOIN "entry" e ON e."feed" = f."key" '
        f'WHERE f."name" {among} AND e."record" {among}',
    }


class Shared:
    """What all transactions of one store share: catalogue, codec, statements, feeds' keys."""

    def __init__(self, catalogue: Catalogue, codec: Codec, sql: Statements) -> None:
        self.catalogue = catalogue
        self.codec = codec
        self.sql = sql
        self.texts = _texts(sql)
        self.projectors = projectors_of(catalogue)
        self.feed_keys: dict[str, int] = {"": NO_FEED}


class Snapshot:
    """A read transaction. ``cursor`` is the driver's, for other queries in the same snapshot."""

    def __init__(self, shared: Shared, cursor: Any) -> None:
        self.cursor = cursor
        self.shared = shared
        self._catalogue = shared.catalogue
        self._dumps, self._loads = shared.codec
        self._sql = shared.sql
        self._texts = shared.texts
        self._new_keys: dict[str, int] = {}

    def rows(self, name: str, *parameters: Any) -> list[Any]:
        """The rows that one of the named statements finds."""
        self.cursor.execute(self._texts[name], parameters)
        found: list[Any] = self.cursor.fetchall()
        return found

    def among(self, name: str, values: Collection[Any]) -> list[Any]:
        """The rows that a named statement finds for a set."""
        return self.rows(name, self._sql.set(values)) if values else []

    def epoch(self) -> str:
        """The mark of this server's history."""
        return str(self.rows("epoch")[0][0])

    def feeds(self, names: Collection[str]) -> dict[str, FeedState]:
        """The state of feeds; one that never held anything is absent."""
        found = {}
        for name, key, seq, count, total, purged in self.among("feeds", names):
            self._new_keys[name] = key
            if seq:
                found[name] = FeedState(seq, count, total, purged)
        return found

    def entries(self, feed: str, *, after: int, limit: int) -> list[Entry]:
        """Up to ``limit`` entries of a feed with ``seq`` above ``after``, in order."""
        key = self._keys([feed]).get(feed)
        if key is None:
            return []
        rows = self.rows("entries", key, after, limit)
        # The home of an entry that left is where the record went then; it may have gone on.
        strays = [at for at, row in enumerate(rows) if row[3] is None]
        if strays:
            heads = {row[0]: row for row in self.among("heads", [rows[at][1] for at in strays])}
            for at in strays:
                seq, record, state, *_ = rows[at]
                rows[at] = (seq, record, state, *heads[record][1:], None)
        return list(map(Entry._make, rows))

    def operations(self, stamps: Collection[str]) -> dict[str, StoredOperation]:
        """Operations by stamp; unknown stamps are absent."""
        return {row[0]: self._operation(row) for row in self.among("operations", stamps)}

    def records(self, ids: Collection[str]) -> dict[str, Record]:
        """Records by id, deleted ones too; unknown ids are absent."""
        catalogue, loads = self._catalogue, self._loads
        return {
            record: Record.from_row(
                loads(row), catalogue[kind], tail=tail, deleted=bool(deleted), into=into
            )
            for record, kind, tail, deleted, row, _, into in self.among("records", ids)
        }

    def conflicts(self, ids: Collection[str]) -> dict[str, Conflict]:
        """Conflicts by id, closed ones too."""
        loads = self._loads
        found = {}
        for row in self.among("conflicts", ids):
            conflict = found[row[0]] = Conflict(*row[:-1])
            conflict.fields = loads(row[-1])
        return found

    def history(self, record: str, *, until: str | None = None) -> list[StoredOperation]:
        """The operations about a record, newest first, down to and with ``until``."""
        return [self._operation(row) for row in self.rows("history", record, until or "")]

    def referring(self, type_name: str, field: str, record: str) -> list[str]:
        """The ids of live records of a type whose ``field`` names ``record``.

        Where the field is not projected, every record of the type is read.
        """
        projector = self.shared.projectors.get(type_name)
        if projector is None or field not in projector.names:
            place = self._catalogue[type_name].keys.index(field)
            self.cursor.execute(
                f'SELECT "id", "row" FROM "record" WHERE "type" = {self._sql.mark} '  # nosec B608
                'AND NOT "deleted" ORDER BY "id"',
                (type_name,),
            )
            rows = self.cursor.fetchall()
            return [one for one, row in rows if self._loads(row)[place] == record]
        table, mark = projector.table.name, self._sql.mark
        self.cursor.execute(
            f'SELECT "id" FROM "{table}" WHERE "{field}" = {mark} ORDER BY "id"',  # nosec B608 - declared names
            (record,),
        )
        return [row[0] for row in self.cursor.fetchall()]

    def strays(self, records: Collection[str]) -> list[Stray]:
        """What is known of ids that name no live record, by record and feed."""
        return [Stray._make(row) for row in self.among("strays", records)]

    def merged_into(self, record: str) -> list[str]:
        """The ids of the records for which ``record`` itself stands."""
        return [row[0] for row in self.rows("merged_into", record)]

    def _operation(self, row: Sequence[Any]) -> StoredOperation:
        members = list(row)
        members[7] = bool(row[7])
        if row[-2] is not None:
            members[-2] = self._loads(row[-2])
        members[-1] = self._loads(row[-1])
        return StoredOperation._make(members)

    def _keys(self, names: Collection[str]) -> dict[str, int]:
        """Name → key of the feeds that exist."""
        shared, own = self.shared.feed_keys, self._new_keys
        unknown = [name for name in names if name not in shared and name not in own]
        if unknown:
            own.update((row[0], row[1]) for row in self.among("feeds", unknown))
        return {
            name: shared[name] if name in shared else own[name]
            for name in names
            if name in shared or name in own
        }

    def ended(self) -> None:
        """Called once the transaction has ended well: what it learnt of keys will stay true."""
        if self._new_keys:
            self.shared.feed_keys.update(self._new_keys)
