"""Sets: a remove takes out what its author had seen, and nothing that was added since."""

from __future__ import annotations

from sync.authority import Reaction
from tests.sync.county import ADMIN, GRID, edit, resolve, uid


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
