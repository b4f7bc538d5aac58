"""What a replica does by itself, and with lines that servers seldom send."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sync.answer import Ack, Done, Hello, Page
from sync.catalogue import Catalogue
from sync.catalogue_document import read_catalogue
from sync.errors import Refusal
from sync.intake import Intake
from sync.outbox import Draft
from sync.session import Session
from sync.status import Counts, status
from tests.sync.device.village import (
    ANNA,
    CATALOGUE,
    FEED,
    GRID,
    HOUSE,
    HOUSEHOLD,
    NOON,
    OTHER_HOUSE,
    Link,
    Tablet,
    bare_storage,
    uid,
)

S1, S2 = "0199a1b2c000-0000-srv000000000", "0199a1b2c001-0000-srv000000000"


def hand(tablet, *lines):
    """Answer a tablet's request with these lines, by hand."""
    request = tablet.replica.begin(now_ms=NOON)
    session, intake = Session(request), Intake(tablet.replica, request)
    session.send()
    data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    intake.take(session.receive(data), now_ms=NOON)
    session.end()
    return intake


def hello(*feeds, **more):
    told = {"protocol": 1, "schema": 3, "epoch": "e1", "now": NOON, "feeds": [*feeds], **more}
    return {"hello": told}


def page(feed=FEED, **more):
    told = {"feed": feed, "cursor": "c", "put": [], "deleted": {}, "left": [], "alias": {}, **more}
    return {"page": told}


def house_row(record, head=S1, **values):
    spec = CATALOGUE["household"]
    fields = {"grid": GRID, **values}
    return [record, head, head, None, None, None, *(fields.get(one.name) for one in spec.fields)]


def block(*rows, type_name="household", keys=HOUSEHOLD.keys):
    return {"type": type_name, "schema": 1, "keys": list(keys), "rows": list(rows)}


def ack(stamp, outcome="applied", **more):
    return {"ack": {"stamp": stamp, "outcome": outcome, "head": stamp, "feeds": [FEED], **more}}


DONE = {"done": {"more": False, "digests": {}}}


# Groups --------------------------------------------------------------------------------------


def drafts(count, record=HOUSE):
    return [Draft("edit", "household", record, {"phone": f"g{number}"}) for number in range(count)]


def test_a_group_is_never_torn_apart(anna):
    anna.sync()
    anna.edit(HOUSE, phone="first")
    anna.replica.make(drafts(3), now_ms=NOON, group="g")
    anna.edit(HOUSE, phone="last")
    sent = anna.replica.begin(now_ms=NOON, batch=2).body["operations"]
    assert [one["fields"]["phone"] for one in sent] == ["first"]
    assert len(anna.replica.begin(now_ms=NOON, batch=4).stamps) == 4


def test_a_group_larger_than_a_request_goes_whole(anna):
    anna.sync()
    anna.replica.make(drafts(5), now_ms=NOON, group="g")
    anna.edit(HOUSE, phone="last")
    sent = anna.replica.begin(now_ms=NOON, batch=2).body["operations"]
    assert [one["group"] for one in sent] == [{"id": "g", "of": 5}] * 5


def test_a_batch_may_end_where_a_group_ends(anna):
    anna.sync()
    anna.replica.make(drafts(2), now_ms=NOON, group="g")
    anna.replica.make(drafts(1), now_ms=NOON)
    anna.replica.make(drafts(2, HOUSE), now_ms=NOON, group="h")
    sent = anna.replica.begin(now_ms=NOON, batch=2).body["operations"]
    assert [one["group"]["id"] for one in sent] == ["g", "g"]


def test_a_group_of_one_is_no_group(anna):
    anna.sync()
    wanted = [*drafts(1), Draft("edit", "household", HOUSE, {"visits": 2})]
    assert anna.replica.make(wanted, now_ms=NOON, group="g")[1] is None
    assert anna.replica.waiting()[0].body["group"] is None


def test_a_group_with_one_wrong_member_queues_nothing(anna):
    anna.sync()
    wrong = Draft("edit", "household", HOUSE, {"phone": 7})
    with pytest.raises(Refusal):
        anna.replica.make([*drafts(2), wrong], now_ms=NOON, group="g")
    assert anna.replica.waiting() == []
    assert anna.see(HOUSE, "phone") == "1"


# What cannot be done -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda tablet: tablet.edit(uid(9), phone="1"), "unknown_record"),
        (lambda tablet: tablet.create(HOUSE), "record_exists"),
        (lambda tablet: tablet.create(OTHER_HOUSE, "ghost"), "unknown_type"),
        (lambda tablet: tablet.create(OTHER_HOUSE, grid=None), "missing_field"),
        (lambda tablet: tablet.edit(HOUSE, phone="\ud800"), "bad_text"),
        (lambda tablet: tablet.replica.transition(HOUSE, "x", now_ms=NOON), "unknown_kind"),
    ],
)
def test_what_would_be_refused_is_refused_at_once(anna, act, code):
    anna.sync()
    with pytest.raises(Refusal) as refusal:
        act(anna)
    assert refusal.value.problem.code == code
    assert anna.replica.waiting() == []


