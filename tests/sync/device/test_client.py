"""The client does what can be done without a person, and says plainly what is left."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest

from sync.client import Credentials, MemoryKeyring, enrol
from sync.errors import Refusal
from sync.replica import Replica
from sync.replica_memory import MemoryStorage
from sync.stamps import wall_of
from sync.transport import Refused, Reply, Unreachable, unpacked
from tests.sync.device.village import (
    ANNA,
    BO,
    DAY_MS,
    FEED,
    HOUSE,
    NOON,
    cut_after,
    differences,
    document,
    lost_answer,
    lost_request,
    portal,
    refused,
)


def test_an_expired_token_is_refreshed_once_and_the_request_repeated(anna):
    anna.link.faults = [refused("token_expired")]
    assert anna.sync().next.step == "rest"
    paths = [path for path, _ in anna.link.log]
    assert paths == ["/sync/v1/exchange", "/sync/v1/refresh", "/sync/v1/exchange"]


def test_a_token_about_to_end_is_refreshed_before_it_does(anna, server):
    anna.sync()
    server.now_ms = NOON + 30 * DAY_MS - 1_000
    anna.link.log.clear()
    anna.sync()
    assert anna.link.log[0][0] == "/sync/v1/refresh"


def test_a_clock_that_is_not_known_yet_ends_no_token(anna):
    anna.clock_ahead_ms = 90 * DAY_MS
    anna.sync()
    assert anna.link.log[0][0] == "/sync/v1/exchange"


def test_a_refresh_whose_answer_was_lost_is_repeated_with_the_same_nonce(anna):
    anna.link.faults = [refused("token_expired"), lost_answer]
    assert anna.sync().next.step == "wait"
    anna.open()
    anna.link.faults = [refused("token_expired")]
    assert anna.sync().next.step == "rest"
    nonces = [asked["nonce"] for path, asked in anna.link.log if path == "/sync/v1/refresh"]
    assert nonces == [nonces[0], nonces[0]]
    assert anna.keyring.load().nonce is None


def test_a_token_that_stays_expired_is_not_refreshed_for_ever(anna):
    anna.link.faults = [refused("token_expired"), None, refused("token_expired")]
    assert anna.sync().next.step == "refresh"


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        (refused("token_unknown"), "enrol"),
        (refused("unsupported_protocol"), "update"),
        (refused("bad_request"), "stop"),
        (refused("server_error"), "wait"),
        (portal, "wait"),
        (lost_request, "wait"),
    ],
)
def test_what_cannot_be_done_here_is_said_and_nothing_is_lost(anna, fault, step):
    anna.sync()
    anna.edit(HOUSE, phone="2")
    anna.link.faults = [fault]
    assert anna.sync().next.step == step
    assert len(anna.replica.waiting()) == 1
    anna.sync()
    assert differences(anna, FEED) == []


def test_waits_grow_while_nothing_comes_and_start_anew_after_success(anna):
    waits = []
    for _ in range(3):
        anna.link.faults = [lost_request]
        waits.append(anna.sync().next.wait_ms)
    assert waits == sorted(set(waits))
    anna.sync()
    anna.link.faults = [lost_request]
    assert anna.sync().next.wait_ms == waits[0]


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(anna):
    anna.link.faults = [refused("busy", retry_after_s=120)]
    found = anna.sync().next
    assert (found.step, found.code, found.wait_ms) == ("wait", "busy", 120_000)


def test_a_request_that_is_too_large_goes_in_halves(anna):
    anna.sync()
    for number in range(4):
        anna.edit(HOUSE, phone=str(number))
    anna.link.faults = [refused("too_large")]
    anna.batch = 4
    report = anna.open().sync()
    assert [one.sent for one in report.exchanges] == [4, 2, 2]
    assert report.next.step == "rest"


def test_a_single_operation_that_is_too_large_stops(anna):
    anna.sync()
    anna.edit(HOUSE, phone="2")
    anna.batch = 1
    anna.open().link.faults = [refused("too_large")]
    found = anna.sync().next
    assert (found.step, found.code) == ("stop", "too_large")


def test_the_status_never_says_that_all_is_handed_in_when_it_is_not(anna):
    assert anna.client.status().what == "new"
    anna.sync()
    anna.edit(HOUSE, phone="2")
    said = anna.client.status()
    assert (said.what, said.waiting, said.oldest_ms) == ("saved", 1, NOON)
    seen = []

    def look(_link, through):
        seen.append(anna.client.status().what)
        return through()

    anna.link.faults = [look]
    anna.sync()
    said = anna.client.status()
    assert seen == ["sending"]
    assert (said.what, said.waiting, said.handed_in_ms) == ("handed_in", 0, NOON)


def test_a_cut_answer_is_no_handing_in(anna):
    anna.link.faults = [cut_after(200)]
    anna.sync()
    assert anna.client.status().what == "new"


def test_the_bytes_of_an_exchange_are_counted_both_ways(anna):
    anna.link.packed = True
    report = anna.sync()
    assert report.bytes_up > 100
    assert 100 < report.bytes_down < 2_000
    assert report.rows == 1


def test_a_large_request_is_packed(anna, server):
    anna.sync()
    for number in range(20):
        anna.edit(HOUSE, phone=str(number))
    seen = {}

    carried = anna.link.request

    def request(method, path, headers, body):
        seen.update(headers, size=len(body), plain=len(gzip.decompress(body)))
        return carried(method, path, headers, body)

    anna.link.request = request
    anna.sync()
    assert seen["content-encoding"] == "gzip"
    assert seen["size"] * 3 < seen["plain"]
    assert server.record(HOUSE).get("phone") == "19"


def test_a_newer_schema_is_learned_with_the_next_exchange(anna, server):
    anna.sync()
    with anna.storage.write() as shelf:
        shelf.set_meta("etag", "v2")
        shelf.set_meta("schema", 4)
    anna.link.log.clear()
    anna.sync()
    assert anna.link.log[0][0] == "/sync/v1/catalogue"
    assert anna.replica.meta("etag") == "v3"
    anna.link.log.clear()
    with anna.storage.write() as shelf:
        shelf.set_meta("schema", 4)
    anna.sync()
    assert [path for path, _ in anna.link.log] == ["/sync/v1/catalogue", "/sync/v1/exchange"]


def test_a_catalogue_that_cannot_be_had_is_waited_for(anna):
    with anna.storage.write() as shelf:
        shelf.set_meta("schema", 4)
    anna.link.faults = [lost_request]
    report = anna.sync()
    assert (report.exchanges, report.next.step) == ([], "wait")


def test_without_credentials_a_device_must_be_enrolled(anna):
    anna.keyring.save(None)
    assert anna.sync().next.step == "enrol"


# Enrolment -----------------------------------------------------------------------------------

TOLD = {
    "device": "k7m2p9q4", "user": ANNA, "token": "t", "expires_at": 5, "refresh": "r", "now": 1,
}  # fmt: skip


class Office:
    """Answers one request as told."""

    def __init__(self, reply):
        self.reply = reply

    def request(self, method, path, headers, body):
        self.asked = (method, path, json.loads(body))
        return self.reply


def test_a_code_becomes_credentials():
    office = Office(document(TOLD))
    made = enrol(
        office, code="c", nonce="n", name="平板", platform="test", replaces="aaaaaaaa", key="k"
    )
    assert made == Credentials("k7m2p9q4", ANNA, "t", 5, "r")
    asked = {
        "code": "c", "nonce": "n", "name": "平板", "platform": "test", "replaces": "aaaaaaaa",
        "key": "k",
    }  # fmt: skip
    assert office.asked == ("POST", "/sync/v1/enrol", asked)


def test_a_wrong_code_is_definite_and_a_hotels_page_is_not():
    told = {"code": "code_unknown", "definite": True, "title": "No."}
    for body, definite in ((json.dumps(told).encode(), True), (b"<html>", False), (b"[]", False)):
        with pytest.raises(Refused) as refusal:
            enrol(Office(Reply(403, {"retry-after": "7"}, iter([body]))), **CODE)
        assert refusal.value.definite is definite
        assert refusal.value.retry_after_s == 7.0


CODE = {"code": "c", "nonce": "n", "name": "", "platform": ""}


def test_an_enrolment_answered_by_a_page_may_have_happened():
    with pytest.raises(Refused) as refusal:
        enrol(Office(Reply(200, {}, iter([b"<html>"]))), **CODE)
    assert refusal.value.code is None


def test_a_packed_body_that_does_not_unpack_is_no_answer():
    with pytest.raises(Unreachable):
        list(unpacked(Reply(200, {"content-encoding": "gzip"}, iter([b"not gzip"]))))


def test_the_transport_is_told_when_an_answer_is_not_wanted_any_more(anna, server):
    closed = []

    def endless(_link, through):
        def body():
            try:
                yield from through().body
                while True:
                    yield b"{}\n"
            finally:
                closed.append(True)

        return Reply(200, {}, body())

    anna.link.faults = [endless]
    anna.sync()
    assert closed == [True]


# Replicas ------------------------------------------------------------------------------------


def test_a_replica_cannot_be_opened_before_it_is_enrolled_nor_given_to_somebody_else():
    storage = MemoryStorage()
    with pytest.raises(Refusal):
        Replica(storage, incarnation="aaaa")
    Replica.enrol(storage, device="k7m2p9q4", user=ANNA)
    Replica.enrol(storage, device="k7m2p9q5", user=ANNA)
    assert Replica(storage, incarnation="aaaa").device == "k7m2p9q5"
    with pytest.raises(Refusal):
        Replica.enrol(storage, device="k7m2p9q4", user=BO)


@pytest.mark.parametrize("keeps", [False, True], ids=["nothing is kept", "something is kept"])
def test_a_new_device_counts_by_its_clock_again_unless_it_keeps_own_work(anna, server, keeps):
    year_ms = 365 * DAY_MS
    anna.sync()
    anna.clock_ahead_ms = year_ms
    anna.edit(HOUSE, phone="2")
    anna.clock_ahead_ms = 0
    assert anna.sync().outcomes == {"held": 1}
    if not keeps:
        (kept,) = anna.replica.kept()
        assert anna.replica.withdraw(kept.stamp)
    for device in ("annaann2", "annaann2"):  # Also if the answer to the first was lost.
        Replica.enrol(anna.storage, device=device, user=ANNA)
    stamp = anna.open().edit(HOUSE, householder="李四")
    assert (wall_of(stamp) > server.now_ms + year_ms - DAY_MS) is keeps
    second = anna.edit(HOUSE, phone="3")
    Replica.enrol(anna.storage, device="annaann2", user=ANNA)
    assert anna.open().edit(HOUSE, householder="王五") > second > stamp


def test_a_tablet_that_replaces_another_hands_in_what_the_first_had(anna, server):
    anna.sync()
    anna.edit(HOUSE, phone="2")
    Replica.enrol(anna.storage, device="annaann2", user=ANNA)
    reader = server.readers["annaannb"]
    server.readers["annaann2"] = replace(
        reader, device="annaann2", former_devices=frozenset({"annaannb"})
    )
    anna.keyring = MemoryKeyring(replace(anna.keyring.load(), device="annaann2", token="annaann2"))
    anna.open()
    anna.edit(HOUSE, householder="李四")
    assert anna.sync().outcomes == {"applied": 2}
    assert differences(anna, FEED) == []
