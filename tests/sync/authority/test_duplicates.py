"""One thing recorded as two: who is told, and what it is when a person made it one again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.catalogue import Catalogue
from sync.feeds import Grant
from tests.sync.county import (
    ADMIN,
    GRID,
    HOUSEHOLD,
    NOTICE,
    OFFICE,
    ORDER,
    OTHER_GRID,
    RESIDENT,
    County,
    edit,
    let_go,
    resolve,
    uid,
)

FEED, OTHER_FEED = f"grid:{GRID}", f"grid:{OTHER_GRID}"
DOOR = {"householder": "张三", "phone": "101"}
HOUSE = replace(HOUSEHOLD, identity=(("householder", "phone"),))
PERSON = replace(RESIDENT, who={**RESIDENT.who, "delete": ("administrator",)})


@pytest.fixture
def county():
    return County(catalogue=Catalogue(HOUSE, PERSON, ORDER, NOTICE))


@pytest.fixture
def admin(county):
    device = county.device(ADMIN, role="administrator")
    device.grants(Grant(FEED, "g1", 0), Grant(OTHER_FEED, "g1", 0))
    return device


@pytest.fixture
def first(anna):
    """A household that ``anna`` made; the stamp is ``anna.created``."""
    anna.send()
    create = anna.op("create", uid(1), {"grid": GRID, **DOOR})
    anna.send(create)
    anna.created = create["stamp"]
    return uid(1)


def second(device, record="", grid=GRID, **more):
    return device.op("create", record or uid(2), {"grid": grid, **DOOR, **more})


def told(ack):
    return ack["outcome"], (ack.get("problem") or {}).get("code")


def person(device, record, household, grid=GRID):
    return device.op("create", record, {"grid": grid, "household": household}, type="resident")


def merged(device, record, into, **more):
    seen = device.county.record(record).head
    return device.op("merge", record, base={"*": seen}, into=into, **more)


def leading(tx, records):
    """What leads from records to those that stand for them."""
    return [stray for stray in tx.strays(records) if stray.into is not None]


# Noticing --------------------------------------------------------------------------------------


def test_a_second_record_of_the_same_is_taken_and_put_before_a_person(county, bo, first):
    bo.send()
    create = second(bo, visits=3)
    ack = bo.send(create)[0]
    assert told(ack) == ("applied", "duplicate") and ack["conflict"] == create["stamp"]
    assert bo.rows()[uid(2)]["c"] == ["*"] and bo.rows()[uid(2)]["visits"] == 3
    part = county.conflict(create["stamp"]).fields["*"]
    assert (part["code"], part["others"]) == ("duplicate", [first])
    assert county.record(first).c is None


def test_two_of_the_same_in_one_batch_are_noticed(bo):
    acks = bo.send(second(bo), second(bo, uid(3)))
    assert [told(ack) for ack in acks] == [("applied", None), ("applied", "duplicate")]


@pytest.mark.parametrize("fields", [{"phone": None}, {"phone": "102"}, {"householder": "李四"}])
def test_what_is_not_the_same_is_not_noticed(bo, first, fields):
    assert told(bo.send(second(bo, **fields))[0]) == ("applied", None)


def test_what_is_gone_or_has_moved_is_no_duplicate(anna, bo, first):
    anna.send(edit(anna, first, {"phone": "102"}, base=anna.created))
    assert told(bo.send(second(bo))[0]) == ("applied", None)
    bo.send(bo.op("delete", uid(2), base={"*": bo.county.record(uid(2)).head}))
    assert told(bo.send(second(bo, uid(3)))[0]) == ("applied", None)


def test_a_duplicate_elsewhere_is_for_the_office_and_never_shown(county, first):
    stranger = county.device(uid(0xB7), grid=OTHER_GRID)
    stranger.send()
    create = second(stranger, grid=OTHER_GRID)
    ack = stranger.send(create)[0]
    assert ack == {"stamp": create["stamp"], "outcome": "applied", "head": create["stamp"],
                   "feeds": [OTHER_FEED]}  # fmt: skip
    assert stranger.rows() == {} and county.record(uid(2)).c is None
    conflict = county.conflict(create["stamp"])
    assert conflict.fields["*"]["others"] == [first] and conflict.feed == OTHER_FEED
    assert told(stranger.send(create)[0]) == ("applied", None)


@pytest.mark.parametrize("decided", ["two", "one"])
def test_nor_does_a_decision_about_it_tell(county, admin, first, decided):
    stranger = county.device(uid(0xB7), grid=OTHER_GRID)
    create = second(stranger, grid=OTHER_GRID)
    stranger.send(create)
    if decided == "two":
        choice = {"conflict": create["stamp"]}
        ack = admin.send(admin.op("resolve", uid(2), {"*": "live"}, **choice))[0]
        draft = admin.op("edit", uid(2), {}, {"*": county.record(uid(2)).head})
        undo = {**draft, "undoes": ack["stamp"]}
    else:
        admin.send(merged(admin, first, uid(2)))
        draft = admin.op("restore", first, {}, {"*": county.record(first).head})
        undo = {**draft, "undoes": county.operation(county.record(first).head).stamp}
    assert county.conflict(create["stamp"]).closed is not None
    county.submit(OFFICE, {**undo, "actor": OFFICE.user})
    assert county.conflict(create["stamp"]).closed is None
    stranger.send()
    assert stranger.rows("notice") == {} and county.record(uid(2)).c is None
    assert told(stranger.send(create)[0]) == ("applied", None)


def test_of_duplicates_here_and_elsewhere_only_those_here_are_named(county, bo, first, admin):
    admin.send(second(admin, grid=OTHER_GRID))
    create = second(bo, uid(3))
    bo.send(create)
    assert county.conflict(create["stamp"]).fields["*"]["others"] == [first]


def test_a_held_create_is_compared_when_it_is_let_go(county, bo, first):
    bo.suspend()
    create = second(bo)
    bo.send(create)
    assert let_go(county, create["stamp"]).problem.code == "duplicate"


def test_a_duplicate_that_a_stopped_group_made_was_never_there(county, bo, first):
    create, wrong = second(bo), bo.op("create", uid(3), {"grid": OTHER_GRID})
    mark = {"id": "g", "of": 2}
    bo.send({**create, "group": mark}, {**wrong, "group": mark})
    assert told(bo.send(second(bo, uid(4)))[0]) == ("applied", "duplicate")
    with county.store.read() as tx:
        assert tx.conflicts([create["stamp"]]) == {}
    let_go(county, create["stamp"])
    assert county.conflict(create["stamp"]).fields["*"]["others"] == [first, uid(4)]


def test_a_person_says_that_they_are_two(county, bo, first):
    create = second(bo)
    bo.send(create)
    _, ack = resolve(county, create["stamp"], {"*": "live"}, uid(2))
    assert ack["outcome"] == "applied"
    assert county.record(uid(2)).c is None and not county.record(uid(2)).deleted
    bo.send()
    assert [one["code"] for one in bo.rows("notice").values()] == ["settled"]


# Merging ---------------------------------------------------------------------------------------


@pytest.fixture
def twins(bo, first):
    """The second record, with a person in it, and the conflict between the two."""
    create = second(bo)
    bo.send(create, person(bo, uid(20), uid(2)))
    bo.created = create["stamp"]
    return uid(2)


def test_a_merged_record_is_told_with_the_one_that_stands_for_it(county, admin, anna, twins, first):
    anna.send()
    ack = admin.send(merged(admin, twins, first))[0]
    assert told(ack) == ("applied", None)
    anna.send()
    (page,) = [one for one in anna.pages if one["feed"] == FEED]
    assert page["alias"] == {twins: first}
    assert page["deleted"] == {twins: county.record(twins).head}
    assert county.record(uid(20)).get("household") == twins


def test_who_reads_from_the_start_learns_what_stands_for_what(county, admin, twins, first):
    admin.send(merged(admin, twins, first))
    fresh = county.device(uid(0xB8))
    fresh.send()
    assert {key: one for page in fresh.pages for key, one in page["alias"].items()} == {
        twins: first
    }


def test_merging_settles_the_conflict_of_the_two(county, admin, bo, twins, first):
    admin.send(merged(admin, twins, first))
    conflict = county.conflict(bo.created)
    assert conflict.open_fields() == [] and conflict.closed_by == county.record(twins).head
    assert county.record(twins).c is None
    assert county.operation(bo.created).outcome == "applied"


def test_merging_the_older_into_the_newer_settles_it_on_the_newer(county, admin, bo, twins, first):
    admin.send(merged(admin, first, twins))
    assert county.record(twins).c is None and county.conflict(bo.created).closed is not None
    closing = county.operation(county.conflict(bo.created).closed_by)
    assert (closing.kind, closing.record, closing.actor) == ("resolve", twins, "system")
    bo.send()
    assert bo.rows()[twins]["c"] is None


def test_other_conflicts_of_a_merged_record_stay_open(county, admin, anna, bo, twins, first):
    bo.send()
    bo.send(edit(bo, twins, {"householder": "李四"}, base=bo.created))
    late = edit(anna, twins, {"householder": "王五"}, base=bo.created)
    anna.send(late)
    admin.send(merged(admin, twins, first))
    assert county.conflict(late["stamp"]).open_fields() == ["householder"]
    assert county.record(twins).c == ["householder"]


def test_another_whole_record_conflict_keeps_its_mark(county, admin, anna, bo, twins, first):
    seen = county.record(twins).head
    bo.send(edit(bo, twins, {"visits": {"add": 1}}, base=bo.created))
    anna.send(anna.op("delete", twins, base={"*": seen}))
    admin.send(merged(admin, twins, first))
    assert county.record(twins).c == ["*"]


def test_feeds_that_only_refer_are_told_too(county, admin, twins, first):
    stranger = county.device(uid(0xB7), grid=OTHER_GRID)
    admin.send(person(admin, uid(21), twins, OTHER_GRID))
    stranger.send()
    admin.send(merged(admin, twins, first))
    stranger.send()
    (page,) = stranger.pages
    assert page["alias"] == {twins: first} and page["put"] == [] and page["deleted"] == {}
    assert stranger.done["digests"][OTHER_FEED][0] == 1


@pytest.mark.parametrize("way", ["create", "edit", "move", "restore", "resolve"])
def test_what_refers_to_a_merged_record_later_brings_that_along(
    county, admin, anna, twins, first, way
):
    stranger = county.device(uid(0xB7), grid=OTHER_GRID)
    other = person(admin, uid(22), uid(9), OTHER_GRID)
    gone = person(admin, uid(23), twins, OTHER_GRID)
    admin.send(other, gone)
    admin.send(admin.op("delete", uid(23), base={"*": gone["stamp"]}, type="resident"))
    stranger.send()
    admin.send(merged(admin, twins, first))
    stranger.send()
    assert [page["alias"] for page in stranger.pages] == []
    seen, conflict = other["stamp"], {}
    if way == "resolve":
        admin.send(edit(admin, uid(22), {"household": uid(8)}, base=seen, type="resident"))
        conflict = edit(admin, uid(22), {"household": twins}, base=seen, type="resident")
        admin.send(conflict)
        stranger.send()
    ops = {
        "create": lambda: person(admin, uid(24), twins, OTHER_GRID),
        "edit": lambda: edit(admin, uid(22), {"household": twins}, base=seen, type="resident"),
        "move": lambda: edit(
            admin, uid(20), {"grid": OTHER_GRID}, base=county.record(uid(20)).head, type="resident"
        ),
        "restore": lambda: admin.op(
            "restore", uid(23), base={"*": county.record(uid(23)).head}, type="resident"
        ),
        "resolve": lambda: admin.op(
            "resolve", uid(22), {"household": twins}, conflict=conflict["stamp"], type="resident"
        ),
    }
    assert admin.send(ops[way]())[0]["outcome"] in ("applied", "merged")
    stranger.send()
    assert [page["alias"] for page in stranger.pages] == [{twins: first}]
    admin.send(person(admin, uid(25), twins, OTHER_GRID))
    stranger.send()
    assert [page["alias"] for page in stranger.pages] == [{}]


def test_a_chain_of_merges_is_told_to_its_end(county, admin, anna, twins, first):
    stranger = county.device(uid(0xB7), grid=OTHER_GRID)
    admin.send(person(admin, uid(21), twins, OTHER_GRID))
    admin.send(admin.op("create", uid(3), {"grid": GRID, "phone": "9"}))
    stranger.send()
    admin.send(merged(admin, twins, first))
    admin.send(merged(admin, first, uid(3)))
    stranger.send()
    assert stranger.pages[0]["alias"] == {twins: first, first: uid(3)}
    later = county.device(uid(0xB6), grid=uid(0xA3))
    admin.grants(*admin.reader.grants, Grant(f"grid:{uid(0xA3)}", "g1", 0))
    admin.send(person(admin, uid(26), twins, uid(0xA3)))
    later.send()
    assert later.pages[-1]["alias"] == {twins: first, first: uid(3)}


def test_a_merge_of_what_was_changed_since_waits_for_a_person(county, admin, bo, twins, first):
    merge = merged(admin, twins, first)
    bo.send(edit(bo, twins, {"visits": {"add": 1}}, base=bo.created))
    ack = admin.send(merge)[0]
    assert told(ack) == ("conflict", "deleted_and_edited")
    assert not county.record(twins).deleted
    _, ack = resolve(county, merge["stamp"], {"*": "deleted"}, twins)
    assert ack["outcome"] in ("applied", "merged")
    assert county.record(twins).into == first
    with county.store.read() as tx:
        assert tx.merged_into(first) == [twins]


def test_a_merge_that_waited_for_what_is_gone_meanwhile_only_deletes(
    county, admin, bo, twins, first
):
    merge = merged(admin, twins, first)
    bo.send(edit(bo, twins, {"visits": {"add": 1}}, base=bo.created))
    admin.send(merge)
    admin.send(admin.op("delete", first, base={"*": county.record(first).head}))
    resolve(county, merge["stamp"], {"*": "deleted"}, twins)
    assert county.record(twins).deleted and county.record(twins).into is None


def test_an_edit_that_did_not_know_of_the_merge_brings_the_record_back(
    county, admin, anna, bo, twins, first
):
    """The worker's edit is not lost, and nobody goes on following to another record."""
    anna.send()
    stale = edit(bo, twins, {"visits": {"add": 1}}, base=bo.created)
    admin.send(merged(admin, twins, first))
    assert told(bo.send(stale)[0]) == ("conflict", "deleted_and_edited")
    record = county.record(twins)
    assert (record.deleted, record.into, record.get("visits")) == (False, None, 1)
    anna.send()
    assert anna.rows()[twins]["visits"] == 1
    with county.store.read() as tx:
        assert leading(tx, [twins]) == []
    resolve(county, stale["stamp"], {"*": "deleted"}, twins)
    assert county.record(twins).into == first


