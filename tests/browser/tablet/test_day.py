"""A worker's day in the browser, with the network that a day has."""

import pytest
from playwright.sync_api import expect

from sync.scope import SYSTEM


def phone_is_corrected(tablet, door, phone):
    """Open a household from the matrix and correct its telephone number."""
    tablet.go("/")
    tablet.page.get_by_role("link", name=door).click()
    tablet.button("Change Phone").click()
    dialog = tablet.page.get_by_role("dialog")
    dialog.get_by_label("Phone").fill(phone)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(tablet.button(f"Change Phone: {phone}")).to_be_visible()


def visit_is_recorded(tablet, home, notes):
    tablet.go(f"/household/{home}/visit")
    tablet.page.get_by_label("Notes").fill(notes)
    tablet.button("Save the visit").click()
    expect(tablet.button("Save the visit")).to_have_count(0)


def appeal_is_reported(tablet, home, title):
    tablet.go(f"/household/{home}/appeal")
    tablet.page.get_by_label("What is it about").fill(title)
    tablet.button("Add where I am").click()
    tablet.button("Save the appeal").click()
    expect(tablet.button("Save the appeal")).to_have_count(0)


def test_a_day_without_a_signal_is_all_on_the_server_in_the_evening(tablet, place):
    tablet.enrol("worker")
    tablet.keep_offline_ready()
    home = place.ids["East 1-1-101"]

    tablet.offline()
    tablet.reload()
    phone_is_corrected(tablet, "101, 田桂芳", "13700000001")
    phone_is_corrected(tablet, "202, 姚翠花", "13700000002")
    visit_is_recorded(tablet, home, "老人身体好，药还够。")
    appeal_is_reported(tablet, home, "三楼的灯不亮")
    tablet.says_waiting(5)  # a visit is also counted at its household
    tablet.reload()
    tablet.says_waiting(5)  # a visit is also counted at its household
    assert place.record("East 1-1-101").get("phone") == "13900010037"

    tablet.online()
    tablet.hand_in()
    assert place.record("East 1-1-101").get("phone") == "13700000001"
    assert place.record("East 1-1-202").get("phone") == "13700000002"
    visit = place.all_of("home_visit")[-1]
    assert (visit.get("household"), visit.get("notes")) == (home, "老人身体好，药还够。")
    assert visit.get("worker") == place.ids["worker"]
    order = place.all_of("work_order")[-1]
    assert (order.get("household"), order.get("title")) == (home, "三楼的灯不亮")
    assert order.get("point")["coordinates"] == pytest.approx([108.83, 27.69])
    assert order.get("status") == "reported"
    household = place.record("East 1-1-101")
    assert household.get("visits") == 2
    assert household.get("last_visit") == visit.get("at")


def test_a_conflict_is_explained_and_its_resolution_comes_as_a_notice(tablet, place):
    tablet.enrol("worker")
    tablet.offline()
    tablet.go(f"/household/{place.ids['East 1-1-101']}")
    tablet.button("Change Householder").click()
    dialog = tablet.page.get_by_role("dialog")
    dialog.get_by_label("Householder").fill("田桂花")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    place.office_edits("East 1-1-101", householder="田桂英")

    tablet.online()
    tablet.hand_in()
    tablet.go("/sync")
    tablet.page.get_by_role("tab", name="For you").click()
    entry = tablet.page.get_by_role("link", name="Changed: Householder")
    expect(entry).to_contain_text("In conflict")
    entry.click()
    main = tablet.page.get_by_role("main")
    expect(main).to_contain_text("an administrator decides and you get a notice")
    for value in ("田桂芳", "田桂花", "田桂英"):
        expect(main).to_contain_text(value)
    tablet.go(f"/household/{place.ids['East 1-1-101']}")
    expect(tablet.page.get_by_role("heading", level=1)).to_contain_text("田桂英")

    (conflict,) = place.conflicts()
    assert place.served.door.resolve(SYSTEM, conflict, {"householder": "田桂花"}).problem is None
    tablet.hand_in()
    tablet.page.get_by_role("tab", name="For you").click()
    notice = tablet.page.get_by_role("link", name="冲突已处理")
    notice.click()
    expect(main).to_contain_text("The office has decided")
    for value in ("田桂花", "田桂英"):
        expect(main).to_contain_text(value)
    tablet.button("I have read it").click()
    expect(tablet.page.get_by_role("heading", name="Sync", level=1)).to_be_visible()
    tablet.hand_in()
    (told,) = place.all_of("notice")
    assert told.get("read") is True
