"""Conflicts: what is shown, what settling does, and taking it back."""

import pytest
from sqlalchemy import select

from server.console.conflict_list import Filters
from server.store.tables import CONFLICT, PROJECTED
from tests.server.console.browser import words_of
from tests.server.console.county import DAY_MS, NOW_MS


def conflict_about(county, name):
    with county.services.store.engine.connect() as connection:
        query = select(CONFLICT.c.id).where(CONFLICT.c.record == county.ids[name])
        return connection.execute(query).scalar_one()


def settle(county, browser, name, **choices):
    """Settle the conflict about a record with one choice for each field."""
    conflict = conflict_about(county, name)
    carried = {
        field: value
        for field, value in browser.inputs(f"/conflicts/{conflict}").items()
        if field.startswith("server.")
    }
    chosen = {}
    for field, value in choices.items():
        way = value if value in ("server", "device") else "other"
        chosen[f"choice.{field}"] = way
        if way == "other":
            chosen[f"other.{field}"] = value
    return browser.post(f"/conflicts/{conflict}/settle", **carried, **chosen)


def notices(county, user):
    """The texts that a person is told, newest first."""
    table = PROJECTED["notice"]
    with county.services.store.engine.connect() as connection:
        query = select(table.c.id).where(table.c.user == county.ids[user])
        ids = list(connection.execute(query).scalars())
    with county.services.store.read() as snapshot:
        found = snapshot.records(ids)
    return [found[one].get("text") for one in sorted(ids, reverse=True)]


def test_a_conflict_shows_three_values_with_who_when_and_where(county, admin):
    words = admin.text(f"/conflicts/{conflict_about(county, 'home1')}")
    assert "What both had seen 田桂芳" in words
    # Characters that went and came stand beside each other.
    assert "On the server 1 田桂 芳 英" in words
    assert "From the device 2 田桂 芳 芬" in words
    assert "杨小龙 · 杨小龙的平板 21 Nov 09:53" in words
    assert "吴玉兰 · 吴玉兰的平板 21 Nov 18:13" in words


def test_only_the_characters_that_differ_are_marked(county, admin):
    page = admin.get(f"/conflicts/{conflict_about(county, 'home6')}").get_data(as_text=True)
    assert "<del>不便</del><ins>已好转</ins>" in page
    assert "<ins>仍</ins>不便<ins>，已配拐杖</ins>" in page


def test_every_kind_of_conflict_is_told_in_words(county, admin):
    words = admin.text(f"/conflicts/{conflict_about(county, 'home4')}")
    assert "吴玉兰 deleted this on" in words
    assert "Keep the record" in words
    assert "→ 龙文华" in words
    words = admin.text(f"/conflicts/{conflict_about(county, 'order1')}")
    assert "吴玉兰 took the step “accepted”" in words
    assert "What both had seen open to claim" in words
    assert "wrote this with the step that came too late" in words


def test_choosing_the_devices_value_writes_it_and_both_are_told(county, admin):
    before = (len(notices(county, "worker1")), len(notices(county, "worker2")))
    answer = settle(county, admin, "home1", householder="device", care_level="server")
    words = admin.follow(answer)
    assert "Settled: 江岸家园 Building 1 Entrance 1 Room 101." in words
    record = county.record("home1")
    assert (record.get("householder"), record.get("care_level")) == ("田桂芬", "monthly")
    assert record.c is None
    assert conflict_about(county, "home1") not in county.conflicts()
    after = (len(notices(county, "worker1")), len(notices(county, "worker2")))
    assert after == (before[0] + 1, before[1] + 1)
    assert "户主" in notices(county, "worker2")[0]


def test_a_third_value_can_be_written(county, admin):
    settle(county, admin, "home1", householder="田桂花", care_level="quarterly")
    record = county.record("home1")
    assert (record.get("householder"), record.get("care_level")) == ("田桂花", "quarterly")


def test_settling_leads_to_the_next_open_conflict(county, admin):
    conflict = conflict_about(county, "home1")
    answer = settle(county, admin, "home1", householder="server", care_level="server")
    assert answer.status_code == 302
    following = answer.headers["Location"]
    assert conflict not in following
    assert following.removeprefix("/conflicts/") in county.conflicts()


def test_a_field_without_a_choice_settles_nothing(county, admin):
    answer = settle(county, admin, "home1", householder="device")
    assert "Choose a value for “Care level” first." in admin.follow(answer)
    assert conflict_about(county, "home1") in county.conflicts()


def test_a_server_value_that_changed_while_one_looked_is_not_taken_for_the_one_shown(county, admin):
    conflict = conflict_about(county, "home1")
    carried = admin.inputs(f"/conflicts/{conflict}")
    tablet = county.tablets["first"]
    seen = tablet.see("home1")
    tablet.hand_in(tablet.draft(seen, "edit", {"householder": "田大花"}, at=NOW_MS))
    choices = {"choice.householder": "server", "choice.care_level": "server"}
    fields = {name: value for name, value in carried.items() if name.startswith("server.")}
    answer = admin.post(f"/conflicts/{conflict}/settle", **fields, **choices)
    assert "was changed again while you looked" in admin.follow(answer)
    assert conflict in county.conflicts()


