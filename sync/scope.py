"""Scope: what a device may read and write, in this request.

A worker is reassigned while the tablet is offline. The edits that wait on it were
made in good faith, so they must be taken; the records must go; and nothing that was
never theirs may come or be changed. What the request's checkpoint names tells which
of the ended grants the device still knew.

Invariants
    * ``reads`` holds granted feeds only: an ended grant lets work in, never rows out.
    * Without a rule that allows it, ``judge`` says ``out``.

>>> scope = Scope(user="u", role="grid_worker", reads=frozenset({"grid:1"}))
>>> scope.judge(("grid:1",)), scope.judge(("grid:2",))
('active', 'out')
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sync.feeds import SHARED, Cursor, Grant, person

__all__ = ["GRACE_MS", "SYSTEM", "Reader", "Scope", "Standing"]

GRACE_MS = 30 * 86_400_000
"""Work for an ended grant applies for 30 days from the revocation."""

Standing = Literal["active", "grace", "review", "out"]
"""``grace``: of an ended grant that the device still held. ``review``: a person looks first."""

SYSTEM_ROLE = "system"
"""The role of the server itself: it may make any change that the catalogue can express."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who exchanges: a device, its user, and every grant of that user, active and ended."""

    device: str
    user: str
    role: str
    lang: str = "zh"
    grants: tuple[Grant, ...] = ()
    suspended: bool = False
    hand_in_only: bool = False
    wipe: bool = False
    former_devices: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """What one caller may read and write now.

    ``reads`` is None for a caller who may read the whole county. ``generations`` maps each
    feed that is read to the generation of its grant; ``grace`` maps feeds of ended grants to
    the end of the grant (ms); ``former`` holds the feeds that were ever granted.
    """

    user: str
    role: str
    reads: frozenset[str] | None = frozenset()
    device: str | None = None
    lang: str = "zh"
    suspended: bool = False
    generations: Mapping[str, str] = field(default_factory=dict)
    grace: Mapping[str, int] = field(default_factory=dict)
    former: frozenset[str] = frozenset()
    former_devices: frozenset[str] = frozenset()

    @classmethod
    def of(cls, reader: Reader, *, checkpoint: Mapping[str, object], now_ms: int) -> Scope:
        """The scope of one exchange."""
        active = {SHARED: "0", person(reader.user): "0"}
        ended: list[Grant] = []
        # Of several grants of one feed the oldest that still holds counts: another changes nothing.
        for grant in sorted(reader.grants, key=lambda one: (one.since_ms, one.generation)):
            if grant.until_ms is not None and grant.until_ms <= now_ms:
                ended.append(grant)
            elif grant.since_ms <= now_ms:
                active.setdefault(grant.feed, grant.generation)
        return cls(
            user=reader.user,
            role=reader.role,
            reads=frozenset(active),
            device=reader.device,
            lang=reader.lang,
            suspended=reader.suspended or reader.hand_in_only,
            generations=active,
            grace=_grace(ended, checkpoint, now_ms=now_ms),
            former=frozenset(grant.feed for grant in ended),
            former_devices=reader.former_devices,
        )

    @property
    def is_system(self) -> bool:
        """Whether this is the server itself."""
        return self.role == SYSTEM_ROLE

    def judge(self, feeds: Collection[str]) -> Standing:
        """Where this caller stands to a record that is in ``feeds``."""
        if self.reads is None or not self.reads.isdisjoint(feeds):
            return "active"
        if not self.grace.keys().isdisjoint(feeds):
            return "grace"
        return "out" if self.former.isdisjoint(feeds) else "review"

    def readable(self, feeds: Iterable[str]) -> list[str]:
        """Those of ``feeds`` that this caller reads."""
        return [feed for feed in feeds if self.reads is None or feed in self.reads]


def _grace(
    ended: Iterable[Grant], checkpoint: Mapping[str, object], *, now_ms: int
) -> dict[str, int]:
    grace: dict[str, int] = {}
    for grant in ended:
        cursor = Cursor.read(checkpoint.get(grant.feed), feed=grant.feed)
        if cursor is None or cursor.generation != grant.generation:
            continue
        if grant.until_ms is not None and now_ms - grant.until_ms <= GRACE_MS:
            # One assignment may have ended more than once: it was restored in between.
            grace[grant.feed] = max(grant.until_ms, grace.get(grant.feed, 0))
    return grace


SYSTEM = Scope(user="system", role=SYSTEM_ROLE, reads=None)
"""The server itself: rules, imports, notices."""
