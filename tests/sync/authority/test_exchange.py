"""Feeds, cursors and scope: what is sent, to whom, once, and never to anybody else."""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

import pytest

from sync import exchange as module
from sync.authority import Safeguards
from sync.catalogue import Catalogue
from sync.errors import Refusal
from sync.feeds import Cursor, Grant
from sync.scope import GRACE_MS


def uid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012x}"


GRID, OTHER_GRID, ANNA, BO, ADMIN = uid(0xA1), uid(0xA2), uid(0xB1), uid(0xB2), uid(0xB9)
FEED, OTHER_FEED = f"grid:{GRID}", f"grid:{OTHER_GRID}"


def edit(device, house, fields, *, base=None, **more):
    seen = base or device.created
    return device.op("edit", house, fields, {"*": seen, **dict.fromkeys(fields, seen)}, **more)


def houses(device, count, *, start=100, grid=GRID):
    return [device.op("create", uid(start + n), {"grid": grid}) for n in range(count)]


# What is sent --------------------------------------------------------------------------------


def test_what_a_device_can_compute_is_not_echoed_but_its_cursor_moves(anna, house):
    anna.send(edit(anna, house, {"phone": "2"}))
    assert anna.rows() == {}
    assert [page["feed"] for page in anna.pages] == [FEED]
    anna.send()
    assert anna.pages == []


def test_a_row_is_echoed_if_the_device_had_not_seen_the_one_before(anna, bo, house):
    anna.send(edit(anna, house, {"householder": "李四"}))
    bo.send(edit(bo, house, {"phone": "2"}))
    assert bo.rows()[house]["householder"] == "李四"


def test_a_repeated_operation_suppresses_nothing(anna, house):
    before = dict(anna.cursors)
    change = edit(anna, house, {"phone": "2"})
    anna.send(change)
    anna.cursors = before
    anna.send(change)
    assert anna.rows()[house]["phone"] == "2"


def test_what_changed_a_hundred_times_is_sent_once(anna, bo, house):
    seen = anna.created
    for number in range(100):
        change = edit(anna, house, {"householder": str(number)}, base=seen)
        anna.send(change)
        seen = change["stamp"]
    bo.send()
    assert [row["householder"] for row in bo.rows().values()] == ["99"]


def test_digests_count_live_records_of_unchanged_and_empty_feeds_too(anna, house):
    anna.send()
    digests = anna.done["digests"]
    part = crc32(house.encode()) * crc32(anna.created.encode()) % (1 << 48)
    assert digests[FEED] == [1, part] and digests["shared"] == [0, 0]


def test_a_limit_is_kept_over_all_feeds_and_resuming_gives_the_rest(anna, bo):
    anna.send(*houses(anna, 7))
    seen = set()
    for _ in range(4):
        bo.send(limit=2)
        rows = bo.rows()
        assert len(rows) <= 2 and not seen & rows.keys()
        seen |= rows.keys()
        assert (FEED in bo.done["digests"]) == (not bo.done["more"])
    assert len(seen) == 7 and not bo.done["more"]


def test_pages_end_at_500_records_or_256_kb(anna, bo, monkeypatch):
    anna.send(*houses(anna, 1_001))
    bo.send()
    sizes = [sum(len(g["rows"]) for g in page["put"]) for page in bo.pages if page["put"]]
    assert sizes == [500, 500, 1]
    monkeypatch.setattr(module, "PAGE_BYTES_MAX", 1_000)
    fresh = anna.county.device(BO)
    fresh.send()
    assert all(sum(len(g["rows"]) for g in page["put"]) < 10 for page in fresh.pages)


def test_every_page_has_a_cursor_from_which_the_rest_comes(anna, bo, monkeypatch):
    monkeypatch.setattr(module, "PAGE_RECORDS_MAX", 2)
    anna.send(*houses(anna, 7))
    bo.send(checkpoint={})
    pages = [page for page in bo.pages if page["feed"] == FEED]
    for place, page in enumerate(pages[:-1]):
        bo.send(checkpoint={**bo.cursors, FEED: page["cursor"]})
        left = [row[0] for later in pages[place + 1 :] for g in later["put"] for row in g["rows"]]
        assert list(bo.rows()) == left


