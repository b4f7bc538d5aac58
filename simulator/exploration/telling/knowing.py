"""How we know: the page that says, for each promise, what asks it and what proves the asking.

A page of figures that somebody typed is worth nothing. So this one is made: the promises and
the planted bugs from their tables, the steps that find a bug from the runs that are kept,
and the counts from the last campaign, which left them in a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from simulator.exploration.mutants.table import MUTANTS
from simulator.exploration.oracle.promises import PROMISES
from simulator.exploration.telling.campaign import Campaign
from simulator.exploration.telling.runs import read_run
from simulator.exploration.telling.sometimes import SOMETIMES

__all__ = ["figures_of", "page"]

HEADS = {
    "zh": ("# 我们怎么知道", "承诺", "能证明检查会失败的错误（种下后由几步发现）", "发生次数"),
    "en": (
        "# How we know",
        "promise",
        "planted bugs that show the check can fail (in how many steps)",
        "how often",
    ),
}
INTRO = {
    "zh": "本页由 `yuanba explore --figures` 和留存的运行生成，没有手写的数字。",
    "en": "Made by `yuanba explore --figures` from a campaign and from the runs that are kept; "
    "no figure is typed.",
}

PAIRS_ONLY = 13
"""The promise of which only two processes can tell (``hashes.py``)."""
PAIRED = ("两个进程对照", "by two processes")


def figures_of(campaigns: Mapping[str, Campaign], steps: int) -> dict[str, Any]:
    """What campaigns came to, as JSON: profile → figures."""
    return {
        name: {
            "seeds": one.seeds,
            "steps": steps,
            "failures": len(one.failures),
            "cpu_ms_per_seed": round(1000 * one.cpu_s / max(1, one.seeds)),
            "simulated_per_real": round(one.simulated_per_real),
            "seen": {key: one.seen.get(key, 0) for key in SOMETIMES},
        }
        for name, one in campaigns.items()
    }


def page(figures: Mapping[str, Any], killed: Path, lang: str) -> str:
    """The page, in Markdown. ``killed``: the folder of the runs that find planted bugs."""
    return "\n".join(_lines(figures, killed, lang)) + "\n"


def _lines(figures: Mapping[str, Any], killed: Path, lang: str) -> Iterator[str]:
    place = lang == "en"
    title, promise, mutants, often = HEADS[lang]
    yield from (title, "", INTRO[lang], "", f"| | {promise} | {mutants} |", "| --- | --- | --- |")
    found, sign = _found(killed), "；" if place == 0 else "; "
    for number, words in PROMISES.items():
        names = [
            f"{MUTANTS[name][place]} ({steps})"
            for name, (broken, steps) in found.items()
            if broken == number
        ]
        # No run of one process shows them; a test of every check lives each in two.
        names += [
            f"{one[place]} ({PAIRED[place]})"
            for one in MUTANTS.values()
            if one.promises == (number,) and number == PAIRS_ONLY
        ]
        yield f"| {number} | {words[place]} | {sign.join(names)} |"
    for profile, told in figures.items():
        yield from ("", f"## {profile}", "", _summary(told, lang), "")
        yield from (f"| | {often} |", "| --- | ---: |")
        for key, words in SOMETIMES.items():
            yield f"| {words[place]} | {told['seen'].get(key, 0):,} |"


def _found(killed: Path) -> dict[str, tuple[int, int]]:
    """Name of a planted bug → the promise that it broke, and in how many steps."""
    runs = {path.stem: read_run(path) for path in sorted(killed.glob("*.json"))}
    return {
        name: (run.broken[0], len(run.steps))
        for name, run in runs.items()
        if run.broken is not None and name in MUTANTS
    }


def _summary(told: Mapping[str, Any], lang: str) -> str:
    if lang == "zh":
        return (
            f"{told['seeds']:,} 个种子，每个 {told['steps']} 步；被打破 {told['failures']} 个；"
            f"每个 {told['cpu_ms_per_seed']} 毫秒 CPU；"
            f"模拟时间是真实时间的 {told['simulated_per_real']:,} 倍。"
        )
    return (
        f"{told['seeds']:,} seeds of {told['steps']} steps; {told['failures']} broken; "
        f"{told['cpu_ms_per_seed']} ms of CPU each; "
        f"simulated time {told['simulated_per_real']:,} times real time."
    )


def read_figures(path: Path) -> dict[str, Any]:
    """The figures of the last campaign."""
    told: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return told
