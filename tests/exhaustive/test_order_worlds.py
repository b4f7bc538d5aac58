"""Every small world about a work order, from every state of its table."""

from __future__ import annotations

from functools import partial

import pytest

from tests.exhaustive.order_worlds import CREWS, DAYS, STATES, Desk, every_choice
from tests.exhaustive.small_worlds import interleavings


@pytest.mark.parametrize("crew", CREWS)
def test_every_step_against_every_other_ends_as_the_contract_has_it(crew):
    lived = 0
    for begins in STATES:
        for days in DAYS[len(crew)]:
            desk = Desk(begins, crew)
            for order in interleavings(days):
                for choices, wrong in every_choice(partial(desk.live, days, order)):
                    assert not wrong, (begins, days, order, choices, wrong)
                    lived += 1
    assert lived > 3_000
