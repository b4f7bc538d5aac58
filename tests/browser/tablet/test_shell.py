"""The app around the work: who may see it, what it says of itself, and the way back."""

import time

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import HERE

AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DAY_MS = 86_400_000
PORTRAIT, PHONE = (800, 1280), (390, 844)
# Every screen of the app itself that holds something; the work's screens have tests of their own.
SCREENS = ["/sync", "/me", "/me/app", "/me/wipe", "/help", "/help/start", "/capable", "/enrol"]


def title(tablet):
    return tablet.page.get_by_role("heading", level=1)


def set_pin(tablet, pin):
    tablet.go("/me")
    tablet.button("Set a PIN").click()
    tablet.page.get_by_label("New PIN").fill(pin)
    tablet.page.get_by_label("Type it again").fill(pin)
    tablet.button("Save the PIN").click()
    expect(tablet.button("Change the PIN")).to_be_visible()


def phone_is(tablet, home, phone):
    """Change a telephone number as the engine is asked to; forms have their own tests."""
    return tablet.evaluate(
        "([id, phone]) => yuanba.replica.value.edit(id, { phone })", [home, phone]
    )


# Enrolment ----------------------------------------------------------------------------------------


def test_a_wrong_code_is_told_in_words_and_stays_in_its_field(tablet):
    tablet.open()
    tablet.page.get_by_label("Code", exact=False).fill("k7m2p9q4x3f")
    tablet.button("Enrol", exact=True).click()
    expect(tablet.page.get_by_text("The code has 12 characters")).to_be_visible()
    tablet.page.get_by_label("Code", exact=False).fill("k7m2 p9q4 x3f8")
    tablet.button("Enrol", exact=True).click()
    expect(tablet.page.get_by_text("code_unknown")).to_be_visible()
    expect(tablet.page.get_by_label("Code", exact=False)).to_have_value("K7M2-P9Q4-X3F8")


def test_a_code_in_a_link_does_not_stay_in_the_address(tablet, place):
    tablet.open(f"/enrol?code={place.code('worker')}")
    expect(title(tablet)).to_have_text("Enrol this tablet")
    assert tablet.evaluate("() => location.hash") == "#/enrol"
    assert tablet.evaluate("() => history.length") <= 2


def test_a_tablet_whose_token_is_unknown_is_enrolled_again_and_resends_its_work(tablet, place):
    tablet.enrol("worker")
    tablet.offline()
    phone_is(tablet, place.ids["East 1-1-101"], "13700000009")
    place.forget_tokens(place.devices()[-1].id)
    tablet.online()
    tablet.go("/sync")
    tablet.button("Sync now").click()
    expect(tablet.page.get_by_text("This tablet must be enrolled again")).to_be_visible()
    tablet.says_waiting(1)
    tablet.page.get_by_role("link", name="Enrol again").click()
    tablet.page.get_by_label("Code", exact=False).fill(place.code("worker"))
    tablet.button("Enrol", exact=True).click()
    tablet.button("Begin", exact=True).click()
    # Nobody at the office has confirmed that this tablet stands for the one before.
    tablet.go("/sync?part=settle")
    tablet.page.get_by_role("link", name="Changed: Phone").click()
    expect(tablet.page.get_by_text("It was made before the tablet was enrolled")).to_be_visible()
    tablet.button("Resend as it is").click()
    expect(title(tablet)).to_have_text("Sync")
    tablet.hand_in()
    assert place.record("East 1-1-101").get("phone") == "13700000009"


# Who may see it -----------------------------------------------------------------------------------


def test_the_pin_is_asked_for_at_the_start_and_wrong_ones_slow_down(tablet):
    tablet.enrol("worker")
    set_pin(tablet, "1234")
    tablet.reload()
    expect(title(tablet)).to_have_text("Locked")
    expect(tablet.page.get_by_role("navigation")).to_have_count(0)
    for _ in range(7):
        tablet.page.keyboard.type("9999")
        tablet.page.keyboard.press("Enter")
        tablet.page.wait_for_timeout(150)
    expect(tablet.page.get_by_text("Too many wrong tries")).to_be_visible()
    expect(tablet.button("Unlock")).to_be_disabled()


def test_the_keys_on_the_screen_open_the_lock(tablet):
    tablet.enrol("worker")
    set_pin(tablet, "2580")
    tablet.page.get_by_role("button", name="Lock now").click()
    for digit in "2580":
        tablet.button(digit, exact=True).click()
    tablet.button("Unlock").click()
    expect(tablet.page.get_by_role("button", name="Lock now")).to_be_visible()


