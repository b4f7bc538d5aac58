"""An outbox as files: complete, in order, signed, and nothing changed by making them."""

from __future__ import annotations

import base64
import json

import pytest

from sync import bundles
from sync.errors import Refusal
from sync.outbox import Draft
from tests.sync.device.village import HOUSE, NOON


def opened(files):
    return [json.loads(bundles.read(json.loads(one)).payload) for one in files]


def edit(tablet, *phones):
    return [tablet.replica.edit(HOUSE, {"phone": one}, now_ms=NOON) for one in phones]


def test_a_bundle_is_the_request_that_the_tablet_would_have_sent(pair):
    anna, _ = pair
    stamps = edit(anna, "7", "8")
    (told,) = opened(anna.replica.bundles(now_ms=NOON, sign=None))
    request = anna.replica.begin(now_ms=NOON)
    assert {name: request.body[name] for name in told if name != "user"} == {
        name: told[name] for name in told if name != "user"
    }
    assert told["user"] == anna.replica.user
    assert [one["stamp"] for one in told["operations"]] == stamps


def test_making_a_bundle_changes_nothing_and_what_was_handed_in_is_not_in_it(pair):
    anna, _ = pair
    edit(anna, "7")
    before = anna.replica.counts()
    assert anna.replica.bundles(now_ms=NOON, sign=None) == anna.replica.bundles(
        now_ms=NOON, sign=None
    )
    assert anna.replica.counts() == before
    anna.sync()
    assert anna.replica.bundles(now_ms=NOON, sign=None) == []


def test_a_long_outbox_makes_several_files_and_parts_no_group(pair):
    anna, _ = pair
    edit(anna, "7")
    drafts = [Draft("edit", "household", HOUSE, {"visits": {"add": n}}) for n in (1, 2, 3)]
    anna.replica.make(drafts, now_ms=NOON, group="g")
    edit(anna, "8", "9")
    told = opened(anna.replica.bundles(now_ms=NOON, sign=None, batch=2))
    assert [len(one["operations"]) for one in told] == [1, 3, 2]
    stamps = [op["stamp"] for one in told for op in one["operations"]]
    assert stamps == sorted(stamps)


def test_the_signature_is_over_the_payload_as_it_stands_in_the_file(pair):
    anna, _ = pair
    edit(anna, "张")
    signed = []

    def sign(message):
        signed.append(message)
        return b"s" * 64

    (file,) = anna.replica.bundles(now_ms=NOON, sign=sign)
    found = bundles.read(json.loads(file))
    assert (
        signed
        == [bundles.message(found.payload)]
        == [b"yuanba bundle 1\n" + found.payload.encode()]
    )
    assert found.signature == b"s" * 64


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {},
        {"bundle": 2, "payload": "{}"},
        {"bundle": 1, "payload": {}},
        {"bundle": 1, "payload": "{}", "signature": 7},
        {"bundle": 1, "payload": "{}", "signature": "?"},
        {"bundle": 1, "payload": "{}", "signature": "张"},
    ],
)
def test_what_is_no_bundle_is_refused(told):
    with pytest.raises(Refusal) as refused:
        bundles.read(told)
    assert refused.value.problem.code == "bad_request"


def test_a_key_is_kept_in_its_one_form():
    told = base64.b64encode(bytes(range(32))).decode()
    assert bundles.read_key(told) == told


@pytest.mark.parametrize("told", [None, 7, "", "AAAA", base64.b64encode(bytes(33)).decode(), "张"])
def test_what_is_no_key_is_none(told):
    assert bundles.read_key(told) is None
