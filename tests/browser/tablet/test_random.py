"""A hundred days of accidents: offline, online, reloads, cuts and kills against a model.

The model knows only what a worker was promised: a change whose saving resolved is theirs.
At the end of each day there is a network, everything is handed in, and the server must hold
exactly what was promised, each thing once, and at most one thing more: that which was being
saved when the battery was pulled.

A day is drawn from its seed, which is in the name of the test: `-k "seed-17"` repeats it.
Most days are spent in one browser, a few in browsers that are killed.
"""

import random

import pytest

from tests.browser.tablet.test_killed import Carried

DAYS = 100
DAYS_A_TEST = 10
DAYS_KILLED = 6
STEPS = 14
DOORS = [f"East {b}-{e}-{f}0{d}" for b in (1, 2) for e in (1, 2) for f in (1, 2, 3) for d in (1, 2)]

FAULTS = ("cut", "cut", "refuse_after", "nothing", "error", "html")


class Day:
    """One drawn day: what is done, and what the worker was promised of it."""

    def __init__(self, seed, tablet, *, again=None):
        self.draw = random.Random(seed)
        self.seed, self.tablet, self.again = seed, tablet, again
        self.phones, self.logs, self.visits = {}, {}, {}
        self.maybe = []
        self.log = []

    def live(self):
        acts = [self.edit] * 4 + [self.write] * 3 + [self.offline] * 2 + [self.online] * 2
        acts += [self.exchange] * 3 + [self.fault] * 3 + [self.reload]
        acts += [self.killed] if self.again is not None else []
        for step in range(STEPS):
            act = self.draw.choice(acts)
            self.log.append(act.__name__)
            act(step)
        self.home()

    # What the worker does

    def edit(self, step):
        """Two edits at once, all or nothing: a number, and a visit counted."""
        door = self.draw.choice(DOORS)
        phone = f"137{self.seed:04}{step:04}"
        self.tablet.edits(door, phone=phone, visits={"add": 1})
        self.phones[door] = phone
        self.visits[door] = self.visits.get(door, 0) + 1

    def write(self, step):
        door = self.draw.choice(DOORS)
        words = f"{self.seed}.{step}"
        self.tablet.edits(door, log={"append": words})
        self.logs.setdefault(door, []).append(words)

    # What happens to the tablet

    def offline(self, step):
        self.tablet.offline()

    def online(self, step):
        self.tablet.online()

    def fault(self, step):
        kind = self.draw.choice(FAULTS)
        self.tablet.network.next(kind, after=self.draw.randrange(0, 3_000))

    def exchange(self, step):
        """Begin an exchange; wait for it or go on meanwhile."""
        if self.draw.random() < 0.5:
            self.tablet.syncs()
        else:
            self.tablet.evaluate("() => void yuanba.replica.value.sync('button')")

    def reload(self, step):
        self.tablet.reload()
        self.tablet.is_open()

    def killed(self, step):
        """The battery is pulled while something is being saved."""
        door, words = self.draw.choice(DOORS), f"{self.seed}.{step}?"
        self.maybe.append((door, words))
        record = self.tablet.place.ids[door]
        self.tablet.evaluate(
            "([record, words]) => void yuanba.replica.value.edit(record, {log: {append: words}})",
            [record, words],
        )
        self.tablet = self.again()

    # The evening

    def home(self):
        network = self.tablet.network
        network.all_well()
        self.tablet.online()
        self.tablet.hand_in_quickly()

    def check(self):
        place = self.tablet.place
        for door in DOORS:
            household = place.record(door)
            said = f"seed {self.seed}, {door}, {self.log}"
            if door in self.phones:
                assert household.get("phone") == self.phones[door], said
            assert (household.get("visits") or 0) - place.visits[door] == self.visits.get(
                door, 0
            ), said
            written = [entry[3] for entry in household.get("log") or []]
            mine = [one for one in written if one.startswith(f"{self.seed}.") and "?" not in one]
            assert sorted(mine) == sorted(self.logs.get(door, [])), said
            doubtful = [one for one in written if one.endswith("?")]
            assert len(doubtful) == len(set(doubtful)), said
            assert set(doubtful) <= {words for at, words in self.maybe if at == door}, said
        assert self.tablet.waiting() == 0
        differs = self.tablet.evaluate(
            """(doors) => doors.map((id) => {
                const view = yuanba.replica.value.view(id);
                return [view.get('phone'), view.get('visits'), (view.get('log') ?? []).length];
            })""",
            [place.ids[door] for door in DOORS],
        )
        records = [place.record(door) for door in DOORS]
        held = [[one.get("phone"), one.get("visits"), len(one.get("log") or [])] for one in records]
        assert differs == held, f"seed {self.seed}: the tablet shows something else"
        assert place.conflicts() == []


@pytest.fixture
def visited(place):
    """The place, with the visits that every door had before the day."""
    place.visits = {door: place.record(door).get("visits") or 0 for door in DOORS}
    return place


@pytest.mark.parametrize("first", range(0, DAYS, DAYS_A_TEST), ids=lambda n: f"from-seed-{n}")
def test_days_of_accidents_lose_nothing_and_double_nothing(tablet, visited, first):
    tablet.enrol("worker")
    tablet.keep_offline_ready()
    for seed in range(first, first + DAYS_A_TEST):
        visited.visits = {door: visited.record(door).get("visits") or 0 for door in DOORS}
        day = Day(seed, tablet)
        day.live()
        day.check()


@pytest.mark.parametrize("seed", range(1000, 1000 + DAYS_KILLED), ids=lambda n: f"seed-{n}")
def test_days_in_which_the_browser_is_killed(
    playwright_here, browser, network, visited, tmp_path, seed
):
    carried = Carried(playwright_here, network, visited, tmp_path / "profile")
    tablet = carried.start()
    tablet.enrol("worker")
    tablet.keep_offline_ready()

    def again():
        carried.kill()
        opened = carried.start()
        opened.open()
        opened.is_open()
        return opened

    day = Day(seed, tablet, again=again)
    try:
        day.live()
        day.check()
    finally:
        carried.close()
