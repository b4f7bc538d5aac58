"""Sets: a remove takes out what its author had seen, and nothing that was added since."""

from __future__ import annotations

import pytest

from sync.authority import Reaction
from tests.sync.county import ADMIN, GRID, edit, resolve, uid

TAKES = {"status": {"from": "new", "to": "taken"}}


def tags(device, house, change, *, base):
    return edit(device, house, {"tags": change}, base=base)


def test_what_was_added_again_unseen_stays_though_ones_own_add_changed_nothing(
    county, anna, bo, house
):
    """Bo's add of z met Anna's and became nothing of its own: it says nothing of her tags."""
    out = tags(anna, house, {"remove": ["old"]}, base=anna.created)
    back = tags(anna, house, {"add": ["old", "z"]}, base=out["stamp"])
    anna.send(out, back)
    mine = tags(bo, house, {"add": ["z"]}, base=bo.created)
    gone = tags(bo, house, {"remove": ["old"]}, base=mine["stamp"])
    assert [ack["outcome"] for ack in bo.send(mine, gone)] == ["merged", "merged"]
    assert county.record(house).get("tags") == ["old", "z"]


def test_ones_own_tag_can_be_taken_out_again_though_the_server_merged_it(county, anna, bo, house):
    anna.send(tags(anna, house, {"add": ["z"]}, base=anna.created))
    mine = tags(bo, house, {"add": ["x", "y"]}, base=bo.created)
    gone = tags(bo, house, {"remove": ["x", "z"]}, base=mine["stamp"])
    bo.send(mine, gone)
    assert county.record(house).get("tags") == ["old", "y", "z"]


def test_an_add_that_its_own_author_took_out_again_keeps_nothing(county, anna, bo, house):
    add = tags(anna, house, {"add": ["z"]}, base=anna.created)
    anna.send(add, tags(anna, house, {"remove": ["z"]}, base=add["stamp"]))
    mine = tags(bo, house, {"add": ["z"]}, base=bo.created)
    bo.send(mine, tags(bo, house, {"remove": ["z"]}, base=mine["stamp"]))
    assert county.record(house).get("tags") == ["old"]


def test_what_the_server_merged_and_sent_has_been_seen(county, anna, bo, house):
    anna.send(tags(anna, house, {"add": ["z"]}, base=anna.created))
    ack = bo.send(tags(bo, house, {"add": ["x"]}, base=bo.created))[0]
    anna.send(tags(anna, house, {"add": ["late"]}, base=anna.created))
    merged = ack["versions"]["tags"]
    bo.send(tags(bo, house, {"remove": ["old", "x", "z", "late"]}, base=merged))
    assert county.record(house).get("tags") == ["late"]


def test_what_a_person_decided_since_stays(county, anna, bo, house):
    create = anna.op("create", uid(3), {"grid": GRID, "tags": ["a"]}, type="order")
    steps = {"status": {"from": "new", "to": "taken"}}
    seen = {"*": create["stamp"], "tags": create["stamp"]}
    first = anna.op("transition", uid(3), steps, seen, type="order")
    lost = bo.op("transition", uid(3), {**steps, "tags": {"add": ["b"]}}, seen, type="order")
    anna.send(create, first)
    bo.send(lost)
    resolve(county, lost["stamp"], {"tags": ["a", "c"], "status": "taken"}, uid(3), type="order")
    late = edit(anna, uid(3), {"tags": {"remove": ["a", "b", "c"]}}, base=create["stamp"],
                type="order")  # fmt: skip
    anna.send(late)
    assert county.record(uid(3)).get("tags") == ["a", "c"]


def test_without_a_version_that_is_known_a_remove_takes_out_nothing(county, anna, house):
    unseen = anna.op(
        "edit", house, {"tags": {"remove": ["old"]}}, {"*": anna.created, "tags": None}
    )
    anna.send(unseen)
    lost = tags(anna, house, {"remove": ["old"]}, base="0000000003e8-0000-srv000000000")
    anna.send(lost)
    assert county.record(house).get("tags") == ["old"]


def test_a_version_that_is_none_of_the_tags_has_seen_none_of_them(county, anna, house):
    rang = edit(anna, house, {"phone": "2"}, base=anna.created)
    anna.send(rang, tags(anna, house, {"add": ["x"]}, base=anna.created))
    anna.send(tags(anna, house, {"remove": ["old", "x"]}, base=rang["stamp"]))
    assert county.record(house).get("tags") == ["old", "x"]


