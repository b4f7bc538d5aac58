"""Texts of two people: what only one of them changed is never lost, and order does not matter."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sync.textmerge import merge
from tests.properties.steady import steadily

WORDS = [
    "老人",
    "独居",
    "，",
    "10",
    "12",
    "phone",
    "é",
    "😀",
    " ",
    "\t",
    "\r\n",
    "\n",
    "\n",
    "\u2028",
]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=8).map("".join)
TOKEN = re.compile(r"[0-9]+|[A-Za-z]+|.", re.DOTALL)


@st.composite
def changed(draw, text):
    """``text`` with a few of its characters or lines replaced, removed or joined by others."""
    parts = TOKEN.findall(text)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(parts)))
        removed = draw(st.integers(0, 2))
        parts[place : place + removed] = draw(st.lists(st.sampled_from(WORDS), max_size=2))
    return "".join(parts)


@st.composite
def versions(draw):
    base = draw(TEXTS)
    return base, draw(changed(base)), draw(changed(base))


@steadily(300)
@given(versions())
def test_a_text_that_one_person_left_alone_becomes_the_others(texts):
    base, mine, _ = texts
    assert merge(base, mine, base) == merge(base, base, mine) == merge(base, mine, mine) == mine


@steadily(300)
@given(versions())
def test_who_comes_first_makes_no_difference(texts):
    base, mine, theirs = texts
    assert merge(base, mine, theirs) == merge(base, theirs, mine)


@steadily(300)
@given(versions())
def test_what_only_one_of_them_wrote_is_all_there(texts):
    base, mine, theirs = texts
    merged = merge(base, mine, theirs)
    if merged is None:
        return
    of_base, of_mine, of_theirs, of_merged = (
        Counter(TOKEN.findall(text)) for text in (base, mine, theirs, merged)
    )
    for token in (of_mine | of_theirs) - of_base:
        if not of_base[token] and not (of_mine[token] and of_theirs[token]):
            assert of_merged[token] == of_mine[token] + of_theirs[token]
    assert of_merged.keys() <= of_mine.keys() | of_theirs.keys()


@steadily(100)
@given(st.integers(2, 9), st.data())
def test_changes_that_touch_overlap_and_others_do_not(length, data):
    base = [chr(0x4E00 + place) for place in range(length)]
    mine, theirs = data.draw(st.tuples(*[st.integers(0, length - 1)] * 2), label="places")
    texts = []
    for place, new in ((mine, "我"), (theirs, "他")):
        texts.append("".join([*base[:place], new, *base[place + 1 :]]))
    merged = merge("".join(base), *texts)
    if abs(mine - theirs) <= 1:
        assert merged is None
    else:
        both = list(base)
        both[mine], both[theirs] = "我", "他"
        assert merged == "".join(both)


@steadily(100)
@given(st.lists(st.sampled_from(["一\n", "二\n", "三\n"]), max_size=6), st.data())
def test_lines_that_two_people_add_at_different_lines_are_all_there(lines, data):
    places = st.integers(0, len(lines))
    mine, theirs = data.draw(st.tuples(places, places).filter(lambda pair: pair[0] != pair[1]))
    texts = []
    for place, new in ((mine, "我的\n"), (theirs, "他的\n")):
        texts.append("".join([*lines[:place], new, *lines[place:]]))
    merged = merge("".join(lines), *texts)
    if merged is not None:
        assert sorted(merged.splitlines()) == sorted("".join([*lines, "我的\n", "他的\n"]).split())
