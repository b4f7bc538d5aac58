"""Every address of the console, asked for by everybody, about what is none of their business."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.server.console.browser import Browser, words_of
from tests.server.console.county import NOW_MS, County

OPEN = {"console.asset", "console.help_page", "tablet.tablet_file"}
SENT = {
    "purpose": "visit",
    "words": "because",
    "room": "999",
    "was.room": '"1"',
    "choice.householder": "device",
}


def far(county: County) -> str:
    """The name of a household in another street than the dispatcher's."""
    homes = [name for name in county.ids if name.startswith("home") and "-" not in name]
    return next(one for one in homes if county.record(one).get("grid") == county.ids["grid31"])


def elsewhere(county: County) -> dict[str, list[str]]:
    """By the name of an address's part: ids in another street, or of restricted facts at home."""
    tablet, home = county.tablets["first"], county.record(far(county))
    everywhere = type(tablet.scope)(
        user=tablet.user, role="grid_worker", reads=None, device=tablet.scope.device
    )
    tablet.scope = everywhere
    edits = [tablet.draft(home, "edit", {"householder": one}, at=NOW_MS) for one in "甲乙"]
    assert [ack.outcome for ack in tablet.hand_in(*edits)] == ["applied", "conflict"]
    held = tablet.draft(home, "edit", {"room": "7"}, at=NOW_MS)
    held["group"] = {"id": "g", "of": 2}
    assert tablet.hand_in(held)[0].outcome == "held"
    records = [far(county), f"{far(county)}-0", "home1-0-restricted", "worker1", "admin"]
    with county.services.store.read() as snapshot:
        made = [snapshot.history(county.ids[one])[-1].stamp for one in records]
    return {
        "household_id": [home.id],
        "record_id": [county.ids[one] for one in records] + ["nonsense", "0" * 36],
        "conflict_id": [edits[1]["stamp"], "nonsense"],
        "stamp": [edits[0]["stamp"], held["stamp"], *made],
        "grid_id": [county.ids["grid31"], "nonsense"],
        "device_id": ["k7m2p9q4"],
        "device": ["k7m2p9q4"],
        "deed": ["revoke", "wipe"],
        "aside_id": ["nonsense"],
        "digest": ["a" * 64],
    }


def addresses(county: County) -> list[tuple[str, str]]:
    """(method, path) of every address with a part in it, filled in with every such id."""
    parts, found = elsewhere(county), []
    with county.app.test_request_context():
        urls = county.app.url_map.bind("")
        for rule in county.app.url_map.iter_rules():
            if not rule.arguments or rule.endpoint in OPEN or rule.rule.startswith("/sync/"):
                continue
            names = sorted(rule.arguments)
            for values in itertools.product(*(parts[name] for name in names)):
                for method in sorted(rule.methods & {"GET", "POST"} if rule.methods else ()):
                    path = urls.build(rule.endpoint, dict(zip(names, values, strict=True)), method)
                    found.append((method, path))
    return found


@pytest.mark.parametrize("who", [None, "handler", "worker1", "dispatcher", "staff"])
@pytest.mark.parametrize("partial", [False, True])
def test_an_address_about_what_lies_elsewhere_opens_nothing_and_changes_nothing(
    county: County, who: str | None, partial: bool
) -> None:
    asked = addresses(county)
    watched = (far(county), f"{far(county)}-0", "home1-0-restricted", "worker1")
    heads = [county.record(one).head for one in watched]
    browser: Any = Browser(county, who)
    browser.post("/preferences", lang="en")
    headers = {"HX-Request": "true"} if partial else {}
    token = browser.get("/sign-in" if who is None else "/help").get_data(as_text=True)
    sent = {**SENT, "csrf_token": token.split('name="csrf-token" content="')[1].split('"')[0]}
    for method, path in asked:
        answer = browser.client.open(path, method=method, data=sent if method == "POST" else None,
                                     headers=headers)  # fmt: skip
        refused = answer.status_code in (401, 403, 404)
        to_sign_in = answer.headers.get("Location", "").startswith("/sign-in")
        assert refused or to_sign_in, (who, method, path, answer.status_code)
        words = words_of(answer)
        for secret in ("甲", "乙", "99222219900307439X", "138"):
            assert secret not in words, (who, method, path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert heads == [county.record(one).head for one in watched]
    assert len(asked) > 30


def test_no_form_is_taken_without_its_token_not_even_from_who_may_do_everything(
    county: County, admin: Browser
) -> None:
    for headers in ({}, {"HX-Request": "true"}):
        for rule in county.app.url_map.iter_rules():
            if "POST" not in (rule.methods or ()) or not rule.endpoint.startswith("console."):
                continue
            parts = {name: values[0] for name, values in _parts(county).items()}
            url = county.app.url_map.bind("").build(
                rule.endpoint, {name: parts[name] for name in rule.arguments}, "POST"
            )
            answer = admin.client.post(url, data=SENT, headers=headers)
            assert answer.status_code == 400, (rule.endpoint, answer.status_code)


def _parts(county: County) -> dict[str, list[str]]:
    home = county.ids["home1"]
    with county.services.store.read() as snapshot:
        stamp = snapshot.history(home)[0].stamp
    return {
        "household_id": [home], "record_id": [home], "conflict_id": county.conflicts(),
        "stamp": [stamp], "device_id": ["k7m2p9q4"], "device": ["k7m2p9q4"], "deed": ["revoke"],
    }  # fmt: skip
