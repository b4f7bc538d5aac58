"""`yuanba replay`: live a run again, from its seed or from its file, and tell it in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.errors import OperatorError

if TYPE_CHECKING:
    from simulator.exploration.run import Outcome
    from simulator.exploration.telling.runs import Kept

WORDS = {
    "trace": ("轨迹 {digest}", "trace {digest}"),
    "held": ("全部不变量保持", "every invariant held"),
    "broken": ("不变量 {number}（{promise}）：{why}", "invariant {number} ({promise}): {why}"),
    "other": (
        "文件记录的结果是：{was}。这次不同。",
        "The file says that it ended so: {was}. This time it is otherwise.",
    ),
}


def say(word: str, lang: str, **values: object) -> str:
    """A text in a language."""
    return WORDS[word][lang == "en"].format(**values)


def kept_run(what: str) -> Kept | None:
    """The run in a file; None for a seed. Raises OperatorError if it is neither."""
    from simulator.exploration.telling.runs import read_run

    if what.isascii() and what.isdigit():
        return None
    if not Path(what).exists():
        raise OperatorError(f"{what} is no seed, and there is no such file.")
    try:
        return read_run(Path(what))
    except ValueError as error:
        raise OperatorError(str(error)) from None


def known_mutant(name: str | None) -> str | None:
    """The name of a planted bug, or None. Raises OperatorError if there is none of this name."""
    from simulator.exploration.mutants.table import MUTANTS

    if name and name not in MUTANTS:
        raise OperatorError(f"There is no mutant {name!r}. These are: {', '.join(MUTANTS)}.")
    return name or None


def known_profile(name: str) -> None:
    """Raises OperatorError if there is no such profile."""
    from simulator.exploration.profiles import PROFILES

    if name not in PROFILES:
        raise OperatorError(f"--profile is {' or '.join(PROFILES)}, not {name!r}.")


def live(what: str, *, profile: str, steps: int, mutant: str | None) -> Outcome:
    """The run of a seed or of a file. Raises OperatorError if it is neither."""
    from simulator.exploration.mutants.table import planted
    from simulator.exploration.run import explore, play

    kept = kept_run(what)
    mutant = known_mutant(mutant or (kept.mutant if kept else None))
    if kept is not None:
        with planted(mutant):
            return play(kept.steps, seed=kept.seed, profile=kept.profile, keep_trace=True)
    known_profile(profile)
    with planted(mutant):
        return explore(int(what), profile=profile, steps=steps, keep_trace=True)


def show(outcome: Outcome, lang: str, *, trace: bool) -> None:
    """Tell a run: its story if that is wanted, its hash, and how it ended."""
    from simulator.exploration.oracle.promises import PROMISES
    from simulator.exploration.telling.reasons import reason
    from simulator.exploration.telling.trace import tell_story

    if trace:
        for line in tell_story(outcome.facts, lang):
            typer.echo(line)
    typer.echo(say("trace", lang, digest=outcome.digest))
    if outcome.broken is None:
        typer.echo(say("held", lang))
        return
    for number, why in outcome.breaks.items():
        promise = PROMISES.get(number, ("程序出错", "the program failed"))[lang == "en"]
        typer.echo(say("broken", lang, number=number, promise=promise, why=reason(why, lang)))


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
        kept = kept_run(run)
        was = kept.broken if kept else outcome.broken
        again = was == outcome.broken or (was is not None and was in outcome.breaks.items())
        if not again:
            typer.echo(say("other", lang, was=f"{was[0]}: {was[1]}" if was else "-"))
        if outcome.broken is not None:
            raise typer.Exit(1)
