"""Conflicts that people settle at the command line, deletions, and steps that were overtaken."""

import pytest

from tests.conformance.contract.device import new_id


def told(ack):
    return ack["outcome"], ack.get("problem", {}).get("code")


def disagree(crew, record, li="Qian", wang="Sun"):
    """Li's and Wang's stamp, after both wrote the householder offline; Wang's waits."""
    stamps = crew.li.edit(record, householder=li), crew.wang.edit(record, householder=wang)
    crew.meet()
    return stamps


# -- settled by a person --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "value"), [("@server", "Qian"), ("@device", "Sun"), ("Zheng", "Zheng")]
)
def test_a_settled_conflict_reaches_both_tablets_and_its_author_finds_a_notice(crew, choice, value):
    record = crew.household(householder="Zhao")
    _, waits = disagree(crew, record)
    (conflict,) = crew.office.conflicts(record)
    assert (conflict["id"], conflict["type"]) == (waits, "household")
    assert conflict["fields"] == ["householder"]
    crew.office.resolve(waits, householder=choice)
    crew.agree(record)
    row = crew.wang[record]
    assert (row.fields["householder"], row.conflicts) == (value, [])
    assert crew.office.conflicts(record) == []
    (notice,) = crew.wang.notices(waits)
    assert notice["about_record"] == record and notice["text"]


def test_who_was_replaced_is_told_too(crew):
    record = crew.household(householder="Zhao")
    replaced, waits = disagree(crew, record)
    crew.office.resolve(waits, householder="@device")
    crew.meet()
    assert len(crew.li.notices(replaced)) == 1


def test_a_notice_can_be_marked_as_read(crew):
    record = crew.household(householder="Zhao")
    _, waits = disagree(crew, record)
    crew.office.resolve(waits, householder="@server")
    crew.meet()
    (notice,) = [n for n in crew.wang.of_type("notice") if n.fields["about"] == waits]
    read = crew.wang.edit(notice.record, read=True)
    crew.wang.sync()
    assert told(crew.wang.acks[read]) == ("applied", None)


def test_an_edit_of_the_waiting_value_takes_its_place(crew):
    record = crew.household(householder="Zhao")
    _, waits = disagree(crew, record)
    base = {"*": crew.wang[record].head, "householder": waits}
    fields = {"householder": "Zhou"}
    edit = crew.wang.operation("edit", "household", record, fields, base=base)
    (ack,) = crew.wang.hand_in(edit)
    assert told(ack) == ("conflict", "concurrent")
    (conflict,) = crew.office.conflicts(record)
    crew.office.resolve(conflict["id"], householder="@device")
    crew.agree(record)
    assert crew.li[record].fields["householder"] == "Zhou"


def test_an_administrator_settles_from_a_tablet_and_an_undo_opens_it_again(crew):
    chief = crew.hire("administrator")
    record = crew.household(chief, householder="Zhao")
    _, waits = disagree(crew, record)
    chief.sync()
    fields = {"householder": "Zheng"}
    resolve = chief.operation("resolve", "household", record, fields, conflict=waits)
    (ack,) = chief.hand_in(resolve)
    assert ack["outcome"] in ("applied", "merged")
    again = chief.operation("resolve", "household", record, fields, conflict=waits)
    assert told(chief.hand_in(again)[0]) == ("rejected", "conflict_closed")
    crew.agree(record)
    assert (crew.li[record].fields["householder"], crew.li[record].conflicts) == ("Zheng", [])
    back = {"householder": "Qian"}
    undo = chief.operation("edit", "household", record, back, undoes=resolve["stamp"])
    chief.hand_in(undo)
    crew.agree(record)
    assert crew.li[record].conflicts == ["householder"]
    assert [each["id"] for each in crew.office.conflicts(record)] == [waits]


def test_a_worker_settles_nothing(crew):
    record = crew.household(householder="Zhao")
    _, waits = disagree(crew, record)
    fields = {"householder": "Sun"}
    resolve = crew.wang.operation("resolve", "household", record, fields, conflict=waits)
    assert told(crew.wang.hand_in(resolve)[0]) == ("rejected", "not_allowed")


