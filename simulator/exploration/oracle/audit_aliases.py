"""The audit of aliases: whoever holds a reference to a merged record knows what stands for it.

References are not rewritten when two records become one, so that it can be undone. A tablet
on which a visit names a household that is no more must therefore hold what stands for that
household, on to the end, whether it ever read the household itself or not; and no tablet
may go on following what was undone.

One gap is known, and counted as ``alias:untold_end``: a tablet that was told of a merge in a
feed, and lost that feed, is not told that the merge was undone, if no feed that it reads now
ever told of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from simulator.exploration.oracle.ledger import Ledger, Row

if TYPE_CHECKING:
    from simulator.exploration.tablet import Tablet

__all__ = ["audit_aliases"]

Wrong = tuple[int, str]


def audit_aliases(
    ledger: Ledger, tablet: Tablet, rows: Iterable[Row], allowed: frozenset[str]
) -> Iterator[Wrong]:
    """What a tablet follows, against what the server follows. ``rows``: those that it holds."""
    merged = ledger.merged()
    with tablet.disk.read() as shelf:
        known = shelf.aliases()
    if not merged and not known:
        return
    for record in dict.fromkeys(_named(rows)):
        tablet.world.saw("alias:followed" if record in merged else "alias:none")
        here = record
        while here in merged or here in known:
            follows, stands = known.get(here), merged.get(here)
            if stands is None and allowed.isdisjoint(ledger.told_in(here)):
                tablet.world.saw("alias:untold_end")
                break
            if follows != stands:
                yield 1, f"on {tablet.name}, {here} leads to {follows}, not {stands}"
                break
            here = merged[here]


def _named(rows: Iterable[Row]) -> Iterator[str]:
    """The records that rows refer to."""
    for row in rows:
        for name, field in row.spec.field.items():
            if field.get("to") and row.get(name) is not None:
                yield row.get(name)
