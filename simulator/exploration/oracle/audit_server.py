"""The audit of the server: what each of its transactions did, against what it may do.

Each function is given the ledger as it is after a transaction, and what changed, and says what
is wrong in one sentence each, with the number of the promise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator.exploration.newer import NEWER
from simulator.exploration.oracle.audit_redaction import excused
from simulator.exploration.oracle.expectations import Expected, by_record
from simulator.exploration.oracle.ledger import Change, Ledger, Op, Row

__all__ = ["Saw", "audit_places", "audit_transaction"]

Wrong = tuple[int, str]
Saw = Any  # called with the name of something that happened

_GUARDED = frozenset({"ask", "once", "text"})


def audit_transaction(
    ledger: Ledger, changes: Sequence[Change], before: Mapping[str, Row | None], saw: Saw
) -> Iterator[Wrong]:
    """Everything that is wrong with one transaction. ``before``: the rows that it changed."""
    new = [ledger.ops[one.key] for one in changes if one.what == "op+"]
    revised = [one for one in changes if one.what == "op~" and one.old != one.new]
    for op in new:
        saw(f"outcome:{op.outcome}")
        saw(f"kind:{op.kind}")
        if op.raw.get("as_sent"):
            saw("upgrade:old_words")
        elif op.raw.get("schema") == NEWER.schema and op.device[:3] != "srv":
            saw("upgrade:new_words")
        if op.code:
            saw(f"code:{op.code}")
    yield from _history(changes)
    yield from _in_new_words(ledger, new)
    yield from _closings(ledger, changes, saw)
    yield from _told(ledger, new, revised, saw)
    let_go = [ledger.ops[one.key] for one in revised if one.old == "held"]
    released = {op.record for op in let_go}
    ops = by_record(new)
    for record, row in before.items():
        after = ledger.rows[record]
        here = [op for op in ops.get(record, []) if op.actor != "" and not _is_mixed(op, ops)]
        steps = [*ops.get(record, []), *(op for op in let_go if op.record == record)]
        if row is not None and row.head == after.head and _differs(row, after):
            yield 7, f"{record} changed, and its head is what it was"
        yield from _legal(row, after, steps, record in released)
        yield from _guarded(ledger, row, after, ops.get(record, []), record in released)
        if record not in released:
            yield from _expected(ledger, row, after, here, ops.get(record, []), saw)
    for record in ops.keys() - before.keys():
        yield from _unmoved(ledger, record, ops[record])


def _differs(row: Row, after: Row) -> bool:
    return row.deleted != after.deleted or row.values != after.values


def _is_mixed(op: Op, ops: Mapping[str, Sequence[Op]]) -> bool:
    """Whether the server wrote it for another operation about the same record."""
    return op.cause is not None and any(one.stamp == op.cause for one in ops[op.record])


def _history(changes: Sequence[Change]) -> Iterator[Wrong]:
    for one in changes:
        if one.what in ("op-", "op!", "rec-", "con-"):
            yield 9, f"{one.key} vanished or changed in the history ({one.what})"


def _in_new_words(ledger: Ledger, new: Sequence[Op]) -> Iterator[Wrong]:
    """What an older app said is taken in the words of the version that the server is."""
    if "dwellings" not in ledger.specs["building"].policy:
        return
    for op in new:
        if op.raw.get("schema", NEWER.schema) >= NEWER.schema or op.outcome == "rejected":
            continue
        if op.type == "building" and "doors" in op.fields:
            yield 2, f"{op.stamp} tells of doors, which are dwellings now, and was {op.outcome}"
        if op.type == "home_visit" and op.fields.get("purpose") == "care":
            yield 2, f"{op.stamp} holds a code that is another now, and was {op.outcome}"


def _closings(ledger: Ledger, changes: Sequence[Change], saw: Saw) -> Iterator[Wrong]:
    for name in dict.fromkeys(one.key for one in changes if one.what == "con"):
        conflict = ledger.conflicts[name]
        for field, part in conflict.fields.items():
            saw(f"conflict:{part['code']}")
            if part.get("hidden"):
                saw("conflict:hidden")
            closer = part["closed_by"]
            if closer is None:
                continue
            decision = ledger.ops.get(closer)
            if decision is None:
                yield 8, f"conflict {name} about {field} was closed by {closer}, which is nowhere"
            elif decision.kind not in ("resolve", "merge", "restore") and not excused(decision):
                yield 8, f"conflict {name} about {field} was closed by a mere {decision.kind}"
            elif decision.outcome in ("held", "rejected"):
                yield 8, f"conflict {name} was closed by {closer}, which was {decision.outcome}"
            else:
                saw("conflict:closed")
        if conflict.closed_by is not None and any(
            part["closed_by"] is None for part in conflict.fields.values()
        ):
            yield 8, f"conflict {name} is closed with a field still open"


def _told(
    ledger: Ledger, new: Sequence[Op], revised: Sequence[Change], saw: Saw
) -> Iterator[Wrong]:
    """Whoever's operation comes to something else is told by a notice, unless it was they."""
    made = [op.fields for op in new if op.type == "notice" and op.kind == "create"]
    notices = {told.get("about") for told in made if told.get("code") != "late"}
    actors = {op.actor for op in new}
    for one in revised:
        op = ledger.ops[one.key]
        saw(f"revised:{one.old}-{one.new}")
        if len(op.actor) != 36 or op.actor not in {row.id for row in _users(ledger)}:
            continue
        if (
            one.key not in notices
            and op.actor not in actors
            and not _followed(ledger, one, revised)
        ):
            yield 2, f"{one.key} went from {one.old} to {one.new}, and its author was not told"


