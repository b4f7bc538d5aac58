"""An assignment that is given to somebody else, or deleted, while its worker is offline.

It must be as if it had been ended by its date: what waits on the tablet counts, what was made
afterwards is told to who works there now, and what comes much too late is looked at first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from server.devices import ENDED_GRANTS_MS
from sync.record import Record
from sync.scope import SYSTEM
from tests.server.office import Office
from tests.server.security.tablet import GRID, Tablet, made, seen
from tests.server.security.test_scope import refreshed

HERE = f"grid:{GRID}"
MINUTE_MS, DAY_MS = 60_000, 86_400_000


def by_its_date(office: Office, grant: str, _other: str) -> None:
    office.served.door.edit(SYSTEM, grant, {"until": office.clock.now_ms})


def deleted(office: Office, grant: str, _other: str) -> None:
    office.served.door.delete(SYSTEM, grant)


def decide(office: Office, grant: str, **fields: Any) -> None:
    """Who has a grant, and since when, is written once: another value is a person's decision."""
    ack = office.served.door.edit(SYSTEM, grant, fields)
    assert ack.outcome == "conflict" and ack.conflict is not None
    assert office.served.door.resolve(SYSTEM, ack.conflict, fields).outcome == "applied"


def given_to_another(office: Office, grant: str, other: str) -> None:
    decide(office, grant, user=other)


def of_another_grid(office: Office, grant: str, _other: str) -> None:
    decide(office, grant, feed="grid:00000000-0000-7000-8000-0000000000c3")


def put_off(office: Office, grant: str, _other: str) -> None:
    decide(office, grant, since=office.clock.now_ms + 400 * DAY_MS)


def merged(office: Office, grant: str, other: str) -> None:
    office.served.door.merge(SYSTEM, grant, office.grant(other, HERE))


def edited_and_deleted(office: Office, grant: str, _other: str) -> None:
    seen_head = seen(office, grant).head
    office.served.door.edit(SYSTEM, grant, {"reason": "急"})
    ack = office.served.door.delete(SYSTEM, grant, seen_head=seen_head)
    assert ack.conflict is not None
    office.served.door.resolve(SYSTEM, ack.conflict, {"*": "deleted"})


WAYS = (by_its_date, deleted, given_to_another, of_another_grid, put_off, merged,
        edited_and_deleted)  # fmt: skip
Way = Callable[[Office, str, str], None]


class Handover:
    """A worker with a home in their grid, who is offline when the office takes the grid away."""

    def __init__(self, office: Office, way: Way) -> None:
        self.office = office
        self.home: Record = made(office, "household", grid=GRID, householder="张三")
        self.old, self.new = Tablet.enrolled(office), Tablet.enrolled(office, HERE, name="李勇")
        self.grant = office.grant(self.old.user, HERE)
        self.old.send()
        office.clock.pass_ms(MINUTE_MS)
        self.before = self.old.op("edit", self.home, {"phone": "13900000000"})
        office.clock.pass_ms(MINUTE_MS)
        way(office, self.grant, self.new.user)
        office.clock.pass_ms(MINUTE_MS)
        self.after = self.old.op("edit", self.home, {"householder": "李四"})

    def hand_in(self) -> list[tuple[str, str | None]]:
        """Outcome and code of what was made before and after."""
        acks = self.old.send(self.before, self.after)
        return [(ack["outcome"], (ack.get("problem") or {}).get("code")) for ack in acks]


@pytest.mark.parametrize("way", WAYS)
def test_what_waits_on_the_tablet_counts_and_who_works_there_is_told_of_what_is_late(
    office: Office, way: Way
) -> None:
    told = Handover(office, way)
    assert told.hand_in() == [("applied", None)] * 2
    assert HERE in told.old.hello["evicted"] and HERE not in told.old.hello["feeds"]
    stamps = [told.before["stamp"], told.after["stamp"]]
    with office.served.store.read() as snapshot:
        late = [snapshot.operations([one])[one].late for one in stamps]
    assert late == [False, True]
    told.new.send()
    (notice,) = [row for row in told.new.rows.values() if "late" in row]
    assert told.after["stamp"] in notice


@pytest.mark.parametrize("way", [deleted, given_to_another, put_off])
def test_what_comes_after_a_month_is_held_and_its_author_hears_when_it_goes(
    office: Office, way: Way
) -> None:
    told = Handover(office, way)
    office.clock.pass_ms(31 * DAY_MS)
    refreshed(told.old)
    assert told.hand_in() == [("held", "review")] * 2
    assert office.served.door.release(told.before["stamp"]).outcome == "applied"
    told.old.send()
    assert [row for row in told.old.rows.values() if told.before["stamp"] in row]


def test_who_never_had_a_grid_still_changes_nothing_there(office: Office) -> None:
    told = Handover(office, deleted)
    stranger = Tablet.enrolled(office)
    stranger.cursors = dict(told.old.cursors)
    (ack,) = stranger.send(stranger.op("edit", told.home, {"householder": "贼"}))
    assert (ack["outcome"], ack["problem"]["code"]) == ("rejected", "out_of_scope")


def test_a_deletion_that_is_undone_gives_the_grid_back_with_the_tablets_place_in_it(
    office: Office,
) -> None:
    told = Handover(office, deleted)
    office.served.door.restore(SYSTEM, told.grant)
    assert told.hand_in() == [("applied", None)] * 2
    assert HERE in told.old.hello["feeds"] and HERE not in told.old.hello["reset"]
    office.served.door.delete(SYSTEM, told.grant)  # It ends a second time.
    assert told.old.send(told.old.op("edit", seen(office, told.home.id), {"phone": "1"}))[0][
        "outcome"
    ] == "applied"  # fmt: skip


def ends_of(office: Office, user: str) -> list[int | None]:
    with office.served.store.read() as snapshot:
        found = snapshot.records(snapshot.referring("assignment", "user", user)).values()
    return sorted((one.get("until") for one in found if not one.deleted), key=lambda end: end or 0)


def test_an_assignment_that_had_ended_keeps_its_end(office: Office) -> None:
    told = Handover(office, by_its_date)
    ends = ends_of(office, told.old.user)
    office.clock.pass_ms(DAY_MS)
    office.served.door.delete(SYSTEM, told.grant)
    assert ends_of(office, told.old.user) == ends
    refreshed(told.old)
    assert told.hand_in() == [("applied", None)] * 2


def test_one_that_ended_long_ago_or_never_began_leaves_nothing(office: Office) -> None:
    told = Handover(office, by_its_date)
    office.clock.pass_ms(ENDED_GRANTS_MS + DAY_MS)
    office.served.door.delete(SYSTEM, told.grant)
    assert ends_of(office, told.old.user) == []
    fields = {"user": told.old.user, "feed": HERE, "since": office.clock.now_ms + DAY_MS}
    later = made(office, "assignment", **fields)
    office.served.door.delete(SYSTEM, later.id)
    assert ends_of(office, told.old.user) == []


def test_merging_an_assignment_that_was_deleted_long_ago_gives_no_new_month(
    office: Office,
) -> None:
    told = Handover(office, deleted)
    ends = ends_of(office, told.old.user)
    office.clock.pass_ms(60 * DAY_MS)
    other = office.grant(office.user("甲"), HERE)
    office.served.door.merge(SYSTEM, told.grant, other)
    assert ends_of(office, told.old.user) == ends
