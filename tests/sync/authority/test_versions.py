"""Apps of several years hand in to one server: old words are understood, unknown ones carried."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.catalogue import Catalogue, Field, Upcast
from sync.memory import MemoryStore
from sync.operation import canonical, check_values, read
from sync.upcasts import upcast
from tests.sync import county as the_county
from tests.sync.county import GRID, HOUSEHOLD, County, uid

OLD_NAMES = {"tel": "phone", "head": "householder"}
UPCASTS = (
    Upcast(3, "household", recoded={"tags": {"lonely": "alone"}, "origin": {"s": "survey"}}),
    Upcast(2, "household", renamed=OLD_NAMES),
    Upcast(2, "resident", renamed={"called": "name"}),
)
ADDED = Field("heating", "text", "latest")


def catalogue_of(schema: int, *, oldest: int = 1) -> Catalogue:
    """A real second and third version: a field more, two names and two codes otherwise."""
    types = [one for one in the_county.CATALOGUE if one is not HOUSEHOLD]
    household = replace(HOUSEHOLD, fields=(*HOUSEHOLD.fields, ADDED), schema=schema)
    return Catalogue(household, *types, schema=schema, oldest=oldest, upcasts=UPCASTS)


@pytest.fixture
def county() -> County:
    return County(catalogue=catalogue_of(3))


def made(anna, **fields):
    create = anna.op("create", uid(7), {"grid": GRID, **fields})
    return create, anna.send(create)[0]


def test_work_in_the_words_of_an_older_app_is_taken(county, anna):
    _, ack = made(anna, tel="139", tags=["lonely", "old"], origin="s")
    assert ack["outcome"] == "merged", "its app would compute another row"
    assert ack["fields"]["phone"] == "139"
    record = county.record(uid(7))
    assert (record.get("phone"), record.get("tags"), record.get("origin")) == (
        "139", ["alone", "old"], "survey",
    )  # fmt: skip
    assert record.x is None


def test_every_form_of_a_change_is_read_in_the_new_words(county, anna):
    create, _ = made(anna, tel="139", tags=["lonely"])
    seen = {"*": create["stamp"], "tel": create["stamp"], "tags": create["stamp"]}
    change = {"tel": "138", "tags": {"add": ["blind"], "remove": ["lonely"]}, "visits": {"add": 1}}
    ack = anna.send(anna.op("edit", uid(7), change, seen))[0]
    assert ack["outcome"] == "merged"
    record = county.record(uid(7))
    assert (record.get("phone"), record.get("tags")) == ("138", ["blind"])
    assert record.version("phone") == record.head


def test_the_same_old_operation_is_a_repeat_and_another_content_is_not(county, anna):
    create, _ = made(anna, tel="139")
    assert anna.send(create)[0]["repeated"] is True
    stored = county.operation(create["stamp"])
    assert canonical(stored.raw) == canonical(create)
    assert stored.raw["fields"] == {"grid": GRID, "phone": "139"}
    new_words = {**create, "fields": {"grid": GRID, "phone": "139"}, "schema": 3}
    assert anna.send(new_words)[0]["problem"]["code"] == "stamp_reused"


def test_each_schema_is_brought_through_the_rows_after_it_and_no_other(county, anna):
    create = anna.op("create", uid(7), {"grid": GRID, "tel": "139", "tags": ["lonely"]}, schema=2)
    anna.send(create)
    record = county.record(uid(7))
    assert record.x == {"tel": "139"}  # to an app of schema 2 that was the name of nothing
    assert record.get("tags") == ["alone"]


def test_of_two_names_of_one_field_the_new_one_counts(county, anna):
    _, ack = made(anna, phone="138", tel="139")
    assert ack["outcome"] == "merged"
    assert county.record(uid(7)).get("phone") == "138"


def test_nobody_else_says_what_was_sent(county, anna):
    create = anna.op("create", uid(7), {"grid": GRID}, as_sent={"fields": {}})
    assert anna.send(create)[0]["problem"]["code"] == "malformed"


def test_what_waited_for_something_is_read_so_too_when_it_goes(county, anna):
    create = anna.op("create", uid(7), {"grid": GRID, "tel": "139"})
    edit = anna.op("edit", uid(7), {"tel": "138"}, {"*": create["stamp"], "tel": create["stamp"]})
    assert anna.send(edit)[0]["outcome"] == "held"
    assert anna.send(create)[0]["outcome"] == "merged"
    assert county.record(uid(7)).get("phone") == "138"


def test_a_field_that_only_newer_apps_know_comes_back_and_moves_in_when_it_is_declared():
    old = County()
    anna = old.device(the_county.ANNA)
    create = anna.op("create", uid(7), {"grid": GRID, "heating": "coal", "visits2": 7})
    assert anna.send(create)[0]["outcome"] == "applied"
    assert old.record(uid(7)).x == {"heating": "coal", "visits2": 7}
    newer = MemoryStore(catalogue_of(3), epoch="e")
    newer._tables = old.store._tables
    with newer.read() as tx:
        record = tx.records([uid(7)])[uid(7)]
    assert record.get("heating") == "coal" and record.x == {"visits2": 7}
    assert record.version("heating") == create["stamp"]


def test_what_does_not_fit_the_field_that_got_its_name_stays_unknown():
    old = County()
    anna = old.device(the_county.ANNA)
    anna.send(anna.op("create", uid(7), {"grid": GRID, "heating": 7}))
    newer = MemoryStore(catalogue_of(3), epoch="e")
    newer._tables = old.store._tables
    with newer.read() as tx:
        record = tx.records([uid(7)])[uid(7)]
    assert (record.get("heating"), record.x) == (None, {"heating": 7})


def test_an_app_that_is_too_old_hands_in_and_receives_nothing():
    county = County(catalogue=catalogue_of(3, oldest=2))
    anna = county.device(the_county.ANNA)
    _, ack = made(anna, tel="139")
    assert anna.hello["problem"]["code"] == "device_too_old"
    assert anna.hello["feeds"] is None and anna.pages == []
    assert (ack["outcome"], ack["head"], ack["feeds"]) == ("merged", None, [])
    assert county.record(uid(7)).get("phone") == "139"


def test_other_types_and_empty_values_pass_as_they_are(county, anna):
    order = anna.op("create", uid(8), {"grid": GRID, "tags": ["lonely"]}, type="order")
    assert anna.send(order)[0]["outcome"] in ("applied", "merged")
    assert county.record(uid(8)).get("tags") == ["lonely"]
    _, ack = made(anna, origin=None, tags=None)
    assert ack["outcome"] == "applied"


def test_what_was_read_under_one_schema_and_again_under_the_next_is_still_what_was_sent(anna):
    raw = anna.op("create", uid(7), {"grid": GRID, "tel": "1", "tags": ["lonely"]})
    newest = catalogue_of(3)
    earlier = [one for one in UPCASTS if one.schema <= 2]
    between = Catalogue(*newest, schema=2, upcasts=earlier)
    once = upcast(read(raw), between)
    twice = upcast(read(once.raw), newest)
    assert twice.fields == {"grid": GRID, "phone": "1", "tags": ["alone"]}
    assert canonical(twice.raw) == canonical(raw) == canonical(once.raw)


def with_a_table_of_tags() -> County:
    """A county whose tags, any words before, are chosen from a table since schema 2."""
    tags = Field("tags", "tags", "set", choices={"a": ("甲", "A")}, chosen_since=2)
    fields = tuple(tags if one.name == "tags" else one for one in HOUSEHOLD.fields)
    types = [one for one in the_county.CATALOGUE if one is not HOUSEHOLD]
    return County(catalogue=Catalogue(replace(HOUSEHOLD, fields=fields), *types, schema=2))


def test_words_of_before_a_table_of_choices_are_taken_from_old_work_and_can_be_taken_out(anna):
    county = anna.county = with_a_table_of_tags()
    old = anna.op("create", uid(7), {"grid": GRID, "tags": ["free"]}, schema=1)
    assert anna.send(old)[0]["outcome"] == "applied"
    new = anna.op("create", uid(8), {"grid": GRID, "tags": ["free"]}, schema=2)
    assert anna.send(new)[0]["problem"]["code"] == "bad_value"
    seen = {"*": old["stamp"], "tags": old["stamp"]}
    for change, outcome in (({"add": ["b"]}, "rejected"), ({"remove": ["free"]}, "applied")):
        edit = anna.op("edit", uid(7), {"tags": change}, seen, schema=2)
        assert anna.send(edit)[0]["outcome"] == outcome
    assert county.record(uid(7)).get("tags") == []


def test_an_undo_puts_back_a_word_that_is_no_choice_any_more_and_no_other(anna):
    county = anna.county = with_a_table_of_tags()
    old = anna.op("create", uid(7), {"grid": GRID, "tags": ["free"]}, schema=1)
    other = anna.op("create", uid(8), {"grid": GRID}, schema=2)
    anna.send(old, other)

    def change(seen, **change):
        more = {"undoes": change.pop("undoes")} if "undoes" in change else {}
        fields, base = {"tags": change, "tel": "1"}, {"*": seen, "tags": seen, "tel": None}
        op = anna.op("edit", uid(7), fields, base, schema=2, **more)
        return op["stamp"], anna.send(op)[0]["outcome"]

    taken, outcome = change(old["stamp"], remove=["free"])
    assert outcome == "applied"
    assert change(taken, add=["free"])[1] == "rejected", "nobody takes it back"
    assert change(taken, add=["free"], undoes=other["stamp"])[1] == "rejected", "of another record"
    assert change(taken, add=["new"], undoes=taken)[1] == "rejected", "it never stood there"
    assert change(taken, add="free", undoes=taken)[1] == "rejected", "it is no list"
    assert change(taken, add=[["free"]], undoes=taken)[1] == "rejected", "it is no word"
    refused, outcome = change(taken, remove=["free"], add=["new"])
    assert outcome == "rejected"
    assert change(taken, add=["free"], undoes=refused)[1] == "rejected", "that changed nothing"
    assert county.record(uid(7)).get("tags") == []
    assert change(taken, add=["free"], undoes=taken)[1] == "merged", "the other field is as it was"
    assert county.record(uid(7)).get("tags") == ["free"]


def test_old_work_that_was_read_in_new_words_is_judged_by_its_own_schema(county, anna):
    tags = Field("tags", "tags", "set", choices={"a": ("甲", "A")}, chosen_since=3)
    fields = tuple(tags if one.name == "tags" else one for one in HOUSEHOLD.fields)
    raw = anna.op("create", uid(7), {"grid": GRID, "tel": "1", "tags": ["free"]}, schema=2)
    newest = Catalogue(
        replace(HOUSEHOLD, fields=fields), schema=3,
        upcasts=[Upcast(3, "household", renamed={"tel": "phone"})],
    )  # fmt: skip
    made_of_it = upcast(read(raw), newest)
    assert made_of_it.schema == 3
    check_values(made_of_it, newest["household"])