def _followed(ledger: Ledger, one: Change, revised: Sequence[Change]) -> bool:
    """Whether its author's own later word, which waited until now, came into its place."""
    op = ledger.ops[one.key]
    later = (ledger.ops[other.key] for other in revised if other.old == "held")
    return (one.old, one.new) == ("conflict", "merged") and any(
        other.actor == op.actor and other.record == op.record and other.stamp > op.stamp
        for other in later
    )


def _users(ledger: Ledger) -> Iterator[Row]:
    return (row for row in ledger.rows.values() if row.spec.name == "user")


def _legal(before: Row | None, after: Row, ops: Sequence[Op], released: bool) -> Iterator[Wrong]:
    flow = after.spec.workflow
    if flow is None:
        return
    field = flow["field"]
    state, was = after.get(field), before.get(field) if before else None
    if was is None:
        was = flow["initial"]
    if state == was:
        return
    steps = {(one["from"], one["to"]) for one in flow["transitions"]}
    reach = {was}
    resolved = any(op.kind in ("resolve", "merge") or op.raw.get("undoes") for op in ops)
    for _ in range(len(ops) + 3 * released):
        reach |= {target for source, target in steps if source in reach}
    if state not in reach and not resolved:
        yield 10, f"order {after.id} went from {was} to {state}, which no step does"
    if state not in {one for pair in steps for one in pair}:
        yield 10, f"order {after.id} is in no state that exists: {state}"


def _guarded(
    ledger: Ledger, before: Row | None, after: Row, ops: Sequence[Op], released: bool
) -> Iterator[Wrong]:
    """No ``ask``, ``once`` or ``text`` write replaces a version that was not its base."""
    if before is None:
        return
    here = {op.stamp for op in ops}
    for name, policy in after.spec.policy.items():
        version, replaced = after.version(name), before.version(name)
        if policy not in _GUARDED or version == replaced:
            continue
        op = ledger.ops.get(version)
        if op is None:
            yield 9, f"{after.id}.{name} has the version {version}, which is nowhere"
            continue
        if op.kind in ("resolve", "create", "merge") or op.cause is not None:
            continue
        base = op.base.get(name)
        if base in (replaced, None) and (base is not None or before.get(name) is None):
            continue
        if released or (policy == "once" and before.get(name) is None):
            continue
        if base in here and not _waits(ledger, base, name):
            continue
        if policy == "text":
            continue  # A merge by lines may give its author's own text; the marks are looked at.
        yield (
            6,
            (f"{version} wrote {after.spec.name}.{name} over {replaced}, and was based on {base}"),
        )


def _waits(ledger: Ledger, stamp: str, name: str) -> bool:
    """Whether what an operation wanted of a field waits in a conflict."""
    conflict = ledger.conflicts.get(stamp)
    part = conflict.fields.get(name) if conflict is not None else None
    return part is not None and part["closed_by"] is None


def _expected(
    ledger: Ledger,
    before: Row | None,
    after: Row,
    ops: Sequence[Op],
    everything: Sequence[Op],
    saw: Saw,
) -> Iterator[Wrong]:
    expected = Expected(ledger, after.spec, before, after)
    for op in ops:
        mixed: dict[str, Any] = {}
        mixed_by = None
        for other in everything:
            if other.cause == op.stamp:
                mixed_by, mixed = other.stamp, mixed | other.fields
        expected.take(op, mixed, mixed_by)
    for policy, verdict in expected.verdicts:
        saw(f"merge:{policy}-{verdict}")
    for why in expected.differences():
        yield 3, f"{after.spec.name} {after.id}: {why}"


def _unmoved(ledger: Ledger, record: str, ops: Sequence[Op]) -> Iterator[Wrong]:
    """The row did not change: nothing that was taken may have had to change it."""
    row = ledger.rows.get(record)
    if row is None:
        return
    for op in ops:
        if op.kind == "edit" and op.outcome in ("applied", "merged") and not op.raw.get("undoes"):
            for name, value in op.fields.items():
                policy = row.spec.policy.get(name)
                lost = (policy == "sum" and value["add"]) or policy == "append"
                lost = lost or (policy in ("ask", "once") and value != row.get(name))
                if lost and not any(_builds_on(other, op, name) for other in ops):
                    yield 2, f"{op.stamp} was {op.outcome}, and its {name} is nowhere"


def _builds_on(other: Op, op: Op, name: str) -> bool:
    """Whether an operation says more of what another had said of a field."""
    return name in other.fields and (other.raw.get("base") or {}).get(name) == op.stamp


def audit_places(ledger: Ledger) -> Iterator[Wrong]:
    """Every record is live in the feeds that the catalogue names, and an order with one unit."""
    places = ledger.places()
    for row in ledger.rows.values():
        here = places.get(row.id, set())
        wanted = set() if row.deleted else set(row.feeds())
        if sum(feed.startswith("unit:") for feed in here) > 1:
            yield 10, f"{row.spec.name} {row.id} is led by several: {sorted(here)}"
        if here != wanted:
            yield 1, f"{row.spec.name} {row.id} is live in {sorted(here)}, not {sorted(wanted)}"
