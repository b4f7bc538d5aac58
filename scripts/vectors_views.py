"""Vectors of what a worker sees and makes: stamps, views, operations. See `vectors.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sync.catalogue import Catalogue, Feed, Field, RecordType, Transition, Workflow
from sync.errors import Refusal
from sync.outbox import Draft, Seen, operation
from sync.record import Record
from sync.replica_storage import Entry, State
from sync.stamps import Stamps
from sync.view import View, look

__all__ = ["CATALOGUE", "HOUSE", "edits", "folds", "house", "stamps", "state_of"]

WORKER = ("grid_worker",)
HOUSEHOLD = RecordType(
    "household",
    "户",
    "Household",
    fields=(
        Field("grid", "reference", "ask", "网格", "Grid", required=True, to="grid"),
        Field("householder", "text", "ask", "户主", "Householder"),
        Field("phone", "text", "latest", "电话", "Phone"),
        Field("notes", "longtext", "text", "备注", "Notes"),
        Field("tags", "tags", "set", "标签", "Tags"),
        Field("visits", "integer", "sum", "走访次数", "Visits"),
        Field("last_visit", "instant", "highest", "最近走访", "Last visit"),
        Field("first_contact", "instant", "lowest", "首次联系", "First contact"),
        Field("log", "log", "append", "记录", "Log"),
        Field("origin", "text", "once", "来源", "Origin"),
    ),
    feeds=(Feed("grid", "grid"),),
    who={"create": WORKER, "edit": WORKER, "delete": WORKER},
)
_STATES = {
    "reported": ("已上报", "Reported"),
    "verified": ("已核实", "Verified"),
    "accepted": ("已接单", "Accepted"),
}
ORDER = RecordType(
    "work_order",
    "工单",
    "Work order",
    fields=(
        Field("grid", "reference", "ask", "网格", "Grid", required=True, to="grid"),
        Field("status", "choice", "workflow", "状态", "Status", choices=_STATES),
        Field("title", "text", "ask", "事项", "Title"),
    ),
    feeds=(Feed("grid", "grid"),),
    who={"create": WORKER, "edit": WORKER},
    workflow=Workflow(
        "status",
        "reported",
        (
            Transition("verify", "reported", "verified", WORKER),
            Transition("accept", "verified", "accepted", WORKER),
        ),
    ),
)
NOTICE = RecordType(
    "notice",
    "通知",
    "Notice",
    fields=tuple(Field(name, "text", "latest") for name in ("user", "about", "outcome", "text")),
    feeds=(Feed("person", "user"),),
)
CATALOGUE = Catalogue(HOUSEHOLD, ORDER, NOTICE, schema=3)

GRID = "00000000-0000-7000-8000-0000000000a1"
USER = "00000000-0000-7000-8000-0000000000b1"
HOUSE = "00000000-0000-7000-8000-0000000000c1"
_CREATED, _LATER = "0199a1b2c000-0000-srv000000000", "0199a1b2c3d4-0000-bbbbbbbb0000"
_AT = 1_763_900_000_000


def stamps() -> Mapping[str, Any]:
    """Stamps for clocks that stand still, go back, overflow, and replicas that are reopened."""
    rows: Sequence[tuple[str, str, str | None, Sequence[int]]] = (
        ("the clock advances", "x3f8", None, (1_000, 1_001, 1_763_900_000_000)),
        ("the clock stands still", "x3f8", None, (1_000, 1_000, 1_000)),
        ("the clock goes back", "x3f8", None, (5_000, 900, 4_999, 5_001)),
        ("a restart with a clock set back", "0000", "0000000003e8-0005-k7m2p9q4x3f8", (1, 2)),
        ("a restart in the same millisecond", "0001", "0000000003e8-0005-k7m2p9q4x3f8", (1_000,)),
        ("the counter overflows", "zzzz", "0000000003e8-fffe-k7m2p9q4x3f8", (7, 7, 7)),
    )
    cases = []
    for name, incarnation, last, clock in rows:
        source = Stamps(device="k7m2p9q4", incarnation=incarnation, last=last)
        made = [source.next(now_ms=now_ms) for now_ms in clock]
        cases.append(
            {
                "name": name, "device": "k7m2p9q4", "incarnation": incarnation, "last": last,
                "now_ms": list(clock), "stamps": made,
            }
        )  # fmt: skip
    about = "A source of stamps for `device` and `incarnation`, opened after `last`, is asked once "
    return {
        "about": about + "for each clock reading of `now_ms` and gives `stamps`.",
        "cases": cases,
    }


# Views ---------------------------------------------------------------------------------------


def house(**values: Any) -> Record:
    """A household as the server made it."""
    return Record.created(HOUSE, HOUSEHOLD, stamp=_CREATED, values={"grid": GRID, **values})


def _order(status: str) -> Record:
    values = {"grid": GRID, "status": status, "title": "路灯不亮"}
    return Record.created(HOUSE, ORDER, stamp=_CREATED, values=values)


def _entry(
    number: int, fields: Mapping[str, Any], *, kind: str = "edit", state: State = "waiting",
    type_name: str = "household", **more: Any,
) -> Entry:  # fmt: skip
    stamp = f"0199a1b2d000-{number:04x}-k7m2p9q4x3f8"
    body: dict[str, Any] = {
        "stamp": stamp, "group": None, "actor": USER, "schema": 3, "at": _AT + number,
        "offset_ms": 4_200, "type": type_name, "record": HOUSE, "kind": kind,
        "fields": dict(fields), "reason": None,
    }  # fmt: skip
    if kind != "create":
        body["base"] = {"*": _CREATED, **dict.fromkeys(fields, _CREATED)}
    return Entry(stamp, HOUSE, state, {**body, **more})


Case = tuple[str, Record | None, list[Entry]]


def _plain_cases() -> Iterator[Case]:
    yield "nothing is pending", house(householder="张三", phone="1"), []
    yield "ask", house(householder="张三"), [_entry(0, {"householder": "李四"})]
    yield "latest, cleared", house(phone="1"), [_entry(0, {"phone": None})]
    yield "text is taken whole, never merged", house(notes="a\nb"), [_entry(0, {"notes": "a\nc"})]
    yield "once", house(), [_entry(0, {"origin": "survey"})]
    yield "a field that the schema does not know", house(), [_entry(0, {"wifi": {"5g": True}})]
    many = {"householder": "张三", "phone": "2", "notes": "好", "origin": "survey",
            "visits": {"add": 1}, "last_visit": 5, "first_contact": 4}  # fmt: skip
    yield "most fields", house(), [_entry(0, many)]
    yield (
        "two edits of one field",
        house(phone="1"),
        [_entry(0, {"phone": "2"}), _entry(1, {"phone": "3"})],
    )


def _counting_cases() -> Iterator[Case]:
    add, remove = {"add": ["b"], "remove": []}, {"add": [], "remove": ["a", "x"]}
    yield "set, added", house(tags=["a", "c"]), [_entry(0, {"tags": add})]
    yield "set, removed, unknown", house(tags=["a", "c"]), [_entry(0, {"tags": remove})]
    yield "set, from nothing", house(), [_entry(0, {"tags": add}), _entry(1, {"tags": remove})]
    yield "sum", house(visits=2), [_entry(0, {"visits": {"add": 3}})]
    yield "sum, from nothing, down", house(), [_entry(0, {"visits": {"add": -1}})]
    yield "highest, higher", house(last_visit=5), [_entry(0, {"last_visit": 9})]
    yield "highest, lower changes nothing", house(last_visit=5), [_entry(0, {"last_visit": 4})]
    yield "highest, from nothing", house(), [_entry(0, {"last_visit": 4})]
    yield "highest, nothing given", house(last_visit=5), [_entry(0, {"last_visit": None})]
    yield "lowest, lower", house(first_contact=5), [_entry(0, {"first_contact": 4})]
    yield "lowest, equal changes nothing", house(first_contact=5), [_entry(0, {"first_contact": 5})]
    later = [[_LATER, _AT + 9_999_999, USER, "later"]]
    yield (
        "append, in order of corrected time",
        house(log=later),
        [_entry(0, {"log": {"append": "x"}})],
    )
    known = [["0199a1b2d000-0000-k7m2p9q4x3f8", 7, USER, "x"]]
    yield "append, already in the base", house(log=known), [_entry(0, {"log": {"append": "x"}})]


def _kind_cases() -> Iterator[Case]:
    new = {"grid": GRID, "phone": "1", "log": ["a", "b"], "wifi": 5}
    yield "create", None, [_entry(0, new, kind="create")]
    yield (
        "create, then an edit",
        None,
        [_entry(0, new, kind="create"), _entry(1, {"phone": "2"})],
    )
    yield (
        "create over its own row changes nothing",
        house(phone="9"),
        [_entry(0, new, kind="create")],
    )
    yield "an edit of what is not here", None, [_entry(0, {"phone": "2"})]
    yield "delete", house(phone="1"), [_entry(0, {}, kind="delete")]
    gone = house(phone="1")
    gone.deleted = True
    yield "restore", gone, [_entry(0, {}, kind="restore")]
    yield "merge", house(), [_entry(0, {}, kind="merge", into=GRID)]
    torn = house(householder="张三")
    torn.flag("householder")
    yield "a conflict is marked", torn, []
    choice = {"householder": "李四"}
    yield "resolve", torn, [_entry(0, choice, kind="resolve", conflict=_LATER)]
    mine = house(phone="2")
    mine.set(2, "2", "0199a1b2d000-0000-k7m2p9q4x3f8")
    yield "an edit that the base contains", mine, [_entry(0, {"phone": "1", "visits": {"add": 1}})]


def _kept_cases() -> Iterator[Case]:
    for state in ("held", "rejected", "arriving"):
        yield f"{state}", house(phone="1"), [_entry(0, {"phone": "2"}, state=state)]
    yield (
        "waiting over rejected",
        house(phone="1"),
        [_entry(0, {"phone": "2"}, state="rejected"), _entry(1, {"phone": "3"})],
    )


def _workflow_cases() -> Iterator[Case]:
    def step(number: int, source: str, target: str) -> Entry:
        fields = {"status": {"from": source, "to": target}}
        return _entry(number, fields, kind="transition", type_name="work_order")

    verify, accept = step(0, "reported", "verified"), step(1, "verified", "accepted")
    yield "a step", _order("reported"), [verify]
    yield "two steps", _order("reported"), [verify, accept]
    yield "a step that the table does not have from here", _order("accepted"), [accept]
    reported = _entry(0, {"grid": GRID}, kind="create", type_name="work_order")
    yield "a new order gets the initial state", None, [reported]
    yield (
        "a new order and a step",
        None,
        [reported, step(1, "reported", "verified"), step(2, "verified", "accepted")],
    )


def folds() -> Mapping[str, Any]:
    """Every policy, kind and mark."""
    cases = []
    for make in (_plain_cases, _counting_cases, _kind_cases, _kept_cases, _workflow_cases):
        for name, base, entries in make():
            spec = base.spec if base is not None else CATALOGUE[entries[0].body["type"]]
            view = look(base, entries, spec)
            cases.append(
                {
                    "name": name, "type": spec.name, "base": _base(base),
                    "pending": [{"state": one.state, "operation": one.body} for one in entries],
                    "view": state_of(view), "row": view.record.row() if view else None,
                }
            )  # fmt: skip
    about = (
        "`base` is a wire row (in the order of its type's keys; see `catalogue`) or null, "
        "`pending` the own operations about it. `view` is what is shown, or null; `row` the row "
        "of that, whose `v` stays that of the base, for fields that a later schema adds."
    )
    return {"about": about, "catalogue": CATALOGUE.describe(), "cases": cases}


def _base(record: Record | None) -> Any:
    if record is None:
        return None
    return {"keys": list(record.spec.keys), "row": record.row(), "deleted": record.deleted}


def state_of(view: View | None) -> Any:
    """A view as JSON."""
    if view is None:
        return None
    return {
        "values": view.values(),
        "versions": view.record.versions(),
        "head": view.record.head,
        "deleted": view.deleted,
        "marks": {name: list(marks) for name, marks in view.marks.items()},
    }


# Operations ----------------------------------------------------------------------------------


def _edit_cases() -> Iterator[tuple[str, Record | None, list[Entry], Draft]]:
    def edit(**fields: Any) -> Draft:
        return Draft("edit", "household", HOUSE, fields)

    full = house(householder="张三", phone="1", tags=["a", "b"], visits=2)
    yield "only what changed is named", full, [], edit(householder="张三", phone="2")
    yield "nothing changed", full, [], edit(householder="张三", tags=["b", "a"], visits=2)
    yield "a new list of tags", full, [], edit(tags=["b", "c"])
    yield "a new number", full, [], edit(visits=5)
    yield "a delta", full, [], edit(visits={"add": -1})
    yield "a log entry", full, [], edit(log="走访")
    waiting = _entry(0, {"phone": "2"})
    yield "on an own value that waits", full, [waiting], edit(phone="3", householder="李四")
    held = _entry(0, {"phone": "2", "tags": {"add": ["k"], "remove": []}}, state="held")
    yield "on a kept value", full, [held], edit(phone="3", tags={"add": [], "remove": ["k"]})
    yield "beside a kept value", full, [held], edit(householder="李四", tags={"add": ["n"]})
    new = _entry(0, {"grid": GRID}, kind="create")
    yield "on an own new record", None, [new, _entry(1, {"phone": "1"})], edit(householder="王五")
    yield "a deletion after an own edit", full, [waiting], Draft("delete", "household", HOUSE)
    yield (
        "a new record",
        None,
        [],
        Draft("create", "household", HOUSE, {"grid": GRID, "phone": None}),
    )
    yield "what is not there", None, [], edit(phone="1")
    gone = house()
    gone.deleted = True
    yield "what is deleted", gone, [], edit(phone="1")
    yield "a value that does not fit", full, [], edit(phone=7)
    yield (
        "a step of the workflow",
        _order("verified"),
        [],
        Draft("transition", "work_order", HOUSE, {"status": "accepted", "title": "路灯"}),
    )
    yield from _more_edit_cases(full)


def _more_edit_cases(
    full: Record,
) -> Iterator[tuple[str, Record | None, list[Entry], Draft]]:
    def done(kind: str, fields: Mapping[str, Any] | None = None, **extra: Any) -> Draft:
        return Draft(kind, "household", HOUSE, fields or {}, extra)

    def order(kind: str, **fields: Any) -> Draft:
        return Draft(kind, "work_order", HOUSE, fields)

    rare, wide = "𠮷祥", "！"  # In UTF-16 the first sorts before the second.
    yield "tags are sorted by their characters", full, [], done("edit", {"tags": [rare, wide]})
    yield "a change of tags that are there", full, [], done("edit", {"tags": {"add": ["a"]}})
    yield "a sum that does not change", full, [], done("edit", {"visits": {"add": 0}})
    yield "a first number", house(), [], done("edit", {"visits": 3})
    yield "a field that nobody knows", full, [], done("edit", {"wifi": {"5g": [True, None]}})
    yield "a name that stands for the record", full, [], done("edit", {"*": "live"})
    yield "a value that is cleared", full, [], done("edit", {"phone": None})
    yield "a required value that is cleared", full, [], done("edit", {"grid": None})
    yield "an empty log entry", full, [], done("edit", {"log": None})
    yield "a change of tags in another form", full, [], done("edit", {"tags": {"put": ["a"]}})
    yield "a character that cannot be stored", full, [], done("edit", {"phone": "1\0"})
    yield "one entry beyond 1,000 characters", full, [], done("edit", {"phone": "𠮷" * 1_001})
    yield "1,000 rare characters", full, [], done("edit", {"phone": "𠮷" * 1_000})
    yield "a step outside of a transition", _order("verified"), [], order("edit", status="accepted")
    yield "a transition without a step", _order("verified"), [], order("transition", title="x")
    yield "a new record without what it needs", None, [], done("create", {"phone": "1"})
    yield "a new record that is there", full, [], done("create", {"grid": GRID})
    yield "a deletion", full, [], done("delete")
    gone = house()
    gone.deleted = True
    yield "bringing back", gone, [], done("restore")
    torn = house(householder="张三")
    torn.flag("householder")
    choice = {"householder": "李四", "log": ["a"]}
    yield "a decision in a conflict", torn, [], done("resolve", choice, conflict=_LATER)
    yield (
        "a decision about a whole record",
        torn,
        [],
        done("resolve", {"*": "deleted"}, conflict=_LATER),
    )
    yield "an undo", full, [], done("edit", {"phone": "0"}, undoes=_LATER)
    yield "one record for two", full, [], done("merge", into=GRID)


def edits() -> Mapping[str, Any]:
    """What is made of what a worker did: fields, and for each the base."""
    cases = []
    for name, base, entries, draft in _edit_cases():
        stamp = "0199a1b2e000-0000-k7m2p9q4x3f8"
        case: dict[str, Any] = {
            "name": name, "base": _base(base), "seen": base.head if base is not None else None,
            "pending": [{"state": one.state, "operation": one.body} for one in entries],
            "draft": {
                "kind": draft.kind, "type": draft.type, "fields": draft.fields,
                "extra": draft.extra,
            },
        }  # fmt: skip
        case.update(_made(draft, base, entries, stamp))
        cases.append(case)
    about = (
        "A worker changes the record of `base` and `pending` as `draft` says; `seen` is the head "
        "that they saw. `operation` is what is queued (null: nothing changed); `refused` is the "
        f"problem's code. Stamp 0199a1b2e000-0000-k7m2p9q4x3f8, actor {USER}, schema 3, "
        f"at {_AT}, offset_ms null, record {HOUSE}."
    )
    return {"about": about, "catalogue": CATALOGUE.describe(), "cases": cases}


def _made(draft: Draft, base: Record | None, entries: list[Entry], stamp: str) -> dict[str, Any]:
    from sync.operation import check_values, read

    spec = CATALOGUE[draft.type]
    seen = Seen.of(base, entries, spec, seen_head=base.head if base is not None else None)
    try:
        raw = operation(
            draft, seen, spec, stamp=stamp, actor=USER, schema=3, at=_AT, offset_ms=None
        )
        if raw is not None:
            check_values(read(raw), spec)
    except Refusal as refusal:
        return {"refused": refusal.problem.code}
    return {"operation": raw}
