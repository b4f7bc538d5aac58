"""A tablet and a server: what comes, what goes, what is shown in between."""

from __future__ import annotations

import pytest

from sync.session import Session
from tests.sync.device.village import (
    FEED,
    GRID,
    HOUSE,
    OTHER_HOUSE,
    cut_after,
    differences,
    lost_answer,
    uid,
)

# First sync and own work ---------------------------------------------------------------------


def test_a_first_sync_brings_the_grid_and_the_digests_agree(anna):
    report = anna.sync()
    assert report.next.step == "rest"
    assert anna.see(HOUSE, "householder") == "张三"
    assert differences(anna, FEED) == []
    assert report.exchanges[-1].differences == []


def test_an_edit_is_shown_at_once_and_loses_its_mark_with_the_ack(anna):
    anna.sync()
    anna.edit(HOUSE, phone="2")
    assert anna.see(HOUSE, "phone") == "2"
    assert anna.marks(HOUSE) == {"phone": ("waiting",)}
    report = anna.sync()
    assert report.outcomes == {"applied": 1}
    assert report.rows == 0, "what the device can compute is not sent back"
    assert anna.see(HOUSE, "phone") == "2"
    assert anna.marks(HOUSE) == {}
    assert differences(anna, FEED) == []


def test_a_record_made_offline_is_edited_offline_and_arrives_whole(anna):
    anna.sync()
    anna.create(OTHER_HOUSE, householder="李四", log=["初访"], seen_at=anna.now_ms())
    anna.edit(OTHER_HOUSE, phone="5", visits={"add": 1}, tags=["new"], log="再访")
    assert anna.marks(OTHER_HOUSE)["*"] == ("waiting",)
    assert anna.see(OTHER_HOUSE, "phone") == "5"
    report = anna.sync()
    assert report.outcomes["rejected"] == report.outcomes["held"] == 0
    assert [entry[3] for entry in anna.see(OTHER_HOUSE, "log")] == ["初访", "再访"]
    assert anna.see(OTHER_HOUSE, "visits") == 1
    assert differences(anna, FEED) == []


def test_all_policies_at_once_leave_the_tablet_with_the_servers_row(pair, server):
    anna, bo = pair
    for tablet, name in ((anna, "甲"), (bo, "乙")):
        tablet.edit(
            HOUSE,
            householder=name,
            phone=name,
            tags=[name],
            visits={"add": 1},
            last_visit=server.now_ms,
            first_contact=server.now_ms,
            notes=f"{name}\n",
            log=name,
            origin=name,
            seen_at=server.now_ms - 1,
        )
        server.now_ms += 1_000
    for tablet in (anna, bo, anna):
        tablet.sync()
    assert differences(anna, FEED) == differences(bo, FEED) == []
    assert anna.see(HOUSE, "visits") == 4
    assert anna.see(HOUSE, "tags") == ["乙", "甲"]
    assert anna.see(HOUSE, "householder") == "甲"
    assert bo.marks(HOUSE)["householder"] == ("conflict",)


def test_what_was_not_changed_is_not_in_the_operation(anna):
    anna.sync()
    assert anna.edit(HOUSE, phone="1", visits=2, tags=["old"]) is None
    anna.edit(HOUSE, phone="1", householder="王五")
    (entry,) = anna.replica.waiting()
    assert entry.body["fields"] == {"householder": "王五"}


# Two people ----------------------------------------------------------------------------------


def test_different_fields_of_one_household_are_both_kept(pair):
    anna, bo = pair
    anna.edit(HOUSE, phone="2")
    bo.edit(HOUSE, householder="李四")
    for tablet in (anna, bo, anna):
        tablet.sync()
    for tablet in pair:
        assert (tablet.see(HOUSE, "phone"), tablet.see(HOUSE, "householder")) == ("2", "李四")


