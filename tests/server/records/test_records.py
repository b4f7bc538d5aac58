"""The declarations: complete in both languages, and consistent with the rules."""

from __future__ import annotations

import itertools

import pytest

from server.records import CATALOGUE, PROJECTIONS
from server.records.codes import CARE, CONTROLLED, ETHNIC, KINSHIP, ROLES
from server.records.projection import spelled, tag_text, tail
from server.rules.workflow import WORK_ORDER

TYPES = list(CATALOGUE)
FIELDS = [(spec, one) for spec in TYPES for one in spec.fields]
EXPECTED = """street community grid unit building household resident resident_restricted
user assignment notice home_visit work_order""".split()


def test_the_types_are_the_ones_that_were_agreed():
    assert [one.name for one in TYPES] == EXPECTED


def test_everything_has_words_in_both_languages():
    for spec in TYPES:
        assert spec.zh, spec.name
        assert spec.en, spec.name
    for spec, field in FIELDS:
        assert field.zh and field.zh != field.en, (spec.name, field.name)
        assert field.en, (spec.name, field.name)
        for value, (zh, en) in field.choices.items():
            assert zh and en, (spec.name, field.name, value)


def test_a_field_of_choices_has_them_and_a_reference_names_a_type():
    for spec, field in FIELDS:
        if field.kind == "choice":
            assert field.choices, (spec.name, field.name)
        if field.kind == "reference":
            assert field.to in CATALOGUE, (spec.name, field.name)


def test_every_role_that_may_do_something_exists():
    known = {*ROLES, "system"}
    for spec in TYPES:
        assert spec.who.keys() <= {"create", "edit", "delete"}
        assert {role for roles in spec.who.values() for role in roles} <= known
        if spec.workflow:
            assert {role for step in spec.workflow.transitions for role in step.who} <= known


def test_administrators_may_change_whatever_people_may_create():
    for spec in TYPES:
        for kind in ("create", "edit", "delete"):
            if spec.who.get("create"):
                assert "administrator" in spec.who[kind], (spec.name, kind)


def test_nobody_creates_or_deletes_a_notice_and_everybody_reads_theirs():
    who = CATALOGUE["notice"].who
    assert who == {"edit": tuple(ROLES)}


def test_the_home_feed_of_a_record_is_always_named():
    """A record without a home would be in nobody's feed: its first rule has a required field."""
    for spec in TYPES:
        by = spec.feeds[0].by
        if by not in (None, "record"):
            assert spec.by_name[by].required, spec.name


def test_restricted_facts_are_in_a_feed_of_their_own():
    restricted = CATALOGUE["resident_restricted"]
    assert [rule.kind for rule in restricted.feeds] == ["restricted"]
    elsewhere = {
        name
        for spec in TYPES
        if spec is not restricted
        for name in spec.by_name
        if name in ("citizen_id", "controlled")
    }
    assert elsewhere == set()
    assert not CARE.keys() & CONTROLLED.keys()
    projected = PROJECTIONS["resident_restricted"]
    assert [column.name for column in projected.columns] == ["resident"]


def test_what_everybody_reads_holds_no_person():
    shared = {spec.name for spec in TYPES for rule in spec.feeds if rule.kind == "shared"}
    assert shared == {"street", "community", "grid", "unit"}


def test_the_workflow_is_the_one_of_the_rules():
    spec = CATALOGUE["work_order"]
    flow = spec.workflow
    assert (flow.field, flow.initial) == ("status", "reported")
    assert [(one.name, one.source, one.target) for one in flow.transitions] == [
        (one.name, one.source, one.target) for one in WORK_ORDER.transitions
    ]
    assert all(one.zh and one.en for one in flow.transitions)
    assert flow.states == spec.by_name["status"].choices.keys()
    for step in flow.transitions:
        assert set(step.requires) <= spec.by_name.keys()


def test_code_tables_hold_the_codes_of_the_standards():
    assert KINSHIP["02"] == ("户主", "Householder")
    assert {"01", "10", "20", "30", "50", "97", "99"} <= KINSHIP.keys()
    assert len(ETHNIC) == 58
    wanted = {
        "01": "汉族",
        "06": "苗族",
        "09": "布依族",
        "12": "侗族",
        "15": "土家族",
        "37": "仡佬族",
    }
    assert {code: ETHNIC[code][0] for code in wanted} == wanted
    for table in (KINSHIP, ETHNIC):
        assert list(table) == sorted(table)
        names = [words for pair in table.values() for words in pair]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("杨秀英", "yxy yangxiuying"),
        ("单 雄", "sx shanxiong"),
        ("Maria", "maria maria"),
        ("", None),
        (None, None),
    ],
)
def test_a_name_is_found_by_what_is_typed(name, typed):
    assert spelled(name) == typed


def test_a_tag_is_found_between_commas():
    assert tag_text(["living_alone", "veteran"]) == ",living_alone,veteran,"
    assert tag_text([]) is None
    assert (tail("13912345678"), tail("12"), tail(None)) == ("5678", "12", None)


def test_wire_names_do_not_clash_with_the_ledger():
    names = [projection.table for projection in PROJECTIONS.values()]
    assert len(set(names)) == len(names)
    for first, second in itertools.pairwise(sorted(names)):
        assert first != second
