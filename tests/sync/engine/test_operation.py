"""Reading operations: every member, every form of value, and what each damage is called."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sync.errors import Refusal
from sync.operation import KINDS, canonical, check_values, corrected_ms, read
from tests.sync.county import CATALOGUE, GRID, HOUSEHOLD, ORDER, uid

STAMP, SEEN = "0199a1b2c3d4-0000-k7m2p9q4x3f8", "0199a1b2c3d0-0000-k7m2p9q4x3f8"


def raw(**more):
    return {
        "stamp": STAMP, "group": None, "actor": "u", "schema": 3, "at": 5, "offset_ms": 2,
        "type": "household", "record": uid(1), "kind": "edit", "fields": {}, "reason": None,
        "base": {"*": SEEN}, **more,
    }  # fmt: skip


def refused(value):
    with pytest.raises(Refusal) as caught:
        read(value)
    problem = caught.value.problem
    return problem.code, problem.pointer


def test_an_operation_reads_as_it_was_sent():
    sent = raw(fields={"phone": "1"}, extra={"kept": True})
    op = read(sent)
    assert op.raw is sent and op.raw == raw(fields={"phone": "1"}, extra={"kept": True})
    assert (op.device, op.seen_head, op.schema) == ("k7m2p9q4", SEEN, 3)


def test_what_may_be_left_out_is_filled_in():
    sent = raw()
    for name in ("group", "schema", "offset_ms", "fields", "reason"):
        del sent[name]
    op = read(sent)
    assert (op.group, op.schema, op.offset_ms, op.fields) == (None, 1, None, {})


@pytest.mark.parametrize("value", [None, 7, "x", [], [raw()]])
def test_what_is_no_object(value):
    assert refused(value) == ("malformed", "")


DAMAGED: dict[str, Any] = {
    "stamp": ("bad_stamp", [None, 7, "", STAMP + " ", STAMP.upper(), [STAMP]]),
    "kind": ("unknown_kind", [None, 7, "explode", [], {}, True, 1.5]),
    "type": ("malformed", [None, 7, "x" * 65, "a\0", "\ud800", []]),
    "record": ("malformed", [None, 7, "", uid(1).upper()[:-1] + "A", "x" * 36]),
    "actor": ("malformed", [None, 7, "x" * 65, "\0"]),
    "at": ("malformed", [None, -1, 1.5, True, "5", 1 << 48]),
    "offset_ms": ("malformed", [1.5, True, "5", 1 << 48, -(1 << 48)]),
    "fields": ("malformed", [[], "x", 7]),
    "schema": ("malformed", [1.5, "3", True, []]),
    "group": ("malformed", ["g", 7, []]),
    "undoes": ("malformed", ["", 7, "x", []]),
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n in DAMAGED for v in DAMAGED[n][1]])
def test_a_damaged_member_is_named(name, value):
    assert refused(raw(**{name: value})) == (DAMAGED[name][0], f"/{name}")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("create", "resolve")])
@pytest.mark.parametrize(
    ("base", "code", "pointer"),
    [
        (None, "missing_base", "/base"),
        ([], "missing_base", "/base"),
        ({}, "missing_base", "/base/*"),
        ({"*": None}, "missing_base", "/base/*"),
        ({"*": "x"}, "malformed", "/base/*"),
        ({"*": SEEN, "phone": 7}, "malformed", "/base/phone"),
    ],
)
def test_whoever_changes_a_record_says_what_they_saw(kind, base, code, pointer):
    assert refused(raw(kind=kind, base=base)) == (code, pointer)


def test_a_create_has_seen_nothing_and_a_decision_names_its_conflict():
    assert read(raw(kind="create", base={"*": "nonsense"})).base == {}
    assert refused(raw(kind="resolve", base=None)) == ("malformed", "/conflict")
    for base in (None, [], {"*": SEEN}):
        op = read(raw(kind="resolve", base=base, conflict=STAMP))
        assert op.base == (base if isinstance(base, dict) else {})


def test_a_merge_names_the_record_that_survives():
    assert refused(raw(kind="merge")) == ("malformed", "/into")
    assert read(raw(kind="merge", into=uid(2))).kind == "merge"


def test_the_words_quote_what_was_sent_only_so_far():
    with pytest.raises(Refusal) as caught:
        read(raw(kind="x" * 500))
    assert len(caught.value.problem.message("en")) < 100


def test_times_are_corrected_but_never_into_the_future():
    assert corrected_ms(at=10, offset_ms=-3, received_ms=100) == 7
    assert corrected_ms(at=10, offset_ms=500, received_ms=100) == 100


def test_the_same_content_is_the_same_in_whatever_order_it_is_written():
    one = raw(fields={"a": 1, "b": {"y": 1, "x": None}})
    other = dict(reversed(json.loads(json.dumps(one)).items()))
    assert canonical(one) == canonical({**other, "schema": 9, "offset_ms": None})
    assert canonical(one) != canonical({**one, "reason": ""})


# Values --------------------------------------------------------------------------------------


def checked(spec=HOUSEHOLD, **more):
    check_values(read(raw(type=spec.name, **more)), spec)


def problem_of(spec=HOUSEHOLD, **more):
    with pytest.raises(Refusal) as caught:
        checked(spec, **more)
    return caught.value.problem.code, caught.value.problem.pointer


ALL_SEEN = {"*": SEEN, **{field.name: SEEN for field in (*HOUSEHOLD.fields, *ORDER.fields)}}
RIGHT: dict[str, Any] = {
    "householder": ["李四", None],
    "phone": ["", None],
    "tags": [{"add": []}, {"remove": ["a"]}, {"add": ["a"], "remove": ["b"]}],
    "visits": [{"add": 0}, {"add": -7}],
    "last_visit": [5, None],
    "notes": ["一\n二", None],
    "log": [{"append": ""}, {"append": "到访"}],
    "seen_at": [5],
    "later": [None, 7, {"any": ["thing"]}],
}
WRONG: dict[str, Any] = {
    "grid": [None, "x"],
    "householder": [7, ["李四"]],
    "tags": [None, [], ["a"], {}, {"add": None}, {"add": "a"}, {"add": [1]}, {"put": ["a"]},
             {"add": [], "put": []}],
    "visits": [None, 1, {}, {"add": None}, {"add": 1.5}, {"add": True}, {"add": 1, "x": 1},
               {"add": 2**53}],
    "last_visit": ["5", {"add": 5}],
    "log": [None, "到访", ["到访"], {}, {"append": None}, {"append": 7}, {"append": "a", "x": 1}],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(n, v) for n in RIGHT for v in RIGHT[n]])
def test_a_right_change_is_right(name, value):
    checked(fields={name: value}, base=ALL_SEEN | {"later": SEEN})


@pytest.mark.parametrize(("name", "value"), [(n, v) for n in WRONG for v in WRONG[n]])
def test_a_wrong_change_names_its_field(name, value):
    assert problem_of(fields={name: value}, base=ALL_SEEN) == ("bad_value", f"/fields/{name}")


@pytest.mark.parametrize("name", ["a\0", "\ud800", "x" * 65])
def test_an_unknown_field_that_no_store_can_keep_is_refused(name):
    assert problem_of(fields={name: 1}, base=ALL_SEEN) == ("bad_text", "/fields/")
    assert problem_of(fields={name: 1, "grid": GRID}, kind="create") == ("bad_text", "/fields/")


@pytest.mark.parametrize("value", ["\0", {"a": "\ud800"}, ["a\0b"]])
def test_an_unknown_value_that_no_store_can_keep_is_refused(value):
    base = ALL_SEEN | {"later": SEEN}
    assert problem_of(fields={"later": value}, base=base) == ("bad_text", "/fields/")


NEEDED = {"householder": "x", "phone": "x", "tags": {"add": ["a"]}, "notes": "x", "origin": "x",
          "later": 1}  # fmt: skip
FREE = {"visits": {"add": 1}, "last_visit": 1, "first_contact": 1, "log": {"append": "x"}}


@pytest.mark.parametrize("name", NEEDED)
def test_a_field_whose_policy_compares_needs_its_base(name):
    fields = {name: NEEDED[name]}
    assert problem_of(fields=fields, base={"*": SEEN}) == ("missing_base", f"/base/{name}")
    checked(fields=fields, base={"*": SEEN, name: None})


@pytest.mark.parametrize("name", FREE)
def test_a_field_whose_policy_only_adds_needs_none(name):
    checked(fields={name: FREE[name]})


@pytest.mark.parametrize("kind", ["delete", "restore", "merge"])
def test_what_is_about_the_whole_record_has_no_fields_to_check(kind):
    checked(kind=kind, fields={"phone": 17}, into=uid(2))


STEP = {"from": "new", "to": "taken"}


@pytest.mark.parametrize(
    "value",
    [None, "taken", {}, {"from": "new"}, {"to": "taken"}, {"from": None, "to": "taken"},
     {"from": "new", "to": "gone"}, {**STEP, "x": 1}],
)  # fmt: skip
def test_a_step_has_two_ends_that_are_states(value):
    assert problem_of(ORDER, kind="transition", fields={"status": value}) == (
        "bad_value",
        "/fields/status",
    )


def test_a_step_is_a_transitions_and_a_transition_has_a_step():
    assert problem_of(ORDER, fields={"status": STEP}) == ("bad_value", "/fields/status")
    assert problem_of(ORDER, kind="transition", fields={"count": {"add": 1}})[0] == "malformed"
    assert problem_of(kind="transition", fields={"visits": {"add": 1}})[0] == "malformed"
    checked(ORDER, kind="transition", fields={"status": STEP, "count": {"add": 1}})


def test_a_create_has_plain_values_and_all_that_is_required():
    checked(kind="create", fields={"grid": GRID, "tags": ["a"], "visits": 3, "log": ["一", "二"],
                                   "later": 1, "phone": None})  # fmt: skip
    for fields, name in (
        ({}, "grid"),
        ({"grid": None}, "grid"),
    ):
        assert problem_of(kind="create", fields=fields) == ("missing_field", f"/fields/{name}")


@pytest.mark.parametrize(
    ("name", "value"),
    [("tags", {"add": ["a"]}), ("visits", {"add": 1}), ("log", "一"), ("log", [None]),
     ("log", [7]), ("phone", 7)],
)  # fmt: skip
def test_a_create_changes_nothing_that_was(name, value):
    assert problem_of(kind="create", fields={"grid": GRID, name: value}) == (
        "bad_value",
        f"/fields/{name}",
    )


def test_a_decision_has_plain_values_too():
    more = {"kind": "resolve", "conflict": STAMP}
    checked(fields={"tags": ["a"], "visits": 3, "log": ["一"], "later": 1, "*": "live"}, **more)
    for fields, name in (({"tags": {"add": []}}, "tags"), ({"log": "一"}, "log"),
                         ({"grid": None}, "grid")):  # fmt: skip
        assert problem_of(fields=fields, **more) == ("bad_value", f"/fields/{name}")


def test_every_kind_of_operation_that_there_is_can_be_read():
    for kind in KINDS:
        assert read(raw(kind=kind, conflict=STAMP, into=uid(2))).kind == kind
    assert [spec.name for spec in CATALOGUE][:2] == ["household", "resident"]
