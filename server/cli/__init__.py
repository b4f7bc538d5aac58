"""The command line `yuanba`: for operators, for the demo, and for tests from outside.

Each module of this folder with a function ``register(app)`` adds its commands.
Only here may one process import the engine, the server and the simulator.

What is hard: an operator reads what is printed, not the code. So what a person
can put right is a sentence and exit code 2, never a traceback; a fault of ours is
a traceback and exit code 1, because hiding it would help nobody.

It never loads what a command does not need: `yuanba serve` starts without the
simulator's NumPy.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from server.cli.errors import OperatorError, explain

__all__ = ["OperatorError", "build_app", "command_modules", "main"]

EXIT_FOR_OPERATOR = 2
NO_COMMANDS = {"desk", "errors", "scene"}  # modules of this folder that the others share


def command_modules() -> tuple[str, ...]:
    """The modules that hold commands.

    >>> "serve" in command_modules()
    True
    """
    found = (module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return tuple(sorted(set(found) - NO_COMMANDS))


def build_app(modules: Sequence[str] | None = None) -> typer.Typer:
    """The command line with the commands of these modules, or of all."""
    app = typer.Typer(
        name="yuanba",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(yuanba)
    for name in command_modules() if modules is None else modules:
        importlib.import_module(f"{__name__}.{name}").register(app)
    return app


def show_version(wanted: bool) -> None:
    """Print the version and stop, if that is what was asked for."""
    if wanted:
        typer.echo(f"yuanba {version('yuanba')}")
        raise typer.Exit


def yuanba(
    _: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Urban grid governance for workers who are mostly offline.

    Every command acts on the database of YUANBA_DATABASE_URL, beside a running server.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit as it says: 0 done, 1 our fault or a failed check, 2 yours."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    named = words[0].replace("-", "_") if words else ""
    app = build_app([named] if named in command_modules() else None)
    try:
        app(words, prog_name="yuanba")
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        typer.echo(f"yuanba: {sentence}", err=True)
        sys.exit(EXIT_FOR_OPERATOR)
