"""`yuanba serve`: the server under gunicorn, its database brought up to date first.

A process per core and two threads in each: more threads make the interpreter's
lock the bottleneck (with eight the CPU time of an exchange doubles).

Nothing is loaded before the workers are forked that could hold a connection or a
thread: each worker makes its own application.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Annotated, Any

import typer
from gunicorn.app.base import BaseApplication

from server.cli.errors import OperatorError
from server.settings import Settings, load_settings

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Gunicorn(BaseApplication):
    """Gunicorn, configured by us and by nothing on the machine."""

    def __init__(self, settings: Settings, options: dict[str, Any]) -> None:
        self.settings = settings
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from server.app import create_app
        from server.services import EXTENSION

        app = create_app(self.settings)
        app.extensions[EXTENSION].upkeep.start()
        return app


def gunicorn_options(settings: Settings, *, workers: int, threads: int) -> dict[str, Any]:
    """What gunicorn is told.

    >>> gunicorn_options(Settings(), workers=2, threads=2)["bind"]
    '127.0.0.1:8000'
    """
    # Gunicorn makes files there that have no name, so that nobody can get at them.
    shared_memory = Path("/dev/shm")  # nosec B108
    return {
        "bind": settings.bind,
        "workers": workers,
        "threads": threads,
        "worker_class": "server.serving.TurnWorker",
        "proc_name": "yuanba",
        "timeout": 60,
        "graceful_timeout": 20,
        "keepalive": 30,
        "control_socket_disable": True,
        "loglevel": "warning",
        # Workers report that they live by touching a file: on a disk that is busy they would
        # be taken for dead.
        "worker_tmp_dir": str(shared_memory) if os.access(shared_memory, os.W_OK) else None,
    }


def refuse_taken_address(settings: Settings) -> None:
    """Say at once that somebody listens there, where gunicorn would try again for 5 s."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise OperatorError(
                f"Cannot listen on {settings.bind}: {error.strerror}. "
                "Name another with --bind ADDRESS:PORT."
            ) from None


def warn_of_weaknesses(settings: Settings) -> None:
    """Say where the database is set so that acknowledged work can be lost."""
    from server.cli.desk import warn
    from server.store import open_store
    from server.store.durability import weaknesses

    store = open_store(settings)
    with store.engine.connect() as connection:
        found = weaknesses(connection)
    store.close()
    for one in found:
        warn(f"{one.setting}: {one.words}.")


def register(app: typer.Typer) -> None:
    """Add `serve`."""

    @app.command()
    def serve(
        bind: Annotated[
            str, typer.Option(metavar="HOST:PORT", help="Listen there; else YUANBA_BIND.")
        ] = "",
        workers: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
        threads: Annotated[int, typer.Option(min=1, help="Threads in each process.")] = 2,
    ) -> None:
        """Bring the database up to date and serve it until stopped."""
        environ = {**os.environ, "YUANBA_BIND": bind} if bind else os.environ
        settings = load_settings(environ)
        refuse_taken_address(settings)

        from server.store.migrate import migrate

        migrate(settings)
        warn_of_weaknesses(settings)
        if not settings.production and settings.host not in LOOPBACK:
            typer.echo(
                f"yuanba: listening on {settings.bind} in development mode. Where real people's "
                "data are at stake set YUANBA_MODE=production.",
                err=True,
            )
        options = gunicorn_options(settings, workers=workers, threads=threads)
        typer.echo(f"Serving on http://{settings.bind}")
        Gunicorn(settings, options).run()
