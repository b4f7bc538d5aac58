"""A replica that differs, and a server that came back from a copy: both are made whole again."""

from __future__ import annotations

import shutil

import pytest

from tests.conformance.contract.conftest import Crew
from tests.conformance.contract.device import Device, of_kind
from tests.conformance.contract.office import Office
from tests.conformance.contract.replica import DifferenceError, crc


def buckets(device, feed):
    """What the device holds of a feed, in its 256 buckets."""
    told: dict[str, list[int]] = {}
    replica = device.replica
    for name in replica.members[feed] & replica.records.keys():
        one = told.setdefault(f"{crc(name) & 255:02x}", [0, 0])
        one[0] += 1
        one[1] = (one[1] + crc(name) * crc(replica.records[name].head)) % 2**48
    return told


def repair(device, feed):
    body = {"device": device.id, "feed": feed, "buckets": buckets(device, feed)}
    return device.wire.send("POST", "/sync/v1/repair", body, token=device.token).lines()


def test_of_a_replica_that_differs_only_what_differs_comes(new_crew):
    crew = new_crew
    records = [crew.household(room=str(number)) for number in range(8)]
    crew.meet()
    assert list(repair(crew.li, crew.feed)) == [
        {"done": {"digests": {crew.feed: crew.li.replica.digest(crew.feed)}}}
    ]
    lost, stale = records[0], records[1]
    crew.li.replica.records.pop(lost)
    crew.li[stale].head = "0" * len(crew.li[stale].head)
    with pytest.raises(DifferenceError):
        crew.li.sync()
    lines = repair(crew.li, crew.feed)
    pages, told = list(of_kind(lines, "page")), list(of_kind(lines, "bucket"))
    assert {page["cursor"] for page in pages} == {None}
    assert {one["id"] for one in told} == {f"{crc(name) & 255:02x}" for name in (lost, stale)}
    cursor = crew.li.replica.cursors[crew.feed]
    for page in pages:
        crew.li.replica.turn(page)
    crew.li.replica.cursors[crew.feed] = cursor
    assert lines[-1]["done"]["digests"] == {crew.feed: crew.li.replica.digest(crew.feed)}
    crew.agree(stale)


@pytest.mark.parametrize("limit", [None, 0, -1])
def test_who_asks_for_no_number_of_entries_is_not_sent_one_by_one(crew, limit):
    for number in range(4):
        crew.li.create("household", grid=crew.grid, room=f"L{number}")
    crew.li.sync()
    lines = crew.wang.post(crew.wang.request(checkpoint={}, limit=limit))
    assert lines[-1]["done"]["more"] is False


@pytest.mark.parametrize("status", [None, [], "full", {"battery": "half", "anything": {}}])
def test_what_a_tablet_says_of_itself_never_stops_its_work(crew, status):
    edit = crew.li.operation("create", "household", crew.li.user, {"grid": crew.grid})
    (ack,) = of_kind(crew.li.post(crew.li.request(operations=[edit], status=status)), "ack")
    assert ack["stamp"] == edit["stamp"]


def test_a_server_that_came_back_from_a_copy_gets_back_what_its_tablets_know(tmp_path):
    office, copy = Office(tmp_path), tmp_path / "copy"
    copy.mkdir()
    try:
        office.open()
        admin = Device(office.wire, office.code_for(office.add_user("Chief", "administrator")))
        admin.sync()
        crew = Crew(office, admin)
        record = crew.household(phone="1")
        office.kill()
        for file in tmp_path.glob("yuanba.db*"):
            shutil.copy(file, copy)
        office.open()
        known = crew.li.operation("edit", "household", record, {"phone": "2"})
        assert crew.li.hand_in(known)[0]["outcome"] == "applied"
        made = crew.li.operation("create", "household", record[:-4] + "beef", {"grid": crew.grid})
        assert crew.li.hand_in(made)[0]["outcome"] == "applied"
        office.kill()
        for file in tmp_path.glob("yuanba.db*"):
            file.unlink()
        for file in copy.iterdir():
            shutil.copy(file, tmp_path)
        office.open()
        before = crew.li.replica.hello["epoch"]
        lines = crew.li.post(crew.li.request())
        hello = lines[0]["hello"]
        assert hello["epoch"] != before and crew.feed in hello["reset"]
        # Another epoch: what was acknowledged goes back into the outbox, before the reset counts.
        crew.li.outbox = [known, made]
        crew.li.sync()
        assert [crew.li.acks[one["stamp"]]["outcome"] for one in (known, made)] == ["applied"] * 2
        crew.meet()
        assert crew.wang[record].fields["phone"] == "2" and made["record"] in crew.wang
    finally:
        office.close()
