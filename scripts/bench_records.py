"""Households to measure with: plausible, about 450 bytes a row, and never the same text twice.

A benchmark whose texts repeat flatters the compression and so the time on the
wire. Here every note is put together anew from a few hundred words by several
patterns, and ids, names, phones and stamps are drawn as in real life: a gzip of
the notes alone comes to what real Chinese prose comes to, about half.

Keeps true: the same seed gives the same households, two seeds never share an id or a
stamp. Twelve fields are filled.

It never writes anything: ``scripts.bench_floor`` and ``scripts.bench_server``
each put the same households into their own tables.

>>> one, = households(1, seed=7)
>>> sorted(one.values) == sorted(FILLED)
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from sync.stamps import Stamps

FILLED = (
    "grid building compound entrance floor room householder phone housing care_level tags notes"
).split()
"""The fields that are filled, in the order of the type."""

IMPORT_MS = 1_762_131_600_000
"""When the import began that recorded the first household, in ms since 1970."""

_SURNAMES = (
    "杨张王吴李田龙陈罗刘黄周代石冉安任姚何蒋唐侯廖饶谢滕麻舒邓熊向彭符严徐胡曾文覃梁肖袁莫谭"
    "欧潘卢戴阮简孙赵郑宋"
)
_GIVEN = (
    "秀英华明国建军芳丽强平海燕勇桂兰玉珍梅红春林江波涛云霞飞凤仙金银花菊香莲翠萍艳琴洪德胜忠"
    "诚义信光荣昌盛福禄寿喜庆祥瑞和顺安康宁静淑贤慧敏洁晶莹雪冬秋夏天宇浩然子涵梓轩佳怡欣悦思"
    "雨诗琪俊杰志伟文武全才学斌"
)
_NAMES_OF_COMPOUNDS = (
    "江口府 梵净苑 凯德新城 双月公馆 三江明珠 太平嘉园 闵家小区 民和家园 桃映佳苑 怒溪花园 "
    "黄牯山安置点 象狮新区 江城一品 锦江花园 河西安置区 老粮站宿舍 龙井湾 水岸华庭 金盛国际"
).split()
_COMPOUNDS = tuple(
    f"{street}{compound}{phase}"
    for street in ("双江街道", "凯德街道")
    for compound in _NAMES_OF_COMPOUNDS
    for phase in ("", "一期", "二期", "东区", "西区")
)
_WHO = (
    "户主 老伴 母亲 父亲 儿子 女儿 儿媳 女婿 孙子 孙女 外婆 奶奶 弟弟 侄女 租客 邻居 房东 "
    "本人 夫妻 婆媳"
).split()
_PLACES = (
    "温州 东莞 铜仁 贵阳 深圳 义乌 佛山 厦门 泉州 昆山 怀化 遵义 宁波 惠州 中山 台州 松桃 "
    "思南 印江 德江 石阡 碧江 玉屏"
).split()
_WORK = (
    "鞋厂上班 做水电 开货车 送外卖 开小吃店 带孩子读书 学电焊 跑网约车 摆早餐摊 种茶 养蜂 "
    "做保洁 修手机 当保安 教书 读高中 装空调 搞装修 做裁缝 看工地"
).split()
_STATE = (
    "腿脚不便 听力差 血压偏高 刚做完手术 情绪平稳 独自在家 精神尚好 需要陪诊 视力下降 "
    "长期服药 记性不好 话不多 生活能自理 行动靠轮椅 爱下棋 不愿麻烦人 常去医院复查 低烧已退 "
    "家境一般 对政策熟悉"
).split()
_MATTER = (
    "楼道灯坏 水压不足 屋顶渗水 下水堵塞 噪音扰民 电表换新 医保缴费 低保续办 落户咨询 "
    "门牌脱落 电瓶车乱停 邻里纠纷 燃气改装 宽带拆机 树枝遮窗 化粪池外溢 护栏松动 养老认证 "
    "学区划片 租金拖欠"
).split()
_DONE = (
    "已登记 已转物业 答应下周再去 电话告知结果 当场解决 约好上门 留了联系卡 请社区协调 "
    "拍照留存 等回复 改天再访 已劝导 代办材料 交网格长 记入台账 协助填表"
).split()
_TAGS = (
    "living_alone very_old left_behind_child disabled subsistence_allowance bereaved veteran "
    "unemployed migrant party_member volunteer"
).split()
_HOUSING = ("owned", "owned", "owned", "rented", "public", "resettlement")
_CARE = ("none", "none", "quarterly", "monthly", "weekly")


@dataclass(frozen=True, slots=True)
class Household:
    """One household: its record id, the stamp and time of its create, and its filled fields."""

    record: str
    stamp: str
    at_ms: int
    values: dict[str, Any]

    @property
    def feed(self) -> str:
        """The feed that it is in."""
        return f"grid:{self.values['grid']}"


def households(count: int, *, seed: int, per_grid: int = 0) -> Iterator[Household]:
    """``count`` households, grid after grid; ``per_grid`` of 0 puts all into one grid.

    A building holds about forty households. They were imported, about a thousand a second, as
    `yuanba seed` does: ``at_ms`` grows.
    """
    draw = Random(seed)
    stamps = Stamps(device="srv00000", incarnation=f"{seed:04d}")
    at_ms = IMPORT_MS
    grid = building = compound = ""
    for number in range(count):
        if number == 0 or (per_grid and number % per_grid == 0):
            grid = record_id(draw, at_ms=IMPORT_MS)
        if not building or draw.random() < 1 / 40:
            building = record_id(draw, at_ms=IMPORT_MS)
            compound = draw.choice(_COMPOUNDS)
        at_ms += draw.randrange(3)
        values = {"grid": grid, "building": building, "compound": compound, **_home(draw)}
        stamp = stamps.next(now_ms=at_ms)
        yield Household(record_id(draw, at_ms=at_ms), stamp, at_ms, values)


def record_id(draw: Random, *, at_ms: int) -> str:
    """A UUIDv7 of that time."""
    bits = draw.getrandbits(74)
    high, low = 0x7000 | bits >> 62, 0x8 << 60 | bits & (1 << 62) - 1
    digits = f"{at_ms:012x}{high:04x}{low:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def name(draw: Random) -> str:
    """A name of two or three characters."""
    given = draw.choice(_GIVEN) + (draw.choice(_GIVEN) if draw.random() < 0.8 else "")
    return draw.choice(_SURNAMES) + given


def phone(draw: Random) -> str:
    """A mobile number of eleven digits."""
    return f"1{draw.choice('35789')}{draw.randrange(10**9):09d}"


def _home(draw: Random) -> dict[str, Any]:
    floor = draw.randrange(1, 19)
    return {
        "entrance": str(draw.randrange(1, 5)),
        "floor": floor,
        "room": f"{floor}{draw.randrange(1, 7):02d}",
        "householder": name(draw),
        "phone": phone(draw),
        "housing": draw.choice(_HOUSING),
        "care_level": draw.choice(_CARE),
        "tags": sorted(draw.sample(_TAGS, draw.choice((0, 1, 1, 2)))),
        "notes": note(draw),
    }


def note(draw: Random) -> str:
    """What a grid worker writes after a visit: two or three clauses, about thirty characters."""
    pick = draw.choice
    clauses: tuple[Callable[[], str], ...] = (
        lambda: f"{pick(_WHO)}{name(draw)}{pick(_STATE)}，{draw.randrange(18, 93)}岁",
        lambda: f"{pick(_WHO)}在{pick(_PLACES)}{pick(_WORK)}，{draw.randrange(1, 13)}月回来",
        lambda: f"反映{pick(_MATTER)}，{pick(_DONE)}",
        lambda: f"{draw.randrange(1, 13)}月{draw.randrange(1, 29)}日{pick(_DONE)}",
        lambda: f"{pick(_MATTER)}一事{pick(_WHO)}{pick(_DONE)}",
        lambda: f"找{pick(_WHO)}{name(draw)}，尾号{draw.randrange(10_000):04d}",
    )
    return "；".join(clause() for clause in draw.sample(clauses, pick((2, 2, 3)))) + "。"
