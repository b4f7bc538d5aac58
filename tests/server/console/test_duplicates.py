"""Two records that may be one: shown side by side, merged, kept apart, and taken back."""

from __future__ import annotations

import pytest

from server.console.conflict_list import Filters
from sync.scope import SYSTEM
from tests.server.console.browser import words_of


@pytest.fixture
def twin(county):
    """A second record of the first home, with somebody in it; the conflict of the two."""
    home = county.record("home1")
    names = ("grid", "compound", "building", "entrance", "room")
    fields = {name: home.get(name) for name in names} | {"householder": "田桂荣"}
    record = county.services.new_id()
    ack = county.services.door.create(SYSTEM, "household", fields, record=record)
    assert (ack.outcome, ack.problem.code) == ("applied", "duplicate")
    county.ids["twin"] = record
    somebody = {"grid": home.get("grid"), "household": record, "name": "田小禾"}
    county.create("somebody", "resident", **somebody)
    return ack.conflict


def merge(county, browser, conflict, keep):
    carried = browser.inputs(f"/conflicts/{conflict}")
    del carried["csrf_token"]
    chosen = {"keep": county.ids[keep], "other": county.ids["home1"]}
    return browser.post(f"/conflicts/{conflict}/merge", **{**carried, **chosen})


def test_both_stand_side_by_side_with_what_differs(county, admin, twin):
    words = admin.text(f"/conflicts/{twin}")
    assert "Are these one and the same?" in words
    assert "Householder differs 田桂荣 田桂芳" in words or "田桂荣 田桂英" in words
    assert "They are two: keep both" in words
    assert "recorded twice as two" in admin.text(
        "/conflicts", **Filters(kind="duplicate").as_query()
    )


def test_the_second_goes_into_the_first_and_its_people_go_along(county, admin, twin):
    words = admin.follow(merge(county, admin, twin, "home1"))
    assert "whatever refers to either leads to the one that stays" in words
    assert "It was merged into" in words
    assert county.record("twin").into == county.ids["home1"]
    assert "田小禾" in admin.text(f"/households/{county.ids['home1']}")
    gone = admin.text(f"/households/{county.ids['twin']}")
    assert "merged" in gone and "Open the one that stands for it" in gone
    assert twin not in county.conflicts()


@pytest.mark.parametrize("keep", ["home1", "twin"])
def test_a_merge_is_taken_back_and_the_two_are_beside_each_other_again(county, admin, twin, keep):
    merge(county, admin, twin, keep)
    assert "Take it back" in admin.text(f"/conflicts/{twin}")
    words = admin.follow(admin.post(f"/conflicts/{twin}/take-back"))
    assert "Taken back" in words and "Are these one and the same?" in words
    assert not county.record("home1").deleted and not county.record("twin").deleted
    assert twin in county.conflicts()


def test_they_are_two_is_said_and_taken_back(county, admin, twin):
    answer = admin.post(f"/conflicts/{twin}/settle", **{"choice.*": "server"})
    assert answer.status_code == 302
    assert county.record("twin").c is None and twin not in county.conflicts()
    admin.follow(admin.post(f"/conflicts/{twin}/take-back"))
    assert twin in county.conflicts() and county.record("twin").c == ["*"]


def test_a_change_meanwhile_makes_a_conflict_of_the_merge(county, admin, twin):
    carried = admin.inputs(f"/conflicts/{twin}")
    del carried["csrf_token"]
    county.services.door.edit(SYSTEM, county.ids["twin"], {"phone": "13900001111"})
    chosen = {"keep": county.ids["home1"], "other": county.ids["home1"]}
    words = admin.follow(admin.post(f"/conflicts/{twin}/merge", **{**carried, **chosen}))
    assert "Somebody changed it meanwhile" in words
    assert not county.record("twin").deleted


def test_what_is_no_pair_is_not_merged(county, admin, twin):
    for path, fields in (
        (f"/conflicts/{twin}/merge", {"other": county.ids["home2"], "keep": county.ids["home2"]}),
        ("/conflicts/nonsense/merge", {"other": "x", "keep": "y"}),
    ):
        assert admin.post(path, **fields).status_code == 404
    refused = merge(county, admin, twin, "home1")
    again = admin.post(
        f"/conflicts/{twin}/merge", other=county.ids["home1"], keep=county.ids["home1"]
    )
    assert refused.status_code == again.status_code == 302
    assert words_of(refused)
