"""The work on a tablet: what is typed once, kept, shown truly and taken back.

Each test enrols a tablet and takes its network away, unless it is about the office.
"""

import pytest
from playwright.sync_api import expect

from sync.scope import SYSTEM

HOME = "East 1-1-101"


@pytest.fixture
def worker(tablet):
    """A grid worker on the stairs: everything is here, and there is no signal."""
    tablet.enrol("worker")
    tablet.offline()
    return tablet


def path_of(place, name, rest=""):
    return f"/household/{place.ids[name]}{rest}"


def toast(tablet, words):
    return tablet.page.locator(".toast").filter(has_text=words)


def compose(tablet, text):
    """What an input method shows while somebody types, before they choose the characters."""
    devtools = tablet.context.new_cdp_session(tablet.page)
    devtools.send(
        "Input.imeSetComposition",
        {"text": text, "selectionStart": len(text), "selectionEnd": len(text)},
    )
    return devtools


# Drafts ------------------------------------------------------------------------------------


def test_a_visit_that_was_begun_is_there_again_after_a_restart(worker, place):
    worker.go(path_of(place, HOME, "/visit"))
    worker.page.get_by_role("checkbox", name="田桂芳").check()
    notes = worker.page.get_by_label("Notes")
    notes.fill("药还够，腿脚不便")
    worker.page.wait_for_timeout(500)
    worker.reload()

    expect(worker.page.get_by_text("Your unfinished entry of")).to_be_visible()
    expect(notes).to_have_value("药还够，腿脚不便")
    expect(worker.page.get_by_role("checkbox", name="田桂芳")).to_be_checked()

    worker.go("/today")
    worker.page.get_by_role("link", name="Visit · 田桂芳").click()
    worker.button("Save the visit").click()
    expect(toast(worker, "saved here")).to_be_visible()
    worker.go("/today")
    expect(worker.page.get_by_role("heading", name="Unfinished")).to_have_count(0)


def test_a_discarded_draft_can_be_put_back(worker, place):
    worker.go(path_of(place, HOME, "/appeal"))
    worker.page.get_by_label("What is it about").fill("三楼的灯不亮")
    worker.page.wait_for_timeout(500)
    worker.go("/today")
    worker.page.get_by_role("button", name="Discard the draft").click()
    expect(worker.page.get_by_role("heading", name="Unfinished")).to_have_count(0)
    toast(worker, "Draft discarded").get_by_role("button", name="Undo").click()
    worker.page.get_by_role("link", name="Appeal · 田桂芳").click()
    expect(worker.page.get_by_label("What is it about")).to_have_value("三楼的灯不亮")


def test_a_draft_of_one_field_opens_that_field(worker, place):
    worker.go(path_of(place, HOME))
    worker.button("Change Notes").click()
    worker.page.get_by_role("dialog").get_by_label("Notes").fill("钥匙在邻居家")
    worker.page.wait_for_timeout(500)
    worker.reload()
    worker.go("/today")
    worker.page.get_by_role("link", name="Notes · 田桂芳").click()
    dialog = worker.page.get_by_role("dialog")
    expect(dialog.get_by_label("Notes")).to_have_value("钥匙在邻居家")
    expect(dialog.get_by_text("Your unfinished entry of")).to_be_visible()


def test_what_an_input_method_is_still_composing_is_never_kept(worker, place):
    worker.go(path_of(place, HOME))
    worker.button("Change Householder").click()
    field = worker.page.get_by_role("dialog").get_by_label("Householder")
    field.fill("")
    devtools = compose(worker, "tian'gui")
    worker.page.wait_for_timeout(500)
    worker.reload()
    worker.go("/today")
    drafts = worker.page.get_by_role("main")
    worker.page.get_by_role("link", name="Householder · 田桂芳").click()
    expect(field).to_have_value("")
    assert "tian'gui" not in drafts.inner_text()

    devtools = compose(worker, "tian'gui'hua")
    devtools.send("Input.insertText", {"text": "田桂花"})
    expect(field).to_have_value("田桂花")
    field.press("Enter")
    expect(worker.page.get_by_role("heading", level=1)).to_have_text("田桂花")


def test_enter_that_ends_a_composition_sends_nothing(worker, place):
    worker.go(path_of(place, HOME))
    worker.button("Change Householder").click()
    field = worker.page.get_by_role("dialog").get_by_label("Householder")
    field.fill("")
    compose(worker, "tian")
    field.dispatch_event("keydown", {"key": "Enter", "keyCode": 229, "isComposing": True})
    expect(field).to_be_visible()
    assert worker.waiting() == 0


def test_typing_fast_loses_no_letter(worker, place):
    worker.go(path_of(place, HOME, "/appeal"))
    field = worker.page.get_by_label("What is it about")
    field.click()
    sentence = "The light on the third floor has been out for a week, 13912345678"
    worker.page.keyboard.type(sentence)
    expect(field).to_have_value(sentence)


