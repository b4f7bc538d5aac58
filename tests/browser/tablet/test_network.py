"""Networks and servers that fail: the outbox is intact, and the screen says what is so."""

import pytest
from playwright.sync_api import expect

from tests.browser.tablet.carried import WORDS

HOUR_MS = 3_600_000


def phone(place, door="East 1-1-101"):
    return place.record(door).get("phone")


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("nothing", 0),  # the request never arrived
        ("refuse_after", 0),  # it arrived, and the tablet is told nothing
        ("error", 0),
        ("html", 0),  # a hotel's page, with status 200
        ("cut", 0),
        ("cut", 60),  # half of the first line
        ("cut", 500),
    ],
)
def test_whatever_the_answer_was_the_work_stays_and_arrives_once(
    tablet, place, network, kind, after
):
    tablet.enrol("worker")
    tablet.offline()
    tablet.edits("East 1-1-101", log={"append": "来过"}, visits={"add": 1})
    tablet.online()
    network.next(kind, after=after)
    tablet.syncs()
    assert network.pending == 0
    if kind != "cut" or after < 500:
        assert tablet.waiting() == 1
    tablet.reload()
    tablet.hand_in()
    household = place.record("East 1-1-101")
    assert [entry[3] for entry in household.get("log")] == ["来过"]
    assert household.get("visits") == 2
    assert tablet.waiting() == 0


def test_a_server_that_fails_is_told_in_words_and_asked_again(tablet, network):
    tablet.enrol("worker")
    for _ in range(9):  # the app itself asks as well, as soon as there is something to hand in
        network.next("error")
    tablet.edits("East 1-1-101", phone="13700000001")
    tablet.go("/sync")
    tablet.button(WORDS["en"]["sync"]).click()
    main = tablet.page.get_by_role("main")
    expect(main).to_contain_text("Saved here")
    expect(main).to_contain_text("Next try")


def test_a_first_sync_that_is_cut_goes_on_where_it_was(tablet, place, network):
    network.next("cut", after=60_000)
    tablet.begin_enrolling("walker")
    tablet.eventually(lambda: network.pending == 0)
    tablet.finish_first_sync()
    assert tablet.count("household") == 500
    assert tablet.count("resident") == 1_500
    answers = [one for one in network.seen if one.path == "/sync/v1/exchange" and one.status == 200]
    whole = max(one.down for one in answers)
    assert sum(one.down for one in answers) < 2 * whole, "what had come was sent again"


def test_after_an_hour_without_a_server_the_work_is_handed_in_by_itself(tablet, place):
    tablet.page.clock.install()
    tablet.enrol("worker")
    tablet.offline()
    tablet.edits("East 1-1-101", phone="13700000001")
    tablet.syncs()
    for _ in range(12):
        tablet.page.clock.fast_forward(HOUR_MS // 12)
        place.shift_ms += HOUR_MS // 12
    expect(tablet.status).to_contain_text("Offline")
    tablet.online()

    def is_handed_in():
        # A try that was under way sets its alarm when it has failed: maybe after this step.
        tablet.page.clock.fast_forward(HOUR_MS // 60)
        place.shift_ms += HOUR_MS // 60
        return "Handed in" in tablet.status.inner_text()

    tablet.eventually(is_handed_in, within_s=20)
    assert phone(place) == "13700000001"
