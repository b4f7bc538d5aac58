"""Identity keys: when two records claim to be the same, and when a key says nothing."""

from __future__ import annotations

import pytest

from sync.catalogue import Field, RecordType
from sync.identity import keys_of, same

FIELDS = tuple(Field(name, "text", "ask") for name in ("code", "compound", "building", "room"))
UNIT = RecordType("unit", "单位", "Unit", FIELDS, (), identity=(("code",),))
HOUSE = RecordType(
    "house", "户", "House", FIELDS, (), identity=(("compound", "building", "room"), ("code",))
)


def test_a_key_of_one_field_is_that_field():
    assert len(keys_of(UNIT, ["A1", None, None, None])) == 1
    assert same(UNIT, ["A1", "x", None, None], ["a1 ", "y", None, None])


def test_types_and_keys_do_not_mix():
    values = ["A1", None, None, "A1"]
    numbers = [*keys_of(UNIT, values), *keys_of(HOUSE, values)]
    assert len(set(numbers)) == len(numbers) == 3


@pytest.mark.parametrize("last", [None, "", " "])
def test_a_key_without_its_last_field_says_nothing(last):
    values = [None, "凯德花园", "3", last]
    assert keys_of(HOUSE, values) == () and not same(HOUSE, values, values)


def test_any_of_several_keys_is_enough():
    one, other = ["A1", "凯德花园", "3", "101"], ["A1", "双江苑", "5", "202"]
    assert same(HOUSE, one, other)
    assert set(keys_of(HOUSE, one)) & set(keys_of(HOUSE, other))
