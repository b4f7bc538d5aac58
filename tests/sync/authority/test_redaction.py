"""What was redacted is nowhere, stays away, and leaves the structure behind."""

from __future__ import annotations

import pytest

from sync.catalogue import Catalogue, Feed, Field, RecordType
from sync.feeds import person
from sync.memory import MemoryStore
from sync.record import Record
from sync.redaction import BLANK, MARK, blanked, redact
from sync.store import JSON, Changes, RecordChange
from tests.sync.county import ADMIN, CATALOGUE, GRID, OTHER_GRID, resolve, uid

NAMES = ("householder", "phone", "tags", "notes", "log", "visits")


def edit(device, house, fields, *, base=None, **more):
    seen = base or device.created
    return device.op("edit", house, fields, {"*": seen, **dict.fromkeys(fields, seen)}, **more)


def erase(county, house, names=NAMES, authors=()):
    county.now_ms += 1_000
    stamp = county.authority.server_stamp(county.now_ms)
    with county.store.write() as tx:
        done = redact(
            tx, house, names, stamp=stamp, actor=ADMIN, now_ms=county.now_ms, catalogue=CATALOGUE,
            authors=authors,
        )  # fmt: skip
    assert done
    return stamp


def everything(county, house):
    """All that is kept about a record, as one text."""
    with county.store.write() as tx:
        about = tx.about([house])
        conflicts = tx.conflicts([one.conflict for one in about if one.conflict])
        told = [
            tx.records([house])[house].row(),
            *[[one.raw, one.was] for one in about],
            *[one.fields for one in conflicts.values()],
        ]
    return JSON.dumps(told).decode()


@pytest.fixture
def told(county, anna, bo, house):
    """Values of every policy, one that lost, one in conflict, one that is held."""
    anna.send(edit(anna, house, {"householder": "李雷", "phone": "139"}))
    anna.send(edit(anna, house, {"notes": "知道的事\n"}))
    anna.send(edit(anna, house, {"tags": {"add": ["alone"]}, "log": {"append": "说过的话"}}))
    bo.send(edit(bo, house, {"householder": "韩梅"}), edit(bo, house, {"phone": "138"}))
    waits = edit(bo, house, {"phone": "137"}, base=f"{county.now_ms:012x}-0000-bbbbbbbbzzzz")
    assert bo.send(waits)[0]["outcome"] == "held"
    return waits


SECRETS = ("张三", "李雷", "韩梅", "139", "138", "137", "知道的事", "说过的话", "alone", '"old"')


def test_nothing_that_is_kept_holds_a_value(county, house, told):
    before = everything(county, house)
    assert all(one in before for one in SECRETS)
    stamp = erase(county, house)
    after = everything(county, house)
    assert [one for one in SECRETS if one in after] == []
    record = county.record(house)
    assert (record.head, record.c, record.get("grid")) == (stamp, None, GRID)
    assert record.x == {MARK: [stamp, sorted(NAMES)]}
    with county.store.read() as tx:
        stamps = [one.stamp for one in tx.history(house)]
    assert stamps[0] == stamp and len(stamps) == 7


def test_what_waited_and_what_was_in_conflict_is_settled(county, house, told):
    with county.store.write() as tx:
        open_ones = tx.open_conflicts(house)
    assert len(open_ones) == 1
    stamp = erase(county, house)
    with county.store.write() as tx:
        assert tx.open_conflicts(house) == [] and tx.held([told["stamp"]]) == {}
        assert tx.conflicts(open_ones)[open_ones[0]].closed_by == stamp
        stored = tx.operations([told["stamp"]])[told["stamp"]]
    assert (stored.outcome, stored.code) == ("rejected", "redacted")


def test_every_replica_gets_the_empty_row(county, anna, bo, house, told):
    anna.send(), bo.send()
    erase(county, house)
    for device in (anna, bo):
        device.send()
        rows = [row for page in device.pages for put in page["put"] for row in put["rows"]]
        (row,) = [one for one in rows if one[0] == house]
        assert not any(one in str(row) for one in SECRETS)