def test_the_same_field_twice_is_a_conflict_that_a_person_settles_and_both_learn_of(pair, server):
    anna, bo = pair
    anna.edit(HOUSE, householder="李四")
    stamp = bo.edit(HOUSE, householder="王五")
    anna.sync()
    report = bo.sync()
    assert report.outcomes == {"conflict": 1}
    assert bo.see(HOUSE, "householder") == "李四", "the server's value stays"
    assert bo.marks(HOUSE) == {"householder": ("conflict",)}
    server.change(HOUSE, {"householder": "王五"}, kind="resolve", conflict=stamp)
    anna.sync()
    bo.sync()
    assert bo.marks(HOUSE) == anna.marks(HOUSE) == {}
    assert anna.see(HOUSE, "householder") == "王五"
    told = [notice["about"] for notice in bo.replica.views("notice")]
    assert told == [stamp]


def test_a_second_offline_claim_loses_and_its_worker_sees_so(pair, server):
    anna, bo = pair
    anna.create(OTHER_HOUSE, "order", title="路灯")
    anna.sync()
    bo.sync()
    for tablet in pair:
        tablet.replica.transition(OTHER_HOUSE, "taken", now_ms=server.now_ms)
    assert bo.see(OTHER_HOUSE, "status") == "taken"
    assert anna.sync().outcomes == {"applied": 1}
    report = bo.sync()
    assert report.outcomes == {"conflict": 1}
    assert report.exchanges[0].acks[0].problem["code"] == "overtaken"
    assert differences(bo, FEED) == []


def test_a_stale_value_that_was_not_changed_reverts_nobody(pair):
    anna, bo = pair
    anna.edit(HOUSE, householder="李四")
    anna.sync()
    bo.edit(HOUSE, householder="张三", phone="7")
    bo.sync()
    assert bo.see(HOUSE, "householder") == "李四"
    assert bo.see(HOUSE, "phone") == "7"


def test_a_record_deleted_at_the_office_while_it_was_edited_comes_back_for_a_person(pair, server):
    anna, _ = pair
    server.change(HOUSE, {}, kind="delete")
    anna.edit(HOUSE, phone="2")
    assert anna.sync().outcomes == {"conflict": 1}
    assert anna.marks(HOUSE) == {"*": ("conflict",)}
    assert differences(anna, FEED) == []


def test_a_deleted_record_keeps_nothing_but_its_head_and_can_be_restored(pair, server):
    anna, bo = pair
    anna.replica.delete(HOUSE, now_ms=server.now_ms)
    assert anna.replica.views("household") == []
    anna.sync()
    bo.sync()
    for tablet in pair:
        assert tablet.see(HOUSE, "householder") is None
        assert tablet.replica.view(HOUSE).deleted
        assert differences(tablet, FEED) == []
    bo.replica.restore(HOUSE, now_ms=server.now_ms)
    bo.sync()
    assert bo.see(HOUSE, "householder") == "张三"
    assert differences(bo, FEED) == []


def test_what_two_people_deleted_is_deleted(pair):
    for tablet in pair:
        tablet.replica.delete(HOUSE, now_ms=tablet.now_ms())
    assert [tablet.sync().outcomes for tablet in pair] == [{"applied": 1}, {"merged": 1}]
    assert [tablet.replica.base(HOUSE).deleted for tablet in pair] == [True, True]


def test_a_deletion_made_after_a_cut_exchange_does_not_hide_what_was_not_seen(pair):
    anna, bo = pair
    bo.edit(HOUSE, householder="李四")
    bo.sync()
    anna.edit(HOUSE, phone="2")
    whole = len(_answer_to(anna))
    anna.link.faults = [cut_after(whole - 400)]
    anna.client.exchange()
    assert anna.marks(HOUSE) == {}, "the ack arrived"
    assert anna.see(HOUSE, "householder") == "张三", "the row did not"
    anna.replica.delete(HOUSE, now_ms=anna.now_ms())
    assert anna.sync().outcomes["conflict"] == 1, "somebody's change was never seen"


def _answer_to(tablet) -> bytes:
    """What the server would answer now; nothing is kept on either side."""
    server, storage = tablet.link.server, tablet.storage
    before = server.backup(epoch="e1")
    with storage.read() as shelf:
        number = shelf.meta("exchange")
    session = Session(tablet.replica.begin(now_ms=tablet.now_ms()))
    with storage.write() as shelf:
        shelf.set_meta("exchange", number)
    answer: bytes = server.answer(session.send(), tablet.device)
    server.reinstall(before)
    return answer


# A bad network -------------------------------------------------------------------------------


