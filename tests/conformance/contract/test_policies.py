"""Two tablets change one record offline: every field policy, in either order of arrival."""

import time

import pytest

ORDERS = pytest.mark.parametrize("order", ["Li first", "Wang first"])


class Meeting:
    """What came of two offline edits: the acks of the first and the second, and the row."""

    def __init__(self, crew, record, order, li, wang):
        made = []
        for device, fields in ((crew.li, li), (crew.wang, wang)):
            made.append((device, device.edit(record, **fields)))
            time.sleep(0.003)  # Wang is later by the clock too
        arriving = made if order == "Li first" else made[::-1]
        for device, _ in arriving:
            device.sync()
        crew.agree(record)
        self.li, self.wang = (device.acks[stamp] for device, stamp in made)
        self.first, self.second = (device.acks[stamp] for device, stamp in arriving)
        self.row = crew.li[record]
        self.stamps = [stamp for _, stamp in made]


@ORDERS
def test_ask_keeps_the_first_value_and_opens_a_conflict(crew, order):
    record = crew.household(householder="Zhao")
    met = Meeting(crew, record, order, {"householder": "Qian"}, {"householder": "Sun"})
    assert met.first["outcome"] == "applied"
    assert met.second["outcome"] == "conflict"
    assert met.second["conflict"] == met.second["stamp"]
    assert met.second["problem"]["code"] == "concurrent"
    assert met.row.conflicts == ["householder"]
    assert met.row.fields["householder"] == ("Qian" if order == "Li first" else "Sun")
    assert met.row.versions["householder"] == met.first["stamp"]


@ORDERS
def test_latest_takes_the_value_of_the_later_corrected_time(crew, order):
    record = crew.household(phone="13900000000")
    met = Meeting(crew, record, order, {"phone": "13900000001"}, {"phone": "13900000002"})
    assert met.row.fields["phone"] == "13900000002"
    assert met.row.versions["phone"] == met.wang["stamp"]
    assert met.wang["outcome"] == "applied"
    assert met.li["outcome"] == ("applied" if order == "Li first" else "merged")


TEXTS = {
    "other lines": (
        "one\ntwo\nthree\n",
        "ONE\ntwo\nthree\n",
        "one\ntwo\nTHREE\n",
        "ONE\ntwo\nTHREE\n",
    ),
    "one line": ("独居老人", "一位独居老人", "独居老人养了猫", "一位独居老人养了猫"),
}


@ORDERS
@pytest.mark.parametrize(("base", "li", "wang", "merged"), TEXTS.values(), ids=TEXTS)
def test_text_is_merged_and_the_merged_value_is_the_servers_own(
    crew, order, base, li, wang, merged
):
    record = crew.household(notes=base)
    met = Meeting(crew, record, order, {"notes": li}, {"notes": wang})
    assert met.row.fields["notes"] == merged
    assert met.second["outcome"] == "merged"
    assert met.second["fields"] == {"notes": merged}
    assert met.row.versions["notes"][18:21] == "srv"
    assert met.row.versions["notes"] == met.second["versions"]["notes"] == met.row.head


@ORDERS
def test_text_changed_in_the_same_place_is_a_conflict(crew, order):
    record = crew.household(notes="电话 12345678 晚上打")
    changes = {"notes": "电话 92345678 晚上打"}, {"notes": "电话 12345679 晚上打"}
    met = Meeting(crew, record, order, *changes)
    assert met.second["outcome"] == "conflict"
    assert met.row.conflicts == ["notes"]


@ORDERS
def test_sets_add_up(crew, order):
    record = crew.household(tags=["disabled"])
    li = {"add": ["very_old"], "remove": ["disabled"]}
    met = Meeting(crew, record, order, {"tags": li}, {"tags": {"add": ["bereaved"], "remove": []}})
    assert met.row.fields["tags"] == ["bereaved", "very_old"]
    assert met.second["outcome"] == "merged"
    assert met.row.versions["tags"][18:21] == "srv"


@ORDERS
def test_a_concurrent_add_wins_over_a_remove(crew, order):
    record = crew.household(tags=["disabled"])
    remove = {"add": [], "remove": ["disabled"]}
    add = {"add": ["disabled", "very_old"], "remove": []}
    met = Meeting(crew, record, order, {"tags": remove}, {"tags": add})
    assert met.row.fields["tags"] == ["disabled", "very_old"]


@ORDERS
def test_sums_add_up(crew, order):
    record = crew.household(visits=1)
    met = Meeting(crew, record, order, {"visits": {"add": 2}}, {"visits": {"add": 3}})
    assert met.row.fields["visits"] == 6


