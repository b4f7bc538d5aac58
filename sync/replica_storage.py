"""The replica's storage: what a device asks of the place that keeps its copy.

A tablet loses power in the middle of anything. So whatever must be true together is
written together: a record with its operation, a page with its cursor. The logic of
the replica is written once, over this contract; memory and SQLite keep it, and one
suite of tests holds both to it.

What every storage keeps true
    * ``write`` is atomic: all of the block is kept, or, after an exception, nothing.
    * What a ``write`` block ended with is durable, as far as the storage is.
    * What is read is never changed afterwards, and nothing handed in is kept to be changed.

A storage decides nothing: it does not know what a deletion or a reset means.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, NamedTuple, Protocol

__all__ = ["PENDING", "Entry", "FeedRow", "ReplicaStorage", "Shelf", "State", "Stored"]

State = Literal["waiting", "arriving", "held", "rejected", "acknowledged"]
"""What became of an own operation. ``waiting``: in the outbox. ``arriving``: repeated by the
server, its row not come yet. ``held`` and ``rejected``: kept. ``acknowledged``: settled."""

PENDING: tuple[State, ...] = ("waiting", "arriving", "held", "rejected")
"""The states in which an operation is laid over the base."""


class Stored(NamedTuple):
    """One base row as it came; ``keys`` name its members.

    ``seen`` is the head that the worker has seen. It stays behind the row's head from an ack
    until the end of the exchange, because others' changes may be on their way.
    """

    record: str
    type: str
    keys: tuple[str, ...]
    row: Sequence[Any]
    deleted: bool
    seen: str

    @property
    def head(self) -> str:
        """The operation that changed the row last."""
        return str(self.row[1])


class FeedRow(NamedTuple):
    """What a replica knows of one of its feeds.

    ``cursor`` is None until the first page. ``round`` counts the resets; while ``resetting``,
    members of earlier rounds are candidates to be dropped. ``evicted``: read no longer, and
    named until the outbox is handed in. ``live`` (a count) and ``sum`` are the digest of the base.
    """

    name: str
    cursor: str | None = None
    round: int = 0
    resetting: bool = False
    evicted: bool = False
    live: int = 0
    sum: int = 0


class Entry(NamedTuple):
    """One own operation: as sent, what became of it, and the server's time (ms) of the ack.

    ``answer`` is the ack: ``outcome``, and what it had of ``conflict``, ``needs``, ``problem``.
    """

    stamp: str
    record: str
    state: State
    body: Mapping[str, Any]
    answer: Mapping[str, Any] | None = None
    answered_ms: int | None = None


class Shelf(Protocol):
    """What can be read and, in a ``write`` block, changed."""

    def meta(self, key: str) -> Any:
        """A single value, or None."""
        ...

    def set_meta(self, key: str, value: Any) -> None:
        """Keep a single value (anything that JSON can hold)."""
        ...

    # Feeds and who is in them

    def feeds(self) -> dict[str, FeedRow]:
        """Every feed known, by name, in the order of the names."""
        ...

    def feed(self, name: str) -> FeedRow | None:
        """One feed's row, or None."""
        ...

    def save_feed(self, feed: FeedRow) -> None:
        """Keep a feed's row."""
        ...

    def drop_feed(self, name: str) -> None:
        """Forget a feed that has no members."""
        ...

    def feeds_of(self, records: Collection[str]) -> dict[str, frozenset[str]]:
        """Record → the feeds that it is a member of; records in none are absent."""
        ...

    def members(self, feed: str, *, before_round: int | None = None) -> list[str]:
        """The members of a feed, or those that last joined before a round."""
        ...

    def join(self, feed: str, records: Iterable[str], *, round_: int) -> None:
        """Make records members of a feed, in this round."""
        ...

    def leave(self, feed: str, records: Collection[str]) -> None:
        """End memberships."""
        ...

    def homeless(self) -> list[str]:
        """The records that left their last feed and have joined none since."""
        ...

    # Base rows

    def rows(self, records: Collection[str]) -> dict[str, Stored]:
        """Base rows by record; unknown ones are absent."""
        ...

    def heads(self, records: Collection[str]) -> dict[str, str]:
        """Record → head, of the rows that are not deleted."""
        ...

    def records(self, type_name: str) -> list[str]:
        """The records of one type that have a base row, deleted ones too, in order."""
        ...

    def unseen(self) -> list[str]:
        """The records whose ``seen`` is behind the row's head."""
        ...

    def save_rows(self, rows: Iterable[Stored]) -> None:
        """Keep base rows, in place of what there was."""
        ...

    def drop_rows(self, records: Collection[str]) -> None:
        """Forget base rows."""
        ...

    # Own operations

    def save_entries(self, entries: Iterable[Entry]) -> None:
        """Keep operations, in place of what there was under their stamps."""
        ...

    def drop_entries(self, stamps: Collection[str]) -> None:
        """Forget operations."""
        ...

    def entries(self, stamps: Collection[str]) -> dict[str, Entry]:
        """Operations by stamp; unknown ones are absent."""
        ...

    def pending(self, records: Collection[str]) -> dict[str, list[Entry]]:
        """Record → its operations in a state of ``PENDING``, in order of their stamps."""
        ...

    def pending_records(self, type_name: str) -> list[str]:
        """The records of one type with an operation in a state of ``PENDING``, in order."""
        ...

    def in_state(self, *states: State, limit: int | None = None) -> list[Entry]:
        """Operations in any of the states, in order of their stamps."""
        ...

    def count(self, state: State) -> int:
        """How many operations are in a state."""
        ...

    def forget(self, *, before_ms: int) -> None:
        """Forget acknowledged operations answered before then."""
        ...

    # Aliases

    def aliases(self) -> dict[str, str]:
        """Every merged record → the record that stands for it."""
        ...

    def save_alias(self, record: str, into: str) -> None:
        """From now on ``into`` stands for ``record``."""
        ...

    def drop_alias(self, record: str) -> None:
        """The record stands for itself again."""
        ...

    def wipe(self) -> None:
        """Forget everything."""
        ...


class ReplicaStorage(Protocol):
    """Opens blocks. One replica, one storage; not for two threads at once."""

    def read(self) -> AbstractContextManager[Shelf]:
        """A block that sees one state."""
        ...

    def write(self) -> AbstractContextManager[Shelf]:
        """A block whose changes are kept together at its end, or not at all. Not nested."""
        ...