# Merged records ------------------------------------------------------------------------------


def test_a_merged_record_is_read_and_edited_through_the_one_that_stands_for_it(anna):
    hand(anna, hello(FEED), page(put=[block(house_row(HOUSE), house_row(OTHER_HOUSE, phone="5"))]))
    hand(anna, hello(FEED), page(deleted={HOUSE: S2}, alias={HOUSE: OTHER_HOUSE}), DONE)
    assert anna.see(HOUSE, "phone") == "5"
    anna.edit(HOUSE, phone="6")
    assert anna.replica.waiting()[0].record == OTHER_HOUSE
    assert anna.replica.resolve(HOUSE) == OTHER_HOUSE
    hand(
        anna, hello(FEED), ack(anna.replica.waiting()[0].stamp), page(put=[block(house_row(HOUSE))])
    )
    assert anna.replica.resolve(HOUSE) == HOUSE, "it stands for itself again"


def test_a_record_stands_for_itself_again_where_only_something_refers_to_it(anna):
    hand(anna, hello(FEED), page(alias={HOUSE: OTHER_HOUSE}), DONE)
    assert anna.replica.resolve(HOUSE) == OTHER_HOUSE
    hand(anna, hello(FEED), page(left=[HOUSE]), DONE)
    assert anna.replica.resolve(HOUSE) == OTHER_HOUSE, "that it left some feed says nothing"
    hand(anna, hello(FEED), page(alias={HOUSE: None}), DONE)
    assert anna.replica.resolve(HOUSE) == HOUSE


def test_nothing_stands_for_a_record_that_was_parted_and_then_deleted_for_its_own_sake(anna):
    hand(anna, hello(FEED), page(deleted={HOUSE: S2}, alias={HOUSE: OTHER_HOUSE}), DONE)
    assert anna.replica.resolve(HOUSE) == OTHER_HOUSE
    hand(anna, hello(FEED), page(deleted={HOUSE: S1}), DONE)
    assert anna.replica.resolve(HOUSE) == HOUSE


def test_what_stands_for_what_is_learnt_anew_when_everything_comes_anew(anna):
    hand(anna, hello(FEED), page(alias={HOUSE: OTHER_HOUSE}), DONE)
    hand(anna, hello(FEED, reset=[FEED]), page(), DONE)
    assert anna.replica.resolve(HOUSE) == HOUSE


def test_an_own_merge_stands_when_it_is_applied(anna):
    hand(anna, hello(FEED), page(put=[block(house_row(HOUSE), house_row(OTHER_HOUSE))]), DONE)
    stamp = anna.replica.merge(HOUSE, OTHER_HOUSE, now_ms=NOON)
    assert anna.replica.waiting()[0].body["into"] == OTHER_HOUSE
    hand(anna, hello(FEED), ack(stamp), DONE)
    assert anna.replica.resolve(HOUSE) == OTHER_HOUSE


def test_aliases_in_a_circle_end(anna):
    with anna.storage.write() as shelf:
        shelf.save_alias(HOUSE, OTHER_HOUSE)
        shelf.save_alias(OTHER_HOUSE, HOUSE)
    assert anna.replica.view(HOUSE) is None


# Resolving and restoring on a tablet -----------------------------------------------------------


def test_who_may_resolve_can_do_so_on_a_tablet(anna, bo, server):
    anna.sync()
    bo.sync()
    anna.edit(HOUSE, householder="李四")
    conflict = bo.edit(HOUSE, householder="王五")
    anna.sync()
    bo.sync()
    anna.sync()
    server.readers[anna.device] = replace(server.readers[anna.device], role="administrator")
    anna.replica.settle(HOUSE, conflict, {"householder": "王五"}, now_ms=NOON)
    assert anna.marks(HOUSE) == {"householder": ("waiting",)}
    assert anna.sync().outcomes["rejected"] == 0
    assert anna.see(HOUSE, "householder") == "王五"
    assert anna.marks(HOUSE) == {}


def test_a_whole_record_in_conflict_is_let_live_or_deleted_on_a_tablet(anna):
    row = house_row(HOUSE)
    row[4] = ["*", "phone"]
    hand(anna, hello(FEED), page(put=[block(row)]), DONE)
    assert anna.marks(HOUSE) == {"*": ("conflict",), "phone": ("conflict",)}
    stamp = anna.replica.settle(HOUSE, S2, {"*": "deleted"}, now_ms=NOON)
    assert anna.replica.view(HOUSE).deleted
    hand(anna, hello(FEED), ack(stamp), DONE)
    assert anna.replica.base(HOUSE).deleted


