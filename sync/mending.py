"""Mending: a feed on a device is made what the server has, bucket by bucket.

A difference must not cost a worker their records in the middle of a day, and must not
stay. What the server sends takes the place of what was there, and of a bucket only what
the server does not list goes.

Invariants
    * Each bucket is kept in one transaction; a repair that is cut leaves no feed worse.
    * No row goes while work on it waits, and no cursor changes.

>>> read_mending(b'{"bucket": {"id": "4e", "records": []}}')
Bucket(id='4e', records=frozenset())
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from sync.answer import AnswerError, Done, Page, read_line
from sync.buckets import bucket_of, count_in
from sync.digests import compare, counted
from sync.replica import Replica, StaleAnswer
from sync.replica_storage import Shelf, Stored

__all__ = ["Bucket", "Mending", "read_mending"]


class Bucket(NamedTuple):
    """A bucket that differed: all its records were sent before this line."""

    id: str
    records: frozenset[str]


def read_mending(text: bytes, loads: Callable[[bytes], Any] = json.loads) -> Page | Bucket | Done:
    """One line of the answer to a repair, read by ``loads``. Raises ``AnswerError``."""
    try:
        told = loads(text)
        if "bucket" in told:
            bucket = told["bucket"]
            return Bucket(str(bucket["id"]), frozenset(map(str, bucket["records"])))
        if "done" in told:
            told["done"].setdefault("more", False)
            text = json.dumps(told).encode()
    except (ValueError, TypeError, KeyError, AttributeError):
        raise AnswerError("a line of a repair has another form") from None
    line = read_line(text, loads)
    if not isinstance(line, (Page, Done)):
        raise AnswerError("a line that belongs to no repair")
    return line


class Mending:
    """One repair of one feed. ``whole``: it was answered to its end; ``mended``: and helped."""

    def __init__(self, replica: Replica, feed: str) -> None:
        self.feed = feed
        self.whole = self.mended = False
        self.rows = 0
        self._replica = replica
        self._pages: list[Page] = []
        with replica.storage.read() as shelf:
            self._exchange = shelf.meta("exchange")

    def request(self) -> dict[str, object]:
        """The body that asks for what differs."""
        with self._replica.storage.read() as shelf:
            heads = shelf.heads(shelf.members(self.feed))
        buckets = {bucket: list(pair) for bucket, pair in count_in(heads.items()).items()}
        schema = max(1, self._replica.catalogue.schema)
        told = {"device": self._replica.device, "schema": schema}
        return {**told, "feed": self.feed, "buckets": buckets}

    def take(self, line: Page | Bucket | Done) -> None:
        """Keep what a line says. Raises ``StaleAnswer`` if an exchange was begun meanwhile."""
        if isinstance(line, Page):
            if line.feed != self.feed:
                raise AnswerError("a page of a feed that is not repaired")
            self._pages.append(line)
            return
        with self._replica.storage.write() as shelf:
            if shelf.meta("exchange") != self._exchange or self.feed not in shelf.feeds():
                raise StaleAnswer
            if isinstance(line, Bucket):
                self._bucket(shelf, line)
            else:
                self._done(shelf, line)

    def _bucket(self, shelf: Shelf, bucket: Bucket) -> None:
        put = [
            Stored(row[0], block.type, block.keys, row, False, row[1])
            for page in self._pages
            for block in page.put
            for row in block.rows
        ]
        self._pages = []
        records = [one.record for one in put]
        heads = shelf.heads(shelf.members(self.feed))
        gone = [one for one in heads if bucket_of(one) == bucket.id and one not in bucket.records]
        with counted(shelf, {*records, *gone}):
            shelf.save_rows(put)
            shelf.join(self.feed, records, round_=shelf.feeds()[self.feed].round)
            shelf.leave(self.feed, gone)
        self.rows += len(put)

    def _done(self, shelf: Shelf, done: Done) -> None:
        homeless = shelf.homeless()
        pending = shelf.pending(homeless)
        busy = {
            record
            for record, entries in pending.items()
            if any(one.state == "waiting" for one in entries)
        }
        shelf.drop_rows([record for record in homeless if record not in busy])
        shelf.set_meta("repairs", (shelf.meta("repairs") or 0) + 1)
        self.whole, self.mended = True, not compare(shelf, done.digests)
