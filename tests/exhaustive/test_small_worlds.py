"""Every small world: two tablets with up to two operations, three with one, on every policy."""

from __future__ import annotations

import pytest

from tests.exhaustive.small_worlds import POLICIES, County, cases


@pytest.mark.parametrize("tablets", [2, 3])
@pytest.mark.parametrize("policy", POLICIES)
def test_every_order_of_every_small_world_ends_as_the_contract_has_it(policy, tablets):
    county = County(policy)
    for number, (days, order, choices) in enumerate(cases(tablets)):
        if number % 200 == 0:
            county = County(policy)  # so that no feed grows long
        wrong = county.live(days, order, choices)
        assert wrong == [], (days, order, choices)
    assert number > (2_000 if tablets == 2 else 500)
