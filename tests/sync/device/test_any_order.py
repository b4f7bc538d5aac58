"""Whatever happens, in whatever order: in the end a tablet has what the server has.

Hypothesis plays the workers, the office, the network and the battery. After each step a
replica must be sound in itself; once the network heals it must equal the server, and every
operation ever made on a tablet must be in the server's books.
"""

from __future__ import annotations

from contextlib import contextmanager

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sync.digests import recount
from sync.errors import Refusal
from sync.replica_memory import MemoryStorage
from sync.session import Session
from tests.properties.steady import steadily
from tests.sync.device.village import (
    ANNA,
    BO,
    FEED,
    GRID,
    HOUSE,
    OTHER_FEED,
    OTHER_GRID,
    OTHER_HOUSE,
    Link,
    Server,
    Tablet,
    bare_storage,
    cut_after,
    differences,
    lost_answer,
    lost_request,
    refused,
    uid,
)

RECORDS = [uid(0xC0 + number) for number in range(4)]
ORDERS = [uid(0xE0 + number) for number in range(2)]
NAMES = st.sampled_from(["甲", "乙", "丙", ""])
CHANGES = st.one_of(
    st.fixed_dictionaries({"householder": NAMES}),
    st.fixed_dictionaries({"phone": NAMES, "origin": NAMES}),
    st.fixed_dictionaries({"tags": st.lists(NAMES, max_size=2, unique=True).map(sorted)}),
    st.fixed_dictionaries({"visits": st.fixed_dictionaries({"add": st.integers(-2, 3)})}),
    st.fixed_dictionaries({"last_visit": st.integers(0, 9), "first_contact": st.integers(0, 9)}),
    st.fixed_dictionaries({"notes": st.lists(NAMES, max_size=3).map("\n".join)}),
    st.fixed_dictionaries({"log": NAMES, "seen_at": st.integers(0, 1 << 40)}),
    st.fixed_dictionaries({"grid": st.sampled_from([GRID, OTHER_GRID])}),
)
FAULTS = st.one_of(
    st.sampled_from([None, lost_request, lost_answer, refused("busy")]),
    st.integers(0, 3_000).map(cut_after),
)
TABLETS = st.sampled_from([0, 1])


class BatteryIsEmptyError(Exception):
    """The tablet stops in the middle of something."""


class Fragile(MemoryStorage):
    """A storage that dies at a chosen moment: before, within or after a write block."""

    fuse: int | None = None

    @contextmanager
    def write(self):
        with super().write() as shelf:
            yield shelf
            self._burn()
        self._burn()

    def _burn(self):
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.fuse = None
                raise BatteryIsEmptyError


