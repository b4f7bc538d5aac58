"""The catalogue and the versions, as a device asks for them."""

from __future__ import annotations

import pytest

from server.records import CATALOGUE
from tests.server.office import Office, bearer, json_of


def test_the_versions_are_told_to_anybody(office: Office):
    answer = office.client.get("/sync/v1/")
    assert answer.json == {
        "protocols": [1],
        "schemas": list(range(1, CATALOGUE.schema + 1)),
        "now": office.clock.now_ms,
    }


def test_the_catalogue_is_told_to_devices_and_not_again_while_it_is_the_same(office: Office):
    token = bearer(office.enrol(office.user())["token"])
    answer = office.client.get("/sync/v1/catalogue", headers=token)
    assert answer.json == CATALOGUE.describe()
    etag = answer.headers["ETag"]
    again = office.client.get("/sync/v1/catalogue", headers={**token, "If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    other = office.client.get("/sync/v1/catalogue", headers={**token, "If-None-Match": '"x"'})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({}, "no_token"),
        ({"Authorization": "Basic eDp5"}, "no_token"),
        ({"Authorization": "Bearer "}, "no_token"),
        (bearer("yba_unknown"), "token_unknown"),
    ],
)
def test_strangers_get_no_catalogue(office: Office, header: dict[str, str], code: str):
    answer = office.client.get("/sync/v1/catalogue", headers=header)
    assert (answer.status_code, json_of(answer)["code"]) == (401, code)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
