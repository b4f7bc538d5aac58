"""Projections: what the server keeps beside a wire row, because something queries it.

The wire row is the truth. A projection is a table with a few typed, indexed
columns computed from it, written in the same transaction, and it can be thrown
away and rebuilt. It is declared beside its record type, so that the table, the
migration and the code that fills it cannot drift apart.

Invariants
    * A column is a pure function of one field's value.
    * A projection holds live records only.

This module never touches a database: ``server.store`` does.

>>> from sync.catalogue import Feed, Field, RecordType
>>> spec = RecordType("h", "户", "h", (Field("phone", "text", "latest"),), (Feed("shared"),))
>>> tails = project(spec, derived={"phone_tail": ("phone", tail)})
>>> tails.table, tails.columns[0].value("13912345678")
('p_h', '5678')
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from pypinyin import Style, pinyin

from sync.catalogue import RecordType

__all__ = ["Column", "Projection", "project", "spelled", "tail"]

Compute = Callable[[Any], Any]

_SQL_KINDS: Mapping[str, str] = {
    "integer": "integer",
    "instant": "integer",
    "boolean": "boolean",
    "number": "number",
}
"""Field kind → column kind; every other kind is text."""

_SURNAMES: Mapping[str, str] = {
    "单": "shan",
    "曾": "zeng",
    "解": "xie",
    "仇": "qiu",
    "区": "ou",
    "查": "zha",
    "朴": "piao",
    "翟": "zhai",
    "盖": "ge",
    "冼": "xian",
    "覃": "qin",
    "任": "ren",
    "尹": "yin",
}
"""Characters that are read otherwise at the head of a name."""


def tail(phone: Any) -> str | None:
    """The last four digits, which is how people name a telephone number."""
    return phone[-4:] if phone else None


def tag_text(tags: Any) -> str | None:
    """Tags as text between commas, so that ``LIKE '%,veteran,%'`` finds one exactly."""
    return f",{','.join(tags)}," if tags else None


@lru_cache(maxsize=20_000)
def _syllable(character: str) -> str:
    found = pinyin(character, style=Style.NORMAL, errors="default")
    return str(found[0][0]).lower() if found else character.lower()


def spelled(name: Any) -> str | None:
    """How a name is typed on a keyboard: the initials, then the whole.

    >>> spelled("曾小兰")
    'zxl zengxiaolan'
    """
    letters = "".join(name.split()) if name else ""
    if not letters:
        return None
    parts = list(map(_syllable, letters))
    parts[0] = _SURNAMES.get(letters[0], parts[0])
    return f"{''.join([part[0] for part in parts])} {''.join(parts)}"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its kind in SQL, the field it comes from, and how (None: as it is)."""

    name: str
    kind: str
    source: str
    compute: Compute | None = None

    def value(self, raw: Any) -> Any:
        """The column's value for a field's value."""
        return raw if self.compute is None else self.compute(raw)


@dataclass(frozen=True)
class Projection:
    """The queried columns of one record type.

    ``key`` is the order in which rows lie together on disk. ``("feed", "id")`` begins
    with the integer key of the record's home feed, a column that no field fills;
    any other key begins with a column of its own. ``indexes`` name further columns.
    """

    spec: RecordType
    table: str
    columns: tuple[Column, ...]
    key: tuple[str, str] = ("feed", "id")
    indexes: tuple[tuple[str, ...], ...] = ()

    @property
    def by_home(self) -> bool:
        """Whether rows lie by their record's home feed."""
        return self.key[0] == "feed"

    @cached_property
    def places(self) -> tuple[int, ...]:
        """The place, among the type's values, of each column's source."""
        return tuple(self.spec.index[column.source] for column in self.columns)


def project(
    spec: RecordType,
    *names: str,
    table: str = "",
    derived: Mapping[str, tuple[str, Compute]] | None = None,
    key: tuple[str, str] = ("feed", "id"),
    indexes: tuple[tuple[str, ...], ...] = (),
) -> Projection:
    """A projection: fields as they are, and ``derived`` columns {name: (field, function)}."""
    columns = []
    for name in names:
        kind = spec.by_name[name].kind
        compute: Compute | None = tag_text if kind == "tags" else None
        columns.append(Column(name, _SQL_KINDS.get(kind, "text"), name, compute))
    for name, (source, function) in (derived or {}).items():
        columns.append(Column(name, "text", source, function))
    return Projection(spec, table or f"p_{spec.name}", tuple(columns), key, indexes)
