"""What a run leaves behind: one JSON file of figures, one CSV file of cases.

A figure without its provenance cannot be believed next year, so the JSON says
which scenario (with its hash), which seed, which commit and which versions made
it, and a digest of every case's moments: the same digest means the same run.

Invariants
    * No wall-clock time and no machine's name enters ``figures.json`` outside
      ``run``, so that two files of one run differ nowhere else.

The CSV starts with a byte order mark, because spreadsheets in an office take a
CSV without one for GBK.
"""

import csv
import json
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from simulator.case import MOMENTS
from simulator.estimates import Interval
from simulator.run import Result, Row, Watched

__all__ = ["Timing", "as_json", "commit_of", "write_report"]

_FORMAT = 1
_PACKAGES = ("yuanba", "numpy", "simpy")


@dataclass(frozen=True)
class Timing:
    """How long a run took, in seconds of the wall clock; the caller measures it."""

    seconds: float


def as_json(result: Result, timing: Timing) -> dict[str, Any]:
    """Return everything that a run gives, as JSON values. All durations are hours."""
    scenario = result.scenario
    return {
        "format": _FORMAT,
        "scenario": scenario.name,
        "title": {"zh": scenario.title[0], "en": scenario.title[1]},
        "estimate": {
            **asdict(scenario.estimate),
            "percentiles": list(scenario.estimate.percentiles),
            "units": result.units,
        },
        "cases": result.cases,
        "rows": [_row(row) for row in result.rows],
        "on_time": {name: _interval(value) for name, value in result.on_time.items()},
        "busy": {name: _interval(value) for name, value in result.busy.items()},
        "digest": result.digest,
        "provenance": {
            **scenario.source,
            "seed": scenario.seed,
            "commit": commit_of(Path(__file__).resolve().parent.parent),
            "versions": {"python": platform.python_version(), **_versions()},
        },
        "run": {
            "seconds": round(timing.seconds, 2),
            "events": result.events,
            "events_per_second": round(result.events / max(timing.seconds, 1e-9)),
        },
    }


def _row(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {"measure": row.measure, "class": row.order_class}
    found |= _figures(row)
    return found


def _figures(row: Row) -> dict[str, Any]:
    figures = row.figures
    found: dict[str, Any] = {
        "count": figures.count,
        "censored": figures.censored,
        "mean": _interval(figures.mean),
        "mean_at_least": figures.at_least,
        "share_above_zero": _interval(figures.above_zero),
        "percentiles": {name: _interval(value) for name, value in figures.percentiles.items()},
    }
    if row.plain is not None:
        found["without_control"] = {
            "mean": _interval(row.plain.mean),
            "share_above_zero": _interval(row.plain.above_zero),
            "percentiles": {n: _interval(v) for n, v in row.plain.percentiles.items()},
        }
    return found


def _interval(value: Interval | None) -> dict[str, float | None] | None:
    if value is None:
        return None
    return {"value": value.value, "low": value.low, "high": value.high}


def _versions() -> dict[str, str]:
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def commit_of(checkout: Path) -> str | None:
    """Return the commit of a checkout, read from its git folder, or None.

    Reading three small files needs no program; what is changed and not committed
    is not seen.
    """
    git = checkout / ".git"
    try:
        if git.is_file():
            git = (checkout / git.read_text().removeprefix("gitdir:").strip()).resolve()
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref:"):
            return head
        reference = head.removeprefix("ref:").strip()
        shared = git / "commondir"
        root = (git / shared.read_text().strip()) if shared.is_file() else git
        loose = root / reference
        if loose.is_file():
            return loose.read_text().strip()
        for line in (root / "packed-refs").read_text().splitlines():
            if line.endswith(f" {reference}"):
                return line.split(" ", 1)[0]
    except OSError:
        return None
    return None


def write_report(result: Result, timing: Timing, folder: Path) -> list[Path]:
    """Write ``figures.json`` and, where cases were kept, ``cases.csv``; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = folder / "figures.json"
    text = json.dumps(as_json(result, timing), ensure_ascii=False, indent=1)
    figures.write_text(text + "\n", encoding="utf-8")
    if not result.watched:
        return [figures]
    cases = folder / "cases.csv"
    with cases.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(_lines(result))
    return [figures, cases]


def _lines(result: Result) -> Iterable[list[Any]]:
    yield [
        *("replication", "case", "origin", "kind", "class", "business", "grid", "unit"),
        *("finished", "returns", "reopened", "rework_hours", "due"),
        *MOMENTS,
    ]
    for watched in result.watched:
        yield _line(result, watched)


def _line(result: Result, watched: Watched) -> list[Any]:
    scenario, case = result.scenario, watched.case

    def local(hours: float | None) -> str:
        if hours is None:
            return ""
        return f"{scenario.start + timedelta(hours=hours):%Y-%m-%d %H:%M:%S}"

    return [
        watched.replication,
        case.index,
        case.origin.spec.name,
        case.kind,
        scenario.classes[case.order_class].name,
        case.business or "",
        f"g{case.grid + 1}",
        "" if case.desk is None else case.desk.id,
        "yes" if watched.finished else "no",
        case.returns,
        case.reopened,
        f"{case.rework:.4f}",
        local(case.due),
        *(local(getattr(case, moment)) for moment in MOMENTS),
    ]
