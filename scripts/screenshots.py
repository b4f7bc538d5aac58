#!/usr/bin/env python3
"""Pictures of the console's rooms and the tablet's screens, in both languages, bright and dark.

    python3 scripts/dev.py demo                     in one window
    .venv/bin/python scripts/screenshots.py         in another

They are for looking: at what a change did to a page, and for documents that show the
product. It signs in to a running server, finds a grid, a household, a conflict and a
device by following links, as a person would, and writes a PNG for each page.

It changes nothing on the server but its audit log (a form that shows a telephone
number is noted), and for the tablet it enrols a device: see
``screenshots_tablet.py``. The pictures show what the database holds: take none of real people.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.screenshots_tablet import take_tablet  # noqa: E402 - the root must be found first

PACKAGED = ROOT / "tests" / "browser" / "node_modules" / ".chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
]

# Picture: the address, or the page to start from and the link to follow there.
PLACES: dict[str, str | tuple[str, str]] = {
    "today": "/",
    "map": "/map",
    "map-conflicts": "/map?by=conflicts",
    "grids": "/grids",
    "households": ("/grids", "main tbody th[scope=row] a"),
    "household": ("households", "main tbody th[scope=row] a"),
    "household-form": ("household", "main .page-head a.button.primary"),
    "conflicts": "/conflicts",
    "kept-aside": "/waiting",
    "devices": "/devices",
    "device": ("/devices", "main tbody th[scope=row] a"),
    "enrol": "/enrol",
    "help": "/help/conflicts",
}

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def chromium(named: str) -> tuple[str, dict[str, str]]:
    """The browser to use and the environment that it needs beside ours."""
    if named:
        return named, {}
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    if found := next((path for name in names if (path := shutil.which(name))), None):
        return found, {}
    if (PACKAGED / "chromium").exists():
        libraries = {"LD_LIBRARY_PATH": str(PACKAGED / "al2023" / "lib")}
        # The browser tests leave a file that names a font with Chinese letters.
        if (fonts := PACKAGED.parent / ".fonts.conf").exists():
            libraries["FONTCONFIG_FILE"] = str(fonts)
        return str(PACKAGED / "chromium"), libraries
    sys.exit(
        "There is no Chromium here. On Debian and Ubuntu: sudo apt install chromium "
        "fonts-noto-cjk; or name one with --chromium, or run scripts/dev.py test once."
    )


def signed_in(browser: Browser, options: argparse.Namespace, lang: str, theme: str) -> Page:
    """A page of one language and light, signed in."""
    context = browser.new_context(
        viewport={"width": options.width, "height": options.height},
        base_url=options.address,
        timezone_id="Asia/Shanghai",
    )
    for name, value in (("yuanba_lang", lang), ("yuanba_theme", theme)):
        context.add_cookies([{"name": name, "value": value, "url": options.address}])
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("#username", options.username)
    page.fill("#password", options.password)
    page.press("#password", "Enter")
    page.wait_for_load_state()
    if page.locator("#password").count():
        sys.exit("The server did not take this user name and password.")
    return page


def address_of(page: Page, name: str, known: dict[str, str]) -> str | None:
    """Where a picture is to be taken; None if there is nothing of its kind."""
    place = PLACES[name]
    if isinstance(place, str):
        return place
    start, link = place
    begin = start if start.startswith("/") else known.get(start)
    if begin is None:
        return None
    page.goto(begin)
    found = page.locator(link)
    return found.first.get_attribute("href") if found.count() else None


def take(page: Page, options: argparse.Namespace, mark: str) -> int:
    """Every picture of one language and light."""
    known: dict[str, str] = {}
    for name in PLACES:
        address = address_of(page, name, known)
        if address is None:
            print(f"  {name}: there is nothing of this kind")
            continue
        known[name] = address
        page.goto(address)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=options.to / f"{name}-{mark}.png", full_page=options.whole)
    return len(known)


def main(argv: Sequence[str]) -> int:
    """Take the pictures that the command line asks for."""
    parser = argparse.ArgumentParser(prog="scripts/screenshots.py", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--username", default="admin")
    parser.add_argument("--password", help="otherwise the demo's, from its data folder")
    parser.add_argument("--to", type=Path, default=ROOT / ".yuanba" / "screenshots")
    parser.add_argument("--lang", nargs="+", default=["zh", "en"], choices=["zh", "en"])
    parser.add_argument("--theme", nargs="+", default=["light", "dark"], choices=["light", "dark"])
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=800)
    parser.add_argument("--of", default="all", choices=["all", "console", "tablet"])
    parser.add_argument("--whole", action="store_true", help="whole pages, not the first screen")
    parser.add_argument("--chromium", default="", help="the program; otherwise the system's")
    options = parser.parse_args(argv)
    kept = ROOT / ".yuanba" / "demo-password"
    options.password = options.password or (kept.read_text() if kept.exists() else "")
    program, libraries = chromium(options.chromium)
    from playwright.sync_api import sync_playwright

    options.to.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=FLAGS, env={**os.environ, **libraries}
        )
        for lang in options.lang:
            for theme in options.theme:
                if options.of == "tablet":
                    continue
                page = signed_in(browser, options, lang, theme)
                count = take(page, options, f"{lang}-{theme}")
                print(f"{lang}, {theme}: {count} pictures in {options.to}")
                page.context.close()
            if options.of != "console":
                page = signed_in(browser, options, lang, "light")
                count = take_tablet(browser, page, options, lang)
                print(f"{lang}, tablet: {count} pictures in {options.to}")
                page.context.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
