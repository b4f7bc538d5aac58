"""Pictures of the tablet app: every screen, on a tablet and on a telephone, in both languages.

A part of ``screenshots.py``. It enrols a device of its own on the running server, for the first
grid worker, as an administrator would; so the server has one more device afterwards, whose name
says what it was for. Nothing is handed in: the work in the pictures is made without a network.
"""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["SIZES", "take_tablet"]

SIZES = {"tablet": (800, 1280), "phone": (390, 844)}
LANGUAGES = {"zh": "zh-CN", "en": "en"}
NAMES = {"zh": "拍照用，可停用", "en": "for pictures, can be revoked"}

# Picture: the part of the address after the hash; {household} is the first of the matrix.
SCREENS = {
    "matrix": "/",
    "map": "/map",
    "today": "/today",
    "search": "/search",
    "household": "/household/{household}",
    "visit": "/household/{household}/visit",
    "appeal": "/household/{household}/appeal",
    "sync": "/sync",
    "me": "/me",
    "help": "/help",
    "capable": "/capable",
}


def take_tablet(browser: Browser, desk: Page, options: argparse.Namespace, lang: str) -> int:
    """Every picture of one language; ``desk`` is a page of the console, signed in."""
    count = 0
    for theme in options.theme:
        for size, (width, height) in SIZES.items():
            context = browser.new_context(
                viewport={"width": width, "height": height},
                base_url=options.address,
                timezone_id="Asia/Shanghai",
            )
            context.add_init_script(
                f"localStorage.setItem('yuanba.language', '{LANGUAGES[lang]}');"
                f"localStorage.setItem('yuanba.theme', '{theme}');"
            )
            page = context.new_page()
            mark = f"{lang}-{theme}-{size}"
            page.goto(f"/tablet/#/enrol?code={code(desk)}")
            page.locator("form").wait_for()
            page.screenshot(path=options.to / f"tablet-enrol-{mark}.png")
            enrol(page, lang)
            page.screenshot(path=options.to / f"tablet-first-sync-{mark}.png")
            page.locator("button.primary").last.click()
            count += 2 + screens(page, options, mark)
            context.close()
    return count


def code(desk: Page) -> str:
    """A one-time code for the first grid worker, as the console shows it."""
    desk.goto("/enrol")
    worker = desk.locator("#user option").filter(
        has_text=re.compile("网格员|grid worker", re.IGNORECASE)
    )
    desk.select_option("#user", value=worker.first.get_attribute("value"))
    desk.locator("form button[type=submit].primary").last.click()
    return desk.locator(".enrol-code .big").inner_text().strip()


def enrol(page: Page, lang: str) -> None:
    """Press the button, and wait until everything is there."""
    page.locator("form input").last.fill(NAMES[lang])
    page.locator("form button[type=submit]").click()
    page.wait_for_timeout(500)
    page.locator(".notice.good").first.wait_for(timeout=120_000)


def screens(page: Page, options: argparse.Namespace, mark: str) -> int:
    """A picture of each screen, with a change that waits for a network."""
    first = page.locator("[role=gridcell] a").first
    first.wait_for()
    household = (first.get_attribute("href") or "").rpartition("/")[2]
    page.context.set_offline(True)
    page.evaluate(
        "(record) => yuanba.replica.value.edit(record, {tags: {add: ['veteran']}})", household
    )
    for name, path in SCREENS.items():
        page.evaluate("(to) => { location.hash = to }", path.format(household=household))
        page.wait_for_timeout(500)
        if name == "visit":
            photograph(page)
        page.screenshot(path=options.to / f"tablet-{name}-{mark}.png", full_page=options.whole)
        if name == "visit":
            page.locator("button[type=submit]").click()
            page.wait_for_timeout(500)
    return len(SCREENS)


def photograph(page: Page) -> None:
    """Put a photo into the form that is open: the app itself, for want of a camera."""
    page.locator("input[data-photo=camera]").set_input_files(
        {"name": "photo.png", "mimeType": "image/png", "buffer": page.screenshot()}
    )
    page.locator(".photo-thumb").wait_for()