def test_an_edit_of_a_text_based_on_a_version_of_something_else_waits(county, anna, bo, house):
    rang = edit(anna, house, {"phone": "2"}, base=anna.created)
    anna.send(rang, edit(anna, house, {"notes": "零\n一\n"}, base=anna.created))
    blind = edit(bo, house, {"notes": "一\n二\n"}, base=rang["stamp"])
    assert bo.send(blind)[0]["outcome"] == "conflict"


def test_what_was_released_in_the_same_request_is_part_of_the_past(county, anna, bo, house):
    first = edit(anna, house, {"phone": "2"}, base=anna.created)
    carl = county.device(ADMIN)
    out = tags(bo, house, {"remove": ["old"]}, base=bo.created)
    back = tags(bo, house, {"add": ["old"]}, base=bo.created)
    seen = edit(bo, house, {"visits": {"add": 1}}, base=bo.created)
    county.now_ms += 1
    late = tags(carl, house, {"remove": ["old"]}, base=anna.created)
    for device, raw in ((bo, out), (bo, back), (bo, seen), (carl, late)):
        raw["base"]["*"] = first["stamp"]
        assert device.send(raw)[0]["needs"] == first["stamp"]
    anna.send(first)
    assert county.record(house).get("tags") == ["old"]
    assert county.operation(late["stamp"]).code is None


def test_a_tag_that_a_rule_added_unseen_stays(make_county):
    def warn(work, op, record):
        if op.kind == "edit" and op.actor != "system":
            change = {"add": ["由规则"]}
            yield {
                "type": "household",
                "record": uid(1),
                "kind": "edit",
                "fields": {"tags": change},
            }

    county = make_county(reactions=(Reaction("household", frozenset({"tags"}), warn),))
    anna, bo = county.device(uid(0xB1)), county.device(ADMIN)
    create = anna.op("create", uid(1), {"grid": GRID, "tags": ["由规则"]})
    anna.send(create)
    bo.send()
    out = tags(anna, uid(1), {"remove": ["由规则"]}, base=create["stamp"])
    anna.send(out)
    assert county.record(uid(1)).get("tags") == ["由规则"]
    more = tags(anna, uid(1), {"remove": ["由规则"]}, base=out["stamp"])
    anna.send(more)
    assert county.record(uid(1)).get("tags") == ["由规则"]


def test_a_tag_taken_out_beside_a_householder_in_conflict_is_out(county, anna, bo, house):
    add = tags(anna, house, {"add": ["z"]}, base=anna.created)
    anna.send(edit(anna, house, {"householder": "李四"}, base=anna.created), add)
    out = edit(bo, house, {"householder": "王五", "tags": {"remove": ["z"]}}, base=bo.created)
    out["base"]["tags"] = add["stamp"]
    assert bo.send(out)[0]["outcome"] == "conflict"
    carl = county.device(ADMIN)
    mine = tags(carl, house, {"add": ["z"]}, base=anna.created)
    carl.send(mine)
    assert county.record(house).get("tags") == ["old", "z"]
    carl.send(tags(carl, house, {"remove": ["z"]}, base=mine["stamp"]))
    assert county.record(house).get("tags") == ["old"]


@pytest.fixture
def order(anna, bo):
    """An order that Anna took before Bo could; its create's stamp is ``created`` of both."""
    create = anna.op("create", uid(3), {"grid": GRID, "tags": ["a"]}, type="order")
    anna.created = bo.created = create["stamp"]
    step = anna.op("transition", uid(3), TAKES, {"*": anna.created}, type="order")
    anna.send(create, step)
    bo.send()
    return uid(3)


def overtaken(device, change, *, base):
    """A step that comes too late, with a change of the tags, which waits with it."""
    seen = {"*": device.created, "tags": base}
    step = device.op("transition", uid(3), {**TAKES, "tags": change}, seen, type="order")
    assert device.send(step)[0]["problem"]["code"] == "overtaken"
    return step["stamp"]


def retag(device, order, change, *, base):
    """Change the tags of an order; answers the stamp."""
    raw = edit(device, order, {"tags": change}, base=base, type="order")
    device.send(raw)
    return raw["stamp"]


