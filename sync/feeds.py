"""Feeds and cursors: where a record is read, and how far a device has read.

A feed is an index of current state: one entry for each record, moved to the end
when the record changes. A cursor is a position in one feed, and it must be worth
nothing anywhere else: not in another feed, not under another grant, not after
the server came back from a backup.

Invariants
    * ``Cursor.read(cursor.text(), feed=cursor.feed)`` is the cursor.
    * A cursor of another feed, or nonsense, reads as None, never as a position.

A cursor is opaque to devices, but no secret: scope is checked on every read.

>>> cursor = Cursor(feed="grid:7", epoch="e1", generation="g2", seq=26)
>>> cursor.text()
'e1.g2.1a.b3c58ded'
>>> Cursor.read("e1.g2.1a.b3c58ded", feed="grid:8") is None
True
"""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

__all__ = ["SHARED", "Cursor", "Grant", "person"]

SHARED = "shared"
"""The feed that everybody reads; it holds no personal data."""

_SEQ_MAX = 1 << 62


def person(user: str) -> str:
    """The feed of what one user is told."""
    return f"person:{user}"


def _check(feed: str) -> str:
    """What tells the cursors of a feed from those of others. Strangers name feeds as they like."""
    return f"{crc32(feed.encode('utf-8', 'surrogatepass')):08x}"


class Cursor(NamedTuple):
    """A position in one feed: every entry up to ``seq`` has been read.

    ``begun``: where the feed ended when a reading from its start began. Until it has come so
    far, what was purged below that is no loss: whoever began then had never been told of it.
    """

    feed: str
    epoch: str
    generation: str
    seq: int
    begun: int = 0

    @property
    def knows(self) -> int:
        """Up to here nothing that is gone need be told."""
        return max(self.seq, self.begun)

    def text(self) -> str:
        """The opaque text that devices keep."""
        place = f"{self.seq:x}" if self.begun <= self.seq else f"{self.seq:x}-{self.begun:x}"
        return f"{self.epoch}.{self.generation}.{place}.{_check(self.feed)}"

    @classmethod
    def read(cls, text: object, *, feed: str) -> Cursor | None:
        """The cursor that a device sent for ``feed``, or None if it is not one of that feed."""
        if not isinstance(text, str) or len(text) > 200:
            return None
        parts = text.split(".")
        if len(parts) != 4 or parts[3] != _check(feed):
            return None
        place, _, begun = parts[2].partition("-")
        try:
            cursor = cls(feed, parts[0], parts[1], int(place, 16), int(begun or "0", 16))
        except ValueError:
            return None
        fits = 0 <= cursor.seq <= cursor.knows < _SEQ_MAX
        return cursor if fits and cursor.text() == text else None


class Grant(NamedTuple):
    """A user's right to read a feed, from ``since_ms`` until ``until_ms`` (None: still).

    ``generation`` is different for each grant of the same feed, so that one that was
    taken away and given again is seen as new.
    """

    feed: str
    generation: str
    since_ms: int
    until_ms: int | None = None
