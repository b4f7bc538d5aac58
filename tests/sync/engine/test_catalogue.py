"""The catalogue: what each kind of field takes and refuses, and what it says of itself."""

from __future__ import annotations

from typing import Any

import pytest

from sync.catalogue import (
    KINDS,
    Catalogue,
    Feed,
    Field,
    RecordType,
    Transition,
    Workflow,
    is_record_id,
)
from sync.catalogue_document import read_catalogue
from sync.policies import POLICIES
from tests.sync.county import CATALOGUE, uid

LARGEST = 2**53 - 1
POINT = {"type": "Point", "coordinates": [108.8, 27.7]}
SHA = "0f" * 32

VALUES: dict[str, Any] = {
    "text": (["", "王", "x" * 1_000, "a\tb", "é"], [7, [], "x" * 1_001, "a\0b", "\ud800"]),
    "longtext": (["一\n二", "x" * 100_000], [7, "x" * 100_001, "王\0"]),
    "integer": ([0, -7, LARGEST], [1.0, True, "1", LARGEST + 1, -LARGEST - 1]),
    "number": ([0, 1.5, -LARGEST], [True, "1", float("nan"), float("inf"), LARGEST * 2]),
    "boolean": ([True, False], [0, 1, "true"]),
    "date": (
        ["2026-02-28", "2024-02-29", "0001-01-01"],
        ["2026-02-29", "2026-1-1", "20260131", "2026-W01-1", "2026-01-31T", 7, "٢٠٢٦-٠١-٠١"],
    ),
    "instant": ([0, -1, 1_763_900_000_000], [1.5, "now", True]),
    "choice": (["a"], ["b", 1, [], {}]),
    "tags": (
        [[], ["a", "b"], ["x" * 100] * 200],
        ["a", {}, [1], [None], ["a"] * 201, ["x" * 101], ["\0"], ["\ud800"]],
    ),
    "reference": ([uid(1)], ["", "1", uid(0xABC).upper(), 7, [], uid(1) + "\n"]),
    "attachment": ([SHA], ["", SHA[1:], SHA.upper(), 7]),
    "geometry": (
        [POINT, POINT | {"name": "a\\u0000"}],
        [[], "POINT (1 2)", {"type": "Point"}, {"coordinates": []}, POINT | {"type": 7}]
        + [POINT | {"name": text} for text in ("\0", "\ud800", "\\\0")],
    ),
    "log": (["到访", "x" * 100_000], [7, ["a"], "x" * 100_001, "\0"]),
}


def policy_for(kind):
    return next(name for name, policy in POLICIES.items() if kind in policy.kinds)


def field(kind, **more):
    choices = {"a": ("甲", "A")} if kind == "choice" else {}
    return Field("f", kind, policy_for(kind), "字段", "Field", **({"choices": choices} | more))


def test_every_kind_has_its_table_here():
    assert VALUES.keys() == KINDS.keys()


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k in VALUES for v in VALUES[k][0]])
def test_a_right_value_is_right(kind, value):
    assert field(kind).problem(value) is None


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k in VALUES for v in VALUES[k][1]])
def test_a_wrong_value_is_refused_in_both_languages(kind, value):
    zh, en = field(kind).problem(value) or ("", "")
    assert zh and en.startswith("it ")


@pytest.mark.parametrize("kind", KINDS)
def test_null_is_right_unless_the_field_is_required(kind):
    assert field(kind).problem(None) is None
    assert field(kind, required=True).problem(None) == ("不能为空", "it must be filled in")


def test_tags_may_be_a_choice():
    tags = field("tags", choices={"a": ("甲", "A")})
    assert tags.problem(["a"]) is None and tags.problem(["a", "b"]) is not None


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_takes_the_kinds_that_it_fits_and_no_others(policy):
    for kind in KINDS:
        if kind in POLICIES[policy].kinds:
            Field("f", kind, policy)
        else:
            with pytest.raises(ValueError, match="does not fit"):
                Field("f", kind, policy)


@pytest.mark.parametrize(("kind", "policy"), [("ghost", "ask"), ("text", "ghost")])
def test_a_kind_or_policy_that_there_is_not_cannot_be_declared(kind, policy):
    with pytest.raises(ValueError, match="unknown"):
        Field("f", kind, policy)


def test_every_policy_has_words_in_both_languages():
    assert all(policy.zh and policy.en for policy in POLICIES.values())


# Types ---------------------------------------------------------------------------------------


def record_type(*fields, feeds=(), **more):
    return RecordType("house", "户", "House", fields=fields, feeds=feeds, **more)


@pytest.mark.parametrize("name", ["record", "head", "v", "vx", "c", "x"])
def test_a_field_may_not_have_the_name_of_a_part_of_the_row(name):
    with pytest.raises(ValueError, match="reserved"):
        record_type(Field(name, "text", "ask"))


