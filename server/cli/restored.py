"""`yuanba restored`: tell the tablets that this database came back from a backup."""

from __future__ import annotations

import secrets

import typer

from server.cli.desk import open_services


def register(app: typer.Typer) -> None:
    """Add `restored`."""

    @app.command()
    def restored() -> None:
        """Begin a new history after the database was restored from a backup.

        Run it before the server is started again. Every tablet then fetches everything anew
        and hands in again what it was told was taken in the last 30 days, so that what the
        backup lacks comes back from those who did the work.
        """
        from server.epochs import begin

        services = open_services()
        begin(services.store, now_ms=services.now_ms(), draw=secrets.randbelow)
        typer.echo(
            "A new history has begun. At its next exchange each tablet fetches everything anew "
            "and hands in its work of the last 30 days again; what is here already changes nothing."
        )