@pytest.mark.parametrize("kind", ["delete", "restore", "resolve"])
def test_work_on_a_record_that_is_gone_shows_nothing(anna, kind):
    anna.sync()
    fields = {"phone": "1"} if kind == "resolve" else {}
    anna.replica.make([Draft(kind, "household", HOUSE, fields, {"conflict": S2})], now_ms=NOON)
    with anna.storage.write() as shelf:
        shelf.drop_rows([HOUSE])
    assert anna.replica.view(HOUSE) is None


def test_an_answer_may_tell_again_what_is_settled(anna):
    anna.sync()
    stamp = anna.edit(HOUSE, phone="2")
    request = anna.replica.begin(now_ms=NOON)
    intake = Intake(anna.replica, request)
    told = Ack(stamp, "applied", stamp, (FEED,))
    intake.take([Hello(1, 3, "e1", NOON, (FEED,)), told, told], now_ms=NOON)
    intake.take([Ack(None, "rejected", None)], now_ms=NOON)
    assert anna.see(HOUSE, "phone") == "2"
    assert anna.replica.waiting() == []


# Lines that are seldom sent ------------------------------------------------------------------


def test_a_difference_is_told_counted_and_nothing_is_dropped_for_it(anna):
    rows = [block(house_row(HOUSE))]
    wrong = {"done": {"more": False, "digests": {FEED: [1, 5], "grid:none": [0, 0]}}}
    intake = hand(anna, hello(FEED), page(put=rows), wrong)
    (found,) = intake.differences
    assert (found.feed, found.server) == (FEED, (1, 5))
    assert anna.replica.meta("differences") == 1
    assert anna.replica.view(HOUSE) is not None


def test_an_own_mistake_in_a_sum_is_put_right_by_counting(anna):
    anna.sync()
    with anna.storage.write() as shelf:
        shelf.save_feed(shelf.feeds()[FEED]._replace(live=7, sum=7))
    assert anna.sync().exchanges[-1].differences == []
    assert anna.replica.feeds()[FEED].live == 1


def test_a_row_of_a_type_that_is_not_known_is_kept_for_a_newer_app(anna):
    keys = ("record", "head", "v", "vx", "c", "x", "title")
    wish = [OTHER_HOUSE, "s1", "s1", None, None, None, "路灯"]
    hand(anna, hello(FEED), page(put=[block(wish, type_name="wish", keys=keys)]), DONE)
    assert anna.replica.view(OTHER_HOUSE) is None
    assert anna.replica.base(OTHER_HOUSE) is None
    with anna.storage.read() as shelf:
        assert shelf.records("wish") == [OTHER_HOUSE]


def test_a_row_of_another_schema_is_read_by_the_names_of_its_members(anna):
    keys = ("record", "head", "v", "vx", "c", "x", "phone", "wifi")
    row = [HOUSE, S2, S1, {"phone": S2}, None, {"householder": "李四", "tv": 1}, "5", True]
    hand(anna, hello(FEED), page(put=[block(row, keys=keys)]), DONE)
    view = anna.replica.view(HOUSE)
    assert (view["phone"], view["householder"], view["grid"]) == ("5", "李四", None)
    assert view.values()["wifi"] is True
    assert view.values()["tv"] == 1
    assert view.record.version("phone") == S2
    anna.edit(HOUSE, wifi=False)
    body = anna.replica.waiting()[0].body
    assert (body["fields"], body["base"]["wifi"]) == ({"wifi": False}, S1)


def test_a_feed_that_ended_before_its_first_page_is_forgotten(anna):
    hand(anna, hello(FEED, "grid:new"))
    hand(anna, hello(FEED), page(), DONE)
    assert anna.replica.feeds().keys() == {FEED}


def test_a_feed_given_back_before_its_rows_went_is_evicted_no_more(anna):
    hand(anna, hello(FEED), page(put=[block(house_row(HOUSE))]), DONE)
    anna.edit(HOUSE, phone="2")
    hand(anna, hello(evicted=[FEED]))
    assert anna.replica.feeds()[FEED].evicted
    hand(anna, hello(FEED))
    assert not anna.replica.feeds()[FEED].evicted


def test_an_ack_in_a_feed_that_is_read_no_longer_leaves_no_row(anna):
    anna.sync()
    stamp = anna.create(OTHER_HOUSE)
    hand(anna, hello(FEED), ack(stamp, feeds=[]), DONE)
    assert anna.replica.view(OTHER_HOUSE) is None
    assert anna.replica.waiting() == []


