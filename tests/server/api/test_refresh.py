"""Refresh: tokens are renewed over bad networks, and a copied one is noticed."""

from __future__ import annotations

import pytest

from server.accounts.renewal import ACCESS_MS, REFRESH_MS
from tests.server.office import Office, bearer, json_of


def refresh(office: Office, token: str, nonce: str) -> tuple[int, dict]:
    answer = office.client.post("/sync/v1/refresh", json={"refresh": token, "nonce": nonce})
    return answer.status_code, json_of(answer)


def use(office: Office, token: str) -> str:
    answer = office.client.get("/sync/v1/catalogue", headers=bearer(token))
    return "ok" if answer.status_code == 200 else json_of(answer)["code"]


def test_a_refresh_token_gives_new_tokens_and_the_old_ones_work_until_those_are_used(
    any_office: Office,
):
    office = any_office
    old = office.enrol(office.user())
    office.clock.pass_ms(1_000)
    status, new = refresh(office, old["refresh"], "n")
    assert status == 200
    assert new.keys() == {"token", "expires_at", "refresh"}
    assert use(office, old["token"]) == "ok"
    assert use(office, new["token"]) == "ok"
    assert use(office, old["token"]) == "token_expired"
    assert use(office, new["token"]) == "ok"


def test_the_same_refresh_token_and_nonce_answer_the_same_before_and_after_use(office: Office):
    old = office.enrol(office.user())
    new = refresh(office, old["refresh"], "n")
    office.clock.pass_ms(5_000)
    assert refresh(office, old["refresh"], "n") == new
    assert use(office, new[1]["token"]) == "ok"
    assert refresh(office, old["refresh"], "n") == new
    assert not office.device(old["device"]).hand_in_only


def test_a_lost_answer_is_had_again_after_weeks_when_its_access_token_has_gone(office: Office):
    old = office.enrol(office.user())
    refresh(office, old["refresh"], "n")
    office.clock.pass_ms(40 * 86_400_000)
    # Another refresh clears away what ended long ago.
    assert refresh(office, old["refresh"], "m")[0] == 200
    status, new = refresh(office, old["refresh"], "n")
    assert status == 200
    assert use(office, new["token"]) == "ok"


def test_a_device_that_lost_answer_and_nonce_asks_again_with_another(office: Office):
    old = office.enrol(office.user())
    _, lost = refresh(office, old["refresh"], "forgotten")
    office.clock.pass_ms(1)
    status, new = refresh(office, old["refresh"], "second")
    assert status == 200
    assert new["token"] != lost["token"]
    assert use(office, new["token"]) == "ok"
    assert use(office, lost["token"]) == "token_expired"
    assert not office.device(old["device"]).hand_in_only


def test_a_late_first_use_does_not_retire_a_refresh_that_is_under_way(office: Office):
    old = office.enrol(office.user())
    office.clock.pass_ms(1_000)
    _, second = refresh(office, old["refresh"], "a")
    office.clock.pass_ms(1_000)
    _, third = refresh(office, second["refresh"], "b")
    assert use(office, second["token"]) == "ok"
    assert use(office, third["token"]) == "ok"
    assert refresh(office, third["refresh"], "c")[0] == 200
    assert not office.device(old["device"]).hand_in_only


def test_an_old_refresh_token_with_another_nonce_lets_the_device_only_hand_in(office: Office):
    old = office.enrol(office.user())
    _, new = refresh(office, old["refresh"], "n")
    use(office, new["token"])
    status, copied = refresh(office, old["refresh"], "of a copy")
    assert status == 200
    device = old["device"]
    assert office.device(device).hand_in_only
    assert office.audited()[-1] == "refresh_reused"
    # Both can hand in: nobody knows yet which is the worker's, and no work may be lost.
    assert use(office, copied["token"]) == use(office, new["token"]) == "ok"
    hello = office.client.post(
        "/sync/v1/exchange",
        json={"protocol": 1, "device": device, "sent_at": office.clock.now_ms},
        headers=bearer(copied["token"]),
    )
    assert b'"hand_in_only"' in hello.data
    assert b'"page"' not in hello.data


def test_an_expired_access_token_says_so_and_the_refresh_token_still_works(office: Office):
    told = office.enrol(office.user())
    office.clock.pass_ms(ACCESS_MS)
    assert use(office, told["token"]) == "token_expired"
    status, new = refresh(office, told["refresh"], "n")
    assert status == 200
    assert use(office, new["token"]) == "ok"


def test_a_refresh_token_is_good_for_as_long_as_tombstones_live(office: Office):
    told = office.enrol(office.user())
    office.clock.pass_ms(REFRESH_MS - 1)
    assert refresh(office, told["refresh"], "n")[0] == 200
    office.clock.pass_ms(1)
    assert refresh(office, told["refresh"], "n")[1]["code"] == "refresh_unknown"


@pytest.mark.parametrize("kind", ["token", "unknown", "revoked"])
def test_what_is_no_live_refresh_token_is_refused(office: Office, kind: str):
    told = office.enrol(office.user())
    if kind == "revoked":
        office.change_device(told["device"], revoked=True)
    sent = {"token": told["token"], "unknown": "ybr_x", "revoked": told["refresh"]}[kind]
    status, problem = refresh(office, sent, "n")
    assert (status, problem["code"]) == (401, "refresh_unknown")


def test_refreshing_for_years_keeps_few_tokens(office: Office):
    told = office.enrol(office.user())
    token = told["refresh"]
    for n in range(100):
        office.clock.pass_ms(ACCESS_MS)
        _, new = refresh(office, token, str(n))
        use(office, new["token"])
        token = new["refresh"]
    with office.served.store.engine.connect() as connection:
        counts: dict[str, int] = {}
        for (kind,) in connection.exec_driver_sql("SELECT kind FROM device_token"):
            counts[kind] = counts.get(kind, 0) + 1
    assert counts["access"] <= 6
    assert counts["refresh"] <= 63
