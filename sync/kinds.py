"""What each kind of operation does to a record.

One function for each kind, in a table. Each changes the record in the unit of work
and says what became of the operation; who may do it was judged before.

Invariants
    * A field in conflict keeps the server's value, and is marked in the row.
    * ``head`` changes exactly when the row changes; ``tail`` with every operation
      that was decided, so that the history names the losers too.
    * ``applied`` means that every field named has the operation's value and stamp.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from sync.catalogue import RecordType
from sync.errors import Problem, Refusal
from sync.merge import Decision, Step, decide
from sync.operation import Operation
from sync.record import Record
from sync.scope import Scope
from sync.store import Conflict, Outcome
from sync.work import Work

__all__ = ["KINDS", "Context", "Effect", "Hold", "may"]

_RESOLVERS = ("administrator",)
_PERMISSION: Mapping[str, str] = {
    "create": "create",
    "edit": "edit",
    "delete": "delete",
    "restore": "delete",
    "merge": "delete",
    "resolve": "resolve",
}
"""Kind → the key of ``RecordType.who`` that allows it. A transition asks its workflow instead."""


class Context(NamedTuple):
    """In whose name and when (ms) an operation is decided.

    ``stamp`` is the version that it writes: its own, always (but where a safeguard is off).
    ``released``: it waited before.
    """

    scope: Scope
    received_ms: int
    offset_ms: int
    corrected_ms: int
    stamp: str
    released: bool = False
    late: bool = False


class Hold(Exception):  # noqa: N818 - an outcome, not an error
    """The operation must wait: for the operation ``needs``, or for a person."""

    def __init__(self, code: str, *, needs: str | None = None, pointer: str | None = None) -> None:
        super().__init__(code)
        self.code, self.needs, self.pointer = code, needs, pointer


@dataclass(slots=True)
class Effect:
    """What became of an operation. ``mixed``: values for the server to write in its own name."""

    record: Record
    outcome: Outcome
    prev: str | None
    conflict: str | None = None
    code: str | None = None
    mixed: dict[str, Any] = field(default_factory=dict)
    was: dict[str, list[Any]] = field(default_factory=dict)
    notices: list[dict[str, Any]] = field(default_factory=list)


class Run(Protocol):
    """What a kind may ask for: the unit of work and the authority's settings."""

    work: Work
    authority: Any


def may(role: str, spec: RecordType, kind: str) -> bool:
    """Whether the catalogue allows ``role`` this kind of operation on records of this type."""
    key = _PERMISSION[kind]
    return role in spec.who.get(key, _RESOLVERS if key == "resolve" else ())


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
    undone = op.raw.get("undoes")
    if isinstance(undone, str):
        _reopen(run, undone, record, effect)
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
    """Whether the edit builds on a value that waits in a conflict: then it takes its place there."""
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
    conflict = _open(run, op, context, record, opened) if opened else None
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


def _open(
    run: Run,
    op: Operation,
    context: Context,
    record: Record,
    waits: Mapping[str, tuple[str, Any]],
) -> str:
    """Open a conflict for the fields that wait. Its id is the operation's stamp."""
    parts = {}
    for name, (code, value) in waits.items():
        base = op.base.get(name)
        known, seen = run.work.value(base, name) if base is not None else (False, None)
        parts[name] = {
            "code": code,
            "base": seen if known else None,
            "base_stamp": base,
            "server": "live" if name == "*" else record.get(name),
            "server_stamp": record.head if name == "*" else record.version(name),
            "device": value,
            "stamp": op.stamp,
            "closed_by": None,
        }
        record.flag(name)
    feeds = record.feeds()
    run.work.put_conflict(
        Conflict(
            id=op.stamp,
            record=record.id,
            type=record.spec.name,
            feed=feeds[0] if feeds else "",
            actor=op.actor,
            opened=context.received_ms,
            fields=parts,
        )
    )
    return op.stamp


