"""`yuanba simulate`: run a scenario, print its figures, keep them with their provenance.

What is hard: figures of a simulation are believed by how they look. So each one is
printed with its interval, unfinished cases are shown beside them, and a scenario
that a textbook knows is compared with it: a value outside its interval is exit
code 1.

The simulator (and its NumPy) is loaded when a run is asked for, not before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.errors import OperatorError

if TYPE_CHECKING:
    from rich.table import Table

    from simulator.estimates import Interval
    from simulator.run import Result
    from simulator.scenario import Scenario

PATIENCE_S = 2.0  # A run that takes longer shows how far it is.

# What is said, in zh and en.
WORDS = {
    "scenarios": (
        "自带场景（也可以给出场景文件的路径）：",
        "Scenarios (a path to a file works too):",
    ),
    "cases": (
        "{arisen:,} 件，办结 {finished:,}，未完 {censored:,}",
        "{arisen:,} cases, {finished:,} finished, {censored:,} unfinished",
    ),
    "replications": ("重复 {units} 次", "{units} replications"),
    "batches": ("{units} 批", "{units} batches"),
    "seed": ("种子 {seed}", "seed {seed}"),
    "took": (
        "用时 {seconds:.1f} 秒，每秒 {rate:,.0f} 个事件",
        "{seconds:.1f} s, {rate:,.0f} events a second",
    ),
    "level": ("区间置信度 {level:.4g} %", "intervals at {level:.4g} %"),
    "stages": ("时间花在哪里", "Where the time goes"),
    "classes": ("按类别", "By class"),
    "busy": ("忙碌率", "Busy"),
    "stage": ("阶段", "stage"),
    "mean": ("平均", "mean"),
    "unfinished": ("未完", "left"),
    "class": ("类别", "class"),
    "count": ("件数", "cases"),
    "waiting": ("平均等待", "mean wait"),
    "total": ("全程平均", "mean total"),
    "total_high": ("全程 {name}", "total {name}"),
    "on_time": ("按时办结", "done on time"),
    "unit": ("单位", "unit"),
    "share": ("忙碌时间占比", "share of open time"),
    "known": ("与教科书比较（小时）", "Beside the textbook (hours)"),
    "figure": ("指标", "figure"),
    "share_above_zero": ("需要等待的比例", "share that waits"),
    "simulated": ("模拟", "simulated"),
    "plain": ("不用控制变量", "without the control"),
    "textbook": ("教科书", "textbook"),
    "inside": ("在区间内", "inside"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "written": ("已写入 {path}", "Written: {path}"),
    "running": ("模拟中", "simulating"),
}


def say(word: str, lang: str, **values: object) -> str:
    """Return a text in a language.

    >>> say("seed", "en", seed=7)
    'seed 7'
    """
    return WORDS[word][lang == "en"].format(**values)


def duration(hours: float, lang: str) -> str:
    """Return hours as a person says them.

    >>> duration(0.25, "en"), duration(5.5, "zh"), duration(80, "en")
    ('15m', '5.5时', '3.3d')
    """
    minutes, hours_word, days = ("分", "时", "天") if lang == "zh" else ("m", "h", "d")
    if abs(hours) < 1:
        return f"{hours * 60:.0f}{minutes}"
    if abs(hours) < 48:
        return f"{hours:.1f}{hours_word}"
    return f"{hours / 24:.1f}{days}"


def with_bounds(value: Interval | None, show: Callable[[float], str]) -> str:
    """Return a value with the half-width of its interval, or a dash where there is none."""
    if value is None:
        return "–"
    if value.half_width is None or not value.value:
        return show(value.value)
    return f"{show(value.value)} [dim]±{value.half_width / abs(value.value):.0%}[/dim]"


def summary(result: Result, seconds: float, lang: str) -> str:
    """Return one line about the run itself."""
    estimate = result.scenario.estimate
    parts = [
        say("cases", lang, **result.cases),
        say(estimate.method, lang, units=result.units),
        say("seed", lang, seed=result.scenario.seed),
        say("level", lang, level=estimate.level * 100),
        say("took", lang, seconds=seconds, rate=result.events / seconds),
    ]
    return " · ".join(parts)


def tables(result: Result, lang: str) -> Iterator[Table]:
    """Yield the tables of a run: the textbook's, or stages, classes and units."""
    from simulator.validation import textbook

    if textbook(result.scenario):
        yield textbook_table(result, lang)
    if result.scenario.estimate.method == "replications":
        yield stage_table(result, lang)
        yield class_table(result, lang)
    yield busy_table(result, lang)