# What is known is offered, what is new is seen ----------------------------------------------


def test_a_number_that_was_given_once_is_one_tap_away(worker, place):
    given = place.record(f"{HOME} 1").get("phone")
    worker.go(path_of(place, HOME))
    worker.button("Change Phone").click()
    worker.page.get_by_role("dialog").get_by_role("button", name=given).click()
    worker.page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(worker.button(f"Change Phone: {given}")).to_be_visible()


def test_a_new_resident_is_registered_and_twins_are_pointed_out(worker, place):
    worker.go(path_of(place, HOME))
    worker.page.get_by_role("link", name="Add a resident").click()
    worker.page.get_by_label("Name", exact=True).fill("田桂芳")
    expect(worker.page.get_by_text("has a “田桂芳” already")).to_be_visible()
    worker.page.get_by_label("Name", exact=True).fill("田小满")
    expect(worker.page.get_by_text("already")).to_have_count(0)
    worker.page.get_by_label("Name", exact=True).press("Enter")
    assert worker.waiting() == 0, "Enter moves on in a long form"
    worker.button("Save").click()
    expect(worker.page.get_by_role("heading", level=1)).to_have_text("田小满")
    worker.online()
    worker.hand_in()
    made = place.all_of("resident")[-1]
    assert (made.get("name"), made.get("household")) == ("田小满", place.ids[HOME])
    assert made.get("grid") == place.ids["East"]


def test_a_household_is_registered_at_a_door_where_nobody_was(worker, place):
    worker.go(f"/new/household?in={place.ids['East 1']}&entrance=1&floor=4&room=401")
    worker.page.get_by_label("Householder").fill("石老满")
    worker.button("Save").click()
    expect(worker.page.get_by_role("heading", level=1)).to_have_text("石老满")
    worker.go("/")
    expect(worker.page.get_by_role("link", name="401, 石老满")).to_be_visible()
    worker.online()
    worker.hand_in()
    made = place.all_of("household")[-1]
    door = [made.get(name) for name in ("building", "entrance", "floor", "room")]
    assert door == [place.ids["East 1"], "1", 4, "401"]


def test_a_value_that_changed_while_somebody_wrote_is_shown_before_it_is_written_over(
    tablet, place
):
    tablet.enrol("worker")
    tablet.go(path_of(place, HOME))
    tablet.button("Change Phone").click()
    dialog = tablet.page.get_by_role("dialog")
    dialog.get_by_label("Phone").fill("13700000001")
    place.office_edits(HOME, phone="13600000009")
    tablet.syncs()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert").filter(has_text="13600000009")).to_be_visible()
    assert tablet.waiting() == 0
    dialog.get_by_role("button", name="Save").click()
    expect(tablet.button("Change Phone: 13700000001")).to_be_visible()


# Taking back ---------------------------------------------------------------------------------


def test_a_visit_is_taken_back_whole(worker, place):
    worker.go(path_of(place, HOME))
    worker.page.get_by_role("link", name="Record a visit").click()
    worker.button("Save the visit").click()
    visits = worker.page.get_by_role("region", name="Visits")
    expect(visits.get_by_role("link", name="Routine")).to_contain_text("Waiting")
    assert worker.waiting() == 2
    toast(worker, "saved here").get_by_role("button", name="Undo").click()
    expect(toast(worker, "Taken back")).to_be_visible()
    expect(visits).to_have_count(0)
    assert worker.waiting() == 0


def test_a_changed_choice_is_saved_by_one_tap_and_taken_back_by_another(worker, place):
    worker.go(path_of(place, HOME))
    worker.button("Change Housing").click()
    worker.page.get_by_role("dialog").get_by_role("button", name="Vacant").click()
    expect(worker.button("Change Housing: Vacant")).to_be_visible()
    toast(worker, "Housing changed").get_by_role("button", name="Undo").click()
    expect(worker.button("Change Housing: Owned")).to_be_visible()


def test_only_who_may_delete_can_and_it_is_undone_by_one_tap(tablet, place):
    tablet.enrol("chief")
    tablet.offline()
    tablet.go(path_of(place, HOME))
    tablet.button("Delete: Household").click()
    tablet.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(tablet.page.get_by_role("link", name="101: nobody is registered")).to_be_visible()
    toast(tablet, "Deleted").get_by_role("button", name="Undo").click()
    expect(tablet.page.get_by_role("link", name="101, 田桂芳")).to_be_visible()


def test_a_worker_is_not_offered_what_their_role_may_not_do(worker, place):
    worker.go(path_of(place, HOME))
    expect(worker.page.get_by_role("link", name="Record a visit")).to_be_visible()
    expect(worker.button("Delete: Household")).to_have_count(0)


# Orders and news -------------------------------------------------------------------------------


