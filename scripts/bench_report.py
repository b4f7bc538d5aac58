"""How the figures are told: JSON for programs, a table for people, a block in the README.

Every figure is the median of its repeats. A ratio of W1 is ours to the floor's in
seconds, so less is better; of W2 and W3 in rates, so more is better. All ratios are
of the floor in its ordinary configuration.
"""

from __future__ import annotations

import os
import platform
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import orjson
from rich.table import Table

from scripts.bench_measure import FLOORS, OURS, Figures, Measured

BLOCK = re.compile(r"(<!-- bench -->\n).*?(<!-- /bench -->)", re.DOTALL)
COMMAND = "python3 scripts/bench.py"


def as_json(measured: Measured) -> str:
    """One JSON object: ``w1``, ``w2``, ``w3``, ``growth``, ``explore``, as far as measured."""
    told = figures(measured)
    if measured.growth:
        told["growth"] = {
            str(size): round(cost.median_ms, 3) for size, cost in measured.growth.items()
        }
    if measured.explored is not None:
        told["explore"] = {
            "per_cpu_s": round(measured.explored.per_cpu_s, 2),
            "simulated_per_real": round(measured.explored.simulated_per_real),
        }
    return orjson.dumps(told).decode()


def figures(measured: Measured) -> dict[str, Any]:
    """The workloads' figures by name. Seconds, bytes, milliseconds, and rates per second."""
    if not measured.figures:
        return {}
    ours, floor = measured.figures[OURS], measured.figures[next(iter(FLOORS))]
    told: dict[str, Any] = {}
    if ours.first_sync_s:
        seconds, least = median(ours.first_sync_s), median(floor.first_sync_s)
        told["w1"] = {
            "seconds": round(seconds, 4),
            "bytes": ours.first_sync_bytes,
            "floor": round(least, 4),
            "ratio": round(seconds / least, 3),
        }
    if ours.edits_per_s:
        most = median(floor.edits_per_s)
        one, several = median(ours.edits_per_s), median(ours.edits_per_s_at_once)
        told["w2"] = {
            "per_s": round(one),
            "floor": round(most),
            "ratio": round(one / most, 3),
            "per_s_8": round(several),
            "ratio_8": round(several / most, 3),
        }
    if ours.quiet_per_s:
        rate, most = median(ours.quiet_per_s), median(floor.quiet_per_s)
        told["w3"] = {
            "per_s": round(rate),
            "p95_ms": round(ours.percentile_ms(0.95), 2),
            "floor": round(most),
            "ratio": round(rate / most, 3),
        }
    return told


class Line(NamedTuple):
    """One line of the table."""

    what: str
    ours: str
    floor: str
    ratio: str
    wanted: str


HEADINGS = Line("", "Yuanba", "floor", "ratio", "wanted")


def lines(measured: Measured) -> Iterator[Line]:
    """The lines of the table."""
    told, plan = figures(measured), measured.plan
    if "w1" in told:
        w1 = told["w1"]
        yield Line(
            f"W1 first sync, {plan.first_sync:,} households",
            f"{w1['seconds']:.3f} s, {w1['bytes'] / 1000:,.0f} kB",
            f"{w1['floor']:.3f} s",
            f"{w1['ratio']:.2f}",
            "≤ 1.3, ≤ 900 kB",
        )
    if "w2" in told:
        w2 = told["w2"]
        floor = measured.figures[next(iter(FLOORS))]
        yield Line(
            "W2 edits, one tablet",
            f"{w2['per_s']:,}/s",
            f"{w2['floor']:,}/s",
            f"{w2['ratio']:.2f}",
            "≥ 0.15",
        )
        yield Line(
            f"W2 edits, {plan.editors} tablets at once",
            f"{w2['per_s_8']:,}/s",
            f"({median(floor.edits_per_s_at_once):,.0f}/s)",
            f"{w2['ratio_8']:.2f}",
            "≥ 0.15",
        )
    if "w3" in told:
        w3, ours = told["w3"], measured.figures[OURS]
        yield Line(
            f"W3 exchanges, {plan.connections} connections",
            f"{w3['per_s']:,}/s, p50 {ours.percentile_ms(0.5):.1f} ms, p95 {w3['p95_ms']:.1f} ms",
            f"{w3['floor']:,}/s",
            f"{w3['ratio']:.2f}",
            "≥ 1.3, p95 ≤ 20 ms",
        )
    for size, cost in measured.growth.items():
        yield Line(
            f"one exchange among {size:,}",
            f"{cost.median_ms:.2f} ms, p95 {cost.p95_ms:.1f}, CPU {cost.cpu_ms:.2f}",
            "",
            "",
            "no growth",
        )
    if measured.explored is not None:
        yield Line(
            "explored seeds in a core's second",
            f"{measured.explored.per_cpu_s:.1f}, "
            f"{measured.explored.simulated_per_real:,.0f} times real time",
            "",
            "",
            "≥ 4",
        )


def notes(measured: Measured) -> Iterator[str]:
    """What has to be known to read the table."""
    yield (
        f"Medians of {measured.repeat}; {os.cpu_count()} cores shared by client and server, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        "synchronous=FULL, gzip over loopback. "
        "Yuanba: `yuanba serve`, two processes of two threads."
    )
    yield (
        "Floor: bare Flask, sqlite3 and orjson for the same bytes, under gunicorn with two workers "
        "of eight threads; ratios of eight tablets are to its rate with one."
    )
    for name in list(FLOORS)[1:]:
        if name in measured.figures:
            yield f"With Yuanba's threads ({name}): {_in_short(measured.figures[name])}."
    if measured.figures:
        yield f"CPU of the servers' processes: {_cpu(measured)}."


def _in_short(floor: Figures) -> str:
    parts = []
    if floor.first_sync_s:
        parts.append(f"W1 {median(floor.first_sync_s):.3f} s")
    if floor.edits_per_s:
        parts.append(f"W2 {median(floor.edits_per_s):,.0f}/s")
    if floor.quiet_per_s:
        parts.append(f"W3 {median(floor.quiet_per_s):,.0f}/s")
    return ", ".join(parts)


def _cpu(measured: Measured) -> str:
    ours, floor = measured.figures[OURS], measured.figures[next(iter(FLOORS))]
    units = {"w1": "a record", "w2": "an edit", "w2 at once": "an edit of eight", "w3": "a W3"}
    return ", ".join(
        f"{units[what]} {ours.cpu(what):.3f} ms (floor {floor.cpu(what):.3f})"
        for what in units
        if what in ours.cpu_ms
    )


def table(measured: Measured) -> Table:
    """The table for a terminal."""
    shown = Table(caption="\n".join(notes(measured)), caption_justify="left")
    for place, heading in enumerate(HEADINGS):
        shown.add_column(heading, justify="left" if place == 0 else "right", no_wrap=place == 1)
    for line in lines(measured):
        shown.add_row(*line)
    return shown


def markdown(measured: Measured) -> str:
    """The table for the README, with the command that made it."""
    rows = [HEADINGS, Line(*("---" for _ in HEADINGS)), *lines(measured)]
    body = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{body}\n\n" + "\n".join(notes(measured)) + f"\nMade by `{COMMAND} --write-readme`.\n"


def write_readme(measured: Measured, path: Path) -> None:
    """Replace what stands between the README's marks. Raises ValueError if it has none."""
    text = path.read_text(encoding="utf-8")
    if not BLOCK.search(text):
        raise ValueError(f"{path.name} has no block between <!-- bench --> and <!-- /bench -->")
    block = markdown(measured)
    path.write_text(BLOCK.sub(lambda found: found[1] + block + found[2], text), encoding="utf-8")
