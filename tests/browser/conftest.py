"""What browser tests may ask for.

``county``   a small county with conflicts, served at ``address``
``page``     a page of a real browser, signed in as an administrator, in English; a test fails
             whose page reports an error or breaks the content policy
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Playwright,
    expect,
    sync_playwright,
)
from werkzeug.serving import make_server

from tests.browser.chromium import FLAGS, find_chromium, slowed
from tests.server.console.county import PASSWORD, County
from tests.server.console.disagreement import Kept

PATIENCE_MS = 20_000  # how long a machine that is busy with something else may take

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what drives a browser, so that `-m "not browser"` leaves it out."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def playwright_here() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright_here: Playwright) -> Iterator[Browser]:
    found = find_chromium()
    if found is None:
        pytest.skip("no Chromium here: install one, or run `npm ci` in tests/browser")
    environment: dict[str, str | float | bool] = {**os.environ, **found.environment}
    opened = playwright_here.chromium.launch(
        executable_path=str(found.path), args=list(FLAGS), env=environment
    )
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def kept_county(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept.made_in(tmp_path_factory.mktemp("county"))


@pytest.fixture
def county(kept_county: Kept, tmp_path: Path) -> Iterator[County]:
    opened = kept_county.copied_to(tmp_path)
    yield opened
    opened.services.store.close()


@pytest.fixture
def address(county: County) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, county.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=address)
    context.set_default_timeout(PATIENCE_MS)
    opened = context.new_page()
    slowed(opened)
    told: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # htmx logs each request that was cut short, by a test or by a quicker hand.
        cut_short = message.text.startswith("htmx:") or "net::ERR_FAILED" in message.text
        if message.type == "error" and not cut_short:
            told.append(message.text)

    opened.on("console", note)
    opened.on("pageerror", lambda error: told.append(str(error)))
    language = {"name": "yuanba_lang", "value": "en", "url": address}
    context.add_cookies([language])  # type: ignore[list-item]  # a TypedDict of theirs
    opened.goto("/sign-in")
    opened.fill("#username", "admin")
    opened.fill("#password", PASSWORD)
    opened.press("#password", "Enter")
    opened.wait_for_url("**/")
    yield opened
    context.close()
    assert told == []
