"""Drafts: what a worker does on a tablet, by the catalogue and by what the tablet shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from simulator.exploration.chance import Dice
from simulator.exploration.newer import specs_of
from simulator.exploration.oracle.expectations import marks
from simulator.exploration.oracle.ledger import TypeSpec
from simulator.exploration.people.names import BIRTHS, HEARD
from simulator.exploration.people.values import Entered, change, plain
from simulator.exploration.profiles import Profile
from sync.replica_storage import PENDING

if TYPE_CHECKING:
    from simulator.exploration.tablet import Tablet
    from simulator.exploration.world import World

__all__ = ["Desk", "drafts_on", "filled", "pick_fields", "step_of", "with_taken"]

Draft = dict[str, Any]

KINDS: Mapping[str, float] = {
    "edit": 54,
    "again": 6,
    "create": 12,
    "delete": 5,
    "restore": 3,
    "transition": 16,
    "resolve": 4,
    "merge": 1,
}
"""Kind → weight of what is done on a tablet."""


class Desk:
    """What somebody has before them: a tablet's records, and what may be entered."""

    def __init__(self, world: World, tablet: Tablet, profile: Profile, mark: str) -> None:
        self.world, self.tablet, self.profile = world, tablet, profile
        self.specs = specs_of(tablet.replica.catalogue.schema)
        own: dict[str, set[str]] = {}
        with tablet.disk.read() as shelf:
            for entry in shelf.in_state(*PENDING):
                own.setdefault(entry.body["type"], set()).add(entry.record)
            known = {name: shelf.records(name) for name in self.specs}
        for name, made in own.items():
            known[name] = sorted({*known[name], *made})
        self.known: dict[str, list[str]] = {name: ids for name, ids in known.items() if ids}
        self.entered = Entered(f"〔{mark}〕", tablet.now_ms(), self.known)
        user = world.oracle.ledger.rows.get(world.user_of(tablet))
        self.role = user.get("role") if user else ""

    def types(self, dice: Dice, key: str) -> list[str]:
        """The types that this role may change so; now and then, one that it may not."""
        if dice.happens(0.04):
            return sorted(self.known)
        return [
            name for name in sorted(self.specs) if self.role in self.specs[name].who.get(key, ())
        ]

    def record(self, dice: Dice, name: str) -> str | None:
        """A record of a type; a few are everybody's."""
        ids = self.known.get(name)
        if not ids:
            return None
        return dice.pick(ids[:2] if dice.happens(self.profile.of("hot")) else ids)


def drafts_on(world: World, tablet: Tablet, dice: Dice, profile: Profile, mark: str) -> list[Draft]:
    """What is done on a tablet in one go; empty if there is nothing to do it to."""
    desk = Desk(world, tablet, profile, mark)
    drafts: list[Draft] = []
    for number in range(dice.pick((1, 1, 1, 2, 3))):
        # A word of its own for each: by its words an operation is told from another.
        taken: dict[str, str] | None = {} if world.photos else None
        desk.entered = desk.entered._replace(mark=f"〔{mark}-{number}〕", taken=taken)
        kind = dice.weighted(KINDS) or "edit"
        made = _MAKERS[kind](desk, dice)
        if made is not None and made["record"] not in {one["record"] for one in drafts}:
            if dice.happens(profile.of("reason")):
                reason = {"reason": f"原因〔{mark}-{number}r〕"}
                made["extra"] = {**made.get("extra", {}), **reason}
            drafts.append(with_taken(made, taken or {}))
    return drafts


def with_taken(draft: Draft, taken: Mapping[str, str]) -> Draft:
    """A draft, with the keys of the photos that were taken for it."""
    fields = (draft.get("fields") or {}).values()
    named = {digest: key for digest, key in taken.items() if digest in fields}
    return {**draft, "photos": named} if named else draft