def test_old_work_that_comes_again_is_a_repeat_and_nothing_else(county, anna, house):
    old = edit(anna, house, {"phone": "139"})
    anna.send(old)
    erase(county, house)
    ack = anna.send(old)[0]
    assert (ack["outcome"], ack["repeated"]) == ("applied", True)
    assert ack["problem"]["code"] == "redacted"
    assert "139" not in everything(county, house)


def test_old_work_that_comes_again_with_its_reason_is_told_that_it_was_erased(county, anna, house):
    seen = {"*": anna.created, "grid": anna.created}
    why = anna.op("edit", house, {"grid": GRID}, seen, reason="她说的话")
    plain = anna.op("edit", house, {"grid": GRID}, seen)
    anna.send(why, plain)
    erase(county, house)
    assert "她说的话" not in everything(county, house)
    acks = anna.send(why, plain)
    assert [ack["repeated"] for ack in acks] == [True, True]
    assert [(ack.get("problem") or {}).get("code") for ack in acks] == ["redacted", None]


def test_work_of_who_had_not_heard_is_refused_and_kept_without_the_value(county, anna, bo, house):
    erase(county, house)
    chain = [edit(bo, house, {"phone": "139"})]
    chain.append(edit(bo, house, {"phone": "138"}, base=chain[0]["stamp"]))
    chain.append(edit(bo, house, {"phone": "137"}, base=f"{county.now_ms:012x}-0000-bbbbbbbbzzzz"))
    chain.append(bo.op("create", house, {"grid": GRID, "phone": "136"}))
    acks = bo.send(*chain)
    assert [ack["outcome"] for ack in acks] == ["rejected"] * 4
    assert [ack["problem"]["code"] for ack in acks[:3]] == ["redacted"] * 3
    kept = everything(county, house)
    assert [one for one in ("139", "138", "137", "136") if one in kept] == []
    assert county.record(house).get("phone") is None


def test_other_facts_of_the_record_go_on_and_new_ones_may_be_told(county, anna, bo, house):
    stamp = erase(county, house, ("phone",))
    ack = bo.send(edit(bo, house, {"visits": {"add": 1}}))[0]
    assert ack["outcome"] in ("applied", "merged")
    anna.created = stamp
    assert anna.send(edit(anna, house, {"phone": "new"}))[0]["outcome"] == "applied"
    later = county.record(house).head
    anna.created = later
    assert anna.send(edit(anna, house, {"phone": "newer"}))[0]["outcome"] == "applied"
    assert county.record(house).get("phone") == "newer"


def test_whoever_sent_something_about_the_record_is_told_in_their_own_feed(county, bo, house):
    bo.send()
    erase(county, house)
    bo.send()
    assert not any("redacted" in page for page in bo.pages), "nothing of this was bo's"
    erase(county, house, authors=[bo.reader.user])
    bo.send()
    told = {page["feed"]: page.get("redacted") for page in bo.pages}
    assert told[person(bo.reader.user)] == [house]


def test_a_feed_that_begins_anew_tells_of_no_erasure_of_what_is_just_handed_in(county, anna, house):
    anna.send(edit(anna, house, {"phone": "139"}, base=anna.created))
    seen = erase(county, house)
    anna.send()
    assert any(page.get("redacted") == [house] for page in anna.pages)
    anna.cursors = dict.fromkeys(anna.cursors, "lost")
    anna.created = seen
    assert anna.send(edit(anna, house, {"phone": "new"}))[0]["outcome"] == "applied"
    assert anna.hello["reset"], "or this shows nothing"
    assert not any("redacted" in page for page in anna.pages), "its device would erase the new one"


def test_nor_does_one_that_begins_anew_in_several_exchanges(county, anna, house):
    other = anna.op("create", uid(77), {"grid": GRID})
    anna.send(other)
    for one in (house, uid(77)):
        erase(county, one)
    anna.cursors = {}
    told, more = [], True
    while more:
        anna.send(limit=1)
        told, more = [*told, *anna.pages], anna.done["more"]
    assert sum(page["feed"] == person(anna.reader.user) for page in told) > 1
    assert not any("redacted" in page for page in told)
    erase(county, house)
    anna.send()
    assert any(page.get("redacted") == [house] for page in anna.pages)


