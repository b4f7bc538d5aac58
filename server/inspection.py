"""Inspection: whether what follows from the rows still follows from them.

Projections, feed entries and digests are written beside each row, in the same
transaction, so that nothing has to be computed when it is read. Should one ever be
wrong, devices repair themselves for ever or a list lacks somebody, and nobody sees
why. So everything derived can be computed again from the rows and compared.

Invariants
    * It reads one snapshot, one home feed at a time: memory does not grow with the county.
    * ``rebuild`` writes projections only; rows, entries and history are not touched.

An entry that should not be there, or a digest that is wrong, is told and not mended:
devices have read past it, and what to do depends on how it came about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from server.store import Snapshot, Writer
from server.store.projections import Projector
from server.store.statements import quoted
from server.store.tables import IDENTITY
from sync.identity import keys_of
from sync.record import DIGEST_MASK, Record, digest_part

__all__ = ["Difference", "Inspection", "inspect", "rebuild", "rebuild_identities"]


@dataclass(slots=True)
class Difference:
    """How a projection differs from its rows: how many are lacking, left over, or otherwise."""

    missing: int = 0
    extra: int = 0
    wrong: int = 0

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.wrong)


@dataclass(slots=True)
class Inspection:
    """What was found.

    ``records`` counts live records by type. ``digests``: feed → (count, sum) as stored, and
    as the rows say; ``entries``: feed → live entries, and how many there should be; both for
    feeds that differ. ``rows`` lists records whose row is not theirs. ``identities``: keys that
    are lacking, and keys left over.
    """

    records: Counter[str] = field(default_factory=Counter)
    deleted: int = 0
    projections: dict[str, Difference] = field(default_factory=dict)
    digests: dict[str, tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=dict)
    entries: dict[str, tuple[int, int]] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)
    identities: Difference = field(default_factory=Difference)

    def __bool__(self) -> bool:
        """Whether anything is wrong."""
        wrong = any(self.projections.values()) or self.identities
        return bool(wrong or self.digests or self.entries or self.rows)


Rows = dict[str, tuple[Any, ...]]
"""Id → a projection's row, in the order of its columns."""


def inspect(snapshot: Snapshot) -> Inspection:
    """Compare every projection, entry and digest with the rows."""
    return _Inspector(snapshot).run()


def rebuild(tx: Writer) -> dict[str, int]:
    """Write projections and identity keys anew from the rows; answers how many rows each has."""
    tx.alone_with("record")
    sql, projectors = tx.shared.sql, tx.shared.projectors
    written = {projector.table.name: 0 for projector in projectors.values()}
    for table in written:
        tx.cursor.execute(f'DELETE FROM "{table}"')  # nosec B608 - a declared name
    for home in _homes(tx):
        for name, rows in _projected(tx, home, Inspection(), None, []).items():
            projector = projectors[name]
            made = list(rows.values())
            sql.run(tx.cursor, sql.insert(projector.table, projector.columns), made)
            written[projector.table.name] += len(made)
    return {**written, IDENTITY.name: rebuild_identities(tx)}


def rebuild_identities(tx: Writer) -> int:
    """Write the identity keys anew from the rows; answers how many there are."""
    tx.alone_with("record")
    tx.cursor.execute('DELETE FROM "identity"')
    written, insert = 0, tx.shared.sql.insert(IDENTITY, ("key", "record"))
    for home in _homes(tx):
        records = [one for one in _records(tx, home, Inspection()) if one.spec.identity]
        keys = [(key, one.id) for one in records for key in keys_of(one.spec, one.values)]
        tx.run(insert, keys)
        written += len(keys)
    return written