def test_an_ack_may_tell_a_feed_that_is_not_known(anna):
    anna.sync()
    stamp = anna.create(OTHER_HOUSE)
    hand(anna, hello(FEED), ack(stamp, feeds=[FEED, "grid:unknown"]))
    assert anna.replica.feeds().keys() >= {FEED}
    assert "grid:unknown" not in anna.replica.feeds()


def test_a_merged_edit_of_a_record_that_is_not_here_makes_no_half_row(anna):
    anna.sync()
    stamp = anna.edit(HOUSE, phone="2")
    with anna.storage.write() as shelf:
        shelf.drop_rows([HOUSE])
    told = {"fields": {"phone": "3"}, "versions": {"phone": "s9"}}
    hand(anna, hello(FEED), ack(stamp, "merged", **told))
    assert anna.replica.base(HOUSE) is None


def test_fields_without_versions_and_an_ack_without_a_head_change_nothing_else(anna):
    anna.sync()
    before = anna.replica.base(HOUSE)
    stamp = anna.edit(HOUSE, phone="2")
    hand(anna, hello(FEED), ack(stamp, "merged", head=None, fields={"phone": "3"}))
    after = anna.replica.base(HOUSE)
    assert (after.get("phone"), after.head) == ("1", before.head)


def test_an_ack_of_a_type_that_is_not_known_any_more_settles_the_outbox(anna):
    anna.sync()
    stamp = anna.edit(HOUSE, phone="2")
    anna.replica.learn(Catalogue(schema=4).describe(), etag=None)
    hand(anna, hello(FEED), ack(stamp))
    assert anna.replica.waiting() == []


def test_a_notice_that_says_held_settles_nothing(anna, server):
    anna.sync()
    server.readers[anna.device] = replace(server.readers[anna.device], suspended=True)
    stamp = anna.edit(HOUSE, phone="2")
    anna.sync()
    keys = ("record", "head", "v", "vx", "c", "x", "about", "outcome")
    for outcome, left in (("held", 1), ("rejected", 0)):
        told = [uid(7), "s1", "s1", None, None, None, stamp, outcome]
        others = [uid(8), "s1", "s1", None, None, None, None, "applied"]
        rows = block(told, others, type_name="notice", keys=keys)
        hand(anna, hello(FEED), page(put=[rows]))
        assert len(anna.replica.kept()) == left
    assert anna.see(HOUSE, "phone") == "1"


def test_a_deleted_record_loses_its_values_when_the_last_work_on_it_is_withdrawn(anna, server):
    anna.sync()
    server.readers[anna.device] = replace(server.readers[anna.device], role="handler")
    stamp = anna.edit(HOUSE, phone="2")
    anna.sync()
    server.change(HOUSE, {}, kind="delete")
    anna.sync()
    assert anna.replica.view(HOUSE)["householder"] == "张三", "its author still sees the edit"
    anna.replica.withdraw(stamp)
    anna.sync()
    assert anna.replica.base(HOUSE).get("householder") is None
    assert anna.replica.base(HOUSE).deleted


def test_a_catalogue_of_a_newer_server_is_read_as_far_as_it_is_known(server):
    told = CATALOGUE.describe()
    fields = told["types"]["household"]["fields"]
    fields.append({"name": "mood", "kind": "hologram", "policy": "vote"})
    tablet = Tablet("annaannb", ANNA, Link(server), bare_storage("memory"), catalogue=None)
    tablet.replica.learn(told, etag="v9")
    field = tablet.replica.catalogue["household"].by_name["mood"]
    assert (field.kind, field.policy) == ("text", "latest")
    assert read_catalogue(CATALOGUE.describe())["order"] == CATALOGUE["order"]


def test_lines_are_taken_in_one_by_one_or_together(anna):
    request = anna.replica.begin(now_ms=NOON)
    intake = Intake(anna.replica, request)
    told = Hello(1, 3, "e1", NOON, (FEED,))
    intake.take([told, Page(FEED, "c"), Done(False, {FEED: (0, 0)})], now_ms=NOON)
    assert anna.replica.meta("handed_in_ms") == NOON


@pytest.mark.parametrize(
    ("counts", "told", "zh"),
    [
        (Counts(0, None, 0, None), {}, "尚未与服务器联系"),
        (Counts(3, 5, 0, None), {}, "已存在本机，3 条待上传"),
        (Counts(3, 5, 0, 9), {"reachable": False}, "无信号，已存在本机，3 条待上传"),
        (Counts(3, 5, 0, 9), {"sending": True}, "正在上传，3 条待确认"),
        (Counts(0, None, 0, 9), {"reachable": False}, "全部已上传"),
        (Counts(0, None, 2, 9), {}, "全部已上传；2 条等待处理"),
    ],
)
def test_what_may_be_said_is_said_in_plain_words(counts, told, zh):
    assert status(counts, **told).words("zh") == zh
    assert status(counts, **told).words("en")[0].isupper()
