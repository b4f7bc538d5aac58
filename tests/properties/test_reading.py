"""Reading feeds: from any cursor, in pieces, cut anywhere, what arrives is what there is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import exchange as module
from sync.feeds import Grant
from tests.properties.mirror import Mirror, all_of
from tests.properties.steady import steadily
from tests.properties.world import CHANGES, HOUSES, PEOPLE, digests
from tests.sync.county import GRID, OFFICE, OTHER_GRID, County, edit, uid

FEED, OTHER_FEED = f"grid:{GRID}", f"grid:{OTHER_GRID}"
RECORDS = (*HOUSES, uid(3))
SECRET = "不可外传"

STEPS = st.one_of(
    st.tuples(st.just("edit"), st.integers(0, 1), st.sampled_from(RECORDS), CHANGES),
    st.tuples(st.just("sync"), st.integers(0, 1), st.just(100), st.none()),
    st.tuples(st.just("sync"), st.integers(0, 1), st.integers(1, 4), st.integers(-1, 3)),
    st.tuples(st.just("office"), st.sampled_from(RECORDS), st.sampled_from([GRID, OTHER_GRID])),
    st.tuples(st.just("assign"), st.integers(0, 1), st.sets(st.sampled_from([FEED, OTHER_FEED]))),
    st.tuples(st.just("secret"), st.sampled_from(["甲", "乙"])),
    st.tuples(st.just("merge"), st.sampled_from(RECORDS), st.sampled_from(RECORDS)),
    st.tuples(st.just("restore"), st.sampled_from(RECORDS)),
    st.tuples(st.just("compact")),
    st.tuples(st.just("trespass"), st.integers(0, 1), st.sampled_from(["edit", "delete"])),
)  # fmt: skip


class Village:
    """Two tablets, an office that moves houses about, and a house that neither may ever see."""

    def __init__(self) -> None:
        self.county = County()
        self.clerk = self.county.device(uid(0xC1))
        for record in RECORDS:
            create = self.clerk.op("create", record, {"grid": GRID, "phone": record[-1]})
            self.county.submit(OFFICE, create)
        hidden = self.clerk.op("create", uid(9), {"grid": uid(0xA9), "householder": SECRET})
        self.county.submit(OFFICE, hidden)
        self.tablets = [Mirror(self.county.device(user)) for user in PEOPLE[:2]]
        self.given = 0
        for tablet in self.tablets:
            assert tablet.exchange()

    def do(self, what: str, *how: object) -> None:
        """One step of a plan."""
        self.county.now_ms += 1_000
        getattr(self, what)(*how)

    def edit(self, who, record, change):
        self.tablets[who].edit(record, change)

    def sync(self, who, limit, pages):
        self.tablets[who].exchange(limit=limit, pages=pages)
        self.check_scope(self.tablets[who])

    def office(self, record, grid):
        state = self.county.record(record)
        raw = edit(self.clerk, record, {"grid": grid}, base=state.head)
        raw["base"]["grid"] = state.version("grid")
        self.county.submit(OFFICE, raw)

    def secret(self, value):
        state = self.county.record(uid(9))
        raw = edit(self.clerk, uid(9), {"householder": SECRET + value}, base=state.head)
        self.county.submit(OFFICE, raw)

    def merge(self, record, into):
        state = self.county.record(record)
        raw = self.clerk.op("merge", record, base={"*": state.head}, into=into)
        self.county.submit(OFFICE, raw)

    def restore(self, record):
        state = self.county.record(record)
        self.county.submit(OFFICE, self.clerk.op("restore", record, base={"*": state.head}))

    def compact(self):
        """Everything that is gone is forgotten, as if it had been longer ago than anybody was."""
        with self.county.store.write() as tx:
            tx.mark_feeds(self.county.now_ms)
            tx.compact(before_ms=self.county.now_ms)

    def trespass(self, who, kind):
        state = self.county.record(uid(9))
        device = self.tablets[who].device
        raw = device.op(kind, uid(9), {"householder": "x"} if kind == "edit" else {},
                        {"*": state.head, "householder": state.version("householder")})  # fmt: skip
        self.tablets[who].outbox.append(raw)

    def assign(self, who, feeds):
        device = self.tablets[who].device
        now, kept = self.county.now_ms, []
        for grant in device.reader.grants:
            ends = grant.until_ms is None and grant.feed not in feeds
            kept.append(grant._replace(until_ms=now) if ends else grant)
        held = {grant.feed for grant in kept if grant.until_ms is None}
        for feed in sorted(feeds - held):
            self.given += 1
            kept.append(Grant(feed, f"n{self.given}", now))
        device.grants(*kept)

    # Checks --------------------------------------------------------------------------------

    def check_scope(self, tablet: Mirror) -> None:
        """Nothing in the last answer is outside of what its reader reads."""
        device = tablet.device
        assert SECRET not in json.dumps(device.lines, ensure_ascii=False)
        reads = set(device.hello["feeds"])
        for page in device.pages:
            assert page["feed"] in reads
            for group in page["put"]:
                for row in group["rows"]:
                    assert page["feed"] in self.county.record(row[0]).feeds()
        for line in device.lines:
            ack = line.get("ack", {})
            assert set(ack.get("feeds", ())) <= reads
            assert bool(ack.get("feeds")) or not {"fields", "versions"} & ack.keys()

    def check_end(self, tablet: Mirror) -> None:
        """In the end a tablet holds what the server has."""
        for _ in range(100):
            if tablet.exchange(limit=3):
                break
            self.check_scope(tablet)
        else:
            pytest.fail("there is always more")
        server = digests(self.county)
        for feed in tablet.device.hello["feeds"]:
            assert tablet.digest(feed) == list(server.get(feed, (0, 0)))
        hidden = self.county.record(uid(9))
        assert hidden.get("householder").startswith(SECRET) and not hidden.deleted
        for record, state in tablet.rows.items():
            if not state.deleted:
                assert tablet.told(record) == all_of(self.county.record(record))


@steadily(120)
@given(st.lists(STEPS, max_size=14))
def test_whatever_was_cut_moved_or_reassigned_a_tablet_ends_with_what_there_is(steps):
    village = Village()
    for step in steps:
        village.do(*step)
    for tablet in village.tablets:
        village.check_end(tablet)


@steadily(60)
@given(st.lists(STEPS, max_size=10), st.data())
def test_reading_from_any_cursor_gives_what_one_reading_gives(steps, data):
    village = Village()
    for step in steps:
        village.do(*step)
    device = village.county.device(uid(0xC2))
    device.grants(Grant(FEED, "g", 0), Grant(OTHER_FEED, "g", 0))
    whole, pieces = Mirror(device), Mirror(device)
    assert whole.exchange()
    device.cursors = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PAGE_RECORDS_MAX", data.draw(st.integers(1, 3), label="page"))
        for _ in range(200):
            limit = data.draw(st.integers(1, 5), label="limit")
            if pieces.exchange(limit=limit, pages=data.draw(st.sampled_from([None, 1, 2]))):
                break
        else:
            pytest.fail("there is always more")
    assert {one: all_of(state) for one, state in pieces.rows.items()} == {
        one: all_of(state) for one, state in whole.rows.items()
    }
    assert pieces.members == whole.members
