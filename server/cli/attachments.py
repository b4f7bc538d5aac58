"""`yuanba attachments`: how many photos there are, and removing those that are over."""

from __future__ import annotations

from typing import Annotated

import typer

from server.cli.desk import open_services


def register(app: typer.Typer) -> None:
    """Add `attachments`."""

    @app.command()
    def attachments(
        collect: Annotated[
            bool,
            typer.Option(
                "--collect",
                help="Remove what expired half sent, and what no record named in 90 days.",
            ),
        ] = False,
    ) -> None:
        """Count the photos and what is over of them; with --collect, remove that."""
        services = open_services()
        from sqlalchemy import func, select

        from server.attachments import collecting
        from server.models import Attachment

        with services.store.engine.connect() as connection:
            kept, size = connection.execute(
                select(func.count(), func.coalesce(func.sum(Attachment.size), 0)).where(
                    Attachment.finished.is_not(None)
                )
            ).one()
        found = collecting.collect(services.uploads, now_ms=services.now_ms(), dry=not collect)
        typer.echo(f"{kept} photos kept, {(size or 0) / 1e6:.1f} MB.")
        done = "Removed" if collect else "Can be removed (--collect)"
        typer.echo(
            f"{done}: {found.unfinished} half sent, {found.unreferred} that no record names, "
            f"{found.bytes / 1e6:.1f} MB; {found.strays} that belong to no upload."
        )
