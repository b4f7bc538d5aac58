"""Other people's hands, and hasty ones: what a tablet shows to whom, and what a slip may cost."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from server.accounts.sessions import reading
from server.models import Audit
from sync.scope import SYSTEM

CITIZEN_ID = "99222219900307439X"


def title(tablet, page=None):
    return (page or tablet.page).get_by_role("heading", level=1)


def set_pin(tablet, pin):
    tablet.go("/me")
    tablet.button("Set a PIN").click()
    tablet.page.get_by_label("New PIN").fill(pin)
    tablet.page.get_by_label("Type it again").fill(pin)
    tablet.button("Save the PIN").click()
    expect(tablet.button("Change the PIN")).to_be_visible()


@pytest.fixture
def restricted(tablet, place):
    """The id of restricted facts about a resident that the worker's tablet has."""
    resident = place.ids["East 1-1-101 0"]
    fields = {"resident": resident, "grid": place.ids["East"], "citizen_id": CITIZEN_ID}
    assert place.served.door.create(SYSTEM, "resident_restricted", fields).problem is None
    granted = {
        "user": place.ids["worker"],
        "feed": f"restricted:{place.ids['East']}",
        "since": place.now_ms() - 1_000,
    }
    assert place.served.door.create(SYSTEM, "assignment", granted).problem is None
    tablet.enrol("worker")
    return place.all_of("resident_restricted")[0].id


# Haste --------------------------------------------------------------------------------------------


def test_two_quick_taps_record_one_visit(tablet, place):
    tablet.enrol("worker")
    tablet.go(f"/household/{place.ids['East 1-1-101']}/visit")
    expect(tablet.button("Save the visit")).to_be_visible()
    # A slow tablet: what leads away from the form takes its time, and the finger does not.
    tablet.evaluate(
        """() => {
            const go = history.go.bind(history);
            history.go = (steps) => setTimeout(go, 300, steps);
        }"""
    )
    save = tablet.button("Save the visit")
    save.click()
    tablet.eventually(lambda: tablet.waiting() == 2)
    save.click()
    expect(save).to_have_count(0)
    assert tablet.waiting() == 2


def test_what_was_typed_is_a_draft_again_when_a_visit_is_taken_back(tablet, place):
    tablet.enrol("worker")
    home = place.ids["East 1-1-101"]
    tablet.go(f"/household/{home}")
    tablet.page.get_by_role("link", name="Record a visit").click()
    tablet.page.get_by_label("Notes").fill("三楼的灯坏了")
    tablet.button("Save the visit").click()
    tablet.button("Undo").click()
    expect(tablet.status).to_contain_text("1 draft not saved")
    assert tablet.waiting() == 0
    tablet.go(f"/household/{home}/visit")
    expect(tablet.page.get_by_label("Notes")).to_have_value("三楼的灯坏了")


def test_with_a_draft_alone_a_tablet_can_be_erased_once_a_file_was_saved(tablet, place):
    tablet.enrol("worker")
    tablet.go(f"/household/{place.ids['East 1-1-101']}/visit")
    tablet.page.get_by_label("Notes").fill("半句话")
    tablet.go("/me/wipe")
    expect(tablet.button("Erase", exact=True)).to_be_disabled()
    with tablet.page.expect_download():
        tablet.button("Save a file").click()
    tablet.page.get_by_text("I know that unsent work").click()
    expect(tablet.button("Erase", exact=True)).to_be_enabled()


def test_the_status_names_forms_that_were_begun_and_not_saved(tablet, place):
    tablet.enrol("worker")
    expect(tablet.status).to_contain_text("Handed in")
    tablet.go(f"/household/{place.ids['East 1-1-101']}/visit")
    tablet.page.get_by_label("Notes").fill("半句话")
    tablet.go("/today")
    expect(tablet.status).to_contain_text("1 draft not saved")


def test_half_a_date_takes_no_date_away(tablet, place):
    tablet.enrol("worker")
    resident = place.ids["East 1-1-101 0"]
    tablet.go(f"/resident/{resident}")
    tablet.button("Change Date of birth").click()
    dialog = tablet.page.get_by_role("dialog")
    born = dialog.get_by_label("Date of birth")
    born.focus()
    tablet.page.keyboard.press("Backspace")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("it must be a date")
    assert tablet.waiting() == 0


