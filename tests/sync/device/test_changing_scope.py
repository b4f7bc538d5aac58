"""What is kept back, feeds that end and begin, restored servers, devices that may not read."""

from __future__ import annotations

from dataclasses import replace

from tests.sync.device.village import (
    ANNA,
    CATALOGUE,
    DAY_MS,
    FEED,
    GRID,
    HOUSE,
    OTHER_FEED,
    OTHER_GRID,
    OTHER_HOUSE,
    differences,
    lost_request,
    uid,
)

# Kept work -----------------------------------------------------------------------------------


def test_a_rejected_edit_stays_shown_and_marked_until_its_author_withdraws_it(pair, server):
    anna, _ = pair
    reader = server.readers[anna.device]
    server.readers[anna.device] = replace(reader, role="handler")
    stamp = anna.edit(HOUSE, phone="2")
    assert anna.sync().outcomes == {"rejected": 1}
    assert anna.see(HOUSE, "phone") == "2"
    assert anna.marks(HOUSE) == {"phone": ("rejected",)}
    assert anna.client.status().kept == 1
    assert anna.replica.kept()[0].answer["problem"]["code"] == "not_allowed"
    assert anna.replica.withdraw(stamp)
    assert not anna.replica.withdraw(stamp)
    assert anna.see(HOUSE, "phone") == "1"
    server.readers[anna.device] = reader
    anna.edit(HOUSE, phone="3")
    assert anna.replica.waiting()[0].body["base"]["phone"] == anna.replica.base(HOUSE).head
    assert anna.sync().outcomes == {"applied": 1}


def test_another_field_is_edited_on_the_base_while_the_kept_value_itself_builds_on_it(pair, server):
    anna, _ = pair
    reader = server.readers[anna.device]
    server.readers[anna.device] = replace(reader, suspended=True)
    kept = anna.edit(HOUSE, phone="2", tags={"add": ["kept"]})
    assert anna.sync().outcomes == {"held": 1}
    server.readers[anna.device] = reader
    head = anna.replica.base(HOUSE).head
    anna.edit(HOUSE, householder="李四", tags={"add": ["new"]})
    anna.edit(HOUSE, phone="3", tags={"remove": ["kept"]})
    other, same = (entry.body["base"] for entry in anna.replica.waiting())
    assert other == {"*": head, "householder": head, "tags": head}
    assert same == {"*": head, "phone": kept, "tags": kept}
    report = anna.sync()
    assert report.outcomes == {"applied": 1, "held": 1}
    assert server.record(HOUSE).get("householder") == "李四"


def test_an_edit_does_not_fall_with_another_of_its_author_that_was_refused(pair, server):
    anna, _ = pair
    anna.edit(HOUSE, grid=OTHER_GRID)
    anna.edit(HOUSE, phone="2")
    assert anna.sync().outcomes == {"rejected": 1, "applied": 1}


def test_a_held_edit_is_settled_by_the_notice_that_it_was_handled(pair, server):
    anna, bo = pair
    lost = bo.edit(HOUSE, householder="李四")
    body = bo.replica.waiting()[0].body
    anna.sync()
    stamp = anna.edit(HOUSE, householder="王五")
    _rebase(anna, stamp, householder=lost)
    assert anna.sync().outcomes == {"held": 1}
    assert anna.replica.kept()[0].answer["needs"] == lost
    assert anna.marks(HOUSE) == {"householder": ("held",)}
    assert body["stamp"] == lost
    bo.sync()
    anna.sync()
    assert anna.replica.kept() == []
    assert anna.see(HOUSE, "householder") == "王五"
    assert anna.marks(HOUSE) == {}
    assert differences(anna, FEED) == []


def _rebase(tablet, stamp, **base):
    """Make a waiting operation build on something else, as a bundle from another tablet may."""
    with tablet.storage.write() as shelf:
        entry = shelf.entries([stamp])[stamp]
        body = {**entry.body, "base": {**entry.body["base"], **base}}
        shelf.save_entries([entry._replace(body=body)])


