"""Batches of changes as an authority hands them to a store, without an authority."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

from server.records import CATALOGUE
from sync.record import DIGEST_MASK, Record, digest_part
from sync.store import Before, Changes, Reading, RecordChange, StoredOperation

HOUSEHOLD = CATALOGUE["household"]
GRID_A, GRID_B, GRID_C, BUILDING = (str(uuid.UUID(int=number)) for number in range(1, 5))
FEED_A, FEED_B, FEED_C = (f"grid:{grid}" for grid in (GRID_A, GRID_B, GRID_C))
FEED_BUILDING = f"building:{BUILDING}"

_numbers = itertools.count(1)


def new_stamp() -> str:
    return f"{next(_numbers):012x}-0000-k7m2p9q4x3f8"


def new_id() -> str:
    return str(uuid.UUID(int=next(_numbers) << 64))


def operation(stamp: str, record: str, **members: Any) -> StoredOperation:
    """An applied edit, unless ``members`` say otherwise."""
    plain: dict[str, Any] = {
        "type": "household",
        "kind": "edit",
        "actor": "u1",
        "outcome": "applied",
        "code": None,
        "late": False,
        "at": 1_000,
        "corrected": 1_001,
        "received": 1_002,
        "prev": None,
        "cause": None,
        "conflict": None,
        "was": None,
        "raw": {"stamp": stamp, "record": record, "fields": {}},
    }
    return StoredOperation(stamp=stamp, record=record, **{**plain, **members})


class Batch:
    """Builds ``changes``; records are changed in place, as an authority does."""

    def __init__(self) -> None:
        self.changes = Changes()

    def create(self, record: str | None = None, **values: Any) -> Record:
        stamp = new_stamp()
        values = {"grid": GRID_A, **values}
        made = Record.created(record or new_id(), HOUSEHOLD, stamp=stamp, values=values)
        self.changes.operations.append(operation(stamp, made.id, kind="create"))
        self.changes.records.append(RecordChange(made, None, True))
        return made

    def edit(self, record: Record, *, deleted: bool | None = None, **values: Any) -> str:
        stamp, before = new_stamp(), Before.of(record)
        self.changes.operations.append(operation(stamp, record.id, prev=record.tail))
        for name, value in values.items():
            record.put(name, value, stamp)
        record.head = record.tail = stamp
        record.deleted = record.deleted if deleted is None else deleted
        self.changes.records.append(RecordChange(record, before, True))
        return stamp

    def note(self, record: Record, **members: Any) -> str:
        """An operation about a record that leaves its row as it is."""
        stamp, before = new_stamp(), Before.of(record)
        self.changes.operations.append(operation(stamp, record.id, prev=record.tail, **members))
        record.tail = stamp
        self.changes.records.append(RecordChange(record, before, False))
        return stamp


def created(store: Any, **values: Any) -> Record:
    """A household, stored."""
    batch = Batch()
    record = batch.create(**values)
    saved(store, batch)
    return record


def edited(store: Any, record: str, **values: Any) -> Record:
    """Change a stored household in a transaction of its own."""
    with store.write() as tx:
        found: Record = tx.records([record])[record]
        batch = Batch()
        batch.edit(found, **values)
        tx.save(batch.changes)
    return found


def saved(store: Any, batch: Batch) -> None:
    with store.write() as tx:
        tx.save(batch.changes)


def whole(tx: Reading, feed: str) -> list[Any]:
    """All entries of a feed, read in small pages."""
    found: list[Any] = []
    while page := tx.entries(feed, after=found[-1].seq if found else 0, limit=3):
        assert len(page) <= 3
        found += page
    return found


def digest(tx: Reading, feed: str) -> tuple[int, int]:
    """Count and sum of a feed, computed from its entries."""
    live = [one for one in whole(tx, feed) if one.state == "live"]
    return len(live), sum(digest_part(one.record, one.head) for one in live) & DIGEST_MASK


def assert_digests(tx: Reading, *feeds: str) -> None:
    states = tx.feeds(feeds)
    for feed in feeds:
        assert (states[feed].count, states[feed].sum) == digest(tx, feed), feed
