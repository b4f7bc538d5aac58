"""`yuanba revoke`: end a user's grant of a feed."""

from __future__ import annotations

from typing import Annotated

import typer

from server.cli.desk import accepted, open_services, user_named
from server.cli.errors import OperatorError


def register(app: typer.Typer) -> None:
    """Add `revoke`."""

    @app.command()
    def revoke(
        user: Annotated[str, typer.Argument(help="A user: id, beginning of an id, or name.")],
        feed: Annotated[str, typer.Argument(help="A feed that they read.")],
        reason: Annotated[str, typer.Option(help="Why; kept with the assignment.")] = "",
    ) -> None:
        """End USER's right to read FEED. Work made before still comes in for 30 days."""
        services = open_services()
        from server.accounts.directory import grants_of
        from sync.scope import SYSTEM

        found = user_named(services, user)
        now_ms = services.now_ms()
        assignments = grants_of(services.store, user=found.id, feed=feed, now_ms=now_ms)
        if not assignments:
            granted = ", ".join(found.granted) or "nothing"
            raise OperatorError(f"{found.name} was not granted {feed}. Granted: {granted}.")
        for assignment in assignments:
            fields = {"until": now_ms} | ({"reason": reason} if reason else {})
            accepted(services.door.edit(SYSTEM, assignment, fields))
        typer.echo(
            f"{found.name} no longer reads {feed}. Each tablet drops it at its next exchange, "
            "after handing in what waits on it."
        )
