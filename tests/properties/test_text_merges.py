"""Texts of two people: no word of either is lost, none is made up, and order does not matter."""

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
PHRASES = [
    "住3号楼",
    "2单元501",
    "，",
    "。",
    "老人独居",
    "十月三日",
    "〔a.2-0〕",
    "〔b.2-1〕",
    "\n",
    "腿脚不便",
]
REPORTS = st.lists(st.sampled_from(PHRASES), min_size=3, max_size=12).map("".join)
ADDRESSES = st.builds("住{}号楼{}单元50{}".format, *[st.integers(1, 3)] * 3)
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
def versions(draw, texts=TEXTS):
    base = draw(texts)
    return base, draw(changed(base)), draw(changed(base))


def merges(texts):
    """A text and what two made of it, of which both survive."""
    return versions(texts).filter(lambda texts: merge(*texts) is not None)


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


@steadily(150)
@given(merges(REPORTS))
def test_what_neither_of_them_removed_is_still_there(texts):
    base, mine, theirs = texts
    merged = merge(*texts)
    for sign in set(base):
        if base.count(sign) == 1 and sign in mine and sign in theirs:
            assert sign in merged


@steadily(150)
@given(merges(REPORTS))
def test_three_characters_of_a_merged_line_stand_so_in_the_text_of_one_of_them(texts):
    base, *both = texts
    for line in merge(base, *both).split("\n"):
        for start in range(max(len(line) - 2, 1)):
            assert any(line[start : start + 3] in text for text in both)


@steadily(100)
@given(st.tuples(ADDRESSES, ADDRESSES, ADDRESSES))
def test_no_address_is_made_up(texts):
    assert merge(*texts) in (None, *texts[1:])


@steadily(100)
@given(st.integers(2, 12), st.data())
def test_changes_in_one_line_that_are_closer_than_two_characters_overlap(length, data):
    base = [chr(0x5000 + place) for place in range(length)]
    mine, theirs = data.draw(st.tuples(*[st.integers(0, length - 1)] * 2), label="places")
    texts = []
    for place, new in ((mine, "我"), (theirs, "他")):
        texts.append("".join([*base[:place], new, *base[place + 1 :]]))
    merged = merge("".join(base), *texts)
    if abs(mine - theirs) <= 2:
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
