"""`yuanba replay`: live a run again, from its seed or from its file, and tell it in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.errors import OperatorError

if TYPE_CHECKING:
    from simulator.exploration.run import Outcome

WORDS = {
    "trace": ("轨迹 {digest}", "trace {digest}"),
    "held": ("全部不变量保持", "every invariant held"),
    "broken": ("不变量 {number}（{promise}）：{why}", "invariant {number} ({promise}): {why}"),
    "other": (
        "这次的结果与文件记录的不同（文件：{was}）",
        "This time it ended otherwise than the file says ({was})",
    ),
}


def say(word: str, lang: str, **values: object) -> str:
    """A text in a language."""
    return WORDS[word][lang == "en"].format(**values)


def live(what: str, *, profile: str, steps: int, mutant: str | None) -> Outcome:
    """The run of a seed or of a file. Raises OperatorError if it is neither."""
    from simulator.exploration.mutants import planted
    from simulator.exploration.run import explore, play
    from simulator.exploration.runs import read_run

    if what.isdigit():
        with planted(mutant):
            return explore(int(what), profile=profile, steps=steps, keep_trace=True)
    try:
        kept = read_run(Path(what))
    except ValueError as error:
        raise OperatorError(str(error)) from None
    with planted(mutant or kept.mutant):
        return play(kept.steps, seed=kept.seed, profile=kept.profile, keep_trace=True)


def show(outcome: Outcome, lang: str, *, trace: bool) -> None:
    """Tell a run: its story if that is wanted, its hash, and how it ended."""
    from simulator.exploration.promises import PROMISES
    from simulator.exploration.trace import tell_story

    if trace:
        for line in tell_story(outcome.facts, lang):
            typer.echo(line)
    typer.echo(say("trace", lang, digest=outcome.digest))
    if outcome.broken is None:
        typer.echo(say("held", lang))
        return
    number, why = outcome.broken
    promise = PROMISES.get(number, ("程序出错", "the program failed"))[lang == "en"]
    typer.echo(say("broken", lang, number=number, promise=promise, why=why))


def register(app: typer.Typer) -> None:
    """Add `replay`."""

    @app.command()
    def replay(
        run: Annotated[str, typer.Argument(help="A seed, or the file of a run.")],
        trace: Annotated[bool, typer.Option("--trace", help="Tell what happened.")] = False,
        profile: Annotated[str, typer.Option(help="Of a seed: swarm or fixed.")] = "swarm",
        steps: Annotated[int, typer.Option(min=1, help="Of a seed: how many steps.")] = 300,
        mutant: Annotated[str, typer.Option(help="Plant this bug.")] = "",
        lang: Annotated[str, typer.Option(help="zh or en.", envvar="YUANBA_LANG")] = "zh",
    ) -> None:
        """Live an explored run again, and tell it in words."""
        outcome = live(run, profile=profile, steps=steps, mutant=mutant or None)
        show(outcome, lang, trace=trace)
        if outcome.broken is not None:
            raise typer.Exit(1)
