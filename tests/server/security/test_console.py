"""The console against its own users, and against what tablets put into it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from server.accounts.sessions import reading
from server.models import Audit
from tests.server.console.browser import words_of
from tests.server.console.county import NOW_MS, PASSWORD

FAR_PAST_MS = -9_007_199_254_740_991
"""285,000 years before Christ: a whole number like any other, for a tablet."""


def revealed(county: Any, about: str) -> list[str | None]:
    """The purposes for which a record's numbers were shown."""
    with reading(county.services.store) as session:
        query = select(Audit.purpose).where(Audit.what == "revealed", Audit.about == about)
        return list(session.scalars(query))


# Times that no calendar has -------------------------------------------------------------------


def test_a_visit_before_all_calendars_does_not_close_the_households_file(county, admin):
    first, home = county.tablets["first"], county.record("home1")
    visit = first.draft(home, "create", {}, at=NOW_MS)
    visit |= {"type": "home_visit", "record": county.services.new_id(), "base": None}
    visit["fields"] = {"grid": home.get("grid"), "household": home.id, "worker": first.user,
                       "at": FAR_PAST_MS}  # fmt: skip
    assert first.hand_in(visit)[0].problem is None
    assert admin.get(f"/households/{home.id}").status_code == 200


@pytest.mark.parametrize("offset_ms", [-(2**48) + 1, 2**48 - 1])
def test_an_edit_from_a_clock_beyond_all_calendars_does_not_hide_in_the_history(
    county, admin, offset_ms
):
    first, home = county.tablets["first"], county.record("home3")
    edit = first.draft(home, "edit", {"phone": "13900001111"}, at=NOW_MS)
    assert first.hand_in({**edit, "at": 0, "offset_ms": offset_ms})[0].problem is None
    for path in (f"/households/{home.id}", f"/records/{home.id}/history"):
        assert admin.get(path).status_code == 200, path


@pytest.mark.parametrize("due_at", [FAR_PAST_MS, -FAR_PAST_MS, 253_402_300_799_000])
def test_a_deadline_beyond_all_calendars_does_not_close_a_page(county, admin, due_at):
    first, order = county.tablets["first"], county.record("order2")
    assert (
        first.hand_in(first.draft(order, "edit", {"due_at": due_at}, at=NOW_MS))[0].problem is None
    )
    home = order.get("household")
    for path in ("/", f"/records/{order.id}", f"/households/{home}"):
        assert admin.get(path).status_code == 200, path


# Sessions -------------------------------------------------------------------------------------


def test_a_session_ends_with_the_working_day(county, browse):
    browser = browse(None)
    page = browser.get("/sign-in").get_data(as_text=True)
    token = page.split('name="csrf-token" content="')[1].split('"')[0]
    form = {"username": "admin", "password": PASSWORD, "csrf_token": token}
    answer = browser.client.post("/sign-in", data=form)
    assert answer.status_code == 302
    assert county.app.permanent_session_lifetime.total_seconds() == 12 * 3600


# Numbers ----------------------------------------------------------------------------------------


def step_with_a_number(county: Any) -> str:
    """A conflict about a step that came too late, with the caller's telephone number in it."""
    second, order = county.tablets["second"], county.record("order1")
    fields = {
        "status": {"from": "open", "to": "accepted"},
        "accepted_by": second.user,
        "contact": "13933330000",
    }
    ack = second.hand_in(second.draft(order, "transition", fields, at=NOW_MS))[0]
    assert ack.outcome == "conflict", ack
    return str(ack.conflict)


@pytest.mark.parametrize("who", ["dispatcher", "staff"])
def test_who_may_only_look_at_a_conflict_sees_its_numbers_masked(county, browse, who):
    words = browse(who).text(f"/conflicts/{step_with_a_number(county)}", partial=True)
    assert "139****0000" in words
    assert "13933330000" not in words


def test_numbers_that_are_shown_for_a_decision_are_in_the_audit_log(county, admin):
    words = admin.text(f"/conflicts/{step_with_a_number(county)}", partial=True)
    assert "13933330000" in words
    assert len(revealed(county, county.ids["order1"])) == 1


def test_a_conflict_without_numbers_reveals_nothing(county, admin):
    admin.text("/conflicts")
    admin.text(f"/conflicts/{county.conflicts()[-1]}")
    assert not revealed(county, county.ids["order1"])


def test_numbers_in_what_was_set_aside_are_masked_as_it_was_received_too(county, admin):
    first, home = county.tablets["first"], county.record("home3")
    edit = first.draft(home, "edit", {"phone": "13987654321"}, at=NOW_MS)
    edit["fields"]["citizen_id"] = "99222219900307439X"
    first.hand_in(edit, {**edit, "reason": "again, with other words"})
    links = [
        one for one in admin.get("/waiting").get_data(as_text=True).split('"') if "/aside/" in one
    ]
    said = [words_of(admin.get(link)) for link in links]
    assert any("139****4321" in one for one in said)
    for words in said:
        assert "13987654321" not in words
        assert "99222219900307439X" not in words


def test_numbers_in_fields_that_only_another_app_knows_are_masked_in_histories(county, admin):
    first, home = county.tablets["first"], county.record("home3")
    edit = first.draft(home, "edit", {"citizen_id": "99222219900307439X"}, at=NOW_MS)
    assert first.hand_in(edit)[0].problem is None
    words = admin.text(f"/households/{home.id}")
    assert "citizen_id" in words
    assert "99222219900307439X" not in words
