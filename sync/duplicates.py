"""Duplicates: one thing in the world, recorded as two, and made one again.

Two workers record the same household offline. Both are right, and each has added people
and visits to their own. So the second record is taken as it is, the two are put before a
person, and ``merge`` lets one stand for the other: nothing that refers to the loser is
rewritten, so that it can be undone.

Invariants
    * A caller is told of a duplicate only if they read the other record too. What they
      may not see opens a conflict all the same, for the office, and leaves no mark.
    * Whatever stands for a record is live when that begins, so that following is finite.
    * Every feed that refers to a merged record is told what stands for it, whether what
      refers to it was there before or came later.

>>> DUPLICATE
'duplicate'
"""

from __future__ import annotations

from typing import Any

from sync.effects import Context, Effect, Run, open_conflict
from sync.errors import Problem, Refusal
from sync.identity import keys_of, same
from sync.operation import Operation
from sync.record import Record
from sync.store import Conflict, Entry, Movement, Reading, Stray
from sync.work import Work

__all__ = [
    "DUPLICATE",
    "ask_again",
    "join",
    "merge",
    "note",
    "part",
    "parted",
    "suspect",
    "tell_references",
]

DUPLICATE = "duplicate"
"""The code of a conflict between two records. Its part ``*`` has ``others``: the ids of the
records that are like the one that the conflict is about; ``hidden`` if no row is marked."""

# Noticing --------------------------------------------------------------------------------------


def note(run: Run, op: Operation, context: Context, effect: Effect) -> None:
    """Put a new record beside the live ones that have its identity key.

    It is as its author made it, and their operation is applied; only that it may be another
    waits for a person.
    """
    record = effect.record
    keys = keys_of(record.spec, record.values)
    others = [one for one in run.work.sharing(keys) if _is_other(run.work, record, one)]
    if not others:
        return
    seen = [one for one in others if _reads(run.work, context, one)]
    if not seen:
        suspect(run, op, context, record, others)
        return
    _open(run, op, context, record, seen)
    effect.code, effect.conflict = DUPLICATE, op.stamp


def suspect(run: Run, op: Operation, context: Context, record: Record, others: list[str]) -> None:
    """Put others beside a record for the office alone: no caller is told, no row is marked."""
    _open(run, op, context, record, others)["hidden"] = True
    record.unflag("*")


def _is_other(work: Work, record: Record, one: str) -> bool:
    other = work.record(one)
    if other is None or other.deleted or other is record:
        return False
    return same(record.spec, record.values, other.values)


def _reads(work: Work, context: Context, one: str) -> bool:
    other = work.record(one)
    return other is not None and bool(context.scope.readable(other.feeds()))


def _open(
    run: Run, op: Operation, context: Context, record: Record, others: list[str]
) -> dict[str, Any]:
    open_conflict(run, op, context, record, {"*": (DUPLICATE, "live")})
    conflict = run.work.conflict(op.stamp)
    assert conflict is not None
    whole = conflict.fields["*"]
    whole["others"] = sorted(others)
    return whole


# Merging ---------------------------------------------------------------------------------------


def merge(run: Run, op: Operation, context: Context) -> Effect:
    """Let another record stand for this one, unless somebody changed this one since."""
    work, record = run.work, run.work.record(op.record)
    assert record is not None
    into = _survivor(run, op, context, record)
    prev = record.tail
    if record.into == into.id:
        work.touch(record, moved=False)
        record.tail = op.stamp
        return Effect(record, "merged", prev)
    if record.into is not None:
        raise Refusal(Problem("deleted", pointer="/record"))
    work.touch(record, moved=True)
    record.tail = op.stamp
    if not record.deleted and op.seen_head != record.head and run.authority.safeguards.base:
        waits = {"*": ("deleted_and_edited", "deleted")}
        conflict = open_conflict(run, op, context, record, waits)
        _into(work, conflict, into.id)
        record.head = context.stamp
        return Effect(record, "conflict", prev, conflict=conflict, code="deleted_and_edited")
    record.head = context.stamp
    join(work, record, into.id, stamp=context.stamp)
    effect = Effect(record, "applied", prev)
    _settle_duplicate(run, op, context, record, into, effect)
    return effect


def _survivor(run: Run, op: Operation, context: Context, record: Record) -> Record:
    """The record that is to stand for another; nobody learns from a refusal what they don't read.

    It may be any live one of the same type that its author works with.
    """
    into = run.work.record(op.raw["into"])
    if into is None or context.scope.judge(into.feeds()) not in ("active", "grace"):
        code = "unknown_record" if context.scope.reads is None else "out_of_scope"
        raise Refusal(Problem(code, pointer="/into"))
    if into is record or into.spec is not record.spec:
        raise Refusal(Problem("malformed", pointer="/into", params={"what": "into"}))
    if into.deleted:
        raise Refusal(Problem("deleted", pointer="/into"))
    return into


def _into(work: Work, conflict: str, into: str) -> None:
    """Remember what would stand for a record if it goes after all."""
    found = work.conflict(conflict)
    assert found is not None
    found.fields["*"]["into"] = into


def join(work: Work, record: Record, into: str, *, stamp: str) -> None:
    """``into`` stands for a record from now on: its feeds are told, and all that refer to it."""
    work.tx.alone_about(record.id)
    record.deleted, record.into = True, into
    work.stray(Stray(record.id, "", into, stamp))
    for feed in sorted(_refer(work, record).difference(record.feeds())):
        _tell(work, record, feed, into, stamp)