def test_an_answer_lost_after_commit_is_repeated_and_counted_once(pair, server):
    anna, _ = pair
    anna.edit(HOUSE, visits={"add": 1}, log="走访")
    anna.link.faults = [lost_answer]
    assert anna.sync().next.step == "wait"
    assert anna.client.status().what == "offline"
    assert anna.see(HOUSE, "visits") == 3
    report = anna.sync()
    assert [ack.repeated for one in report.exchanges for ack in one.acks] == [True]
    assert anna.see(HOUSE, "visits") == 3
    assert len(anna.see(HOUSE, "log")) == 1
    assert server.record(HOUSE).get("visits") == 3
    assert differences(anna, FEED) == []


def test_a_repeated_edit_is_shown_until_its_row_comes(pair):
    anna, bo = pair
    bo.edit(HOUSE, phone="3")
    bo.sync()
    anna.edit(HOUSE, householder="李四")
    anna.link.faults = [lost_answer]
    anna.sync()
    answer = _answer_to(anna)
    anna.link.faults = [cut_after(answer.index(b'{"page"'))]
    anna.client.exchange()
    assert anna.replica.waiting() == []
    assert anna.see(HOUSE, "householder") == "李四", "acknowledged, but its row has not come"
    assert anna.marks(HOUSE) == {}
    anna.sync()
    assert differences(anna, FEED) == []


@pytest.mark.parametrize("piece", [11, 1 << 20])
def test_an_answer_cut_at_any_byte_is_taken_up_where_it_was_cut(server, anna, bo, piece):
    anna.sync()
    bo.sync()
    anna.link.piece = piece
    bo.create(uid(0xD0), householder="户")
    bo.edit(HOUSE, householder="李四")
    bo.sync()
    anna.edit(HOUSE, householder="王五", visits={"add": 1})
    anna.create(OTHER_HOUSE, log=["新"])
    for size in range(0, len(_answer_to(anna)), 31 if piece == 11 else 13):
        anna.link.faults = [cut_after(size)]
        anna.client.exchange()
        anna.open()
    assert anna.sync().next.step == "rest"
    assert server.record(HOUSE).get("visits") == 3
    assert differences(anna, FEED) == []
    assert anna.replica.waiting() == []


def test_a_packed_answer_cut_in_the_middle_is_no_end(anna):
    anna.link.packed = True
    anna.link.faults = [cut_after(100)]
    assert anna.sync().next.step == "wait"
    assert anna.sync().next.step == "rest"
    assert differences(anna, FEED) == []


def test_an_answer_to_an_older_request_is_not_applied(anna, server):
    anna.sync()
    anna.edit(HOUSE, phone="2")

    def overtaken(_link, through):
        reply = through()
        anna.replica.begin(now_ms=anna.now_ms())
        return reply

    anna.link.faults = [overtaken]
    assert anna.client.exchange().acks == []
    assert [entry.body["fields"] for entry in anna.replica.waiting()] == [{"phone": "2"}]
    assert anna.sync().exchanges[0].repeated == 1
    assert differences(anna, FEED) == []


def test_many_rounds_under_a_small_limit_bring_everything(server, anna):
    for number in range(30):
        server.change(uid(0x1000 + number), {"grid": GRID}, kind="create")
    anna.limit = 7
    report = anna.open().sync()
    assert len(report.exchanges) > 4
    assert differences(anna, FEED) == []


def test_an_outbox_larger_than_a_request_goes_in_several_in_order(anna, server):
    anna.batch = 3
    anna.open().sync()
    stamps = [anna.edit(HOUSE, phone=str(n)) for n in range(8)]
    report = anna.sync()
    assert [ack.stamp for one in report.exchanges for ack in one.acks] == stamps
    assert [one.sent for one in report.exchanges] == [3, 3, 2]
    assert server.record(HOUSE).get("phone") == "7"


def test_what_is_done_during_an_exchange_goes_with_the_next(anna, server):
    anna.sync()
    anna.edit(HOUSE, phone="2")

    def busy(_link, through):
        anna.edit(HOUSE, phone="3")
        return through()

    anna.link.faults = [busy]
    report = anna.sync()
    assert [one.sent for one in report.exchanges] == [1, 1]
    assert server.record(HOUSE).get("phone") == "3"
    assert differences(anna, FEED) == []
