"""Who keeps a record now is told, in the same transaction, what came after the handover."""

from __future__ import annotations

from typing import Any

import pytest

from sync.record import Record
from sync.scope import SYSTEM
from tests.server.office import Office
from tests.server.security.tablet import GRID, Tablet, made

HERE, RESTRICTED = f"grid:{GRID}", f"restricted:{GRID}"
A_MINUTE_MS = 60_000


def late_edit(office: Office, tablet: Tablet, feed: str, record: Record, **fields: Any) -> str:
    """The grant ends, and the tablet hands in what it did afterwards; its stamp."""
    grant = office.grant(tablet.user, feed)
    tablet.send()
    office.clock.pass_ms(A_MINUTE_MS)
    office.served.door.edit(SYSTEM, grant, {"until": office.clock.now_ms})
    office.clock.pass_ms(A_MINUTE_MS)
    op = tablet.op("edit", record, fields)
    assert tablet.send(op)[0]["outcome"] == "applied"
    return str(op["stamp"])


def late_notices(tablet: Tablet) -> list[list[Any]]:
    tablet.send()
    return [row for row in tablet.rows.values() if "late" in row]


def test_the_new_worker_reads_who_changed_what_and_the_old_one_nothing(office: Office) -> None:
    home = made(office, "household", grid=GRID, householder="张三")
    old, new = Tablet.enrolled(office), Tablet.enrolled(office, HERE, name="李勇", lang="en")
    stamp = late_edit(office, old, HERE, home, householder="李四")
    (notice,) = late_notices(new)
    text = "王芳 still changed Householder after the handover"
    assert any(str(one).startswith(text) for one in notice)
    assert '{"householder": "张三"}' in notice and '{"householder": "李四"}' in notice
    assert late_notices(old) == []
    with office.served.store.read() as snapshot:
        made_by = snapshot.operations([snapshot.records([notice[0]])[notice[0]].head])
    assert [one.cause for one in made_by.values()] == [stamp]


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ({"role": "grid_chief"}, True),
        ({"role": "handler"}, False),
        ({"role": "grid_worker", "active": False}, False),
    ],
)
def test_only_who_keeps_the_files_is_told(office: Office, user: Any, told: bool) -> None:
    home = made(office, "household", grid=GRID, householder="张三")
    old, user_id = Tablet.enrolled(office), office.user(name="李勇", **user)
    office.grant(user_id, HERE)
    late_edit(office, old, HERE, home, householder="李四")
    with office.served.store.read() as snapshot:
        found = snapshot.referring("notice", "user", user_id)
    assert bool(found) is told


def test_of_restricted_facts_the_new_worker_is_told_no_value(office: Office) -> None:
    number = "99222219900307439X"
    facts = made(
        office, "resident_restricted", resident=office.served.new_id(), grid=GRID, citizen_id="1"
    )
    old, new = Tablet.enrolled(office), Tablet.enrolled(office, RESTRICTED, name="李勇")
    late_edit(office, old, RESTRICTED, facts, citizen_id=number)
    (notice,) = late_notices(new)
    assert number not in str(notice)