def pick_fields(spec: TypeSpec, dice: Dice, profile: Profile) -> list[str]:
    """The fields of one edit."""
    moving = {by for _kind, by in spec.feed_rules}
    names = [
        name
        for name in spec.fields
        if spec.policy[name] != "workflow"
        and (name not in moving or dice.happens(profile.of("move")))
    ]
    return sorted({dice.pick(names) for _ in range(dice.pick((1, 1, 2, 3)))}) if names else []


def filled(
    spec: TypeSpec, dice: Dice, entered: Entered, current: Callable[[str], Any], names: list[str]
) -> dict[str, Any]:
    """Field → edit, for the fields into which something can be entered."""
    made = {name: change(spec.field[name], dice, current(name), entered) for name in names}
    return {name: value for name, value in made.items() if value is not None}


def step_of(
    spec: TypeSpec,
    dice: Dice,
    state: Any,
    role: str,
    entered: Entered,
    current: Callable[[str], Any],
) -> dict[str, Any] | None:
    """The fields of a step of the workflow from a state, with what it requires."""
    assert spec.workflow is not None
    steps = [
        one
        for one in spec.workflow["transitions"]
        if one["from"] == state and (role in one["who"] or dice.happens(0.02))
    ]
    if not steps:
        return None
    step = dice.pick(steps)
    needed = [name for name in step["requires"] if name in spec.field]
    fields = filled(spec, dice, entered, current, needed)
    return {**fields, spec.workflow["field"]: step["to"]}


# Kinds -----------------------------------------------------------------------------------------


def _edit(desk: Desk, dice: Dice) -> Draft | None:
    types = [name for name in desk.types(dice, "edit") if name in desk.known]
    if not types:
        return None
    spec = desk.specs[dice.pick(types)]
    record = desk.record(dice, spec.name)
    view = desk.tablet.replica.view(record) if record else None
    if record is None or view is None:
        return None
    names = pick_fields(spec, dice, desk.profile)
    fields = filled(spec, dice, desk.entered, view.record.get, names)
    return (
        {"kind": "edit", "type": spec.name, "record": record, "fields": fields} if fields else None
    )


def _again(desk: Desk, dice: Dice) -> Draft | None:
    """Another edit of what was edited and waits: if that gets into a conflict, this takes over."""
    waiting = [one for one in desk.tablet.replica.waiting() if one.body["kind"] == "edit"]
    if not waiting:
        return None
    body = dice.pick(waiting).body
    spec, view = desk.specs[body["type"]], desk.tablet.replica.view(body["record"])
    if view is None:
        return None
    names = [name for name in body["fields"] if name in spec.fields]
    fields = filled(spec, dice, desk.entered, view.record.get, names)
    made = {"kind": "edit", "type": spec.name, "record": body["record"], "fields": fields}
    return made if fields else None


def _create(desk: Desk, dice: Dice) -> Draft | None:
    types = desk.types(dice, "create")
    if not types:
        return None
    twin = dice.happens(desk.profile.of("twin"))
    told_apart = [name for name in types if desk.specs[name].identity] if twin else []
    alike = _born(desk, types) if not twin and dice.happens(desk.profile.of("alike")) else []
    spec = desk.specs[dice.pick(alike or told_apart or types)]
    fields: dict[str, Any] = {}
    for name in spec.fields:
        told = spec.field[name]
        if told["policy"] == "workflow" or not (told["required"] or dice.happens(0.4)):
            continue
        value = plain(told, dice, None, desk.entered)
        if value is not None:
            fields[name] = value
    if twin:
        fields |= _of_another(desk, dice, spec)
    if alike:
        fields |= _like_another(desk, dice, spec)
    record = desk.world.name_new()
    return {"kind": "create", "type": spec.name, "record": record, "fields": fields}


def _born(desk: Desk, types: list[str]) -> list[str]:
    """The types of those who have a name and a date of birth."""
    return [name for name in types if {"name", "birth"} <= desk.specs[name].policy.keys()]


