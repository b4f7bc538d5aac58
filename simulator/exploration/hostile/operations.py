"""Wrong operations: one of each kind of wrong, made from the catalogue and from what is there.

Each is right in everything but one thing, so that the contract names one outcome for it. Which
type and which field it is about is drawn from the catalogue: a type is attacked on the day on
which it is declared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from simulator.exploration.chance import Dice
from simulator.exploration.oracle.audit_made import as_sent
from simulator.exploration.oracle.ledger import Row, TypeSpec
from simulator.exploration.people.values import Entered, change, plain

if TYPE_CHECKING:
    from simulator.exploration.tablet import Tablet
    from simulator.exploration.world import World

__all__ = ["WRONGS", "App", "ever_granted"]

_YEAR_MS = 365 * 86_400_000
_NOWHERE = "00000000-0000-7000-8000-00000000dead"
_KEYS = {"edit": "edit", "delete": "delete", "create": "create"}

Made = tuple[Any]
"""A wrong operation, in a tuple of its own: it may be null."""


def ever_granted(rows: Iterable[Row], user: str) -> frozenset[str]:
    """The feeds that were ever granted to somebody, as the assignments say."""
    granted = (
        str(row.get("feed"))
        for row in rows
        if row.spec.name == "assignment" and row.get("user") == user
    )
    return frozenset(("shared", f"person:{user}", *granted))


class App:
    """What a hostile app knows: its tablet's, and whatever it guesses of the county."""

    def __init__(self, world: World, tablet: Tablet, dice: Dice, number: int) -> None:
        self.world, self.tablet, self.dice = world, tablet, dice
        self.ledger = world.oracle.ledger
        self.user = world.user_of(tablet)
        self.role = self.ledger.role_of(self.user) or ""
        past = (row for rows in self.ledger.past.values() for row in rows)
        self.ever = ever_granted(past, self.user)
        allowed = world.oracle.allowed(self.user)
        live = [row for row in self.ledger.rows.values() if not row.deleted]
        self.mine = [row for row in live if not allowed.isdisjoint(row.feeds())]
        self.others = [row for row in live if row.feeds() and self.ever.isdisjoint(row.feeds())]
        known: dict[str, list[str]] = {}
        for row in live:
            known.setdefault(row.spec.name, []).append(row.id)
        self.entered = Entered(f"〔h{tablet.name}.{number}〕", tablet.now_ms(), known)
        self._made = 0

    def stamp(self, *, device: str | None = None, ahead_ms: int = 0) -> str:
        """A stamp that nobody has used."""
        self._made += 1
        wall = self.tablet.now_ms() + ahead_ms
        who = device or self.tablet.replica.device
        return f"{wall:012x}-{0x8000 + self._made:04x}-{who}{self.dice.base32(4)}"

    def op(
        self,
        kind: str,
        type_name: str,
        record: str,
        fields: Mapping[str, Any],
        base: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """An operation of this app's."""
        made = {
            "stamp": self.stamp(), "group": None, "actor": self.user, "schema": 1,
            "at": self.tablet.now_ms(), "offset_ms": None, "type": type_name, "record": record,
            "kind": kind, "fields": dict(fields),
            "reason": f"{self.entered.mark[:-1]}.{self._made}〕",
        }  # fmt: skip
        return {**made, **({} if base is None else {"base": dict(base)}), **more}

    def may(self, spec: TypeSpec, kind: str) -> bool:
        """Whether this role may do that to records of a type."""
        return self.role in spec.who.get(_KEYS[kind], ())

    def row(self, among: Iterable[Row], *, may: bool | None = None) -> Row | None:
        """Some record. ``may``: one that the role may edit, or may not."""
        fits = [row for row in among if may is None or self.may(row.spec, "edit") is may]
        return self.dice.pick(fits) if fits else None

    def edit(self, row: Row, **more: Any) -> dict[str, Any] | None:
        """A right edit of a record, of one field that moves it nowhere."""
        moving = {by for _kind, by in row.spec.feed_rules}
        names = [
            name
            for name in row.spec.fields
            if name not in moving and row.spec.policy[name] != "workflow"
        ]
        if not names:
            return None
        name = self.dice.pick(names)
        value = change(row.spec.field[name], self.dice, row.get(name), self.entered)
        if value is None:
            return None
        return {**self._edit_of(row, {name: value}), **more}

    def _edit_of(self, row: Row, fields: Mapping[str, Any]) -> dict[str, Any]:
        base = {"*": row.head, **{name: row.version(name) for name in fields}}
        return self.op("edit", row.spec.name, row.id, fields, base)

    def filled(self, spec: TypeSpec) -> dict[str, Any] | None:
        """What a new record of a type must hold; None if that cannot be entered."""
        needed = [name for name in spec.fields if spec.field[name]["required"]]
        fields = {
            name: plain(spec.field[name], self.dice, None, self.entered)
            for name in needed
            if spec.policy[name] != "workflow"
        }
        return None if None in fields.values() else fields


# Stamps and authors ---------------------------------------------------------------------------


def _reused(app: App) -> Made | None:
    """A stamp of its own, with other content."""
    device = app.tablet.replica.device
    mine = [op for op in app.ledger.ops.values() if op.device == device and op.kind == "edit"]
    if not mine:
        return None
    op = app.dice.pick(mine)
    raw = {name: value for name, value in as_sent(op.raw).items() if name != "cause"}
    return ({**raw, "reason": f"other {app.entered.mark}"},)


def _reused_at_once(app: App) -> Made | None:
    """A stamp of the same batch, with other content: ``<first>`` is put in when it is sent."""
    row = app.row(app.mine)
    return None if row is None else _one(app.edit(row, stamp="<first>", reason="twice"))


def _foreign_stamp(app: App) -> Made | None:
    """A stamp of another's tablet, or of the server."""
    others = [one for one in app.world.tablets.values() if one.person != app.tablet.person]
    devices = [one.replica.device for one in others if not one.wiped]
    row = app.row(app.mine)
    device = app.dice.pick([*devices, "srv00000"])
    return None if row is None else _one(app.edit(row, stamp=app.stamp(device=device)))


def _copied(app: App) -> Made | None:
    """An operation of another's tablet, word for word: its outcome is nobody else's business."""
    device = app.tablet.replica.device
    theirs = [op for op in app.ledger.ops.values() if op.device != device and len(op.actor) == 36]
    return (as_sent(app.dice.pick(theirs).raw),) if theirs else None


def _foreign_actor(app: App) -> Made | None:
    """Something done in another's name."""
    row = app.row(app.mine)
    users = [one for one in app.entered.known.get("user", ()) if one != app.user]
    actor = app.dice.pick([*users, "system"])
    return None if row is None else _one(app.edit(row, actor=actor))


def _next_year(app: App) -> Made | None:
    row = app.row(app.mine, may=True)
    return None if row is None else _one(app.edit(row, stamp=app.stamp(ahead_ms=_YEAR_MS)))


def _one(op: dict[str, Any] | None) -> Made | None:
    return None if op is None else (op,)


# Malformed ------------------------------------------------------------------------------------


def _no_object(app: App) -> Made:
    return (app.dice.pick((None, 7, "stamp", [], True, [{"stamp": "x"}])),)


def _spoilt(**wrong: tuple[Any, ...]) -> Callable[[App], Made | None]:
    """A right edit with one member that is of the wrong form."""

    def make(app: App) -> Made | None:
        row = app.row(app.mine)
        op = app.edit(row) if row is not None else None
        if op is None:
            return None
        name = app.dice.pick(sorted(wrong))
        return ({**op, name: app.dice.pick(wrong[name])},)

    return make


_WRONG_VALUES: Mapping[str, Any] = {
    "text": 7, "longtext": ["字"], "log": 7, "integer": "7", "number": "7", "boolean": "yes",
    "date": "2026-13-45", "instant": "now", "choice": "？", "tags": "字", "reference": "nobody",
    "attachment": "abc", "geometry": "here",
}  # fmt: skip
"""Kind → what is no value of it."""
_FORMS: Mapping[str, Callable[[Any], Any]] = {
    "sum": lambda value: {"add": value},
    "append": lambda value: {"append": value},
    "set": lambda value: {"add": value, "remove": []},
}


def _bad_value(app: App) -> Made | None:
    """A value that is none of its field's kind."""
    row = app.row(app.mine)
    if row is None:
        return None
    name = app.dice.pick(row.spec.fields)
    value = _WRONG_VALUES[row.spec.kind[name]]
    return (app._edit_of(row, {name: _FORMS.get(row.spec.policy[name], lambda it: it)(value)}),)


def _text_of(value: str) -> Callable[[App], Made | None]:
    """A text that no field of the kind ``text`` can hold."""

    def make(app: App) -> Made | None:
        fits = [
            (row, name)
            for row in app.mine
            for name in row.spec.fields
            if row.spec.kind[name] == "text" and row.spec.policy[name] in ("ask", "latest", "once")
        ]
        if not fits:
            return None
        row, name = app.dice.pick(fits)
        return (app._edit_of(row, {name: value}),)

    return make


def _unknown_type(app: App) -> Made | None:
    row = app.row(app.mine)
    return None if row is None else _one(app.edit(row, type="starship"))


def _ours_to_say(app: App) -> Made | None:
    """What only the server writes."""
    row = app.row(app.mine)
    if row is None:
        return None
    return (app._edit_of(row, {"_redacted": [row.head, list(row.spec.fields)]}),)


def _foreign_base(app: App) -> Made | None:
    """A base that is the version of another record."""
    row = app.row(app.mine)
    op = app.edit(row) if row is not None else None
    elsewhere = [one for one in app.ledger.ops.values() if row is None or one.record != row.id]
    if op is None or not elsewhere:
        return None
    name = next(one for one in op["base"] if one != "*")
    return ({**op, "base": {**op["base"], name: app.dice.pick(elsewhere).stamp}},)


def _unknown_base(app: App) -> Made | None:
    """A base that nobody has ever sent."""
    row = app.row(app.mine)
    op = app.edit(row) if row is not None else None
    if op is None:
        return None
    name = next(one for one in op["base"] if one != "*")
    return ({**op, "base": {**op["base"], name: app.stamp(ahead_ms=-60_000)}},)


def _unknown_field(app: App) -> Made | None:
    """A field of a newer app, which is no wrong: it is kept, and comes back."""
    row = app.row(app.mine, may=True)
    if row is None:
        return None
    name = app.dice.pick(("from_tomorrow", "字段"))
    return (app._edit_of(row, {name: f"字{app.entered.mark}"}),)


# Rights -----------------------------------------------------------------------------------------


def _out_of_scope(app: App) -> Made | None:
    """An edit or a deletion of what never was theirs to read."""
    row = app.row(app.others)
    if row is None:
        return None
    if app.dice.happens(0.3):
        return (app.op("delete", row.spec.name, row.id, {}, {"*": row.head}),)
    return _one(app.edit(row))


def _nowhere(app: App) -> Made | None:
    """An edit of what does not exist: it must not be told from what is only not theirs."""
    row = app.row(app.others)
    return None if row is None else _one(app.edit(row, record=_NOWHERE))


def _created_elsewhere(app: App) -> Made | None:
    """A new record where its author may not write."""
    specs = [app.ledger.specs[name] for name in sorted(app.ledger.specs)]
    fits = [spec for spec in specs if app.may(spec, "create")]
    spec = app.dice.pick(fits) if fits else None
    fields = app.filled(spec) if spec is not None else None
    if spec is None or fields is None:
        return None
    for row in app.others:
        if row.spec is spec:
            moving = {by: row.get(by) for _kind, by in spec.feed_rules if by in row.spec.fields}
            fields = {**fields, **{name: value for name, value in moving.items() if value}}
            return (app.op("create", spec.name, app.world.name_new(), fields),)
    return None


def _moves_away(app: App) -> Made | None:
    """A record moved to where its author may not write."""
    for row in app.mine:
        names = [by for _kind, by in row.spec.feed_rules if by in row.spec.fields]
        there = [
            one for one in app.others if one.spec is row.spec and one.get(names[0]) is not None
        ] if names else []  # fmt: skip
        if there and app.may(row.spec, "edit") and app.dice.happens(0.3):
            target = app.dice.pick(there)
            return (app._edit_of(row, {name: target.get(name) for name in names}),)
    return None


def _not_allowed(app: App) -> Made | None:
    """A right edit of a record that this role may only read."""
    row = app.row(app.mine, may=False)
    return None if row is None else _one(app.edit(row))


def _grants_itself(app: App) -> Made | None:
    """An assignment to a feed that its author would like to read."""
    feeds = sorted({feed for row in app.others for feed in row.feeds()})
    if not feeds or "assignment" not in app.ledger.specs or app.role == "administrator":
        return None
    fields = {"user": app.user, "feed": app.dice.pick(feeds), "since": 0}
    return (app.op("create", "assignment", app.world.name_new(), fields),)


def _no_such_step(app: App) -> Made | None:
    """A step that no workflow has, from where the record is now."""
    rows = [row for row in app.mine if row.spec.workflow is not None]
    row = app.row(rows)
    if row is None or row.spec.workflow is None:
        return None
    field = row.spec.workflow["field"]
    now = row.get(field)
    states = sorted({one for pair in row.spec.legal for one in pair})
    targets = [one for one in states if (now, one) not in row.spec.legal]
    if not targets:
        return None
    fields = {field: {"from": now, "to": app.dice.pick(targets)}}
    return (app.op("transition", row.spec.name, row.id, fields, {"*": row.head}),)


def _born_later(app: App) -> Made | None:
    """A new record that is in its last state already."""
    rows = [row for row in app.mine if row.spec.workflow and app.may(row.spec, "create")]
    row = app.row(rows)
    if row is None or row.spec.workflow is None:
        return None
    flow, fields = row.spec.workflow, app.filled(row.spec)
    later = sorted({target for _source, target in row.spec.legal} - {flow["initial"]})
    if fields is None or not later:
        return None
    moving = {by: row.get(by) for _kind, by in row.spec.feed_rules if by in row.spec.fields}
    fields = {**fields, **moving, flow["field"]: app.dice.pick(later)}
    return (app.op("create", row.spec.name, app.world.name_new(), fields),)


WRONGS: Mapping[str, Callable[[App], Made | None]] = {
    "reused": _reused,
    "reused_at_once": _reused_at_once,
    "foreign_stamp": _foreign_stamp,
    "copied": _copied,
    "foreign_actor": _foreign_actor,
    "next_year": _next_year,
    "no_object": _no_object,
    "no_stamp": _spoilt(stamp=(None, "", "first", 7, "0199a1b2c3d4-0000-k7m2p9q4x3f")),
    "unknown_kind": _spoilt(kind=("explode", None, 7, "Edit")),
    "bad_member": _spoilt(
        record=("7", None, 7),
        at=("now", -1, None, 1 << 60),
        fields=([], "x", 7),
        actor=(None, 7),
        type=(None, 7, []),
        group=({"id": "", "of": 2}, {"id": "g"}, 7),
        schema=("1", 1.5),
        offset_ms=("0", 0.5),
        undoes=("x", 7),
    ),
    "as_sent": _spoilt(as_sent=({}, {"type": "household"})),
    "no_base": _spoilt(base=(None, {}, [], "x", {"*": None})),
    "bad_base": _spoilt(base=({"*": "x"}, {"*": 7})),
    "bad_value": _bad_value,
    "too_long": _text_of("字" * 1_001),
    "bad_text": _text_of("字\0"),
    "unknown_type": _unknown_type,
    "ours_to_say": _ours_to_say,
    "foreign_base": _foreign_base,
    "unknown_base": _unknown_base,
    "unknown_field": _unknown_field,
    "out_of_scope": _out_of_scope,
    "nowhere": _nowhere,
    "created_elsewhere": _created_elsewhere,
    "moves_away": _moves_away,
    "not_allowed": _not_allowed,
    "grants_itself": _grants_itself,
    "no_such_step": _no_such_step,
    "born_later": _born_later,
}
"""What is wrong with an operation → what makes one; None where there is nothing to make it of."""
