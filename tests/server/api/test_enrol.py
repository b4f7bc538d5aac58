"""Enrolment: a code becomes one device, however often the answer is lost."""

from __future__ import annotations

import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.accounts.enrolment import CODE_MS
from sync.stamps import is_device
from tests.server.office import SECRET, Office, bearer, json_of


def asks(office: Office, **body: object) -> tuple[int, dict]:
    answer = office.client.post("/sync/v1/enrol", json=body)
    return answer.status_code, json_of(answer)


def test_a_code_becomes_a_device_with_tokens_that_work(office: Office):
    user = office.user()
    told = office.enrol(user, name="平板", platform="Android 14")
    assert told.keys() == {"device", "user", "token", "expires_at", "refresh", "now"}
    assert is_device(told["device"])
    assert told["user"] == user
    assert told["now"] == office.clock.now_ms < told["expires_at"]
    device = office.device(told["device"])
    assert (device.name, device.platform, device.user) == ("平板", "Android 14", user)
    answer = office.client.get("/sync/v1/catalogue", headers=bearer(told["token"]))
    assert answer.status_code == 200
    assert office.audited() == ["code_issued", "device_enrolled"]


def test_the_same_code_and_nonce_answer_the_same_and_make_one_device(office: Office):
    body = {"code": office.code(office.user()), "nonce": "n", "name": "a", "platform": "b"}
    _, first = asks(office, **body)
    office.clock.pass_ms(CODE_MS - 1)
    status, again = asks(office, **body)
    assert status == 200
    assert again == {**first, "now": office.clock.now_ms}
    assert office.audited().count("device_enrolled") == 1


def test_another_nonce_finds_the_code_burnt(office: Office):
    code = office.code(office.user())
    asks(office, code=code, nonce="mine", name="", platform="")
    status, problem = asks(office, code=code, nonce="yours", name="", platform="")
    assert (status, problem["code"], problem["definite"]) == (403, "code_unknown", True)


def test_two_requests_with_one_code_at_once_make_one_device(any_office: Office):
    code = any_office.code(any_office.user())
    bodies = [{"code": code, "nonce": nonce} for nonce in ("a", "b", "a", "b", "a", "b")]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda body: asks(any_office, **body), bodies))
    given = [told["token"] for status, told in answers if status == 200]
    assert len(given) == 3
    assert len(set(given)) == 1
    assert {told["code"] for status, told in answers if status != 200} == {"code_unknown"}


def test_a_code_lives_a_quarter_of_an_hour_used_or_not(office: Office):
    user = office.user()
    unused, used = office.code(user), office.code(user)
    asks(office, code=used, nonce="n")
    office.clock.pass_ms(CODE_MS)
    for code in (unused, used):
        status, problem = asks(office, code=code, nonce="n")
        assert (status, problem["code"]) == (403, "code_unknown")


def test_a_code_may_be_typed_as_people_type(office: Office):
    code = office.code(office.user())
    typed = f" {code[:4].upper()}-{code[4:8]} {code[8:].replace('0', 'O').replace('1', 'l')}"
    assert asks(office, code=typed, nonce="n")[0] == 200


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"nonce": None}, "/nonce"),
        ({"nonce": ""}, "/nonce"),
        ({"nonce": "n" * 201}, "/nonce"),
        ({"code": 7}, "/code"),
        ({"name": ["x"]}, "/name"),
        ({"name": "\ud800"}, "/name"),
        ({"platform": "\0"}, "/platform"),
        ({"replaces": "srv00000"}, "/replaces"),
        ({"replaces": "nonsense"}, "/replaces"),
    ],
)
def test_a_request_that_lacks_something_burns_no_code(
    office: Office, change: dict[str, object], pointer: str
):
    good = {"code": office.code(office.user()), "nonce": "n", "name": "a", "platform": "b"}
    status, problem = asks(office, **{**good, **change})
    assert (status, problem["code"], problem["pointer"]) == (400, "bad_request", pointer)
    assert asks(office, **good)[0] == 200


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"null", b"{", b"x" * 20_000])
def test_a_body_that_is_no_small_object_is_refused(office: Office, body: bytes):
    answer = office.client.post("/sync/v1/enrol", data=body)
    assert answer.status_code in (400, 413)
    assert answer.content_type == "application/problem+json"


def test_a_former_device_is_remembered_but_not_believed_yet(office: Office):
    user = office.user()
    old = office.enrol(user)["device"]
    new = office.device(office.enrol(user, replaces=old)["device"])
    assert new.replaces == old
    assert not new.replaces_confirmed
    assert new.former == ""


def test_device_ids_are_never_a_servers(office: Office):
    user = office.user()
    ids = [office.enrol(user)["device"] for _ in range(20)]
    assert len(set(ids)) == 20
    assert not any(one.startswith("srv") for one in ids)


def test_guessing_codes_is_stopped_and_honest_enrolment_is_not(office: Office):
    user = office.user()
    for _ in range(30):
        office.enrol(user)
    answers = [
        office.client.post("/sync/v1/enrol", json={"code": f"guess{n}", "nonce": "n"})
        for n in range(21)
    ]
    assert [one.status_code for one in answers] == [403] * 20 + [429]
    last = answers[-1]
    assert json_of(last)["code"] == "too_many_requests"
    assert json_of(last)["definite"] is False
    assert last.headers["Retry-After"] == str(json_of(last)["retry_after_s"]) == "60"


def test_no_secret_is_in_the_database_or_in_a_log(office: Office, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    code = office.code(office.user())
    told = asks(office, code=code, nonce="a nonce of mine", name="", platform="")[1]
    renewed = json_of(
        office.client.post(
            "/sync/v1/refresh", json={"refresh": told["refresh"], "nonce": "another nonce"}
        )
    )
    office.client.get("/sync/v1/catalogue", headers=bearer(renewed["token"]))
    office.client.get("/sync/v1/catalogue", headers=bearer(told["token"] + "x"))
    raw = office.served.store.engine.raw_connection()
    assert isinstance(raw.driver_connection, sqlite3.Connection)
    dump = "\n".join(raw.driver_connection.iterdump())
    raw.close()
    secrets = [code, told["token"], told["refresh"], renewed["token"], renewed["refresh"], SECRET]
    for secret in [*secrets, "a nonce of mine", "another nonce"]:
        assert secret not in dump
        assert secret not in caplog.text
