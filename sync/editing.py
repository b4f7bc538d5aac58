"""Editing: what a create, an edit and a step of a workflow do, field by field.

Each field is decided by its policy (``sync.merge``) and what was decided is written at
once, so that a refusal at any field leaves the record as it was.

Invariants
    * ``head`` changes exactly when the row changes; ``tail`` with every operation that
      was decided, so that the history names the losers too.
    * ``applied`` means that every field named has the operation's value and stamp.
    * Nothing is changed before everything that can be refused has been.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sync import duplicates
from sync.catalogue import Transition
from sync.effects import Context, Effect, Run, open_conflict, stay_within
from sync.errors import Problem, Refusal
from sync.merge import Decision, Step, decide
from sync.operation import Operation, named
from sync.policies import POLICIES
from sync.record import Record
from sync.settling import after_undo, gave_way
from sync.store import Conflict, Outcome, StoredOperation

__all__ = ["bring_back", "create", "edit", "transition"]

# Create ------------------------------------------------------------------------------------


def create(run: Run, op: Operation, context: Context) -> Effect:
    """A new record; its stamp is the version of every field."""
    spec = run.authority.catalogue[op.type]
    values = dict(op.fields)
    plain = True
    flow = spec.workflow
    if flow is not None:
        plain = values.get(flow.field) is not None
        given = values[flow.field] = values[flow.field] if plain else flow.initial
        if given != flow.initial:
            params = {"source": "–", "target": given}
            raise Refusal(
                Problem("no_such_transition", pointer=f"/fields/{flow.field}", params=params)
            )
    for one in spec.fields:
        value = values.get(one.name)
        if value is None:
            continue
        if one.policy == "append":
            values[one.name] = [_entry(op, context, text) for text in value]
            plain = plain and not value
        elif one.clock:
            values[one.name] = _corrected(value, context)
            plain = plain and values[one.name] == value
    record = Record.created(op.record, spec, stamp=context.stamp, values=values)
    run.work.add(record)
    effect = Effect(record, "applied" if plain else "merged", None)
    if spec.identity:
        duplicates.note(run, op, context, effect)
    return effect


def _entry(op: Operation, context: Context, text: Any) -> list[Any]:
    return [op.stamp, context.corrected_ms, op.actor, text]


def _corrected(value: int, context: Context) -> int:
    """An instant that the device's clock filled, in the server's time."""
    return min(value + context.offset_ms, context.received_ms)


# Edit --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Tally:
    """What happened field by field."""

    own: dict[str, Any] = field(default_factory=dict)
    mixed: dict[str, Any] = field(default_factory=dict)
    waits: dict[str, tuple[str, Any]] = field(default_factory=dict)
    joins: dict[str, tuple[Conflict, Any]] = field(default_factory=dict)
    plain: bool = True

    def note(self, name: str, decision: Decision, value: Any) -> None:
        """Count one field's decision in."""
        if decision.verdict == "own":
            self.own[name] = decision.value
        elif decision.verdict == "mixed":
            self.mixed[name] = decision.value
        elif decision.verdict == "wait":
            self.waits[name] = (decision.code, value)
        if decision.verdict != "own":
            self.plain = False


def edit(run: Run, op: Operation, context: Context) -> Effect:
    """Fields one by one, each by its policy."""
    record = run.work.record(op.record)
    assert record is not None
    _may_return(record, op)
    tally = _Tally()
    for name, value in op.fields.items():
        _edit_field(run, op, context, record, name, value, tally)
    effect = _write(run, op, context, record, tally)
    after_undo(run, op, context, record, effect)
    return effect


def _may_return(record: Record, op: Operation) -> None:
    """Whoever saw that a record was deleted restores it first; who did not, brings it back."""
    if record.deleted and op.seen_head == record.head:
        raise Refusal(Problem("deleted", pointer="/record"))


def _edit_field(
    run: Run,
    op: Operation,
    context: Context,
    record: Record,
    name: str,
    value: Any,
    tally: _Tally,
) -> None:
    field_ = record.spec.by_name.get(name)
    if field_ is not None and field_.policy == "append":
        tally.own[name] = _appended(op, context, record.get(name), value["append"])
        tally.plain = False
        return
    version, base = record.version(name), op.base.get(name)
    if not run.authority.safeguards.base:
        base = version
    adjusted = value
    if field_ is not None and field_.clock and value is not None:
        adjusted = _corrected(value, context)
    stale = base is not None and base != version
    if stale and _replaces(run, op, record, name, adjusted, tally):
        return
    step = Step(
        field_, record.get(name), version, adjusted, base, op.stamp, context.corrected_ms,
        run.work, name,
    )  # fmt: skip
    decision = decide(step)
    adds = decision.verdict == "own" and field_ is not None and field_.policy == "sum"
    if adds and field_ is not None and field_.problem(decision.value) is not None:
        params = {"field": name, "zh": "合计过大", "en": "the total would be too large"}
        raise Refusal(Problem("bad_value", pointer=f"/fields/{name}", params=params))
    tally.note(name, decision, adjusted)
    if adjusted != value:
        tally.plain = False


