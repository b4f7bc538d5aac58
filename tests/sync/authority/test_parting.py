"""Merging is undone: everything is as it was, and everybody who was told hears of it."""

from __future__ import annotations

import pytest

from tests.sync.authority.test_duplicates import (
    admin,
    county,
    first,
    leading,
    merged,
    person,
    second,
    told,
    twins,
)
from tests.sync.county import GRID, OTHER_GRID, edit, let_go, resolve, uid

__all__ = ["admin", "county", "first", "twins"]
"""Fixtures that these tests ask for."""


def restored(admin, record, seen):
    return admin.op("restore", record, base={"*": seen}, undoes=seen)


def moved_away(admin, record):
    known = admin.county.record(record)
    base = {"*": known.head, "grid": known.version("grid")}
    assert told(admin.send(admin.op("edit", record, {"grid": OTHER_GRID}, base))[0])[1] is None


def test_a_merge_that_is_undone_leaves_everything_as_it_was(county, admin, anna, bo, twins, first):
    stranger = county.device(uid(0xB7), grid=OTHER_GRID)
    admin.send(person(admin, uid(21), twins, OTHER_GRID))
    stranger.send()
    anna.send()
    merge = merged(admin, twins, first)
    admin.send(merge)
    anna.send()
    stranger.send()
    undo = admin.op("restore", twins, base={"*": merge["stamp"]}, undoes=merge["stamp"])
    assert admin.send(undo)[0]["outcome"] == "merged"
    record = county.record(twins)
    assert (record.deleted, record.into, record.c) == (False, None, ["*"])
    assert county.conflict(bo.created).open_fields() == ["*"]
    anna.send()
    assert anna.rows()[twins]["c"] == ["*"]
    stranger.send()
    assert stranger.pages[0]["alias"] == {twins: None}
    assert (stranger.pages[0]["left"], stranger.pages[0]["deleted"]) == ([twins], {})
    with county.store.read() as tx:
        assert leading(tx, [twins]) == [] == tx.merged_into(first)
    assert told(admin.send(merged(admin, twins, first))[0]) == ("applied", None)
    stranger.send()
    assert stranger.pages[0]["alias"] == {twins: first}


def test_who_was_away_while_a_record_moved_and_was_merged_hears_that_it_left(county, admin, first):
    stranger = county.device(uid(0xB7), grid=OTHER_GRID)
    moved = admin.op("create", uid(3), {"grid": OTHER_GRID})
    admin.send(moved, person(admin, uid(21), uid(3), OTHER_GRID))
    stranger.send()
    assert uid(3) in stranger.rows()
    admin.send(edit(admin, uid(3), {"grid": GRID}, base=moved["stamp"]))
    admin.send(merged(admin, uid(3), first))
    stranger.send()
    (page,) = stranger.pages
    assert (page["alias"], page["left"]) == ({uid(3): first}, [uid(3)])


@pytest.mark.parametrize("way", ["undone, then moved", "moved by an edit that did not know"])
def test_who_hears_that_a_merged_record_left_hears_that_it_stands_for_itself(
    county, admin, anna, twins, first, way
):
    known, merge = county.record(twins).head, merged(admin, twins, first)
    admin.send(merge)
    anna.send()
    assert anna.pages[0]["alias"] == {twins: first}
    if way == "undone, then moved":
        admin.send(restored(admin, twins, merge["stamp"]))
        moved_away(admin, twins)
    else:
        admin.send(edit(admin, twins, {"grid": OTHER_GRID}, base=known))
    assert county.record(twins).feeds() == (f"grid:{OTHER_GRID}",)
    anna.send()
    assert (anna.pages[0]["alias"], anna.pages[0]["left"]) == ({twins: None}, [twins])


def test_who_hears_that_a_record_left_and_was_merged_again_elsewhere_hears_no_end_of_that(
    county, admin, anna, first
):
    admin.send(admin.op("create", uid(3), {"grid": GRID, "phone": "9"}))
    merge = merged(admin, uid(3), first)
    admin.send(merge)
    anna.send()
    assert anna.pages[0]["alias"] == {uid(3): first}
    admin.send(restored(admin, uid(3), merge["stamp"]))
    moved_away(admin, uid(3))
    again = merged(admin, uid(3), first)
    admin.send(again)
    anna.send()
    assert (anna.pages[0]["alias"], anna.pages[0]["left"]) == ({}, [uid(3)])
    admin.send(restored(admin, uid(3), again["stamp"]))
    anna.send()
    assert anna.pages == [], "nor of its second end"


def test_undoing_the_merge_of_the_older_opens_the_conflict_on_the_newer(
    county, admin, bo, twins, first
):
    merge = merged(admin, first, twins)
    admin.send(merge)
    undo = admin.op("restore", first, base={"*": merge["stamp"]}, undoes=merge["stamp"])
    admin.send(undo)
    assert county.conflict(bo.created).open_fields() == ["*"]
    assert county.record(twins).c == ["*"] and not county.record(first).deleted


@pytest.mark.parametrize("back", ["a restore", "an edit that did not know"])
def test_a_survivor_that_was_deleted_when_its_merge_was_undone_is_asked_about_when_it_is_back(
    county, admin, anna, bo, twins, first, back
):
    known, merge = county.record(twins).head, merged(admin, first, twins)
    admin.send(merge)
    deletion = admin.op("delete", twins, base={"*": county.record(twins).head})
    admin.send(deletion, restored(admin, first, merge["stamp"]))
    assert not county.record(first).deleted
    assert county.conflict(bo.created).open_fields() == []
    if back == "a restore":
        admin.send(restored(admin, twins, deletion["stamp"]))
    else:
        bo.send(edit(bo, twins, {"visits": {"add": 1}}, base=known))
    assert county.conflict(bo.created).open_fields() == ["*"]
    assert county.record(twins).c == ["*"] and not county.record(twins).deleted
    anna.send()
    assert anna.rows()[twins]["c"] == ["*"]


