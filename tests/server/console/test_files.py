"""Finding a household, its file, its history, changing it."""

import pytest
from sqlalchemy import select

from server.accounts.sessions import reading
from server.models import Audit
from tests.server.console.browser import words_of
from tests.server.console.county import HOUR_MS, NOW_MS


def found(browser, text, **more):
    return browser.text("/grids", q=text, partial=True, **more)


@pytest.mark.parametrize("text", ["田桂英", "tgy", "TianGuiYing", "1-1-101", "1栋1单元101室"])
def test_a_household_is_found_by_name_initials_spelling_and_door(county, admin, text):
    assert "田桂英" in found(admin, text)


def test_a_household_is_found_by_the_end_of_its_telephone_number(county, admin):
    words = found(admin, "9999")
    assert "田桂英" in words
    assert "1–1 of 1" in words


def test_a_household_is_found_by_somebody_who_lives_in_it(county, admin):
    assert "with 杨文华" in found(admin, "杨文华")


@pytest.mark.parametrize("text", ["%", "_", "' OR 1=1 --", "\\", "%%%%"])
def test_a_search_takes_every_character_as_it_is(county, admin, text):
    assert "No household fits" in found(admin, text)


def test_households_come_in_the_order_in_which_one_walks(county, admin):
    words = admin.text(f"/grids/{county.ids['grid11']}")
    doors = [words.index(f"Building {number} Entrance 1 Room 101") for number in (1, 2, 10)]
    assert doors == sorted(doors)


def test_a_grid_is_filtered_by_care_level_and_category(county, admin):
    grid = f"/grids/{county.ids['grid11']}"
    words = admin.text(grid, partial=True, care="weekly")
    assert "Weekly" in words
    assert "Quarterly" not in words
    words = admin.text(grid, partial=True, care="overdue")
    assert "No regular visit" not in words
    assert "never" in words
    words = admin.text(grid, partial=True, tag="disabled")
    assert "Disabled" in words
    assert "Very old" not in words


def test_numbers_are_masked_on_every_page(county, admin):
    home = county.ids["home1"]
    for path in (f"/households/{home}", f"/records/{county.ids['home1-0']}", "/grids?q=tgy"):
        page = admin.get(path).get_data(as_text=True)
        assert "13900009999" not in page
        assert "138000100" not in page
        assert "99222219900307439X" not in page
    assert "139****9999" in admin.text(f"/households/{home}")


def test_a_number_is_revealed_for_a_purpose_that_is_noted(county, admin):
    resident = county.ids["home1-0"]
    answer = admin.post(f"/records/{resident}/reveal", purpose="visit")
    assert "99222219900307439X" in words_of(answer)
    assert "13800010001" in words_of(answer)
    with reading(county.services.store) as session:
        noted = session.scalars(select(Audit).where(Audit.what == "revealed")).one()
    assert (noted.user, noted.about) == (county.ids["admin"], resident)
    assert noted.purpose == "Preparing a visit"


def test_nothing_is_revealed_without_a_purpose_or_to_the_wrong_role(county, admin, browse):
    resident = county.ids["home1-0"]
    for form in ({}, {"purpose": "other"}, {"purpose": "nonsense"}):
        assert "99222219900307439X" not in words_of(
            admin.post(f"/records/{resident}/reveal", **form)
        )
    assert (
        browse("dispatcher").post(f"/records/{resident}/reveal", purpose="visit").status_code == 403
    )
    assert "99222219900307439X" in words_of(
        browse("staff").post(f"/records/{resident}/reveal", purpose="visit")
    )
    with reading(county.services.store) as session:
        assert len(session.scalars(select(Audit).where(Audit.what == "revealed")).all()) == 1


def test_a_file_shows_people_visits_orders_and_who_did_what_where(county, admin):
    words = admin.text(f"/households/{county.ids['home1']}")
    for expected in ("田桂芳", "杨文华", "身体状况稳定", "三单元污水井盖破损"):
        assert expected in words
    history = words.split("History", 1)[1]
    assert "吴玉兰 changed 吴玉兰的平板 in conflict" in history
    assert "杨小龙 changed 杨小龙的平板" in history
    assert "139****5678 → 139****9999" in history
    # The second tablet's clock is five hours slow: its work is told by the server's time.
    assert "off by 5 hours" in history