def test_a_new_feed_that_is_empty_gets_one_empty_page(county):
    anna = county.device(ANNA)
    anna.send()
    assert [page["feed"] for page in anna.pages] == ["shared", f"person:{ANNA}", FEED]
    assert anna.hello["feeds"] == ["shared", f"person:{ANNA}", FEED]
    assert anna.hello["reset"] == [] and set(anna.done["digests"]) == set(anna.hello["feeds"])


# Cursors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        17,
        None,
        "a.b.c",
        "e1.g1.zz.89dbfc01",
        Cursor(FEED, "other", "g1", 1).text(),
        Cursor(FEED, "e1", "g0", 1).text(),
        Cursor("grid:other", "e1", "g1", 1).text(),
        Cursor(FEED, "e1", "g1", 99).text(),
    ],
)
def test_a_cursor_that_is_not_of_this_feed_and_history_resets_it(anna, bo, house, cursor):
    bo.send(checkpoint={**bo.cursors, FEED: cursor})
    assert bo.hello["reset"] == [FEED] and house in bo.rows()


def test_a_reset_sends_live_records_only_and_no_quiet_rows(anna, house):
    anna.send(anna.op("create", uid(8), {"grid": GRID}))
    gone = county_head(anna, uid(8))
    anna.send(anna.op("delete", uid(8), base={"*": gone}))
    anna.send(edit(anna, house, {"phone": "2"}), checkpoint={FEED: "nonsense"})
    assert list(anna.rows()) == [house]
    assert all(page["deleted"] == {} for page in anna.pages)


def county_head(device, record):
    return device.county.record(record).head


# Scope ---------------------------------------------------------------------------------------


def test_what_was_never_in_scope_can_be_neither_read_nor_written(county, anna, house):
    eve = county.device(uid(0xBE), grid=OTHER_GRID)
    eve.created = anna.created
    ack = eve.send(edit(eve, house, {"phone": "6"}))[0]
    assert ack["outcome"] == "rejected" and ack["problem"]["code"] == "out_of_scope"
    assert "fields" not in ack and ack["head"] is None and eve.rows() == {}
    made = eve.send(eve.op("create", uid(9), {"grid": GRID}))[0]
    assert made["problem"]["code"] == "out_of_scope" and county.record(uid(9)) is None


def test_without_its_safeguard_a_stranger_gets_through(make_county):
    county = make_county(Safeguards(scope=False))
    eve = county.device(uid(0xBE), grid=OTHER_GRID)
    assert eve.send(eve.op("create", uid(9), {"grid": GRID}))[0]["outcome"] == "applied"


def test_nobody_moves_a_record_to_where_they_may_not_write(county, anna, house):
    ack = anna.send(edit(anna, house, {"grid": OTHER_GRID, "phone": "2"}))[0]
    assert ack["problem"]["pointer"] == "/fields/grid"
    assert county.record(house).get("phone") == "1"


def test_a_role_that_the_catalogue_does_not_name_writes_nothing(county, house):
    reader = county.device(BO, role="visitor")
    reader.created = county.record(house).head
    assert reader.send(edit(reader, house, {"phone": "2"}))[0]["problem"]["code"] == "not_allowed"


def test_the_device_in_the_body_is_the_one_of_the_token(county, anna):
    anna.reader = replace(anna.reader, device="zzzzzzzz")
    request = module.read_request({"protocol": 1, "device": "aaaaaaaa"})
    with pytest.raises(Refusal, match="not_your_device"):
        county.exchange.answer(request, anna.reader, now_ms=1)


def test_a_move_is_left_in_one_feed_and_put_in_the_other(county, anna, bo, house):
    bo.grants(Grant(OTHER_FEED, "g1", 0))
    bo.cursors = {}
    bo.send()
    admin = county.device(ADMIN, role="administrator")
    admin.grants(Grant(FEED, "g1", 0), Grant(OTHER_FEED, "g1", 0))
    admin.created = anna.created
    assert admin.send(edit(admin, house, {"grid": OTHER_GRID}))[0]["outcome"] == "applied"
    anna.send()
    bo.send()
    assert [page["left"] for page in anna.pages] == [[house]]
    assert bo.rows()[house]["grid"] == OTHER_GRID
    assert anna.done["digests"][FEED] == [0, 0] and bo.done["digests"][OTHER_FEED][0] == 1