def part(work: Work, record: Record) -> None:
    """A merged record stands for itself again.

    That it was merged once stays noted for each feed that told it. In its own feeds its row
    says that this is over; whoever hears no more of it there than that it left hears so too.
    """
    work.tx.alone_about(record.id)
    for stray in work.strays([record.id]):
        if not stray.feed:
            work.found(stray)
            for feed in work.feeds_before(record.id):
                work.stray(Stray(record.id, feed, None, stray.stamp))
        elif stray.into is not None:
            work.stray(stray._replace(into=None))
            work.tell(Movement(stray.feed, record.id, _home(record), "parted", True))
    record.into = None


def _tell(work: Work, record: Record, feed: str, into: str, stamp: str) -> None:
    work.stray(Stray(record.id, feed, into, stamp))
    work.tell(Movement(feed, record.id, _home(record), "alias", True))


def _home(record: Record) -> str:
    feeds = record.feeds()
    return feeds[0] if feeds else ""


def _refer(work: Work, record: Record) -> set[str]:
    """The feeds in which something refers to a record, or to one that it stands for."""
    feeds: set[str] = set()
    for spec in work.catalogue:
        for field in spec.fields:
            if field.to != record.spec.name:
                continue
            ids = work.referring(spec.name, field.name, record.id)
            work.load(records=ids)
            for one in map(work.record, ids):
                feeds.update(one.feeds() if one is not None else ())
    merged = work.merged_into(record.id)
    work.load(records=merged)
    told = (stray for stray in work.strays(merged) if stray.into is not None)
    feeds.update(stray.feed for stray in told if stray.feed)
    for one in map(work.record, merged):
        feeds.update(one.feeds() if one is not None else ())
    return feeds


# Settling --------------------------------------------------------------------------------------


def _settle_duplicate(
    run: Run, op: Operation, context: Context, record: Record, into: Record, effect: Effect
) -> None:
    """Merging settles the conflict in which the two were put beside each other."""
    pair = {record.id, into.id}
    for one in (record, into):
        for conflict in run.work.open_conflicts(one.id):
            if not pair <= {conflict.record, *_others(conflict)}:
                continue
            effect.conflict = conflict.id
            if one is record:
                _close(run, op, context, record, conflict)
            else:  # On the survivor it is a change of its own, told and kept as such.
                effect.follows.append(
                    {
                        "type": into.spec.name,
                        "record": into.id,
                        "kind": "resolve",
                        "conflict": conflict.id,
                        "fields": {"*": "live"},
                    }
                )


def ask_again(work: Work, record: Record, effect: Effect) -> None:
    """A record is back: what a merge settled on it is asked again, if that was undone meanwhile.

    On a deleted record nobody could be asked when the other of the two stood for itself again.
    """
    for one in work.history(record.id):
        merge = work.operation(one.cause) if one.kind == "resolve" and one.cause else None
        other = work.record(merge.record) if merge is not None and merge.kind == "merge" else None
        if other is None or other.deleted:
            continue
        conflict = work.conflict(one.raw["conflict"])
        parts = conflict.fields.values() if conflict is not None else ()
        if any(part["closed_by"] == one.stamp for part in parts):
            draft = {"type": record.spec.name, "record": record.id, "kind": "edit", "fields": {}}
            effect.follows.append({**draft, "undoes": one.stamp})


def _others(conflict: Conflict) -> list[str]:
    part = conflict.fields.get("*") or {}
    waits = part.get("code") == DUPLICATE and part["closed_by"] is None
    return list(part["others"]) if waits else []


def _close(run: Run, op: Operation, context: Context, record: Record, conflict: Conflict) -> None:
    conflict.fields["*"] = {**conflict.fields["*"], "closed_by": op.stamp}
    conflict.closed, conflict.closed_by = context.received_ms, op.stamp
    run.work.put_conflict(conflict)
    if not any("*" in one.open_fields() for one in run.work.open_conflicts(record.id)):
        record.unflag("*")


def parted(snapshot: Reading, feed: str, entries: list[Entry]) -> list[Entry]:
    """Of what left a feed that told of its merge, and stands for itself since, that is told too:
    its row, which would have said so, is elsewhere.
    """
    left = {one.record for one in entries if one.state == "left"}
    strays = snapshot.strays(sorted(left)) if left else []
    over = {one.record for one in strays if one.feed == feed and one.into is None}
    over -= {one.record for one in strays if one.into is not None}
    if not over:
        return entries
    return [
        one._replace(state="parted") if one.state == "left" and one.record in over else one
        for one in entries
    ]


# What comes later ------------------------------------------------------------------------------


def tell_references(work: Work) -> None:
    """Tell feeds of the merged records that something new in them refers to."""
    wanted: dict[str, set[str]] = {}
    for record in work.take_referring():
        for name in record.spec.references:
            one = record.get(name)
            if one is not None and not record.deleted:
                wanted.setdefault(one, set()).update(record.feeds())
    while wanted:
        wanted = _follow(work, wanted)


def _follow(work: Work, wanted: dict[str, set[str]]) -> dict[str, set[str]]:
    """Tell what stands for these ids in these feeds; answers what that leads on to."""
    told: dict[str, dict[str, Stray]] = {}
    for stray in work.strays(wanted):
        if stray.into is not None:
            told.setdefault(stray.record, {})[stray.feed] = stray
    work.load(records=told)
    further: dict[str, set[str]] = {}
    for one, known in told.items():
        record, whole = work.record(one), known[""]
        assert record is not None and whole.into is not None
        for feed in sorted(wanted[one].difference(known, record.feeds())):
            _tell(work, record, feed, whole.into, whole.stamp)
        further.setdefault(whole.into, set()).update(wanted[one])
    return further
