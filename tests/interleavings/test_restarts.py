"""A database that was restarted: whoever comes first is told to repeat, or notices nothing."""

from __future__ import annotations

import psycopg
import pytest

from server.settings import Settings
from tests.server.console.browser import Browser, words_of
from tests.server.console.county import build
from tests.server.office import SECRET, bearer, open_office


@pytest.fixture
def url(postgres):
    return postgres.engine.url.render_as_string(hide_password=False)


@pytest.fixture
def office(url):
    opened = open_office(Settings(database_url=url, secret=SECRET))
    yield opened
    opened.served.store.close()


def restart(url: str) -> None:
    """End every connection to a database, as a restart does."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_read_that_meets_a_restart_is_a_problem_that_passes(office, url):
    tablet = office.enrol(office.user())
    body = {"protocol": 1, "device": tablet["device"]}
    asks = [
        lambda: office.client.post("/sync/v1/exchange", json=body, headers=bearer(tablet["token"])),
        lambda: office.client.get("/sync/v1/catalogue", headers=bearer(tablet["token"])),
    ]
    for ask in asks:
        assert ask().status_code == 200
        restart(url)
        refused = ask()
        assert (refused.status_code, refused.json["code"]) == (503, "busy")
        assert ask().status_code == 200


def test_a_page_of_the_console_that_meets_a_restart_says_so_and_works_again(postgres_url, tmp_path):
    county = build(Settings(database_url=postgres_url, data_dir=tmp_path, secret=SECRET), doors=1)
    admin = Browser(county, "admin")
    assert admin.get("/devices").status_code == 200
    restart(postgres_url)
    met = admin.get("/devices")
    assert (met.status_code, "The server is busy." in words_of(met)) == (503, True)
    assert admin.get("/devices").status_code == 200
    county.services.store.close()


def test_a_refresh_that_meets_a_restart_is_repeated_here_and_its_tablet_notices_nothing(
    office, url
):
    tablet = office.enrol(office.user())
    restart(url)
    body = {"refresh": tablet["refresh"], "nonce": "n"}
    assert office.client.post("/sync/v1/refresh", json=body).status_code == 200


def test_a_change_of_the_office_that_meets_a_restart_is_repeated_here(office, url):
    office.user()
    restart(url)
    office.user()