def test_the_history_of_one_field_shows_that_field_alone(county, admin):
    words = admin.text(f"/records/{county.ids['home1']}/history", partial=True, field="phone")
    assert "139****5678" in words
    assert "Care level" not in words


def test_a_change_is_saved_with_its_reason_and_can_be_undone(county, admin):
    home = county.ids["home5"]
    path = f"/households/{home}/edit"
    form = {**admin.inputs(path), "householder": "冉小花", "reason": "户主更正"}
    words = admin.follow(admin.post(path, **form))
    assert "Saved: Householder." in words
    assert "Reason: 户主更正" in words
    assert county.record("home5").get("householder") == "冉小花"
    stamp = county.record("home5").version("householder")
    admin.follow(admin.post(f"/operations/{stamp}/undo"))
    assert county.record("home5").get("householder") != "冉小花"
    assert "took back an earlier change" in admin.text(f"/households/{home}")


def test_changes_are_taken_back_step_by_step_to_the_first_and_forward_again(county, admin):
    home = county.ids["home5"]
    path, first = f"/households/{home}/edit", county.record("home5").get("householder")
    stamps = []
    for name in ("冉小花", "冉大花"):
        admin.post(path, **{**admin.inputs(path), "householder": name})
        stamps.append(county.record("home5").version("householder"))

    def undo(stamp):
        page = admin.get(f"/households/{home}").get_data(as_text=True)
        assert f"/operations/{stamp}/undo" in page
        assert "Taken back" in admin.follow(admin.post(f"/operations/{stamp}/undo"))
        return county.record("home5").get("householder")

    def is_offered(stamp):
        return f"/operations/{stamp}/undo" in admin.get(f"/households/{home}").get_data(
            as_text=True
        )

    assert not is_offered(stamps[0])  # the second stands over it
    assert undo(stamps[1]) == "冉小花"
    back = county.record("home5").version("householder")
    assert not is_offered(stamps[1])
    assert undo(stamps[0]) == first
    assert not is_offered(stamps[0]) and not is_offered(back)
    assert undo(county.record("home5").version("householder")) == "冉小花"
    assert undo(back) == "冉大花"
    assert is_offered(stamps[1])


def test_a_form_sends_only_what_was_changed(county, admin):
    before = county.record("home5").versions()
    path = f"/households/{county.ids['home5']}/edit"
    admin.post(path, **{**admin.inputs(path), "tags": ["veteran"]})
    after = county.record("home5").versions()
    assert {name for name in after if after[name] != before[name]} == {"tags"}
    assert county.record("home5").get("tags") == ["veteran"]


def test_a_form_that_changes_nothing_writes_nothing(county, admin):
    head = county.record("home5").head
    path = f"/households/{county.ids['home5']}/edit"
    assert "Nothing was changed." in admin.follow(admin.post(path, **admin.inputs(path)))
    assert county.record("home5").head == head


def test_a_stale_form_opens_a_conflict_and_overwrites_nobody(county, admin):
    path = f"/households/{county.ids['home5']}/edit"
    stale = admin.inputs(path)
    tablet = county.tablets["first"]
    seen = tablet.see("home5")
    tablet.hand_in(tablet.draft(seen, "edit", {"householder": "张国强"}, at=NOW_MS - HOUR_MS))
    before = len(county.conflicts())
    words = admin.follow(admin.post(path, **{**stale, "householder": "李秀英"}))
    assert "nothing was overwritten" in words
    assert county.record("home5").get("householder") == "张国强"
    assert len(county.conflicts()) == before + 1


def test_a_wrong_value_is_told_beside_its_field_and_nothing_is_saved(county, admin):
    head = county.record("home5").head
    path = f"/households/{county.ids['home5']}/edit"
    answer = admin.post(path, **{**admin.inputs(path), "floor": "third", "householder": "李四"})
    assert answer.status_code == 422
    assert "Type a whole number, like 3." in words_of(answer)
    assert 'value="李四"' in answer.get_data(as_text=True)
    assert county.record("home5").head == head


def test_opening_the_form_is_noted_because_it_shows_the_number(county, admin):
    admin.get(f"/households/{county.ids['home5']}/edit")
    with reading(county.services.store) as session:
        assert session.scalars(select(Audit.what)).all().count("revealed") == 1
