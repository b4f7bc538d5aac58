"""`yuanba shrink`: of a failing run, the few steps that matter, as a file and as a story."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.errors import OperatorError
from server.cli.replay import kept_run, known_mutant, live, show

if TYPE_CHECKING:
    from simulator.exploration.run import Outcome
    from simulator.exploration.telling.runs import Kept

WORDS = {
    "holds": (
        "这个运行没有打破任何不变量，没有什么可以缩短。",
        "No invariant is broken in this run: there is nothing to shrink.",
    ),
    "from": (
        "{before} 步缩到 {after} 步，试了 {tried} 次",
        "{before} steps to {after}, in {tried} runs",
    ),
    "written": ("已写入 {path}", "Written: {path}"),
}


def say(word: str, lang: str, **values: object) -> str:
    """A text in a language."""
    return WORDS[word][lang == "en"].format(**values)


def _number(outcome: Outcome, kept: Kept | None) -> int:
    """The promise that is looked at: the one that the file names, if the run still breaks it."""
    assert outcome.broken is not None
    if kept is not None and kept.broken is not None and kept.broken[0] in outcome.breaks:
        return kept.broken[0]
    return outcome.broken[0]


def register(app: typer.Typer) -> None:
    """Add `shrink`."""

    @app.command()
    def shrink(
        run: Annotated[str, typer.Argument(help="A seed, or the file of a run.")],
        out: Annotated[
            Path | None, typer.Option(help="Where to write; else beside it, or explored/.")
        ] = None,
        profile: Annotated[str, typer.Option(help="Of a seed: swarm or fixed.")] = "swarm",
        steps: Annotated[int, typer.Option(min=1, help="Of a seed: how many steps.")] = 300,
        mutant: Annotated[str, typer.Option(help="Plant this bug.")] = "",
        lang: Annotated[str, typer.Option(help="zh or en.", envvar="YUANBA_LANG")] = "zh",
    ) -> None:
        """Cut a failing run down to the few steps that break the promise."""
        from rich.console import Console

        from simulator.exploration.mutants.table import planted
        from simulator.exploration.telling.runs import write_run
        from simulator.exploration.telling.shrink import shrink as cut_down

        kept_before = kept_run(run)
        bug = known_mutant(mutant or (kept_before.mutant if kept_before else None))
        outcome = live(run, profile=profile, steps=steps, mutant=bug)
        if outcome.broken is None:
            raise OperatorError(say("holds", lang))
        tries = [0]
        with Console(stderr=True).status("…") as status, planted(bug):

            def progress(tried: int, left: int) -> None:
                tries[0] = tried
                status.update(f"{tried}: {left}")

            number = _number(outcome, kept_before)
            kept, small = cut_down(
                outcome.steps, seed=outcome.seed, number=number, progress=progress
            )
        path = out or (
            Path("explored") / f"{run}-small.json"
            if kept_before is None
            else Path(run).with_name(f"{Path(run).stem}-small.json")
        )
        small.profile, small.broken = outcome.profile, small.named([number])
        write_run(path, small, kept, mutant=bug)
        show(small, lang, trace=True)
        before, after = len(outcome.steps), len(kept)
        typer.echo(say("from", lang, before=before, after=after, tried=tries[0]))
        typer.echo(say("written", lang, path=path))
