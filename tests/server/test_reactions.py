"""What the server changes itself when a record changes."""

from __future__ import annotations

from sync.scope import SYSTEM

ONE, OTHER = "00000000-0000-0000-0000-0000000000a1", "00000000-0000-0000-0000-0000000000a2"


def test_a_household_that_moves_takes_its_people_and_their_restricted_facts_along(any_office):
    door, store = any_office.served.door, any_office.served.store
    ids = [any_office.served.new_id() for _ in range(4)]
    house, person, away, facts = ids
    door.create(SYSTEM, "household", {"grid": ONE}, record=house)
    for one, at in ((person, house), (away, None)):
        door.create(SYSTEM, "resident", {"grid": ONE, "household": at, "name": "张三"}, record=one)
    door.create(SYSTEM, "resident_restricted", {"grid": ONE, "resident": person}, record=facts)
    moved = door.edit(SYSTEM, house, {"grid": OTHER})
    with store.read() as snapshot:
        found = snapshot.records(ids)
        assert [found[one].get("grid") for one in ids] == [OTHER, OTHER, ONE, OTHER]
        cause = snapshot.operations([found[person].head])[found[person].head].cause
        states = snapshot.feeds([f"grid:{ONE}", f"restricted:{OTHER}"])
    assert cause == moved.stamp
    assert [states[feed].count for feed in (f"grid:{ONE}", f"restricted:{OTHER}")] == [1, 1]