@pytest.fixture
def second(tablet):
    """Another window on the same tablet."""
    page = tablet.context.new_page()
    tablet.listen(page)
    return page


def test_two_windows_with_one_form_tell_each_other_and_lose_nothing(tablet, place, second):
    tablet.enrol("worker")
    path = f"/household/{place.ids['East 1-1-101']}/visit"
    tablet.go(path)
    tablet.open(path, page=second)
    here, there = tablet.page.get_by_label("Notes"), second.get_by_label("Notes")
    here.fill("门锁坏了")
    expect(second.get_by_role("main")).to_contain_text("open in another window")
    there.fill("没人应门")
    expect(tablet.page.get_by_role("main")).to_contain_text("open in another window")
    expect(here).to_have_value("门锁坏了")
    here.fill("门锁坏了，已报修")
    second.get_by_role("button", name="Take what is there").click()
    expect(there).to_have_value("门锁坏了，已报修")
    second.evaluate("yuanba.replica.value.drafts.flush()")
    tablet.button("Save the visit").click()
    tablet.eventually(lambda: tablet.evaluate("yuanba.replica.value.drafts.all.value.length") == 0)
    expect(second.get_by_role("main")).to_contain_text("saved or emptied in another window")
    expect(there).to_have_value("门锁坏了，已报修")


def test_a_file_with_restricted_facts_is_saved_only_by_who_was_told(tablet, restricted):
    tablet.offline()
    tablet.edits(restricted, notes="持证人已核对")
    tablet.go("/sync")
    tablet.button("Save a file").click()
    dialog = tablet.page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 entry is about restricted facts")
    with tablet.page.expect_download() as saved:
        dialog.get_by_role("button", name="Save a file").click()
    assert "持证人已核对" in saved.value.path().read_text(encoding="utf-8")


def test_a_name_that_turns_its_neighbours_around_is_shown_without_that(tablet, place):
    tablet.enrol("worker")
    home, name = place.ids["East 1-1-101"], "\u202e冉小花\u2066\u200b"
    tablet.edits(home, householder=name)
    tablet.go(f"/household/{home}")
    expect(title(tablet)).to_contain_text("冉小花")
    shown = tablet.page.locator("body").text_content()
    assert not set(name) & set(shown) - set("冉小花")
    tablet.button("Change Householder").click()
    expect(tablet.page.get_by_role("dialog").get_by_role("textbox")).to_have_value(name)


# Somebody else ------------------------------------------------------------------------------------


def test_a_pin_set_in_one_window_locks_the_other(tablet):
    tablet.enrol("worker")
    second = tablet.context.new_page()
    tablet.listen(second)
    tablet.open("/", page=second)
    expect(second.get_by_role("gridcell").first).to_be_visible()
    set_pin(tablet, "2580")
    second.evaluate(
        """() => {
            const now = Date.now;
            Date.now = () => now() + 3_600_000;
            document.dispatchEvent(new Event('visibilitychange'));
        }"""
    )
    expect(title(tablet, second)).to_have_text("Locked")


def test_a_locked_tablet_that_the_office_wants_erased_is_erased_without_its_pin(tablet, place):
    tablet.enrol("worker")
    set_pin(tablet, "2580")
    place.about(place.devices()[-1].id, "wipe")
    tablet.reload()
    expect(title(tablet)).to_have_text("Erased")
    assert "田桂芳" not in tablet.disk()


def test_what_waits_is_handed_in_behind_the_lock_of_a_tablet_that_was_started_anew(tablet, place):
    tablet.enrol("worker")
    set_pin(tablet, "2580")
    tablet.keep_offline_ready()
    tablet.offline()
    tablet.edits("East 1-1-101", phone="13700000009")
    tablet.says_waiting(1)
    tablet.online()
    tablet.reload()
    expect(title(tablet)).to_have_text("Locked")
    tablet.eventually(lambda: place.record("East 1-1-101").get("phone") == "13700000009")
    expect(title(tablet)).to_have_text("Locked")


