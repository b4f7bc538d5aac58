"""Whether what the ledger holds agrees with itself, and projections made anew.

Much is kept twice so that an exchange costs what changed: digests beside entries,
entries beside rows, projections beside both. All of it follows from the wire rows,
so that a difference can be found by computing it again, and says what is wrong.

Invariants
    * ``check`` changes nothing, and reads one snapshot in pages: other work goes on.
    * ``rebuild_projections`` writes what the rows say in one transaction, or nothing.

>>> from server.store import open_store
>>> check(open_store("sqlite://"))
[]
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from server.store import SqlStore
from server.store.projections import Projector
from server.store.snapshot import NO_FEED, Snapshot
from server.store.statements import quoted
from sync.record import DIGEST_MASK, Record, digest_part

__all__ = ["Finding", "check", "rebuild_projections"]

_PAGE = 2_000


class Finding(NamedTuple):
    """One thing that does not agree, in words."""

    zh: str
    en: str


class _Row(NamedTuple):
    """A record as stored, beside what its row says."""

    home: int
    id: str
    head: str
    tail: str
    state: Record


def check(store: SqlStore) -> list[Finding]:
    """Compare rows, entries, digests, operations and projections; nothing found, all is well."""
    with store.read() as snapshot:
        return _Check(snapshot).findings()


def rebuild_projections(store: SqlStore) -> int:
    """Write all projections anew from the rows. How many rows they have now."""
    written = 0
    with store.write() as tx:
        tx.alone_with("record")
        projectors = tx.shared.projectors
        for one_of_all in projectors.values():
            tx.cursor.execute(f'DELETE FROM "{one_of_all.table.name}"')
        for page in _records(tx):
            rows: dict[str, list[Any]] = defaultdict(list)
            for one in page:
                projector = projectors.get(one.state.spec.name)
                if projector is not None and not one.state.deleted:
                    row = projector.row(one.id, one.home, projector.picture(one.state.values))
                    rows[one.state.spec.name].append(row)
            for kind, new in rows.items():
                projector = projectors[kind]
                tx.run(tx.shared.sql.insert(projector.table, projector.columns), new)
                written += len(new)
    return written


def _records(snapshot: Snapshot) -> Iterator[list[_Row]]:
    """All records, in the order in which they lie."""
    mark, loads = snapshot.shared.sql.mark, snapshot.shared.codec.loads
    text = (
        'SELECT "feed", "id", "type", "head", "tail", "deleted", "row" FROM "record" '
        f'WHERE ("feed", "id") > ({mark}, {mark}) ORDER BY "feed", "id" LIMIT {_PAGE}'
    )
    place: tuple[Any, Any] = (-1, "")
    while True:
        snapshot.cursor.execute(text, place)
        rows = snapshot.cursor.fetchall()
        if not rows:
            return
        place = rows[-1][:2]
        catalogue = snapshot.shared.catalogue
        yield [
            _Row(home, one, head, tail, _state(loads(row), catalogue[kind], tail, deleted))
            for home, one, kind, head, tail, deleted, row in rows
        ]


def _state(row: Sequence[Any], spec: Any, tail: str, deleted: Any) -> Record:
    return Record.from_row(row, spec, tail=tail, deleted=bool(deleted))


class _Check:
    """One look over everything."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._shared = snapshot.shared
        self._found: list[Finding] = []
        self._keys: dict[str, int] = {}
        self._digests: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
        self._claims: dict[int, int] = defaultdict(int)
        self._projected: dict[str, int] = defaultdict(int)

    def findings(self) -> list[Finding]:
        """What was found, in the order in which it was looked for."""
        self._keys = dict(self._all('SELECT "name", "key" FROM "feed"'))
        for page in _records(self._snapshot):
            for one in page:
                self._row(one)
            self._entries(page)
            self._operations(page)
            self._projections(page)
        self._feeds()
        self._held()
        self._projection_counts()
        return self._found

    def _say(self, zh: str, en: str) -> None:
        self._found.append(Finding(zh, en))

    def _all(self, text: str, *parameters: Any) -> list[Any]:
        self._snapshot.cursor.execute(text, parameters)
        found: list[Any] = self._snapshot.cursor.fetchall()
        return found

    def _homes(self, one: _Row) -> list[int | None]:
        return [self._keys.get(feed) for feed in one.state.feeds()]

    def _row(self, one: _Row) -> None:
        state = one.state
        if (state.id, state.head) != (one.id, one.head):
            self._say(
                f"记录 {one.id} 的行与其索引不一致",
                f"The row of record {one.id} is not the one that it is stored under.",
            )
        keys = self._homes(one)
        if (keys[0] if keys else NO_FEED) != one.home:
            self._say(
                f"记录 {one.id} 没有存放在所属范围下",
                f"Record {one.id} does not lie under its home feed.",
            )
        for key in keys:
            if key is None:
                continue
            self._claims[key] += 1
            if not state.deleted:
                count, total = self._digests[key]
                part = digest_part(one.id, one.head)
                self._digests[key] = count + 1, (total + part) & DIGEST_MASK

    def _entries(self, page: Sequence[_Row]) -> None:
        sql = self._shared.sql
        keys = {key for one in page for key in self._homes(one) if key is not None}
        found = self._all(
            'SELECT "feed", "record", "home", "state" FROM "entry" '
            f'WHERE "feed" {sql.among_keys} AND "record" {sql.among}',
            sql.set(keys),
            sql.set([one.id for one in page]),
        )
        places = {(feed, record): (home, state) for feed, record, home, state in found}
        for one in page:
            wanted = one.home, "deleted" if one.state.deleted else "live"
            for feed, key in zip(one.state.feeds(), self._homes(one), strict=True):
                if key is None or places.get((key, one.id)) != wanted:
                    self._say(
                        f"记录 {one.id} 在 {feed} 中的位置不正确",
                        f"Record {one.id} has no right entry in {feed}.",
                    )

    def _operations(self, page: Sequence[_Row]) -> None:
        stamps = {stamp for one in page for stamp in (one.head, one.tail)}
        sql = self._shared.sql
        text = f'SELECT "stamp" FROM "operation" WHERE "stamp" {sql.among}'
        known = {row[0] for row in self._all(text, sql.set(stamps))}
        for one in page:
            for stamp in sorted({one.head, one.tail} - known):
                self._say(
                    f"记录 {one.id} 的操作 {stamp} 不存在",
                    f"Operation {stamp} of record {one.id} is missing.",
                )

    def _projections(self, page: Sequence[_Row]) -> None:
        by_type: dict[str, list[_Row]] = defaultdict(list)
        for one in page:
            if not one.state.deleted and one.state.spec.name in self._shared.projectors:
                by_type[one.state.spec.name].append(one)
        for kind, rows in by_type.items():
            projector = self._shared.projectors[kind]
            stored = self._stored(projector, [one.id for one in rows])
            self._projected[kind] += len(stored)
            for one in rows:
                picture = projector.picture(one.state.values)
                if stored.get(one.id) != projector.row(one.id, one.home, picture):
                    self._say(
                        f"查询表 {projector.table.name} 中记录 {one.id} 与原始内容不一致",
                        f"Record {one.id} in the projection {projector.table.name} is not what "
                        "its row says; rebuild the projections.",
                    )

    def _stored(self, projector: Projector, ids: Sequence[str]) -> dict[str, list[Any]]:
        sql = self._shared.sql
        text = (
            f"SELECT {quoted(projector.columns)} "
            f'FROM "{projector.table.name}" WHERE "id" {sql.among}'
        )
        at = projector.columns.index("id")
        return {row[at]: list(row) for row in self._all(text, sql.set(ids))}

    def _feeds(self) -> None:
        counts = dict(
            self._all(
                'SELECT "feed", count(*) FROM "entry" WHERE "state" <> \'left\' GROUP BY "feed"'
            )
        )
        last = dict(self._all('SELECT "feed", max("seq") FROM "entry" GROUP BY "feed"'))
        states = self._all('SELECT "key", "name", "seq", "count", "sum" FROM "feed" ORDER BY "key"')
        for key, name, seq, count, total in states:
            if (count, total) != self._digests[key]:
                self._say(
                    f"{name} 的校验值不正确（{count} 条，应为 {self._digests[key][0]} 条）",
                    f"The digest of {name} is wrong ({count} records, "
                    f"where there are {self._digests[key][0]}).",
                )
            if counts.get(key, 0) != self._claims[key]:
                self._say(
                    f"{name} 中有不属于它的记录",
                    f"{name} has entries of records that are not in it.",
                )
            if last.get(key, 0) > seq:
                self._say(
                    f"{name} 的序号落后于其内容",
                    f"The end of {name} lies before its last entry.",
                )

    def _held(self) -> None:
        text = (
            'SELECT h."stamp" FROM "held" h LEFT JOIN "operation" o ON o."stamp" = h."stamp" '
            'WHERE o."outcome" IS NULL OR o."outcome" <> \'held\' ORDER BY h."stamp"'
        )
        for (stamp,) in self._all(text):
            self._say(
                f"操作 {stamp} 列为等待，但并未等待",
                f"Operation {stamp} is listed as waiting, and does not wait.",
            )

    def _projection_counts(self) -> None:
        for kind, projector in self._shared.projectors.items():
            ((count,),) = self._all(f'SELECT count(*) FROM "{projector.table.name}"')
            if count > self._projected[kind]:
                self._say(
                    f"查询表 {projector.table.name} 多出 {count - self._projected[kind]} 行",
                    f"The projection {projector.table.name} has "
                    f"{count - self._projected[kind]} rows of records that are not there.",
                )
