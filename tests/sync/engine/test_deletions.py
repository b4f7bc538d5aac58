"""Deletions, restores and edits in chains: what comes back, what asks, what stays gone."""

from __future__ import annotations

import pytest

from tests.sync.county import GRID, edit, let_go, resolve, uid


def delete(device, house, seen):
    return device.op("delete", house, base={"*": seen})


def restore(device, house, seen):
    return device.op("restore", house, base={"*": seen})


def test_a_restore_by_who_had_not_seen_this_deletion_asks_a_person(county, anna, bo, house):
    gone = delete(anna, house, anna.created)
    anna.send(gone)
    back = restore(anna, house, gone["stamp"])
    again = delete(anna, house, back["stamp"])
    anna.send(back, again)
    ack = bo.send(restore(bo, house, gone["stamp"]))[0]
    assert ack["outcome"] == "conflict" and ack["problem"]["code"] == "deleted_and_edited"
    record = county.record(house)
    assert not record.deleted and record.c == ["*"]
    part = county.conflict(ack["conflict"]).fields["*"]
    assert (part["server"], part["device"], part["stamp"]) == ("live", "deleted", again["stamp"])
    resolve(county, ack["conflict"], {"*": "deleted"}, house)
    assert county.record(house).deleted


def test_a_restore_of_ones_own_deletion_in_one_request_is_no_question(county, anna, house):
    gone = delete(anna, house, anna.created)
    acks = anna.send(gone, restore(anna, house, gone["stamp"]))
    assert [ack["outcome"] for ack in acks] == ["applied", "merged"]
    assert not county.record(house).deleted and house in anna.rows()


def test_a_restore_of_what_is_there_changes_nothing(county, anna, house):
    assert anna.send(restore(anna, house, anna.created))[0]["outcome"] == "merged"
    assert county.record(house).head == anna.created


def test_a_restored_record_is_as_it_was(county, anna, bo, house):
    change = edit(anna, house, {"phone": "2", "tags": {"add": ["x"]}}, base=anna.created)
    gone = delete(anna, house, change["stamp"])
    anna.send(change, gone, restore(anna, house, gone["stamp"]))
    bo.send()
    row = bo.rows()[house]
    assert (row["phone"], row["tags"]) == ("2", ["old", "x"])


def test_a_chain_on_a_deleted_record_brings_it_back_once(county, anna, bo, house):
    anna.send(delete(anna, house, anna.created))
    one = edit(bo, house, {"phone": "2"}, base=bo.created)
    two = edit(bo, house, {"phone": "3"}, base=one["stamp"])
    acks = bo.send(one, two)
    assert [ack["outcome"] for ack in acks] == ["conflict", "applied"]
    assert county.record(house).c == ["*"] and county.record(house).get("phone") == "3"


def test_an_edit_that_waited_for_another_brings_a_deleted_record_back(county, anna, bo, house):
    first = edit(bo, house, {"phone": "2"}, base=bo.created)
    second = edit(bo, house, {"phone": "3"}, base=first["stamp"])
    assert bo.send(second)[0]["outcome"] == "held"
    anna.send(delete(anna, house, anna.created))
    bo.send(first)
    record = county.record(house)
    assert (record.deleted, record.get("phone"), record.c) == (False, "3", ["*"])
    assert county.operation(second["stamp"]).outcome == "applied"


def test_two_deletions_and_an_edit_make_one_question(county, anna, bo, house):
    anna.send(delete(anna, house, anna.created))
    other = county.device(anna.reader.user)
    assert other.send(delete(other, house, anna.created))[0]["outcome"] == "merged"
    ack = bo.send(edit(bo, house, {"phone": "2"}, base=bo.created))[0]
    assert county.conflict(ack["conflict"]).fields["*"]["closed_by"] is None
    resolve(county, ack["conflict"], {"*": "live"}, house)
    assert county.record(house).c is None


def test_an_edit_that_changes_nothing_still_brings_a_deleted_record_back(county, anna, bo, house):
    anna.send(delete(anna, house, anna.created))
    same = edit(bo, house, {"phone": "1"}, base=bo.created)
    assert bo.send(same)[0]["outcome"] == "conflict"
    record = county.record(house)
    assert not record.deleted and record.head == same["stamp"]


def test_texts_are_merged_in_a_record_that_comes_back(county, anna, bo, house):
    first = edit(anna, house, {"notes": "零\n一\n"}, base=anna.created)
    anna.send(first, delete(anna, house, first["stamp"]))
    ack = bo.send(edit(bo, house, {"notes": "一\n二\n"}, base=bo.created))[0]
    record = county.record(house)
    assert ack["outcome"] == "conflict" and not record.deleted
    assert record.get("notes") == "零\n一\n二\n" and record.head == record.version("notes")


@pytest.mark.parametrize("seen", ["the head", "an older one"])
def test_a_field_in_conflict_of_a_deleted_record_can_be_settled(county, anna, bo, house, seen):
    anna.send(edit(anna, house, {"householder": "李四"}, base=anna.created))
    lost = edit(bo, house, {"householder": "王五"}, base=bo.created)
    bo.send(lost)
    gone = delete(anna, house, county.record(house).head if seen == "the head" else anna.created)
    anna.send(gone)
    resolve(county, lost["stamp"], {"householder": "王五"}, house)
    record = county.record(house)
    assert record.get("householder") == "王五" and record.deleted is (seen == "the head")
    assert record.c == (None if seen == "the head" else ["*"])


def test_a_record_that_was_made_and_deleted_in_one_request_is_a_tombstone(county, anna, bo):
    create = anna.op("create", uid(5), {"grid": GRID})
    anna.send(create, delete(anna, uid(5), create["stamp"]))
    bo.send()
    assert [page["deleted"] for page in bo.pages if page["deleted"]] == []  # bo never had it
    assert bo.done["digests"][f"grid:{GRID}"] == [0, 0]
    again = anna.send(anna.op("create", uid(5), {"grid": GRID}))[0]
    assert again["problem"]["code"] == "record_exists"


def test_a_delete_that_was_held_is_let_go_against_later_edits(county, anna, bo, house):
    anna.suspend()
    gone = delete(anna, house, anna.created)
    anna.send(gone)
    bo.send(edit(bo, house, {"phone": "2"}, base=bo.created))
    assert let_go(county, gone["stamp"]).outcome == "conflict"
    assert not county.record(house).deleted
