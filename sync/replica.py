"""The replica: a device's copy of the records of its feeds, and the work done on it.

A worker opens the tablet in a stairwell without a signal and must find the households,
change them, and lose nothing if the battery dies a second later. The replica is what
makes that true: the base that the server sent, the operations made here, and what is
shown of both.

Invariants
    * An operation is stored in the transaction that read what it is based on.
    * The outbox is sent in the order of its stamps; members of a group stay together.
    * A stamp is greater than every stamp of this replica before it, also after a restart.

What the server answers is taken in by ``sync.intake``. This module reads no clock and draws
nothing: callers pass ``now_ms``, record ids and the incarnation. Tokens are not kept here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from typing import Any

from sync import bundles
from sync.catalogue import ROW_HEAD, Catalogue, RecordType
from sync.catalogue_document import read_catalogue
from sync.errors import Problem, Refusal
from sync.operation import check_values, read
from sync.outbox import Draft, Seen, operation
from sync.record import Record
from sync.replica_storage import PENDING, Entry, FeedRow, ReplicaStorage, Shelf
from sync.session import PROTOCOL, Request
from sync.stamps import Stamps
from sync.status import Counts
from sync.view import View, as_record, look

__all__ = ["BATCH_MAX", "Replica", "StaleAnswer", "bury"]

BATCH_MAX = 500
"""Operations in a request, unless a group needs more."""

_ALIASES_MAX = 32


class StaleAnswer(Exception):  # noqa: N818 - what it is, not an error of ours
    """The answer belongs to an older request than the newest; nothing of it is applied."""


class Replica:
    """One worker's copy on one device. Not for two threads at once."""

    def __init__(
        self,
        storage: ReplicaStorage,
        *,
        incarnation: str,
        catalogues: MutableMapping[str, Catalogue] | None = None,
    ) -> None:
        """Opens what ``enrol`` made. ``incarnation``: 4 base-32 characters, drawn for this.

        ``catalogues``: those that were read already, by ETag; who opens thousands shares one.
        """
        self.storage = storage
        self._catalogues = {} if catalogues is None else catalogues
        with storage.read() as shelf:
            device, user = shelf.meta("device"), shelf.meta("user")
            if device is None or user is None:
                raise Refusal(Problem("no_token"))
            last = shelf.meta("last_stamp")
            self.catalogue = self._read(shelf.meta("etag"), lambda: shelf.meta("catalogue"))
        self.device: str = device
        self.user: str = user
        self._stamps = Stamps(device=device, incarnation=incarnation, last=last)

    @staticmethod
    def enrol(storage: ReplicaStorage, *, device: str, user: str) -> None:
        """Make an empty replica, or give one that is there a new device id (``replaces``).

        What waits stays, under the stamps that it has. If nothing is shown of its own work, the
        new device counts its stamps by the clock again: a clock that once ran years ahead would
        else have all work held for years (``stamp_ahead``). Raises ``Refusal`` for another user.
        """
        with storage.write() as shelf:
            if shelf.meta("user") not in (None, user):
                raise Refusal(Problem("not_your_device"))
            is_another = shelf.meta("device") != device
            if is_another and not any(shelf.count(state) for state in PENDING):
                shelf.set_meta("last_stamp", None)
            shelf.set_meta("device", device)
            shelf.set_meta("user", user)

    # Reading -------------------------------------------------------------------------------

    def view(self, record: str) -> View | None:
        """What is seen of a record, through the one that stands for it if it was merged."""
        with self.storage.read() as shelf:
            standing = self.resolve(record, shelf)
            return self._views(shelf, [standing]).get(standing)

    def views(self, type_name: str) -> list[View]:
        """Every record of one type that is seen, deleted ones left out, in the order of ids."""
        with self.storage.read() as shelf:
            records = {*shelf.records(type_name), *shelf.pending_records(type_name)}
            found = self._views(shelf, sorted(records))
        return [view for view in found.values() if not view.deleted]

    def base(self, record: str) -> Record | None:
        """The row that the server sent, without the own work over it."""
        with self.storage.read() as shelf:
            stored = shelf.rows([record]).get(record)
            spec = self.catalogue.get(stored.type) if stored is not None else None
            return as_record(stored, spec) if stored is not None and spec is not None else None

    def resolve(self, record: str, shelf: Shelf | None = None) -> str:
        """The record that stands for ``record``: itself, unless it was merged into another."""
        if shelf is None:
            with self.storage.read() as opened:
                return self.resolve(record, opened)
        aliases = shelf.aliases()
        for _ in range(_ALIASES_MAX):
            if record not in aliases:
                break
            record = aliases[record]
        return record

    def waiting(self) -> list[Entry]:
        """The outbox, in order."""
        with self.storage.read() as shelf:
            return shelf.in_state("waiting")

    def kept(self) -> list[Entry]:
        """What the server holds or rejected, until it is settled."""
        with self.storage.read() as shelf:
            return shelf.in_state("held", "rejected")

    def feeds(self) -> dict[str, FeedRow]:
        """What is known of each feed."""
        with self.storage.read() as shelf:
            return shelf.feeds()

    def meta(self, key: str) -> Any:
        """A single value that the replica keeps, or None."""
        with self.storage.read() as shelf:
            return shelf.meta(key)

    def counts(self) -> Counts:
        """What ``sync.status`` tells a person of."""
        with self.storage.read() as shelf:
            oldest = shelf.in_state("waiting", limit=1)
            return Counts(
                waiting=shelf.count("waiting"),
                oldest_ms=oldest[0].body["at"] if oldest else None,
                kept=shelf.count("held") + shelf.count("rejected"),
                handed_in_ms=shelf.meta("handed_in_ms"),
            )

    def count_waiting(self) -> int:
        """How many operations are in the outbox."""
        with self.storage.read() as shelf:
            return shelf.count("waiting")

    def _views(self, shelf: Shelf, records: Sequence[str]) -> dict[str, View]:
        rows, pending = shelf.rows(records), shelf.pending(records)
        found: dict[str, View] = {}
        for record in records:
            stored, entries = rows.get(record), pending.get(record, [])
            if stored is None and not entries:
                continue
            spec = self.catalogue.get(stored.type if stored else entries[0].body["type"])
            if spec is None:
                continue
            view = look(as_record(stored, spec) if stored else None, entries, spec)
            if view is not None:
                found[record] = view
        return found

    # Working -------------------------------------------------------------------------------

    def create(self, type_name: str, record: str, fields: Mapping[str, Any], *, now_ms: int) -> str:
        """Make a record; ``record`` is a new id (UUIDv7). Answers with the stamp."""
        (stamp,) = self.make([Draft("create", type_name, record, fields)], now_ms=now_ms)
        assert stamp is not None
        return stamp

    def edit(
        self, record: str, fields: Mapping[str, Any], *, now_ms: int, **extra: Any
    ) -> str | None:
        """Change fields to new values (or by their policy's form). None if nothing changes."""
        return self._one("edit", record, fields, now_ms=now_ms, extra=extra)

    def transition(
        self, record: str, state: str, *, now_ms: int, fields: Mapping[str, Any] | None = None
    ) -> str | None:
        """Take a step of the record's workflow from the state that is shown."""
        flow = self._spec_of(record).workflow
        if flow is None:
            raise Refusal(Problem("unknown_kind", pointer="/kind", params={"kind": "transition"}))
        step = {flow.field: state, **(fields or {})}
        return self._one("transition", record, step, now_ms=now_ms, extra={})

    def delete(self, record: str, *, now_ms: int) -> str | None:
        """Delete a record."""
        return self._one("delete", record, {}, now_ms=now_ms, extra={})

    def restore(self, record: str, *, now_ms: int) -> str | None:
        """Bring a deleted record back."""
        return self._one("restore", record, {}, now_ms=now_ms, extra={})

    def merge(self, record: str, into: str, *, now_ms: int) -> str | None:
        """Let ``into`` stand for ``record``."""
        return self._one("merge", record, {}, now_ms=now_ms, extra={"into": into})

    def settle(
        self, record: str, conflict: str, fields: Mapping[str, Any], *, now_ms: int
    ) -> str | None:
        """Resolve a conflict with a value for each field."""
        return self._one("resolve", record, fields, now_ms=now_ms, extra={"conflict": conflict})

    def make(
        self, drafts: Sequence[Draft], *, now_ms: int, group: str | None = None
    ) -> list[str | None]:
        """Queue what was done, all or nothing: the stamps, None for what changed nothing.

        ``group``: an id, if the server must apply the operations together. Raises ``Refusal``
        for what could never be accepted as it is; then nothing is queued.
        """
        made: list[dict[str, Any] | None] = []
        with self.storage.write() as shelf:
            offset = shelf.meta("offset_ms")
            for draft in drafts:
                raw = self._operation(shelf, draft, now_ms=now_ms, offset_ms=offset)
                made.append(raw)
                if raw is not None:
                    shelf.save_entries([Entry(raw["stamp"], raw["record"], "waiting", raw)])
                    shelf.set_meta("last_stamp", raw["stamp"])
            members = [raw for raw in made if raw is not None]
            if group is not None and len(members) > 1:
                mark = {"group": {"id": group, "of": len(members)}}
                shelf.save_entries(
                    Entry(raw["stamp"], raw["record"], "waiting", {**raw, **mark})
                    for raw in members
                )
        return [raw["stamp"] if raw is not None else None for raw in made]

    def withdraw(self, stamp: str) -> bool:
        """Take a kept operation off the screen, at its author's wish; the server keeps it."""
        with self.storage.write() as shelf:
            entry = shelf.entries([stamp]).get(stamp)
            if entry is None or entry.state not in ("held", "rejected"):
                return False
            shelf.save_entries([entry._replace(state="acknowledged")])
            bury(shelf, [entry.record])
        return True

    def _one(
        self,
        kind: str,
        record: str,
        fields: Mapping[str, Any],
        *,
        now_ms: int,
        extra: Mapping[str, Any],
    ) -> str | None:
        spec = self._spec_of(record)
        draft = Draft(kind, spec.name, self.resolve(record), fields, extra)
        return self.make([draft], now_ms=now_ms)[0]

    def _spec_of(self, record: str) -> RecordType:
        view = self.view(record)
        if view is None:
            raise Refusal(Problem("unknown_record", pointer="/record"))
        return view.record.spec

    def _operation(
        self, shelf: Shelf, draft: Draft, *, now_ms: int, offset_ms: int | None
    ) -> dict[str, Any] | None:
        spec = self.catalogue.get(draft.type)
        if spec is None:
            raise Refusal(Problem("unknown_type", pointer="/type", params={"type": draft.type}))
        stored = shelf.rows([draft.record]).get(draft.record)
        base = as_record(stored, spec) if stored is not None else None
        entries = shelf.pending([draft.record]).get(draft.record, [])
        raw = operation(
            draft,
            Seen.of(base, entries, spec, seen_head=stored.seen if stored is not None else None),
            spec,
            stamp=self._stamps.next(now_ms=now_ms),
            actor=self.user,
            schema=self.catalogue.schema,
            at=now_ms,
            offset_ms=offset_ms,
        )
        if raw is not None:
            check_values(read(raw), spec)
        return raw

    # Exchanging ----------------------------------------------------------------------------

    def begin(
        self,
        *,
        now_ms: int,
        limit: int = 2_000,
        batch: int = BATCH_MAX,
        status: Mapping[str, Any] | None = None,
    ) -> Request:
        """The next exchange's request. From now on, answers to older ones are stale.

        ``status``: what the device tells of itself; the outbox is added here.
        """
        with self.storage.write() as shelf:
            number = (shelf.meta("exchange") or 0) + 1
            shelf.set_meta("exchange", number)
            entries = _batch(shelf.in_state("waiting", limit=batch + 1), batch, shelf)
            waiting = shelf.count("waiting")
            checkpoint = {
                name: feed.cursor for name, feed in shelf.feeds().items() if feed.cursor is not None
            }
        body = {
            "protocol": PROTOCOL,
            "device": self.device,
            "schema": self.catalogue.schema,
            "sent_at": now_ms,
            "operations": [entry.body for entry in entries],
            "checkpoint": checkpoint,
            "limit": limit,
            "status": {
                **(status or {}),
                "outbox": waiting,
                "oldest_pending": entries[0].body["at"] if entries else None,
            },
        }
        stamps = tuple(entry.stamp for entry in entries)
        return Request(number, body, stamps, now_ms, beyond=waiting - len(entries))

    def bundles(
        self, *, now_ms: int, sign: Callable[[bytes], bytes] | None, batch: int = BATCH_MAX
    ) -> list[bytes]:
        """The outbox as files for another way to the server, ``batch`` operations in each.

        Nothing changes here: what is taken so is acknowledged when it is handed in again.
        ``sign``: signs with the key that this device enrolled with.
        """
        with self.storage.read() as shelf:
            entries: Sequence[Entry] = shelf.in_state("waiting")
            checkpoint = {
                name: feed.cursor for name, feed in shelf.feeds().items() if feed.cursor is not None
            }
            parts = []
            while entries:
                parts.append(_batch(entries, batch, shelf))
                entries = entries[len(parts[-1]) :]
        return [
            bundles.seal(
                {
                    "protocol": PROTOCOL,
                    "device": self.device,
                    "user": self.user,
                    "schema": self.catalogue.schema,
                    "sent_at": now_ms,
                    "operations": [entry.body for entry in part],
                    "checkpoint": checkpoint,
                },
                sign,
            )
            for part in parts
        ]

    def learn(self, document: Mapping[str, Any], *, etag: str | None) -> None:
        """Take a catalogue; it is used from now on."""
        catalogue = self._read(etag, lambda: document)
        with self.storage.write() as shelf:
            shelf.set_meta("catalogue", document)
            shelf.set_meta("etag", etag)
        self.catalogue = catalogue

    def _read(self, etag: str | None, document: Callable[[], Any]) -> Catalogue:
        """The catalogue that has this ETag, which is read once; without one, at each time."""
        known = self._catalogues.get(etag) if etag is not None else None
        if known is None:
            told = document()
            known = read_catalogue(told) if told else Catalogue(schema=0)
            if etag is not None:
                self._catalogues[etag] = known
        return known

    def wipe(self) -> None:
        """Forget everything, the outbox too: the server said that this device must."""
        with self.storage.write() as shelf:
            shelf.wipe()


def bury(shelf: Shelf, records: Collection[str]) -> None:
    """Of a deleted record only its head is kept, once no work on it is shown any more."""
    pending = shelf.pending(records)
    shelf.save_rows(
        one._replace(keys=ROW_HEAD, row=[record, one.head, one.head, None, None, None])
        for record, one in shelf.rows(records).items()
        if one.deleted and record not in pending and len(one.keys) > len(ROW_HEAD)
    )


def _batch(entries: Sequence[Entry], most: int, shelf: Shelf) -> Sequence[Entry]:
    """The operations of one request: at most ``most``, but never part of a group."""
    if len(entries) <= most:
        return entries
    group = _group(entries[most])
    if group is None or _group(entries[most - 1]) != group:
        return entries[:most]
    start = next(place for place, entry in enumerate(entries) if _group(entry) == group)
    if start > 0:
        return entries[:start]
    return [entry for entry in shelf.in_state("waiting") if _group(entry) == group]


def _group(entry: Entry) -> Any:
    return (entry.body.get("group") or {}).get("id")
