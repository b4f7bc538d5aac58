"""Work that another brings: applied once, by its author's rights, and only as it was signed."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from werkzeug.test import TestResponse

from server import bundles as taking
from sync import bundles
from sync.errors import Refusal
from sync.record import Record
from tests.server.office import Office, bearer, json_of
from tests.server.security.tablet import ELSEWHERE, GRID, Tablet, made, seen


class Signer(Tablet):
    """A tablet that enrolled with a key, and can put its work in a file."""

    key: Ed25519PrivateKey

    @classmethod
    def here(cls, office: Office, grid: str = GRID) -> Signer:
        key = Ed25519PrivateKey.from_private_bytes(bytes(32))
        user = office.user()
        office.grant(user, f"grid:{grid}")
        public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
        tablet = cls(office, user, office.enrol(user, key=public))
        tablet.key = key
        return tablet

    def request(self, *operations: Any, **changed: Any) -> dict[str, Any]:
        return {
            "protocol": 1, "device": self.told["device"], "user": self.user, "schema": 1,
            "sent_at": self.office.clock.now_ms, "operations": list(operations),
            "checkpoint": self.cursors, **changed,
        }  # fmt: skip

    def file(self, *operations: Any, **changed: Any) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(
            bundles.seal(self.request(*operations, **changed), self.key.sign)
        )
        return told


@pytest.fixture
def signer(office: Office) -> Signer:
    return Signer.here(office)


@pytest.fixture
def home(signer: Signer) -> Record:
    return made(signer.office, "household", grid=GRID, phone="1")


def bring(office: Office, told: Any, carrier: Tablet | None = None) -> TestResponse:
    carrier = carrier or Tablet.enrolled(office, f"grid:{ELSEWHERE}")
    return office.client.post("/sync/v1/bundle", json=told, headers=bearer(carrier.told["token"]))


def code_of(answer: TestResponse) -> str:
    return str(json_of(answer)["code"])


def phone(office: Office, home: Record) -> Any:
    return seen(office, home.id).get("phone")


def test_a_stranger_brings_a_bundle_and_its_origin_learns_the_outcome(any_office: Office):
    office, signer = any_office, Signer.here(any_office)
    home = made(office, "household", grid=GRID, phone="1")
    op = signer.op("edit", home, {"phone": "7"})
    answer = bring(office, signer.file(op))
    assert answer.status_code == 200, answer.data
    assert json_of(answer) == {"device": signer.told["device"], "operations": 1, "repeated": 0}
    assert phone(office, home) == "7"
    ack = signer.send(op)[0]
    assert (ack["outcome"], ack["repeated"]) == ("applied", True)


def test_a_bundle_counts_once_whoever_brings_it_and_however_often(signer: Signer, home: Record):
    office = signer.office
    op = signer.op("edit", home, {"visits": {"add": 1}})
    for repeated in (0, 1, 1):
        assert json_of(bring(office, signer.file(op)))["repeated"] == repeated
    signer.send(op)
    assert seen(office, home.id).get("visits") == 1


def test_a_bundle_brings_only_what_its_author_may_do(signer: Signer):
    office = signer.office
    elsewhere = made(office, "household", grid=ELSEWHERE, phone="1")
    carrier = Tablet.enrolled(office, f"grid:{ELSEWHERE}")
    answer = bring(office, signer.file(signer.op("edit", elsewhere, {"phone": "7"})), carrier)
    assert json_of(answer)["operations"] == 1
    assert phone(office, elsewhere) == "1"


def test_a_bundle_in_anothers_name_changes_nothing(signer: Signer, home: Record):
    office = signer.office
    carrier = Tablet.enrolled(office, f"grid:{GRID}")
    theirs = carrier.op("edit", home, {"phone": "7"})
    bring(office, signer.file(theirs))  # another device's stamp
    mine = signer.op("edit", home, {"phone": "8"})
    bring(office, signer.file({**mine, "actor": carrier.user}))
    assert phone(office, home) == "1"


def test_what_was_changed_on_the_way_is_refused_whole(signer: Signer, home: Record):
    office = signer.office
    told = signer.file(signer.op("edit", home, {"phone": "7"}))
    payload = told["payload"].replace('"phone":"7"', '"phone":"8"')
    assert payload != told["payload"]
    other = Ed25519PrivateKey.generate()
    again = base64.b64encode(other.sign(bundles.message(payload))).decode()
    plain = base64.b64encode(signer.key.sign(told["payload"].encode())).decode()
    for bad in (
        {**told, "payload": payload},
        {**told, "payload": told["payload"] + " "},
        {**told, "payload": payload, "signature": again},
        {**told, "signature": plain},
        {**told, "signature": base64.b64encode(bytes(64)).decode()},
        {**told, "signature": ""},
    ):
        answer = bring(office, bad)
        assert (answer.status_code, code_of(answer)) == (403, "bundle_forged"), bad
    assert phone(office, home) == "1"


def test_the_refusals_of_bundles_that_are_nobodys(signer: Signer, home: Record):
    office = signer.office
    op = signer.op("edit", home, {"phone": "7"})
    assert code_of(bring(office, {**signer.file(op), "signature": None})) == "bundle_unsigned"
    for device in ("00000000", "k7m2p9q4", "", "x" * 9, "\0" * 8):
        assert code_of(bring(office, signer.file(op, device=device))) == "bundle_unknown"
    without_key = Tablet.enrolled(office, f"grid:{GRID}")
    told = signer.file(op, device=without_key.told["device"])
    assert code_of(bring(office, told)) == "bundle_unsigned"
    assert office.client.post("/sync/v1/bundle", json=signer.file(op)).status_code == 401
    assert phone(office, home) == "1"


def test_a_revoked_devices_key_opens_nothing_and_a_suspended_ones_work_waits(
    signer: Signer, home: Record
):
    office, device = signer.office, signer.told["device"]
    told = signer.file(signer.op("edit", home, {"phone": "7"}))
    office.change_device(device, revoked=True)
    assert code_of(bring(office, told)) == "bundle_revoked"
    office.change_device(device, revoked=False, suspended=True)
    assert bring(office, told).status_code == 200
    assert phone(office, home) == "1"
    assert taking.take(office.served, told)[2:] == (1, 1, 1)


def test_two_copies_of_a_tablet_cannot_both_use_one_stamp(signer: Signer, home: Record):
    office = signer.office
    op = signer.op("edit", home, {"phone": "7"})
    bring(office, signer.file(op))
    copied = {**op, "fields": {"phone": "8"}}
    assert taking.take(office.served, signer.file(copied)).held == 1
    assert phone(office, home) == "7"


@pytest.mark.parametrize(
    "told",
    [
        [], {}, {"bundle": 2}, {"bundle": 1, "payload": 7}, {"bundle": 1, "payload": "{"},
        {"bundle": 1, "payload": "\ud800"}, {"bundle": 1, "payload": "[" * 100},
        {"bundle": 1, "payload": "[]"}, {"bundle": 1, "payload": '{"protocol":1}'},
    ],
)  # fmt: skip
def test_what_is_no_bundle_is_refused_in_words(office: Office, told: Any):
    answer = bring(office, told)
    assert answer.status_code in (400, 404), answer.data
    assert json_of(answer)["code"] in ("bad_request", "not_json", "too_deep", "bundle_unknown")


def test_a_bundle_that_is_too_large_is_refused_before_it_is_read(office: Office):
    signer = Signer.here(office)
    answer = bring(office, {"bundle": 1, "payload": "x" * taking.LIMIT_BYTES})
    assert (answer.status_code, code_of(answer)) == (413, "too_large")
    answer = bring(office, signer.file(*[{}] * 5_001))
    assert (answer.status_code, code_of(answer)) == (413, "too_many_operations")


def test_trying_forgeries_is_stopped(office: Office):
    carrier = Tablet.enrolled(office)
    answers = [bring(office, {}, carrier).status_code for _ in range(31)]
    assert answers == [400] * 30 + [429]


def test_what_nobody_signed_is_held_for_a_persons_look(signer: Signer, home: Record):
    office = signer.office
    op = signer.op("edit", home, {"phone": "7"})
    plain = json.loads(bundles.seal(signer.request(op), None))
    taken = taking.take_unsigned(office.served, plain)
    assert taken[2:] == (1, 0, 1)
    assert phone(office, home) == "1"
    assert office.served.door.release(op["stamp"]).outcome == "applied"
    assert phone(office, home) == "7"
    assert signer.send(op)[0]["outcome"] == "applied"
    with pytest.raises(Refusal, match="bundle_unknown"):
        taking.take_unsigned(
            office.served,
            json.loads(bundles.seal({**signer.request(), "device": "00000000"}, None)),
        )


@pytest.mark.parametrize("key", ["", "AAAA", "nonsense", 7, "A" * 44])
def test_a_key_that_is_none_burns_no_code(office: Office, key: Any):
    code = office.code(office.user())
    answer = office.client.post("/sync/v1/enrol", json={"code": code, "nonce": "n", "key": key})
    assert (answer.status_code, json_of(answer).get("pointer")) == (400, "/key")
    assert (
        office.client.post("/sync/v1/enrol", json={"code": code, "nonce": "n"}).status_code == 200
    )
