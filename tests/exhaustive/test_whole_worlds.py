"""Every small world about whole records: deleted and edited, restored, recorded twice."""

from __future__ import annotations

from itertools import product

import pytest

from tests.exhaustive.small_worlds import interleavings
from tests.exhaustive.whole_worlds import STREETS, Office, live_a_life, live_on_a_street

LIVES = {
    2: [*product(("ms", "mms", "msms"), repeat=2)],
    3: [("ms", "ms", "ms")],
}
VISITS = {2: [*product(("ms", "mms"), repeat=2)], 3: [("ms", "ms", "ms")]}


def cases(days_of_all, options):
    """(days, order, choices): every small world of these days."""
    for days in days_of_all:
        made = sum(day.count("m") for day in days)
        for order in interleavings(days):
            for choices in product(range(options), repeat=made):
                yield days, order, choices


@pytest.mark.parametrize(("tablets", "options"), [(2, 2), (3, 3)])
@pytest.mark.parametrize("begins", ["live", "deleted"])
def test_a_record_that_is_deleted_and_edited_lives_as_the_contract_has_it(begins, tablets, options):
    for number, (days, order, choices) in enumerate(cases(LIVES[tablets], options)):
        if number % 200 == 0:
            office = Office()
        wrong = live_a_life(office, begins, days, order, choices)
        assert wrong == [], (days, order, choices)
    assert number > 2_000


@pytest.mark.parametrize("tablets", [2, 3])
@pytest.mark.parametrize("street", STREETS)
def test_a_door_recorded_by_several_is_put_before_whom_the_contract_has_it(street, tablets):
    for number, (days, order, choices) in enumerate(cases(VISITS[tablets], 3)):
        if number % 200 == 0:
            office = Office(STREETS[street])
        wrong = live_on_a_street(office, days, order, choices)
        assert wrong == [], (days, order, choices)
    assert number > 2_000