def test_two_workers_of_one_tablet_have_their_own_work(tablet, place):
    tablet.enrol("worker")
    tablet.offline()
    phone_is(tablet, place.ids["East 1-1-101"], "13700000009")
    tablet.says_waiting(1)
    tablet.online()
    tablet.enrol("chief")
    expect(tablet.status).not_to_contain_text("waiting")
    tablet.reload()
    expect(title(tablet)).to_have_text("Who is working?")
    tablet.page.get_by_role("button", name=place.record("worker").get("name")).click()
    expect(tablet.page.get_by_role("navigation").last).to_be_visible()
    tablet.hand_in()
    assert place.record("East 1-1-101").get("phone") == "13700000009"


def test_after_too_many_days_alone_it_shows_nothing_but_what_waits(tablet, place):
    tablet.enrol("worker")
    tablet.keep_offline_ready()
    tablet.offline()
    phone_is(tablet, place.ids["East 1-1-101"], "13700000009")
    tablet.page.clock.install(time=(time.time_ns() // 1_000_000 + 15 * DAY_MS) / 1_000)
    tablet.reload()
    expect(title(tablet)).to_have_text("Connect once to go on")
    expect(tablet.page.get_by_text("Nothing was deleted")).to_be_visible()
    tablet.page.get_by_role("link", name="See what is not handed in").click()
    expect(tablet.page.get_by_role("tabpanel")).to_contain_text("Changed: Phone")
    tablet.go("/search")
    expect(title(tablet)).to_have_text("Connect once to go on")


def test_a_wiped_tablet_says_what_became_of_the_work(tablet, place):
    tablet.enrol("worker")
    stamp = phone_is(tablet, place.ids["East 1-1-101"], "13700000009")
    place.about(place.devices()[-1].id, "wipe")
    tablet.go("/sync")
    tablet.button("Sync now").click()
    expect(title(tablet)).to_have_text("Erased")
    with place.served.store.read() as snapshot:
        assert snapshot.operations([stamp])[stamp].outcome == "held"
    tablet.button("I understand").click()
    expect(title(tablet)).to_have_text("Enrol this tablet")


def test_erasing_with_unsent_work_needs_a_file_first(tablet, place):
    tablet.enrol("worker")
    tablet.offline()
    phone_is(tablet, place.ids["East 1-1-101"], "13700000009")
    tablet.go("/me/wipe")
    expect(tablet.button("Erase", exact=True)).to_be_disabled()
    with tablet.page.expect_download() as saved:
        tablet.button("Save a file").click()
    assert "13700000009" in saved.value.path().read_text(encoding="utf-8")
    tablet.page.get_by_role("switch").check(force=True)
    tablet.button("Erase", exact=True).click()
    tablet.page.get_by_role("dialog").get_by_role("button", name="Erase").click()
    expect(title(tablet)).to_have_text("Enrol this tablet")


# What became of the work --------------------------------------------------------------------------


def test_work_of_a_suspended_tablet_is_held_and_can_be_put_right(tablet, place):
    tablet.enrol("worker")
    place.about(place.devices()[-1].id, "suspend")
    phone_is(tablet, place.ids["East 1-1-101"], "13700000009")
    tablet.go("/sync?part=settle")
    tablet.button("Sync now").click()
    tablet.page.get_by_role("tab", name="For you").click()
    tablet.page.get_by_role("link", name="Changed: Phone").click()
    expect(tablet.page.get_by_text("it counts when an administrator has looked")).to_be_visible()
    expect(tablet.page.get_by_text("The server says:")).to_be_visible()
    tablet.button("Edit and resend").click()
    tablet.page.get_by_role("textbox", name="Phone").fill("13700000010")
    tablet.button("Save and resend").click()
    expect(title(tablet)).to_have_text("Sync")
    tablet.hand_in()
    outbox = (
        "() => yuanba.replica.value.outbox({ all: true }).map((one) => [one.stamp, one.fields])"
    )
    sent = [
        stamp for stamp, fields in tablet.evaluate(outbox) if fields == {"phone": "13700000010"}
    ]
    with place.served.store.read() as snapshot:
        # It builds on the value that waits, so that it waits with it.
        assert [snapshot.operations(sent)[stamp].outcome for stamp in sent] == ["held"]


def test_what_was_never_sent_can_be_taken_back_from_its_entry(tablet, place):
    tablet.enrol("worker")
    tablet.offline()
    phone_is(tablet, place.ids["East 1-1-101"], "13700000009")
    tablet.status.click()
    tablet.page.get_by_role("link", name="Changed: Phone").click()
    expect(tablet.page.get_by_text("not at the server yet")).to_be_visible()
    tablet.button("Undo").click()
    tablet.page.get_by_role("dialog").get_by_role("button", name="Undo").click()
    expect(tablet.page.get_by_role("heading", name="Sync", level=1)).to_be_visible()
    expect(tablet.page.get_by_text("Nothing waits")).to_be_visible()


# The way back -------------------------------------------------------------------------------------


def test_back_closes_a_sheet_and_then_leads_to_the_first_tab(tablet):
    tablet.enrol("worker")
    tablet.page.get_by_role("navigation").get_by_role("link", name="Sync").click()
    tablet.page.get_by_role("navigation").get_by_role("link", name="Me").click()
    tablet.button("Set a PIN").click()
    expect(tablet.page.get_by_role("dialog")).to_be_visible()
    tablet.page.go_back()
    expect(tablet.page.get_by_role("dialog")).to_have_count(0)
    assert tablet.evaluate("() => location.hash") == "#/me"
    tablet.page.go_back()
    tablet.eventually(lambda: tablet.evaluate("() => location.hash") == "#/")


GIVEN_AFTER_THE_SHEET = """(ms) => {
    const seen = new MutationObserver(() => {
        if (document.querySelector("dialog")) return;
        seen.disconnect();
        setTimeout(() => { location.hash = "/today"; }, ms);
    });
    seen.observe(document.body, { childList: true, subtree: true });
}"""


def test_an_address_that_is_given_while_a_sheet_closes_is_followed(tablet, place):
    """The browser takes some milliseconds to walk back; all moments of them are tried."""
    tablet.enrol("worker")
    today = tablet.page.get_by_role("heading", name="Today", level=1)
    for turn in range(16):
        tablet.go(f"/household/{place.ids['East 1-1-101']}")
        tablet.button("Change Phone").click()
        dialog = tablet.page.get_by_role("dialog")
        dialog.get_by_label("Phone").fill(f"137000000{turn:02}")
        tablet.evaluate(GIVEN_AFTER_THE_SHEET, turn % 8 + 2)
        dialog.get_by_role("button", name="Save").click()
        expect(today).to_be_visible()
        tablet.page.wait_for_timeout(100)  # what still walks back arrives by then
        assert tablet.evaluate("() => location.hash") == "#/today"
        expect(today).to_be_visible()


# What a browser lacks -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lacking", "told", "words"),
    [
        ("isSecureContext", "insecure", "This is an http address, not https"),
        ("indexedDB", "storage", "It may not store data on this device"),
        ("ReadableStream", "old", "The browser is too old"),
    ],
)
def test_what_a_browser_lacks_is_told_before_the_app_is_read(tablet, lacking, told, words):
    value = "false" if lacking == "isSecureContext" else "undefined"
    tablet.context.add_init_script(
        f"Object.defineProperty(window, '{lacking}', {{ value: {value} }})"
    )
    tablet.open()
    expect(tablet.page.get_by_text(words)).to_be_visible()
    assert told in tablet.evaluate("() => document.documentElement.dataset.incapable")


def test_a_script_that_does_not_come_is_told_and_not_a_blank_page(tablet):
    tablet.page.route("**/assets/index-*.js", lambda route: route.abort())
    tablet.open()
    expect(tablet.page.get_by_text("The app did not start")).to_be_visible()


# For everybody ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "theme", "size", "text"),
    [
        ("zh-CN", "light", PORTRAIT, "normal"),
        ("en", "dark", PORTRAIT, "normal"),
        ("zh-CN", "dark", PHONE, "largest"),
        ("en", "light", PHONE, "largest"),
    ],
)
def test_no_screen_of_the_app_itself_has_a_fault_or_is_cut_off(
    tablet, place, language, theme, size, text
):
    tablet.enrol("worker")
    tablet.offline()
    phone_is(tablet, place.ids["East 1-1-101"], "13700000009")
    for name, value in {"language": language, "theme": theme, "text": text}.items():
        tablet.evaluate(
            "([name, value]) => localStorage.setItem(`yuanba.${name}`, value)", [name, value]
        )
    tablet.page.set_viewport_size({"width": size[0], "height": size[1]})
    tablet.online()
    tablet.reload()
    stamp = tablet.evaluate("() => yuanba.replica.value?.outbox({ all: true })[0]?.stamp ?? ''")
    faults, wide = {}, []
    for path in [*SCREENS, *([f"/sync/{stamp}"] if stamp else [])]:
        tablet.go(path)
        expect(title(tablet).first).to_be_visible()
        tablet.page.wait_for_timeout(150)
        if not tablet.evaluate("() => typeof axe === 'object'"):
            tablet.evaluate(AXE.read_text(encoding="utf-8"))
        found = tablet.evaluate(
            """async (rules) => (await axe.run(document, { runOnly: rules })).violations.map(
                (one) => `${one.id}: ${one.nodes[0].html.slice(0, 120)}`)""",
            RULES,
        )
        if found:
            faults[path] = found
        if tablet.evaluate("() => document.documentElement.scrollWidth > innerWidth"):
            wide.append(path)
    assert (faults, wide) == ({}, [])
    assert tablet.evaluate("() => document.documentElement.lang") == language