class Village(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.server = Server()
        self.server.change(RECORDS[0], {"grid": GRID, "householder": "甲"}, kind="create")
        self.backup = None
        self.generation = 2
        self.epochs = 1
        self.tablets = []
        for device, user in (("annaannb", ANNA), ("bbbbbbbb", BO)):
            self.server.admit(device, user, FEED, OTHER_FEED)
            tablet = Tablet(device, user, Link(self.server), Fragile(), limit=3, batch=4)
            self.tablets.append(tablet)
        self.stamps: set[str] = set()

    def work(self, tablet, act):
        """Do something on a tablet; what it cannot do there is nothing."""
        try:
            stamp = act()
        except Refusal:
            return
        if stamp is not None:
            self.stamps.add(stamp)

    # The workers

    @rule(which=TABLETS, record=st.sampled_from(RECORDS), change=CHANGES)
    def edit(self, which, record, change):
        tablet = self.tablets[which]
        self.work(tablet, lambda: tablet.edit(record, **change))

    @rule(which=TABLETS, record=st.sampled_from(RECORDS), name=NAMES)
    def create(self, which, record, name):
        tablet = self.tablets[which]
        self.work(tablet, lambda: tablet.create(record, householder=name, log=[name]))

    @rule(
        which=TABLETS, record=st.sampled_from(RECORDS), kind=st.sampled_from(["delete", "restore"])
    )
    def remove(self, which, record, kind):
        tablet = self.tablets[which]
        act = getattr(tablet.replica, kind)
        self.work(tablet, lambda: act(record, now_ms=tablet.now_ms()))

    @rule(which=TABLETS, record=st.sampled_from(ORDERS), state=st.sampled_from(["taken", "done"]))
    def step(self, which, record, state):
        tablet = self.tablets[which]
        if tablet.replica.view(record) is None:
            self.work(tablet, lambda: tablet.create(record, "order", title="灯"))
        else:
            now_ms = tablet.now_ms()
            self.work(tablet, lambda: tablet.replica.transition(record, state, now_ms=now_ms))

    @rule(which=TABLETS, ahead_ms=st.integers(-3_600_000, 3_600_000))
    def clock_is_set(self, which, ahead_ms):
        self.tablets[which].clock_ahead_ms = ahead_ms

    # The network and the battery

    @rule(which=TABLETS, fault=FAULTS, piece=st.sampled_from([1 << 20, 97]))
    def exchange(self, which, fault, piece):
        tablet = self.tablets[which]
        tablet.link.faults, tablet.link.piece = [fault], piece
        tablet.client.exchange()

    @rule(which=TABLETS, fuse=st.integers(0, 8))
    def crash_in_an_exchange(self, which, fuse):
        tablet = self.tablets[which]
        tablet.link.faults = []
        tablet.storage.fuse = fuse
        try:
            tablet.client.exchange()
        except BatteryIsEmptyError:
            tablet.open()
        finally:
            tablet.storage.fuse = None

    # The office

    @rule(milliseconds=st.integers(1, 10_000_000))
    def time_passes(self, milliseconds):
        self.server.now_ms += milliseconds

    @rule(record=st.sampled_from(RECORDS), grid=st.sampled_from([GRID, OTHER_GRID]), name=NAMES)
    def office_edits(self, record, grid, name):
        known = self.server.record(record)
        if known is not None and not known.deleted:
            self.server.change(record, {"grid": grid, "householder": name})

    @rule(record=st.sampled_from(RECORDS))
    def office_deletes_or_restores(self, record):
        known = self.server.record(record)
        if known is not None:
            self.server.change(record, {}, kind="restore" if known.deleted else "delete")

    @rule(record=st.sampled_from(RECORDS), name=NAMES)
    def office_resolves(self, record, name):
        with self.server.store.read() as snapshot:
            for one in snapshot.conflicts(snapshot.open_conflicts(record)).values():
                fields = {
                    field: "live" if field == "*" else name
                    for field in one.open_fields()
                    if field in ("*", "householder")
                }
                if fields:
                    self.server.change(record, fields, kind="resolve", conflict=one.id)

    @rule(which=TABLETS)
    def worker_is_reassigned(self, which):
        self.server.now_ms += 1
        self.server.revoke(self.tablets[which].device, OTHER_FEED)

    @rule(which=TABLETS)
    def worker_is_assigned_again(self, which):
        reader = self.server.readers[self.tablets[which].device]
        held = [one for one in reader.grants if one.feed == OTHER_FEED and one.until_ms is None]
        if not held:
            self.generation += 1
            self.server.now_ms += 1
            self.server.grant(reader.device, OTHER_FEED, generation=f"g{self.generation}")

    @rule()
    def office_makes_a_backup(self):
        if self.backup is None:
            self.epochs += 1
            self.backup = self.server.backup(epoch=f"e{self.epochs}")

    @precondition(lambda self: self.backup is not None)
    @rule()
    def server_comes_back_from_the_backup(self):
        self.server.reinstall(self.backup)
        self.backup = None

    # What is always so

    @invariant()
    def digests_are_those_of_the_rows(self):
        for tablet in self.tablets:
            with tablet.storage.read() as shelf:
                for name, feed in shelf.feeds().items():
                    assert (feed.live, feed.sum) == recount(shelf, name)

    @invariant()
    def whatever_was_made_is_still_known(self):
        for tablet in self.tablets:
            with tablet.storage.read() as shelf:
                mine = {stamp for stamp in self.stamps if stamp[18:26] == tablet.device}
                assert mine <= shelf.entries(mine).keys()

    @invariant()
    def every_pending_field_is_marked(self):
        for tablet in self.tablets:
            for view in tablet.replica.views("household"):
                with tablet.storage.read() as shelf:
                    entries = shelf.pending([view.id]).get(view.id, [])
                waiting = {
                    name
                    for entry in entries
                    if entry.state == "waiting" and entry.body["kind"] == "edit"
                    for name in entry.body["fields"]
                }
                assert waiting <= view.marks.keys()

    def teardown(self):
        for tablet in (*self.tablets, *self.tablets, *self.tablets):
            tablet.link.faults = []
            tablet.open()
            report = tablet.sync()
            assert report.next.step == "rest"
            assert [one.differences for one in report.exchanges if one.differences] == []
        for tablet in self.tablets:
            reader = self.server.readers[tablet.device]
            reads = [one.feed for one in reader.grants if one.until_ms is None]
            assert differences(tablet, *reads) == []
            assert tablet.replica.waiting() == []
            with tablet.storage.read() as shelf:
                homes = shelf.feeds_of([*RECORDS, *ORDERS])
                rows = shelf.rows([*RECORDS, *ORDERS])
            assert rows.keys() <= homes.keys(), "no row without a feed that is read"
        with self.server.store.read() as snapshot:
            assert snapshot.operations(self.stamps).keys() == self.stamps


Village.TestCase.settings = settings(steadily(80), stateful_step_count=30)
TestVillage = Village.TestCase


def _busy_village():
    server = Server()
    server.change(HOUSE, {"grid": GRID, "householder": "张三", "visits": 2}, kind="create")
    server.admit("annaannb", ANNA, FEED)
    server.admit("bbbbbbbb", BO, FEED)
    anna = Tablet("annaannb", ANNA, Link(server), MemoryStorage())
    bo = Tablet("bbbbbbbb", BO, Link(server), bare_storage("memory"))
    anna.sync()
    bo.sync()
    bo.edit(HOUSE, householder="李四")
    bo.sync()
    anna.edit(HOUSE, householder="王五", visits={"add": 1})
    anna.create(OTHER_HOUSE, log=["新"])
    return anna


def test_a_cut_at_every_single_byte_leads_to_the_same_end():
    anna = _busy_village()
    asked = Session(anna.replica.begin(now_ms=anna.now_ms())).send()
    for size in range(len(anna.link.server.answer(asked, anna.device)) + 1):
        anna = _busy_village()
        anna.link.faults = [cut_after(size)]
        anna.client.exchange()
        anna.open()
        assert anna.sync().next.step == "rest"
        assert differences(anna, FEED) == []
        assert anna.replica.waiting() == []
        assert anna.link.server.record(HOUSE).get("visits") == 3
        assert anna.marks(HOUSE) == {"householder": ("conflict",)}
