"""Rate limits: one attacker does not lock the county out, and nobody makes up new addresses."""

from __future__ import annotations

import pytest

from server.settings import Settings, SettingsError, load_settings
from tests.server.office import SECRET, Office, open_office


def refused(office: Office, forwarded: str) -> int:
    """A wrong code, sent through a proxy that was told it comes from ``forwarded``."""
    asked = {"code": "K7M2-P9Q4-X3F8", "nonce": "n"}
    return office.client.post(
        "/sync/v1/enrol", json=asked, headers={"X-Forwarded-For": forwarded}
    ).status_code


def behind(proxies: str) -> Office:
    return open_office(Settings(database_url="sqlite://", secret=SECRET, proxies=proxies))


def test_behind_a_proxy_who_guesses_codes_locks_out_nobody_else() -> None:
    office = behind("1")
    assert [refused(office, "203.0.113.7") for _ in range(21)][-1] == 429
    assert refused(office, "203.0.113.8") == 403
    office.served.store.close()


@pytest.mark.parametrize(("proxies", "told"), [("0", "{}"), ("1", "{}, 203.0.113.9")])
def test_nobody_makes_up_addresses_to_guess_on(proxies: str, told: str) -> None:
    office = behind(proxies)
    answers = [refused(office, told.format(f"198.51.100.{n}")) for n in range(21)]
    assert answers[-1] == 429
    office.served.store.close()


def test_a_number_of_proxies_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="proxies"):
        load_settings({"YUANBA_PROXIES": "all"})
