"""The console in a real browser: by keyboard, by search, by map, and for everybody."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import HERE
from tests.server.console.handover import hand_in_late

AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def rooms(county):
    """Every page worth looking at."""
    home = county.ids["home1"]
    return {
        "today": "/",
        "map": "/map",
        "grids": "/grids",
        "grid": f"/grids/{county.ids['grid11']}",
        "file": f"/households/{home}",
        "form": f"/households/{home}/edit",
        "order": f"/records/{county.ids['order1']}",
        "conflicts": "/conflicts",
        "devices": "/devices",
        "device": "/devices/m3n4p5q6",
        "enrol": "/enrol",
        "waiting": "/waiting",
        "late": "/late",
        "help": "/help/conflicts",
    }


def test_a_conflict_is_settled_and_taken_back_by_keyboard_alone(county, page):
    before = county.conflicts()
    page.goto("/conflicts")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    arrived(page)
    expect(page.locator("#conflict h2")).to_contain_text("Room 101")
    expect(page.locator("[data-left]")).to_contain_text("2 still to choose")
    page.keyboard.press("2")
    page.keyboard.press("1")
    expect(page.locator("[data-left]")).to_contain_text("Everything is chosen")
    page.keyboard.press("Enter")
    expect(page.locator(".notice.good")).to_contain_text("Settled")
    record = county.record("home1")
    assert (record.get("householder"), record.get("care_level")) == ("田桂芬", "monthly")
    assert len(county.conflicts()) == len(before) - 1
    page.wait_for_load_state()  # a page answers to keys once its scripts are there
    page.keyboard.press("u")
    expect(page.locator(".notice.good")).to_contain_text("the conflict is open again")
    assert county.record("home1").get("householder") == "田桂英"
    assert county.conflicts() == before


def arrived(page):
    """Wait until the conflict that was asked for stands there."""
    expect(page.locator("#conflict")).to_have_attribute("aria-busy", "false")


def test_a_third_value_is_typed_and_enter_settles(county, page):
    page.goto("/conflicts?kind=concurrent")
    page.keyboard.press("j")
    arrived(page)
    expect(page.locator("#conflict h2")).to_contain_text("Room 101")
    page.keyboard.press("3")
    page.keyboard.press("Control+a")
    page.keyboard.type("田桂花")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.locator("[data-left]")).to_contain_text("Everything is chosen")
    page.keyboard.press("Enter")
    expect(page.locator(".notice.good")).to_contain_text("Settled")
    assert county.record("home1").get("householder") == "田桂花"


def test_a_choice_is_never_made_in_a_conflict_that_is_being_left(county, page):
    page.goto("/conflicts?kind=concurrent")
    held = []
    page.route(re.compile("/conflicts/"), lambda route: held.append(route))
    page.keyboard.press("j")
    expect(page.locator("#conflict")).to_have_attribute("aria-busy", "true")
    page.keyboard.press("1")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    assert page.locator("#conflict input:checked").count() == 0
    held[0].continue_()
    arrived(page)
    assert page.locator("#conflict input:checked").count() == 0
    page.keyboard.press("1")
    assert page.locator("#conflict input:checked").count() == 1


def test_what_is_typed_as_soon_as_a_conflict_stands_there_stays(county, page):
    page.goto("/conflicts?kind=concurrent")
    page.evaluate("htmx.config.defaultSettleDelay = 300")
    page.keyboard.press("j")
    arrived(page)
    page.keyboard.press("3")
    page.keyboard.press("Control+a")
    page.keyboard.type("Tian", delay=150)  # the page settles while it is typed
    expect(page.locator("#conflict .third input.input").first).to_have_value("Tian")


def test_households_are_found_while_one_types_and_opened_by_keyboard(county, page):
    page.goto("/")
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.wait_for_url("**/grids")
    page.goto(f"/grids/{county.ids['grid11']}")
    page.keyboard.press("/")
    page.keyboard.type("tgy")
    expect(page.locator("#found tbody tr")).to_have_count(1)
    assert "q=tgy" in page.url
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("田桂英")


def test_the_map_draws_every_grid_and_leads_to_its_households(county, page):
    page.goto("/map")
    expect(page.locator("#map path.leaflet-interactive")).to_have_count(12)
    page.select_option("#f-by", "conflicts")
    assert "by=conflicts" in page.url
    expect(page.locator("#grid-list a").first).to_contain_text("4 conflicts")
    page.locator("#map path.leaflet-interactive").first.click()
    page.wait_for_url("**/grids/*")


def test_a_number_is_shown_only_after_a_purpose_was_named(county, page):
    page.goto(f"/households/{county.ids['home1']}")
    assert "99222219900307439X" not in page.content()
    page.locator(".people summary").first.click()
    page.locator(".people select").first.select_option("visit")
    page.locator(".people .reveal button").first.click()
    expect(page.locator(".revealed")).to_contain_text("99222219900307439X")


def test_the_history_of_one_field_comes_without_leaving_the_page(county, page):
    page.goto(f"/households/{county.ids['home1']}")
    page.get_by_label("History of “Phone”").click()
    expect(page.locator("#history-title")).to_contain_text("History of “Phone”")
    expect(page.locator("#history")).to_contain_text("139****5678")


def test_the_keys_are_told_by_the_question_mark(page):
    page.goto("/conflicts")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    expect(page.locator("#keys")).to_contain_text("Read the help for this room")


def test_a_server_that_is_gone_is_told_in_words(county, page):
    page.goto(f"/grids/{county.ids['grid11']}")
    page.route(re.compile("q="), lambda route: route.abort())
    page.fill("#f-q", "tian")
    expect(page.locator(".notice.bad")).to_contain_text("could not be reached")


@pytest.mark.parametrize(("lang", "theme"), [("zh", "light"), ("en", "dark")])
def test_no_page_shuts_anybody_out(county, page, lang, theme):
    if not AXE.exists():
        pytest.skip("axe-core is not here: run `npm ci` in tests/browser")
    page.context.add_cookies(
        [
            {"name": "yuanba_lang", "value": lang, "url": page.url},
            {"name": "yuanba_theme", "value": theme, "url": page.url},
        ]
    )
    hand_in_late(county, "home3", room="909")
    page.goto("/")
    assert page.locator(".needs .card").count() == 6
    found = []
    for name, path in rooms(county).items():
        page.goto(path)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        result = page.evaluate(
            "(rules) => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES
        )
        for problem in result["violations"]:
            for node in problem["nodes"][:3]:
                found.append((name, problem["id"], node["html"][:160], node["failureSummary"]))
        # Nothing is wider than the window.
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280, name
    assert found == []


@pytest.mark.parametrize("width", [1024, 800])
def test_the_cards_of_the_first_page_are_wide_enough_to_read(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/")
    widths = [
        box["width"] for one in page.locator(".needs .card").all() if (box := one.bounding_box())
    ]
    assert len(widths) >= 5
    assert min(widths) >= 200