@ORDERS
def test_bounds_win(crew, order):
    record = crew.household()
    li, wang = dict.fromkeys(("last_visit", "first_contact"), 1000), {}
    wang |= dict.fromkeys(("last_visit", "first_contact"), 2000)
    met = Meeting(crew, record, order, li, wang)
    assert met.row.fields["last_visit"] == 2000
    assert met.row.fields["first_contact"] == 1000
    assert met.second["outcome"] == "merged"


@ORDERS
def test_appended_entries_stand_in_corrected_time_order_and_an_ack_holds_the_new_one(crew, order):
    record = crew.household(log=["zero"])
    met = Meeting(crew, record, order, {"log": {"append": "one"}}, {"log": {"append": "two"}})
    assert [entry[3] for entry in met.row.fields["log"]] == ["zero", "one", "two"]
    for ack, text, device in ((met.li, "one", crew.li), (met.wang, "two", crew.wang)):
        ((stamp, _, actor, value),) = ack["fields"]["log"]
        assert (stamp, actor, value) == (ack["stamp"], device.user, text)


@ORDERS
def test_once_keeps_the_first_write(crew, order):
    record = crew.household()
    met = Meeting(crew, record, order, {"origin": "survey"}, {"origin": "visit"})
    assert met.second["outcome"] == "conflict"
    assert met.second["problem"]["code"] == "already_set"
    assert met.row.fields["origin"] == ("survey" if order == "Li first" else "visit")


@ORDERS
@pytest.mark.parametrize("field", ["householder", "notes", "origin"])
def test_equal_values_never_conflict(crew, order, field):
    record = crew.household()
    value = "survey" if field == "origin" else "same"
    met = Meeting(crew, record, order, {field: value}, {field: value})
    assert (met.first["outcome"], met.second["outcome"]) == ("applied", "merged")
    assert met.row.head == met.first["stamp"]
    assert met.row.conflicts == []


def test_the_fields_of_one_operation_are_decided_one_by_one(crew):
    record = crew.household(householder="Zhao")
    wang = {"householder": "Sun", "phone": "13900000000"}
    met = Meeting(crew, record, "Li first", {"householder": "Qian"}, wang)
    assert met.second["outcome"] == "conflict"
    assert met.second["fields"] == {"householder": "Qian", "phone": "13900000000"}
    assert met.row.fields["phone"] == "13900000000"
    assert met.row.versions["phone"] == met.second["stamp"]


def test_other_fields_of_a_record_do_not_disturb_each_other(crew):
    record = crew.household(householder="Zhao")
    met = Meeting(crew, record, "Li first", {"householder": "Qian"}, {"floor": 3})
    assert (met.first["outcome"], met.second["outcome"]) == ("applied", "applied")


def test_a_value_that_went_and_came_back_is_still_concurrent(crew):
    record = crew.household(householder="Zhao")
    stamp = crew.wang.edit(record, householder="Sun")
    for value in ("Qian", "Zhao"):
        crew.li.edit(record, householder=value)
        crew.li.sync()
    crew.wang.sync()
    assert crew.wang.acks[stamp]["outcome"] == "conflict"


def test_an_unchanged_stale_field_reverts_nobody_because_it_is_not_sent(crew):
    record = crew.household(householder="Zhao", phone="1")
    crew.li.edit(record, householder="Qian")
    crew.li.sync()
    crew.wang.edit(record, phone="2")
    crew.agree(record)
    assert crew.li[record].fields["householder"] == "Qian"


def test_unknown_fields_are_kept_as_latest_and_come_back(crew):
    record = crew.household(colour="red")
    met = Meeting(crew, record, "Wang first", {"colour": {"a": [1, None]}}, {"colour": "blue"})
    assert met.row.unknown == {"colour": "blue"}
    assert met.row.versions["colour"] == met.wang["stamp"]


def test_a_clock_five_hours_ahead_wins_nothing_and_its_instants_are_corrected(crew):
    wrong, hours = crew.wang, 5 * 3600 * 1000
    record = crew.household()
    wrong.skew_ms, wrong.offset_ms = hours, -hours
    early = wrong.edit(record, phone="1")
    time.sleep(0.003)
    crew.li.edit(record, phone="2")
    visit = {"grid": crew.grid, "household": record, "worker": wrong.user}
    at = wrong.operation("edit", "household", record, {})["at"]
    known = wrong.create("home_visit", **visit, at=at)
    wrong.offset_ms = None
    unknown = wrong.create("home_visit", **visit, at=at)
    crew.agree(record)
    assert crew.li[record].fields["phone"] == "2"
    assert wrong.acks[early]["outcome"] in ("applied", "merged")
    for each in (known, unknown):
        crew.agree(each)
        assert abs(crew.li[each].fields["at"] - (at - hours)) < 5000
