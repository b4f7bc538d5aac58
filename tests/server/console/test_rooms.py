"""Today, the map, devices, what is kept aside, the help."""

import dataclasses
import re

import pytest
from sqlalchemy import select

from server.accounts.sessions import reading, writing
from server.console import devices
from server.console.help_pages import HELP, ORDER
from server.models import Audit, Device, EnrolmentCode
from server.settings import Settings
from server.store.tables import ASIDE, HELD
from tests.server.console.browser import Browser, words_of
from tests.server.console.county import build
from tests.server.console.disagreement import disagree, keep_aside


def test_every_room_opens_on_postgresql_too(postgres_url, tmp_path):
    settings = Settings(database_url=postgres_url, data_dir=tmp_path, secret="test" * 8)
    county = build(settings, doors=1)
    disagree(county)
    keep_aside(county)
    admin = Browser(county, "admin")
    for path in ("/", "/map", "/map/grids.json", "/grids", "/devices", "/waiting", "/enrol"):
        assert admin.get(path).status_code == 200, path
    for text in ("田", "tgf", "1-1-101", "5678", "%"):
        assert admin.get("/grids", q=text, partial=True).status_code == 200, text
    assert admin.get("/grids", care="overdue", tag="disabled").status_code == 200
    assert admin.get(f"/households/{county.ids['home1']}").status_code == 200
    page = admin.get("/conflicts", kind="overtaken").get_data(as_text=True)
    assert page.count("data-row ") == 1
    assert admin.post("/devices/k7m2p9q4/suspend").status_code == 302
    assert admin.post("/enrol", user=county.ids["worker1"]).status_code == 200
    county.services.store.close()


def test_today_counts_what_waits_and_shows_the_oldest(county, admin):
    words = admin.text("/")
    assert "Open conflicts 4" in words
    assert "Kept aside 1" in words
    assert "Orders past their time 3" in words
    assert "Silent devices 1" in words
    assert "楼道堆放杂物" in words
    assert "5 hours late" in words


def test_today_shows_a_community_its_own_and_no_devices(county, browse):
    words = browse("staff").text("/")
    assert "Silent devices" not in words
    assert "Kept aside" not in words
    assert "Open conflicts 4" in words


def test_the_map_and_its_list_show_the_same_grids_and_numbers(county, admin):
    shapes = admin.get("/map/grids.json").get_json()["grids"]["features"]
    words = admin.text("/map")
    assert len(shapes) == 12
    for shape in shapes:
        properties = shape["properties"]
        assert f"{properties['title']} {properties['households']} households" in words
    disputed = [one["properties"] for one in shapes if one["properties"]["conflicts"]]
    assert [one["conflicts"] for one in disputed] == [4]


def test_devices_show_how_they_are_the_longest_silent_first(county, admin):
    words = admin.text("/devices")
    assert words.index("旧平板") < words.index("杨小龙的平板")
    assert "off by 5 hours" in words
    assert "9 days ago" in words
    assert "旧平板" in admin.text("/devices", partial=True, state="silent")
    assert "杨小龙的平板" not in admin.text("/devices", partial=True, state="silent")


def test_photos_that_wait_on_a_device_are_told_where_somebody_would_erase_it(county, admin):
    with writing(county.services.store) as session:
        session.get_one(Device, "w8x9y0z1").photos = 2
        session.get_one(Device, "k7m2p9q4").photos = 1
    assert "+ 2 photos" in admin.text("/devices")
    assert "5 waiting" in admin.text("/")
    assert "2 photos wait on it" in admin.text("/devices/w8x9y0z1")
    words = admin.text("/devices/k7m2p9q4")
    assert "empty, but for photos" in words
    assert "everything was handed in" not in words
    assert "but no photos. Go on?" in admin.get("/devices/k7m2p9q4").get_data(as_text=True)


