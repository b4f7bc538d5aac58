"""What a change must pass, and how a check is run so that its failure is not missed.

A run prints thousands of lines, and who reads it, on a screen or in a log that keeps only the
last of them, begins at the end. So what failed is said there once more, in its own words.
``dev.py`` runs this before anything is installed: it imports the standard library alone.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

__all__ = ["CHECKS", "follow", "words_of_failure"]

CHECKS = {  # heading: command; all run, whatever the others found
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "bandit": ["bandit", "-q", "-ll", "-ii", "-c", "pyproject.toml", "-r", "."],
    "types of the tablet": ["node", "node_modules/typescript/bin/tsc", "--noEmit"],
    "tests of the tablet": ["node", "node_modules/vitest/vitest.mjs", "run"],
    "pytest": [
        *("pytest", "-n", "2", "--ignore=tests/browser"),
        *("--cov", "--cov-report=term:skip-covered"),
    ],
    "coverage of the engine": ["coverage", "report", "--include=sync/*", "--fail-under=100"],
    # Apart, for these measure seconds: databases that are killed beside them would tell in them.
    # A machine that stands still for a moment fails them too: what failed is tried once more, and
    # the summary names it, for a fault that comes seldom is a fault to be found.
    "pytest in browsers": ["pytest", "-n", "2", "--reruns", "1", "-rR", "tests/browser"],
}

# Where a tool begins to tell what failed; what it does not tell so is in its last lines.
TELLING = re.compile(r"=+ (FAILURES|ERRORS) =+|.* Failed Tests \d+ ")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
FIRST, LAST = 45, 15  # lines


def follow(
    args: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str]
) -> tuple[int, list[str]]:
    """Run a command, show what it prints while it does, and return its exit code and its lines."""
    lines: list[str] = []
    process = subprocess.Popen(  # no `with`: that would wait for the end of the pipe
        [str(word) for word in args],
        cwd=cwd,
        env={**env, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    reader = threading.Thread(target=_show, args=[process.stdout, lines], daemon=True)
    reader.start()
    code = process.wait()
    # A server that a check leaves behind holds the pipe open; nobody waits for that to end.
    reader.join(10)
    return code, list(lines)


def _show(stream: IO[str], lines: list[str]) -> None:
    """Print lines as they come, as well as the terminal can, and keep them."""
    encoding = sys.stdout.encoding or "utf-8"
    for line in stream:
        sys.stdout.write(line.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
        lines.append(COLOURS.sub("", line.rstrip()))
    stream.close()


def words_of_failure(lines: Sequence[str]) -> list[str]:
    """The part of a failed check's lines that tells what failed, at most 60 of them."""
    begun = next((at for at, line in enumerate(lines) if TELLING.match(line)), len(lines))
    first = lines[begun : begun + FIRST]
    rest = lines[begun + FIRST :] if first else lines[-FIRST - LAST :]
    return [*first, *rest[-LAST:]] if first else list(rest)