def test_who_knows_of_the_merge_edits_what_stands_for_it(county, admin, bo, twins, first):
    admin.send(merged(admin, twins, first))
    seen = county.record(twins).head
    assert told(bo.send(edit(bo, twins, {"phone": "9"}, base=seen))[0]) == ("rejected", "deleted")


def test_a_merge_sent_again_and_one_to_the_same_change_nothing(county, admin, twins, first):
    merge = merged(admin, twins, first)
    admin.send(merge)
    head = county.record(twins).head
    assert admin.send(merge)[0]["repeated"]
    again = admin.op("merge", twins, base={"*": head}, into=first)
    assert told(admin.send(again)[0]) == ("merged", None)
    assert county.record(twins).head == head
    assert county.record(twins).tail == again["stamp"]


def test_a_record_that_was_deleted_meanwhile_is_merged_all_the_same(county, admin, twins, first):
    merge = merged(admin, twins, first)
    admin.send(admin.op("delete", twins, base={"*": county.record(twins).head}))
    assert told(admin.send(merge)[0]) == ("applied", None)
    assert county.record(twins).into == first


@pytest.mark.parametrize(
    ("into", "expected"),
    [
        (uid(99), ("rejected", "unknown_record")),
        (uid(20), ("rejected", "malformed")),
        (uid(2), ("rejected", "malformed")),
    ],
)
def test_a_merge_needs_another_record_of_its_kind(county, twins, into, expected):
    merge = {
        "stamp": "0000000f4240-0009-srv000000000", "group": None, "actor": ADMIN, "schema": 1,
        "at": 1, "offset_ms": 0, "type": "household", "record": twins, "kind": "merge",
        "fields": {}, "base": {"*": county.record(twins).head}, "into": into,
    }  # fmt: skip
    (ack,) = county.submit(OFFICE, merge)
    assert (ack.outcome, ack.problem.code) == expected