class _Inspector:
    """One inspection. ``due`` is what the rows say of each feed: [count, sum]."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._projectors = snapshot.shared.projectors
        self._found = Inspection(projections={name: Difference() for name in self._projectors})
        self._due: dict[str, list[int]] = {}

    def run(self) -> Inspection:
        apart: dict[str, Rows] = {}
        seen: Counter[str] = Counter()
        keys: list[tuple[int, str]] = []
        for home in _homes(self._snapshot):
            wanted = _projected(self._snapshot, home, self._found, self._due, keys)
            for name, projector in self._projectors.items():
                if projector.projection.by_home:
                    stored = self._stored(projector, home)
                    seen[name] += len(stored)
                    self._compare(name, wanted.get(name, {}), stored)
                else:
                    apart.setdefault(name, {}).update(wanted.get(name, {}))
        for name, projector in self._projectors.items():
            if projector.projection.by_home:
                # Rows under a feed that does not exist were not seen above.
                self._found.projections[name].extra += self._count(projector) - seen[name]
            else:
                self._compare(name, apart[name], self._stored(projector, None))
        kept = _query(self._snapshot, 'SELECT "key", "record" FROM "identity"')
        there, due = {(key, record) for key, record in kept}, set(keys)
        self._found.identities = Difference(len(due - there), len(there - due))
        self._look_at_digests()
        self._look_at_entries()
        return self._found

    def _stored(self, projector: Projector, home: int | None) -> Rows:
        """The rows of a projection: of one home feed, or all."""
        text = f'SELECT {quoted(projector.columns)} FROM "{projector.table.name}"'
        if home is None:
            rows = _query(self._snapshot, text)
        else:
            mark = self._snapshot.shared.sql.mark
            rows = _query(self._snapshot, f'{text} WHERE "feed" = {mark}', home)
        at = projector.columns.index("id")
        return {row[at]: tuple(row) for row in rows}

    def _count(self, projector: Projector) -> int:
        text = f'SELECT count(*) FROM "{projector.table.name}"'
        return int(_query(self._snapshot, text)[0][0])

    def _compare(self, name: str, wanted: Rows, stored: Rows) -> None:
        difference = self._found.projections[name]
        difference.missing += len(wanted.keys() - stored.keys())
        difference.extra += len(stored.keys() - wanted.keys())
        difference.wrong += sum(stored.get(id_, row) != row for id_, row in wanted.items())

    def _look_at_digests(self) -> None:
        rows = _query(self._snapshot, 'SELECT "name", "count", "sum" FROM "feed"')
        said = {name: (count, total) for name, count, total in rows}
        for name in sorted(said.keys() | self._due.keys()):
            count, total = self._due.get(name, (0, 0))
            if said.get(name, (0, 0)) != (count, total):
                self._found.digests[name] = (said.get(name, (0, 0)), (count, total))

    def _look_at_entries(self) -> None:
        """How many live entries each feed has whose record is where they say."""
        rows = _query(
            self._snapshot,
            'SELECT f."name", count(r."id") FROM "feed" f '
            """LEFT JOIN "entry" e ON e."feed" = f."key" AND e."state" = 'live' """
            'LEFT JOIN "record" r ON r."feed" = e."home" AND r."id" = e."record" '
            'GROUP BY f."name"',
        )
        counted: dict[str, int] = dict(rows)
        for name in sorted(counted.keys() | self._due.keys()):
            there, due = counted.get(name, 0), self._due.get(name, (0, 0))[0]
            if there != due:
                self._found.entries[name] = (there, due)


def _projected(
    snapshot: Snapshot,
    home: int,
    found: Inspection,
    due: dict[str, list[int]] | None,
    keys: list[tuple[int, str]],
) -> dict[str, Rows]:
    """Type → the projection's rows that the records of one home feed ask for; ``keys`` grows."""
    projectors = snapshot.shared.projectors
    wanted: dict[str, Rows] = {}
    for record in _records(snapshot, home, found):
        if due is not None:
            part = digest_part(record.id, record.head)
            for feed in record.feeds():
                sums = due.setdefault(feed, [0, 0])
                sums[0] += 1
                sums[1] = (sums[1] + part) & DIGEST_MASK
        if record.spec.identity:
            keys.extend((key, record.id) for key in keys_of(record.spec, record.values))
        projector = projectors.get(record.spec.name)
        if projector is not None:
            row = projector.row(record.id, home, projector.picture(record.values))
            wanted.setdefault(record.spec.name, {})[record.id] = tuple(row)
    return wanted


def _records(snapshot: Snapshot, home: int, found: Inspection) -> Iterator[Record]:
    """The live records of one home feed; counts them, and notes those whose row is not theirs."""
    shared = snapshot.shared
    rows = _query(
        snapshot,
        'SELECT "id", "type", "head", "tail", "deleted", "row" FROM "record" '
        f'WHERE "feed" = {shared.sql.mark}',
        home,
    )
    for id_, kind, head, tail, deleted, row in rows:
        spec, values = shared.catalogue.get(kind), shared.codec.loads(row)
        if spec is None or values[:2] != [id_, head]:
            found.rows.append(id_)
        elif deleted:
            found.deleted += 1
        else:
            found.records[kind] += 1
            yield Record.from_row(values, spec, tail=tail)


def _homes(snapshot: Snapshot) -> list[int]:
    """The keys of all home feeds; 0 is the home of what is in no feed."""
    return [0, *(key for (key,) in _query(snapshot, 'SELECT "key" FROM "feed"'))]


def _query(snapshot: Snapshot, text: str, *parameters: Any) -> list[Any]:
    snapshot.cursor.execute(text, parameters)
    rows: list[Any] = snapshot.cursor.fetchall()
    return rows