def _like_another(desk: Desk, dice: Dice, spec: TypeSpec) -> dict[str, Any]:
    """A name that several have, or that sounds like theirs; often, of somebody in the same home."""
    fields: dict[str, Any] = {"name": dice.pick(dice.pick(HEARD)), "birth": dice.pick(BIRTHS)}
    here = map(desk.world.oracle.ledger.rows.get, desk.known.get(spec.name, ()))
    mates = [row for row in here if row is not None and row.get("birth") in BIRTHS]
    if mates and dice.happens(0.5):
        mate = dice.pick(mates)
        same = [name for name in spec.fields if spec.kind[name] == "reference"]
        fields |= {name: mate.get(name) for name in ("birth", *same) if mate.get(name) is not None}
    return fields


def _of_another(desk: Desk, dice: Dice, spec: TypeSpec) -> dict[str, Any]:
    """What tells somebody apart who is registered already, here or where this worker reads not."""
    among = desk.world.oracle.ledger.rows.values()
    rows = [row for row in among if row.spec.name == spec.name]
    if not rows:
        return {}
    row, moving = dice.pick(rows), {by for _kind, by in spec.feed_rules}
    return {
        name: row.get(name)
        for name in spec.fields
        if spec.policy[name] in ("ask", "once", "latest")
        and name not in moving
        and row.get(name) is not None
        and not marks(str(row.get(name)))  # A word of its own stays with whom it was entered for.
    }


def _whole(kind: str) -> Callable[[Desk, Dice], Draft | None]:
    def make(desk: Desk, dice: Dice) -> Draft | None:
        types = [name for name in desk.types(dice, "delete") if name in desk.known]
        if not types:
            return None
        name = dice.pick(types)
        record = desk.record(dice, name)
        if record is None:
            return None
        made: Draft = {"kind": kind, "type": name, "record": record}
        if kind == "merge":
            others = [one for one in desk.known[name] if one != record]
            if not others:
                return None
            made["extra"] = {"into": dice.pick(others)}
        return made

    return make


def _transition(desk: Desk, dice: Dice) -> Draft | None:
    names = [name for name in sorted(desk.known) if desk.specs[name].workflow]
    if not names:
        return None
    spec = desk.specs[dice.pick(names)]
    record = desk.record(dice, spec.name)
    view = desk.tablet.replica.view(record) if record else None
    if record is None or view is None or spec.workflow is None:
        return None
    state = view.record.get(spec.workflow["field"])
    fields = step_of(spec, dice, state, desk.role, desk.entered, view.record.get)
    if fields is None:
        return None
    return {"kind": "transition", "type": spec.name, "record": record, "fields": fields}


def _resolve(desk: Desk, dice: Dice) -> Draft | None:
    ledger = desk.world.oracle.ledger
    here = {record for ids in desk.known.values() for record in ids}
    waiting = [
        one for one in ledger.conflicts.values() if one.closed_by is None and one.record in here
    ]
    if desk.role != "administrator" or not waiting:
        return None
    conflict = dice.pick(waiting)
    return resolution(conflict, dice, ledger.rows[conflict.record].spec.name)


def resolution(conflict: Any, dice: Dice, type_name: str) -> Draft | None:
    """A decision about the open fields of a conflict: one of the two values."""
    fields = {
        name: part["device"] if dice.happens(0.5) else part["server"]
        for name, part in conflict.fields.items()
        if part["closed_by"] is None
    }
    made = {"kind": "resolve", "type": type_name, "record": conflict.record, "fields": fields}
    return {**made, "extra": {"conflict": conflict.id}} if fields else None


_MAKERS: Mapping[str, Callable[[Desk, Dice], Draft | None]] = {
    "edit": _edit,
    "again": _again,
    "create": _create,
    "delete": _whole("delete"),
    "restore": _whole("restore"),
    "merge": _whole("merge"),
    "transition": _transition,
    "resolve": _resolve,
}
