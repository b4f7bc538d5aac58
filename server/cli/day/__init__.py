"""`yuanba day`: three tablets and a real server live one day, and every promise is checked.

Who wants to know whether to trust this software should not have to believe a test
suite. This is the same server, the same protocol over HTTP and the same replicas; what
happens is what happens in the field; and each safeguard can be switched off, to see
that its check would notice.
"""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer


class Safeguard(StrEnum):
    """What can be switched off."""

    idempotency = "idempotency"
    base = "base"
    scope = "scope"
    eviction = "eviction"


class Language(StrEnum):
    """In what the day is told."""

    zh = "zh"
    en = "en"


def register(app: typer.Typer) -> None:
    """Add `day`."""

    @app.command()
    def day(
        lang: Annotated[
            Language | None, typer.Option(help="Tell it in this language; else YUANBA_LANG.")
        ] = None,
        broken: Annotated[
            Safeguard | None,
            typer.Option("--break", help="Switch one safeguard off: its check then fails."),
        ] = None,
        seed: Annotated[int, typer.Option(help="The same seed makes the same county.")] = 1,
        postgres: Annotated[
            str,
            typer.Option(metavar="URL", help="Live it on this PostgreSQL, in a new database."),
        ] = "",
    ) -> None:
        """Live a grid worker's day on a temporary database: offline, back, and all accounted for.

        Exits with 1 if a check fails.
        """
        # Not the settings: a day leaves nothing behind, and reading them makes a data folder.
        told = lang.value if lang is not None else os.environ.get("YUANBA_LANG", "zh")
        off = broken.value if broken is not None else ""
        if live(lang=told, broken=off, seed=seed, postgres=postgres):
            raise typer.Exit(1)


def live(*, lang: str, broken: str, seed: int, postgres: str = "") -> list[str]:
    """Live the day and tell it; answers the codes of the checks that failed."""
    from rich.console import Console

    from server.cli.day.cast import begin
    from server.cli.day.stage import raised
    from server.cli.day.story import CHAPTERS
    from server.cli.day.telling import Findings, Teller

    console, findings = Console(), Findings()
    tell = Teller(console, lang)
    tell.chapter("title")
    with raised(seed=seed, broken=broken, postgres=postgres) as stage:
        tell.say("stage", records=f"{stage.records:,}", url=stage.url)
        if broken:
            tell.say("broken", name=broken)
        day = begin(stage, tell, findings)
        try:
            for chapter in CHAPTERS:
                chapter(day)
        finally:
            for tablet in day.tablets:
                tablet.close()
    tell.conclude(findings)
    return findings.failed
