"""What was changed after a handover: on the first page, in its list, taken back or looked at."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import select, text

from server.accounts.sessions import reading
from server.console.access import ACCESS
from server.models import Audit
from server.settings import Settings
from server.store.tables import OPERATION
from sync.scope import SYSTEM
from tests.server.console.browser import Browser, words_of
from tests.server.console.county import build
from tests.server.console.disagreement import disagree
from tests.server.console.handover import hand_in_late

OTHER = "992222199003074398"


@pytest.fixture
def late(county):
    """The stamp of a late change of the third household's room."""
    return hand_in_late(county, "home3", room="909")


def was_there(county, stamp):
    with county.services.store.read() as snapshot:
        return snapshot.operations([stamp])[stamp].was["room"][0]


def audited(county, stamp):
    with reading(county.services.store) as session:
        return session.scalars(select(Audit).where(Audit.about == stamp)).all()


def test_today_has_a_number_of_them_only_when_there_is_some(county, admin):
    assert "Changed after a handover" not in admin.text("/")
    hand_in_late(county, "home3", room="909")
    assert "Changed after a handover 1" in admin.text("/")


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ("Changed after a handover", "杨小龙 changed it")), ("zh", ("交接后的修改", "杨小龙"))],
)
def test_the_list_says_who_changed_what_from_what_to_what(county, browse, late, lang, words):
    answer = browse("admin", lang).get("/late")
    said, page = words_of(answer), answer.get_data(as_text=True)
    assert all(one in said for one in words)
    assert f"<del>{was_there(county, late)}</del>" in page and "<ins>909</ins>" in page
    assert f"/records/{county.ids['home3']}#op-{late}" in page


def test_undo_puts_it_back_and_takes_it_off_the_list(county, admin, late):
    was = was_there(county, late)
    assert f"/operations/{late}/undo" in admin.get("/late").get_data(as_text=True)
    assert "Taken back" in admin.follow(admin.post(f"/operations/{late}/undo"))
    assert county.record("home3").get("room") == was
    assert "Nothing was changed after a handover" in admin.text("/late")


def test_looked_at_lets_it_stand_and_is_noted_once_with_who_did(county, admin, late):
    assert "Noted" in admin.follow(admin.post(f"/late/{late}/seen"))
    assert county.record("home3").get("room") == "909"
    assert "Nothing was changed after a handover" in admin.text("/late")
    assert admin.post(f"/late/{late}/seen").status_code == 404
    (noted,) = audited(county, late)
    assert (noted.what, noted.user) == ("late_seen", county.ids["admin"])


def test_a_change_that_was_not_late_cannot_be_noted(county, admin):
    stamp = county.record("home3").head
    assert admin.post(f"/late/{stamp}/seen").status_code == 404
    assert audited(county, stamp) == []


def test_a_community_sees_its_own_and_decides_nothing(county, browse, late):
    page = browse("staff").get("/late").get_data(as_text=True)
    assert f"late-{late}" in page
    assert "/undo" not in page and "/seen" not in page
    assert browse("staff").post(f"/late/{late}/seen").status_code == 403


def test_another_street_sees_none_of_it(county, browse, late):
    household = county.record("home3")
    county.services.door.edit(
        SYSTEM, household.id, {"grid": county.ids["grid31"], "building": None}
    )
    assert f"late-{late}" not in browse("staff").get("/late").get_data(as_text=True)
    assert f"late-{late}" not in browse("dispatcher").get("/late").get_data(as_text=True)
    assert "Changed after" not in browse("staff").text("/")
    assert f"late-{late}" in browse("admin").get("/late").get_data(as_text=True)


def test_restricted_facts_are_named_and_not_shown(county, admin):
    tablet = county.tablets["first"]
    restricted = f"restricted:{county.ids['grid11']}"
    reads = tablet.scope.reads | {restricted}
    tablet.scope = dataclasses.replace(tablet.scope, reads=reads)
    stamp = hand_in_late(county, _facts(county), citizen_id=OTHER)
    said = admin.text("/late")
    assert "(restricted)" in said and OTHER not in said
    assert f"/operations/{stamp}/undo" not in admin.get("/late").get_data(as_text=True)
    assert "Noted" in admin.follow(admin.post(f"/late/{stamp}/seen"))


def _facts(county):
    """The name of the restricted facts of a resident of the seen grid."""
    resident = county.ids["home3-0"]
    with county.services.store.read() as snapshot:
        (found,) = snapshot.referring("resident_restricted", "resident", resident)
    county.ids["facts"] = found
    return "facts"


def test_no_role_but_an_administrator_may_note_that_it_was_looked_at():
    assert [one for one, access in ACCESS.items() if access.rooms.get("grids") == "act"] == [
        "administrator"
    ]


def test_they_are_found_without_reading_every_operation(county):
    query = select(OPERATION.c.stamp).where(OPERATION.c.late).order_by(OPERATION.c.received)
    engine = county.services.store.engine
    said = str(query.compile(engine, compile_kwargs={"literal_binds": True}))
    with engine.connect() as connection:
        plan = connection.execute(text(f"EXPLAIN QUERY PLAN {said}")).all()
    assert "ix_operation_late" in str(plan)


@pytest.fixture
def on_postgresql(postgres_url, tmp_path):
    settings = Settings(database_url=postgres_url, data_dir=tmp_path, secret="test" * 8)
    county = build(settings, doors=1)
    disagree(county)
    yield county
    county.services.store.close()


def test_on_postgresql_the_list_its_number_and_its_index_are_the_same(on_postgresql):
    county = on_postgresql
    admin, staff = Browser(county, "admin"), Browser(county, "staff")
    assert "Changed after a handover" not in admin.text("/")
    stamp = hand_in_late(county, "home3", room="909")
    assert "Changed after a handover 1" in admin.text("/")
    for person in (admin, staff):
        page = person.get("/late").get_data(as_text=True)
        assert f"late-{stamp}" in page and "<ins>909</ins>" in page
    household = county.record("home3")
    county.services.door.edit(
        SYSTEM, household.id, {"grid": county.ids["grid31"], "building": None}
    )
    assert f"late-{stamp}" not in staff.get("/late").get_data(as_text=True)
    assert "Noted" in admin.follow(admin.post(f"/late/{stamp}/seen"))
    assert "Nothing was changed after a handover" in admin.text("/late")
    assert admin.post(f"/late/{stamp}/seen").status_code == 404
    with county.services.store.engine.connect() as connection:
        connection.execute(text("SET enable_seqscan = off"))
        plan = connection.execute(text("EXPLAIN SELECT stamp FROM operation WHERE late")).all()
    assert "ix_operation_late" in str(plan)