@pytest.mark.parametrize(
    ("deed", "column", "act"),
    [
        ("suspend", "suspended", "device_suspended"),
        ("revoke", "revoked", "device_revoked"),
        ("wipe", "wipe", "device_wiped"),
    ],
)
def test_a_device_is_stopped_and_that_is_noted(county, admin, deed, column, act):
    admin.follow(admin.post(f"/devices/k7m2p9q4/{deed}"))
    with reading(county.services.store) as session:
        assert getattr(session.get_one(Device, "k7m2p9q4"), column) is True
        noted = session.scalars(select(Audit).where(Audit.about == "k7m2p9q4")).one()
    assert (noted.what, noted.user) == (act, county.ids["admin"])


def test_a_suspended_device_is_released(county, admin):
    admin.post("/devices/k7m2p9q4/suspend")
    words = admin.follow(admin.post("/devices/k7m2p9q4/release"))
    assert "Released" in words
    with reading(county.services.store) as session:
        assert session.get_one(Device, "k7m2p9q4").suspended is False


def test_a_device_that_replaces_another_is_confirmed_once(county, admin):
    with writing(county.services.store) as session:
        session.get_one(Device, "m3n4p5q6").replaces = "w8x9y0z1"
        session.get_one(Device, "k7m2p9q4").replaces = "w8x9y0z1"
    assert "asks to take the place" in admin.text("/devices/m3n4p5q6")
    assert "asks to take the place" not in admin.text("/devices/k7m2p9q4"), "another person's"
    assert admin.post("/devices/k7m2p9q4/confirm").status_code == 404
    assert "Confirmed" in admin.follow(admin.post("/devices/m3n4p5q6/confirm"))
    with reading(county.services.store) as session:
        assert session.get_one(Device, "w8x9y0z1").revoked
        assert session.get_one(Device, "m3n4p5q6").former == "w8x9y0z1"
    assert admin.post("/devices/m3n4p5q6/confirm").status_code == 404


def test_an_unknown_deed_or_device_is_not_found(county, admin):
    assert admin.post("/devices/k7m2p9q4/explode").status_code == 404
    assert admin.post("/devices/zzzzzzzz/suspend").status_code == 404


def test_a_code_to_enrol_is_shown_once_as_letters_and_as_a_square(county, admin):
    answer = admin.post("/enrol", user=county.ids["worker1"])
    page = answer.get_data(as_text=True)
    code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", words_of(answer))
    assert code is not None
    assert "<svg" in page
    assert code[0] not in admin.text("/enrol")
    with reading(county.services.store) as session:
        kept = session.scalars(select(EnrolmentCode)).one()
    assert kept.user == county.ids["worker1"]
    assert code[0].replace("-", "").lower() not in kept.hash


def test_the_square_leads_to_the_app_with_the_code_and_the_page_says_where_that_is(
    county, admin, monkeypatch
):
    squares = []
    monkeypatch.setattr(devices, "_square", squares.append)
    words = words_of(admin.post("/enrol", user=county.ids["worker1"]))
    assert "open http://localhost/tablet/ on it" in words
    assert "leads to this computer only" in words
    outside = dataclasses.replace(county.services.settings, public_address="https://yuanba.cn")
    monkeypatch.setitem(
        county.app.extensions, "yuanba", dataclasses.replace(county.services, settings=outside)
    )
    words = words_of(admin.post("/enrol", user=county.ids["worker1"]))
    code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", words)
    assert "open https://yuanba.cn/tablet/ on it" in words
    assert "this computer only" not in words
    assert squares[1] == f"https://yuanba.cn/tablet/#/enrol?code={code[0]}"


def heard_of(county, device, at):
    county.services.status.note_status(device, {}, offset_ms=0, now_ms=at, last=True)


def test_how_long_a_silent_tablet_still_shows_records_is_told(county, admin):
    words = admin.text("/devices/k7m2p9q4")
    assert "Records on it readable until" in words
    heard_of(county, "k7m2p9q4", county.clock[0] - 15 * 86_400_000)
    assert "locked since" in admin.text("/devices/k7m2p9q4")
    assert "records locked" in admin.text("/devices")


