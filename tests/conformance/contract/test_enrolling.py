"""Enrolment, tokens and the catalogue: what a device needs before its first exchange."""

import pytest

from tests.conformance.contract.device import of_kind
from tests.conformance.contract.wire import ProblemError

ENROL, REFRESH, CATALOGUE = "/sync/v1/enrol", "/sync/v1/refresh", "/sync/v1/catalogue"
POLICIES = {
    *("ask", "latest", "text", "set", "sum", "highest", "lowest", "append", "workflow", "once")
}


def refused(send, *arguments, **named):
    with pytest.raises(ProblemError) as problem:
        send(*arguments, **named)
    return problem.value.status, problem.value.code


def enrolling(code, nonce):
    return {"code": code, "nonce": nonce, "name": "tablet", "platform": "test"}


def test_a_code_enrols_one_device_and_answers_the_same_for_the_same_nonce(office, crew):
    code = office.code_for(crew.li.user)
    first = office.wire.send("POST", ENROL, enrolling(code, "one")).json()
    again = office.wire.send("POST", ENROL, enrolling(code, "one")).json()
    assert set(first) == {"device", "user", "token", "expires_at", "refresh", "now"}
    assert first["user"] == crew.li.user
    assert len(first["device"]) == 8 and not set("ilou") & set(first["device"])
    assert {**first, "now": 0} == {**again, "now": 0}
    assert refused(office.wire.send, "POST", ENROL, enrolling(code, "two")) == (403, "code_unknown")


def test_an_invented_code_is_refused(office):
    body = enrolling("AAAA-BBBB-CCCC", "one")
    assert refused(office.wire.send, "POST", ENROL, body) == (403, "code_unknown")


def test_a_refresh_answers_the_same_and_the_old_token_works_until_the_new_is_used(office, crew):
    tablet = crew.tablet(crew.li.user)
    old = tablet.token
    body = {"refresh": tablet.enrolled["refresh"], "nonce": "one"}
    new = office.wire.send("POST", REFRESH, body).json()
    assert set(new) == {"token", "expires_at", "refresh"}
    assert office.wire.send("POST", REFRESH, body).json() == new
    tablet.sync()
    tablet.token = new["token"]
    tablet.sync()
    tablet.token = old
    assert refused(tablet.exchange)[0] == 401
    chained = {"refresh": new["refresh"], "nonce": "two"}
    tablet.token = office.wire.send("POST", REFRESH, chained).json()["token"]
    tablet.sync()


def test_a_refresh_token_used_twice_leaves_a_device_that_only_hands_in(office, crew):
    tablet = crew.tablet(crew.li.user)
    refresh = tablet.enrolled["refresh"]
    first = office.wire.send("POST", REFRESH, {"refresh": refresh, "nonce": "one"}).json()
    tablet.token = first["token"]
    tablet.sync()
    office.wire.send("POST", REFRESH, {"refresh": refresh, "nonce": "a thief's"})
    tablet.create("household", grid=crew.grid)
    lines = tablet.exchange()
    hello = lines[0]["hello"]
    assert hello["feeds"] is None and hello["problem"]["code"] == "hand_in_only"
    assert [ack["stamp"] for ack in of_kind(lines, "ack")] == [*tablet.acks]
    assert not [*of_kind(lines, "page")]


def test_an_unknown_refresh_token_is_refused(office):
    body = {"refresh": "nobody's", "nonce": "one"}
    assert refused(office.wire.send, "POST", REFRESH, body) == (401, "refresh_unknown")


def test_the_catalogue_says_each_field_with_its_policy_and_its_labels(crew):
    catalogue = crew.li.replica.catalogue
    fields = [field for each in catalogue["types"].values() for field in each["fields"]]
    assert {field["policy"] for field in fields} == POLICIES
    assert all(field["label"]["zh"] and field["label"]["en"] for field in fields)
    assert all(
        {"feeds", "identity", "who", "workflow"} <= set(t) for t in catalogue["types"].values()
    )


def test_a_catalogue_that_the_device_has_is_not_sent_again(office, crew):
    whole = office.wire.send("GET", CATALOGUE, token=crew.li.token)
    known = {"If-None-Match": whole.headers["etag"]}
    again = office.wire.send("GET", CATALOGUE, token=crew.li.token, headers=known)
    assert (again.status, again.body) == (304, b"")
    other = {"If-None-Match": '"another"'}
    assert office.wire.send("GET", CATALOGUE, token=crew.li.token, headers=other).status == 200


def test_the_versions_served_are_told_without_a_token(office):
    told = office.wire.send("GET", "/sync/v1/").json()
    assert 1 in told["protocols"] and told["schemas"] and told["now"] > 0
