"""The desk: what people at the office do, who read the whole county in their browsers.

They see what is current, or what a page showed a while ago. They also decide who reads what,
who works here, what becomes of a tablet, and how a grid is cut in two while tablets are out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from simulator.exploration.chance import Dice
from simulator.exploration.county import PEOPLE
from simulator.exploration.oracle.ledger import Row
from simulator.exploration.people.drafts import filled, pick_fields, resolution, step_of
from simulator.exploration.people.values import Entered
from simulator.exploration.profiles import Profile

if TYPE_CHECKING:
    from simulator.exploration.world import World

__all__ = ["desk_step"]

Action = tuple[str, Mapping[str, Any]]

_NOTHING: Action = ("backup", {})
_TYPES = ("household", "resident", "work_order", "building", "resident_restricted")
_UNREAD = "SELECT body FROM aside"
_ABOUT_PEOPLE = ("household", "resident", "resident_restricted", "home_visit", "work_order")


class _Office:
    """What is before somebody at a desk."""

    def __init__(self, world: World, dice: Dice, profile: Profile, number: int) -> None:
        self.world, self.dice, self.profile = world, dice, profile
        self.ledger = world.oracle.ledger
        who = PEOPLE[dice.pick(("qian", "qian", "wu", "zhao"))]
        self.user, self.role = who.user, who.role
        self.known: dict[str, list[str]] = {}
        for row in self.ledger.rows.values():
            self.known.setdefault(row.spec.name, []).append(row.id)
        self.entered = Entered(f"〔d{number}〕", world.now_ms, self.known)

    def row(self, *names: str, deleted: bool = False) -> Row | None:
        """Some record of these types."""
        among = [
            row
            for row in self.ledger.rows.values()
            if row.spec.name in (names or _types(self.ledger)) and row.deleted is deleted
        ]
        if not among:
            return None
        hot = self.dice.happens(self.profile.of("hot"))
        return self.dice.pick(among[:6] if hot else among)

    def page(self, row: Row) -> Row:
        """The record as the page shows it, which may have been opened a while ago."""
        past = self.ledger.past[row.id]
        if len(past) > 1 and self.dice.happens(self.profile.of("stale_page")):
            return past[-1 - self.dice.below(min(3, len(past)))]
        return row

    def does(self, *drafts: Mapping[str, Any], system: bool = False) -> Action:
        """The step that these drafts are."""
        user, role = ("system", "system") if system else (self.user, self.role)
        return "desk", {"user": user, "role": role, "drafts": list(drafts)}


def _types(ledger: Any) -> list[str]:
    return [name for name in ledger.specs if name not in ("assignment", "user", "notice")]


def desk_step(world: World, dice: Dice, profile: Profile, number: int) -> Action:
    """What somebody at a desk does next."""
    action = dice.weighted(profile.weights("desk")) or "edit"
    return _DESK[action](_Office(world, dice, profile, number)) or _NOTHING


def _seen(page: Row, names: Any) -> dict[str, str]:
    return {"*": page.head, **{name: page.version(name) for name in names}}


def _edit(desk: _Office) -> Action | None:
    row, names = _awaited(desk) if desk.dice.happens(desk.profile.of("meet")) else (None, [])
    row = row or desk.row()
    if row is None:
        return None
    page = desk.page(row)
    names = names or pick_fields(row.spec, desk.dice, desk.profile)
    fields = filled(row.spec, desk.dice, desk.entered, page.get, names)
    draft = {"kind": "edit", "type": row.spec.name, "record": row.id, "fields": fields}
    return desk.does({**draft, "seen": _seen(page, fields)}) if fields else None


def _awaited(desk: _Office) -> tuple[Row | None, list[str]]:
    """What some worker has just edited too, who is out: there, the two will meet."""
    tablets = [one for one in desk.world.tablets.values() if not one.wiped]
    waiting = [
        one.body
        for tablet in tablets
        for one in tablet.replica.waiting()
        if one.body["kind"] == "edit"
    ]
    body = desk.dice.pick(waiting) if waiting else None
    row = desk.ledger.rows.get(body["record"]) if body is not None else None
    if body is None or row is None or row.deleted:
        return None, []
    return row, [name for name in body["fields"] if name in row.spec.fields]


def _transition(desk: _Office) -> Action | None:
    names = [name for name, spec in desk.ledger.specs.items() if spec.workflow]
    row = desk.row(*names)
    if row is None or row.spec.workflow is None:
        return None
    page = desk.page(row)
    field = row.spec.workflow["field"]
    state = page.get(field)
    fields = step_of(row.spec, desk.dice, state, desk.role, desk.entered, page.get)
    if fields is None:
        return None
    fields[field] = {"from": state, "to": fields[field]}
    draft = {"kind": "transition", "type": row.spec.name, "record": row.id, "fields": fields}
    return desk.does({**draft, "seen": _seen(page, fields)})


def _create(desk: _Office) -> Action | None:
    row = desk.row(*_TYPES)
    if row is None:
        return None
    # A copy of something that is there: so duplicates by identity come about.
    same = {
        name: row.get(name)
        for name in row.spec.fields
        if row.get(name) is not None and row.spec.policy[name] not in ("workflow", "append", "sum")
    }
    draft = {"kind": "create", "type": row.spec.name, "record": desk.world.name_new()}
    return desk.does({**draft, "fields": same}, system=True)


def _whole(kind: str) -> Callable[[_Office], Action | None]:
    def make(desk: _Office) -> Action | None:
        row = desk.row(*_TYPES, deleted=kind == "restore")
        if row is None:
            return None
        page = desk.page(row)
        draft = {"kind": kind, "type": row.spec.name, "record": row.id, "fields": {}}
        return desk.does({**draft, "seen": {"*": page.head}}, system=desk.dice.happens(0.3))

    return make


def _resolve(desk: _Office) -> Action | None:
    waiting = [one for one in desk.ledger.conflicts.values() if one.closed_by is None]
    if not waiting:
        return None
    conflict = desk.dice.pick(waiting)
    draft = resolution(conflict, desk.dice, desk.ledger.rows[conflict.record].spec.name)
    if draft is None:
        return None
    return desk.does({**draft, **draft.pop("extra")})


def _merge(desk: _Office) -> Action | None:
    """Two that were put beside each other are one; or, now and then, any two."""
    asked = [
        (conflict.record, other)
        for conflict in desk.ledger.conflicts.values()
        for part in conflict.fields.values()
        if part["code"] == "duplicate" and part["closed_by"] is None
        for other in part["others"]
    ]
    row = desk.row(*_TYPES)
    if row is None:
        return None
    same = desk.known[row.spec.name]
    pair = desk.dice.pick(asked) if asked else (row.id, desk.dice.pick(same))
    loser, into = pair if desk.dice.happens(0.5) else pair[::-1]
    here = desk.ledger.rows[loser]
    draft = {"kind": "merge", "type": here.spec.name, "record": loser, "into": into}
    return desk.does({**draft, "fields": {}, "seen": {"*": desk.page(here).head}})


def _undo(desk: _Office) -> Action | None:
    recent = list(desk.ledger.ops)[-40:]
    if not recent:
        return None
    if desk.dice.happens(0.3):  # Among all that is done decisions are few, and seldom the last.
        ops = desk.ledger.ops.values()
        recent = [one.stamp for one in ops if one.kind in ("resolve", "merge")] or recent
    return "undo", {"user": desk.user, "role": desk.role, "stamp": desk.dice.pick(recent)}


def _release(desk: _Office) -> Action | None:
    held = sorted(desk.ledger.held)
    return ("release", {"stamp": desk.dice.pick(held)}) if held else None


def _grant(desk: _Office) -> Action:
    dice = desk.dice
    who = PEOPLE[dice.pick(("wang", "wang", "li", "chen", "zhao"))]
    kind = dice.pick(("grid", "grid", "grid", "building"))
    feed = f"{kind}:{dice.pick(desk.known[kind])}"
    fields = {"user": who.user, "feed": feed, "since": desk.world.now_ms}
    return desk.does(_new(desk, "assignment", fields), system=True)


def _new(desk: _Office, kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "create", "type": kind, "record": desk.world.name_new(), "fields": fields}


def _end_grant(desk: _Office) -> Action | None:
    holders = {PEOPLE[name].user for name in ("wang", "li", "chen", "zhao", "sun")}
    lasting = [
        row
        for row in desk.ledger.rows.values()
        if row.spec.name == "assignment"
        and not row.deleted
        and row.get("until") is None
        and row.get("user") in holders
    ]
    if not lasting:
        return None
    draft = {"type": "assignment", "record": desk.dice.pick(lasting).id}
    if desk.dice.happens(0.2):  # Not how it is done; but it can be, and loses nobody's work.
        return desk.does({**draft, "kind": "delete", "fields": {}}, system=True)
    fields = {"until": desk.world.now_ms}
    return desk.does({**draft, "kind": "edit", "fields": fields}, system=True)


def _split(desk: _Office) -> Action | None:
    """A grid is cut in two: a new grid, half of its buildings and homes, and who reads it."""
    grid = desk.row("grid")
    if grid is None:
        return None
    number = len(desk.known["grid"])
    new = _new(desk, "grid", {"code": f"g{number}", "name": f"第{number + 1}网格", "version": 1})
    here = [
        row
        for row in desk.ledger.rows.values()
        if row.spec.name in ("household", "building") and row.get("grid") == grid.id
    ]
    moves = [
        {"kind": "edit", "type": row.spec.name, "record": row.id, "fields": {"grid": new["record"]}}
        for row in here[::2]
        if not row.deleted
    ]
    fields = {"user": PEOPLE["chen"].user, "feed": f"grid:{new['record']}"}
    grant = _new(desk, "assignment", {**fields, "since": desk.world.now_ms})
    return desk.does(new, *moves, grant, system=True)


def _leaves(desk: _Office) -> Action:
    who = PEOPLE[desk.dice.pick(("li", "chen"))].user
    draft = {"type": "user", "record": who}
    if desk.dice.happens(0.3):
        return desk.does({**draft, "kind": "delete", "fields": {}}, system=True)
    return desk.does({**draft, "kind": "edit", "fields": {"active": False}}, system=True)


def _returns(desk: _Office) -> Action | None:
    gone = [
        row
        for row in desk.ledger.rows.values()
        if row.spec.name == "user" and (row.deleted or row.get("active") is False)
    ]
    if not gone:
        return None
    row = desk.dice.pick(gone)
    draft = {"type": "user", "record": row.id}
    if row.deleted:
        return desk.does({**draft, "kind": "restore", "fields": {}}, system=True)
    return desk.does({**draft, "kind": "edit", "fields": {"active": True}}, system=True)


def _supervise(desk: _Office) -> Action | None:
    tablets = desk.world.tablets
    tablet = tablets[desk.dice.pick([name for name in sorted(tablets) if name != "qian"])]
    step = desk.dice.pick(("suspend", "release", "release", "wipe"))
    return "supervise", {"device": tablet.replica.device, "step": step, "by": desk.user}


def _redact(desk: _Office) -> Action | None:
    row = desk.row(*_ABOUT_PEOPLE, deleted=desk.dice.happens(0.1))
    disputed = [desk.ledger.rows[one.record] for one in desk.ledger.conflicts.values()]
    disputed = [one for one in disputed if one.spec.name in _ABOUT_PEOPLE]
    if disputed and desk.dice.happens(0.4):
        row = desk.dice.pick(disputed)
    unread = [str(body, "utf-8", "replace") for (body,) in desk.ledger.select(_UNREAD)]
    named = [one for one in desk.ledger.rows.values() if any(one.id in body for body in unread)]
    named = [one for one in named if one.spec.name in _ABOUT_PEOPLE and not one.deleted]
    if named and desk.dice.happens(0.3):
        row = desk.dice.pick(named)
    if row is None:
        return None
    related = desk.dice.happens(0.5)
    return "redact", {"user": PEOPLE["qian"].user, "record": row.id, "related": related}


_DESK: Mapping[str, Callable[[_Office], Action | None]] = {
    "edit": _edit,
    "transition": _transition,
    "create": _create,
    "delete": _whole("delete"),
    "restore": _whole("restore"),
    "resolve": _resolve,
    "merge": _merge,
    "undo": _undo,
    "release": _release,
    "grant": _grant,
    "end_grant": _end_grant,
    "split": _split,
    "leaves": _leaves,
    "returns": _returns,
    "supervise": _supervise,
    "redact": _redact,
}
