"""Records: the state of one synced thing, and its wire row.

A row is stored and sent in one form, an array, so that a page is a join of
bytes. Most fields of a record are as its create made them, so a row holds the
create's stamp (``v``), which is their version, and lists the others (``vx``).

Invariants
    * ``Record.from_row(record.row(), spec)`` is equal to the record in all that is told.
    * A field that was never written has the version of the create, ``v``, which no change
      of other fields moves: so a server and a tablet that learns of a new field years later
      agree on the version that it has in every row.

This module decides nothing: ``sync.merge`` does.

>>> from sync.catalogue import Field, RecordType
>>> spec = RecordType("h", "户", "h", (Field("phone", "text", "latest"),), ())
>>> record = Record.created("r", spec, stamp="s1", values={"phone": "1"})
>>> record.set(0, "2", "s2"); record.row()
['r', 's1', 's1', {'phone': 's2'}, None, None, '2']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from sync.catalogue import RecordType

__all__ = ["DIGEST_MASK", "Record", "digest_part"]

DIGEST_MASK = (1 << 48) - 1


def digest_part(record: str, head: str) -> int:
    """What one live record adds to the digest of each of its feeds, before mod 2⁴⁸.

    >>> digest_part("a", "b") == crc32(b"a") * crc32(b"b")
    True
    """
    return crc32(record.encode()) * crc32(head.encode())


class Record:
    """The state of one record while it is being changed. Values stand in the type's order.

    ``tail`` is the newest operation about the record, whether it changed the row or not:
    its history is the chain of ``prev`` stamps from there. ``into``: of a deleted record that
    was merged, the one that stands for it.
    """

    __slots__ = (
        "_feeds", "c", "deleted", "head", "id", "into", "spec", "tail", "v", "values", "vx", "x",
    )  # fmt: skip

    def __init__(
        self,
        record: str,
        spec: RecordType,
        *,
        head: str,
        tail: str,
        v: str,
        values: list[Any],
        vx: dict[str, str] | None = None,
        c: list[str] | None = None,
        x: dict[str, Any] | None = None,
        deleted: bool = False,
        into: str | None = None,
    ) -> None:
        self.id = record
        self.spec = spec
        self.head = head
        self.tail = tail
        self.v = v
        self.vx = vx
        self.c = c
        self.x = x
        self.values = values
        self.deleted = deleted
        self.into = into
        self._feeds: tuple[str, ...] | None = None

    @classmethod
    def created(
        cls, record: str, spec: RecordType, *, stamp: str, values: Mapping[str, Any]
    ) -> Record:
        """A record as its create made it. Fields of an unknown name are kept in ``x``."""
        index = spec.index
        row: list[Any] = [values.get(one.name) for one in spec.fields]
        unknown = {name: value for name, value in values.items() if name not in index}
        return cls(record, spec, head=stamp, tail=stamp, v=stamp, values=row, x=unknown or None)

    @classmethod
    def from_row(
        cls,
        row: Sequence[Any],
        spec: RecordType,
        *,
        tail: str | None = None,
        deleted: bool = False,
        into: str | None = None,
    ) -> Record:
        """A record from its wire row; rows of an older schema are filled up with nulls."""
        record, head, v, vx, c, x, *values = row
        if len(values) < len(spec.fields):
            values.extend([None] * (len(spec.fields) - len(values)))
        if x:
            x = _placed(x, spec, values)
        return cls(
            record,
            spec,
            head=head,
            tail=tail or head,
            v=v,
            vx=vx,
            c=c,
            x=x,
            values=values,
            deleted=deleted,
            into=into,
        )

    def row(self) -> list[Any]:
        """The wire row, in the order of ``spec.keys``."""
        return [self.id, self.head, self.v, self.vx, self.c, self.x, *self.values]

    def copy(self) -> Record:
        """A copy that can be changed apart."""
        return Record(
            self.id,
            self.spec,
            head=self.head,
            tail=self.tail,
            v=self.v,
            vx=dict(self.vx) if self.vx else None,
            c=list(self.c) if self.c else None,
            x=dict(self.x) if self.x else None,
            values=list(self.values),
            deleted=self.deleted,
            into=self.into,
        )

    def feeds(self) -> tuple[str, ...]:
        """The feeds that this record is in, its home feed first."""
        if self._feeds is None:
            self._feeds = self.spec.feeds_of(self.id, self.values)
        return self._feeds

    def get(self, name: str) -> Any:
        """The value of a field, known to the schema or not."""
        place = self.spec.index.get(name)
        if place is None:
            return self.x.get(name) if self.x else None
        return self.values[place]

    def version(self, name: str) -> str:
        """The stamp of the operation that wrote a field's present value."""
        return (self.vx and self.vx.get(name)) or self.v

    def versions(self) -> dict[str, str]:
        """Field → version, for every field."""
        names = [one.name for one in self.spec.fields] + list(self.x or ())
        return {name: self.version(name) for name in names}

    def put(self, name: str, value: Any, stamp: str) -> None:
        """Write a field and its version. Unknown names go to ``x``."""
        place = self.spec.index.get(name)
        if place is None:
            self.x = {**(self.x or {}), name: value}
            self.vx = {**(self.vx or {}), name: stamp}
        else:
            self.set(place, value, stamp)

    def set(self, place: int, value: Any, stamp: str) -> None:
        """Write the value at ``place`` and its version."""
        name = self.spec.fields[place].name
        self.values[place] = value
        if name in self.spec.feed_fields:
            self._feeds = None
        if stamp != self.v:
            self.vx = {**(self.vx or {}), name: stamp}
        elif self.vx:
            self.vx = {one: seen for one, seen in self.vx.items() if one != name} or None

    def flag(self, name: str) -> None:
        """Mark a field (or ``*``, the record) as in an open conflict."""
        self.c = sorted({*(self.c or ()), name})

    def unflag(self, name: str) -> None:
        """Take the mark of an open conflict away."""
        self.c = [one for one in self.c or () if one != name] or None


def _placed(x: Mapping[str, Any], spec: RecordType, values: list[Any]) -> dict[str, Any] | None:
    """Put what an earlier schema did not know where it belongs now; answers what is left.

    What does not fit its field stays unknown: nobody wrote it for that field.
    """
    left: dict[str, Any] = {}
    for name, value in x.items():
        place = spec.index.get(name)
        fits = place is not None and values[place] is None
        if place is not None and fits and spec.fields[place].problem(value) is None:
            values[place] = value
        else:
            left[name] = value
    return left or None