def test_a_field_may_not_be_declared_twice():
    with pytest.raises(ValueError, match="twice"):
        record_type(Field("f", "text", "ask"), Field("f", "text", "latest"))


def test_a_feed_goes_by_a_field_that_there_is():
    with pytest.raises(ValueError, match="no field 'grid'"):
        record_type(feeds=(Feed("grid", "grid"),))


def test_two_types_may_not_share_a_name():
    with pytest.raises(ValueError, match="share a name"):
        Catalogue(record_type(), record_type())


def test_a_record_is_in_the_feeds_that_its_values_name_its_home_first():
    spec = record_type(
        Field("grid", "reference", "ask"),
        Field("unit", "reference", "ask"),
        feeds=(Feed("grid", "grid"), Feed("house", "record"), Feed("shared"), Feed("", "unit")),
    )
    assert spec.feeds_of("r", ["g", "unit:9"]) == ("grid:g", "house:r", "shared", "unit:9")
    assert spec.feeds_of("r", [None, None]) == ("house:r", "shared")
    assert spec.feed_fields == {"grid", "unit"}


def test_a_workflow_knows_its_steps_and_states():
    flow = Workflow(
        "s", "a", tuple(Transition(name, "a", "b", ("r",)) for name in ("one", "other"))
    )
    assert [step.name for step in flow.steps["a", "b"]] == ["one", "other"]
    assert flow.states == {"a", "b"}


def test_a_catalogue_is_looked_up_by_name():
    assert "household" in CATALOGUE and "ghost" not in CATALOGUE
    assert CATALOGUE.get("household") is CATALOGUE["household"]
    assert CATALOGUE.get("ghost") is None and CATALOGUE.get(["household"]) is None
    assert [spec.name for spec in CATALOGUE] == list(CATALOGUE.describe()["types"])


@pytest.mark.parametrize("text", [uid(1), uid(0xABCDEF)])
def test_ids_are_uuids_in_lower_case(text):
    assert is_record_id(text) and not is_record_id(text[:-1]) and not is_record_id(None)


# What it tells -------------------------------------------------------------------------------


def test_a_catalogue_tells_all_that_it_was_declared_with():
    spec = record_type(
        Field(
            "s", "choice", "workflow", "状态", "Status", True, {"a": ("甲", "A"), "b": ("乙", "B")}
        ),
        Field("at", "instant", "latest", "时间", "Time", clock=True),
        Field("owner", "reference", "ask", to="resident"),
        feeds=(Feed("grid", "owner"), Feed("shared")),
        who={"create": ("r",)},
        identity=(("owner", "at"),),
        workflow=Workflow("s", "a", (Transition("go", "a", "b", ("r",), ("at",), "走", "Go"),)),
        schema=2,
    )
    told = Catalogue(spec, schema=3).describe()
    assert told["schema"] == 3 and set(told["types"]) == {"house"}
    assert told["types"]["house"] == {
        "label": {"zh": "户", "en": "House"},
        "schema": 2,
        "feeds": [{"kind": "grid", "by": "owner"}, {"kind": "shared", "by": None}],
        "identity": [["owner", "at"]],
        "who": {"create": ["r"]},
        "fields": [
            {"name": "s", "kind": "choice", "policy": "workflow", "required": True,
             "label": {"zh": "状态", "en": "Status"},
             "choices": [{"value": "a", "label": {"zh": "甲", "en": "A"}},
                         {"value": "b", "label": {"zh": "乙", "en": "B"}}]},
            {"name": "at", "kind": "instant", "policy": "latest", "required": False,
             "label": {"zh": "时间", "en": "Time"}, "clock": True},
            {"name": "owner", "kind": "reference", "policy": "ask", "required": False,
             "label": {"zh": "", "en": ""}, "to": "resident"},
        ],
        "workflow": {"field": "s", "initial": "a", "transitions": [
            {"name": "go", "from": "a", "to": "b", "who": ["r"], "requires": ["at"],
             "label": {"zh": "走", "en": "Go"}}]},
    }  # fmt: skip
    assert read_catalogue(told).describe() == told


def test_a_device_reads_what_a_newer_server_tells_as_plain_texts():
    told = Catalogue(record_type(Field("f", "text", "ask"))).describe()
    told["types"]["house"]["fields"][0] |= {"kind": "hologram", "policy": "dream"}
    del told["types"]["house"]["label"]
    read = read_catalogue(told)["house"]
    assert (read.fields[0].kind, read.fields[0].policy, read.zh) == ("text", "latest", "")


@pytest.mark.parametrize("spec", list(CATALOGUE), ids=lambda spec: spec.name)
def test_a_row_has_its_head_and_then_the_fields_in_their_order(spec):
    assert spec.keys == ("record", "head", "v", "vx", "c", "x", *spec.by_name)
