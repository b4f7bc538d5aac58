"""A record is merged while somebody refers to it anew: the feed of the new one is told."""

from __future__ import annotations

import pytest

from server.door import patiently
from tests.conformance.batches import GRID_A, GRID_B

FEED_B = f"grid:{GRID_B}"


@pytest.fixture
def people(village):
    """An administrator and a worker who read both grids, and two households of the first."""
    chief = village.tablet(GRID_A, GRID_B, role="administrator")
    wang = village.tablet(GRID_A, GRID_B)
    return chief, wang, village.household(chief, wang), village.household(chief, wang)


def merging(chief, one, into):
    """What hands in the merge of one household into the other."""
    base = {"*": chief[one].head}
    chief.put({**chief.operation("merge", "household", one, {}, into=into), "base": base})
    body = chief.request(operations=[*chief.outbox])
    return lambda: patiently(lambda: chief.post(body))


def referring(wang, household):
    """What hands in a new resident of the household who lies in the other grid."""
    wang.create("resident", grid=GRID_B, household=household, name="王芳")
    body = wang.request(operations=[*wang.outbox])
    return lambda: patiently(lambda: wang.post(body))


def told_in_b(village, record):
    """What the other grid's feed is told of a record."""
    with village.store.inner.read() as snapshot:
        entries = snapshot.entries(FEED_B, after=0, limit=9)
    return [(entry.state, entry.row) for entry in entries if entry.record == record]


def played(script, first, second):
    holding = script.actor(first).to("commit")
    waiting = script.actor(second).go()
    script.waits(waiting)
    holding.end()
    waiting.end()


def test_who_refers_to_a_record_while_it_is_merged_waits_and_is_told(village, script, people):
    chief, wang, one, into = people
    played(script, merging(chief, one, into), referring(wang, one))
    assert told_in_b(village, one) == [("alias", into.encode())]


def test_who_merges_a_record_while_somebody_refers_to_it_waits_and_tells(village, script, people):
    chief, wang, one, into = people
    played(script, referring(wang, one), merging(chief, one, into))
    assert told_in_b(village, one) == [("alias", into.encode())]


def test_a_merge_that_is_taken_back_while_somebody_refers_leaves_no_alias(village, script, people):
    chief, wang, one, into = people
    merging(chief, one, into)()
    with village.store.inner.read() as snapshot:
        head = snapshot.records([one])[one].head
    chief.outbox.clear()
    restore = chief.operation("restore", "household", one, {})
    chief.put({**restore, "base": {"*": head}})
    body = chief.request(operations=[*chief.outbox])
    played(script, referring(wang, one), lambda: patiently(lambda: chief.post(body)))
    assert village.row(one).into is None
    assert [state for state, _ in told_in_b(village, one)] == ["parted"]
