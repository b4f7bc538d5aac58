"""Expectations: what the contract says an operation does to a record, told a second time.

The engine's merge cannot be judged by itself. So the rules of the contract's policy table are
written here again, in another form: from the row before a transaction and the operations in
it follows the row after it. Where the contract leaves room (how a text is merged), the
engine's value is taken, and held to what any merge must keep.

Invariants
    * Nothing here calls the engine. What it cannot follow (a release of something held, a
      kind it has no rule for) it says: ``unsure``.

Texts are judged by marks: every edit of a run writes a word of its own, so that what a merge
must keep is a set of words: what both had, and what either added; never what either removed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from simulator.exploration.oracle.ledger import Ledger, Op, Row, TypeSpec

__all__ = ["Expected", "marks"]

_MARK = re.compile(r"〔[^〕]*〕")
NEEDS_BASE = frozenset({"ask", "latest", "text", "once", "set"})


def marks(text: Any) -> frozenset[str]:
    """The words that edits of a run wrote into a text.

    >>> sorted(marks("门口〔a1〕有台阶〔b2〕"))
    ['〔a1〕', '〔b2〕']
    """
    return frozenset(_MARK.findall(text or ""))


class Expected:
    """One record on its way through the operations of one transaction."""

    def __init__(self, ledger: Ledger, spec: TypeSpec, before: Row | None, after: Row) -> None:
        self.ledger, self.spec, self.after = ledger, spec, after
        self.values = dict(before.values) if before else {}
        self.versions = {name: before.version(name) for name in spec.fields} if before else {}
        if before:
            self.versions |= dict(before.vx)
            self.default = before.v
        self.exists = before is not None
        self.deleted = before.deleted if before else False
        self.head = before.head if before else None
        self.flags = set(before.c) if before else set()
        self.unsure: set[str] = set()
        self.wrong: list[str] = []
        self.verdicts: list[tuple[str, str]] = []

    # One operation ---------------------------------------------------------------------------

    def take(self, op: Op, mixed: Mapping[str, Any], mixed_by: str | None) -> None:
        """Follow one operation. ``mixed``: what the server wrote in its own name for it."""
        if op.outcome in ("held", "rejected"):
            return
        rule = _KINDS.get(op.kind)
        if rule is None or op.raw.get("undoes"):
            self.unsure.update(self.spec.fields, ("*",))
            return
        rule(self, op, mixed)
        self.head = mixed_by or self.head

    def version(self, name: str) -> str:
        """The version of a field now."""
        return self.versions.get(name) or self.default

    def write(self, name: str, value: Any, stamp: str) -> None:
        """Let a field have a value."""
        self.values[name], self.versions[name] = value, stamp
        self.head = stamp

    def note(self, policy: str, verdict: str) -> None:
        """Count what became of a field, for the counters."""
        self.verdicts.append((policy, verdict))

    def waits(self, op: Op, name: str, value: Any) -> None:
        """The value must wait in a conflict that is about this operation, and change nothing."""
        conflict = self.ledger.conflicts.get(op.stamp)
        part = conflict.fields.get(name) if conflict else None
        if part is None:
            joined = self.ledger.conflicts.get(op.conflict or "")
            if joined is None or name not in joined.fields:
                self.wrong.append(f"{op.stamp} wrote {name} and no conflict keeps its value")
                return
            part = joined.fields[name]
        else:
            self.flags.add(name)
            self.head = op.stamp
        if part["stamp"] == op.stamp and value is not None and part["device"] != value:
            told = part["device"]
            self.wrong.append(f"the conflict of {op.stamp} keeps {told!r} of {name}, not {value!r}")

    def joins(self, op: Op, name: str) -> bool:
        """Whether the value builds on one that waits in a conflict, whose place it takes."""
        base = self.ledger.ops.get(op.base.get(name) or "")
        return (
            base is not None and base.conflict is not None and op.base[name] != self.version(name)
        )

    # The end ---------------------------------------------------------------------------------

    def differences(self) -> list[str]:
        """What is wrong, and where the row is not what it should be."""
        if "*" in self.unsure:
            return []
        found, after = list(self.wrong), self.after
        for name in self.spec.fields:
            if name in self.unsure:
                continue
            mine = (self.values.get(name), self.version(name))
            told = (after.get(name), after.version(name))
            if mine != told:
                found.append(f"{name} should be {mine!r} and is {told!r}")
        if self.deleted != after.deleted:
            found.append(f"deleted should be {self.deleted}")
        if not self.flags <= set(after.c):
            found.append(f"the row lacks the marks {sorted(self.flags - set(after.c))}")
        return found


# Kinds ---------------------------------------------------------------------------------------


def _create(self: Expected, op: Op, _mixed: Mapping[str, Any]) -> None:
    self.exists, self.default, self.head = True, op.stamp, op.stamp
    self.versions.clear()
    offset = op.corrected
    for name, value in op.fields.items():
        if self.spec.policy.get(name) == "append":
            value = [[op.stamp, offset, op.actor, text] for text in value or ()] or None
            if value is None and op.fields[name] == []:
                self.unsure.add(name)
        elif name in self.spec.clock and value is not None:
            value = _corrected(op, value)
        self.values[name] = value
    flow = self.spec.workflow
    if flow and self.values.get(flow["field"]) is None:
        self.values[flow["field"]] = flow["initial"]
    self.note("create", "own")


def _corrected(op: Op, value: int) -> int:
    """A clock's value in the server's time: shifted as the operation itself was."""
    given = op.raw.get("offset_ms")
    offset = given if given is not None else op.raw.get("_offset", 0)
    return int(min(value + offset, op.received))


def _edit(self: Expected, op: Op, mixed: Mapping[str, Any]) -> None:
    if not self.exists:
        return
    returns = self.deleted
    for name, value in op.fields.items():
        if name not in self.spec.policy:
            self.unsure.add(name)
            continue
        _field(self, op, name, value, mixed)
    if returns:
        self.deleted = False
        self.flags.add("*")
        if (op.conflict or "") not in self.ledger.conflicts:
            self.wrong.append(f"{op.stamp} brought a deleted record back without a conflict")
        self.note("record", "deleted_and_edited")


def _field(self: Expected, op: Op, name: str, value: Any, mixed: Mapping[str, Any]) -> None:
    policy = self.spec.policy[name]
    if name in self.unsure:
        return
    if name in self.spec.clock and value is not None:
        if op.raw.get("offset_ms") is None:
            self.unsure.add(name)
            return
        value = _corrected(op, value)
    if policy in NEEDS_BASE and self.joins(op, name):
        self.unsure.add(name)
        self.note(policy, "joins")
        return
    _POLICIES[policy](self, op, name, value, mixed)


def _transition(self: Expected, op: Op, mixed: Mapping[str, Any]) -> None:
    flow = self.spec.workflow
    assert flow is not None
    field = flow["field"]
    step = op.fields[field]
    current, target = self.values.get(field), step["to"]
    legal = {(one["from"], one["to"]) for one in flow["transitions"]}
    overtaken = (current, target) not in legal or (step["from"] != current and target == current)
    if not overtaken and op.outcome == "conflict" and step["from"] != current:
        # From here it may be another's step, or one that asks for more.
        conflict = self.ledger.conflicts.get(op.stamp)
        waits = conflict is not None and field in conflict.fields
        overtaken = waits and _asks_more(flow["transitions"], current, step)
    if not overtaken:
        _edit(self, _without(op, field), mixed)
        self.write(field, target, op.stamp)
        self.note("workflow", "own")
        return
    self.note("workflow", "overtaken")
    self.waits(op, field, target)
    for name, value in op.fields.items():
        if name != field and self.spec.policy.get(name) == "append":
            _field(self, op, name, value, mixed)
        elif name != field:
            self.waits(op, name, None)
    if self.deleted:
        self.deleted = False
        self.flags.add("*")


def _asks_more(transitions: Any, current: Any, step: Mapping[str, Any]) -> bool:
    """Whether a step from the present state is for others, or with more, than from the seen one."""
    here, seen = (
        next(one for one in transitions if (one["from"], one["to"]) == (source, step["to"]))
        for source in (current, step["from"])
    )
    fewer, more = set(seen["who"]) - set(here["who"]), set(here["requires"]) - set(seen["requires"])
    return bool(fewer or more)


def _without(op: Op, name: str) -> Op:
    fields = {key: value for key, value in op.fields.items() if key != name}
    return Op(
        op.stamp, op.record, op.type, op.kind, op.actor, op.outcome, op.code, op.at, op.corrected,
        op.received, op.cause, op.conflict, {**op.raw, "fields": fields}, op.number,
    )  # fmt: skip


def _delete(self: Expected, op: Op, _mixed: Mapping[str, Any]) -> None:
    if self.deleted:
        return
    if op.base.get("*") == self.head:
        self.deleted, self.head = True, op.stamp
        self.note("record", "deleted")
    else:
        self.waits(op, "*", "deleted")
        self.head = op.stamp
        self.note("record", "edited_and_deleted")


def _restore(self: Expected, op: Op, _mixed: Mapping[str, Any]) -> None:
    if self.deleted:
        if op.base.get("*") != self.head:
            self.flags.add("*")
        self.deleted, self.head = False, op.stamp
        self.note("record", "restored")


def _resolve(self: Expected, op: Op, _mixed: Mapping[str, Any]) -> None:
    for name, value in op.fields.items():
        if name == "*":
            self.deleted = value == "deleted"
            self.head = op.stamp
        else:
            self.write(name, value, op.stamp)
        if not any(
            name in one.fields and one.fields[name]["closed_by"] is None
            for one in self.ledger.conflicts.values()
            if one.record == op.record
        ):
            self.flags.discard(name)
    self.note("record", "resolved")


_KINDS: Mapping[str, Callable[[Expected, Op, Mapping[str, Any]], None]] = {
    "create": _create,
    "edit": _edit,
    "transition": _transition,
    "delete": _delete,
    "restore": _restore,
    "resolve": _resolve,
}


# Policies ------------------------------------------------------------------------------------


def _fresh(self: Expected, op: Op, name: str) -> bool:
    return bool(op.base.get(name) == self.version(name))


def _ask(self: Expected, op: Op, name: str, value: Any, _mixed: Mapping[str, Any]) -> None:
    if value == self.values.get(name):
        self.note("ask", "same")
    elif _fresh(self, op, name):
        self.write(name, value, op.stamp)
        self.note("ask", "own")
    else:
        self.waits(op, name, value)
        self.note("ask", "conflict")


def _once(self: Expected, op: Op, name: str, value: Any, _mixed: Mapping[str, Any]) -> None:
    if value == self.values.get(name):
        self.note("once", "same")
    elif self.values.get(name) is None:
        self.write(name, value, op.stamp)
        self.note("once", "own")
    else:
        self.waits(op, name, value)
        self.note("once", "conflict")


def _latest(self: Expected, op: Op, name: str, value: Any, _mixed: Mapping[str, Any]) -> None:
    if value == self.values.get(name):
        self.note("latest", "same")
        return
    other = self.ledger.ops.get(self.version(name))
    theirs = (other.corrected if other else 0, self.version(name))
    if _fresh(self, op, name) or (op.corrected, op.stamp) > theirs:
        self.note("latest", "own" if _fresh(self, op, name) else "later")
        self.write(name, value, op.stamp)
    else:
        self.note("latest", "kept")


def _text(self: Expected, op: Op, name: str, value: Any, mixed: Mapping[str, Any]) -> None:
    present = self.values.get(name)
    if value == present:
        self.note("text", "same")
        return
    if _fresh(self, op, name):
        self.write(name, value, op.stamp)
        self.note("text", "own")
        return
    conflict = self.ledger.conflicts.get(op.stamp)
    if conflict is not None and name in conflict.fields:
        self.waits(op, name, value)
        self.note("text", "conflict")
        return
    own = op.outcome == "applied" or self.after.version(name) == op.stamp
    if not own and name not in mixed and _edited_since(self, op, name):
        self.unsure.add(name)  # What it came to was there for a moment only.
        return
    result = mixed.get(name, value if own else present)
    _of_two(self, op, name, present, result)
    self.unsure.add(name)
    self.note("text", "merged")


def _edited_since(self: Expected, op: Op, name: str) -> bool:
    return any(
        name in one.fields and one.number > op.number for one in self.ledger.of_record[op.record]
    )


def _of_two(self: Expected, op: Op, name: str, theirs: Any, result: Any) -> None:
    """A text that was put together from two.

    What either typed is in it and so is what neither removed, and nothing that one of them did
    remove; and no three characters in a row of one of its lines stand in neither text.
    """
    mine, base_op = op.fields[name], self.ledger.ops.get(op.base.get(name) or "")
    if base_op is None or (name not in base_op.fields and base_op.kind != "create"):
        self.wrong.append(f"{op.stamp}: merging {name} began from {op.base.get(name)}")
        return
    if base_op.raw.get("redacted") is True:
        return
    base, here = marks(base_op.fields.get(name)), marks(result)
    wanted = (marks(mine) & marks(theirs)) | (marks(mine) - base) | (marks(theirs) - base)
    if wanted - here:
        self.wrong.append(f"{op.stamp}: merging {name} lost {sorted(wanted - here)}")
    if here - wanted:
        self.wrong.append(f"{op.stamp}: merging {name} kept {sorted(here - wanted)}")
    for line in (result or "").split("\n"):
        for at in range(len(line) - 2):
            three = line[at : at + 3]
            if three not in (mine or "") and three not in (theirs or ""):
                self.wrong.append(f"{op.stamp}: merging {name} made {three!r} of nothing")
                return


def _set(self: Expected, op: Op, name: str, value: Any, _mixed: Mapping[str, Any]) -> None:
    present = set(self.values.get(name) or ())
    add, remove = set(value.get("add") or ()), set(value.get("remove") or ())
    if _fresh(self, op, name):
        result = sorted((present - remove) | add)
        if result != sorted(present) or add:
            self.write(name, result, op.stamp)
        self.note("set", "own")
        return
    # What is added stays, and so does what this operation did not remove; whether a removal
    # counts depends on what its author saw, which the totals at the end look at.
    after = set(self.after.get(name) or ())
    alone = sum(name in one.fields for one in self.ledger.of_record[op.record][-1:]) == 1
    last = self.ledger.of_record[op.record]
    if alone and last and (last[-1] is op or last[-1].cause == op.stamp):
        lost = (add | (present - remove)) - after
        if lost:
            self.wrong.append(f"{op.stamp}: merging the set {name} lost {sorted(lost)}")
        invented = after - present - add
        if invented:
            self.wrong.append(f"{op.stamp}: merging the set {name} invented {sorted(invented)}")
    self.unsure.add(name)
    self.note("set", "merged")


def _sum(self: Expected, op: Op, name: str, value: Any, _mixed: Mapping[str, Any]) -> None:
    if value["add"]:
        self.write(name, (self.values.get(name) or 0) + value["add"], op.stamp)
    self.note("sum", "own")


def _bound(better: Callable[[Any, Any], bool]) -> Callable[..., None]:
    def rule(self: Expected, op: Op, name: str, value: Any, _mixed: Mapping[str, Any]) -> None:
        present = self.values.get(name)
        if value is not None and (present is None or better(value, present)):
            self.write(name, value, op.stamp)
            self.note("bound", "own")
        else:
            self.note("bound", "kept")

    return rule


def _append(self: Expected, op: Op, name: str, value: Any, _mixed: Mapping[str, Any]) -> None:
    entry = [op.stamp, op.corrected, op.actor, value["append"]]
    entries = [*(self.values.get(name) or ()), entry]
    self.write(name, sorted(entries, key=lambda one: (one[1], one[0])), op.stamp)
    self.note("append", "own")


_POLICIES: Mapping[str, Callable[..., None]] = {
    "ask": _ask,
    "once": _once,
    "latest": _latest,
    "text": _text,
    "set": _set,
    "sum": _sum,
    "highest": _bound(lambda mine, theirs: bool(mine > theirs)),
    "lowest": _bound(lambda mine, theirs: bool(mine < theirs)),
    "append": _append,
}


def by_record(ops: Iterable[Op]) -> dict[str, list[Op]]:
    """The operations of a transaction, by record, in their order."""
    found: dict[str, list[Op]] = {}
    for op in ops:
        found.setdefault(op.record, []).append(op)
    return found
