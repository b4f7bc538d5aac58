"""Merging texts: cases that a person can check by reading them."""

from __future__ import annotations

import pytest

from sync.textmerge import merge

CASES = {
    "another line each": ("一\n二\n", "零\n一\n二\n", "一\n二\n三\n", "零\n一\n二\n三\n"),
    "two places of one line": ("老人独居", "老人独居，病", "王老人独居", "王老人独居，病"),
    "lines next to each other": ("一\n二\n", "壹\n二\n", "一\n贰\n", "壹\n贰\n"),
    "the same change": ("一\n二\n", "壹\n二\n", "壹\n二\n", "壹\n二\n"),
    "the same and another": ("一\n二\n三\n", "壹\n二\n三\n", "壹\n二\n叁\n", "壹\n二\n叁\n"),
    "numbers are whole": ("共10人", "共12人", "共20人", None),
    "words are whole": ("call Ann", "call Anna", "call Anne", None),
    "one removes what the other changes": ("一\n二\n", "一\n", "一\n贰\n", None),
    "both add at one place": ("一\n", "一\n二\n", "一\n三\n", None),
    "both begin": ("", "一", "二", None),
    "line ends of Windows": (
        "一\r\n二",
        "一\r\n二\r\n三",
        "零\r\n一\r\n二",
        "零\r\n一\r\n二\r\n三",
    ),
}


@pytest.mark.parametrize(("base", "mine", "theirs", "merged"), CASES.values(), ids=CASES)
def test_two_changes_of_one_text(base, mine, theirs, merged):
    assert merge(base, mine, theirs) == merge(base, theirs, mine) == merged


def test_a_long_stretch_without_a_common_line_is_for_a_person():
    most = "".join(chr(0x4E00 + number) for number in range(3_999))
    assert merge(most, "！" + most, most + "？") == "！" + most + "？"
    long = most + "甲乙"
    assert merge(long, "！" + long, long + "？") is None


def test_a_text_of_very_many_lines_is_for_a_person_and_costs_no_time():
    """Ten lines in any order, five thousand times: their differences would take minutes."""
    lines = [f"{number % 10}\n" for number in range(50_000)]
    mine, theirs = lines[::-1], lines[1:] + lines[:1]
    assert merge("".join(lines), "".join(mine), "".join(theirs)) is None
    assert merge("".join(lines), "".join(mine), "".join(lines)) == "".join(mine)