def test_an_order_is_accepted_begun_and_finished_with_its_result(tablet, place):
    door, order = place.served.door, place.served.new_id()
    fields = {
        "grid": place.ids["East"], "title": "楼道灯不亮", "kind": "request", "class": "ordinary",
        "household": place.ids[HOME], "source": "resident",
    }  # fmt: skip
    assert door.create(SYSTEM, "work_order", fields, record=order).problem is None
    for state, more in (
        ("verified", {}), ("classified", {}), ("assigned", {"lead_unit": place.ids["unit"]}),
    ):  # fmt: skip
        assert door.transition(SYSTEM, order, state, more).problem is None

    tablet.enrol("worker")
    tablet.offline()
    tablet.go("/today")
    tablet.page.get_by_role("link", name="楼道灯不亮").click()
    steps = tablet.page.get_by_role("group", name="Next step")
    steps.get_by_role("button", name="Accept").click()
    steps.get_by_role("button", name="Start").click()
    steps.get_by_role("button", name="Finish").click()
    dialog = tablet.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Finish").click()
    expect(dialog.get_by_text("Fill in: Result")).to_be_visible()
    dialog.get_by_label("Result").fill("换了灯泡")
    dialog.get_by_role("button", name="Finish").click()
    expect(tablet.page.get_by_text("It waits for others now")).to_be_visible()

    tablet.online()
    tablet.hand_in()
    record = place.record(order)
    assert (record.get("status"), record.get("result")) == ("handled", "换了灯泡")
    assert record.get("accepted_by") == place.ids["worker"]


def test_what_others_changed_is_told_until_it_was_seen(tablet, place):
    tablet.enrol("worker")
    tablet.go("/today")
    expect(tablet.page.get_by_role("heading", name="Today")).to_be_visible()
    expect(tablet.page.get_by_role("heading", name="Changed by others")).to_have_count(0)
    place.office_edits(HOME, notes="女儿春节回来")
    tablet.syncs()
    expect(tablet.page.get_by_role("heading", name="Changed by others (1)")).to_be_visible()
    tablet.reload()
    expect(tablet.page.get_by_role("heading", name="Changed by others (1)")).to_be_visible()
    tablet.button("Seen").click()
    expect(tablet.page.get_by_role("heading", name="Changed by others")).to_have_count(0)


def test_a_field_in_conflict_shows_what_holds_and_what_one_wrote(tablet, place):
    tablet.enrol("worker")
    tablet.offline()
    tablet.edits(HOME, householder="田桂花")
    place.office_edits(HOME, householder="田桂英")
    tablet.online()
    tablet.hand_in()
    tablet.go(path_of(place, HOME))
    row = tablet.page.locator("[data-field=householder]")
    expect(row).to_contain_text("In conflict")
    both = row.locator("dl > div")
    expect(both.nth(0)).to_have_text("Holds for now田桂英")
    expect(both.nth(1)).to_have_text("Yours, waiting for a decision田桂花")
    tablet.go("/")
    cell = tablet.page.get_by_role("link", name="101, 田桂英")
    expect(cell).to_have_accessible_name("101, 田桂英, In conflict, today")


# Finding one's way ---------------------------------------------------------------------------


def test_people_and_doors_are_found_as_they_are_called(worker, place):
    worker.go("/search")
    field = worker.page.get_by_role("searchbox")
    tail = place.record(HOME).get("phone")[-4:]
    for typed in ("田桂芳", "tgf", "tianguifang", "1-1-101", tail):
        field.fill(typed)
        expect(worker.page.get_by_role("button", name="田桂芳").first).to_be_visible()
    field.fill("tgf")
    field.press("ArrowDown")
    worker.page.keyboard.press("Enter")
    expect(worker.page.get_by_role("heading", level=1)).to_have_text("田桂芳")
    worker.go("/search")
    worker.button("Clear").click()
    expect(worker.page.get_by_role("heading", name="Recent finds")).to_be_visible()


def test_the_matrix_is_walked_through_by_keys(worker):
    worker.go("/")
    grid = worker.page.get_by_role("grid").first
    first = grid.get_by_role("link", name="101, 田桂芳")
    first.focus()
    worker.page.keyboard.press("ArrowUp")
    worker.page.keyboard.press("ArrowRight")
    expect(grid.get_by_role("link", name="202, ")).to_be_focused()
    worker.page.keyboard.press("Enter")
    expect(worker.page.get_by_role("heading", name="People")).to_be_visible()


def test_the_plan_leads_to_a_building(worker):
    worker.go("/map")
    expect(worker.page.get_by_role("img", name="Plan of grids and buildings")).to_be_visible()
    worker.page.get_by_role("button", name="东门小区 Building 2").click()
    expect(worker.page.get_by_role("heading", level=1)).to_have_text("东门小区 Building 2")
