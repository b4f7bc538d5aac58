"""The audit of waiting: what is held, for whose sake, and what lets it go.

A held operation goes by three ways only: what it was based on came, a person let it go, or
its five days are over; and what somebody suspended has waiting, by a person alone. What
belongs together goes together, and nobody's child is taken without its parent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from simulator.exploration.oracle.ledger import Change, HeldRow, Ledger, Op

__all__ = ["audit_waiting"]

Wrong = tuple[int, str]

WAIT_MS = 5 * 86_400_000
_KEPT = ("held", "rejected")


def audit_waiting(
    ledger: Ledger,
    changes: Sequence[Change],
    held: Mapping[str, HeldRow],
    now_ms: int,
    *,
    by_person: bool,
) -> Iterator[Wrong]:
    """Everything that is wrong with what one transaction let go, or took without waiting.

    ``held``: what waited before it.
    """
    new = [ledger.ops[one.key] for one in changes if one.what == "op+"]
    let_go = [
        ledger.ops[one.key]
        for one in changes
        if one.what == "op~" and one.old == "held" and one.new != "held"
    ]
    if not by_person:
        for op in let_go:
            yield from _went(ledger, op, held.get(op.stamp), now_ms)
    for op in new:
        if op.kind == "create" and op.outcome not in _KEPT and not op.device.startswith("srv"):
            yield from _orphan(ledger, op)
    yield from _groups(ledger, [*new, *let_go])


def _went(ledger: Ledger, op: Op, waited: HeldRow | None, now_ms: int) -> Iterator[Wrong]:
    """Why an operation waits no more, where no person let it go."""
    if op.outcome != "rejected" and ledger.suspended(op.device):
        yield 4, f"{op.stamp} of a suspended device was let go by nobody, and is {op.outcome}"
    if waited is None or waited.code not in ("needs", "depends_on_rejected"):
        return
    need = ledger.ops.get(waited.needs or "")
    came = need is not None and need.outcome not in _KEPT
    if not came and now_ms - op.received < WAIT_MS and op.raw.get("group") is None:
        yield 2, f"{op.stamp} waited for {waited.needs}, and went without it as {op.outcome}"


def _orphan(ledger: Ledger, op: Op) -> Iterator[Wrong]:
    """A create is held with the create of what it refers to, if that was not taken."""
    for name, field in ledger.specs[op.type].field.items():
        parent = op.fields.get(name) if field.get("to") else None
        if not isinstance(parent, str) or parent in ledger.rows:
            continue
        for other in ledger.of_record.get(parent, ()):
            if other.kind == "create" and other.outcome in _KEPT and other.number < op.number:
                yield (
                    2,
                    f"{op.stamp} was {op.outcome}, and {other.stamp} of its {name} is not taken",
                )


def _groups(ledger: Ledger, decided: Sequence[Op]) -> Iterator[Wrong]:
    """A group applies whole: where one member is stopped, nothing of the others happened."""
    groups: dict[tuple[str, str], list[Op]] = {}
    for op in decided:
        group = op.raw.get("group")
        if group is not None:
            groups.setdefault((op.device, group["id"]), []).append(op)
    for (_device, name), members in groups.items():
        steps = [op.record for op in members if op.kind == "transition"]
        if len(set(steps)) < len(steps):
            continue  # Two of its members take one step: it cannot be, and a person may part it.
        stopped = [op.stamp for op in members if _is_stopped(ledger, op)]
        happened = [op.stamp for op in members if not _is_stopped(ledger, op)]
        if stopped and happened:
            yield 2, f"of the group {name}, {happened} happened, and {stopped} did not"


def _is_stopped(ledger: Ledger, op: Op) -> bool:
    if op.outcome in _KEPT:
        return True
    conflict = ledger.conflicts.get(op.stamp)
    return conflict is not None and any(
        part["code"] == "overtaken" for part in conflict.fields.values()
    )
