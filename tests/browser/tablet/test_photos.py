"""Photos: taken without a signal, handed in piece by piece, and looked at by who may.

A picture is put into the file input that the camera would fill; everything behind it is the
real app, a real browser's disk and drawing, the real server, and a network that breaks.
"""

import base64
import hashlib
import random
import re
import struct
import zlib

import pytest
from playwright.sync_api import expect

from server.attachments import carried as carried_photos
from server.attachments.pictures import kind_of
from sync.scope import SYSTEM
from tests.browser.tablet.carried import PORTRAIT, Tablet
from tests.browser.tablet.conftest import OPTIONS
from tests.browser.tablet.test_bad_luck import FULL, main
from tests.browser.tablet.test_everybody import AXE, CUT_OFF, PANNED, PHONE, RULES, at_work
from tests.browser.tablet.test_killed import carried
from tests.server.attachments.pictures import PLACE

__all__ = ["at_work", "carried"]

HOME = "East 1-1-101"


def picture(width, height):
    """A picture of a yard in a few colours, with its place in its notes."""
    left, right = width // 2, width - width // 2
    rows = (
        b"\0" + bytes((40 + number % 180, 120, 60)) * left + b"\xc8\xb4\x8c" * right
        for number in range(height)
    )
    return _png(width, height, b"".join(rows), b"Comment\0" + PLACE)


def noise():
    """A picture of 400 kB that no packing makes smaller, without notes to be taken out."""
    rows = b"".join(b"\0" + random.Random(number).randbytes(3 * 365) for number in range(365))
    return _png(365, 365, rows)


