"""`yuanba explore`: try to break the promise, from many seeds, and say whether it held.

What is hard: a campaign that only says "all well" is not believed. So it says how often every
fault and every kind of conflict occurred, how fast it was, and with ``--mutants`` that each
known bug is found. A failure is written as a file and printed with the command that plays it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.errors import OperatorError
from server.cli.replay import known_mutant, known_profile

if TYPE_CHECKING:
    from simulator.exploration.run import Outcome
    from simulator.exploration.telling.campaign import Campaign

SHOWN = 8
KILLED = Path(__file__).resolve().parents[2] / "tests/simulator/exploration/killed"
"""The runs that found planted bugs, kept. A checkout has them."""
PAIRS = 5
"""So many seeds are lived in two processes, to compare their traces."""
INTERRUPTED = 130
"""How a command ends that somebody interrupted, as shells have it."""

WORDS = {
    "held": ("全部保持", "all hold"),
    "stopped": (
        "已中断：{seeds} 个种子运行了 {done} 个",
        "Interrupted: {done} of {seeds} seeds were run",
    ),
    "failed": ("{count} 个种子被打破", "{count} seeds failed"),
    "speed": (
        "{seeds} 个种子，{rate:.1f} 个/秒；每个 {cpu:.0f} 毫秒 CPU，即每核每秒 {per_core:.1f} 个；"
        "模拟时间是真实时间的 {ratio:,.0f} 倍",
        "{seeds} seeds, {rate:.1f} a second; {cpu:.0f} ms CPU each, "
        "so {per_core:.1f} in a second of a core; "
        "simulated time is {ratio:,.0f} times real time",
    ),
    "happened": ("发生了多少次", "How often it happened"),
    "never": (
        "{seeds} 个种子中从未见到（{long} 个种子起算作失败）：",
        "Never seen in {seeds} seeds (from {long} on that is a failure):",
    ),
    "broken": (
        "种子 {seed}（{profile}），第 {steps} 步：不变量 {number}（{promise}）：{why}",
        "Seed {seed} ({profile}), step {steps}: invariant {number} ({promise}): {why}",
    ),
    "replay": ("重放：{command}", "Replay it: {command}"),
    "commit": ("提交 {commit}", "commit {commit}"),
    "exploring": ("探索中", "exploring"),
    "killed": (
        "{name}：第 {median} 个种子发现（不变量 {number}）",
        "{name}: found at seed {median} (invariant {number})",
    ),
    "survived": ("{name}：{seeds} 个种子都没有发现", "{name}: survived {seeds} seeds"),
    "kept": (
        "{name}：{seeds} 个种子都没有发现，留存的运行发现了它（不变量 {number}）",
        "{name}: survived {seeds} seeds, and the run that is kept finds it (invariant {number})",
    ),
    "mutants": ("{killed}/{all} 个变异体被发现", "{killed} of {all} mutants found"),
}


def say(word: str, lang: str, **values: object) -> str:
    """A text in a language.

    >>> say("killed", "en", name="no_eviction", median=3, number=4)
    'no_eviction: found at seed 3 (invariant 4)'
    """
    return WORDS[word][lang == "en"].format(**values)


def read_seeds(text: str) -> list[int]:
    """Seeds as people write them: ``7``, ``0-999``, ``3,5,20-29``. Raises OperatorError.

    >>> read_seeds("3,5,8-10")
    [3, 5, 8, 9, 10]
    """
    seeds: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part)
        if found is None or int(found[2] or found[1]) < int(found[1]):
            raise OperatorError(f"--seeds is a number or a range like 0-999, not {text!r}.")
        seeds += range(int(found[1]), int(found[2] or found[1]) + 1)
    return seeds


@contextmanager
def progress_bar(lang: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, with an estimate."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(say("exploring", lang), total=total)
        yield lambda done: bar.update(task, completed=done)


def show_failure(outcome: Outcome, folder: Path, lang: str, *, mutant: str | None = None) -> None:
    """Write a failing run, and say what was broken and how to see it."""
    from simulator.exploration.oracle.promises import PROMISES
    from simulator.exploration.telling.reasons import reason
    from simulator.exploration.telling.runs import write_run
    from simulator.report import commit_of

    assert outcome.broken is not None
    number, why = outcome.broken
    path = folder / f"{mutant or outcome.profile}-{outcome.seed}.json"
    write_run(path, outcome, mutant=mutant)
    promise = PROMISES.get(number, ("程序出错", "the program failed"))[lang == "en"]
    typer.echo(
        say(
            "broken", lang, seed=outcome.seed, profile=outcome.profile, steps=len(outcome.steps),
            number=number, promise=promise, why=reason(why, lang),
        )
    )  # fmt: skip
    commit = commit_of(Path(__file__).resolve().parents[2]) or "?"
    typer.echo(say("commit", lang, commit=commit))
    typer.echo(say("replay", lang, command=f"yuanba replay {path} --trace"))
    typer.echo(say("replay", lang, command=f"yuanba shrink {path}"))


def show_counters(campaign: Campaign, lang: str) -> None:
    """How often everything happened that should happen sometimes."""
    from simulator.exploration.telling.sometimes import SOMETIMES

    typer.echo(say("happened", lang))
    for name, words in SOMETIMES.items():
        typer.echo(f"  {campaign.seen.get(name, 0):>9,}  {words[lang == 'en']}")


def show_speed(campaign: Campaign, lang: str) -> None:
    """Seeds a second, and simulated against real time."""
    values = {
        "seeds": campaign.seeds,
        "rate": campaign.seeds / max(campaign.wall_s, 1e-9),
        "cpu": 1000 * campaign.cpu_s / max(1, campaign.seeds),
        "per_core": campaign.per_cpu_s,
        "ratio": campaign.simulated_per_real,
    }
    typer.echo(say("speed", lang, **values))


def hunt_mutants(
    names: list[str],
    *,
    seeds: list[int],
    steps: int,
    jobs: int,
    lang: str,
    times: int,
    folder: Path,
) -> bool:
    """Look for every planted bug; whether all were found. Of a single one, its run is kept.

    A bug counts as found where it breaks a promise that its row in the table names.
    """
    from statistics import median_low

    found = 0
    for name in names:
        took, number, failure = _hunt(name, seeds, steps=steps, jobs=jobs, times=times)
        if took:
            found += 1
            typer.echo(say("killed", lang, name=name, median=median_low(took), number=number))
            if len(names) == 1 and failure is not None:
                show_failure(failure, folder, lang, mutant=name)
        elif number := found_by_kept(name):
            found += 1
            typer.echo(say("kept", lang, name=name, seeds=len(seeds), number=number))
        else:
            typer.echo(say("survived", lang, name=name, seeds=len(seeds)))
    typer.echo(say("mutants", lang, killed=found, all=len(names)))
    return found == len(names)


def found_by_kept(name: str) -> int:
    """The promise that the kept run shows a planted bug to break; 0 without such a run.

    Some bugs show in a rare meeting of faults only, which a hundred seeds need not bring about.
    """
    from simulator.exploration.mutants.table import MUTANTS, planted
    from simulator.exploration.run import play
    from simulator.exploration.telling.runs import read_run

    path = KILLED / f"{name}.json"
    if not path.exists():
        return 0
    kept = read_run(path)
    with planted(name):
        breaks = play(kept.steps, seed=kept.seed).breaks
    return next((number for number in MUTANTS[name].promises if number in breaks), 0)


def _hunt(
    name: str, seeds: list[int], *, steps: int, jobs: int, times: int
) -> tuple[list[int], int, Outcome | None]:
    """How many seeds it took to find a bug, each time; by which promise, and in which run."""
    from simulator.exploration.mutants.table import MUTANTS
    from simulator.exploration.telling.campaign import run_seeds
    from simulator.exploration.telling.hashes import differing

    promises = MUTANTS[name].promises
    if promises == (13,):  # Seen between two processes only.
        some = seeds[:PAIRS]
        return [some.index(one) + 1 for one in differing(some, steps=steps, mutant=name)], 13, None
    failure: Outcome | None = None
    took: list[int] = []
    per_try = max(1, len(seeds) // times)
    for start in range(times):
        campaign = run_seeds(
            seeds[start * per_try : (start + 1) * per_try],
            profile="both",
            steps=steps,
            jobs=jobs,
            mutant=name,
            stop_at=1,
            named=promises,
        )
        if campaign.stopped:
            raise typer.Exit(INTERRUPTED)
        if campaign.failures:
            took.append(campaign.seeds)
            failure = failure or campaign.failures[0]
        if len(took) * 2 > times:
            break
    number = failure.broken[0] if failure is not None and failure.broken is not None else 0
    return took, number, failure


def keep_figures(path: Path, profile: str, campaign: Campaign, steps: int) -> None:
    """Keep what a campaign came to, and write the page from it, in both languages, beside it."""
    from simulator.exploration.telling.knowing import figures_of, page, read_figures

    kept = read_figures(path) if path.exists() else {}
    kept |= figures_of({profile: campaign}, steps)
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
    for lang in ("zh", "en"):
        path.with_name(f"how-we-know.{lang}.md").write_text(page(kept, KILLED, lang), "utf-8")


def explore_seeds(
    seeds: list[int],
    *,
    profile: str,
    steps: int,
    jobs: int,
    lang: str,
    folder: Path,
    figures: Path | None,
) -> bool:
    """Run seeds and say what they came to; whether every promise held."""
    from simulator.exploration.telling.campaign import LONG, never, run_seeds
    from simulator.exploration.telling.sometimes import SOMETIMES

    with progress_bar(lang, len(seeds)) as move:
        campaign = run_seeds(
            seeds,
            profile=profile,
            steps=steps,
            jobs=jobs,
            progress=lambda so_far: move(so_far.seeds),
        )
    if figures is not None and not campaign.stopped:
        keep_figures(figures, profile, campaign, steps)
    show_counters(campaign, lang)
    show_speed(campaign, lang)
    missing = never(campaign.seen)
    if missing:
        typer.echo(say("never", lang, seeds=f"{campaign.seeds:,}", long=f"{LONG:,}"))
        for name in missing:
            typer.echo(f"  {name}: {SOMETIMES[name][lang == 'en']}")
    for outcome in campaign.failures[:SHOWN]:
        show_failure(outcome, folder, lang)
    if campaign.stopped:
        typer.echo(say("stopped", lang, done=campaign.seeds, seeds=len(seeds)))
        raise typer.Exit(INTERRUPTED)
    count = len(campaign.failures)
    typer.echo(say("failed", lang, count=count) if count else say("held", lang))
    return not count and not (missing and campaign.seeds >= LONG)


def register(app: typer.Typer) -> None:
    """Add `explore`."""

    @app.command()
    def explore(
        seeds: Annotated[str, typer.Option(help="Which seeds: 7, 0-999, or both in a list.")] = (
            "0-99"
        ),
        profile: Annotated[
            str, typer.Option(help="swarm: each run its own hand of faults; fixed: all of them.")
        ] = "swarm",
        steps: Annotated[int, typer.Option(min=1, help="How many steps each run has.")] = 300,
        jobs: Annotated[int, typer.Option(min=0, help="Processes; 0 is one a core.")] = 0,
        mutants: Annotated[
            bool, typer.Option("--mutants", help="Plant each known bug, and find it.")
        ] = False,
        mutant: Annotated[str, typer.Option(help="Plant only this bug.")] = "",
        out: Annotated[Path, typer.Option(help="Where failing runs are written.")] = Path(
            "explored"
        ),
        figures: Annotated[
            Path | None,
            typer.Option(help="Keep the figures in this file, and write the pages beside it."),
        ] = None,
        lang: Annotated[str, typer.Option(help="zh or en.", envvar="YUANBA_LANG")] = "zh",
    ) -> None:
        """Try to break the promise: real server, real tablets, virtual time, every fault."""
        from simulator.exploration.mutants.table import MUTANTS

        known_profile(profile)
        known_mutant(mutant)
        wanted, cores = read_seeds(seeds), jobs or len(os.sched_getaffinity(0))
        if mutants or mutant:
            names = [mutant] if mutant else list(MUTANTS)
            well = hunt_mutants(
                names, seeds=wanted, steps=steps, jobs=cores, lang=lang, times=3, folder=out
            )
        else:
            well = explore_seeds(
                wanted,
                profile=profile,
                steps=steps,
                jobs=cores,
                lang=lang,
                folder=out,
                figures=figures,
            )
        if not well:
            raise typer.Exit(1)
