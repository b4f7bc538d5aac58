"""The store: what the engine asks of a place that keeps operations and records.

The engine must run the same on memory, SQLite and PostgreSQL, and cost what
changed. So it never asks for one thing at a time: it reads what a batch needs by
sets, decides in memory, and hands over all changes at once. One conformance
suite holds every store to this page.

What every store keeps true
    * A write transaction is atomic and durable when it ends without an exception;
      with one, nothing happened. Writers of the same records and feeds take turns.
    * A feed's sequence numbers are given under a lock on the feed, taken last, feeds
      in a fixed order: commit order is sequence order. Numbers start at 1; holes mean nothing.
    * An entry for each (feed, record) at most: saving a change moves it to the feed's end.
    * The identity keys of live records (``sync.identity``) can be looked up.
    * A feed's ``count`` and ``sum`` describe its live records: Σ of ``digest_part`` mod 2⁴⁸.
    * A read transaction sees one snapshot.

Rows and operations' bodies are JSON in UTF-8, encoded by the codec that the store was
given: the engine passes rows on as it got them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from sync.record import DIGEST_MASK, Record, digest_part

__all__ = [
    "JSON",
    "PURGED",
    "Aside",
    "Before",
    "Changes",
    "Codec",
    "Conflict",
    "Entry",
    "FeedState",
    "Held",
    "Movement",
    "Outcome",
    "Reading",
    "RecordChange",
    "Store",
    "StoredOperation",
    "Stray",
    "Writing",
    "digest_changes",
    "movements",
]

Outcome = Literal["applied", "merged", "conflict", "held", "rejected"]
PURGED: tuple[str, ...] = ("deleted", "left", "parted")
"""The states of entries that are not told for ever. An erasure is, to who has not heard of it:
what a tablet holds about the record may lie on it longer than any horizon."""

State = Literal["live", "deleted", "left", "merged", "alias", "parted", "redacted"]
"""``merged``: deleted, and another record stands for it, which ``Entry.row`` names. ``alias``: that
told in a feed that only refers to the record. ``parted``: it is so no more. ``redacted``: the
feed's person worked on the record, from which something was erased since."""


class Codec(NamedTuple):
    """How JSON is written and read: the standard library's, or a faster one that is handed in."""

    dumps: Callable[[Any], bytes]
    loads: Callable[[bytes | str], Any]


# ``json.dumps`` makes an encoder for each call that asks for separators, at twice the cost.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

JSON = Codec(
    dumps=lambda value: _encode(value).encode("utf-8", "surrogatepass"),
    loads=json.loads,
)
"""The standard library's codec."""


class FeedState(NamedTuple):
    """The end of a feed, and its digest. ``purged``: entries up to there may be missing."""

    seq: int
    count: int  # type: ignore[assignment] # the name in the contract; nobody counts in it
    sum: int
    purged: int = 0


class Entry(NamedTuple):
    """One entry of a feed. ``row``: the stored wire row of a live record, of a merged one the id
    (in UTF-8) of the record that stands for it, else None."""

    seq: int
    record: str
    state: State
    type: str
    head: str
    row: bytes | None


class StoredOperation(NamedTuple):
    """An operation with what became of it. All times in ms since 1970.

    ``prev`` is the operation about the same record that came before it (its ``tail``
    then); None for the first, and for one that was not applied to a record. ``conflict`` is
    the conflict of which it is a part, if any. ``was`` holds what it replaced: field →
    [value, version], for the fields whose value it changed (of an ``append``, nothing); with
    it every field's history reads, and undoes, without replaying. ``raw`` is the operation
    as received.
    """

    stamp: str
    record: str
    type: str
    kind: str
    actor: str
    outcome: Outcome
    code: str | None
    late: bool
    at: int
    corrected: int
    received: int
    prev: str | None
    cause: str | None
    conflict: str | None
    was: dict[str, list[Any]] | None
    raw: dict[str, Any]


class Held(NamedTuple):
    """An operation that waits: for the operation ``needs``, or (None) for a person.

    ``role`` and ``feeds`` (None: the whole county) are its author's scope when it was
    received: when it is released it may do what it might have done then, no more.
    ``group`` names the group that it is a member of, over all devices.
    """

    stamp: str
    record: str
    needs: str | None
    code: str
    since: int
    role: str
    feeds: tuple[str, ...] | None
    group: str | None = None


class Stray(NamedTuple):
    """An id that others may refer to and that names no live record of its own.

    A record that was merged has one for each ``feed`` in which that is told; ``into`` stands
    for it, and ``stamp`` is the merge. Once that is undone, ``into`` is None: there was told of
    it. A record whose create was held or rejected has one, without feed and ``into``;
    ``stamp`` is the create.
    """

    record: str
    feed: str
    into: str | None
    stamp: str