def test_a_record_that_moved_away_unseen_still_takes_the_work_done_on_it(county, anna, house):
    admin = county.device(ADMIN, role="administrator")
    admin.grants(Grant(FEED, "g1", 0), Grant(OTHER_FEED, "g1", 0))
    admin.created = anna.created
    admin.send(edit(admin, house, {"grid": OTHER_GRID}))
    ack = anna.send(edit(anna, house, {"phone": "2"}))[0]
    assert ack["outcome"] == "applied" and ack["feeds"] == []
    assert county.record(house).get("phone") == "2"
    late = anna.send(edit(anna, house, {"phone": "3"}, base=county.record(house).version("phone")))
    assert late[0]["outcome"] == "held" and late[0]["problem"]["code"] == "review"


def reassign(device, *, until):
    device.grants(Grant(FEED, "g1", 0, until), Grant(OTHER_FEED, "g1", 0))


def test_a_reassigned_worker_hands_in_first_and_then_loses_the_records(county, anna, house):
    before = edit(anna, house, {"phone": "2"})
    county.now_ms += 10_000
    reassign(anna, until=county.now_ms)
    county.now_ms += 10_000
    after = edit(anna, house, {"householder": "李四"})
    acks = anna.send(before, after)
    assert [ack["outcome"] for ack in acks] == ["applied", "applied"]
    assert all(ack["feeds"] == [] and "fields" not in ack for ack in acks)
    assert anna.hello["evicted"] == [FEED] and anna.rows() == {}
    assert not county.operation(before["stamp"]).late and county.operation(after["stamp"]).late
    again = anna.send(edit(anna, house, {"phone": "4"}))[0]
    assert again["outcome"] == "held" and again["problem"]["code"] == "review"


def test_a_concurrent_value_is_not_told_to_who_may_no_longer_read_it(county, anna, bo, house):
    bo.send(edit(bo, house, {"householder": "秘密"}))
    reassign(anna, until=county.now_ms - 1)
    ack = anna.send(edit(anna, house, {"householder": "李四"}))[0]
    assert ack["outcome"] == "conflict" and "fields" not in ack and ack["head"] is None


def test_thirty_days_after_the_revocation_work_waits_for_review(county, anna, house):
    reassign(anna, until=county.now_ms)
    county.now_ms += GRACE_MS + 1
    assert anna.send(edit(anna, house, {"phone": "2"}))[0]["problem"]["code"] == "review"


def test_granted_again_between_two_exchanges_starts_over(county, anna, house):
    anna.grants(Grant(FEED, "g1", 0, 5), Grant(FEED, "g2", 6))
    anna.send()
    assert anna.hello["reset"] == [FEED] and house in anna.rows()


def test_without_its_safeguard_nobody_is_told_to_let_go(make_county):
    county = make_county(Safeguards(eviction=False))
    anna = county.device(ANNA)
    anna.send()
    anna.grants()
    anna.send()
    assert anna.hello["evicted"] == []


def test_a_device_that_may_only_hand_in_gets_no_pages(county, anna, house):
    anna.reader = replace(anna.reader, hand_in_only=True)
    ack = anna.send(edit(anna, house, {"phone": "2"}))[0]
    assert ack["outcome"] == "held" and anna.hello["feeds"] is None
    assert anna.hello["problem"]["code"] == "hand_in_only" and anna.pages == []


def test_a_device_that_is_too_old_to_read_can_hand_in(county, anna, house):
    catalogue = Catalogue(*county.store._catalogue, schema=2, oldest=2)
    county.exchange = module.Exchange(catalogue, county.store, county.authority)
    assert anna.send(edit(anna, house, {"phone": "2"}))[0]["outcome"] == "applied"
    assert anna.hello["problem"]["code"] == "device_too_old" and anna.hello["feeds"] is None


