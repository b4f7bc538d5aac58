"""`yuanba enrol`: a one-time code for somebody's tablet."""

from __future__ import annotations

import io
import secrets
import sys
from typing import Annotated

import typer

from server.cli.desk import open_services, user_named
from server.cli.errors import OperatorError


def qr(text: str, *, encoding: str) -> str:
    """A QR code for a terminal, or nothing where its characters cannot be printed."""
    import segno

    drawn = io.StringIO()
    segno.make(text, error="m").terminal(drawn, compact=True)
    try:
        drawn.getvalue().encode(encoding)
    except UnicodeEncodeError:
        return ""
    return drawn.getvalue()


def register(app: typer.Typer) -> None:
    """Add `enrol`."""

    @app.command()
    def enrol(
        user: Annotated[str, typer.Argument(help="A user: id, beginning of an id, or name.")],
    ) -> None:
        """Print a one-time code with which USER enrols a tablet, good for 15 minutes.

        The code is the last line; before it comes the same as a QR code, which leads to the
        tablet app where YUANBA_PUBLIC_ADDRESS says where that is.
        """
        services = open_services()
        from server.accounts.enrolment import CODE_MS, issue_code
        from server.accounts.sessions import writing
        from server.accounts.tokens import show_code
        from server.tablet import enrol_link

        found = user_named(services, user)
        if not found.active:
            raise OperatorError(f"{found.name} is not active, and so cannot enrol a tablet.")
        with writing(services.store) as session:
            code = issue_code(
                session, user=found.id, now_ms=services.now_ms(), draw=secrets.randbelow
            )
        shown = show_code(code)
        address = services.settings.public_address
        scanned = enrol_link(address.rstrip("/"), shown) if address else shown
        typer.echo(qr(scanned, encoding=sys.stdout.encoding or "ascii"), nl=False)
        minutes = CODE_MS // 60_000
        typer.echo(f"For {found.name} ({found.role}), once, within {minutes} minutes:")
        typer.echo(shown)