def _return(
    run: Run, op: Operation, context: Context, record: Record, effect: Effect, deletion: str
) -> None:
    """An edit of a record that was deleted meanwhile brings it back; a person decides."""
    record.deleted = False
    record.head = context.stamp
    conflict = run.work.conflict(effect.conflict) if effect.conflict else None
    if conflict is None or conflict.id != op.stamp:
        _open(run, op, context, record, {"*": ("deleted_and_edited", "deleted")})
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
    record: Record, steps: tuple[Any, ...], role: str, tally: _Tally, *, is_system: bool
) -> None:
    step = next((one for one in steps if is_system or role in one.who), steps[0])
    for name in step.requires:
        value = tally.own.get(name, tally.mixed.get(name, record.get(name)))
        if value is None or value == "" or value == []:
            raise Refusal(
                Problem("missing_field", pointer=f"/fields/{name}", params={"field": name})
            )


# Delete and restore ------------------------------------------------------------------------


def delete(run: Run, op: Operation, context: Context) -> Effect:
    """Delete, unless somebody changed the record since: then a person decides."""
    record = run.work.record(op.record)
    assert record is not None
    prev = record.tail
    if record.deleted:
        run.work.touch(record, moved=False)
        record.tail = op.stamp
        return Effect(record, "merged", prev)
    run.work.touch(record, moved=True)
    record.tail = op.stamp
    if op.seen_head == record.head or not run.authority.safeguards.base:
        record.deleted = True
        record.head = context.stamp
        return Effect(record, "applied", prev)
    conflict = _open(run, op, context, record, {"*": ("deleted_and_edited", "deleted")})
    record.head = context.stamp
    return Effect(record, "conflict", prev, conflict=conflict, code="deleted_and_edited")


def restore(run: Run, op: Operation, context: Context) -> Effect:
    """Bring a deleted record back as it was. Its row is always sent."""
    record = run.work.record(op.record)
    assert record is not None
    prev = record.tail
    run.work.touch(record, moved=record.deleted)
    record.tail = op.stamp
    if record.deleted:
        record.deleted = False
        record.head = context.stamp
    return Effect(record, "merged", prev)


# Resolve -----------------------------------------------------------------------------------


def resolve(run: Run, op: Operation, context: Context) -> Effect:
    """Settle open fields of a conflict with the values that a person chose."""
    record = run.work.record(op.record)
    assert record is not None
    conflict = run.work.conflict(op.raw["conflict"])
    if conflict is None or conflict.record != op.record:
        raise Refusal(Problem("conflict_unknown", pointer="/conflict"))
    still_open = conflict.open_fields()
    if not op.fields or not op.fields.keys() <= set(still_open):
        code = "conflict_closed" if not still_open else "conflict_unknown"
        raise Refusal(Problem(code, pointer="/fields"))
    _check_choice(record, op)
    work = run.work
    work.touch(record, moved=True)
    prev, before = record.tail, {name: record.get(name) for name in op.fields if name != "*"}
    record.tail = record.head = op.stamp
    told: list[dict[str, Any]] = []
    was = {name: [value, record.version(name)] for name, value in before.items()}
    for name, value in op.fields.items():
        part = conflict.fields[name]
        if name == "*":
            record.deleted = value == "deleted"
        else:
            if value != record.get(name):
                told += _replaced(run, record, name, record.version(name), value, op)
            record.put(name, value, context.stamp)
        conflict.fields[name] = {**part, "closed_by": op.stamp}
        _unflag(run, record, conflict, name)
    if not conflict.open_fields():
        conflict.closed, conflict.closed_by = context.received_ms, op.stamp
    work.put_conflict(conflict)
    told += _settled(run, record, conflict, op, before)
    return Effect(record, "applied", prev, was=was, notices=told)


def _check_choice(record: Record, op: Operation) -> None:
    whole = op.fields.get("*")
    if "*" in op.fields and whole not in ("live", "deleted"):
        params = {"field": "*", "zh": "应为保留或删除", "en": "it must be live or deleted"}
        raise Refusal(Problem("bad_value", pointer="/fields/*", params=params))
    flow = record.spec.workflow
    if flow is not None and flow.field in op.fields and op.fields[flow.field] not in flow.states:
        params = {"source": record.get(flow.field), "target": op.fields[flow.field]}
        raise Refusal(Problem("no_such_transition", pointer=f"/fields/{flow.field}", params=params))


