"""`yuanba bundle`: take a tablet's work from a file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.desk import open_services
from server.cli.errors import OperatorError

if TYPE_CHECKING:
    from server.services import Services


def register(app: typer.Typer) -> None:
    """Add `bundle`."""

    @app.command()
    def bundle(
        file: Annotated[Path, typer.Argument(help="A file that a tablet made of its unsent work.")],
        unsigned: Annotated[
            bool,
            typer.Option(
                "--unsigned",
                help="Take it without a signature: each change waits in Kept aside for a person.",
            ),
        ] = False,
    ) -> None:
        """Take a tablet's unsent work from FILE, once, in its worker's name.

        The tablet learns what came of it at its next exchange; what is taken twice counts once.
        The photos that a tablet copies beside it are zip files: give them in the same way.
        """
        services = open_services()
        from server import bundles
        from server.api.bodies import parse
        from server.attachments import carried
        from sync.errors import Refusal

        try:
            data = file.read_bytes()
        except OSError as error:
            raise OperatorError(f"{file} cannot be read: {error.strerror}.") from None
        if carried.is_zip(data):
            _take_photos(services, data)
            return
        if len(data) > bundles.LIMIT_BYTES:
            raise OperatorError(f"{file} is too large for a tablet's work.")
        try:
            take = bundles.take_unsigned if unsigned else bundles.take
            taken = take(services, parse(data))
        except Refusal as refusal:
            raise OperatorError(refusal.problem.message("en")) from None
        typer.echo(
            f"{taken.operations} changes by device {taken.device}: {taken.repeated} were here "
            f"before, {taken.held} are kept aside for a person."
        )


def _take_photos(services: Services, data: bytes) -> None:
    """Take the photos of a zip that a tablet made."""
    from server.attachments import carried
    from sync.errors import Refusal

    try:
        found = carried.take(services.uploads, io.BytesIO(data))
    except Refusal as refusal:
        raise OperatorError(refusal.problem.message("en")) from None
    typer.echo(
        f"{found.taken} photos taken: {found.repeated} were here before, "
        f"{found.refused} could not be taken."
    )
