"""The battery is pulled: the browser's processes are killed, and opened again on the same data."""

from contextlib import ExitStack

import pytest
from playwright.sync_api import Error, expect

from tests.browser.chromium import find_chromium
from tests.browser.tablet.carried import Tablet, launched
from tests.browser.tablet.conftest import OPTIONS


class Carried:
    """A tablet whose browser can be killed, and opened again."""

    def __init__(self, playwright, network, place, folder):
        self._parts = (playwright, network, place, folder)
        self._stack = ExitStack()
        self.tablet, self.kill = None, None

    def start(self):
        playwright, network, place, folder = self._parts
        self._stack.close()
        context, self.kill = self._stack.enter_context(
            launched(playwright, find_chromium(), folder, **OPTIONS)
        )
        self.tablet = Tablet.of(context, network, place, "en")
        return self.tablet

    def close(self):
        self._stack.close()


@pytest.fixture
def carried(browser, playwright_here, network, place, tmp_path):
    made = Carried(playwright_here, network, place, tmp_path / "profile")
    yield made
    made.close()


def test_what_was_saved_outlives_the_browser_and_so_does_a_draft(carried, place, network):
    tablet = carried.start()
    tablet.enrol("worker")
    tablet.keep_offline_ready()
    tablet.offline()
    tablet.edits("East 1-1-101", phone="13700000001")
    tablet.go(f"/household/{place.ids['East 1-1-102']}/visit")
    tablet.page.get_by_label("Notes").fill("写到一半")
    tablet.page.wait_for_timeout(800)
    carried.kill()

    tablet = carried.start()
    tablet.open()
    tablet.says_waiting(1)
    tablet.go(f"/household/{place.ids['East 1-1-102']}/visit")
    expect(tablet.page.get_by_label("Notes")).to_have_value("写到一半")
    tablet.online()
    tablet.hand_in()
    assert place.record("East 1-1-101").get("phone") == "13700000001"
    assert place.all_of("home_visit")[-1].get("household") != place.ids["East 1-1-102"]


def test_killed_while_saving_it_has_all_of_an_entry_or_nothing_and_all_that_it_promised(
    carried, place
):
    """A burst of visits; the kill falls somewhere into it."""
    tablet = carried.start()
    tablet.enrol("worker")
    home = place.ids["East 1-1-101"]
    tablet.offline()
    tablet.page.expose_function("promised", promised := Promised())
    tablet.evaluate(
        """([home, grid, worker]) => {
            const replica = yuanba.replica.value;
            void (async () => {
                for (let n = 0; n < 500; n += 1) {
                    const notes = `第 ${n} 次`;
                    const at = Date.now();
                    await replica.make([
                        {kind: 'create', type: 'home_visit', record: replica.newId(),
                         fields: {grid, household: home, worker, at, purpose: 'care', notes}},
                        {kind: 'edit', type: 'household', record: home, fields: {visits: {add: 1}}},
                    ]);
                    void promised(n);
                }
            })();
        }""",
        [home, place.ids["East"], place.ids["worker"]],
    )
    tablet.eventually(lambda: promised.last >= 40)
    carried.kill()

    tablet = carried.start()
    tablet.online()
    tablet.open()
    tablet.hand_in()
    visits = [one for one in place.all_of("home_visit") if one.get("household") == home]
    numbers = sorted(int(one.get("notes").split()[1]) for one in visits)
    assert numbers == list(range(len(numbers))), "an entry is missing in between"
    assert len(numbers) > promised.last, "what was promised is not there"
    # A visit and its count were saved as one.
    assert place.record("East 1-1-101").get("visits") == 1 + len(numbers)


class Promised:
    """What the page was told is on the disk."""

    last = -1

    def __call__(self, number):
        self.last = max(self.last, number)


def test_killed_in_the_middle_of_a_first_sync_it_goes_on(carried, network):
    tablet = carried.start()
    network.slow(delay_ms=20, kbit=2_000)
    tablet.begin_enrolling("walker")
    tablet.eventually(lambda: received(tablet) > 0, within_s=30)
    carried.kill()
    network.all_well()
    tablet = carried.start()
    tablet.open()
    tablet.finish_first_sync()
    assert tablet.count("household") == 500
    assert tablet.count("resident") == 1_500


def received(tablet):
    try:
        return tablet.evaluate("() => yuanba.replica.value?.status.value.firstSync.received ?? 0")
    except Error:
        return 0
