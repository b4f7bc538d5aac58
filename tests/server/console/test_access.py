"""Who is let in, where, and what is refused."""

import pytest

from server.console.access import ACCESS
from server.console.shell import HEADERS, OPEN
from server.models import Account
from tests.server.console.browser import Browser, words_of
from tests.server.console.county import PASSWORD

ROOMS = ("/", "/map", "/grids", "/conflicts", "/waiting", "/devices", "/enrol", "/help")


def home_in(county, grid):
    """A household of a grid."""
    from sqlalchemy import select

    from server.store.tables import PROJECTED

    household = PROJECTED["household"]
    with county.services.store.engine.connect() as connection:
        query = select(household.c.id).where(household.c.grid == county.ids[grid])
        return connection.execute(query.order_by(household.c.id)).scalars().first()


def test_a_person_signs_in_by_name_and_password_and_out_again(county):
    browser = Browser(county, None)
    page = browser.get("/sign-in").get_data(as_text=True)
    token = page.split('name="csrf-token" content="')[1].split('"')[0]
    answer = browser.client.post(
        "/sign-in?next=/map",
        data={"username": " Admin ", "password": PASSWORD, "csrf_token": token},
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "/map")
    assert "代敏" in browser.text("/")
    assert browser.post("/sign-out").status_code == 302
    assert browser.get("/").status_code == 302


def test_a_wrong_password_and_an_unknown_name_are_told_alike(county):
    said = []
    for name in ("admin", "nobody"):
        browser = Browser(county, None)
        page = browser.get("/sign-in").get_data(as_text=True)
        token = page.split('name="csrf-token" content="')[1].split('"')[0]
        form = {"username": name, "password": "not-the-password", "csrf_token": token}
        answer = browser.client.post("/sign-in", data=form)
        assert answer.status_code == 401
        said.append(words_of(answer))
    assert said[0] == said[1]


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil"])
def test_after_signing_in_nobody_is_led_elsewhere(county, elsewhere):
    answer = Browser(county, "admin").get("/sign-in", next=elsewhere)
    assert answer.headers["Location"] == "/"


def test_raising_an_accounts_epoch_ends_its_sessions(county, admin):
    from server.accounts.sessions import writing

    assert admin.get("/").status_code == 200
    with writing(county.services.store) as session:
        account = session.query(Account).filter_by(username="admin").one()
        account.session_epoch += 1
    assert admin.get("/").status_code == 302


@pytest.mark.parametrize("room", ROOMS)
def test_nobody_enters_a_room_without_signing_in(county, room):
    answer = Browser(county, None).get(room)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in")
    assert Browser(county, None).get(room, partial=True).status_code == 401


@pytest.mark.parametrize("room", ROOMS)
def test_an_administrator_enters_every_room_in_both_languages(county, room):
    for lang in ("zh", "en"):
        answer = Browser(county, "admin", lang=lang).get(room)
        assert answer.status_code == 200
        assert f'lang="{"zh-CN" if lang == "zh" else "en"}"' in answer.get_data(as_text=True)


@pytest.mark.parametrize("name", ["worker1", "worker2", "handler"])
def test_a_role_without_a_room_is_told_so_in_words(county, browse, name):
    for room in ("/", "/map", "/grids", "/conflicts"):
        answer = browse(name).get(room)
        assert answer.status_code == 403
        assert "There is no room for your role here" in words_of(answer)


def test_the_information_centre_has_no_devices_and_nothing_kept_aside(county, browse):
    for room in ("/waiting", "/devices", "/enrol"):
        assert browse("dispatcher").get(room).status_code == 403
    assert "Devices" not in browse("dispatcher").text("/").split("Sign out")[0]


def test_every_view_names_a_room_or_is_open_to_anybody(county):
    views = county.app.view_functions
    console = {name: view for name, view in views.items() if name.startswith("console.")}
    unmarked = [name for name, view in console.items() if not getattr(view, "room", None)]
    assert sorted(unmarked) == sorted(OPEN)
    rooms = {room for access in ACCESS.values() for room in access.rooms} | {"any"}
    assert {getattr(view, "room", "any") for view in console.values()} <= rooms


def test_a_street_sees_its_own_grids_and_no_others(county, browse):
    words = browse("dispatcher").text("/grids")
    assert "兴隆社区第一网格" in words
    assert "江岸社区第一网格" in words
    assert "凯德社区" not in words
    shapes = browse("dispatcher").get("/map/grids.json").get_json()
    assert len(shapes["grids"]["features"]) == 8


def test_a_community_sees_its_own_grids_and_no_others(county, browse):
    words = browse("staff").text("/grids")
    assert "兴隆社区第一网格" in words
    assert "江岸社区" not in words


@pytest.mark.parametrize(("who", "grid"), [("dispatcher", "grid31"), ("staff", "grid21")])
def test_records_elsewhere_are_not_found_by_reading(county, browse, who, grid):
    home, browser = home_in(county, grid), browse(who)
    for path in (
        f"/grids/{county.ids[grid]}",
        f"/households/{home}",
        f"/records/{home}",
        f"/records/{home}/history",
    ):
        assert browser.get(path).status_code == 404, path


def test_records_elsewhere_are_not_found_by_searching(county, browse):
    assert "凯德新村" in browse("admin").text("/grids", q="tgf") + browse("admin").text(
        "/grids", q="凯德新村"
    )
    words = browse("staff").text("/grids", q="双月花园", partial=True)
    assert "No household fits" in words


def test_who_may_only_look_can_not_change(county, browse):
    home, browser = county.ids["home1"], browse("dispatcher")
    assert browser.get(f"/households/{home}").status_code == 200
    assert browser.get(f"/households/{home}/edit").status_code == 403
    assert browser.post(f"/households/{home}/edit", room="9").status_code == 403
    with county.services.store.read() as snapshot:
        stamp = snapshot.history(home)[0].stamp
    assert browser.post(f"/operations/{stamp}/undo").status_code == 403
    assert browser.post(f"/conflicts/{county.conflicts()[0]}/settle").status_code == 403


def test_restricted_records_have_no_page_not_even_for_an_administrator(county, admin):
    assert admin.get(f"/records/{county.ids['home1-0-restricted']}").status_code == 404


def test_a_form_that_is_not_ours_changes_nothing(county, admin):
    device = "k7m2p9q4"
    answer = admin.client.post(f"/devices/{device}/revoke", data={})
    assert answer.status_code == 400
    assert "open for too long" in words_of(answer)
    assert "revoked" not in admin.text(f"/devices/{device}").split("What was done")[0]


def test_every_page_forbids_what_is_not_ours(county, admin):
    answer = admin.get("/conflicts")
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert answer.headers["Cache-Control"] == "no-store"
    page = answer.get_data(as_text=True)
    assert "<script>" not in page
    assert " style=" not in page
    assert " onclick=" not in page


def test_an_address_that_nothing_has_is_a_page_in_words(county, admin):
    answer = admin.get("/nowhere")
    assert answer.status_code == 404
    assert "There is nothing here" in words_of(answer)
    assert admin.client.get("/sync/v1/nowhere").headers["Content-Type"] == (
        "application/problem+json"
    )


def test_files_are_kept_only_under_their_own_mark(county, admin):
    page = admin.get("/help").get_data(as_text=True)
    path = page.split('href="')[2].split('"')[0]
    assert path.startswith("/assets/")
    assert "immutable" in admin.get(path).headers["Cache-Control"]
    old = "/assets/old/" + path.split("/", 3)[3]
    assert "immutable" not in admin.get(old).headers["Cache-Control"]
