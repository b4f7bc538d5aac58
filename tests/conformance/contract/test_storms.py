"""Many tablets at once, and bad lines: nothing acknowledged is lost, all come to agree."""

import contextlib
import random
from concurrent.futures import ThreadPoolExecutor

from tests.conformance.contract.wire import CutOffError

TABLETS = 8
CHOICES = {
    "householder": list("ABCDE"),
    "phone": list("12345"),
    "notes": ["one\ntwo\n", "ONE\ntwo\n", "one\nTWO\n", ""],
    "tags": [
        {"add": ["disabled"], "remove": []},
        {"add": ["very_old"], "remove": ["disabled"]},
        {"add": [], "remove": ["very_old"]},
    ],
    "visits": [{"add": 1}],
    "last_visit": [1000, 2000, 3000],
    "first_contact": [1000, 2000, 3000],
    "log": [{"append": "x"}],
    "origin": ["survey", "visit"],
    "colour": ["red", "blue"],
}


def edit_at_random(device, grid, draw):
    homes = [home.record for home in device.of_type("household")]
    if not homes or draw.random() < 0.1:
        device.create("household", grid=grid, notes="one\ntwo\n", tags=["disabled"])
        return
    names = draw.sample([*CHOICES], draw.choice([1, 1, 2]))
    device.edit(draw.choice(homes), **{name: draw.choice(CHOICES[name]) for name in names})


def live(device, grid, seed):
    """Rounds of edits and exchanges, many of them in small answers or cut off."""
    draw = random.Random(seed)
    for _ in range(12):
        for _ in range(draw.randrange(5)):
            edit_at_random(device, grid, draw)
        device.limit = draw.choice([1, 3, 2000, 2000])
        cut = draw.randrange(1500) if draw.random() < 0.3 else None
        with contextlib.suppress(CutOffError):
            device.exchange(cut_after=cut)


def test_eight_tablets_at_once_with_conflicting_edits_and_bad_lines_come_to_agree(new_crew):
    users = [new_crew.li.user, new_crew.wang.user]
    tablets = [new_crew.tablet(users[number % 2]) for number in range(TABLETS)]
    with ThreadPoolExecutor(TABLETS) as threads:
        tasks = [
            threads.submit(live, tablet, new_crew.grid, seed) for seed, tablet in enumerate(tablets)
        ]
        for task in tasks:
            task.result()
    for tablet in tablets * 2:
        tablet.limit = 2000
        tablet.sync()
    fresh = [new_crew.tablet(user) for user in users]
    for number, tablet in enumerate(tablets):
        assert tablet.outbox == []
        assert tablet.replica.records == fresh[number % 2].replica.records
    homes = {home.record: home for home in fresh[0].of_type("household")}
    assert homes == {home.record: home for home in fresh[1].of_type("household")}
    acked = [ack for tablet in tablets for ack in tablet.acks.values()]
    assert {"applied", "merged", "conflict"} <= {ack["outcome"] for ack in acked}


def test_two_processes_that_serve_one_record_leave_no_tablet_behind(new_crew):
    record = new_crew.household(visits=0)
    tablets = [new_crew.tablet(new_crew.li.user) for _ in range(4)]

    def count(tablet):
        for _ in range(40):
            tablet.edit(record, visits={"add": 1})
            tablet.exchange()

    with ThreadPoolExecutor(len(tablets)) as threads:
        assert [*threads.map(count, tablets)] == [None] * len(tablets)
    new_crew.agree(record, *tablets)
    assert new_crew.li[record].fields["visits"] == 160


def test_the_same_outbox_sent_four_times_at_once_counts_once(new_crew):
    record = new_crew.household(visits=0)
    li = new_crew.li
    change = {"visits": {"add": 1}}
    operations = [li.operation("edit", "household", record, change) for _ in range(20)]
    with ThreadPoolExecutor(4) as threads:
        answers = threads.map(lambda _: li.post(li.request(operations=operations)), range(4))
        assert all("done" in lines[-1] for lines in answers)
    new_crew.agree(record)
    assert li[record].fields["visits"] == 20
