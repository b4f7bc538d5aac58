"""What waits because a tablet's clock once ran ahead: taken in one go, and taken back in one go."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from server.console.ahead import MOST
from server.store.tables import HELD
from sync.stamps import Stamps
from tests.server.console.county import NOW_MS

YEAR_MS = 365 * 86_400_000
DEVICE = "k7m2p9q4"


@pytest.fixture
def ahead(county):
    """Three changes of one door, each based on the one before, named for next year."""
    tablet = county.tablets["first"]
    stamps = Stamps(device=DEVICE, incarnation="yyyy")
    seen, version, operations = tablet.see("home5"), None, []
    for room in ("51", "52", "53"):
        op = tablet.draft(seen, "edit", {"room": room}, at=NOW_MS)
        op["stamp"] = stamps.next(now_ms=NOW_MS + YEAR_MS)
        if version is not None:
            op["base"]["room"] = version
        version = op["stamp"]
        operations.append(op)
    acks = tablet.hand_in(*operations)
    assert [(ack.outcome, ack.problem.code) for ack in acks] == [("held", "stamp_ahead")] * 3
    return [op["stamp"] for op in operations]


def held(county):
    with county.services.store.engine.connect() as connection:
        return set(connection.scalars(select(HELD.c.stamp)))


def test_they_are_explained_as_one_and_can_be_taken_at_once(county, admin, ahead):
    words = admin.text("/waiting")
    assert "4 changes by 杨小龙 wait only because this tablet's clock once stood far ahead" in words
    page = admin.post(f"/waiting/ahead/{DEVICE}").get_data(as_text=True)
    assert "4 changes have been applied in their author" in page
    assert "until it is enrolled anew" in page
    assert county.record("home5").get("room") == "53"
    assert held(county).isdisjoint(ahead)
    assert "Take all" not in admin.text("/waiting")


def test_in_chinese_as_well(county, browse, ahead):
    words = browse("admin", lang="zh").text("/waiting")
    assert "时钟快了的平板" in words
    assert "全部生效（4 条）" in words


def test_all_of_them_can_be_taken_back_at_once(county, admin, ahead):
    before = county.record("home5").get("room")
    page = admin.post(f"/waiting/ahead/{DEVICE}").get_data(as_text=True)
    stamps = re.findall(r'name="stamp" value="([^"]+)"', page)
    assert set(ahead) < set(stamps)
    words = admin.follow(admin.post(f"/waiting/ahead/{DEVICE}/back", stamp=stamps))
    assert "4 changes taken back" in words
    assert county.record("home5").get("room") == before


def test_what_else_is_held_stays_and_what_conflicts_is_told(county, admin, ahead):
    first = county.tablets["second"]
    first.hand_in(first.draft(first.see("home5"), "edit", {"room": "777"}, at=NOW_MS))
    others = {stamp for stamp in held(county) if "m3n4p5q6" in stamp}
    assert others
    page = admin.post(f"/waiting/ahead/{DEVICE}").get_data(as_text=True)
    assert "Not simply applied" in page
    assert "at the same time" in page
    assert county.record("home5").get("room") == "777"
    assert others <= held(county)


def test_one_press_takes_no_more_than_a_page_can_wait_for(county, admin, ahead, monkeypatch):
    assert MOST >= 100
    monkeypatch.setattr("server.console.ahead.MOST", 3)
    page = admin.post(f"/waiting/ahead/{DEVICE}").get_data(as_text=True)
    assert "1 more of this tablet wait" in page
    admin.post(f"/waiting/ahead/{DEVICE}")
    words = admin.follow(admin.post(f"/waiting/ahead/{DEVICE}"))
    assert "Nothing of this tablet waits for its clock any more." in words


def test_only_stamps_of_that_tablet_are_taken_back_and_only_by_who_may(
    county, admin, browse, ahead
):
    for stamps in (
        [],
        ["nonsense"],
        [Stamps(device="m3n4p5q6", incarnation="zzzz").next(now_ms=1)],
    ):
        assert admin.post(f"/waiting/ahead/{DEVICE}/back", stamp=stamps).status_code == 400
    words = admin.follow(admin.post(f"/waiting/ahead/{DEVICE}/back", stamp=ahead[:1]))
    assert "1 stay" in words
    for path in (f"/waiting/ahead/{DEVICE}", f"/waiting/ahead/{DEVICE}/back"):
        assert browse("dispatcher").post(path).status_code == 403


def test_tags_counts_and_a_new_record_of_a_clock_that_ran_ahead_go_back_with_the_rest(
    county, admin
):
    tablet, stamps = county.tablets["first"], Stamps(device=DEVICE, incarnation="yyyy")
    seen, operations = tablet.see("home5"), []
    for fields in (
        {"tags": {"add": ["veteran"], "remove": []}, "visits": {"add": 1}},
        {"visits": {"add": 2}, "phone": "13900000001"},
    ):
        op = tablet.draft(seen, "edit", fields, at=NOW_MS)
        operations.append(op | {"stamp": stamps.next(now_ms=NOW_MS + YEAR_MS)})
    visit = operations[0] | {
        "stamp": stamps.next(now_ms=NOW_MS + YEAR_MS),
        "kind": "create",
        "type": "home_visit",
        "record": "0199a000-0000-7000-8000-0000000fffff",
        "fields": {
            "grid": seen.get("grid"),
            "household": seen.id,
            "worker": tablet.user,
            "at": NOW_MS,
        },
    }
    del visit["base"]
    tablet.hand_in(*operations, visit)
    page = admin.post(f"/waiting/ahead/{DEVICE}").get_data(as_text=True)
    taken = county.record("home5")
    assert taken.get("phone") == "13900000001"
    assert (taken.get("visits") or 0) - (seen.get("visits") or 0) == 3
    assert "veteran" in taken.get("tags")
    stamps_taken = re.findall(r'name="stamp" value="([^"]+)"', page)
    assert len(stamps_taken) == 4
    admin.post(f"/waiting/ahead/{DEVICE}/back", stamp=stamps_taken)
    back = county.record("home5")
    for name in ("phone", "tags"):
        assert (back.get(name) or None) == (seen.get(name) or None)
    assert (back.get("visits") or 0) == (seen.get("visits") or 0)
    with county.services.store.read() as snapshot:
        assert snapshot.records([visit["record"]])[visit["record"]].deleted
