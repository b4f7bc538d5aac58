"""Writing projections: only the columns that changed, only where one did.

Most edits change nothing that a projection holds, so a writer takes a picture of
the fields that its columns come from when a record is loaded, and compares that
before it computes anything.

Invariants
    * After ``write`` the projection's rows of the changed records are what their
      values say; a deleted record has none.

>>> from server.records import CATALOGUE
>>> projector = Projector.of(CATALOGUE["notice"])
>>> projector.picture(["u", "s", None, None, None, None, None, None, None, False])
('u', False, 's')
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Table

from server.records import PROJECTIONS
from server.records.projection import Projection
from server.store.statements import Statements
from server.store.tables import PROJECTED
from sync.catalogue import Catalogue, RecordType

__all__ = ["Projector", "Shift", "projectors_of", "write"]

Picture = tuple[Any, ...]


class Shift(NamedTuple):
    """A record's projection before and after: key of its home feed, and picture (None: no row)."""

    record: str
    home_before: int
    before: Picture | None
    home: int
    after: Picture | None


class Projector:
    """Computes and writes the projection of one type."""

    def __init__(self, projection: Projection, table: Table) -> None:
        self.table = table
        self.projection = projection
        self.names = tuple(column.name for column in projection.columns)
        self.columns = (("feed",) if projection.by_home else ()) + ("id", *self.names)
        self._first = None if projection.by_home else self.names.index(projection.key[0])
        fields, places = projection.spec.fields, projection.places
        # Of one place itemgetter takes the value itself; of a slice, a row of one.
        self._take: Callable[[Sequence[Any]], Any] = (
            itemgetter(*places)
            if len(places) > 1
            else lambda values: tuple(values[at] for at in places)
        )
        # Lists are changed in place: a picture holds its own.
        self._lists = [at for at, one in enumerate(places) if fields[one].kind in ("tags", "log")]

    @staticmethod
    def of(spec: RecordType) -> Projector | None:
        """The projector of a type, or None if nothing queries it.

        A type may have got fields at its end since its projection was declared.
        """
        projection = PROJECTIONS.get(spec.name)
        if projection is None:
            return None
        known = projection.spec
        if known is not spec and [*known.index] != [*spec.index][: len(known.index)]:
            return None
        return Projector(projection, PROJECTED[spec.name])

    def picture(self, values: Sequence[Any]) -> Picture:
        """The values that the columns come from; it stays when the record is changed later."""
        taken: Picture = self._take(values)
        for at in self._lists:
            if taken[at]:
                taken = (*taken[:at], tuple(taken[at]), *taken[at + 1 :])
        return taken

    def row(self, record: str, home: int, picture: Picture) -> list[Any]:
        """A row in the order of ``columns``."""
        values = [
            column.value(raw) for column, raw in zip(self.projection.columns, picture, strict=True)
        ]
        return [home, record, *values] if self.projection.by_home else [record, *values]

    def key(self, record: str, home: int, picture: Picture) -> tuple[Any, str]:
        """The key of a row, in the order of ``projection.key``."""
        return (home if self._first is None else picture[self._first]), record

    def differences(self, before: Picture, after: Picture) -> dict[str, Any]:
        """Column → new value, for the columns whose value changed."""
        changed: dict[str, Any] = {}
        for column, old, new in zip(self.projection.columns, before, after, strict=True):
            if old != new:
                value = column.value(new)
                if column.value(old) != value:
                    changed[column.name] = value
        return changed


@lru_cache(maxsize=4)
def projectors_of(catalogue: Catalogue) -> dict[str, Projector]:
    """Type → its projector, for the types that something queries. Nobody changes them."""
    found = ((spec.name, Projector.of(spec)) for spec in catalogue)
    return {name: projector for name, projector in found if projector is not None}


def write(cursor: Any, sql: Statements, projector: Projector, shifts: Iterable[Shift]) -> None:
    """Bring the projection of one type from before to after."""
    table, key = projector.table, projector.projection.key
    gone: list[tuple[Any, str]] = []
    new: list[list[Any]] = []
    changed: dict[tuple[str, ...], list[list[Any]]] = defaultdict(list)
    for record, home_before, before, home, after in shifts:
        if before == after and home_before == home:
            continue
        if before is not None and after is not None:
            place = projector.key(record, home, after)
            if projector.key(record, home_before, before) == place:
                if differences := projector.differences(before, after):
                    changed[tuple(differences)].append([*differences.values(), *place])
                continue
        if before is not None:
            gone.append(projector.key(record, home_before, before))
        if after is not None:
            new.append(projector.row(record, home, after))
    if gone:
        sql.run(cursor, sql.delete(table, key), gone)
    if new:
        sql.run(cursor, sql.insert(table, projector.columns), new)
    for names, rows in changed.items():
        sql.run(cursor, sql.update(table, names, key), rows)
