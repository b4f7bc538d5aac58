"""The trace: what happened in a run, as facts, as one hash, and as a story in words.

Two runs are the same if their traces are; a person who reads one needs sentences. So a
fact is a kind, who it is about and a few values, and the words are a table beside it.

>>> trace = Trace(keep=True)
>>> trace.tell(61_000, "clock", "wang", ahead=120)
>>> trace.story("en")
['00:01:01 wang: the clock is wrong by 120 minutes now']
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

__all__ = ["WORDS", "Fact", "Trace", "tell_story"]


class Fact(NamedTuple):
    """Something that happened: when (ms since the beginning), what, to whom."""

    at: int
    kind: str
    who: str
    values: Mapping[str, Any]


WORDS: Mapping[str, tuple[str, str]] = {
    "work": ("填报：{what}", "works: {what}"),
    "not_done": ("没有做成（{code}）", "could not do it ({code})"),
    "fault": ("网络：{fault}", "the network: {fault}"),
    "sync": ("开始同步", "begins an exchange"),
    "request": ("发出 {operations} 条修改", "hands in {operations} changes"),
    "answer": ("服务器答复 {outcomes}，{rows} 行", "the server answers {outcomes}, {rows} rows"),
    "refused": ("服务器拒绝：{code}", "the server refuses: {code}"),
    "next": ("同步结束：{step}", "the exchange ends: {step}"),
    "clock": ("时钟从此差 {ahead} 分钟", "the clock is wrong by {ahead} minutes now"),
    "kill": ("应用被终止后重新打开", "the app is killed and opened again"),
    "image": ("设备做了备份", "the disk is copied, as every night"),
    "rollback": ("设备恢复到昨天的备份", "the disk is set back to its last copy"),
    "clone": ("平板被复制成 {name}", "is copied onto another tablet, {name}"),
    "full": ("存储空间满：{on}", "the disk is full: {on}"),
    "desk": ("办公室：{what}", "at the desk: {what}"),
    "server": ("服务器：{what}", "the server: {what}"),
    "leap": ("过去了 {days} 天", "{days} days pass"),
    "heal": ("故障停止，各设备逐一同步", "the faults end; every tablet exchanges"),
    "broken": ("不变量 {number} 被破坏：{why}", "invariant {number} is broken: {why}"),
    "skipped": ("跳过：{what}", "skipped: {what}"),
}
"""Kind of fact → how it is told (zh, en)."""


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
    words = WORDS.get(fact.kind)
    if words is None:
        text = f"{fact.kind} {json.dumps(fact.values, ensure_ascii=False, default=str)}"
    else:
        text = words[lang == "en"].format_map(fact.values)
    colon = "：" if lang == "zh" else ": "
    return f"{when} {fact.who}{colon}{text}"
