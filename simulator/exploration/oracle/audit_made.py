"""The audit of what was made: that an operation says what its author did, and gets there.

Between a tap and the server lie days, crashes and disks. What was made durably on a tablet
must be in the history at the end, word for word; and it must name what its author saw,
for the server decides by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.exploration.oracle.audit_redaction import excused
from simulator.exploration.oracle.ledger import Ledger, Op

if TYPE_CHECKING:
    from simulator.exploration.tablet import Tablet

__all__ = [
    "Made",
    "as_sent",
    "audit_handed_in",
    "audit_made",
    "bodies_of",
    "only_new_words",
    "rows_without_work",
]

Wrong = tuple[int, str]


class Made(NamedTuple):
    """An operation as it was made: when truly (ms), by a clock whose offset was known so well (ms),
    on which tablet ('' once that tablet has lost it), what it changes, of which record, and why."""

    at_ms: int
    unsure_ms: float
    tablet: str
    fields: Mapping[str, Any]
    record: str
    reason: str | None = None


def rows_without_work(tablet: Tablet, records: Sequence[str]) -> dict[str, Any]:
    """Record → its row by names, of those on which no own work waits."""
    with tablet.disk.read() as shelf:
        busy = shelf.pending(records)
        return {
            record: dict(zip(one.keys, one.row, strict=False))
            for record, one in shelf.rows(records).items()
            if record not in busy and not one.deleted
        }


def bodies_of(tablet: Tablet, stamps: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Stamp → the operation as it lies on the disk."""
    with tablet.disk.read() as shelf:
        return {stamp: one.body for stamp, one in shelf.entries(stamps).items()}


def audit_made(
    body: Mapping[str, Any], draft: Mapping[str, Any], row: Mapping[str, Any] | None
) -> Iterator[Wrong]:
    """An operation holds what was changed, and names as its base what was shown."""
    more = body["fields"].keys() - (draft.get("fields") or {}).keys()
    if more:
        yield 6, f"{body['stamp']} changes {sorted(more)}, which nobody touched"
    if body["kind"] != "edit" or row is None:
        return
    for name, base in body["base"].items():
        version = (row["vx"] or {}).get(name, row["v"])
        if name != "*" and base != version:
            yield 6, f"{body['stamp']} was made on {name} of {version}, and says {base}"


def audit_handed_in(
    ledger: Ledger, made: Mapping[str, Made], tablets: Iterable[Tablet]
) -> Iterator[Wrong]:
    """What was made on a tablet that has not lost it is in the history, word for word."""
    alive = {one.name for one in tablets if not one.wiped and one.keyring.load() is not None}
    for stamp, one in made.items():
        op = ledger.ops.get(stamp)
        if op is None:
            if one.tablet in alive:
                yield 2, f"{stamp} was made on {one.tablet} and never came to the server"
        elif excused(op):
            kept = {name: value for name, value in op.fields.items() if value is not None}
            if not kept.items() <= one.fields.items() or op.fields.keys() != one.fields.keys():
                yield 2, f"{stamp} was made as {one.fields}, and what is left of it is {op.fields}"
        elif op.raw.get("reason") != one.reason:
            yield (
                2,
                f"{stamp} was made because of {one.reason}, and is because of {op.raw['reason']}",
            )
        elif as_sent(op.raw)["fields"] != one.fields:
            yield 2, f"{stamp} was made as {one.fields} and is {op.fields} in the history"


def as_sent(raw: Mapping[str, Any]) -> dict[str, Any]:
    """An operation in the words in which it came, where a newer version reads it otherwise."""
    return {
        **{name: value for name, value in raw.items() if name != "as_sent"},
        **(raw.get("as_sent") or {}),
    }


def only_new_words(op: Op, was: Mapping[str, Any]) -> bool:
    """Whether an operation says what it said, read in the words of a newer version."""
    return "as_sent" in op.raw and as_sent(op.raw) == as_sent(was)
