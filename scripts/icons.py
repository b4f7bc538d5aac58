#!/usr/bin/env python3
"""Draw the tablet app's icons: PNGs of every size that home screens ask for, from two drawings.

    .venv/bin/python scripts/icons.py

Android asks for 192 and 512 pixels, and for a *maskable* one whose edges it may cut to
its own shape: ``maskable.svg`` keeps everything that matters within the inner 80 %.
iPads take 180 pixels, without transparency. A Chromium draws them; it is found as the
browser tests find theirs. The PNGs are in the repository, so that a build needs no browser.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.screenshots import FLAGS, chromium  # noqa: E402

FOLDER = ROOT / "server" / "tablet" / "public" / "icons"
ICONS = {  # picture: its drawing, and its side in pixels
    "icon-192.png": ("icon.svg", 192),
    "icon-512.png": ("icon.svg", 512),
    "maskable-192.png": ("maskable.svg", 192),
    "maskable-512.png": ("maskable.svg", 512),
    "apple-180.png": ("maskable.svg", 180),
}


def main() -> None:
    """Draw every icon."""
    from playwright.sync_api import sync_playwright

    program, libraries = chromium("")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=FLAGS, env={**os.environ, **libraries}
        )
        page = browser.new_page()
        for name, (drawing, side) in ICONS.items():
            page.set_viewport_size({"width": side, "height": side})
            svg = (FOLDER / drawing).read_text(encoding="utf-8")
            page.set_content(f"<style>body{{margin:0}}svg{{display:block}}</style>{svg}")
            page.screenshot(path=FOLDER / name, omit_background=drawing == "icon.svg")
        browser.close()


if __name__ == "__main__":
    main()
