"""What a notice carries home: it lies in its reader's own feed, and stays on their tablet."""

from __future__ import annotations

import json
from typing import Any

from sync.record import Record
from sync.scope import SYSTEM
from tests.server.office import Office
from tests.server.security.tablet import GRID, Tablet, made

HERE, RESTRICTED = f"grid:{GRID}", f"restricted:{GRID}"
MINE, YOURS, THIRD = "99222219900307439X", "992222199003074398", "992222199003074371"


def settled(
    office: Office, one: Tablet, other: Tablet, record: Record, field: str, *values: Any
) -> None:
    """Both write a field, and somebody chooses a third value."""
    mine, yours, third = values
    late = other.op("edit", record, {field: yours})
    assert one.send(one.op("edit", record, {field: mine}))[0]["outcome"] == "applied"
    conflict = other.send(late)[0]["conflict"]
    assert office.served.door.resolve(SYSTEM, conflict, {field: third}).problem is None


def notices(tablet: Tablet) -> list[list[Any]]:
    tablet.send()
    return [row for row in tablet.rows.values() if "settled" in row or "replaced" in row]


def test_who_reads_a_record_is_told_the_values(office: Office) -> None:
    home = made(office, "household", grid=GRID, householder="张三")
    one, other = Tablet.enrolled(office, HERE), Tablet.enrolled(office, HERE, name="李勇")
    settled(office, one, other, home, "householder", "李四", "王五", "赵六")
    for tablet in (one, other):
        (notice,) = notices(tablet)
        assert json.dumps({"householder": "赵六"}, ensure_ascii=False) in notice


def test_restricted_facts_are_in_no_notice(office: Office) -> None:
    facts = made(
        office, "resident_restricted", resident=office.served.new_id(), grid=GRID, citizen_id="1"
    )
    one, other = Tablet.enrolled(office, RESTRICTED), Tablet.enrolled(office, RESTRICTED, name="李")
    settled(office, one, other, facts, "citizen_id", MINE, YOURS, THIRD)
    for tablet in (one, other):
        (notice,) = notices(tablet)
        assert not any(number in str(notice) for number in (MINE, YOURS, THIRD))


def test_who_reads_a_record_no_more_is_told_that_it_changed_and_not_to_what(
    office: Office,
) -> None:
    home = made(office, "household", grid=GRID, householder="张三")
    one, other = Tablet.enrolled(office), Tablet.enrolled(office, HERE, name="李勇")
    grant = office.grant(one.user, HERE)
    late = other.op("edit", home, {"householder": "王五"})
    one.send(one.op("edit", home, {"householder": "李四"}))
    office.served.door.edit(SYSTEM, grant, {"until": office.clock.now_ms})
    office.clock.pass_ms(60_000)
    conflict = other.send(late)[0]["conflict"]
    office.served.door.resolve(SYSTEM, conflict, {"householder": "赵六"})
    (notice,) = notices(one)
    assert "赵六" not in str(notice) and home.id in notice