def test_erasing_again_takes_what_came_since_and_remembers_both(county, anna, house):
    anna.created = erase(county, house, ("phone",))
    anna.send(edit(anna, house, {"phone": "139", "unheard": {"of": "x139"}}))
    stamp = erase(county, house, ("notes", "phone"))
    assert "139" not in everything(county, house)
    assert county.record(house).x == {MARK: [stamp, ["notes", "phone", "unheard"]]}


def test_a_text_that_must_be_there_says_that_it_was_erased():
    name = Field("name", "text", "ask", required=True)
    spec = RecordType("person", "人", "Person", (name,), (Feed("shared"),))
    catalogue = Catalogue(spec)
    store = MemoryStore(catalogue, epoch="e")
    record = Record.created(uid(1), spec, stamp="s1", values={"name": "张三"})
    with store.write() as tx:
        tx.save(Changes(records=[RecordChange(record, None, moved=True)]))
    with store.write() as tx:
        redact(tx, uid(1), ("name",), stamp="s2", actor=ADMIN, now_ms=1, catalogue=catalogue)
        assert tx.records([uid(1)])[uid(1)].get("name") == BLANK


def test_of_no_record_there_is_nothing_to_erase(county):
    with county.store.write() as tx:
        assert not redact(
            tx, uid(99), ("phone",), stamp="s", actor=ADMIN, now_ms=1, catalogue=CATALOGUE
        )


def test_an_operation_without_fields_has_none_to_write_over():
    assert blanked({"fields": None, "kind": "delete"}, ("phone",))["fields"] is None


def test_a_conflict_about_something_else_stays_open(county, house, told):
    erase(county, house, ("phone",))
    with county.store.write() as tx:
        (still,) = tx.open_conflicts(house)
        assert tx.conflicts([still])[still].open_fields() == ["householder"]
    assert county.record(house).c == ["householder"]
    assert "韩梅" in everything(county, house) and "139" not in everything(county, house)


# Forged and stale ------------------------------------------------------------------------------


def test_only_the_server_says_that_something_was_redacted(county, anna, house):
    forged = [anna.created, ["phone"]]
    change = anna.op("edit", house, {MARK: forged}, {"*": anna.created, MARK: None})
    acks = anna.send(
        change,
        anna.op("create", uid(9), {"grid": GRID, MARK: 5}),
        edit(anna, house, {"phone": "3"}, redacted=True),
    )
    assert [ack["problem"]["code"] for ack in acks] == ["bad_value", "bad_value", "malformed"]
    assert county.record(house).x is None and county.record(house).get("phone") == "1"


def test_no_decision_about_a_conflict_says_so_either(county, anna, bo, house):
    anna.send(edit(anna, house, {"householder": "李雷"}))
    conflict = bo.send(edit(bo, house, {"householder": "韩梅"}))[0]["conflict"]
    _, ack = resolve(county, conflict, {MARK: [bo.created, ["phone"]]}, house)
    assert ack["problem"]["code"] == "bad_value"


def test_work_of_who_had_not_heard_is_told_by_what_it_builds_on(county, bo, house):
    """An edit of something else came first, and is the head that the others saw."""
    erase(county, house)
    county.now_ms += 1_000
    first = edit(bo, house, {"origin": "x"})
    seen = {"*": first["stamp"]}
    later = [
        bo.op("edit", house, {"phone": "139"}, seen | {"phone": bo.created}),
        bo.op("edit", house, {"householder": "韩梅"}, seen | {"householder": bo.created}),
        bo.op("edit", house, {"log": {"append": "说过的话"}}, seen),
    ]
    acks = bo.send(first, *later)
    assert [ack["outcome"] for ack in acks[1:]] == ["rejected"] * 3
    kept = everything(county, house)
    assert [one for one in ("139", "韩梅", "说过的话") if one in kept] == []


