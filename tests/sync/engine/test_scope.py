"""Scope, feeds and cursors: who reads what, from where, and whose good faith is honoured."""

from __future__ import annotations

import itertools

import pytest

from sync.feeds import Cursor, Grant, person
from sync.scope import GRACE_MS, SYSTEM, Reader, Scope

NOW = 100 * 86_400_000
FEED, OTHER = "grid:1", "grid:2"


def scope(*grants, checkpoint=None, **more):
    reader = Reader("k7m2p9q4", "u", "grid_worker", grants=grants, **more)
    return Scope.of(reader, checkpoint=checkpoint or {}, now_ms=NOW)


def cursor(generation="g1", feed=FEED):
    return Cursor(feed, "e", generation, 3).text()


# Who reads what ------------------------------------------------------------------------------


def test_everybody_reads_what_is_shared_and_what_is_theirs():
    assert scope().reads == {"shared", person("u")}


@pytest.mark.parametrize(
    ("since", "until", "reads"),
    [
        (0, None, True),
        (NOW, None, True),
        (NOW + 1, None, False),
        (0, NOW + 1, True),
        (0, NOW, False),
        (0, 1, False),
        (NOW + 1, NOW + 2, False),
    ],
)
def test_a_grant_holds_from_its_beginning_to_its_end(since, until, reads):
    assert (FEED in (scope(Grant(FEED, "g1", since, until)).reads or ())) is reads


def test_a_grant_that_has_not_begun_takes_no_work_in_either():
    later = scope(Grant(FEED, "g1", NOW + 1, NOW + 2), checkpoint={FEED: cursor()})
    assert later.judge([FEED]) == "out"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_of_two_grants_of_one_feed_the_oldest_counts_in_whatever_order_they_are_told(order):
    grants = [Grant(FEED, "g3", 5), Grant(FEED, "g2", 9), Grant(FEED, "g1", 0, 5)]
    assert scope(*(grants[place] for place in order)).generations[FEED] == "g3"


# Whose good faith ----------------------------------------------------------------------------

ENDED = Grant(FEED, "g1", 0, NOW - 1)


@pytest.mark.parametrize(
    ("grant", "sent", "standing"),
    [
        (ENDED, cursor(), "grace"),
        (ENDED, None, "review"),
        (ENDED, cursor("g0"), "review"),
        (ENDED, Cursor(OTHER, "e", "g1", 3).text(), "review"),
        (Grant(FEED, "g1", 0, NOW - GRACE_MS), cursor(), "grace"),
        (Grant(FEED, "g1", 0, NOW - GRACE_MS - 1), cursor(), "review"),
        (Grant(OTHER, "g1", 0, NOW - 1), cursor(), "out"),
        (Grant(FEED, "g1", 0), cursor(), "active"),
    ],
)
def test_work_for_an_ended_grant_is_taken_from_who_had_not_been_told(grant, sent, standing):
    assert scope(grant, checkpoint={FEED: sent}).judge([FEED]) == standing


def test_the_best_of_a_records_feeds_decides():
    held = scope(Grant(OTHER, "g1", 0), ENDED, checkpoint={FEED: cursor()})
    assert held.judge([FEED, OTHER]) == "active" and held.judge(["unit:9", FEED]) == "grace"
    assert held.judge([]) == held.judge(["unit:9"]) == "out"
    assert held.readable([FEED, OTHER, "unit:9"]) == [OTHER]


def test_the_server_and_the_office_read_everything():
    office = Scope(user="a", role="administrator", reads=None)
    assert office.judge([]) == SYSTEM.judge(["x"]) == "active"
    assert office.readable([FEED]) == [FEED]
    assert SYSTEM.is_system and not office.is_system


@pytest.mark.parametrize("why", ["suspended", "hand_in_only"])
def test_who_is_suspended_or_may_only_hand_in_is_looked_at_first(why):
    assert scope(**{why: True}).suspended and not scope().suspended


# Cursors -------------------------------------------------------------------------------------


def test_a_cursor_reads_as_itself():
    one = Cursor(FEED, "e1", "g2", 26)
    assert Cursor.read(one.text(), feed=FEED) == one


@pytest.mark.parametrize("seq", ["1A", "+1a", "0x1a", "1_a", " 1a", "01a", "-1", "", "zz", "٣",
                                 "4" + "0" * 15])  # fmt: skip
def test_a_cursor_has_one_way_to_be_written(seq):
    end = Cursor(FEED, "e1", "g2", 26).text().rsplit(".", 1)[1]
    assert Cursor.read(f"e1.g2.{seq}.{end}", feed=FEED) is None


@pytest.mark.parametrize("text", [None, 7, "", "a.b", "e1.g2.1a.00000000", "e1." * 100])
def test_what_is_no_cursor(text):
    assert Cursor.read(text, feed=FEED) is None