def test_work_on_a_kept_new_record_is_held_with_it_and_stays_shown(anna, server):
    anna.sync()
    reader = server.readers[anna.device]
    server.readers[anna.device] = replace(reader, suspended=True)
    created = anna.create(OTHER_HOUSE, phone="1")
    anna.sync()
    server.readers[anna.device] = reader
    anna.edit(OTHER_HOUSE, phone="2", householder="李四")
    assert anna.replica.waiting()[0].body["base"]["*"] == created
    assert anna.sync().outcomes == {"held": 1}
    assert anna.see(OTHER_HOUSE, "phone") == "2"
    assert anna.marks(OTHER_HOUSE)["*"] == ("held",)


# Feeds that end and begin --------------------------------------------------------------------


def test_a_reassigned_worker_hands_in_first_and_then_the_rows_go(pair, server):
    anna, bo = pair
    anna.edit(HOUSE, phone="2", householder="李四")
    server.now_ms += 1_000
    server.revoke(anna.device, FEED)
    report = anna.sync()
    assert report.exchanges[0].evicted == (FEED,)
    assert report.outcomes == {"applied": 1}
    assert anna.replica.view(HOUSE) is None
    assert FEED not in anna.replica.feeds()
    assert not _holds_anything(anna)
    bo.sync()
    assert bo.see(HOUSE, "householder") == "李四"


def test_rows_of_an_ended_feed_stay_while_work_waits(pair, server):
    anna, _ = pair
    anna.batch = 1
    anna.open()
    anna.edit(HOUSE, phone="2")
    anna.edit(HOUSE, phone="3")
    server.revoke(anna.device, FEED)
    anna.client.exchange()
    assert anna.see(HOUSE, "phone") == "3"
    assert FEED in anna.replica.begin(now_ms=anna.now_ms()).body["checkpoint"]
    assert anna.sync().outcomes == {"applied": 1}
    assert anna.replica.view(HOUSE) is None
    assert server.record(HOUSE).get("phone") == "3"


def _holds_anything(tablet) -> bool:
    with tablet.storage.read() as shelf:
        return bool(shelf.records("household"))


def test_a_feed_given_again_is_rebuilt_and_keeps_what_it_holds(pair, server):
    anna, bo = pair
    server.now_ms += 1
    server.revoke(anna.device, FEED)
    server.now_ms += 1
    server.grant(anna.device, FEED)
    bo.create(OTHER_HOUSE)
    bo.sync()
    report = anna.sync()
    assert report.next.step == "rest"
    assert not anna.replica.feeds()[FEED].resetting
    assert differences(anna, FEED) == []


def test_a_record_moved_between_two_grids_of_one_tablet_stays(server, anna):
    server.grant(anna.device, OTHER_FEED, generation="g1")
    anna.sync()
    server.change(HOUSE, {"grid": OTHER_GRID})
    anna.sync()
    assert anna.see(HOUSE, "grid") == OTHER_GRID
    assert differences(anna, FEED, OTHER_FEED) == []
    anna.edit(HOUSE, grid=GRID)
    anna.sync()
    assert differences(anna, FEED, OTHER_FEED) == []


def test_a_record_moved_away_goes_but_not_while_work_on_it_waits(pair, server):
    anna, _ = pair
    server.change(HOUSE, {"grid": OTHER_GRID})

    def busy(_link, through):
        anna.edit(HOUSE, phone="2")
        return through()

    anna.link.faults = [busy]
    anna.client.exchange()
    assert anna.see(HOUSE, "phone") == "2"
    anna.sync()
    assert anna.replica.base(HOUSE) is None
    assert not _holds_anything(anna)


