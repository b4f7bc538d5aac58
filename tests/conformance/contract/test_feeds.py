"""Feeds: first syncs, cuts, resets, records that move, and people who come and go."""

import pytest

from tests.conformance.contract.device import Device, new_id, of_kind, rows_sent
from tests.conformance.contract.wire import CutOffError

ROWS_MAX, PAGE_BYTES_MAX = 500, 270_000


def told(ack):
    return ack["outcome"], ack.get("problem", {}).get("code")


def fresh(crew, like):
    """A second tablet of the same person, not synced yet."""
    return Device(crew.office.wire, crew.office.code_for(like.user))


# -- the scan -------------------------------------------------------------------------------------


def test_an_empty_new_feed_gets_one_empty_page(new_crew):
    lines = fresh(new_crew, new_crew.li).exchange()
    (page,) = [page for page in of_kind(lines, "page") if page["feed"] == new_crew.feed]
    assert not page["put"] and not page["deleted"] and not page["left"]
    assert lines[-1]["done"]["digests"][new_crew.feed] == [0, 0]


def test_a_first_sync_in_small_answers_equals_one_in_a_whole(new_crew):
    li = new_crew.li
    for number in range(40):
        li.create("household", grid=new_crew.grid, room=str(number))
    li.sync()
    slow = fresh(new_crew, li)
    slow.limit = 7
    answers = 0
    while True:
        lines = slow.exchange()
        answers += 1
        assert len(rows_sent(lines)) <= 7
        if not lines[-1]["done"]["more"]:
            break
        assert new_crew.feed not in lines[-1]["done"]["digests"]
    assert answers >= 6
    assert set(lines[-1]["done"]["digests"]) == set(slow.replica.feeds)
    assert slow.replica.records == new_crew.tablet(li.user).replica.records


def test_a_page_holds_500_records_or_256_kilobytes(new_crew):
    li = new_crew.li
    for number in range(900):
        notes = "x" * 700 if number < 500 else None
        li.create("household", grid=new_crew.grid, room=str(number), notes=notes)
    li.sync()
    device = fresh(new_crew, li)
    body = device.request(limit=5000)
    plain = {"Accept-Encoding": "identity"}
    path, token = "/sync/v1/exchange", device.token
    answer = device.wire.send("POST", path, body, token=token, headers=plain)
    pages = [each for each in answer.lines() if "page" in each]
    assert sum(len(rows_sent([page])) for page in pages) >= 900
    assert max(len(rows_sent([page])) for page in pages) <= ROWS_MAX
    assert max(map(len, answer.body.split(b"\n"))) <= PAGE_BYTES_MAX
    device.apply(answer.lines())


def test_a_device_cut_off_again_and_again_arrives_where_the_others_are(new_crew):
    li, cut = new_crew.li, fresh(new_crew, new_crew.li)
    cuts = 0
    for byte in range(0, 4000, 150):
        record = li.create("household", grid=new_crew.grid, notes=str(byte) * 20)
        li.sync()
        if byte % 300:
            cut.create("resident", grid=new_crew.grid, name="Sun", household=record)
        try:
            cut.exchange(cut_after=byte)
        except CutOffError:
            cuts += 1
    assert cuts > 10
    cut.sync()
    li.sync()
    assert cut.outbox == []
    assert len(cut.of_type("resident")) == 13
    assert cut.replica.records == li.replica.records


# -- resets ---------------------------------------------------------------------------------------

NONSENSE = ["", "nonsense", None, 5, "\ud800", "other feed", "cut short", "x" * 5000]


@pytest.mark.parametrize("cursor", NONSENSE, ids=repr)
def test_a_cursor_that_means_nothing_resets_the_feed(crew, cursor):
    crew.household()
    cursors = crew.wang.replica.cursors
    cursor = {"other feed": cursors["shared"], "cut short": cursors[crew.feed][:-1]}.get(
        cursor, cursor
    )
    cursors[crew.feed] = cursor
    lines = crew.wang.sync()
    assert lines[0]["hello"]["reset"] == [crew.feed]
    assert crew.wang.sync()[0]["hello"]["reset"] == []
    assert crew.wang.replica.records == crew.tablet(crew.wang.user).replica.records


def test_a_reset_drops_what_is_gone_and_keeps_the_outbox(new_crew):
    chief = new_crew.hire("grid_chief")
    gone, stays = new_crew.household(), new_crew.household(chief)
    chief.delete(gone)
    chief.sync()
    wang = new_crew.wang
    wang.replica.cursors[new_crew.feed] = "nonsense"
    wang.edit(stays, phone="1")
    made = wang.create("household", grid=new_crew.grid)
    wang.limit = 1
    wang.sync()
    assert gone not in wang
    assert wang[stays].fields["phone"] == "1" and made in wang
    assert wang.replica.records == new_crew.tablet(wang.user).replica.records


