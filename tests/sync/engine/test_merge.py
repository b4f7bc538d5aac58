"""Deciding one field: every policy's verdict as a table, checked against the contract's words."""

from __future__ import annotations

import pytest

from sync.catalogue import Field
from sync.merge import Decision, NoPast, Step, decide
from sync.policies import POLICIES

SEEN, NOW, MINE = "s0", "s1", "s2"
"""The version that the author had seen, the present one, and the operation's own."""


class Past(NoPast):
    """A past in which ``SEEN`` wrote a value, and ``NOW`` added tags at a time."""

    def __init__(self, value=None, *, at=5, added=(), known=True):
        self.seen, self.at, self.added, self.known = value, at, added, known

    def value(self, stamp, name):
        return (self.known, self.seen) if stamp == SEEN else (False, None)

    def corrected(self, stamp):
        return self.at

    def unseen_adds(self, base, name):
        return frozenset(self.added) if self.known else None


KIND = {"set": "tags", "sum": "integer", "highest": "integer", "lowest": "date", "once": "text",
        "text": "longtext", "ask": "text", "latest": "text"}  # fmt: skip


def verdict(policy, current, value, *, base=SEEN, corrected=9, past=None):
    field = Field("f", KIND[policy], policy) if policy is not None else None
    step = Step(field, current, NOW, value, base, MINE, corrected, past or Past(), "f")
    return decide(step)


OWN, WAIT, SAME, KEPT = "own", "wait", "same", "kept"
STALE = [
    # policy, present, the operation's value, verdict, result
    ("ask", "a", "b", WAIT, None),
    ("ask", None, "b", WAIT, None),
    ("ask", "a", None, WAIT, None),
    ("ask", "b", "b", SAME, None),
    ("ask", None, None, SAME, None),
    ("latest", "a", "b", OWN, "b"),
    ("latest", "b", "b", SAME, None),
    ("latest", "a", None, OWN, None),
    ("once", None, "b", OWN, "b"),
    ("once", "a", "b", WAIT, None),
    ("once", "a", None, WAIT, None),
    ("once", "b", "b", SAME, None),
    ("sum", 4, {"add": 3}, OWN, 7),
    ("sum", None, {"add": -3}, OWN, -3),
    ("sum", 4, {"add": 0}, SAME, None),
    ("highest", 4, 5, OWN, 5),
    ("highest", 4, 4, SAME, None),
    ("highest", 4, 3, KEPT, None),
    ("highest", None, -3, OWN, -3),
    ("highest", 4, None, SAME, None),
    ("lowest", "2026-02-01", "2026-01-31", OWN, "2026-01-31"),
    ("lowest", "2026-02-01", "2026-02-01", SAME, None),
    ("lowest", "2026-02-01", "2026-03-01", KEPT, None),
    ("lowest", None, "2026-03-01", OWN, "2026-03-01"),
    ("lowest", "2026-02-01", None, SAME, None),
    ("set", ["a"], {"add": ["b"]}, "mixed", ["a", "b"]),
    ("set", ["a"], {"add": ["a"]}, "mixed", ["a"]),
    ("set", ["a"], {"remove": ["a"]}, "mixed", []),
    ("set", ["a"], {"remove": ["b"]}, SAME, None),
    ("set", None, {"add": ["b", "a"]}, "mixed", ["a", "b"]),
    ("set", None, {"remove": ["b"]}, SAME, None),
    ("set", ["a"], {"add": ["a"], "remove": ["a"]}, "mixed", ["a"]),
    ("text", "一\n二\n", "零\n一\n", "mixed", "零\n一\n二\n"),
    ("text", "一\n", "二\n", OWN, "二\n"),
    ("text", "二\n", "二\n", SAME, None),
    ("text", "一\n二\n", "一\n", SAME, None),
    ("text", "三\n", "二\n", WAIT, None),
    (None, "a", {"any": 1}, OWN, {"any": 1}),
    (None, "a", "a", SAME, None),
]


@pytest.mark.parametrize(("policy", "current", "value", "said", "result"), STALE)
def test_what_becomes_of_a_value_whose_author_had_not_seen_the_present_one(
    policy, current, value, said, result
):
    decision = verdict(policy, current, value, past=Past("一\n"))
    assert (decision.verdict, decision.value) == (said, result)


@pytest.mark.parametrize("policy", [one for one in KIND if one != "once"])
def test_whoever_saw_the_present_value_is_never_in_conflict(policy):
    for _, current, value, _, _ in (row for row in STALE if row[0] == policy):
        decision = verdict(policy, current, value, base=NOW, past=NoPast())
        assert decision.verdict in (OWN, SAME, KEPT)


def test_a_first_fact_stays_even_for_who_saw_it():
    assert verdict("once", "a", "b", base=NOW) == Decision("wait", code="already_set")


@pytest.mark.parametrize(("corrected", "stands"), [(4, KEPT), (6, OWN)])
def test_of_two_values_the_later_by_corrected_time_stands(corrected, stands):
    assert verdict("latest", "a", "b", corrected=corrected, past=Past(at=5)).verdict == stands


@pytest.mark.parametrize(("version", "stands"), [("s1", OWN), ("s3", KEPT)])
def test_of_two_values_of_one_moment_the_greater_stamp_stands(version, stands):
    field = Field("f", "text", "latest")
    step = Step(field, "a", version, "b", SEEN, MINE, 5, Past(at=5), "f")
    assert decide(step).verdict == stands


def test_a_remove_takes_out_only_what_had_been_seen():
    change = {"remove": ["a", "b"], "add": ["c"]}
    assert verdict("set", ["a", "b"], change, past=Past(added=["b"])).value == ["b", "c"]
    for past, base in ((Past(known=False), SEEN), (Past(), None), (NoPast(), SEEN)):
        assert verdict("set", ["a", "b"], change, past=past, base=base).value == ["a", "b", "c"]
    assert verdict("set", ["a", "b"], change, base=NOW).value == ["c"]


@pytest.mark.parametrize(
    ("past", "base"), [(Past(known=False), SEEN), (NoPast(), SEEN), (Past("一\n"), None)]
)
def test_texts_without_a_common_past_wait_for_a_person(past, base):
    assert verdict("text", "一\n二\n", "零\n一\n", past=past, base=base).verdict == WAIT


def test_a_text_that_was_empty_is_merged_like_any_other():
    assert verdict("text", None, "二", past=Past(None)).verdict == OWN
    assert verdict("text", "一", None, past=Past(None)).verdict == SAME
    assert verdict("text", "一", None, past=Past("一")).value in (None, "")


def test_a_merged_text_that_is_too_long_waits():
    line = "字" * 60_000
    long = verdict("text", f"一\n{line}", f"{line}\n一\n", past=Past("一\n"))
    assert long.verdict == WAIT


def test_a_past_that_knows_nothing_says_so():
    past = NoPast()
    assert past.value("s", "f") == (False, None) and past.corrected("s") == 0
    assert past.unseen_adds("s", "f") is None


def test_every_policy_is_in_the_table_but_those_that_need_more_than_a_field():
    assert {row[0] for row in STALE} - {None} == POLICIES.keys() - {"append", "workflow"}