def _appended(op: Operation, context: Context, entries: Any, text: Any) -> list[list[Any]]:
    """All entries are kept, in corrected time order."""
    return sorted(
        [*(entries or ()), _entry(op, context, text)], key=lambda entry: (entry[1], entry[0])
    )


def _replaces(
    run: Run, op: Operation, record: Record, name: str, value: Any, tally: _Tally
) -> bool:
    """Whether the edit builds on a value that waits in a conflict, whose place it takes then."""
    base = op.base[name]
    stored, field_ = run.work.operation(base), record.spec.by_name.get(name)
    if stored is None or stored.conflict is None:
        return False
    if field_ is not None and not POLICIES[field_.policy].needs_base:
        return False
    for conflict in run.work.open_conflicts(op.record):
        part = conflict.fields.get(name)
        if part is not None and part["closed_by"] is None and part["stamp"] == base:
            if isinstance(value, dict) and isinstance(part["device"], list):
                value = _changed(part["device"], value)
            tally.plain = False
            tally.joins[name] = (conflict, value)
            return True
    return False


def _changed(tags: Any, change: Any) -> list[str]:
    """What a set is after a change, for a person to look at."""
    kept = set(tags or ()) - set(change.get("remove") or ())
    return sorted(kept | set(change.get("add") or ()))


def _write(run: Run, op: Operation, context: Context, record: Record, tally: _Tally) -> Effect:
    """Write what the tally says, and open a conflict where somebody must decide."""
    stay_within(context.scope, record, tally.own, also=tally.mixed)
    work, returned, deletion = run.work, record.deleted, record.head
    opened = tally.waits
    changed = bool(tally.own or opened)
    work.touch(record, moved=changed or bool(tally.mixed) or record.deleted)
    prev = record.tail
    record.tail = op.stamp
    was: dict[str, list[Any]] = {}
    for name, value in tally.own.items():
        field_ = record.spec.by_name.get(name)
        if field_ is None or field_.policy != "append":
            was[name] = [record.get(name), record.version(name)]
        record.put(name, value, context.stamp)
    if changed:
        record.head = context.stamp
        if not record.spec.leading.isdisjoint(tally.own):
            work.refers(record)
    conflict = open_conflict(run, op, context, record, opened) if opened else None
    notices: list[dict[str, Any]] = []
    for name, (joined, value) in tally.joins.items():
        notices += _take_place(run, op, record, joined, name, value)
        conflict = conflict or joined.id
    outcome: Outcome = "applied" if tally.plain else "merged"
    code = None
    if conflict is not None:
        outcome = "conflict"
        code = next(iter(opened.values()))[0] if opened else "concurrent"
    effect = Effect(
        record, outcome, prev, conflict=conflict, code=code, mixed=tally.mixed, was=was,
        notices=notices,
    )  # fmt: skip
    if returned:
        bring_back(run, op, context, record, effect, deletion)
    return effect


def _take_place(
    run: Run, op: Operation, record: Record, conflict: Conflict, name: str, value: Any
) -> list[dict[str, Any]]:
    """The value waits in place of the one it was based on, which is settled by that.

    Whose value that was is told, if it was another's: they saw it applied, before a restore.
    """
    part = conflict.fields[name]
    conflict.fields[name] = {**part, "device": value, "stamp": op.stamp}
    run.work.put_conflict(conflict)
    replaced = run.work.operation(part["stamp"])
    if replaced is None or run.work.still_waits(record.id, replaced.stamp):
        return []
    run.work.keep(replaced._replace(outcome="merged", code=None))
    if replaced.actor == op.actor:
        return []
    return [gave_way(replaced, record, before={name: part["device"]}, after={name: value})]


