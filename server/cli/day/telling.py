"""Telling the day: plain sentences, what each step cost on the wire, a table at the end.

Nothing is judged here. What is told is what ``story`` and ``checks`` found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from server.cli.day.words import CHECKS, CONCLUSIONS, FOUND, LINES, OUTCOMES
from sync.client import Report

__all__ = ["Findings", "Teller", "size"]


def size(count: int) -> str:
    """Bytes as a person reads them.

    >>> size(345), size(12_345), size(2_345_678)
    ('345 B', '12.3 kB', '2.3 MB')
    """
    if count < 1_000:
        return f"{count} B"
    return f"{count / 1_000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


@dataclass
class Findings:
    """What the checks found: code → (passed, or None where it was not reached; in words)."""

    found: dict[str, tuple[bool | None, str]] = field(default_factory=dict)

    def note(self, code: str, passed: bool | None, what: str = "") -> None:
        """Take note of a check. One that was looked at twice must pass both times."""
        assert code in CHECKS
        before = self.found.get(code)
        if before is None or before[0] is not False:
            self.found[code] = (passed, what)

    @property
    def failed(self) -> list[str]:
        """The codes that did not pass."""
        return [code for code in CHECKS if self.found.get(code, (None, ""))[0] is False]

    @property
    def passed(self) -> list[str]:
        """The codes that passed."""
        return [code for code in CHECKS if self.found.get(code, (None, ""))[0]]


class Teller:
    """Tells in one language, on one console."""

    def __init__(self, console: Console, lang: str) -> None:
        self._console = console
        self._place = 0 if lang == "zh" else 1
        self.lang = lang

    def words(self, table: Mapping[str, tuple[str, str]], key: str, **params: Any) -> str:
        """One text, filled in."""
        return table[key][self._place].format(**params)

    def chapter(self, key: str, **params: Any) -> None:
        """A title."""
        self._console.print()
        self._console.print(self.words(LINES, key, **params), style="bold", highlight=False)

    def say(self, key: str, **params: Any) -> None:
        """One thing that happens."""
        told = Text(self.words(LINES, key, **params))
        self._console.print(Padding(told, (0, 0, 0, 2)), highlight=False)

    def wire(self, report: Report, ms: int) -> None:
        """What it cost."""
        up, down = size(report.bytes_up), size(report.bytes_down)
        told = self.words(LINES, "wire", up=up, down=down, ms=ms)
        self._console.print(f"    {told}", style="dim", highlight=False)

    def found(self, key: str, **params: Any) -> str:
        """What a check found, in words."""
        return self.words(FOUND, key, **params)

    def outcomes(self, counted: Counter[str]) -> str:
        """How many operations got which outcome."""
        told = [self.words(OUTCOMES, code, n=counted[code]) for code in OUTCOMES if counted[code]]
        return ("，" if self.lang == "zh" else ", ").join(told) or "–"

    def conclude(self, findings: Findings) -> None:
        """The table, and how the day ended."""
        table = Table("", self.words(LINES, "table_check"), self.words(LINES, "table_found"))
        table.columns[1].overflow = table.columns[2].overflow = "fold"
        for code in CHECKS:
            passed, what = findings.found.get(code, (None, ""))
            mark = {True: "[green]✓[/]", False: "[red]✗[/]", None: "–"}[passed]
            if passed is None and not what:
                what = self.words(CONCLUSIONS, "not_reached")
            table.add_row(mark, self.words(CHECKS, code), what)
        self._console.print()
        self._console.print(table)
        failed = findings.failed
        if failed:
            names = ", ".join(failed)
            told = self.words(CONCLUSIONS, "bad", failed=len(failed), names=names)
            self._console.print(told, style="bold red", highlight=False)
        else:
            told = self.words(CONCLUSIONS, "good", passed=len(findings.passed))
            self._console.print(told, style="bold green", highlight=False)