def test_every_device_is_told_after_how_many_days_it_shows_no_more_records(county, anna, house):
    anna.send()
    assert "lease_days" not in anna.hello
    county.exchange = module.Exchange(
        county.store._catalogue, county.store, county.authority, lease_days=14
    )
    anna.send()
    assert anna.hello["lease_days"] == 14
    anna.reader = replace(anna.reader, hand_in_only=True)
    anna.send()
    assert anna.hello["lease_days"] == 14


def test_held_work_is_released_within_the_scope_that_its_author_had(county, anna, bo):
    parent = anna.op("create", uid(5), {"grid": OTHER_GRID})
    blind = bo.op("edit", uid(5), {"phone": "2"}, {"*": parent["stamp"], "phone": None})
    assert bo.send(blind)[0]["outcome"] == "held"
    anna.grants(Grant(OTHER_FEED, "g1", 0))
    assert anna.send(parent)[0]["outcome"] == "applied"
    assert county.record(uid(5)).get("phone") is None
    assert county.operation(blind["stamp"]).outcome == "rejected"


def test_an_empty_new_feed_after_the_limit_is_used_up_is_still_told_of(anna, bo):
    anna.send(*houses(anna, 2))
    bo.grants(Grant(FEED, "g1", 0), Grant(OTHER_FEED, "g1", 0))
    bo.send(limit=2, checkpoint={})
    assert OTHER_FEED in [page["feed"] for page in bo.pages] and not bo.done["more"]


def test_a_device_that_starts_over_hears_of_the_end_of_what_it_was_just_told_of(county, anna, bo):
    create = anna.op("create", uid(8), {"grid": GRID})
    anna.send(create)
    gone = anna.op("delete", uid(8), base={"*": create["stamp"]})
    bo.send(checkpoint={})
    anna.send(gone, checkpoint={})
    assert [page["deleted"] for page in anna.pages if page["feed"] == FEED] == [
        {uid(8): gone["stamp"]}
    ]


def test_the_row_of_a_resolved_record_is_always_sent(county, anna, bo, house):
    anna.send(edit(anna, house, {"householder": "李四"}))
    mine = edit(bo, house, {"householder": "王五"})
    bo.send(mine)
    admin = county.device(ADMIN, role="administrator")
    admin.send()
    admin.send(
        admin.op("resolve", house, {"householder": "赵"}, {"*": None}, conflict=mine["stamp"])
    )
    assert admin.rows()[house]["c"] is None


def test_a_first_sync_in_many_answers_ends_though_much_was_purged(county, anna):
    """What lies below the purged part is read once, not again with every answer."""
    for number in range(6):
        anna.send(anna.op("create", uid(100 + number), {"grid": GRID}))
    gone = anna.op("create", uid(200), {"grid": GRID})
    anna.send(gone, anna.op("delete", uid(200), {}, {"*": gone["stamp"]}))
    with county.store.write() as tx:
        tx.mark_feeds(10)
        assert tx.compact(before_ms=10) == 1
    fresh, got, answers = county.device(uid(0xC1)), set(), 0
    while answers == 0 or fresh.done["more"]:
        assert answers < 10
        fresh.send(limit=2)
        assert fresh.hello["reset"] == []
        got |= set(fresh.rows())
        answers += 1
    assert got == {uid(100 + number) for number in range(6)}
    assert fresh.cursors[FEED] == Cursor(FEED, "e1", "g1", 7).text()


def test_what_is_purged_after_a_first_sync_began_makes_it_begin_anew(county, anna):
    for number in range(6):
        anna.send(anna.op("create", uid(100 + number), {"grid": GRID}))
    fresh = county.device(uid(0xC1))
    fresh.send(limit=2)
    head = county.record(uid(100)).head
    anna.send(anna.op("delete", uid(100), {}, {"*": head}))
    with county.store.write() as tx:
        tx.mark_feeds(10)
        assert tx.compact(before_ms=10) == 1
    fresh.send(limit=2)
    assert fresh.hello["reset"] == [FEED]
