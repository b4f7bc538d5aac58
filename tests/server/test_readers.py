"""Who keeps a record now is told, in the same transaction, what came after the handover."""

from __future__ import annotations

from typing import Any

import pytest

from server.readers import left
from sync.record import Record
from sync.scope import SYSTEM
from sync.work import Work
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


def test_what_waited_for_its_base_is_late_when_it_goes(office: Office) -> None:
    home = made(office, "household", grid=GRID, householder="张三")
    old, new = Tablet.enrolled(office), Tablet.enrolled(office, HERE, name="李勇", lang="en")
    grant = office.grant(old.user, HERE)
    old.send()
    office.clock.pass_ms(A_MINUTE_MS)
    office.served.door.edit(SYSTEM, grant, {"until": office.clock.now_ms})
    office.clock.pass_ms(A_MINUTE_MS)
    first = new.op("edit", home, {"phone": "13900000001"})
    second = old.op("edit", home, {"phone": "13900000002"})
    second["base"] = dict.fromkeys(second["base"], first["stamp"])
    assert old.send(second)[0]["outcome"] == "held"
    office.clock.pass_ms(A_MINUTE_MS)
    new.send(first)
    with office.served.store.read() as snapshot:
        stored = snapshot.operations([second["stamp"]])[second["stamp"]]
    assert (stored.outcome, stored.late) == ("applied", True)
    assert len(late_notices(new)) == 1


def test_who_still_works_there_and_who_never_did_is_told_apart(office: Office) -> None:
    home = made(office, "household", grid=GRID, householder="张三")
    user, now_ms = office.user(name="李勇"), office.clock.now_ms
    with office.served.store.write() as tx:
        work = Work(tx, office.served.catalogue)
        assert left(work, user, home, now_ms=now_ms) == 0
    grant = office.grant(user, HERE)
    office.clock.pass_ms(A_MINUTE_MS)
    for until, told in ((None, None), (office.clock.now_ms, office.clock.now_ms)):
        office.served.door.edit(SYSTEM, grant, {"until": until})
        with office.served.store.write() as tx:
            work = Work(tx, office.served.catalogue)
            assert left(work, user, home, now_ms=office.clock.now_ms) == told
            own = work.record(user)
            assert own is not None and left(work, user, own, now_ms=now_ms) is None
