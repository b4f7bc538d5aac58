"""The page that erases: says what it reaches and that there is no way back, asks twice."""

from __future__ import annotations

from tests.server.console.browser import Browser, words_of
from tests.server.console.county import County


def test_an_administrator_erases_a_resident_with_a_purpose(county: County, admin: Browser) -> None:
    resident = county.ids["home1-0"]
    name = county.record("home1-0").get("name")
    page = admin.text(f"/records/{resident}/erase")
    assert "There is no way back" in page
    for fields, wrong in (
        ({"purpose": "", "sure": "yes"}, "for what purpose"),
        ({"purpose": "asked by letter"}, "cannot be undone"),
    ):
        said = words_of(admin.post(f"/records/{resident}/erase", **fields))
        assert wrong in said
        assert county.record("home1-0").get("name") == name
    answer = admin.post(
        f"/records/{resident}/erase", purpose="asked by letter", sure="yes", reach="related"
    )
    said = admin.follow(answer)
    assert "Erased in" in said
    assert "erased personal data" in said and "What it said was erased." in said
    assert name not in said
    assert county.record("home1-0-restricted").get("citizen_id") is None
    assert county.record("home1-0").get("name") != name


def test_nobody_else_erases(county: County) -> None:
    for who in ("dispatcher", "staff"):
        browser = Browser(county, who)
        path = f"/records/{county.ids['home1-0']}/erase"
        assert browser.get(path).status_code == 403
        assert browser.post(path, purpose="because", sure="yes").status_code == 403