def test_who_changes_or_removes_a_pin_must_know_it(tablet):
    tablet.enrol("worker")
    set_pin(tablet, "2580")
    tablet.button("Remove the PIN").click()
    dialog = tablet.page.get_by_role("dialog")
    dialog.get_by_label("Present PIN").fill("1111")
    dialog.get_by_role("button", name="Remove the PIN").click()
    expect(dialog).to_contain_text("Wrong PIN")
    dialog.get_by_label("Present PIN").fill("2580")
    dialog.get_by_role("button", name="Remove the PIN").click()
    expect(tablet.button("Set a PIN")).to_be_visible()


def test_the_next_worker_sees_neither_what_the_last_looked_for_nor_their_toasts(tablet, place):
    tablet.enrol("worker")
    tablet.enrol("chief")
    tablet.go("/search")
    tablet.page.get_by_role("searchbox").fill("杨")
    tablet.go(f"/household/{place.ids['East 1-1-101']}/visit")
    tablet.button("Save the visit").click()
    expect(tablet.page.locator(".toast")).to_be_visible()
    tablet.go("/me")
    tablet.button("Another worker").click()
    expect(title(tablet)).to_have_text("Who is working?")
    expect(tablet.page.locator(".toast")).to_have_count(0)
    tablet.button(place.record("worker").get("name")).click()
    tablet.go("/search")
    expect(tablet.page.get_by_role("searchbox")).to_have_value("")


def test_nothing_is_remembered_of_a_worker_who_was_erased(tablet, place):
    tablet.enrol("worker")
    tablet.go("/search")
    tablet.page.get_by_role("searchbox").fill("杨")
    tablet.page.locator(".list .row").first.click()
    kept = "() => Object.keys(localStorage).filter((key) => key.startsWith('yuanba.work.')).length"
    assert tablet.evaluate(kept) > 0
    tablet.go("/me/wipe")
    tablet.button("Erase", exact=True).click()
    tablet.page.get_by_role("dialog").get_by_role("button", name="Erase", exact=True).click()
    expect(title(tablet)).to_have_text("Enrol this tablet")
    assert tablet.evaluate(kept) == 0


def test_restricted_facts_are_covered_wherever_an_address_leads(tablet, place, restricted):
    main = tablet.page.get_by_role("main")
    for path in (f"/edit/resident_restricted/{restricted}", f"/record/{restricted}"):
        tablet.go(path)
        tablet.page.wait_for_timeout(150)
        expect(main).not_to_contain_text(CITIZEN_ID)
        assert CITIZEN_ID not in "".join(
            one.input_value() for one in tablet.page.locator("main input").all()
        )
    # An entry about them is covered too, and its details with it.
    tablet.offline()
    stamp = tablet.edits(restricted, notes="持证人已核对")
    tablet.go(f"/sync/{stamp}")
    expect(main).to_contain_text("covered again after a minute")
    expect(main).not_to_contain_text("持证人已核对")
    tablet.button("Preparing a visit").click()
    expect(main).to_contain_text("持证人已核对")


def test_a_look_at_restricted_facts_is_noted_and_a_draft_about_them_can_be_gone_on_with(
    tablet, place, restricted
):
    tablet.go(f"/resident/{place.ids['East 1-1-101 0']}")
    tablet.button("Preparing a visit").click()
    expect(tablet.page.get_by_role("main")).to_contain_text(CITIZEN_ID)
    tablet.button(re.compile("Change Notes")).last.click()
    tablet.page.get_by_role("dialog").get_by_role("textbox").fill("半句话")
    tablet.button("Close").last.click()
    expect(tablet.page.get_by_role("dialog")).to_have_count(0)
    tablet.hand_in_quickly()
    with reading(place.served.store) as session:
        (look,) = session.scalars(select(Audit).where(Audit.what == "revealed"))
    assert (look.user, look.about, look.purpose) == (
        place.ids["worker"], restricted, "Preparing a visit",
    )  # fmt: skip
    tablet.page.get_by_role("link", name="Today").click()
    tablet.page.get_by_role("link", name="Notes ·").click()
    tablet.button("Preparing a visit").click()
    expect(tablet.page.get_by_role("dialog").get_by_role("textbox")).to_have_value("半句话")
