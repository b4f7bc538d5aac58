"""Rules that follow a change: when they run, what they see, and what their author is told."""

from __future__ import annotations

import pytest

from sync.authority import Reaction
from tests.sync.county import BO, GRID, edit, let_go, step, uid


class Rule:
    """A reaction that remembers which operations it followed."""

    def __init__(self, type_name, fields, drafts=()):
        self.followed = []
        self.drafts = list(drafts)
        self.reaction = Reaction(type_name, fields and frozenset(fields), self)

    def __call__(self, work, op, record):
        self.followed.append(op.stamp)
        return self.drafts


def county_with(make_county, *rules):
    county = make_county(reactions=tuple(rule.reaction for rule in rules))
    anna, bo = county.device(uid(0xB1)), county.device(BO)
    create = anna.op("create", uid(1), {"grid": GRID, "householder": "张三", "notes": "一\n"})
    anna.send(create)
    anna.created = bo.created = create["stamp"]
    bo.send()
    return county, anna, bo


def test_a_rule_follows_a_change_of_its_fields_only(make_county):
    phones, everything = Rule("household", ["phone"]), Rule("household", None)
    _, anna, _ = county_with(make_county, phones, everything)
    named = edit(anna, uid(1), {"householder": "李四"}, base=anna.created)
    rang = edit(anna, uid(1), {"phone": "2"}, base=anna.created)
    anna.send(named, rang)
    assert phones.followed == [rang["stamp"]]
    assert everything.followed == [anna.created, named["stamp"], rang["stamp"]]


def test_a_rule_follows_a_create_that_names_its_field(make_county):
    rule = Rule("household", ["householder"])
    _, anna, _ = county_with(make_county, rule)
    anna.send(anna.op("create", uid(2), {"grid": GRID}))
    assert rule.followed == [anna.created]


def test_a_rule_does_not_follow_what_waits_or_changes_nothing(make_county):
    rule, everything = Rule("household", ["householder", "tags"]), Rule("household", None)
    _, anna, bo = county_with(make_county, rule, everything)
    first = edit(anna, uid(1), {"householder": "李四"}, base=anna.created)
    anna.send(first)
    lost = edit(bo, uid(1), {"householder": "王五"}, base=anna.created)
    same = edit(bo, uid(1), {"householder": "李四"}, base=anna.created)
    assert [ack["outcome"] for ack in bo.send(lost, same)] == ["conflict", "merged"]
    assert rule.followed == [anna.created, first["stamp"]]
    assert same["stamp"] not in everything.followed


def test_a_rule_does_not_follow_a_step_that_was_overtaken(make_county):
    rule = Rule("order", ["status"])
    _, anna, bo = county_with(make_county, rule)
    create = anna.op("create", uid(3), {"grid": GRID}, type="order")
    taken, lost = (step(one, uid(3), create["stamp"], ("new", "taken")) for one in (anna, bo))
    anna.send(create, taken)
    assert bo.send(lost)[0]["problem"]["code"] == "overtaken"
    assert rule.followed == [taken["stamp"]]


def test_a_rule_follows_what_the_server_merged_and_what_was_noted(make_county):
    rule = Rule("household", ["notes", "log"])
    _, anna, bo = county_with(make_county, rule)
    rule.followed.clear()
    first = edit(anna, uid(1), {"notes": "零\n一\n"}, base=anna.created)
    mixed = edit(bo, uid(1), {"notes": "一\n二\n"}, base=anna.created)
    noted = edit(bo, uid(1), {"log": {"append": "到访"}}, base=anna.created)
    anna.send(first)
    bo.send(mixed, noted)
    assert rule.followed == [one["stamp"] for one in (first, mixed, noted)]


def test_a_rule_follows_what_was_held_once_it_is_let_go(make_county):
    rule = Rule("household", ["phone"])
    county, anna, _ = county_with(make_county, rule)
    anna.suspend()
    held = edit(anna, uid(1), {"phone": "2"}, base=anna.created)
    anna.send(held)
    assert rule.followed == []
    let_go(county, held["stamp"])
    assert rule.followed == [held["stamp"]]


def test_an_author_is_told_the_head_that_they_can_compute_and_sent_the_row(make_county):
    draft = {"type": "household", "record": uid(1), "kind": "edit", "fields": {"origin": "由规则"}}
    rule = Rule("household", ["phone"], [draft])
    county, anna, _ = county_with(make_county, rule)
    rang = edit(anna, uid(1), {"phone": "2"}, base=anna.created)
    ack = anna.send(rang)[0]
    assert (ack["outcome"], ack["head"]) == ("applied", rang["stamp"])
    row = anna.rows()[uid(1)]
    assert row["origin"] == "由规则" and row["head"] == county.record(uid(1)).head != rang["stamp"]


def test_a_rule_that_may_not_be_carried_out_stops_nothing(make_county):
    drafts = [
        {"type": "household", "record": uid(1), "kind": "edit", "fields": {"phone": 17}},
        {"type": "household", "record": uid(77), "kind": "edit", "fields": {},
         "base": {"*": "0000000003e8-0000-srv000000000"}},
    ]  # fmt: skip
    county, anna, _ = county_with(make_county, Rule("household", ["householder"], drafts))
    named = edit(anna, uid(1), {"householder": "李四"}, base=anna.created)
    assert anna.send(named)[0]["outcome"] == "applied"
    assert county.record(uid(1)).get("householder") == "李四"


@pytest.mark.parametrize("together", [True, False])
def test_a_rule_sees_what_refers_to_a_record_in_this_request_too(make_county, together):
    seen = []

    def look(work, op, record):
        seen.append(work.referring("resident", "household", record.id))
        return ()

    county = make_county(reactions=(Reaction("household", frozenset({"phone"}), look),))
    anna = county.device(uid(0xB1))
    house, other = (anna.op("create", uid(n), {"grid": GRID}) for n in (1, 2))
    people = [
        anna.op("create", uid(10 + n), {"grid": GRID, "household": uid(1)}, type="resident")
        for n in range(3)
    ]
    seen_by = people[0]["stamp"]
    moved = anna.op("edit", uid(10), {"household": uid(2)},
                    {"*": seen_by, "household": seen_by}, type="resident")  # fmt: skip
    rang = edit(anna, uid(1), {"phone": "2"}, base=house["stamp"])
    operations = [house, other, *people, moved, rang]
    for part in [operations] if together else [[one] for one in operations]:
        anna.send(*part)
    assert seen == [[uid(11), uid(12)]]