# -- deleted and edited ---------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["live", "deleted"])
@pytest.mark.parametrize("first", ["delete", "edit"])
def test_a_deletion_against_an_edit_waits_for_a_person(crew, first, outcome):
    chief = crew.hire("grid_chief")
    record = crew.household(chief)
    delete, edit = chief.delete(record), crew.wang.edit(record, householder="Sun")
    for device in (chief, crew.wang) if first == "delete" else (crew.wang, chief):
        device.sync()
    late = crew.wang.acks[edit] if first == "delete" else chief.acks[delete]
    assert told(late) == ("conflict", "deleted_and_edited")
    crew.agree(record, chief)
    row = crew.li[record]
    assert (row.fields["householder"], row.conflicts) == ("Sun", ["*"])
    (conflict,) = crew.office.conflicts(record)
    crew.office.resolve(conflict["id"], **{"*": outcome})
    crew.meet(chief)
    if outcome == "live":
        crew.agree(record, chief)
        assert crew.li[record].conflicts == []
    assert [record in each for each in (crew.li, crew.wang, chief)] == [outcome == "live"] * 3


def test_a_restored_record_is_sent_whole(crew):
    chief = crew.hire("grid_chief")
    record = crew.household(chief, phone="1")
    delete = chief.delete(record)
    chief.sync()
    crew.meet()
    assert record not in crew.li and record not in chief
    restore = chief.operation("restore", "household", record, {}, base={"*": delete})
    (ack,) = chief.hand_in(restore)
    assert ack["outcome"] == "merged"
    crew.agree(record, chief)
    assert crew.li[record].fields["phone"] == "1"


def test_an_edit_that_knew_of_the_deletion_is_rejected(crew):
    chief = crew.hire("grid_chief")
    record = crew.household(chief)
    delete = chief.delete(record)
    chief.sync()
    crew.meet()
    base = dict.fromkeys(("*", "phone"), delete)
    edit = crew.li.operation("edit", "household", record, {"phone": "1"}, base=base)
    assert told(crew.li.hand_in(edit)[0]) == ("rejected", "deleted")
    assert record not in crew.li


# -- steps of a work order ------------------------------------------------------------------------


def claimable(crew, dispatcher):
    """A work order that both workers may claim."""
    order = crew.li.create("work_order", grid=crew.grid, title="Lamp")
    crew.li.sync()
    dispatcher.sync()
    dispatcher.step(order, "reported", "verified")
    fields = {"kind": "request", "class": "ordinary"}
    dispatcher.step(order, "verified", "classified", **fields)
    dispatcher.step(order, "classified", "open")
    dispatcher.sync()
    assert {ack["outcome"] for ack in dispatcher.acks.values()} == {"applied"}
    crew.meet()
    return order


def test_a_second_claim_is_overtaken_and_its_other_fields_wait_with_it(crew):
    dispatcher = crew.hire("dispatcher")
    order = claimable(crew, dispatcher)
    claims = [
        each.step(order, "open", "accepted", accepted_by=each.user, log={"append": each.id})
        for each in (crew.li, crew.wang)
    ]
    crew.agree(order, dispatcher)
    assert crew.li.acks[claims[0]]["outcome"] == "merged", "an entry was appended"
    assert told(crew.wang.acks[claims[1]]) == ("conflict", "overtaken")
    row = crew.li[order]
    assert row.fields["accepted_by"] == crew.li.user
    assert row.conflicts == ["accepted_by", "status"]
    assert sorted(entry[3] for entry in row.fields["log"]) == sorted((crew.li.id, crew.wang.id))
    crew.office.resolve(claims[1], accepted_by="@server", status="@server")
    crew.agree(order)
    assert crew.wang[order].conflicts == []
    assert len(crew.wang.notices(claims[1])) == 1


def test_a_step_is_judged_by_the_present_state_and_by_who_takes_it(crew):
    dispatcher = crew.hire("dispatcher")
    order = claimable(crew, dispatcher)
    li, unit = crew.li, new_id()
    steps = [
        (dispatcher, ("open", "closed"), {}, ("rejected", "no_such_transition")),
        (li, ("open", "assigned"), {"lead_unit": unit}, ("rejected", "not_allowed")),
        (li, ("open", "accepted"), {}, ("rejected", "missing_field")),
        (li, ("open", "accepted"), {"accepted_by": li.user}, ("applied", None)),
        (li, ("accepted", "handling"), {}, ("applied", None)),
        (li, ("accepted", "on_hold"), {"log": {"append": "rain"}}, ("merged", None)),
    ]
    for device, (source, target), fields, expected in steps:
        device.sync()
        stamp = device.step(order, source, target, **fields)
        device.sync()
        assert told(device.acks[stamp]) == expected, (source, target)
    crew.agree(order)
    assert crew.wang[order].fields["status"] == "on_hold"
