"""The trace: what happened in a run, as facts, as one hash, and as a story in words.

Two runs are the same if their traces are; a person who reads one needs sentences. So a
fact is a kind, who it is about and a few values, and the words are a table beside it.

>>> trace = Trace(keep=True)
>>> trace.tell(61_000, "clock", "wang", ahead=120)
>>> trace.story("en")
['00:01:01 wang: the clock is wrong by 120 minutes now']
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from simulator.exploration.hostile.words import HOSTILE
from simulator.exploration.office import CATALOGUE
from simulator.exploration.telling.reasons import reason
from simulator.exploration.telling.sometimes import SOMETIMES

__all__ = ["WORDS", "Fact", "Trace", "tell_story"]


class Fact(NamedTuple):
    """Something that happened: when (ms since the beginning), what, to whom."""

    at: int
    kind: str
    who: str
    values: Mapping[str, Any]


WORDS: Mapping[str, tuple[str, str]] = {
    "work": ("{drafts}", "{drafts}"),
    "not_done": ("没有做成（{code}）", "could not do it ({code})"),
    "fault": ("网络：{fault}", "the network: {fault}"),
    "answer": (
        "服务器答复 {path}：{status}，{size} 字节",
        "the server answers {path}: {status}, {size} bytes",
    ),
    "next": ("同步结束：{step}；收到 {rows} 行{outcomes}", "{step}; {rows} rows came{outcomes}"),
    "hostile": (
        "夹带有问题的请求：{what}；答复 {status}",
        "sends wrong things: {what}; met with {status}",
    ),
    "clock": ("时钟从此差 {ahead} 分钟", "the clock is wrong by {ahead} minutes now"),
    "kill": ("应用被终止后重新打开", "the app is killed and opened again"),
    "image": ("设备做了备份", "the disk is copied, as every night"),
    "rollback": ("设备恢复到昨天的备份", "the disk is set back to its last copy"),
    "clone": ("平板被复制成 {name}", "is copied onto another tablet, {name}"),
    "full": ("存储空间满：{on}", "the disk is full: {on}"),
    "desk": ("在办公室{drafts}：{outcome}", "at the desk, {drafts}: {outcome}"),
    "undo": ("在办公室撤销 {stamp}：{outcome}", "at the desk, undoes {stamp}: {outcome}"),
    "release": ("放行暂存的 {stamp}：{outcome}", "releases {stamp}, which was held: {outcome}"),
    "supervise": ("设备 {device}：{step}", "device {device}: {step}"),
    "restart": ("重新启动", "starts anew"),
    "backup": ("做了备份", "is backed up"),
    "restored": ("从备份恢复", "comes back from its backup"),
    "closed": ("升级，停止服务 {seconds} 秒", "is closed for {seconds} seconds, for an update"),
    "compacted": (
        "清理 {days} 天前的删除记录：{purged} 条",
        "forgets what was deleted {days} days ago: {purged} entries",
    ),
    "redacted": (
        "抹去记录 …{record} 的个人信息，共 {count} 条",
        "erases what is known of a person, from record …{record} on, {count} in all",
    ),
    "upgraded": (
        "升级完成，数据结构版本 {schema}",
        "is a newer version now, of schema {schema}",
    ),
    "damage": (
        "本机副本受损（{how}）：记录 …{record}",
        "its copy of record …{record} goes wrong ({how})",
    ),
    "bundle": (
        "待交修改由他人带交（{how}），答复 {status}",
        "its work is brought by another ({how}), and met with {status}",
    ),
    "photo": (
        "照片 {sum} 已交清（记录 …{record}）",
        "photo {sum} of record …{record} is handed in",
    ),
    "photo_abuse": (
        "对照片做手脚（{how}），答复 {status}",
        "tries something with photos ({how}), met with {status}",
    ),
    "swept": (
        "清理照片：未传完 {unfinished} 张，无人引用 {unnamed} 张",
        "clears photos away: {unfinished} half sent, {unnamed} that nothing names",
    ),
    "upkeep": ("例行维护，放行 {released} 条", "does what is due: {released} are let go"),
    "holiday": ("放假 {days} 天", "is on holiday for {days} days"),
    "crash": ("崩溃后重新启动", "falls, and starts anew"),
    "heal": ("故障停止，各设备逐一同步", "the faults end; every tablet exchanges"),
    "broken": ("不变量 {number} 被打破：{why}", "invariant {number} is broken: {why}"),
    "skipped": ("跳过：{what}", "skipped: {what}"),
}
"""Kind of fact → how it is told (zh, en)."""

CODES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "step": {
        "rest": ("没有更多要做的", "the exchange is done"),
        "again": ("还要再同步一次", "one more exchange is needed"),
        "wait": ("稍后再试", "it will try again later"),
        "refresh": ("要换新的令牌", "new tokens are needed"),
        "enrol": ("要重新登记", "it must be enrolled again"),
        "update": ("要先升级应用", "the app must be updated first"),
        "wipe": ("按通知清除本机", "it is told to erase itself"),
        "stop": ("服务器不接受这台设备", "the server does not take this tablet"),
        "broken_off": ("中断", "the exchange is broken off"),
    },
    "outcome": {
        "applied": ("已生效", "applied"),
        "merged": ("已合并", "merged"),
        "conflict": ("有冲突", "in conflict"),
        "held": ("暂存", "held"),
        "rejected": ("被拒绝", "rejected"),
    },
    "kind": {
        "create": ("新建", "creates"),
        "edit": ("修改", "edits"),
        "delete": ("删除", "deletes"),
        "restore": ("恢复", "restores"),
        "transition": ("办理", "takes a step of"),
        "resolve": ("处理冲突于", "decides a conflict about"),
        "merge": ("合并", "merges"),
    },
    "on": {"True": ("是", "yes"), "False": ("否", "no")},
}
"""Value in a fact → code → its words; a code without words is told as it is."""


class Trace:
    """The facts of one run. Without ``keep`` only their hash is kept."""

    def __init__(self, *, keep: bool = False) -> None:
        self.facts: list[Fact] = []
        self._keep = keep
        self._hash = blake2b(digest_size=16)

    def tell(self, at: int, kind: str, who: str, **values: Any) -> None:
        """Add a fact."""
        self._hash.update(repr((at, kind, who, sorted(values.items()))).encode())
        if self._keep:
            self.facts.append(Fact(at, kind, who, values))

    def digest(self) -> str:
        """The hash of everything told so far."""
        return self._hash.hexdigest()

    def story(self, lang: str) -> list[str]:
        """The facts in words."""
        return tell_story(self.facts, lang)


def tell_story(facts: Iterable[Fact], lang: str) -> list[str]:
    """Facts in words, ``zh`` or ``en``."""
    return [_sentence(fact, lang) for fact in facts]


def _sentence(fact: Fact, lang: str) -> str:
    seconds = fact.at // 1000
    days, clock = divmod(seconds, 86_400)
    when = f"{clock // 3600:02}:{clock // 60 % 60:02}:{clock % 60:02}"
    if days:
        when = (f"第{days + 1}天 " if lang == "zh" else f"day {days + 1} ") + when
    told = {name: _value(name, value, lang) for name, value in fact.values.items()}
    colon = "：" if lang == "zh" else ": "
    return f"{when} {fact.who}{colon}{WORDS[fact.kind][lang == 'en'].format_map(told)}"


def _value(name: str, value: Any, lang: str) -> str:
    """A value of a fact, for people."""
    chinese = lang != "en"
    if name == "drafts":
        return ("；" if chinese else "; ").join(_draft(one, lang) for one in value)
    if name == "what" and isinstance(value, list):
        told = [HOSTILE[one][not chinese] for one in value]
        return ("、" if chinese else ", ").join(told)
    if name == "fault":
        words = SOMETIMES.get(f"network:{value}") or SOMETIMES.get(value)
        return words[not chinese] if words else str(value)
    if name == "outcomes":
        counts = [f"{_code('outcome', key, lang)} {count}" for key, count in value.items()]
        return "".join(("，" if chinese else ", ") + one for one in counts)
    if name == "why":
        return reason(str(value), lang)
    return _code(name, value, lang)


def _code(name: str, value: Any, lang: str) -> str:
    words = CODES.get(name, {}).get(str(value))
    return words[lang == "en"] if words else str(value)


def _draft(told_in_short: tuple[str, str, str, list[str]], lang: str) -> str:
    kind, type_name, record, fields = told_in_short
    spec, english = CATALOGUE.get(type_name), lang == "en"
    names = list(fields)
    if spec is not None:
        type_name = (spec.zh, spec.en)[english]
        known = spec.by_name
        labels = {
            name: (known[name].zh, known[name].en)[english] for name in names if name in known
        }
        names = [labels.get(name, name) for name in names]
    told = f"{_code('kind', kind, lang)}{' ' if english else ''}{type_name} …{record}"
    if not names:
        return told
    return f"{told} ({', '.join(names)})" if english else f"{told}（{'、'.join(names)}）"
