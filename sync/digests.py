"""Digests: whether a replica's feeds are what the server has.

A difference that nobody notices is the worst that a replica can have, and comparing
every row after every exchange costs what a tablet does not have. So each feed has a
count and a sum, kept up while rows change; only when they differ are the rows counted.

Invariants
    * The digest of a feed is that of its members' base rows, deleted ones apart, the
      outbox apart.
    * A difference is told only after a fresh count: an own mistake in keeping a sum up is
      put right, not reported.

Nothing is dropped for a difference: repairing is another request.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from sync.record import DIGEST_MASK, digest_part
from sync.replica_storage import Shelf

__all__ = ["Difference", "compare", "counted", "recount"]


class Difference(NamedTuple):
    """A feed whose digest is not the server's: (count, sum) of both."""

    feed: str
    own: tuple[int, int]
    server: tuple[int, int]


@contextmanager
def counted(shelf: Shelf, records: Collection[str]) -> Iterator[None]:
    """Keep the feeds' digests true while rows and memberships of ``records`` change."""
    before = _parts(shelf, records)
    yield
    after = _parts(shelf, records)
    changes: dict[str, tuple[int, int]] = {}
    for sign, parts in ((-1, before), (1, after)):
        for (feed, _record), part in parts.items():
            count, total = changes.get(feed, (0, 0))
            changes[feed] = (count + sign, total + sign * part)
    for name, (count, total) in changes.items():
        if count or total:
            known = shelf.feed(name)
            assert known is not None, "a record is a member of feeds that are known"
            digest = (known.sum + total) & DIGEST_MASK
            shelf.save_feed(known._replace(live=known.live + count, sum=digest))


def _parts(shelf: Shelf, records: Collection[str]) -> dict[tuple[str, str], int]:
    heads, feeds = shelf.heads(records), shelf.feeds_of(records)
    return {
        (feed, record): digest_part(record, head)
        for record, head in heads.items()
        for feed in feeds.get(record, ())
    }


def recount(shelf: Shelf, feed: str) -> tuple[int, int]:
    """The digest of a feed, counted from its rows."""
    heads = shelf.heads(shelf.members(feed))
    total = sum(digest_part(record, head) for record, head in heads.items())
    return len(heads), total & DIGEST_MASK


def compare(shelf: Shelf, server: Mapping[str, tuple[int, int]]) -> list[Difference]:
    """The feeds that differ from the server's digests."""
    different: list[Difference] = []
    for name, feed in shelf.feeds().items():
        theirs = server.get(name)
        if theirs is None or theirs == (feed.live, feed.sum):
            continue
        own = recount(shelf, name)
        shelf.save_feed(feed._replace(live=own[0], sum=own[1]))
        if own != theirs:
            different.append(Difference(name, own, theirs))
    return different