def test_a_field_tells_what_its_author_saw_where_the_head_does_not(county, bo, house):
    """The answer to the first edit was lost: the rest comes with another request."""
    stamp = erase(county, house)
    first = edit(bo, house, {"origin": "x"})
    bo.send(first)
    county.now_ms += 1_000
    stale = bo.op("edit", house, {"phone": "139"}, {"*": first["stamp"], "phone": bo.created})
    fresh = bo.op("edit", house, {"notes": "n"}, {"*": first["stamp"], "notes": stamp})
    assert [ack["outcome"] for ack in bo.send(stale, fresh)] == ["rejected", "applied"]


def test_who_saw_it_and_edits_twice_has_seen_it(county, bo, house):
    stamp = erase(county, house)
    first = bo.op("edit", house, {"origin": "x"}, {"*": stamp, "origin": bo.created})
    second = bo.op("edit", house, {"phone": "139"}, {"*": first["stamp"], "phone": stamp})
    assert [ack["outcome"] for ack in bo.send(first, second)] == ["applied", "applied"]


@pytest.mark.parametrize("of", [2, 3], ids=["stopped by its group", "whose group is not whole"])
def test_a_member_of_a_group_is_kept_without_what_was_erased_meanwhile(county, anna, house, of):
    stops = edit(anna, house, {"grid": OTHER_GRID, "room": "9"})
    tells = edit(anna, house, {"phone": "139"})
    erase(county, house)
    group = [{**one, "group": {"id": "g1", "of": of}} for one in (tells, stops)]
    outcomes = [ack["outcome"] for ack in anna.send(*group)]
    assert outcomes == (["rejected", "held"] if of == 2 else ["held", "held"])
    assert "139" not in everything(county, house)
    with county.store.read() as snapshot:
        kept = snapshot.operations([tells["stamp"], stops["stamp"]])
    assert kept[tells["stamp"]].raw["fields"] == {"phone": None}
    assert kept[stops["stamp"]].raw["fields"]["room"] == "9"


def test_what_waits_for_its_group_is_kept_without_what_was_erased_meanwhile(county, anna, house):
    elsewhere = anna.op("edit", uid(99), {"phone": "1"}, {"*": None, "phone": None})
    tells = edit(anna, house, {"phone": "139"})
    erase(county, house)
    group = [{**one, "group": {"id": "g1", "of": 2}} for one in (elsewhere, tells)]
    acks = anna.send(*group)
    assert [ack["outcome"] for ack in acks] == ["rejected", "held"]
    assert acks[1]["problem"]["code"] == "redacted", "nor is its device to keep the value"
    assert "139" not in everything(county, house)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"at": "noon"},
        {"fields": ["欧阳"]},
        {"record": 5, "reason": "{house}：欧阳"},
    ],
)
def test_what_comes_later_and_cannot_be_read_is_kept_without_its_texts(county, anna, house, spoilt):
    spoilt = {
        name: value.format(house=house) if isinstance(value, str) else value
        for name, value in spoilt.items()
    }
    op = {**edit(anna, house, {"householder": "欧阳"}), **spoilt}
    erase(county, house)
    (ack,) = anna.send(op)
    assert ack["outcome"] == "rejected"
    (aside,) = county.store._tables.aside.values()
    assert JSON.loads(aside.body) == {"stamp": op["stamp"], "redacted": True}
    assert (aside.device, aside.code) == (anna.reader.device, "malformed")


def test_a_stamp_that_is_reused_keeps_no_texts_of_the_redacted_either(county, anna, house):
    seen = erase(county, house, ("householder",))
    first = edit(anna, house, {"tags": {"add": ["x"], "remove": []}}, base=seen)
    anna.send(first)
    (ack,) = anna.send({**first, "fields": {"householder": "欧阳"}})
    assert ack["problem"]["code"] == "stamp_reused"
    (aside,) = county.store._tables.aside.values()
    assert "欧阳" not in aside.body.decode()


def test_what_cannot_be_read_and_is_about_others_is_kept_as_it_came(county, anna, house):
    erase(county, house)
    anna.send({**edit(anna, uid(77), {"householder": "欧阳"}, base=anna.created), "at": "noon"})
    (aside,) = county.store._tables.aside.values()
    assert "欧阳" in aside.body.decode()
