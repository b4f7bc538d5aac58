"""Two validators from one declaration: they judge every value alike."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.records import CATALOGUE
from server.records.forms import INPUTS, form
from server.records.schemas import SCHEMAS, schema_of
from sync.catalogue import KINDS, Feed, Field, RecordType

SOME_CHOICES = {"a": ("甲", "A"), "b": ("乙", "B")}
ODD_TEXTS = ["", "\0", "\ud800", "a" * 1_000, "a" * 1_001, "2026-02-30", "2026-02-28", "杨", "a\n"]

texts = st.one_of(st.text(max_size=12), st.sampled_from([*ODD_TEXTS, *SOME_CHOICES]))
ids = st.uuids().map(str)
numbers = st.one_of(
    st.integers(), st.floats(), st.sampled_from([2**53 - 1, 2**53, -(2**53), True, False, 1.0])
)
plain = st.one_of(st.none(), texts, ids, numbers, st.booleans(), st.dates().map(str))
geometries = st.fixed_dictionaries({"type": plain}, optional={"coordinates": st.just([1, 2])})
values = st.one_of(
    plain,
    st.lists(st.one_of(texts, st.sampled_from(list(SOME_CHOICES)), plain), max_size=4),
    st.just(["x"] * 201),
    st.just(["y" * 101]),
    st.just("0123456789abcdef" * 4),
    st.just("0123456789abcdef" * 4 + "\n"),
    geometries,
)


def one_field(kind, *, required=False, choices=None):
    policy = {"log": "append"}.get(kind, "ask")
    field = Field("f", kind, policy, required=required, choices=choices or {})
    return field, schema_of(RecordType("t", "类", "t", (field,), (Feed("shared"),)))()


CASES = [
    one_field(kind, required=required, choices=choices)
    for kind in KINDS
    if kind != "log"
    for required in (False, True)
    for choices in ((None, SOME_CHOICES) if kind in ("choice", "tags") else (None,))
]


@pytest.mark.parametrize(
    ("field", "schema"), CASES, ids=lambda one: getattr(one, "kind", None) or "schema"
)
@settings(max_examples=150, deadline=None)
@given(value=values)
def test_a_schema_refuses_exactly_what_the_field_refuses(field, schema, value):
    refused = bool(schema.validate({"f": value}))
    assert refused == (field.problem(value) is not None)


@settings(max_examples=200, deadline=None)
@given(entries=st.lists(values, max_size=3))
def test_a_log_is_checked_entry_by_entry(entries):
    field, schema = one_field("log")
    wrong = any(entry is None or field.problem(entry) is not None for entry in entries)
    assert bool(schema.validate({"f": entries})) == wrong


@settings(max_examples=100, deadline=None)
@given(value=values)
def test_what_a_schema_loads_is_the_wire_value(value):
    for field, schema in CASES:
        if field.problem(value) is None:
            assert schema.load({"f": value}) == {"f": value}


def test_every_type_has_a_schema_that_demands_what_is_required():
    for spec in CATALOGUE:
        missing = SCHEMAS[spec.name]().validate({})
        assert set(missing) == {one.name for one in spec.fields if one.required}


def test_a_schema_refuses_names_that_it_does_not_know():
    assert "phon" in SCHEMAS["household"]().validate({"phon": "139"})


def test_every_field_of_every_type_has_an_input():
    assert INPUTS.keys() == KINDS.keys()
    for spec in CATALOGUE:
        assert [one.name for one in form(spec)] == [one.name for one in spec.fields]


def test_a_form_asks_for_few_choices_at_once_and_shows_what_nobody_types():
    asked = {one.name: one.input for one in form(CATALOGUE["household"])}
    assert asked["care_level"] == "radios"
    assert asked["housing"] == "select"
    assert asked["visits"] == "shown"
    assert asked["tags"] == "checkboxes"
    order = {one.name: one.input for one in form(CATALOGUE["work_order"])}
    assert (order["business"], order["assist_units"]) == ("checkboxes", "words")
