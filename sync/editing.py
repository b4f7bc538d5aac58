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

from sync.catalogue import Transition
from sync.effects import Context, Effect, Run, open_conflict
from sync.errors import Problem, Refusal
from sync.merge import Decision, Step, decide
from sync.operation import Operation
from sync.record import Record
from sync.scope import Scope
from sync.settling import after_undo
from sync.store import Conflict, Outcome

__all__ = ["create", "edit", "transition"]

# Create ------------------------------------------------------------------------------------


def create(run: Run, op: Operation, context: Context) -> Effect:
    """A new record; its stamp is the version of every field."""
    spec = run.authority.catalogue[op.type]
    values = dict(op.fields)
    plain = True
    flow = spec.workflow
    if flow is not None:
        given = values.setdefault(flow.field, flow.initial)
        if given != flow.initial:
            params = {"source": "–", "target": given}
            raise Refusal(
                Problem("no_such_transition", pointer=f"/fields/{flow.field}", params=params)
            )
        plain = flow.field in op.fields
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
    return Effect(record, "applied" if plain else "merged", None)


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
    returned, deletion = record.deleted, record.head
    if returned and op.seen_head == deletion:
        raise Refusal(Problem("deleted", pointer="/record"))
    tally = _Tally()
    for name, value in op.fields.items():
        _edit_field(run, op, context, record, name, value, tally)
    if record.spec.feed_fields & op.fields.keys():
        _stay_within(context.scope, record, tally)
    if returned:
        tally.plain = False
    effect = _write(run, op, context, record, tally)
    if returned:
        _return(run, op, context, record, effect, deletion)
    after_undo(run, op, record, effect)
    return effect


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
    if base is not None and base != version and _replaces(run, op, name, base, value, tally):
        return
    adjusted = value
    if field_ is not None and field_.clock and value is not None:
        adjusted = _corrected(value, context)
    step = Step(
        field_, record.get(name), version, adjusted, base, op.stamp, context.corrected_ms,
        run.work, name,
    )  # fmt: skip
    tally.note(name, decide(step), adjusted)
    if adjusted != value:
        tally.plain = False


def _appended(op: Operation, context: Context, entries: Any, text: Any) -> list[list[Any]]:
    """All entries are kept, in corrected time order."""
    return sorted(
        [*(entries or ()), _entry(op, context, text)], key=lambda entry: (entry[1], entry[0])
    )


def _replaces(run: Run, op: Operation, name: str, base: str, value: Any, tally: _Tally) -> bool:
    """Whether the edit builds on a value that waits in a conflict, whose place it takes then."""
    stored = run.work.operation(base)
    if stored is None or stored.conflict is None or stored.record != op.record:
        return False
    conflict = run.work.conflict(stored.conflict)
    part = conflict.fields.get(name) if conflict is not None else None
    if conflict is None or part is None or part["closed_by"] is not None:
        return False
    if part["stamp"] != base:
        return False
    tally.plain = False
    tally.joins[name] = (conflict, value)
    return True


def _stay_within(scope: Scope, record: Record, tally: _Tally) -> None:
    """Nobody moves a record to where they may not write."""
    values = list(record.values)
    for name, value in {**tally.own, **tally.mixed}.items():
        if name in record.spec.index:
            values[record.spec.index[name]] = value
    if scope.judge(record.spec.feeds_of(record.id, values)) not in ("active", "grace"):
        name = sorted(record.spec.feed_fields)[0]
        raise Refusal(Problem("out_of_scope", pointer=f"/fields/{name}"))


def _write(run: Run, op: Operation, context: Context, record: Record, tally: _Tally) -> Effect:
    """Write what the tally says, and open a conflict where somebody must decide."""
    work = run.work
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
    conflict = open_conflict(run, op, context, record, opened) if opened else None
    for name, (joined, value) in tally.joins.items():
        part = joined.fields[name]
        joined.fields[name] = {**part, "device": value, "stamp": op.stamp}
        work.put_conflict(joined)
        conflict = conflict or joined.id
    outcome: Outcome = "applied" if tally.plain else "merged"
    code = None
    if conflict is not None:
        outcome = "conflict"
        code = next(iter(opened.values()))[0] if opened else "concurrent"
    return Effect(record, outcome, prev, conflict=conflict, code=code, mixed=tally.mixed, was=was)


def _return(
    run: Run, op: Operation, context: Context, record: Record, effect: Effect, deletion: str
) -> None:
    """An edit of a record that was deleted meanwhile brings it back; a person decides."""
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
    run.work.put_conflict(conflict)
    effect.conflict, effect.outcome, effect.code = conflict.id, "conflict", "deleted_and_edited"


# Workflow ----------------------------------------------------------------------------------


def transition(run: Run, op: Operation, context: Context) -> Effect:
    """A step of the workflow, from the state that the record is in now."""
    record = run.work.record(op.record)
    assert record is not None
    flow = record.spec.workflow
    if flow is None:
        raise Refusal(Problem("unknown_kind", pointer="/kind", params={"kind": op.kind}))
    if record.deleted:
        raise Refusal(Problem("deleted", pointer="/record"))
    step = op.fields[flow.field]
    source, target = step["from"], step["to"]
    if (source, target) not in flow.steps:
        params = {"source": source, "target": target}
        raise Refusal(Problem("no_such_transition", pointer=f"/fields/{flow.field}", params=params))
    current = record.get(flow.field)
    steps = flow.steps.get((current, target), ())
    allowed = steps or flow.steps[source, target]
    role = context.scope.role
    if not context.scope.is_system and not any(role in one.who for one in allowed):
        raise Refusal(Problem("not_allowed", pointer=f"/fields/{flow.field}"))
    tally = _Tally()
    overtaken = not steps or (source != current and target == current)
    for name, value in op.fields.items():
        if name == flow.field:
            continue
        field_ = record.spec.by_name.get(name)
        if overtaken and not (field_ is not None and field_.policy == "append"):
            tally.waits[name] = ("overtaken", _plain(record, name, value))
        else:
            _edit_field(run, op, context, record, name, value, tally)
    if overtaken:
        tally.plain = False
        tally.waits[flow.field] = ("overtaken", target)
    else:
        _require(record, steps, role, tally, is_system=context.scope.is_system)
        tally.own[flow.field] = target
    return _write(run, op, context, record, tally)


def _plain(record: Record, name: str, value: Any) -> Any:
    """The value that a change would give, for a person to look at."""
    field_ = record.spec.by_name.get(name)
    if field_ is None or not isinstance(value, dict):
        return value
    if field_.policy == "set":
        present = set(record.get(name) or ())
        return sorted((present | set(value.get("add") or ())) - set(value.get("remove") or ()))
    return (record.get(name) or 0) + value["add"] if field_.policy == "sum" else value


def _require(
    record: Record, steps: tuple[Transition, ...], role: str, tally: _Tally, *, is_system: bool
) -> None:
    step = next((one for one in steps if is_system or role in one.who), steps[0])
    for name in step.requires:
        value = tally.own.get(name, tally.mixed.get(name, record.get(name)))
        if value is None or value == "" or value == []:
            raise Refusal(
                Problem("missing_field", pointer=f"/fields/{name}", params={"field": name})
            )