# -- scope ----------------------------------------------------------------------------------------


def test_a_record_outside_the_scope_is_not_touched(crew):
    record = crew.household(phone="1")
    stranger = crew.hire("grid_worker", f"grid:{new_id()}")
    head = crew.li[record].head
    base = {"*": head, "phone": head}
    edit = stranger.operation("edit", "household", record, {"phone": "2"}, base=base)
    create = stranger.operation("create", "household", new_id(), {"grid": crew.grid})
    for ack in stranger.hand_in(edit, create):
        assert told(ack) == ("rejected", "out_of_scope")
        assert ack["feeds"] == [] and "fields" not in ack
    crew.agree(record)
    assert crew.li[record].fields["phone"] == "1"


def test_a_record_that_moves_leaves_one_grid_and_comes_to_the_other(new_crew):
    other = f"grid:{new_id()}"
    chief = new_crew.hire("grid_chief", new_crew.feed, other)
    theirs = new_crew.hire("grid_worker", other)
    away = new_crew.tablet(new_crew.li.user)
    record = new_crew.household(chief, away)
    chief.edit(record, grid=other.removeprefix("grid:"))
    chief.sync()
    assert [record] == [
        each for page in of_kind(new_crew.li.sync(), "page") for each in page["left"]
    ]
    theirs.sync()
    assert record not in new_crew.li and record in theirs and record in chief
    edit = away.edit(record, phone="1")
    away.sync()
    assert told(away.acks[edit]) == ("applied", None), "it left after this tablet's cursor"
    assert record not in away
    theirs.sync()
    assert theirs[record].fields["phone"] == "1"


def test_a_record_in_two_feeds_stays_until_it_has_left_both(new_crew):
    office, li = new_crew.office, new_crew.li
    building = li.create("building", grid=new_crew.grid, number="1")
    record = new_crew.household(building=building)
    guest = new_crew.hire("grid_worker", f"building:{building}")
    assert record in guest
    office.run("grant", li.user, f"building:{building}")
    li.sync()
    assert {record} <= li.replica.members[f"building:{building}"] & li.replica.members[
        new_crew.feed
    ]
    office.run("revoke", li.user, f"building:{building}")
    li.sync()
    assert record in li
    li.edit(record, building=None)
    li.sync()
    guest.sync()
    assert record not in guest


# -- grants ---------------------------------------------------------------------------------------


def test_work_made_before_a_revocation_is_handed_in_and_then_the_records_go(new_crew):
    office, wang = new_crew.office, new_crew.wang
    record = new_crew.household()
    before = wang.edit(record, phone="1")
    made = wang.create("household", grid=new_crew.grid)
    office.run("revoke", wang.user, new_crew.feed)
    late = wang.edit(record, floor=2)
    ended = dict(wang.replica.cursors)
    lines = wang.exchange()
    hello = lines[0]["hello"]
    assert hello["evicted"] == [new_crew.feed] and new_crew.feed not in hello["feeds"]
    acks = [*of_kind(lines, "ack")]
    assert [ack["stamp"] for ack in acks if ack["outcome"] == "applied"][::2] == [before, late]
    assert all(ack["feeds"] == [] for ack in acks)
    assert record not in wang and new_crew.feed not in wang.replica.cursors
    new_crew.li.sync()
    seen = new_crew.li[record]
    assert (seen.fields["phone"], seen.fields["floor"], made in new_crew.li) == ("1", 2, True)
    base = {"*": seen.head, "phone": seen.versions["phone"]}
    edits = [wang.operation("edit", "household", record, {"phone": p}, base=base) for p in "23"]
    assert told(wang.hand_in(edits[0])[0]) == ("held", "review"), "the checkpoint is silent"
    wang.replica.cursors = ended
    assert told(wang.hand_in(edits[1])[0]) == ("applied", None), "it names the ended grant"


def test_a_new_grant_starts_from_the_beginning_and_one_renewed_between_exchanges_resets(new_crew):
    office, wang = new_crew.office, new_crew.wang
    record = new_crew.household()
    office.run("revoke", wang.user, new_crew.feed)
    wang.sync()
    assert record not in wang
    office.run("grant", wang.user, new_crew.feed)
    assert wang.sync()[0]["hello"]["reset"] == [] and record in wang
    edit = wang.edit(record, phone="1")
    office.run("revoke", wang.user, new_crew.feed)
    office.run("grant", wang.user, new_crew.feed)
    assert wang.sync()[0]["hello"]["reset"] == [new_crew.feed]
    assert told(wang.acks[edit]) == ("applied", None)
    assert wang.sync()[0]["hello"]["reset"] == []
    new_crew.agree(record)


def test_an_assignment_is_told_in_the_persons_own_feed(new_crew):
    feeds = [each.fields["feed"] for each in new_crew.li.of_type("assignment")]
    assert feeds == [new_crew.feed]
