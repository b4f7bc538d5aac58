"""The ledger's tables, and the projections' tables made from their declarations.

One schema for SQLite and PostgreSQL. What is read together lies together: rows of
``record`` and of most projections are clustered by their record's home feed, entries
by feed and position, so that a page is a scan of neighbours and the cost of a batch
does not grow with the county. There is no index from records to operations: each
operation names the one before it, and a record's history is that chain.

Invariants
    * ``entry.home`` is the key of the record's home feed while the entry is live or
      deleted, so that a page joins by ``record``'s primary key.
    * Projections hold only what follows from the wire rows.

>>> [column.name for column in GRANT.columns]
['id', 'user', 'feed', 'since', 'until']
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql

from server.models import NAMING
from server.records import PROJECTIONS
from server.records.projection import Projection

__all__ = [
    "ASIDE",
    "CONFLICT",
    "ENTRY",
    "FEED",
    "GRANT",
    "HELD",
    "IDENTITY",
    "MARK",
    "META",
    "OPERATION",
    "PROJECTED",
    "RECORD",
    "STRAY",
    "metadata",
    "projection_table",
]

metadata = MetaData(naming_convention=NAMING)

# Names and ids are compared byte by byte: quicker, and the same on every machine.
KEY = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
SERIAL = BigInteger().with_variant(Integer, "sqlite")

_KINDS: Mapping[str, Any] = {
    "text": KEY,
    "integer": BigInteger,
    "boolean": Boolean,
    "number": Float,
}


def _table(name: str, *parts: Any, clustered: bool = True) -> Table:
    return Table(name, metadata, *parts, sqlite_with_rowid=not clustered)


def _key(name: str, kind: Any = KEY) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def _needed(name: str, kind: Any = KEY) -> Column[Any]:
    return Column(name, kind, nullable=False)


META = _table("meta", _key("name"), _needed("value"))
"""``epoch``: the mark of this server's history. ``schema``: the catalogue it was written under."""

FEED = _table(
    "feed",
    Column("key", SERIAL, primary_key=True),
    _needed("name"),
    _needed("seq", BigInteger),
    _needed("count", BigInteger),
    _needed("sum", BigInteger),
    _needed("purged", BigInteger),
    UniqueConstraint("name"),
    clustered=False,
)
"""The end and the digest of each feed. ``key`` is short, and stands for the name elsewhere."""

ENTRY = _table(
    "entry",
    _key("feed", BigInteger),
    _key("seq", BigInteger),
    _needed("record"),
    _needed("home", BigInteger),
    _needed("state"),
    UniqueConstraint("feed", "record"),
)

RECORD = _table(
    "record",
    _key("feed", BigInteger),
    _key("id"),
    _needed("type"),
    _needed("head"),
    _needed("tail"),
    _needed("deleted", Boolean),
    _needed("row", LargeBinary),
    Column("into", KEY),
    UniqueConstraint("id"),
)
"""``feed``: the key of the home feed, 0 for a record that is in none. ``row``: the wire row.
``into``: of a merged record, the one that stands for it."""

OPERATION = _table(
    "operation",
    _key("stamp"),
    _needed("record"),
    _needed("type"),
    _needed("kind"),
    _needed("actor"),
    _needed("outcome"),
    Column("code", KEY),
    _needed("late", Boolean),
    _needed("at", BigInteger),
    _needed("corrected", BigInteger),
    _needed("received", BigInteger),
    Column("prev", KEY),
    Column("cause", KEY),
    Column("conflict", KEY),
    Column("was", LargeBinary),
    _needed("body", LargeBinary),
    Index(
        "ix_operation_late",
        "received",
        sqlite_where=text("late = 1"),
        postgresql_where=text("late"),
    ),
)
"""Every operation ever taken. ``was``: JSON of what it replaced; ``body``: as received."""

CONFLICT = _table(
    "conflict",
    _key("id"),
    _needed("record"),
    _needed("type"),
    _needed("feed"),
    _needed("actor"),
    _needed("opened", BigInteger),
    Column("closed", BigInteger),
    Column("closed_by", KEY),
    _needed("fields", LargeBinary),
    Index("ix_conflict_record", "record"),
    Index("ix_conflict_closed_opened", "closed", "opened"),
)
"""``fields``: JSON of what ``sync.store.Conflict`` says."""

HELD = _table(
    "held",
    _key("stamp"),
    _needed("record"),
    Column("needs", KEY),
    _needed("code"),
    _needed("since", BigInteger),
    _needed("role"),
    Column("feeds", LargeBinary),
    Column("group", KEY),
    Index("ix_held_needs", "needs"),
    Index("ix_held_since", "since"),
    Index("ix_held_group", "group"),
)
"""``feeds``: JSON list of names, or null for the whole county."""

STRAY = _table(
    "stray",
    _key("record"),
    _key("feed"),
    Column("into", KEY),
    _needed("stamp"),
    Index("ix_stray_into", "into"),
)
"""Ids that others may refer to and that name no live record: see ``sync.store.Stray``."""

IDENTITY = _table("identity", _key("key", BigInteger), _key("record"))
"""The identity keys of live records, as ``sync.identity`` makes them: a number for each."""

MARK = _table("mark", _key("feed", BigInteger), _key("at", BigInteger), _needed("seq", BigInteger))
"""How far a feed had come at a time: what tells how old its entries are."""

ASIDE = _table(
    "aside",
    _key("id"),
    _needed("device"),
    _needed("actor"),
    Column("stamp", KEY),
    _needed("code"),
    _needed("received", BigInteger),
    _needed("body", LargeBinary),
)


def projection_table(projection: Projection, into: MetaData) -> Table:
    """The table of a projection. ``id`` is the record's."""
    home = [Column("feed", BigInteger, nullable=False)] if projection.by_home else []
    columns = [
        Column(one.name, _KINDS[one.kind], nullable=one.name not in projection.key)
        for one in projection.columns
    ]
    indexes = [
        Index(f"ix_{projection.table}_{'_'.join(names)}", *names) for names in projection.indexes
    ]
    return Table(
        projection.table,
        into,
        *home,
        _needed("id"),
        *columns,
        PrimaryKeyConstraint(*projection.key),  # its order is the order on disk
        UniqueConstraint("id"),
        *indexes,
        sqlite_with_rowid=False,
    )


PROJECTED: Mapping[str, Table] = {
    name: projection_table(projection, metadata) for name, projection in PROJECTIONS.items()
}
"""Name of a record type → the table of its projection."""

GRANT = PROJECTED["assignment"]
