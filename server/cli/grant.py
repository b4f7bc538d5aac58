"""`yuanba grant`: let a user read a feed from now on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.desk import accepted, open_services, user_named, warn
from server.cli.errors import OperatorError

if TYPE_CHECKING:
    from server.services import Services

GRANTED = {
    "grid": "grid",
    "building": "building",
    "community": "community",
    "unit": "unit",
    "restricted": "grid",
}
"""Kind of a feed that can be granted → the type of the record that its id names."""


def check_feed(services: Services, feed: str) -> str:
    """A feed that can be granted. Raises OperatorError; warns if its record is not there."""
    kind, _, scope = feed.partition(":")
    if kind in ("shared", "person"):
        raise OperatorError(f"{feed} is not granted: everybody reads shared and their own person.")
    if kind not in GRANTED or not re.fullmatch(r"[\w-]+", scope):
        kinds = ", ".join(f"{one}:ID" for one in GRANTED)
        raise OperatorError(f"{feed!r} is not a feed that can be granted. These are: {kinds}.")
    with services.store.read() as snapshot:
        record = snapshot.records([scope]).get(scope)
    if record is None or record.spec.name != GRANTED[kind]:
        warn(f"there is no {GRANTED[kind]} {scope} yet; the grant is made all the same.")
    return feed


def give(services: Services, user: str, feed: str, reason: str = "") -> str:
    """Grant a feed; answers the id of the assignment."""
    from sync.scope import SYSTEM

    check_feed(services, feed)
    fields = {"user": user, "feed": feed, "since": services.now_ms()}
    assignment = services.new_id()
    values = {**fields, "reason": reason} if reason else fields
    accepted(services.door.create(SYSTEM, "assignment", values, record=assignment))
    return assignment


def register(app: typer.Typer) -> None:
    """Add `grant`."""

    @app.command()
    def grant(
        user: Annotated[str, typer.Argument(help="A user: id, beginning of an id, or name.")],
        feed: Annotated[str, typer.Argument(help="Such as grid:ID, building:ID, unit:ID.")],
        reason: Annotated[str, typer.Option(help="Why; kept with the assignment.")] = "",
    ) -> None:
        """Let USER read FEED from now on."""
        services = open_services()
        found = user_named(services, user)
        if feed in found.granted:
            typer.echo(f"{found.name} reads {feed} already.")
            return
        give(services, found.id, feed, reason)
        typer.echo(f"{found.name} reads {feed} from now on, at the next exchange of each tablet.")