def _png(width, height, rows, note=None):
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))]
    parts += [(b"tEXt", note)] if note else []
    parts += [(b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def takes(tablet, data=None, *, within=None, name="photo.png", kind="image/png"):
    """What the camera gives to the form that is open, when its button is pressed."""
    file = {"name": name, "mimeType": kind, "buffer": data or picture(2400, 1200)}
    field = (within or tablet.page).locator("fieldset:has(> input[data-photo=camera])").first
    with tablet.page.expect_file_chooser() as opened:
        field.locator(".buttons > .button").first.click()
    opened.value.set_files(file)


def keeps(tablet, digest, size="whole"):
    """The bytes of a photo that the tablet itself has; None if it has none."""
    found = tablet.evaluate(
        """async ([digest, size]) => {
            const blob = await yuanba.replica.value.photos.here(digest, size);
            if (!blob) return null;
            const bytes = new Uint8Array(await blob.arrayBuffer());
            return btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(''));
        }""",
        [digest, size],
    )
    return None if found is None else base64.b64decode(found)


def photos(tablet):
    return tablet.evaluate("() => yuanba.replica.value.photos.all.value")


def begun(tablet, data, record):
    """A photo of a record's field, kept and named as its form does it."""
    return tablet.evaluate(
        """async ([data, record]) => {
            const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
            const [whole, thumb] = [new Blob([bytes]), new Blob([bytes.slice(0, 9)])];
            const digest = await yuanba.replica.value.photos.keep(whole, thumb, 'work_order');
            await yuanba.replica.value.edit(record, {photo: digest});
            return digest;
        }""",
        [base64.b64encode(data).decode(), record],
    )


def served(place, digest, record):
    """The bytes of a photo at the server; None while it has not all of them."""
    from sync.errors import Refusal

    try:
        return place.served.uploads.picture(place.record(record), digest).path.read_bytes()
    except (KeyError, Refusal):
        return None


def an_order(place, *states, **more):
    order = place.served.new_id()
    fields = {
        "grid": place.ids["East"], "title": "楼道灯不亮", "kind": "request", "class": "ordinary",
        "household": place.ids[HOME], "source": "resident", **more,
    }  # fmt: skip
    assert place.served.door.create(SYSTEM, "work_order", fields, record=order).problem is None
    for state in states:
        unit = {"lead_unit": place.ids["unit"]} if state == "assigned" else {}
        assert place.served.door.transition(SYSTEM, order, state, unit).problem is None
    return order


def hands_in(tablet):
    """Press the button; wait until the photos are there too."""
    tablet.hand_in()
    tablet.eventually(lambda: tablet.state()["photos"]["waiting"] == 0, within_s=20)


def test_an_order_is_closed_with_a_photo_taken_without_a_signal(tablet, place):
    order = an_order(place, "verified", "classified", "assigned")
    tablet.enrol("worker")
    tablet.keep_offline_ready()
    tablet.offline()
    tablet.go(f"/order/{order}")
    steps = tablet.page.get_by_role("group", name="Next step")
    steps.get_by_role("button", name="Accept").click()
    steps.get_by_role("button", name="Start").click()
    steps.get_by_role("button", name="Finish").click()
    dialog = tablet.page.get_by_role("dialog")
    # A camera that is put away without a photo puts away nothing else.
    dialog.locator("input[data-photo=camera]").dispatch_event("cancel", {"bubbles": True})
    takes(tablet, within=dialog)
    expect(dialog.get_by_role("button", name="See large: Photo of the result")).to_be_visible()

    # The browser goes before anything is saved: the photo is part of the draft.
    tablet.reload()
    steps.get_by_role("button", name="Finish").click()
    dialog.get_by_role("button", name="See large: Photo of the result").wait_for()
    dialog.get_by_role("textbox", name="Result").fill("换了灯泡")
    dialog.get_by_role("button", name="Finish").click()
    row = tablet.page.locator("[data-field=result_photo]")
    expect(row).to_contain_text("Waiting")
    expect(tablet.status).to_contain_text("1 photo waiting")
    tablet.reload()
    tablet.is_open()
    (own,) = photos(tablet)
    digest = own["digest"]
    kept = keeps(tablet, digest)
    assert kind_of(kept) == "image/jpeg"
    assert hashlib.sha256(kept).hexdigest() == digest
    assert PLACE not in kept
    assert PLACE.decode() not in tablet.disk()

    tablet.online()
    hands_in(tablet)
    record = place.record(order)
    assert (record.get("status"), record.get("result_photo")) == ("handled", digest)
    assert served(place, digest, order) == kept
    tablet.go(f"/order/{order}")
    expect(row).to_contain_text("Handed in")
    # For a month it stays whole, for a server that comes back from a backup.
    assert keeps(tablet, digest) == kept
    assert kind_of(keeps(tablet, digest, "thumb")) == "image/jpeg"


def test_a_visit_and_an_appeal_have_a_photo_that_can_be_taken_anew_and_out(tablet, place):
    tablet.enrol("worker")
    tablet.offline()
    tablet.go(f"/household/{place.ids[HOME]}/visit")
    see = tablet.button("See large: Photo")
    takes(tablet)
    expect(see).to_be_visible()
    first = tablet.page.locator(".photo-thumb img").get_attribute("src")
    takes(tablet, picture(600, 900))
    expect(tablet.page.locator(".photo-thumb img")).not_to_have_attribute("src", first)
    tablet.button("Take it out").click()
    expect(see).to_have_count(0)
    takes(tablet)
    expect(see).to_be_visible()
    tablet.button("Save the visit").click()
    expect(tablet.button("Save the visit")).to_have_count(0)
    assert tablet.state()["photos"]["waiting"] == 1

    tablet.go(f"/household/{place.ids[HOME]}/appeal")
    tablet.page.get_by_label("What is it about").fill("井盖坏了")
    takes(tablet, picture(900, 600))
    expect(tablet.button("See large: Photo of the place")).to_be_visible()
    tablet.button("Save the appeal").click()
    expect(tablet.button("Save the appeal")).to_have_count(0)
    expect(tablet.status).to_contain_text("2 photos waiting")

    tablet.online()
    hands_in(tablet)
    for kind in ("home_visit", "work_order"):
        made = place.all_of(kind)[-1]
        assert served(place, made.get("photo"), made.id) is not None


def test_a_photo_is_added_to_a_result_that_is_there_already(tablet, place):
    order = an_order(place, result="换了灯泡")
    tablet.enrol("worker")
    tablet.offline()
    tablet.go(f"/order/{order}")
    tablet.button("Change Photo of the result").click()
    sheet = tablet.page.get_by_role("dialog")
    takes(tablet, within=sheet)
    sheet.get_by_role("button", name="See large: Photo of the result").click()
    expect(tablet.page.locator(".photo-zoom img")).to_be_visible()
    tablet.page.keyboard.press("Escape")
    sheet.get_by_role("button", name="Save").click()
    expect(sheet).to_have_count(0)
    expect(tablet.page.locator("[data-field=result_photo]")).to_contain_text("Waiting")
    tablet.page.locator(".toast").get_by_role("button", name="Undo").click()
    tablet.eventually(lambda: tablet.state()["photos"]["waiting"] == 0)
    assert tablet.waiting() == 0


def test_a_photo_that_is_cut_in_the_middle_goes_on_where_the_server_stands(tablet, place, network):
    order = an_order(place)
    tablet.enrol("worker")
    tablet.offline()
    data = noise()
    digest = begun(tablet, data, order)
    tablet.online()
    # So slow that the cut falls into a piece; what the server has of it is kept.
    network.slow(delay_ms=0, kbit=1_500)
    tablet.evaluate("() => void yuanba.replica.value.sync('button')")
    tablet.eventually(lambda: 0 < photos(tablet)[0]["share"] < 1, within_s=20)
    tablet.offline()
    tablet.eventually(lambda: photos(tablet)[0]["state"] == "waiting")
    expect(tablet.status).to_contain_text("1 photo waiting")
    network.all_well()
    before = len(network.seen)
    tablet.online()
    hands_in(tablet)
    again = [one for one in network.seen[before:] if "/attachments/uploads/" in one.path]
    assert again[0].method == "HEAD"
    assert sum(one.up for one in again) < len(data)
    assert served(place, digest, order) == data


def test_killed_while_photos_are_kept_it_has_all_that_it_promised(carried, place):
    tablet = carried.start()
    tablet.enrol("worker")
    order = an_order(place)
    tablet.syncs()
    tablet.offline()
    promised = []
    tablet.page.expose_function("promised", lambda digest: promised.append(digest))
    tablet.evaluate(
        """(record) => void (async () => {
            const { photos } = yuanba.replica.value;
            for (let n = 0; n < 300; n += 1) {
                const bytes = crypto.getRandomValues(new Uint8Array(60_000));
                const [whole, thumb] = [new Blob([bytes]), new Blob([bytes.slice(0, 900)])];
                const digest = await photos.keep(whole, thumb, 'work_order');
                await yuanba.replica.value.edit(record, {photo: digest});
                void promised(digest);
            }
        })()""",
        order,
    )
    tablet.eventually(lambda: len(promised) >= 12)
    carried.kill()

    tablet = carried.start()
    tablet.open()
    tablet.is_open()
    found = {one["digest"] for one in photos(tablet)}
    assert set(promised) <= found
    for digest in promised:
        assert hashlib.sha256(keeps(tablet, digest)).hexdigest() == digest
    # Whatever an entry names is there: never the name without the photo.
    named = tablet.evaluate("() => yuanba.replica.value.outbox().map((it) => it.fields.photo)")
    assert set(named) == found


def test_a_full_disk_keeps_the_form_and_says_so(tablet, place):
    tablet.enrol("worker")
    tablet.offline()
    tablet.go(f"/household/{place.ids[HOME]}/visit")
    tablet.page.get_by_label("Notes").fill("门口积水")
    tablet.page.wait_for_timeout(400)
    tablet.evaluate(FULL)
    takes(tablet)
    expect(main(tablet)).to_contain_text(re.compile("full", re.I))
    expect(tablet.page.get_by_label("Notes")).to_have_value("门口积水")
    expect(tablet.button("See large: Photo")).to_have_count(0)
    tablet.evaluate("() => roomAgain()")
    takes(tablet)
    expect(tablet.button("See large: Photo")).to_be_visible()
    tablet.button("Save the visit").click()
    expect(tablet.button("Save the visit")).to_have_count(0)
    tablet.online()
    hands_in(tablet)
    visit = place.all_of("home_visit")[-1]
    assert visit.get("notes") == "门口积水"
    assert served(place, visit.get("photo"), visit.id) is not None


def test_what_is_no_picture_is_told_at_once_and_what_the_server_refuses_on_the_sync_page(
    tablet, place
):
    order = an_order(place)
    tablet.enrol("worker")
    tablet.go(f"/household/{place.ids[HOME]}/visit")
    takes(tablet, b"%PDF-1.7 minutes of a meeting", name="a.pdf", kind="application/pdf")
    expect(main(tablet)).to_contain_text("no photo that can be opened here")

    begun(tablet, b"GIF89a" + bytes(500), order)
    tablet.hand_in()
    expect(tablet.page.locator(".toast").filter(has_text="photo was refused")).to_be_visible()
    tablet.page.get_by_role("tab", name="For you").click()
    refused = tablet.page.locator("[data-photo-state=refused]")
    expect(refused).to_contain_text("JPEG, PNG or WebP")
    refused.get_by_role("button", name="Try again").click()
    expect(refused).to_contain_text("JPEG, PNG or WebP")
    refused.get_by_role("button", name="Drop the photo").click()
    tablet.page.get_by_role("dialog").get_by_role("button", name="Drop the photo").click()
    expect(refused).to_have_count(0)


def test_erasing_counts_photos_and_a_file_brings_them_to_the_office(tablet, place):
    order = an_order(place)
    tablet.enrol("worker")
    tablet.offline()
    digest = begun(tablet, noise(), order)
    tablet.go("/me/wipe")
    expect(main(tablet)).to_contain_text("1 photo is not handed in")
    with tablet.page.expect_download(
        lambda it: it.suggested_filename.endswith("photos-1.zip")
    ) as saved:
        tablet.button("Save a file").click()
    with open(saved.value.path(), "rb") as file:
        assert carried_photos.take(place.served.uploads, file).taken == 1
    assert served(place, digest, order) == noise()
    expect(tablet.button("Erase", exact=True)).to_be_disabled()


def test_a_colleague_sees_it_when_they_ask_for_it(browser, tablet, place, network):
    order = an_order(place)
    tablet.enrol("worker")
    tablet.go(f"/edit/work_order/{order}")
    takes(tablet)
    expect(tablet.button("See large: Photo of the place")).to_be_visible()
    tablet.button("Save").click()
    expect(tablet.button("Save")).to_have_count(0)
    hands_in(tablet)

    context = browser.new_context(**OPTIONS)
    chief = Tablet.of(context, network, place, "en")
    chief.enrol("chief")
    chief.go(f"/order/{order}")
    chief.offline()
    show = chief.button("See large: Photo of the place")
    show.click()
    dialog = chief.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Seeing it needs a network")
    chief.online()
    dialog.get_by_role("button", name="Try again").click()
    enlarge = dialog.get_by_role("button", name="Enlarge: Photo of the place")
    expect(enlarge.get_by_role("img", name="Photo of the place")).to_be_visible()
    natural = "(it) => it.querySelector('img').naturalWidth"
    chief.eventually(lambda: enlarge.evaluate(natural) == 1_600)
    width = enlarge.bounding_box()["width"]
    enlarge.press("Enter")
    expect(enlarge).to_have_attribute("aria-pressed", "true")
    assert enlarge.bounding_box()["width"] > 2 * width
    chief.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    # Nothing of it is kept on this tablet.
    assert keeps(chief, place.record(order).get("photo"), "thumb") is None
    assert chief.told == []
    context.close()


@pytest.mark.parametrize(
    ("lang", "theme", "viewport"),
    [("zh", "light", PORTRAIT), ("en", "dark", PHONE)],
    ids=["zh-light-tablet", "en-dark-phone"],
)
def test_photos_shut_nobody_out_and_are_cut_off_nowhere(at_work, place, lang, theme, viewport):
    order = an_order(place)
    tablet = at_work(lang, theme, viewport)
    tablet.online()
    tablet.syncs()
    begun(tablet, b"GIF89a" + bytes(500), order)
    tablet.syncs()
    tablet.eventually(lambda: tablet.state()["photos"]["refused"] == 1)
    tablet.offline()
    tablet.go(f"/household/{place.ids[HOME]}")
    tablet.go(f"/household/{place.ids[HOME]}/visit")
    takes(tablet, picture(900, 1600))
    tablet.page.locator(".photo-thumb").wait_for()
    tablet.page.locator("[type=submit]").click()
    expect(tablet.page.locator("[type=submit]")).to_have_count(0)
    tablet.eventually(lambda: tablet.state()["photos"]["waiting"] == 1)
    if AXE.exists():
        tablet.evaluate(AXE.read_text(encoding="utf-8"))
    found = []

    def look(name):
        tablet.page.wait_for_timeout(150)
        for size in ("100%", "200%"):
            tablet.evaluate("(size) => { document.documentElement.style.fontSize = size; }", size)
            # The menu is on every screen, and looked at with them.
            found.extend((name, size, one) for one in tablet.evaluate(CUT_OFF, f"{PANNED}, nav"))
        tablet.evaluate("() => { document.documentElement.style.fontSize = ''; }")
        told = tablet.evaluate(
            """(rules) => axe.run(document, {
                runOnly: {type: 'tag', values: rules}, rules: {'target-size': {enabled: false}},
            })""",
            RULES,
        )
        for problem in told["violations"]:
            found.extend((name, problem["id"], node["html"][:160]) for node in problem["nodes"][:3])

    tablet.go(f"/edit/work_order/{order}")
    takes(tablet)
    tablet.page.locator(".photo-thumb").first.wait_for()
    look("form")
    tablet.page.locator(".photo-thumb").first.click()
    tablet.page.locator(".photo-zoom img").wait_for()
    look("large")
    tablet.page.keyboard.press("Escape")
    tablet.go(f"/order/{order}")
    tablet.page.locator("[data-field=photo] button").first.wait_for()
    look("order")
    tablet.page.locator("[data-field=photo] button").first.click()
    tablet.page.get_by_role("dialog").wait_for()
    look("shown")
    tablet.page.keyboard.press("Escape")
    for part in ("waiting", "settle"):
        tablet.go("/")
        tablet.go(f"/sync?part={part}")
        tablet.page.locator("[data-photo-state]").first.wait_for()
        look(part)
    tablet.go("/me/wipe")
    look("wipe")
    assert not found, "\n".join(map(str, found))
