"""What else can go wrong with a tablet: the outbox is intact, and the screen says what is so."""

import re

import pytest
from playwright.sync_api import expect

from sync.scope import SYSTEM
from tests.browser.tablet.carried import Tablet
from tests.browser.tablet.conftest import OPTIONS

DAY_MS = 86_400_000
WECHAT = (
    "Mozilla/5.0 (Linux; Android 10; M2003J15SC) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/86.0.4240.99 XWEB/3235 MMWEBSDK/20220204 Mobile Safari/537.36 "
    "MicroMessenger/8.0.20"
)

FULL = """() => {
    const put = IDBObjectStore.prototype.put;
    globalThis.roomAgain = () => { IDBObjectStore.prototype.put = put; };
    IDBObjectStore.prototype.put = function () {
        throw new DOMException('no room', 'QuotaExceededError');
    };
}"""


def main(tablet):
    return tablet.page.get_by_role("main")


def begins_a_phone_number(tablet, phone="13700000001"):
    tablet.go(f"/household/{tablet.place.ids['East 1-1-101']}")
    tablet.button("Change Phone").click()
    dialog = tablet.page.get_by_role("dialog")
    dialog.get_by_label("Phone").fill(phone)
    return dialog


def test_a_full_disk_keeps_the_form_and_says_what_to_do(tablet, place):
    tablet.enrol("worker")
    tablet.offline()
    tablet.edits("East 1-1-102", phone="13700000002")
    tablet.evaluate(FULL)
    dialog = begins_a_phone_number(tablet)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text(re.compile("full|space", re.I))
    expect(dialog.get_by_label("Phone")).to_have_value("13700000001")
    assert tablet.waiting() == 1
    tablet.evaluate("() => roomAgain()")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    tablet.online()
    tablet.hand_in()
    assert place.record("East 1-1-101").get("phone") == "13700000001"
    assert place.record("East 1-1-102").get("phone") == "13700000002"


def test_where_the_browser_has_no_storage_the_page_says_so_and_what_to_do(browser, network, place):
    context = browser.new_context(**OPTIONS)
    context.add_init_script("Object.defineProperty(globalThis, 'indexedDB', {value: undefined})")
    tablet = Tablet.of(context, network, place, "en")
    tablet.open()
    expect(main(tablet)).to_contain_text("private window")
    context.close()


def test_storage_that_was_cleared_behind_the_apps_back_is_noticed_and_enrolled_anew(tablet, place):
    tablet.enrol("worker")
    tablet.evaluate(
        """async () => {
            for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
        }"""
    )
    tablet.page.wait_for_timeout(300)
    tablet.reload()
    expect(tablet.page.get_by_role("heading", name="Enrol this tablet")).to_be_visible()
    tablet.enrol("worker")
    assert tablet.count("household") == 24


def test_a_second_tab_shows_the_same_and_only_one_exchanges(tablet, place, network):
    tablet.enrol("worker")
    second = tablet.context.new_page()
    tablet.listen(second)
    tablet.open("/", page=second)
    expect(second.get_by_role("gridcell").first).to_be_visible()
    tablet.offline()
    tablet.edits("East 1-1-101", phone="13700000001")
    expect(second.locator("header.top a.status")).to_contain_text("1 waiting")
    second.evaluate("(it) => yuanba.replica.value.edit(it, {log: {append: '第二页'}})",
                    place.ids["East 1-1-101"])  # fmt: skip
    tablet.says_waiting(2)
    tablet.online()
    before = len(network.seen)
    for page in (tablet.page, second):
        page.evaluate("() => void yuanba.replica.value.sync('button')")
    tablet.eventually(lambda: tablet.waiting() == 0)
    household = place.record("East 1-1-101")
    assert household.get("phone") == "13700000001"
    assert [entry[3] for entry in household.get("log")] == ["第二页"]
    expect(second.locator("header.top a.status")).to_contain_text("Handed in")
    exchanges = [one for one in network.seen[before:] if one.path == "/sync/v1/exchange"]
    assert len(exchanges) <= 3


@pytest.mark.parametrize("hours", [-26, 7])
def test_a_clock_that_is_wrong_is_told_and_the_times_of_work_are_right(tablet, place, hours):
    place.shift_ms = -hours * 3_600_000
    tablet.enrol("worker")
    home = place.ids["East 1-1-101"]
    tablet.go(f"/household/{home}/visit")
    tablet.button("Save the visit").click()
    expect(tablet.button("Save the visit")).to_have_count(0)
    tablet.hand_in()
    visit = place.all_of("home_visit")[-1]
    assert visit.get("household") == home
    assert abs(visit.get("at") - place.now_ms()) < 60_000
    expect(main(tablet)).to_contain_text("clock")


