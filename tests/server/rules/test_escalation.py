"""Reminders and supervision, once each, in time."""

import pytest

from server.rules.escalation import STEPS, moment_ms, steps_due
from server.rules.roles import ROLES
from server.rules.workflow import RETURN_CAPS, WORK_ORDER


@pytest.mark.parametrize("order_class", sorted(RETURN_CAPS))
def test_steps_ascend_and_name_known_roles_and_transitions(order_class):
    steps = STEPS[order_class]
    moments = [moment_ms(step, started_ms=1000, due_ms=101_000) for step in steps]
    assert moments == sorted(set(moments))
    names = {transition.name for transition in WORK_ORDER.transitions}
    for step in steps:
        assert set(step.tells) <= set(ROLES)
        assert step.transition is None or step.transition in names
        assert step.label_zh
        assert step.label_en


def names_due(now_ms, taken=()):
    steps = steps_due("ordinary", started_ms=0, due_ms=1000, now_ms=now_ms, taken=taken)
    return [step.name for step in steps]


def test_a_ticker_that_was_down_takes_each_missed_step_once():
    assert names_due(700) == []
    assert names_due(2000) == ["remind", "supervise", "report"]
    assert names_due(2000, taken=["remind", "supervise"]) == ["report"]