def test_nobody_merges_into_what_they_do_not_work_with(county, bo, twins, admin):
    admin.send(admin.op("create", uid(5), {"grid": OTHER_GRID, "phone": "5"}))
    for into in (uid(5), uid(99)):
        assert told(bo.send(merged(bo, twins, into))[0]) == ("rejected", "out_of_scope")


def test_a_merge_into_what_was_not_taken_is_held_with_it(county, bo, twins):
    elsewhere = bo.op("create", uid(5), {"grid": OTHER_GRID, "phone": "5"})
    assert told(bo.send(elsewhere)[0]) == ("rejected", "out_of_scope")
    merge = merged(bo, twins, uid(5))
    ack = bo.send(merge)[0]
    assert told(ack) == ("held", "depends_on_rejected") and ack["needs"] == elsewhere["stamp"]
    assert bo.send(bo.op("create", uid(5), {"grid": GRID, "phone": "5"}))[0]["outcome"] == "applied"
    assert county.operation(merge["stamp"]).outcome == "applied"
    assert county.record(twins).into == uid(5)


def test_a_person_who_lets_a_merge_go_into_what_is_not_there_sees_it_refused(county, bo, twins):
    bo.send(bo.op("create", uid(5), {"grid": OTHER_GRID, "phone": "5"}))
    merge = merged(bo, twins, uid(5))
    bo.send(merge)
    let_go(county, merge["stamp"])
    assert county.operation(merge["stamp"]).outcome == "rejected"
    assert not county.record(twins).deleted


def test_nothing_is_merged_into_what_is_gone_or_merged_twice(county, admin, twins, first):
    admin.send(admin.op("create", uid(3), {"grid": GRID, "phone": "9"}))
    admin.send(merged(admin, twins, first))
    assert told(admin.send(merged(admin, twins, uid(3)))[0]) == ("rejected", "deleted")
    assert told(admin.send(merged(admin, first, twins))[0]) == ("rejected", "deleted")


def test_without_the_right_to_delete_nobody_merges(bo, twins):
    bo.send(person(bo, uid(21), twins))
    merge = {**merged(bo, uid(20), uid(21)), "type": "resident"}
    assert told(bo.send(merge)[0]) == ("rejected", "not_allowed")
