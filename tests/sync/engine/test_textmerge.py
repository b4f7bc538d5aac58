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
    "words for numbers are whole": ("二十人参加", "二十二人参加", "三十人参加", None),
    "an address is whole": ("住3号楼1单元501。", "住4号楼1单元501。", "住3号楼1单元502。", None),
    "a date is whole": ("2026年11月24日", "2026年12月24日", "2026年11月25日", None),
    "a time is whole": ("上午9:30开会", "上午10:30开会", "上午9:45开会", None),
    "a number of another clause is another": (
        "5人，2户，3栋",
        "6人，2户，3栋",
        "5人，2户，4栋",
        "6人，2户，4栋",
    ),
    "close changes": ("张三报噪音", "张三报夜间噪音", "李四报噪音", None),
    "two characters between": ("三楼灯坏了", "四楼灯坏了", "三楼灯不亮", "四楼灯不亮"),
    "one adds before, one after": ("灯坏了", "路灯坏了", "灯坏了三天", "路灯坏了三天"),
    "changes that are not close": (
        "每月领取补助500元",
        "每月领取补助600元",
        "每季领取补助500元",
        "每季领取补助600元",
    ),
    "an addition to what the other rewrote": (
        "老人独居。",
        "老人独居，由女儿照料。",
        "老人已去世。",
        None,
    ),
    "rewritten, with a few characters that are the same by chance": (
        "重写〔chen.2-0〕",
        "重写〔chen.6-0〕",
        "插入〔sun.3-2〕，〔sun.5-0〕\n补充〔sun.2-0〕",
        None,
    ),
    "another story, with commas in common": (
        "楼道堆放杂物，已口头劝导。",
        "楼道杂物已清理，无隐患。",
        "楼道堆放杂物，已书面劝导。",
        None,
    ),
    "one begins where the other adds": (
        "高血压，糖尿病",
        "高血压，糖尿病，冠心病",
        "高血压2级，糖尿病",
        "高血压2级，糖尿病，冠心病",
    ),
    "a line after one that the other changes": ("一\n二", "一\n二\n三", "一\n贰", "一\n贰\n三"),
    "a line before one that the other changes": (
        "首行\n东门锁坏",
        "首行\n新行\n东门锁坏",
        "首行\n东大门锁坏",
        "首行\n新行\n东大门锁坏",
    ),
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
    most = "".join(chr(0xAC00 + number) for number in range(3_998))  # And the line's end.
    assert merge(most, "！" + most, most + "？") == "！" + most + "？"
    long = most + "甲乙"
    assert merge(long, "！" + long, long + "？") is None


def test_a_text_of_very_many_lines_is_for_a_person_and_costs_no_time():
    """Ten lines in any order, five thousand times: their differences would take minutes."""
    lines = [f"{number % 10}\n" for number in range(50_000)]
    mine, theirs = lines[::-1], lines[1:] + lines[:1]
    assert merge("".join(lines), "".join(mine), "".join(theirs)) is None
    assert merge("".join(lines), "".join(mine), "".join(lines)) == "".join(mine)