def test_a_survivor_that_comes_back_is_asked_about_nothing_that_stands_or_was_decided(
    county, admin, bo, twins, first
):
    merge = merged(admin, first, twins)
    admin.send(merge)
    deletion = admin.op("delete", twins, base={"*": county.record(twins).head})
    admin.send(deletion, restored(admin, twins, deletion["stamp"]))
    assert county.conflict(bo.created).open_fields() == [], "the two are one"
    admin.send(restored(admin, first, merge["stamp"]))
    resolve(county, bo.created, {"*": "live"}, twins)
    again = admin.op("delete", twins, base={"*": county.record(twins).head})
    admin.send(again, restored(admin, twins, again["stamp"]))
    assert county.conflict(bo.created).open_fields() == [], "they are two"


def test_a_hidden_duplicate_stays_hidden_when_its_merge_is_undone(county, admin, first):
    stranger = county.device(uid(0xB7), grid=OTHER_GRID)
    create = second(stranger, grid=OTHER_GRID)
    stranger.send(create)
    merge = merged(admin, uid(2), first)
    admin.send(merge)
    undo = admin.op("restore", uid(2), base={"*": merge["stamp"]}, undoes=merge["stamp"])
    admin.send(undo)
    assert county.conflict(create["stamp"]).open_fields() == ["*"]
    assert county.record(uid(2)).c is None


def test_a_merge_without_a_conflict_is_undone_too(county, admin, first):
    admin.send(admin.op("create", uid(3), {"grid": GRID, "phone": "9"}))
    merge = merged(admin, uid(3), first)
    admin.send(merge)
    admin.send(admin.op("restore", uid(3), base={"*": merge["stamp"]}, undoes=merge["stamp"]))
    assert county.record(uid(3)).into is None and not county.record(uid(3)).deleted


def test_a_chain_is_undone_from_either_end(county, admin, twins, first):
    admin.send(admin.op("create", uid(3), {"grid": GRID, "phone": "9"}))
    one = merged(admin, twins, first)
    admin.send(one)
    two = merged(admin, first, uid(3))
    admin.send(two)
    admin.send(admin.op("restore", twins, base={"*": one["stamp"]}, undoes=one["stamp"]))
    assert county.record(twins).into is None and county.record(first).into == uid(3)
    admin.send(admin.op("restore", first, base={"*": two["stamp"]}, undoes=two["stamp"]))
    with county.store.read() as tx:
        assert leading(tx, [twins, first]) == []


def test_a_merge_in_a_group_that_was_stopped_was_never_there(county, admin, twins, first):
    merge = {**merged(admin, twins, first), "group": {"id": "g", "of": 2}}
    wrong = {**admin.op("create", uid(3), {}), "group": {"id": "g", "of": 2}}
    admin.send(merge, wrong)
    assert county.record(twins).into is None
    with county.store.read() as tx:
        assert leading(tx, [twins]) == []
    let_go(county, merge["stamp"])
    assert county.record(twins).into == first


def test_a_chain_within_one_group_is_told_whole(county, admin, twins, first):
    stranger = county.device(uid(0xB7), grid=OTHER_GRID)
    admin.send(person(admin, uid(21), twins, OTHER_GRID))
    admin.send(admin.op("create", uid(3), {"grid": GRID, "phone": "9"}))
    mark = {"id": "g", "of": 2}
    one = {**merged(admin, twins, first), "group": mark}
    two = {**merged(admin, first, uid(3)), "group": mark}
    assert [told(ack) for ack in admin.send(one, two)] == [("applied", None)] * 2
    stranger.send()
    assert stranger.pages[-1]["alias"] == {twins: first, first: uid(3)}


def test_a_child_of_a_merged_record_is_taken(bo, admin, twins, first):
    admin.send(merged(admin, twins, first))
    assert told(bo.send(person(bo, uid(27), twins))[0]) == ("applied", None)


def test_a_record_that_was_merged_while_its_deletion_was_in_doubt_may_stay_after_all(
    county, admin, anna, bo, twins, first
):
    seen = county.record(twins).head
    bo.send(edit(bo, twins, {"visits": {"add": 1}}, base=bo.created))
    doubt = anna.op("delete", twins, base={"*": seen})
    anna.send(doubt)
    admin.send(merged(admin, twins, first))
    resolve(county, doubt["stamp"], {"*": "live"}, twins)
    record = county.record(twins)
    assert (record.deleted, record.into) == (False, None)
    with county.store.read() as tx:
        assert leading(tx, [twins]) == []


def test_what_was_opened_again_before_a_merge_is_undone_stays_open(county, admin, bo, twins, first):
    merge = merged(admin, first, twins)
    admin.send(merge)
    closing = county.conflict(bo.created).closed_by
    head = county.record(twins).head
    admin.send(admin.op("edit", twins, {}, {"*": head}, undoes=closing))
    assert county.conflict(bo.created).open_fields() == ["*"]
    admin.send(admin.op("restore", first, base={"*": merge["stamp"]}, undoes=merge["stamp"]))
    assert county.conflict(bo.created).open_fields() == ["*"]
    assert not county.record(first).deleted
