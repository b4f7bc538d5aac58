"""Names that are markup: what an office types for a place must stay a text on every page."""

from playwright.sync_api import expect

from sync.scope import SYSTEM

MARKUP = '<img src=x class="injected" onerror="alert(1)">'


def test_a_name_that_is_markup_stays_a_text_on_the_map(county, page):
    boundary = county.record("grid11").get("polygon")
    for name, more in (("grid11", {}), ("community1", {"boundary": boundary})):
        county.services.door.edit(SYSTEM, county.ids[name], {"name": f"{MARKUP}{name}", **more})
    page.goto("/map")
    expect(page.locator(".community-name").first).to_be_visible()
    for shape in page.locator("path.leaflet-interactive").all():
        shape.dispatch_event("mouseover")
    expect(page.locator(".community-name", has_text="<img")).to_have_count(1)
    assert page.locator(".injected").count() == 0


def test_a_name_that_is_markup_stays_a_text_in_lists_files_and_conflicts(county, page):
    for name in ("home1", "home2", "home4"):
        county.services.door.edit(SYSTEM, county.ids[name], {"householder": MARKUP})
    county.services.door.edit(SYSTEM, county.ids["worker1"], {"name": MARKUP})
    home = county.ids["home1"]
    for path in ("/", f"/grids/{county.ids['grid11']}", f"/households/{home}", "/conflicts",
                 "/waiting", "/devices", "/enrol"):  # fmt: skip
        page.goto(path)
        assert page.locator(".injected").count() == 0, path
