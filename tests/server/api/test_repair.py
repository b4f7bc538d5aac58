"""The repair door over HTTP: what differs is sent, counted, and shown to an administrator."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.server.api.test_exchange import GRID, Tablet
from tests.server.office import bearer

FEED = f"grid:{GRID}"


def ask(tablet, told, **more):
    body = {"device": tablet.device, "feed": FEED, "buckets": told, **more}
    headers = {**bearer(tablet.token), "Accept-Encoding": "gzip"}
    return tablet.office.client.post("/sync/v1/repair", json=body, headers=headers)


def test_what_differs_is_sent_and_counted(any_office):
    tablet = Tablet(any_office)
    create = tablet.op("create", {"grid": GRID, "phone": "139"})
    tablet.send(create)
    answer = ask(tablet, {})
    lines = [json.loads(line) for line in gzip.decompress(answer.data).splitlines()]
    page, bucket, done = lines
    assert page["page"]["cursor"] is None
    assert [row[0] for row in page["page"]["put"][0]["rows"]] == bucket["bucket"]["records"]
    ((count, total),) = [done["done"]["digests"][FEED]]
    device = any_office.device(tablet.device)
    assert (count, device.repairs, device.repaired_at) == (1, 1, any_office.clock.now_ms)
    plain = ask(tablet, {bucket["bucket"]["id"]: [count, total]})
    assert gzip.decompress(plain.data).splitlines() == [
        json.dumps(done, separators=(",", ":")).encode()
    ]
    assert any_office.device(tablet.device).repairs == 1


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"device": "aaaaaaaa"}, "not_your_device"),
        ({"feed": "grid:of somebody else"}, "not_found"),
        ({"feed": None}, "bad_request"),
        ({"buckets": {"00": 1}}, "bad_request"),
    ],
)
def test_what_cannot_be_repaired_is_refused(office, more, code):
    assert ask(Tablet(office), {}, **more).json["code"] == code


def test_an_app_that_is_too_old_to_read_is_told_to_be_updated(office, monkeypatch):
    tablet = Tablet(office)
    monkeypatch.setattr(office.served.catalogue, "oldest", 2)
    for more in ({}, {"schema": 1}):
        answer = ask(tablet, {}, **more)
        assert (answer.status_code, answer.json["code"]) == (400, "device_too_old")
    assert ask(tablet, {}, schema=2).status_code == 200
    assert ask(tablet, {}, schema="2").json["code"] == "bad_request"


def test_without_gzip_the_answer_is_plain_and_without_a_token_there_is_none(office):
    tablet = Tablet(office)
    body = {"device": tablet.device, "feed": FEED, "buckets": {}}
    answer = office.client.post("/sync/v1/repair", json=body, headers=bearer(tablet.token))
    assert json.loads(answer.data) == {"done": {"digests": {FEED: [0, 0]}}}
    assert office.client.post("/sync/v1/repair", json=body).json["code"] == "no_token"
