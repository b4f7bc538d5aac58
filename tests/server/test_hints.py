"""Hints come for what one may see, and cost no thread of those that answer."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from server import slow
from server.hints import Hints, Moved
from sync.errors import Refusal
from sync.scope import SYSTEM
from tests.server.console.browser import Browser
from tests.server.console.county import County
from tests.server.office import Office
from tests.server.security.conftest import admin, browse, county, kept_county
from tests.server.security.tablet import ELSEWHERE, GRID, made

__all__ = ["admin", "browse", "county", "kept_county"]


def first(stream: Iterator[Moved]) -> tuple[str, ...]:
    """The feeds of the first hint that says something."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        moved = next(stream)
        if moved.feeds:
            return moved.feeds
    raise AssertionError("no hint came")


def test_a_listener_hears_of_feeds_it_may_see_and_of_no_other(any_office: Office):
    hints = Hints(any_office.served.store, look_s=0.02)
    all_feeds = hints.listen(None, patience_s=0.05)
    mine = hints.listen(frozenset({f"grid:{GRID}"}), patience_s=0.05)
    assert next(all_feeds) == next(mine) == Moved(())
    made(any_office, "household", grid=ELSEWHERE)
    assert first(all_feeds) == (f"grid:{ELSEWHERE}",)
    assert not any(next(mine).feeds for _ in range(3))
    made(any_office, "household", grid=GRID)
    assert first(mine) == (f"grid:{GRID}",)
    all_feeds.close()
    mine.close()


def test_nobody_looks_when_nobody_listens(any_office: Office):
    hints = Hints(any_office.served.store, look_s=0.01)
    stream = hints.listen(None, patience_s=0.01)
    next(stream)
    assert any(thread.name == "hints" for thread in threading.enumerate())
    stream.close()
    end = time.monotonic() + 20
    while any(thread.name == "hints" for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_strangers_and_roles_without_a_room_get_no_stream(county: County):
    for who, status in ((None, 401), ("worker1", 401)):
        browser = Browser(county, who)
        answer = browser.client.get("/sync/v1/events")
        assert (answer.status_code, answer.get_json()["code"]) == (status, "not_signed_in")


def test_a_page_hears_that_something_moved(county: County, admin: Browser):
    answer = admin.client.get("/sync/v1/events", buffered=False)
    assert answer.content_type.startswith("text/event-stream")
    county.services.hints._look_s = 0.05
    parts: Any = iter(answer.response)
    assert next(parts) == b"retry: 30000\n\n"
    told: list[bytes] = []
    reader = threading.Thread(target=lambda: told.append(next(parts)))
    reader.start()
    time.sleep(0.5)  # until it listens; what moved before is on the page already
    home = county.record("home1")
    for number in range(50):
        county.services.door.edit(SYSTEM, home.id, {"phone": str(number)})
        reader.join(0.2)
        if told:
            break
    feeds = json.loads(told[0].partition(b"data: ")[2])["feeds"]
    assert f"grid:{home.get('grid')}" in feeds
    answer.close()


def test_only_so_many_wait_and_who_comes_then_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(slow.MOST, "stream", 1)
    with slow.aside("stream"):
        assert not slow.has_room("stream")
        with pytest.raises(Refusal, match="busy"), slow.aside("stream"):
            pass
        with slow.aside("transfer"):
            pass
    assert slow.has_room("stream")
