"""Texts in both languages, differences, and the history against the record."""

import re
from io import BytesIO

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from server.console import wording
from server.console.blueprint import STATIC
from server.console.differences import difference
from server.console.history import play
from server.console.languages import CATALOGUE

CONSOLE = STATIC.parent
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}


def texts():
    """Every text that code and templates ask for."""
    wanted = set()
    for path in (*CONSOLE.rglob("*.py"), *(CONSOLE / "templates").rglob("*.html")):
        method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
        options = {} if path.suffix == ".py" else {"newstyle_gettext": "true"}
        with path.open("rb") as file:
            for _line, text, *_ in extract(method, file, keywords=KEYWORDS, options=options):
                wanted.add(text[0] if isinstance(text, tuple) else text)
    return wanted - {""}


def catalogue():
    with CATALOGUE.open("rb") as file:
        read = read_po(BytesIO(file.read()), locale="zh_Hans_CN")
    return {
        one.id if isinstance(one.id, str) else one.id[0]: one.string
        if isinstance(one.string, str)
        else one.string[0]
        for one in read
        if one.id
    }


def test_every_text_has_its_chinese_and_no_chinese_is_left_over():
    wanted, translated = texts(), catalogue()
    assert sorted(wanted - translated.keys()) == []
    assert sorted(translated.keys() - wanted) == []
    assert [text for text, chinese in translated.items() if not chinese] == []


def test_a_text_and_its_chinese_have_the_same_blanks():
    blanks = re.compile(r"%\((\w+)\)s|(\{\w+\})")
    differ = [
        text
        for text, chinese in catalogue().items()
        if {one for pair in blanks.findall(chinese) for one in pair}
        - {one for pair in blanks.findall(text) for one in pair}
    ]
    assert differ == []


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_difference_holds_both_texts_whole(old, new):
    pieces = difference(old, new)
    assert "".join(one.text for one in pieces if one.kind != "out") == new
    assert "".join(one.text for one in pieces if one.kind != "in") == old


def test_a_long_text_is_compared_quickly_and_exactly():
    old = "\n".join(f"第{number}次走访，情况稳定。" for number in range(3_000))
    new = old.replace("第77次走访，情况稳定", "第77次走访，血压偏高")
    pieces = difference(old, new)
    assert "".join(one.text for one in pieces if one.kind != "out") == new
    assert sum(len(one.text) for one in pieces if one.kind != "same") < 40


@pytest.mark.parametrize("number", ["", "1", "123456", "13912345678", "99222219900307439X"])
def test_a_masked_number_keeps_its_length_and_hides_its_middle(number):
    masked = wording.mask(number)
    assert len(masked) == len(number)
    assert len(number) < 7 or number[7:-4] not in masked or not number[7:-4]


@pytest.mark.parametrize("name", ["home1", "home2", "home4", "home6", "order1"])
def test_a_history_gone_through_to_its_end_is_the_record(county, name):
    record = county.record(name)
    with county.services.store.read() as snapshot:
        chain = snapshot.history(record.id)
    values = {}
    for event in reversed(play(record.spec, chain)):
        for change in event.changes:
            if change.name != "*" and change.taken in ("taken", "merged"):
                values[change.name] = change.after
    for field in record.spec.fields:
        assert values.get(field.name) == record.get(field.name), field.name


def test_what_was_merged_is_told_with_the_change_that_caused_it(county):
    tablet = county.tablets["first"]
    seen = tablet.see("home12")
    old = seen.get("notes")
    assert old is not None
    at = county.clock[0]
    upper = tablet.draft(seen, "edit", {"notes": old.replace("老人独居", "老人与孙子同住")}, at=at)
    lower = tablet.draft(seen, "edit", {"notes": old.replace("每周日", "每周六")}, at=at)
    assert [ack.outcome for ack in tablet.hand_in(upper, lower)] == ["applied", "merged"]
    record = county.record("home12")
    with county.services.store.read() as snapshot:
        events = play(record.spec, snapshot.history(record.id))
    newest = events[0]
    assert newest.operation.stamp == lower["stamp"]
    assert newest.changes[0].taken == "merged"
    assert newest.changes[0].after == record.get("notes")
    assert all(event.operation.actor != "system" for event in events[:2])


def test_a_name_that_turns_its_neighbours_around_is_shown_without_that(county, admin):
    home, name = county.ids["home5"], "\u202e冉小花\u2066\u200b"
    path = f"/households/{home}/edit"
    admin.post(path, **{**admin.inputs(path), "householder": name})
    assert county.record("home5").get("householder") == name  # kept as it came
    for shown in (f"/households/{home}", f"/grids/{county.record('home5').get('grid')}"):
        page = admin.text(shown)
        assert "冉小花" in page
        assert not set("\u202e\u2066\u200b") & set(page), shown
    # A form gives it back as it is, so that saving another field does not change this one.
    assert admin.inputs(path)["householder"] == name


def test_two_values_that_differ_by_an_unseen_character_do_not_look_alike(county, admin):
    home = county.ids["home5"]
    path = f"/households/{home}/edit"
    for name in ("冉小花", "冉小花\u200b"):
        admin.post(path, **{**admin.inputs(path), "householder": name})
    assert "(a character that cannot be seen)" in admin.text(f"/households/{home}")
