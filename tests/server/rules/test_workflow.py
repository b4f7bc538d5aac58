"""The table of the workflow: whole, reachable, labelled, unambiguous."""

from collections import Counter
from itertools import pairwise

import pytest

from server.rules import workflow
from server.rules.roles import ROLES
from server.rules.workflow import WORK_ORDER

FIELDS_OF_A_WORK_ORDER = """
grid household source kind class area business title description place point reported_by
reported_at contact status lead_unit assist_units accepted_by result solved satisfied
returns dispatched_at due_at log
"""


def step(source, target):
    transition = WORK_ORDER.between(source, target)
    assert transition is not None
    return transition


def reached_from(start):
    seen = {start}
    frontier = [start]
    while frontier:
        for transition in WORK_ORDER.leaving(frontier.pop()):
            if transition.target not in seen:
                seen.add(transition.target)
                frontier.append(transition.target)
    return seen


def test_every_state_is_reachable_from_the_initial_one():
    assert reached_from(WORK_ORDER.initial) == set(WORK_ORDER.states)


def test_every_state_but_the_terminal_ones_leads_to_closed():
    lost = {state for state in WORK_ORDER.states if "closed" not in reached_from(state)}
    assert lost == WORK_ORDER.terminal - {"closed"}


def test_only_terminal_states_are_dead_ends_and_closed_can_still_be_reopened():
    dead = {state for state in WORK_ORDER.states if not WORK_ORDER.leaving(state)}
    assert dead == {"merged", "rejected"}
    assert [t.name for t in WORK_ORDER.leaving("closed")] == ["reopen"]


def test_transitions_name_known_states_roles_and_fields():
    for transition in WORK_ORDER.transitions:
        assert {transition.source, transition.target} <= set(WORK_ORDER.states)
        assert transition.who
        assert set(transition.who) <= set(ROLES)
        assert set(transition.requires) <= set(FIELDS_OF_A_WORK_ORDER.split())
        assert WORK_ORDER.field not in transition.requires


def test_a_pair_of_states_has_at_most_one_transition():
    pairs = Counter((t.source, t.target) for t in WORK_ORDER.transitions)
    assert max(pairs.values()) == 1


def test_a_name_means_one_target_and_one_label():
    meanings = {(t.name, t.target, t.label_zh, t.label_en) for t in WORK_ORDER.transitions}
    assert len(meanings) == len({t.name for t in WORK_ORDER.transitions})


def test_states_and_transitions_have_labels_in_both_languages():
    labels = [*WORK_ORDER.states.values()]
    labels += [(t.label_zh, t.label_en) for t in WORK_ORDER.transitions]
    for zh, en in labels:
        assert zh
        assert not zh.isascii()
        assert en
        assert en.isascii()
    assert len({zh for zh, _ in WORK_ORDER.states.values()}) == len(WORK_ORDER.states)


def test_the_main_chain_is_legal_by_assignment_and_by_claim():
    for chain in (
        workflow.MAIN_CHAIN,
        tuple("open" if state == "assigned" else state for state in workflow.MAIN_CHAIN),
    ):
        for source, target in pairwise(chain):
            step(source, target)


def test_every_role_but_the_quality_engineer_may_do_something():
    acting = {role for transition in WORK_ORDER.transitions for role in transition.who}
    assert acting == set(ROLES) - {"qa"}


def test_a_grid_worker_accepts_handles_and_follows_up_but_does_not_dispatch():
    names = {t.name for t in WORK_ORDER.transitions if "grid_worker" in t.who}
    assert {"claim", "accept", "start", "handle", "settle", "return", "follow_up"} <= names
    assert not names & {"verify", "classify", "publish", "assign", "check", "close", "adjudicate"}


def test_only_people_adjudicate_and_extend():
    for transition in WORK_ORDER.transitions:
        if transition.name in {"adjudicate", "extend"}:
            assert "system" not in transition.who
            assert "log" in transition.requires


def test_caps_cover_every_class_and_stop_the_third_return():
    classes = {"ordinary", "quick", "hard", "emergency"}
    assert set(workflow.RETURN_CAPS) == set(workflow.EXTENSION_CAPS) == classes
    assert [workflow.may_return("quick", n) for n in range(4)] == [True, True, False, False]
    assert [workflow.may_extend("hard", n) for n in range(2)] == [True, False]
    assert not workflow.may_extend("quick", 0)


def test_an_old_log_entry_is_no_reason_for_a_new_return():
    back = step("assigned", "returned")
    held = {"log": [["stamp", 1, "actor", "收到"]], "returns": 1}
    assert workflow.missing(back, written={"status"}, held=held) == ("returns", "log")
    assert workflow.missing(back, written={"status", "log", "returns"}, held=held) == ()


@pytest.mark.parametrize("empty", [None, "", []])
def test_an_empty_field_is_a_missing_one(empty):
    done = step("handling", "handled")
    assert workflow.missing(done, written=set(), held={"result": empty}) == ("result",)
    assert workflow.missing(done, written=set(), held={"result": "已修好"}) == ()


def test_a_second_accept_is_not_in_the_table():
    assert WORK_ORDER.between("accepted", "accepted") is None


def test_leaving_can_be_asked_for_one_role():
    names = [t.name for t in WORK_ORDER.leaving("open", role="handler")]
    assert names == ["claim"]