def test_only_a_whole_new_set_drops_what_it_did_not_hold(server, anna):
    for number in range(10):
        server.change(uid(0x1000 + number), {"grid": GRID}, kind="create")
    anna.sync()
    old = server.backup(epoch="e2")
    gone = uid(0x2000)
    server.change(gone, {"grid": GRID}, kind="create")
    anna.sync()
    server.reinstall(old)
    anna.limit = 4
    anna.open().client.exchange()
    assert anna.replica.base(gone) is not None, "the new set is not whole yet"
    anna.open().client.exchange()
    assert anna.replica.feeds()[FEED].resetting
    assert anna.open().sync().next.step == "rest"
    assert anna.replica.base(gone) is None
    assert differences(anna, FEED) == []


def test_a_server_from_a_backup_gets_back_what_its_tablets_know(pair, server):
    anna, bo = pair
    old = server.backup(epoch="e2")
    anna.edit(HOUSE, householder="李四", visits={"add": 1})
    anna.create(OTHER_HOUSE, phone="9")
    anna.sync()
    bo.sync()
    server.reinstall(old)
    report = anna.sync()
    assert report.next.step == "rest"
    assert server.record(HOUSE).get("householder") == "李四"
    assert server.record(HOUSE).get("visits") == 3
    assert server.record(OTHER_HOUSE).get("phone") == "9"
    bo.sync()
    assert differences(anna, FEED) == differences(bo, FEED) == []


def test_a_record_made_again_after_a_restore_is_as_it_was_made_then(server, anna):
    anna.sync()
    old = server.backup(epoch="e2")
    anna.create(OTHER_HOUSE, phone="9")
    anna.sync()
    server.change(OTHER_HOUSE, {"phone": "10", "householder": "李四"})
    anna.sync()
    server.reinstall(old)
    assert anna.sync().next.step == "rest"
    assert server.record(OTHER_HOUSE).get("phone") == "9"
    assert anna.see(OTHER_HOUSE, "phone") == "9"
    assert anna.see(OTHER_HOUSE, "householder") is None
    assert differences(anna, FEED) == []


def test_a_record_moved_out_of_an_ended_feed_after_a_restore_comes_with_others_changes(
    pair, server
):
    anna, bo = pair
    server.grant(anna.device, OTHER_FEED)
    anna.sync()
    server.reinstall(server.backup(epoch="e2"))
    bo.edit(HOUSE, householder="李四")
    bo.sync()
    server.now_ms += 1_000
    server.revoke(anna.device, FEED)
    anna.create(OTHER_HOUSE, grid=OTHER_GRID)
    anna.edit(HOUSE, grid=OTHER_GRID)
    anna.client._batch = anna.client._batch_max = 1
    assert anna.sync().next.step == "rest"
    assert server.record(HOUSE).get("householder") == "李四"
    assert anna.see(HOUSE, "householder") == "李四"


def test_acknowledged_work_is_forgotten_after_thirty_days(anna, server):
    anna.sync()
    anna.edit(HOUSE, phone="2")
    anna.sync()
    server.now_ms += 29 * DAY_MS
    anna.sync()
    with anna.storage.read() as shelf:
        assert shelf.count("acknowledged") == 1
    server.now_ms += 2 * DAY_MS
    anna.sync()
    with anna.storage.read() as shelf:
        assert shelf.count("acknowledged") == 0


# Devices that may not read -------------------------------------------------------------------


def test_a_device_that_may_only_hand_in_changes_only_its_outbox(pair, server):
    anna, _ = pair
    server.readers[anna.device] = replace(server.readers[anna.device], hand_in_only=True)
    anna.edit(HOUSE, phone="2")
    report = anna.sync()
    assert (report.next.step, report.next.code) == ("stop", "hand_in_only")
    assert anna.replica.waiting() == []
    assert anna.replica.base(HOUSE).get("phone") == "1"