def _table(title: str, lang: str, first: str, *columns: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    heading = say(title, lang)
    table = Table(title=heading, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.add_column(say(first, lang))
    for column in columns:
        table.add_column(column, justify="right")
    return table


def stage_table(result: Result, lang: str) -> Table:
    """Where the time goes, over all classes; stages that take none are left out."""
    from simulator.labels import measure_label
    from simulator.run import ALL

    names = [f"p{percentile:g}" for percentile in result.scenario.estimate.percentiles]
    table = _table("stages", lang, "stage", say("mean", lang), *names, say("unfinished", lang))

    def show(hours: float) -> str:
        return duration(hours, lang)

    for row in result.rows:
        found = row.figures
        if row.order_class != ALL or (found.at_least == 0 and not found.censored):
            continue
        table.add_row(
            measure_label(row.measure, lang),
            with_bounds(found.mean, show),
            *(with_bounds(found.percentiles[name], show) for name in names),
            f"{found.censored:,}",
            end_section=row.measure in {"rework", "delivering"},
        )
    return table


def class_table(result: Result, lang: str) -> Table:
    """Waits, totals and keeping of deadlines by class."""
    from simulator.labels import class_label

    name = f"p{max(result.scenario.estimate.percentiles):g}"
    heads = ("count", "waiting", "total")
    table = _table(
        "classes",
        lang,
        "class",
        *(say(head, lang) for head in heads),
        say("total_high", lang, name=name),
        say("on_time", lang),
        say("unfinished", lang),
    )

    def show(hours: float) -> str:
        return duration(hours, lang)

    for item in result.scenario.classes:
        try:
            total, waiting = result.row("total", item.name), result.row("waiting", item.name)
        except KeyError:
            continue
        table.add_row(
            class_label(item.name, lang),
            f"{total.count:,}",
            with_bounds(waiting.mean, show),
            with_bounds(total.mean, show),
            with_bounds(total.percentiles[name], show),
            with_bounds(result.on_time.get(item.name), "{:.0%}".format),
            f"{total.censored:,}",
        )
    return table


def busy_table(result: Result, lang: str) -> Table:
    """How busy the workers of each kind of unit were."""
    from simulator.labels import unit_label

    table = _table("busy", lang, "unit", say("share", lang))
    for name, value in result.busy.items():
        table.add_row(unit_label(name, lang), with_bounds(value, "{:.1%}".format))
    return table


def textbook_table(result: Result, lang: str) -> Table:
    """Each figure that a textbook knows, beside what was simulated."""
    from simulator.validation import named_intervals, textbook

    row = result.rows[0]
    found = named_intervals(row.figures)
    plain = None if row.plain is None else named_intervals(row.plain)
    columns = ("simulated", "textbook", "inside", *(() if plain is None else ("plain",)))
    table = _table("known", lang, "figure", *(say(column, lang) for column in columns))
    for name, value in textbook(result.scenario).items():
        simulated = found[name]
        inside = simulated is not None and simulated.holds(value)
        table.add_row(
            say(name, lang) if name in WORDS else name,
            _with_half(simulated),
            f"{value:.6f}",
            say("yes" if inside else "no", lang),
            *(() if plain is None else (_with_half(plain[name]),)),
        )
    return table


def _with_half(value: Interval | None) -> str:
    if value is None:
        return "–"
    if value.relative is None:
        return f"{value.value:.6f}"
    return f"{value.value:.6f} ± {value.relative:.2%}"


def agrees(result: Result) -> bool:
    """Say whether every figure that a textbook knows lies in its interval."""
    from simulator.validation import named_intervals, textbook

    found = named_intervals(result.rows[0].figures)
    for name, value in textbook(result.scenario).items():
        simulated = found[name]
        if simulated is None or not simulated.holds(value):
            return False
    return True


@contextmanager
def progress_bar(lang: str) -> Iterator[Callable[[float], None]]:
    """A progress bar on standard error that appears only when a run takes its time."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    began = time.monotonic()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        Remaining(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(say("running", lang), total=1.0)

    def move(share: float) -> None:
        if not bar.live.is_started and time.monotonic() - began > PATIENCE_S:
            bar.start()
        bar.update(task, completed=share)

    try:
        yield move
    finally:
        if bar.live.is_started:
            bar.stop()


def _scenario(name: str, replications: int | None, control: bool) -> Scenario:
    from simulator.scenario_file import find_scenario, read_scenario

    try:
        scenario = read_scenario(find_scenario(name))
    except ValueError as error:
        raise OperatorError(str(error)) from error
    if replications is not None and scenario.estimate.method == "batches":
        raise OperatorError(
            f"{scenario.name} is one long run that ends when its figures are narrow enough: "
            "--replications does not apply to it."
        )
    if not control:
        scenario = replace(scenario, estimate=replace(scenario.estimate, control="none"))
    return scenario


def register(app: typer.Typer) -> None:
    """Add `simulate`."""

    @app.command()
    def simulate(
        scenario: Annotated[
            str, typer.Argument(help="A scenario's name, or the path to its file.")
        ] = "",
        seed: Annotated[int | None, typer.Option(help="Another seed than the scenario's.")] = None,
        replications: Annotated[
            int | None, typer.Option(min=2, help="How often to live the scenario's time.")
        ] = None,
        out: Annotated[
            Path | None, typer.Option(help="Where to write; else simulated/SCENARIO-SEED.")
        ] = None,
        lang: Annotated[str, typer.Option(help="zh or en.", envvar="YUANBA_LANG")] = "zh",
        control: Annotated[
            bool,
            typer.Option(
                "--control/--no-control",
                help="Use the fast-server control where a scenario has it; without, a "
                "validation takes some thirty times as many cases.",
            ),
        ] = True,
    ) -> None:
        """Run a scenario: how long from a need arising to its result, and why."""
        from rich.console import Console

        from simulator.report import Timing, write_report
        from simulator.run import run
        from simulator.scenario_file import built_in_names

        if lang not in {"zh", "en"}:
            raise OperatorError(f"--lang is zh or en, not {lang}.")
        if not scenario:
            typer.echo(say("scenarios", lang))
            for name in built_in_names():
                found = _scenario(name, None, control)
                typer.echo(f"  {name:12} {found.title[lang == 'en']}")
            return
        asked = _scenario(scenario, replications, control)
        began = time.monotonic()
        with progress_bar(lang) as progress:
            result = run(asked, seed=seed, replications=replications, progress=progress)
        seconds = time.monotonic() - began
        console = Console()
        console.print(f"[bold]{asked.title[lang == 'en']}[/bold]")
        console.print(summary(result, seconds, lang), highlight=False)
        for table in tables(result, lang):
            console.print(table)
        folder = out or Path("simulated") / f"{asked.name}-{result.scenario.seed}"
        for path in write_report(result, Timing(seconds), folder):
            typer.echo(say("written", lang, path=path))
        if not agrees(result):
            raise typer.Exit(1)