class Aside(NamedTuple):
    """Something that cannot be kept under a stamp of its own: unreadable, or a stamp reused.

    ``id`` is a digest of device and content, so that sending it again adds nothing.
    """

    id: str
    device: str
    actor: str
    stamp: str | None
    code: str
    received: int
    body: bytes


@dataclass(slots=True)
class Conflict:
    """Concurrent changes that no policy settles; its id is the stamp of the operation that waits.

    ``fields`` maps a field's name (``*``: the whole record) to ``code``, ``base``,
    ``base_stamp``, ``server``, ``server_stamp``, ``device``, ``stamp`` (of the operation whose
    value waits) and ``closed_by`` (None while it is open).
    """

    id: str
    record: str
    type: str
    feed: str
    actor: str
    opened: int
    closed: int | None = None
    closed_by: str | None = None
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)

    def open_fields(self) -> list[str]:
        """The fields that still wait for a decision."""
        return [name for name, part in self.fields.items() if part["closed_by"] is None]


class Before(NamedTuple):
    """What was stored about a record before it was changed."""

    feeds: tuple[str, ...]
    head: str
    deleted: bool
    identity: tuple[Any, ...]

    @classmethod
    def of(cls, record: Record) -> Before:
        """What is stored about a record that is about to be changed."""
        spec = record.spec
        identity = spec.identity_of(record.values) if spec.identity else ()
        return cls(record.feeds(), record.head, record.deleted, identity)


class RecordChange(NamedTuple):
    """A record to be stored. ``before`` is None for a new one.

    ``moved`` is false if only ``tail`` changed: no entry moves, no row is written.
    """

    record: Record
    before: Before | None
    moved: bool


@dataclass(slots=True)
class Changes:
    """Everything that one batch changes, in the order in which it was decided.

    ``strays`` are added, and those ``found`` are strays no more. ``told``: entries beside those
    of ``records``, in feeds that refer to a merged record, or of who worked on a redacted one.
    """

    operations: list[StoredOperation] = field(default_factory=list)
    revised: list[StoredOperation] = field(default_factory=list)
    records: list[RecordChange] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    aside: list[Aside] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)
    found: list[Stray] = field(default_factory=list)
    told: list[Movement] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(
            (
                self.operations,
                self.revised,
                self.records,
                self.conflicts,
                self.held,
                self.released,
                self.aside,
                self.strays,
                self.found,
                self.told,
            )
        )


class Movement(NamedTuple):
    """One entry that moves to its feed's end. ``known``: the feed holds an entry of it already."""

    feed: str
    record: str
    home: str
    state: State
    known: bool


def movements(changes: Iterable[RecordChange]) -> list[Movement]:
    """The entries that a batch moves, in order. A record's home feed is the first of its feeds."""
    moved: list[Movement] = []
    for record, before, is_moved in changes:
        if not is_moved:
            continue
        feeds = record.feeds()
        home = feeds[0] if feeds else ""
        state: State = "live"
        if record.deleted:
            state = "deleted" if record.into is None else "merged"
        old = before.feeds if before is not None else ()
        if old == feeds:  # as almost always
            moved += [Movement(feed, record.id, home, state, True) for feed in feeds]
            continue
        moved += [Movement(feed, record.id, home, state, feed in old) for feed in feeds]
        left = [feed for feed in old if feed not in feeds]
        moved += [Movement(feed, record.id, home, "left", True) for feed in left]
    return moved


def digest_changes(changes: Iterable[RecordChange]) -> dict[str, tuple[int, int]]:
    """Feed → (change of the count, change of the sum), the sum taken mod 2⁴⁸ when applied."""
    parts: dict[str, tuple[int, int]] = {}

    def add(feeds: Iterable[str], live: int, part: int) -> None:
        for feed in feeds:
            count, total = parts.get(feed, (0, 0))
            parts[feed] = (count + live, (total + part) & DIGEST_MASK)

    for record, before, is_moved in changes:
        if not is_moved:
            continue
        old = before.feeds if before is not None and not before.deleted else ()
        new = () if record.deleted else record.feeds()
        was = digest_part(record.id, before.head) if before is not None and old else 0
        part = digest_part(record.id, record.head) if new else 0
        if old == new:  # as almost always
            add(new, 0, part - was)
        else:
            add(old, -1, -was)
            add(new, 1, part)
    return parts