def test_work_on_a_record_that_moved_counts_though_its_feed_was_taken_and_given_back(pair, server):
    anna, _ = pair
    anna.edit(HOUSE, phone="2")
    server.now_ms += 1_000
    server.revoke(anna.device, FEED)
    server.now_ms += 1_000
    server.change(HOUSE, {"grid": OTHER_GRID})
    server.now_ms += 1_000
    server.grant(anna.device, FEED)
    report = anna.sync()
    assert report.outcomes == {"applied": 1}
    assert server.record(HOUSE).get("phone") == "2"
    assert anna.replica.base(HOUSE) is None


def test_a_restored_server_gets_back_what_a_device_knows_that_may_only_hand_in(pair, server):
    anna, _ = pair
    old = server.backup(epoch="e2")
    stamp = anna.edit(HOUSE, phone="2")
    anna.sync()
    server.reinstall(old)
    server.readers[anna.device] = replace(server.readers[anna.device], hand_in_only=True)
    anna.sync()
    with server.store.read() as snapshot:
        assert snapshot.operations([stamp])[stamp].outcome == "held"


def test_a_lost_tablet_is_wiped_whole(pair, server):
    anna, _ = pair
    anna.edit(HOUSE, phone="2")
    server.readers[anna.device] = replace(server.readers[anna.device], wipe=True)
    assert anna.sync().next.step == "wipe"
    assert anna.keyring.load() is None
    with anna.storage.read() as shelf:
        assert shelf.feeds() == {}
        assert shelf.records("household") == []
        assert shelf.in_state("waiting") == []
        assert shelf.meta("user") is None


def test_a_lost_tablet_hands_in_all_that_waits_before_it_is_wiped(pair, server):
    anna, _ = pair
    anna.client._batch = anna.client._batch_max = 2
    stamps = [anna.edit(HOUSE, phone=str(number)) for number in range(5)]
    server.readers[anna.device] = replace(server.readers[anna.device], wipe=True)
    report = anna.sync()
    assert [one.sent for one in report.exchanges] == [2, 2, 1]
    assert report.rows == 0, "it gets no records any more"
    assert report.next.step == "wipe"
    assert anna.keyring.load() is None
    with server.store.read() as snapshot:
        assert set(snapshot.operations(stamps)) == set(stamps)


def test_a_tablet_without_a_catalogue_fetches_it_first(server, anna):
    with anna.storage.write() as shelf:
        shelf.set_meta("catalogue", None)
        shelf.set_meta("etag", None)
    anna.open()
    assert anna.replica.catalogue.schema == 0
    anna.sync()
    assert anna.replica.catalogue.schema == CATALOGUE.schema
    assert anna.see(HOUSE, "householder") == "张三"


def test_the_server_is_told_how_much_waits(anna, server):
    anna.sync()
    anna.edit(HOUSE, phone="2")
    anna.link.faults = [lost_request]
    anna.sync()
    told = anna.link.log[-1][1]["status"]
    assert told == {"outbox": 1, "oldest_pending": server.now_ms}
    assert anna.link.log[-1][1]["device"] == anna.device
    assert anna.replica.user == ANNA


# Clocks --------------------------------------------------------------------------------------


def test_a_tablet_learns_how_wrong_its_clock_is_and_says_so_in_each_operation(anna, server):
    anna.clock_ahead_ms = 5 * 3_600_000
    anna.sync()
    anna.edit(HOUSE, phone="2", log="走访")
    (entry,) = anna.replica.waiting()
    assert entry.body["at"] == server.now_ms + anna.clock_ahead_ms
    assert entry.body["offset_ms"] == -anna.clock_ahead_ms
    anna.sync()
    assert anna.see(HOUSE, "log")[0][1] == server.now_ms


def test_a_stamp_never_goes_back_with_the_clock_or_a_restart(anna):
    anna.sync()
    anna.edit(HOUSE, phone="2")
    anna.clock_ahead_ms = -86_400_000
    anna.open()
    anna.edit(HOUSE, phone="3")
    first, second = (entry.stamp for entry in anna.replica.waiting())
    assert first < second
    anna.sync()
    assert anna.see(HOUSE, "phone") == "3"