def test_a_lost_tablet_is_told_apart_from_one_that_has_erased_itself(county, admin):
    words = admin.follow(admin.post("/devices/k7m2p9q4/wipe"))
    assert "told to erase itself" in words
    assert "It has not asked yet" in words
    heard_of(county, "k7m2p9q4", county.clock[0] + 1)
    words = admin.text("/devices/k7m2p9q4")
    assert "erased" in words
    assert "You can revoke it now" in words


def test_pages_of_the_help_lead_to_each_other(admin):
    page = admin.get("/help/devices").get_data(as_text=True)
    assert 'href="certificate"' in page
    assert "default_sni" in admin.text("/help/certificate")
    assert "root.key" in Browser(admin.county, "admin", lang="zh").text("/help/certificate")


def test_a_code_needs_somebody_who_holds_the_device(county, admin):
    assert "Choose whom the device is for." in words_of(admin.post("/enrol", user="nobody"))


def test_what_is_kept_aside_is_shown_with_its_author_its_reason_and_its_content(county, admin):
    words = admin.text("/waiting")
    assert "The tablet's clock stood far ahead when this was made" in words
    assert "杨小龙 changed it" in words
    assert "Room 9" in words
    assert "What it builds on has not arrived yet" in words
    with county.services.store.engine.connect() as connection:
        aside = connection.execute(select(ASIDE.c.id)).scalar_one()
    assert "nonsense" in admin.text(f"/waiting/aside/{aside}")
    assert admin.get("/waiting/aside/nothing").status_code == 404


def test_what_somebody_left_as_it_is_waits_no_more_and_can_still_be_taken(county, admin):
    with county.services.store.engine.connect() as connection:
        stamp = connection.execute(select(HELD.c.stamp).where(HELD.c.needs.is_(None))).scalar_one()
    assert "Kept aside 1" in admin.text("/")
    words = admin.follow(admin.post(f"/waiting/{stamp}/leave"))
    assert "Nothing waits for a person" in words and "Left as they are 1" in words
    assert "Kept aside 1" not in words and "Room 9" in words
    assert admin.post(f"/waiting/{stamp}/leave").status_code == 404
    assert "Taken" in admin.follow(admin.post(f"/waiting/{stamp}/release"))
    assert "Left as they are" not in admin.text("/waiting")


def test_what_is_held_is_taken_when_a_person_lets_it_go(county, admin):
    with county.services.store.engine.connect() as connection:
        stamp = connection.execute(select(HELD.c.stamp).where(HELD.c.needs.is_(None))).scalar_one()
    words = admin.follow(admin.post(f"/waiting/{stamp}/release"))
    assert "Taken" in words
    assert county.record("home3").get("room") == "9"
    assert "It could not be applied" in admin.follow(admin.post(f"/waiting/{stamp}/release"))


@pytest.mark.parametrize("page", ORDER)
def test_every_help_page_is_there_in_both_languages(county, browse, page):
    for lang in ("zh", "en"):
        title = (HELP / lang / f"{page}.md").read_text(encoding="utf-8").splitlines()[0]
        assert title.removeprefix("# ") in browse("admin", lang).text(f"/help/{page}")


def test_there_is_no_help_page_that_nobody_finds():
    for lang in ("zh", "en"):
        assert {path.stem for path in (HELP / lang).glob("*.md")} == set(ORDER)


def test_language_and_light_are_chosen_and_kept(county):
    browser = Browser(county, "admin", lang="en")
    assert browser.post("/preferences", lang="zh", back="/map").headers["Location"] == "/map"
    assert "地图" in browser.text("/map")
    browser.post("/preferences", theme="dark")
    assert 'data-theme="dark"' in browser.get("/").get_data(as_text=True)
    assert browser.post("/preferences", back="//evil.example").headers["Location"] == "/"


def test_an_ordinary_record_has_a_page_with_its_history(county, admin):
    words = admin.text(f"/records/{county.ids['order1']}")
    assert "三单元污水井盖破损" in words
    assert "took a step" in words
    assert "overtaken" not in words.split("Sign out")[0]
