"""Records and their rows: what goes out comes back, with the version of each field."""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

import pytest

from sync.catalogue import Feed, Field, RecordType
from sync.record import DIGEST_MASK, Record, digest_part

NAMES = ("a", "b", "e", "d")
SPEC = RecordType("t", "类", "T", tuple(Field(name, "text", "latest") for name in NAMES),
                  (Feed("grid", "a"),))  # fmt: skip


def made(**values):
    return Record.created("r", SPEC, stamp="s1", values=values)


def told(record):
    """Everything that a row tells, whichever way it is written."""
    return (record.id, record.head, record.versions(), record.c, record.x, record.values)


def again(record):
    return Record.from_row(record.row(), SPEC, tail=record.tail, deleted=record.deleted)


def test_a_created_record_has_one_version():
    record = made(a="1", later=2)
    assert record.row() == ["r", "s1", "s1", None, None, {"later": 2}, "1", None, None, None]
    assert record.versions() == dict.fromkeys([*NAMES, "later"], "s1")
    assert (record.get("later"), record.get("ghost"), made().get("later")) == (2, None, None)


def test_a_row_comes_back_as_the_same_record():
    record = made(a="1")
    for number, name in enumerate(["a", "b", "later", "e", "a"], 2):
        record.put(name, str(number), f"s{number}")
        record.head = record.tail = f"s{number}"
        record.flag(name)
        assert told(again(record)) == told(record)


def test_the_version_of_the_create_stays_that_of_every_field_that_was_not_written():
    record = made(later=1)
    for name in NAMES:
        record.put(name, name, "s2")
    assert (record.v, record.vx) == ("s1", dict.fromkeys(NAMES, "s2"))
    wider = replace(SPEC, fields=(*SPEC.fields, Field("new", "text", "ask")))
    assert Record.from_row(record.row(), wider).version("new") == record.version("later") == "s1"


def test_a_field_goes_back_to_the_version_of_the_create_without_a_trace():
    record = made()
    record.set(0, "1", "s2")
    assert record.vx == {"a": "s2"}
    record.set(0, "1", "s1")
    assert record.vx is None
    record.set(1, "1", "s1")
    assert record.vx is None


def test_a_row_of_an_older_schema_is_filled_up_with_nulls():
    record = Record.from_row(["r", "s1", "s1", None, None, None, "1"], SPEC)
    assert record.values == ["1", None, None, None] and record.version("d") == "s1"
    assert (record.tail, record.deleted) == ("s1", False)


def test_a_copy_is_changed_apart():
    record = made(a="1", later=1)
    record.put("b", "2", "s2")
    record.flag("b")
    record.deleted = True
    copied = record.copy()
    assert told(copied) == told(record) and copied.deleted
    copied.put("a", "9", "s9")
    copied.put("later", 9, "s9")
    copied.put("b", "9", "s9")
    copied.unflag("b")
    assert told(record) == told(again(record)) and record.c == ["b"]
    assert (record.get("a"), record.get("b"), record.get("later")) == ("1", "2", 1)
    bare = made().copy()
    assert (bare.vx, bare.c, bare.x) == (None, None, None)


def test_marks_are_kept_sorted_and_once():
    record = made()
    for name in ("d", "*", "a", "d"):
        record.flag(name)
    assert record.c == ["*", "a", "d"]
    for name in ("ghost", "a", "*", "d", "d"):
        record.unflag(name)
    assert record.c is None


def test_the_feeds_follow_the_values():
    record = made(a="1")
    assert record.feeds() == ("grid:1",)
    record.set(0, "2", "s2")
    assert record.feeds() == ("grid:2",)
    record.put("a", None, "s3")
    assert record.feeds() == ()


@pytest.mark.parametrize(("record", "head"), [("a", "b"), ("户", "s"), ("", "")])
def test_a_records_part_of_a_digest_is_the_product_of_two_checksums(record, head):
    part = digest_part(record, head)
    assert part == crc32(record.encode()) * crc32(head.encode()) and part <= DIGEST_MASK << 16
