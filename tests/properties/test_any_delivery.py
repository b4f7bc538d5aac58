"""Operations in any order, again and again, in pieces: nothing is lost, nothing happens twice."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tests.properties.steady import steadily
from tests.properties.world import (
    COMMUTING,
    HOUSES,
    chain,
    decided,
    digests,
    offline,
    plans,
    row,
    started,
    take,
)
from tests.sync.county import OFFICE

OUTCOMES = {"applied", "merged", "conflict", "held", "rejected"}
COMMUTES = ("visits", "last_visit", "first_contact", "log", "tags")


def books(county):
    """Everything that the server keeps."""
    tables = county.store._tables
    return (
        tables.records, tables.operations, tables.conflicts, tables.held, tables.aside,
        tables.feeds, tables.entries,
    )  # fmt: skip


@steadily(150)
@given(plans(), st.data())
def test_in_any_order_every_operation_is_accounted_for(plan, data):
    county, people = started()
    operations = offline(county, people, plan)
    take(county, data.draw(st.permutations(operations), label="order"))
    for raw in operations:
        stored = county.operation(raw["stamp"])
        assert stored.raw == raw and stored.outcome in OUTCOMES
        if stored.outcome == "held":
            needs = county.store._tables.held[raw["stamp"]].needs
            assert county.operation(needs).outcome in ("held", "rejected")
        if stored.outcome == "conflict":
            conflict = county.conflict(stored.conflict)
            waits = {part["stamp"] for part in conflict.fields.values()} | {conflict.id}
            assert raw["stamp"] in waits and conflict.closed is None
            assert set(conflict.fields) <= set(county.record(conflict.record).c)


@steadily(150)
@given(plans(COMMUTING), st.data())
def test_what_adds_up_comes_out_the_same_in_every_order(plan, data):
    ends = []
    for _ in range(2):
        county, people = started()
        operations = offline(county, people, plan)
        order = data.draw(st.permutations(range(len(operations))), label="order")
        take(county, (operations[place] for place in order))
        ends.append([[county.record(one).get(name) for name in COMMUTES] for one in HOUSES])
    assert ends[0] == ends[1]


@steadily(100)
@given(plans(), st.data())
def test_whatever_comes_again_changes_nothing(plan, data):
    county, people = started()
    operations = offline(county, people, plan)
    acks = take(county, operations)
    before = books(county)
    again = data.draw(st.lists(st.sampled_from(operations), max_size=5), label="again")
    county.now_ms += 1_000
    repeated = county.submit(OFFICE, *again)
    assert books(county) == before
    first = {ack.stamp: ack for ack in acks}
    for ack in repeated:
        assert ack.repeated and ack.stamp in first
        assert ack.outcome == county.operation(ack.stamp).outcome


@steadily(100)
@given(plans(people=1, most=8), plans(most=3), st.data())
def test_a_request_may_be_cut_in_pieces_anywhere(mine, theirs, data):
    cuts = data.draw(st.sets(st.integers(1, 7)), label="cuts")
    ends = []
    for pieces in (set(), cuts):
        county, people = started()
        take(county, offline(county, people[1:] + people[:1], theirs))
        operations = offline(county, people, mine)
        edges = [0, *sorted(one for one in pieces if one < len(operations)), len(operations)]
        for start, end in itertools.pairwise(edges):
            county.submit(OFFICE, *operations[start:end])
        states = {raw["stamp"]: county.operation(raw["stamp"]) for raw in operations}
        ends.append(
            ([row(county, one) for one in HOUSES], states, county.store._tables.conflicts,
             county.store._tables.held, digests(county))
        )  # fmt: skip
    assert ends[0] == ends[1]


@steadily(100)
@given(plans(), st.data())
def test_a_records_history_names_every_decided_operation_once(plan, data):
    county, people = started()
    operations = offline(county, people, plan)
    take(county, data.draw(st.permutations(operations), label="order"))
    for house in HOUSES:
        stamps = chain(county, house)
        assert len(stamps) == len(set(stamps))
        assert set(stamps) == {one.stamp for one in decided(county) if one.record == house}
        assert county.operation(stamps[-1]).kind == "create"


@steadily(100)
@given(plans(), st.data())
def test_the_head_changes_exactly_when_the_row_does(plan, data):
    county, people = started()
    operations = offline(county, people, plan)
    for raw in data.draw(st.permutations(operations), label="order"):
        before = [row(county, house) for house in HOUSES]
        county.submit(OFFICE, raw)
        for old, house in zip(before, HOUSES, strict=True):
            new = row(county, house)
            assert (new != old) == (new[1] != old[1])


@steadily(60)
@given(plans(), st.data())
def test_digests_kept_by_differences_are_those_of_the_rows(plan, data):
    county, people = started()
    operations = offline(county, people, plan)
    order = data.draw(st.permutations(operations), label="order")
    size = data.draw(st.integers(1, 3), label="batch")
    for start in range(0, len(order), size):
        county.submit(OFFICE, *order[start : start + size])
        feeds = county.store._tables.feeds
        kept = {feed: (one.count, one.sum) for feed, one in feeds.items() if one.count}
        assert kept == dict(digests(county))