def test_what_was_settled_can_be_taken_back(county, admin):
    conflict = conflict_about(county, "home1")
    settle(county, admin, "home1", householder="device", care_level="device")
    assert "Take it back" in admin.text(f"/conflicts/{conflict}")
    words = admin.follow(admin.post(f"/conflicts/{conflict}/take-back"))
    assert "Taken back" in words
    assert conflict in county.conflicts()
    assert county.record("home1").get("householder") == "田桂英"


def test_a_deleted_and_changed_record_is_kept_or_deleted_as_chosen(county, admin):
    words = admin.follow(settle(county, admin, "home4", **{"*": "device"}))
    assert "Take it back" in words
    assert county.record("home4").deleted
    assert admin.get(f"/households/{county.ids['home4']}").status_code in (200, 404)


def test_a_deletion_that_was_chosen_is_taken_back(county, admin):
    conflict = conflict_about(county, "home4")
    settle(county, admin, "home4", **{"*": "device"})
    admin.post(f"/conflicts/{conflict}/take-back")
    assert not county.record("home4").deleted
    assert conflict in county.conflicts()


def test_an_overtaken_step_is_settled(county, admin):
    settle(county, admin, "order1", status="server", accepted_by="device")
    record = county.record("order1")
    assert record.get("status") == "accepted"
    assert record.get("accepted_by") == county.ids["worker2"]


def test_a_conflict_settled_by_somebody_else_is_told(county, admin):
    conflict = conflict_about(county, "home6")
    carried = admin.inputs(f"/conflicts/{conflict}")
    settle(county, admin, "home6", notes="device")
    answer = admin.post(f"/conflicts/{conflict}/settle", **carried, **{"choice.notes": "server"})
    assert "settled already" in admin.follow(answer)


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 4),
        ({"state": "closed"}, 0),
        ({"type": "work_order"}, 1),
        ({"kind": "overtaken"}, 1),
        ({"kind": "deleted_and_edited"}, 1),
        ({"kind": "concurrent"}, 2),
        ({"age": "1d"}, 0),
        ({"state": "nonsense"}, 4),
    ],
)
def test_the_list_is_filtered(county, admin, filters, count):
    page = admin.get("/conflicts", **filters).get_data(as_text=True)
    assert page.count("data-row ") == count


def test_the_list_is_filtered_by_grid_worker_and_age(county, admin):
    ids = county.ids
    for filters, count in (
        ({"grid": ids["grid11"]}, 4),
        ({"grid": ids["grid12"]}, 0),
        ({"worker": ids["worker2"]}, 4),
        ({"worker": ids["worker1"]}, 0),
    ):
        page = admin.get("/conflicts", **filters).get_data(as_text=True)
        assert page.count("data-row ") == count, filters
    county.clock[0] = NOW_MS + 2 * DAY_MS
    assert admin.get("/conflicts", age="1d").get_data(as_text=True).count("data-row ") == 4


def test_an_address_keeps_only_the_filters_that_say_something():
    assert Filters(kind="overtaken", state="open").as_query() == {"kind": "overtaken"}


def test_community_staff_look_and_do_not_settle(county, browse):
    staff = browse("staff")
    words = staff.text(f"/conflicts/{conflict_about(county, 'home1')}")
    assert "an administrator settles conflicts" in words
    assert "Another value" not in words
    answer = staff.post(f"/conflicts/{conflict_about(county, 'home1')}/settle")
    assert answer.status_code == 403


def test_conflicts_elsewhere_are_neither_listed_nor_found(county, browse):
    tablet = county.tablets["first"]
    home = county.ids["home30"]
    staff = browse("staff")
    with county.services.store.read() as snapshot:
        record = snapshot.records([home])[home]
    assert record.get("grid") not in {county.ids[f"grid1{grid}"] for grid in range(1, 5)}
    far = type(tablet.scope)(
        user=tablet.user, role="grid_worker", reads=None, device=tablet.scope.device
    )
    tablet.scope = far
    first = tablet.draft(record, "edit", {"householder": "甲"}, at=NOW_MS)
    second = tablet.draft(record, "edit", {"householder": "乙"}, at=NOW_MS)
    assert [ack.outcome for ack in tablet.hand_in(first, second)] == ["applied", "conflict"]
    assert staff.get(f"/conflicts/{second['stamp']}").status_code == 404
    assert staff.get("/conflicts").get_data(as_text=True).count("data-row ") == 4


def test_a_part_of_the_page_is_the_conflict_alone(county, admin):
    answer = admin.get(f"/conflicts/{conflict_about(county, 'home1')}", partial=True)
    page = answer.get_data(as_text=True)
    assert "<html" not in page
    assert "On the server" in words_of(answer)


def test_without_conflicts_the_room_says_so(county, admin):
    words = admin.text("/conflicts", type="resident")
    assert "No conflicts here" in words