class Reading(Protocol):
    """A snapshot."""

    def epoch(self) -> str:
        """The mark of this server's history; another one after a restore from a backup."""
        ...

    def feeds(self, names: Collection[str]) -> dict[str, FeedState]:
        """The state of feeds. A feed that never held anything is absent."""
        ...

    def entries(self, feed: str, *, after: int, limit: int) -> list[Entry]:
        """Up to ``limit`` entries of a feed with ``seq`` above ``after``, in order."""
        ...

    def operations(self, stamps: Collection[str]) -> dict[str, StoredOperation]:
        """Operations by stamp; unknown stamps are absent."""
        ...

    def records(self, ids: Collection[str]) -> dict[str, Record]:
        """Records by id, deleted ones too; unknown ids are absent.

        In a write transaction they are locked until it ends, in the order of their ids.
        """
        ...

    def conflicts(self, ids: Collection[str]) -> dict[str, Conflict]:
        """Conflicts by id, closed ones too."""
        ...

    def history(self, record: str, *, until: str | None = None) -> list[StoredOperation]:
        """The operations about a record, newest first, down to and with ``until``."""
        ...

    def referring(self, type_name: str, field: str, record: str) -> list[str]:
        """The ids of live records of a type whose reference ``field`` names ``record``.

        Quick for fields that the store can look up (in SQL: those of a projection); of others
        every record of the type is read.
        """
        ...

    def strays(self, records: Collection[str]) -> list[Stray]:
        """What is known of ids that name no live record, by record and feed."""
        ...

    def merged_into(self, record: str) -> list[str]:
        """The ids of the records for which ``record`` itself stands."""
        ...


class Writing(Reading, Protocol):
    """A write transaction."""

    def waiting(self, stamps: Collection[str]) -> list[Held]:
        """Held operations that need one of ``stamps``, by stamp."""
        ...

    def held(self, stamps: Collection[str]) -> dict[str, Held]:
        """Held operations by their own stamps."""
        ...

    def sharing(self, keys: Collection[int]) -> dict[int, list[str]]:
        """Key → the ids of live records that have it, of those among ``keys`` that any has.

        Two transactions that ask for one key take turns, so that each sees what the other made.
        """
        ...

    def alone_about(self, record: str) -> None:
        """Let nobody ask what stands for a record (``strays``) until the transaction ends.

        Who merges a record reads what refers to it, and who refers to it anew reads what stands
        for it; were both to read before the other stored, nobody would tell of the merge.
        """
        ...

    def group(self, name: str) -> list[Held]:
        """The held members of a group, by stamp."""
        ...

    def due(self, code: str, *, before_ms: int, limit: int) -> list[Held]:
        """Operations held with ``code`` since before then, the oldest first."""
        ...

    def open_conflicts(self, record: str) -> list[str]:
        """The ids of a record's conflicts that are open as stored."""
        ...

    def about(self, records: Collection[str]) -> list[StoredOperation]:
        """Every operation about records, also what was never applied, by stamp.

        For redaction alone: it may read all operations that there are.
        """
        ...

    def beyond(self, positions: Mapping[str, int], records: Collection[str]) -> set[str]:
        """Those of ``records`` with an entry beyond ``positions[feed]`` in any of these feeds."""
        ...

    def placed(
        self, feeds: Collection[str], records: Collection[str]
    ) -> dict[str, dict[str, tuple[int, State]]]:
        """Record → feed → (seq, state), for the entries of ``records`` in ``feeds``."""
        ...

    def mark_feeds(self, now_ms: int) -> None:
        """Note how far each feed has come by now: so that one can tell how old entries are."""
        ...

    def compact(self, *, before_ms: int) -> int:
        """Purge the entries of what was deleted or had left before then; answers how many.

        As far as marks tell. A feed remembers how far it was purged. Live records stay, and
        what tells of aliases does, for the sake of whoever reads from the start.
        """
        ...

    def set_epoch(self, epoch: str) -> None:
        """Begin a new history: every device reads from the start, and hands in again."""
        ...

    def save(self, changes: Changes) -> None:
        """Store a batch: operations, records, entries, digests, conflicts, held, aside.

        ``conflicts``, ``held``, ``strays`` and ``aside`` replace what has the same id. Called
        once or more in a transaction; a later call sees an earlier one's effects.
        """
        ...


class Store(Protocol):
    """Opens transactions. Safe to share between threads."""

    codec: Codec

    def read(self) -> AbstractContextManager[Reading]:
        """A snapshot, closed at the end of the ``with`` block."""
        ...

    def write(self) -> AbstractContextManager[Writing]:
        """A write transaction, committed (durably) at the end of the ``with`` block.

        May raise a store's own *busy* error after rolling back: the caller repeats the batch.
        """
        ...
