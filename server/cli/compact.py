"""`yuanba compact`: purge what was deleted longer ago than anybody needs to be told."""

from __future__ import annotations

from typing import Annotated

import typer

from server.cli.desk import open_services


def register(app: typer.Typer) -> None:
    """Add `compact`."""

    @app.command()
    def compact(
        days: Annotated[
            int, typer.Option(min=0, help="Older than so many days; 0: YUANBA_HORIZON_DAYS.")
        ] = 0,
    ) -> None:
        """Forget deletions that are older than the horizon.

        A running server does this once a day. Records and their history stay; a tablet that
        was away for longer fetches everything anew, and keeps what it has not handed in.
        """
        from server.upkeep import compact as purge

        services = open_services()
        horizon = days or int(services.settings.horizon_days)
        purged = purge(services.store, now_ms=services.now_ms(), horizon_days=horizon)
        typer.echo(f"Forgot {purged:,} entries of what was deleted or moved {horizon} days ago.")