def test_an_add_that_waits_with_an_overtaken_step_keeps_nothing(county, anna, bo, order):
    overtaken(bo, {"add": ["a", "b"]}, base=bo.created)
    retag(anna, order, {"add": ["c"]}, base=anna.created)
    retag(county.device(ADMIN), order, {"remove": ["a"]}, base=anna.created)
    assert county.record(order).get("tags") == ["c"]


def test_a_remove_that_waits_with_an_overtaken_step_takes_nothing_out(county, anna, bo, order):
    add = retag(anna, order, {"add": ["z"]}, base=anna.created)
    overtaken(bo, {"remove": ["z"]}, base=add)
    carl = county.device(ADMIN)
    mine = retag(carl, order, {"add": ["q"]}, base=anna.created)
    retag(carl, order, {"remove": ["q", "z"]}, base=mine)
    assert county.record(order).get("tags") == ["a", "z"]


def test_what_took_the_place_of_a_change_that_waits_still_waits(county, anna, bo, order):
    """Twice: the first is merged by that, and did nothing to the tags all the same."""
    add = retag(anna, order, {"add": ["z"]}, base=anna.created)
    lost = overtaken(bo, {"add": ["b"]}, base=add)
    first = retag(bo, order, {"add": ["a"], "remove": ["z"]}, base=lost)
    retag(bo, order, {"add": ["d"]}, base=first)
    assert county.operation(first).outcome == "merged"
    carl = county.device(ADMIN)
    mine = retag(carl, order, {"add": ["q"]}, base=anna.created)
    retag(carl, order, {"remove": ["a", "z"]}, base=mine)
    assert county.record(order).get("tags") == ["q", "z"]


def test_what_builds_on_a_place_already_taken_adds_to_the_tags(county, anna, bo, order):
    """Carl saw what Bo's step would have done, but another took its place before."""
    lost = overtaken(bo, {"add": ["b"]}, base=bo.created)
    caused = edit(anna, order, {"cause": "甲"}, base=anna.created, type="order")
    anna.send(caused)
    retag(bo, order, {"add": ["d"]}, base=lost)
    carl = county.device(ADMIN)
    late = edit(carl, order, {"cause": "乙", "tags": {"add": ["a"]}}, base=anna.created,
                type="order")  # fmt: skip
    late["base"]["tags"] = lost
    assert carl.send(late)[0]["outcome"] == "conflict"
    retag(anna, order, {"remove": ["a"]}, base=anna.created)
    assert county.record(order).get("tags") == ["a"]


def test_a_remove_that_builds_on_a_place_already_taken_takes_out_what_was_seen(
    county, anna, bo, order
):
    """It changes nothing, for Carl's z stands unseen; but Anna's z does not stand any more."""
    first = retag(anna, order, {"add": ["z"]}, base=anna.created)
    lost = overtaken(bo, {"add": ["b"]}, base=first)
    retag(bo, order, {"add": ["d"]}, base=lost)
    carl = county.device(ADMIN)
    second = retag(carl, order, {"add": ["z"]}, base=anna.created)
    retag(anna, order, {"remove": ["z"]}, base=lost)
    assert county.record(order).get("tags") == ["a", "z"]
    retag(carl, order, {"remove": ["z"]}, base=second)
    assert county.record(order).get("tags") == ["a"]


def test_where_a_person_decided_that_there_are_no_tags_no_earlier_add_stands(
    county, anna, bo, order
):
    lost = overtaken(bo, {"add": ["b"]}, base=bo.created)
    retag(anna, order, {"add": ["z"]}, base=anna.created)
    resolve(county, lost, {"tags": None, "status": "taken"}, order, type="order")
    carl = county.device(ADMIN)
    mine = retag(carl, order, {"add": ["z"]}, base=anna.created)
    retag(carl, order, {"remove": ["z"]}, base=mine)
    assert county.record(order).get("tags") == []


def test_who_takes_out_a_tag_takes_out_no_add_that_they_had_not_seen(county, anna, bo, house):
    """Anna's remove met Bo's add, which stays, for whoever had seen neither as well."""
    anna.send(edit(anna, house, {"phone": "2"}, base=anna.created))
    bo.send(tags(bo, house, {"add": ["old"]}, base=bo.created))
    anna.send(tags(anna, house, {"remove": ["old"]}, base=anna.created))
    carl = county.device(ADMIN)
    carl.send(tags(carl, house, {"remove": ["old"]}, base=anna.created))
    assert county.record(house).get("tags") == ["old"]
