#!/usr/bin/env python3
"""Measure the server on this machine, beside a floor measured in the same run.

    python3 scripts/bench.py                    everything, as a table (about 8 minutes)
    python3 scripts/bench.py --json             everything, as one JSON object on stdout
    python3 scripts/bench.py --only w1,w3       some of it: w1, w2, w3, growth
    python3 scripts/bench.py --only explore     how fast the explorer plays, only if asked for
    python3 scripts/bench.py --repeat 9         medians of nine repeats instead of five
    python3 scripts/bench.py --write-readme     everything, and the README's table with it

What W1, W2 and W3 are is said in ``scripts/bench_measure.py``, growth in
``scripts/bench_growth.py``, how fast the explorer plays in ``scripts/bench_explore.py``;
what the floor is, in ``scripts/bench_floor.py``. The server is the one that operators run: `yuanba
serve`, two processes of two threads, SQLite with ``synchronous=FULL``, authentication,
validation, scope and merge included. Client and server share the machine, everything
goes over loopback with gzip, and databases are made in a temporary folder and removed.

Ratios say more than figures: they are taken within seconds of each other. On a busy
machine raise ``--repeat``. It needs a prepared checkout: ``python3 scripts/dev.py setup``.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
USUAL = ("w1", "w2", "w3", "growth")
PARTS = (*USUAL, "explore")


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """What is to be measured, and how it is told."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench.py", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    parser.add_argument("--only", type=_parts, default=USUAL, help=f"some of {','.join(PARTS)}")
    parser.add_argument("--repeat", type=int, default=5, help="repeats; the median counts (5)")
    parser.add_argument("--folder", type=Path, help="make the databases there (on a real disk)")
    parser.add_argument(
        "--write-readme", action="store_true", help="put the table into the README's block"
    )
    parser.add_argument(
        "--quick", action="store_true", help="a hundredth of it, to test the benchmark itself"
    )
    return parser.parse_args(argv)


def _parts(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    if not set(chosen) <= set(PARTS):
        raise argparse.ArgumentTypeError(f"choose from {','.join(PARTS)}")
    return chosen


def use_prepared_python() -> None:
    """Go on in the checkout's virtual environment, if this Python lacks the packages."""
    if all(importlib.util.find_spec(name) for name in ("flask", "orjson", "rich", "sync")):
        return
    folder = Path(os.environ.get("YUANBA_VENV") or ROOT / ".venv").expanduser()
    python = folder / "bin" / "python"
    if not python.exists() or Path(sys.prefix).resolve() == folder.resolve():
        sys.exit("Prepare the checkout first: python3 scripts/dev.py setup")
    os.execv(python, [str(python), *sys.argv])  # nosec B606 - our own Python, our own words


def main(argv: Sequence[str]) -> int:
    """Measure, then tell."""
    asked = arguments(argv)
    use_prepared_python()
    # Only now: these need what the virtual environment holds.
    from rich.console import Console

    from scripts.bench_measure import Measured, measure
    from scripts.bench_report import as_json, table, write_readme
    from scripts.bench_tablets import FULL, QUICK

    progress = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="yuanba-bench-", dir=asked.folder) as folder:
        measured: Measured = measure(
            QUICK if asked.quick else FULL,
            Path(folder),
            parts=asked.only,
            repeat=asked.repeat,
            say=lambda text: progress.print(f"[dim]{text}[/dim]"),
        )
    if asked.json:
        print(as_json(measured))
    else:
        Console(width=None if sys.stdout.isatty() else 120).print(table(measured))
    if asked.write_readme:
        write_readme(measured, ROOT / "README.md")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
