"""What is not sent back, and what must be: a cursor may pass a row only if the device has it."""

from __future__ import annotations

from sync.exchange import read_request
from sync.feeds import Grant
from tests.sync.county import GRID, OTHER_GRID, edit, uid

FEED, OTHER_FEED = f"grid:{GRID}", f"grid:{OTHER_GRID}"


def asked(device, *operations):
    return read_request(
        {
            "protocol": 1,
            "device": device.reader.device,
            "sent_at": device.county.now_ms,
            "operations": list(operations),
            "checkpoint": device.cursors,
        }
    )


def test_a_change_by_somebody_else_between_the_push_and_the_snapshot_is_sent(
    county, anna, bo, house
):
    request = asked(anna, edit(anna, house, {"phone": "2"}, base=anna.created))
    scope = county.exchange.scope(request, anna.reader, now_ms=county.now_ms)
    pushed = county.exchange.push(request, scope, now_ms=county.now_ms)
    bo.send(edit(bo, house, {"householder": "李四"}, base=bo.created))
    with county.store.read() as snapshot:
        answer = county.exchange.pull(
            snapshot, request, anna.reader, scope, pushed, now_ms=county.now_ms
        )
    assert "李四".encode() in b"".join(answer.pages)


def test_who_lost_a_grant_between_the_push_and_the_snapshot_is_told_no_more_than_they_read_now(
    county, anna, house
):
    own = anna.op("create", uid(5), {"grid": OTHER_GRID})
    anna.grants(Grant(FEED, "g1", 0), Grant(OTHER_FEED, "g1", 0))
    request = asked(anna, edit(anna, house, {"phone": "2"}, base=anna.created), own)
    scope = county.exchange.scope(request, anna.reader, now_ms=county.now_ms)
    pushed = county.exchange.push(request, scope, now_ms=county.now_ms)
    anna.grants(Grant(OTHER_FEED, "g1", 0))
    now = county.exchange.scope(request, anna.reader, now_ms=county.now_ms)
    lost, kept = pushed.within(now).acks
    assert (lost.outcome, lost.head, list(lost.feeds)) == ("applied", None, [])
    assert (kept.outcome, kept.head, list(kept.feeds)) == ("applied", own["stamp"], [OTHER_FEED])
    assert pushed.acks[0].head == request.operations[0]["stamp"]


def test_a_device_that_creates_and_edits_a_record_gets_nothing_back(anna, house):
    create = anna.op("create", uid(5), {"grid": GRID})
    anna.send(create, edit(anna, uid(5), {"phone": "2"}, base=create["stamp"]))
    assert anna.rows() == {}