def test_a_device_that_was_stopped_keeps_its_work_and_says_whom_to_ask(tablet, place):
    tablet.enrol("worker")
    tablet.offline()
    tablet.edits("East 1-1-101", phone="13700000001")
    (device,) = place.devices()
    place.about(device.id, "revoke")
    tablet.online()
    tablet.syncs()
    expect(tablet.status).to_contain_text("1 waiting")
    tablet.go("/sync")
    expect(main(tablet)).to_contain_text("must be enrolled again")
    expect(main(tablet)).to_contain_text("Changed: Phone")
    tablet.page.get_by_role("link", name="Enrol again").or_(tablet.button("Enrol again")).click()
    tablet.page.get_by_label("Code").fill(place.code("worker"))
    tablet.button("Enrol", exact=True).click()
    tablet.button("Begin", exact=True).click()
    tablet.syncs()
    assert tablet.waiting() == 0
    assert place.devices()[-1].replaces == device.id
    assert place.record("East 1-1-101").get("phone") == "13700000001"


def test_a_lost_tablet_hands_in_and_erases_itself(tablet, place):
    tablet.enrol("worker")
    tablet.offline()
    tablet.edits("East 1-1-101", log={"append": "丢失前"})
    (device,) = place.devices()
    place.about(device.id, "wipe")
    tablet.online()
    tablet.evaluate("() => void yuanba.replica.value.sync('button')")
    expect(main(tablet)).to_contain_text(re.compile("erased|wiped", re.I))
    left = tablet.disk()
    assert place.ids["East 1-1-101"] not in left
    assert "田桂芳" not in left
    tablet.reload()
    expect(tablet.page.get_by_role("heading", name="Enrol this tablet")).to_be_visible()
    served = place.served
    with served.store.engine.connect() as connection:
        from sqlalchemy import func, select

        from server.store.tables import HELD

        assert connection.scalar(select(func.count()).select_from(HELD)) == 1


def test_restricted_facts_come_only_where_they_were_granted_and_lie_on_the_disk_as_noise(
    tablet, place
):
    citizen, person = "99222219900307439X", place.ids["East 1-1-101 0"]
    fields = {"resident": person, "grid": place.ids["East"], "citizen_id": citizen}
    assert place.served.door.create(SYSTEM, "resident_restricted", fields).problem is None
    tablet.enrol("worker")
    assert tablet.count("resident_restricted") == 0
    grant = {
        "user": place.ids["worker"],
        "feed": f"restricted:{place.ids['East']}",
        "since": place.now_ms(),
    }
    assert place.served.door.create(SYSTEM, "assignment", grant).problem is None
    tablet.syncs()
    seen = tablet.evaluate(
        "() => yuanba.replica.value.views('resident_restricted').map((it) => it.get('citizen_id'))"
    )
    assert seen == [citizen]
    on_disk = tablet.disk()
    assert "田桂芳" in on_disk, "what is not restricted can be read: the dump works"
    assert citizen not in on_disk
    tablet.reload()
    tablet.is_open()
    assert tablet.count("resident_restricted") == 1


def test_after_its_lease_it_shows_only_its_own_work_until_it_has_exchanged(tablet, place):
    tablet.page.clock.install()
    tablet.enrol("worker")
    tablet.keep_offline_ready()
    tablet.offline()
    tablet.edits("East 1-1-101", phone="13700000001")
    tablet.page.clock.fast_forward(15 * DAY_MS)
    place.shift_ms += 15 * DAY_MS
    tablet.page.clock.fast_forward(60_000)
    expect(main(tablet)).not_to_contain_text("田桂芳")
    tablet.go("/")
    expect(tablet.page.get_by_role("gridcell")).to_have_count(0)
    tablet.go("/sync")
    expect(main(tablet)).to_contain_text("Changed: Phone")
    tablet.online()
    tablet.hand_in()
    tablet.go("/")
    expect(tablet.page.get_by_role("gridcell").first).to_be_visible()
    assert place.record("East 1-1-101").get("phone") == "13700000001"


@pytest.mark.parametrize(
    ("lacks", "told"),
    [
        ("delete globalThis.WeakRef; globalThis.ReadableStream = undefined", "too old"),
        ("Object.defineProperty(crypto, 'subtle', {value: undefined})", "https"),
        ("Object.defineProperty(globalThis, 'isSecureContext', {value: false});"
         "Object.defineProperty(crypto, 'subtle', {value: undefined})", "https"),
    ],
    ids=["an old browser", "no encryption", "plain http"],
)  # fmt: skip
def test_a_browser_that_cannot_is_told_what_it_lacks(browser, network, place, lacks, told):
    context = browser.new_context(**OPTIONS)
    context.add_init_script(lacks)
    tablet = Tablet.of(context, network, place, "en")
    tablet.open()
    expect(tablet.page.locator("body")).to_contain_text(told)
    context.close()


def test_inside_wechat_people_are_told_to_open_it_in_a_browser(browser, network, place):
    context = browser.new_context(**{**OPTIONS, "user_agent": WECHAT})
    tablet = Tablet.of(context, network, place, "zh")
    tablet.open()
    expect(tablet.page.locator("body")).to_contain_text("微信")
    expect(tablet.page.locator("body")).to_contain_text("浏览器")
    context.close()