def _unflag(run: Run, record: Record, conflict: Conflict, name: str) -> None:
    """Take the mark away, unless another open conflict is about the same field."""
    others = run.work.tx.open_conflicts(record.id)
    for one in others:
        now = run.work.conflict(one)
        if now is not None and now.id != conflict.id and name in now.open_fields():
            return
    record.unflag(name)


def _label(record: Record, names: Any, lang_zh: bool = True) -> str:
    labels = []
    for name in names:
        field_ = record.spec.by_name.get(name)
        labels.append(
            (record.spec.zh if lang_zh else record.spec.en)
            if field_ is None
            else ((field_.zh if lang_zh else field_.en) or name)
        )
    return "、".join(labels) if lang_zh else ", ".join(labels)


def _settled(
    run: Run, record: Record, conflict: Conflict, op: Operation, before: dict[str, Any]
) -> list[dict[str, Any]]:
    """What the authors of the values that waited are told; their operations are settled now."""
    told = []
    by_stamp: dict[str, list[str]] = {}
    for name in op.fields:
        by_stamp.setdefault(conflict.fields[name]["stamp"], []).append(name)
    for stamp, names in by_stamp.items():
        stored = run.work.operation(stamp)
        if stored is None:
            continue
        still = [one for one in conflict.open_fields() if conflict.fields[one]["stamp"] == stamp]
        if stored.outcome == "conflict" and not still:
            run.work.keep(stored._replace(outcome="merged"))
        if stored.actor == op.actor:
            continue
        told.append(
            {
                "user": stored.actor,
                "about": stamp,
                "outcome": "merged",
                "code": "settled",
                "params": _Labels(record, names),
                "before": {
                    name: {"yours": conflict.fields[name]["device"], "server": before.get(name)}
                    for name in names
                },
                "after": {name: op.fields[name] for name in names},
                "about_type": record.spec.name,
                "about_record": record.id,
            }
        )
    return told


def _replaced(
    run: Run, record: Record, name: str, version: str, value: Any, op: Operation
) -> list[dict[str, Any]]:
    """Who wrote the value that gives way is told too."""
    stored = run.work.operation(version)
    if stored is None or stored.actor == op.actor:
        return []
    return [
        {
            "user": stored.actor,
            "about": version,
            "outcome": "merged",
            "code": "replaced",
            "params": _Labels(record, [name]),
            "before": {name: record.get(name)},
            "after": {name: value},
            "about_type": record.spec.name,
            "about_record": record.id,
        }
    ]


class _Labels(dict[str, Any]):
    """The ``label`` parameter of a notice, in whichever language it is written."""

    def __init__(self, record: Record, names: list[str]) -> None:
        super().__init__(label=_label(record, names), label_en=_label(record, names, lang_zh=False))


def _reopen(run: Run, undone: str, record: Record, effect: Effect) -> None:
    """Undoing a resolution opens its conflict again."""
    stored = run.work.operation(undone)
    if stored is None or stored.kind != "resolve" or stored.record != record.id:
        return
    conflict = run.work.conflict(stored.raw["conflict"])
    if conflict is None:
        return
    for name, part in conflict.fields.items():
        if part["closed_by"] == undone:
            waiting = run.work.operation(part["stamp"])
            if waiting is not None and waiting.outcome == "merged":
                run.work.keep(waiting._replace(outcome="conflict"))
            server = record.get(name) if name != "*" else "live"
            version = record.version(name) if name != "*" else record.head
            conflict.fields[name] = {
                **part, "closed_by": None, "server": server, "server_stamp": version
            }  # fmt: skip
            record.flag(name)
    conflict.closed = conflict.closed_by = None
    run.work.put_conflict(conflict)
    effect.outcome = "merged"


KINDS: Mapping[str, Callable[[Run, Operation, Context], Effect]] = {
    "create": create,
    "edit": edit,
    "transition": transition,
    "delete": delete,
    "restore": restore,
    "resolve": resolve,
}
"""Kind → what it does."""
