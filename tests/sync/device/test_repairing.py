"""Repair: a copy that differs is made right, bucket by bucket, and nothing is wiped."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sync.answer import AnswerError
from sync.buckets import bucket_of, read_buckets
from sync.catalogue import Catalogue
from sync.errors import Refusal
from sync.exchange import Exchange
from sync.mending import Mending, read_mending
from sync.replica import StaleAnswer
from tests.sync.device.village import (
    FEED,
    OTHER_FEED,
    cut_after,
    differences,
    lost_request,
    portal,
    refused,
    uid,
)

COUNT = 40


@pytest.fixture
def filled(anna, server):
    """A tablet that is up to date with forty households."""
    for number in range(COUNT):
        server.change(uid(0x1000 + number), {"grid": FEED[5:]}, kind="create")
    anna.sync()
    assert differences(anna, FEED) == []
    return anna


def damage(tablet, *, rows=(), lost=(), extra=()):
    """What a bug or a broken card may do: other heads, lost rows, members too many."""
    with tablet.storage.write() as shelf:
        known = shelf.rows([*rows, *lost])
        shelf.save_rows(
            known[one]._replace(row=[known[one].row[0], "wrong", *known[one].row[2:]])
            for one in rows
        )
        shelf.leave(FEED, list(lost))
        shelf.drop_rows(list(lost))
        some = shelf.rows(shelf.members(FEED)[:1])
        for one in extra:
            (like,) = some.values()
            shelf.save_rows([like._replace(record=one, row=[one, *like.row[1:]])])
            shelf.join(FEED, [one], round_=0)
        feed = shelf.feeds()[FEED]
        shelf.save_feed(feed._replace(sum=feed.sum + 1))


def repairs(tablet):
    return [asked for path, asked in tablet.link.log if path == "/sync/v1/repair"]


def test_a_copy_that_is_right_is_not_repaired(filled):
    filled.sync()
    assert repairs(filled) == []


def test_rows_that_differ_are_missing_or_are_too_many_are_put_right(filled, server):
    ids = [uid(0x1000 + number) for number in range(COUNT)]
    damage(filled, rows=ids[:2], lost=ids[2:4], extra=[uid(0x2000)])
    report = filled.sync()
    assert differences(filled, FEED) == []
    assert report.exchanges[-1].repaired == 1 and filled.replica.meta("repairs") == 1
    assert filled.replica.base(uid(0x2000)) is None
    filled.link.log.clear()
    filled.sync()
    assert repairs(filled) == []


def test_only_the_buckets_that_differ_are_sent(filled):
    one = uid(0x1000)
    damage(filled, rows=[one])
    report = filled.sync()
    bucket = bucket_of(one)
    assert report.rows == sum(bucket_of(uid(0x1000 + n)) == bucket for n in range(COUNT))


def test_a_wrong_sum_alone_is_put_right_without_a_request(filled):
    with filled.storage.write() as shelf:
        shelf.save_feed(shelf.feeds()[FEED]._replace(live=1, sum=1))
    filled.sync()
    assert repairs(filled) == []


def test_what_waits_is_neither_lost_nor_in_the_way(filled, server):
    one, other = uid(0x1000), uid(0x2000)
    damage(filled, rows=[one], extra=[other])
    with filled.storage.write() as shelf:
        last = shelf.feeds()[FEED]
    mending = Mending(filled.replica, FEED)
    filled.edit(one, phone="9")
    filled.edit(other, phone="8")
    for line in server.repair(mending.request(), filled.device).splitlines():
        mending.take(read_mending(line))
    assert mending.whole and mending.mended
    assert [entry.record for entry in filled.replica.waiting()] == [one, other]
    assert filled.see(one, "phone") == "9"
    assert filled.see(other, "phone") == "8", "its row waits for the work on it"
    assert filled.replica.feeds()[FEED].cursor == last.cursor
    filled.sync()
    assert server.record(one).get("phone") == "9"
    assert differences(filled, FEED) == []
    assert filled.replica.kept()[0].record == other


@pytest.mark.parametrize(
    "fault", [lost_request, portal, cut_after(300), cut_after(1_500), refused("hand_in_only")]
)
def test_a_repair_that_fails_leaves_no_feed_worse_and_is_tried_again(filled, fault):
    ids = [uid(0x1000 + number) for number in range(COUNT)]
    damage(filled, rows=ids[:5])
    before = len(differences(filled, FEED))
    filled.link.piece, filled.link.faults = 100, [None, fault]
    assert filled.sync().next.step == "rest"
    assert len(differences(filled, FEED)) <= before
    filled.sync()
    assert differences(filled, FEED) == []


def test_a_repair_during_which_an_exchange_was_begun_is_dropped(filled, server):
    damage(filled, rows=[uid(0x1000)])
    mending = Mending(filled.replica, FEED)
    lines = server.repair(mending.request(), filled.device).splitlines()
    filled.replica.begin(now_ms=filled.now_ms())
    mending.take(read_mending(lines[0]))
    with pytest.raises(StaleAnswer):
        mending.take(read_mending(lines[1]))


def test_a_page_of_another_feed_is_no_part_of_a_repair(filled):
    page = {"feed": OTHER_FEED, "cursor": None, "put": []}
    with pytest.raises(AnswerError):
        Mending(filled.replica, FEED).take(read_mending(json.dumps({"page": page}).encode()))


@pytest.mark.parametrize(
    "line",
    [b"", b"[]", b"7", b'{"bucket": {}}', b'{"bucket": {"id": "00", "records": 1}}',
     b'{"done": 1}', b'{"hello": {"protocol": 1, "schema": 1, "epoch": "e", "now": 1}}',
     b'{"nonsense": 1}'],
)  # fmt: skip
def test_what_is_no_line_of_a_repair_is_told_so(line):
    with pytest.raises(AnswerError):
        read_mending(line)


def test_nobody_repairs_what_they_do_not_read(filled, server):
    with pytest.raises(Refusal) as refusal:
        server.repair({"feed": OTHER_FEED, "buckets": {}}, filled.device)
    assert refusal.value.problem.code == "not_found"


def test_who_may_only_hand_in_repairs_nothing(filled, server):
    server.readers[filled.device] = replace(server.readers[filled.device], hand_in_only=True)
    with pytest.raises(Refusal) as refusal:
        server.repair({"feed": FEED, "buckets": {}}, filled.device)
    assert refusal.value.problem.code == "hand_in_only"


def test_an_app_that_is_too_old_to_read_repairs_nothing(filled, server):
    catalogue = Catalogue(*server.catalogue, schema=3, oldest=2)
    server.exchange = Exchange(catalogue, server.store, server.authority)
    for told in ({}, {"schema": 1}):
        with pytest.raises(Refusal) as refusal:
            server.repair({**told, "feed": FEED, "buckets": {}}, filled.device)
        assert refusal.value.problem.code == "device_too_old"
    asked = Mending(filled.replica, FEED).request()
    assert asked["schema"] == 3 and server.repair(asked, filled.device)


def test_a_feed_that_never_held_anything_is_repaired_to_nothing(filled, server):
    server.grant(filled.device, OTHER_FEED)
    answer = server.repair({"feed": OTHER_FEED, "buckets": {"00": [1, 5]}}, filled.device)
    lines = [json.loads(line) for line in answer.splitlines()]
    assert lines == [
        {"bucket": {"id": "00", "records": []}},
        {"done": {"digests": {OTHER_FEED: [0, 0]}}},
    ]


def test_a_bucket_that_was_emptied_here_comes_back_whole(filled, server):
    answer = server.repair({"feed": FEED, "buckets": {}}, filled.device)
    lines = [json.loads(line) for line in answer.splitlines()]
    told = [one for line in lines if "bucket" in line for one in line["bucket"]["records"]]
    assert set(told) == set(server.live(FEED)) and all(
        page["page"]["cursor"] is None for page in lines if "page" in page
    )
    assert lines[-1]["done"]["digests"][FEED][0] == len(told)


@pytest.mark.parametrize(
    "buckets", [None, [], {"0": [1, 1]}, {"FF": [1, 1]}, {"00": 1}, {"00": [1]}, {"00": [1, -1]},
                {"00": [True, 1]}, {"00": [1, 1 << 60]}],
)  # fmt: skip
def test_what_are_no_buckets_are_refused(buckets):
    with pytest.raises(Refusal) as refusal:
        read_buckets(buckets)
    assert refusal.value.problem.code == "bad_request"
