"""`yuanba conflicts`: what waits for a person's decision."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.cli.desk import open_services

if TYPE_CHECKING:
    from server.services import Services
    from sync.store import Conflict

VALUE_SHOWN = 30


def open_conflicts(services: Services) -> list[Conflict]:
    """The open conflicts, the oldest first."""
    from sqlalchemy import select

    from server.store.tables import CONFLICT

    waiting = (
        select(CONFLICT.c.id)
        .where(CONFLICT.c.closed.is_(None))
        .order_by(CONFLICT.c.opened, CONFLICT.c.id)
    )
    with services.store.engine.connect() as connection:
        ids = list(connection.scalars(waiting))
    with services.store.read() as snapshot:
        found = snapshot.conflicts(ids)
    return [found[one] for one in ids if one in found and found[one].open_fields()]


def printable(conflict: Conflict, value: Any) -> Any:
    """A value as a terminal may show it: restricted facts are for the console, with a purpose."""
    return "***" if conflict.feed.startswith("restricted:") and value is not None else value


def as_json(conflicts: Sequence[Conflict]) -> str:
    """The list for programs. ``fields`` names what is open; ``values`` tells each side."""
    told: list[dict[str, Any]] = []
    for one in conflicts:
        parts = {name: one.fields[name] for name in one.open_fields()}
        told.append(
            {
                "id": one.id,
                "type": one.type,
                "record": one.record,
                "fields": list(parts),
                "values": {
                    name: {"code": part["code"]}
                    | {side: printable(one, part[side]) for side in ("base", "server", "device")}
                    for name, part in parts.items()
                },
                "author": one.actor,
                "opened": one.opened,
            }
        )
    return json.dumps(told, ensure_ascii=False, indent=1)


def short(value: Any) -> str:
    """A value in a table."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= VALUE_SHOWN else f"{text[: VALUE_SHOWN - 1]}…"


def show(conflicts: Sequence[Conflict]) -> None:
    """The list for people. No table: an id that is cut off cannot be copied."""
    for one in conflicts:
        typer.echo(f"{one.id}  {one.type}")
        for name in one.open_fields():
            part = one.fields[name]
            sides = (printable(one, part[side]) for side in ("base", "server", "device"))
            was, server, device = map(short, sides)
            typer.echo(f"    {name}: was {was}; server {server}; device {device}")
    typer.echo("Settle one: yuanba resolve CONFLICT FIELD=VALUE  (VALUE may be @server or @device)")


def register(app: typer.Typer) -> None:
    """Add `conflicts`."""

    @app.command()
    def conflicts(
        as_data: Annotated[
            bool, typer.Option("--json", help="Print JSON and nothing else.")
        ] = False,
    ) -> None:
        """List the open conflicts: which record, which fields, whose values."""
        waiting = open_conflicts(open_services())
        if as_data:
            typer.echo(as_json(waiting))
        elif waiting:
            show(waiting)
        else:
            typer.echo("No conflict is open.")