def bring_back(
    run: Run, op: Operation, context: Context, record: Record, effect: Effect, deletion: str
) -> None:
    """What was done to a record that was deleted meanwhile brings it back; a person decides."""
    record.deleted = False
    record.head = context.stamp
    conflict = run.work.conflict(effect.conflict) if effect.conflict else None
    if conflict is None or conflict.id != op.stamp:
        open_conflict(run, op, context, record, {"*": ("deleted_and_edited", "deleted")})
        conflict = run.work.conflict(op.stamp)
    else:
        record.flag("*")
        conflict.fields["*"] = {
            "code": "deleted_and_edited", "base": None, "base_stamp": op.seen_head,
            "server": "live", "server_stamp": op.stamp, "device": "deleted",
            "stamp": op.stamp, "closed_by": None,
        }  # fmt: skip
    assert conflict is not None
    conflict.fields["*"]["stamp"] = deletion
    if record.into is not None:
        conflict.fields["*"]["into"] = record.into
        duplicates.part(run.work, record)
    run.work.refers(record)
    run.work.put_conflict(conflict)
    duplicates.ask_again(run.work, record, effect)
    deleted = run.work.operation(deletion)
    if deleted is not None and deleted.kind in ("delete", "merge") and deleted.outcome == "applied":
        run.work.keep(deleted._replace(outcome="conflict", conflict=conflict.id))
        effect.notices.append(_returned(record, deleted))
    effect.conflict, effect.outcome = conflict.id, "conflict"
    if effect.code != "overtaken":  # That a step does not count stops its group, here too.
        effect.code = "deleted_and_edited"


def _returned(record: Record, deleted: StoredOperation) -> dict[str, Any]:
    """Whose deletion is in doubt is told so."""
    return {
        "user": deleted.actor,
        "about": deleted.stamp,
        "outcome": "conflict",
        "code": "returned",
        "params": {},
        "about_type": record.spec.name,
        "about_record": record.id,
    }


# Workflow ----------------------------------------------------------------------------------


def transition(run: Run, op: Operation, context: Context) -> Effect:
    """A step of the workflow, from the state that the record is in now."""
    record = run.work.record(op.record)
    assert record is not None
    flow = record.spec.workflow
    assert flow is not None  # A transition of a type without one is malformed.
    _may_return(record, op)
    step = op.fields[flow.field]
    source, target = step["from"], step["to"]
    if (source, target) not in flow.steps:
        params = {"source": source, "target": target}
        raise Refusal(Problem("no_such_transition", pointer=f"/fields/{flow.field}", params=params))
    current = record.get(flow.field)
    here = flow.steps.get((current, target), ())
    steps = _open_to(context, here)
    if not steps:
        # Where its author saw the order, it was theirs to take: then somebody was before them.
        seen = flow.steps[source, target] if source != current or not here else ()
        if not _open_to(context, seen):
            raise Refusal(Problem("not_allowed", pointer=f"/fields/{flow.field}"))
    if steps and not (source != current and target == current):
        tally = _decided(run, op, context, record, flow.field)
        name = _missing(record, steps[0], tally)
        if name is None:
            tally.own[flow.field] = target
            return _write(run, op, context, record, tally)
        if source == current:
            params = named(record.spec.by_name.get(name, name))
            raise Refusal(Problem("missing_field", pointer=f"/fields/{name}", params=params))
    return _write(run, op, context, record, _overtaken(run, op, context, record, flow.field))


def _open_to(context: Context, steps: tuple[Transition, ...]) -> tuple[Transition, ...]:
    """Those of the steps that the author's role may take."""
    scope = context.scope
    return steps if scope.is_system else tuple(one for one in steps if scope.role in one.who)


def _decided(run: Run, op: Operation, context: Context, record: Record, status: str) -> _Tally:
    """The other fields of a step that counts, one by one."""
    tally = _Tally()
    for name, value in op.fields.items():
        if name != status:
            _edit_field(run, op, context, record, name, value, tally)
    return tally


def _overtaken(run: Run, op: Operation, context: Context, record: Record, status: str) -> _Tally:
    """A step that does not count: what else it says waits with it, but what is appended."""
    tally = _Tally(plain=False)
    for name, value in op.fields.items():
        field_ = record.spec.by_name.get(name)
        if field_ is not None and field_.policy == "append":
            _edit_field(run, op, context, record, name, value, tally)
        elif name != status:
            tally.waits[name] = ("overtaken", _plain(record, name, value))
    tally.waits[status] = ("overtaken", op.fields[status]["to"])
    return tally


def _plain(record: Record, name: str, value: Any) -> Any:
    """The value that a change would give, for a person to look at."""
    field_ = record.spec.by_name.get(name)
    if field_ is None or not isinstance(value, dict):
        return value
    if field_.policy == "set":
        return _changed(record.get(name), value)
    return (record.get(name) or 0) + value["add"] if field_.policy == "sum" else value


def _missing(record: Record, step: Transition, tally: _Tally) -> str | None:
    """A field that the step requires and that neither it nor anything before it has filled in."""
    for name in step.requires:
        value = tally.own.get(name, tally.mixed.get(name, record.get(name)))
        if name in tally.waits:
            value = tally.waits[name][1]
        if value is None or value == "" or value == []:
            return name
    return None
