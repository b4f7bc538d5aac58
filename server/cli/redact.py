"""`yuanba redact`: erase what is known about somebody, for good."""

from __future__ import annotations

from typing import Annotated

import typer

from server.cli.desk import open_services
from server.cli.errors import OperatorError

EXIT_UNDONE = 1


def register(app: typer.Typer) -> None:
    """Add `redact`."""

    @app.command()
    def redact(
        record: Annotated[str, typer.Argument(help="The id of a record about the person.")],
        purpose: Annotated[
            str, typer.Option(help="Why, for the audit log. Name nobody in it.", show_default=False)
        ],
        related: Annotated[
            bool, typer.Option("--related", help="With the records about the same person or home.")
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    ) -> None:
        """Erase the personal data of RECORD everywhere, on tablets too. There is no way back.

        Who changed what and when stays in the history, without the values. Each tablet loses
        its copy at its next exchange; a backup made before still holds the values.
        """
        services = open_services()
        from server.redaction import carry_out, plan
        from sync.scope import SYSTEM

        wanted = plan(services, record, related=related)
        if wanted is None:
            raise OperatorError(f"There is no record {record} that holds personal data.")
        if len(purpose.strip()) < 4:
            raise OperatorError("Say for what purpose, in a few words (--purpose).")
        kinds = ", ".join(sorted(one.spec.en for one in wanted.records))
        typer.echo(
            f"To be erased: {kinds}; {len(wanted.notices)} notices that quote them, "
            f"{wanted.photos} photos. This cannot be undone."
        )
        if not yes and not typer.confirm("Erase it?"):
            typer.echo("Nothing was erased.")
            raise typer.Exit(EXIT_UNDONE)
        done = carry_out(services, wanted, actor=SYSTEM.user, by=None, purpose=purpose.strip())
        typer.echo(f"Erased in {done} records.")
