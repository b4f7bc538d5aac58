"""`yuanba resolve`: settle a conflict, field by field."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.cli.desk import accepted, open_services
from server.cli.errors import OperatorError

if TYPE_CHECKING:
    from sync.catalogue import RecordType
    from sync.store import Conflict

SIDES = ("server", "device", "base")
PLAIN_TEXT = frozenset({"text", "longtext", "date", "choice", "reference", "attachment"})
"""Kinds whose values are written as they are; those of others are JSON."""


def read_choices(words: Sequence[str]) -> dict[str, str]:
    """FIELD=VALUE words as a mapping.

    >>> read_choices(["householder=@device", "notes=a=b"])
    {'householder': '@device', 'notes': 'a=b'}
    """
    choices: dict[str, str] = {}
    for word in words:
        field, equals, value = word.partition("=")
        if not equals or not field:
            raise OperatorError(f"{word!r} is not FIELD=VALUE.")
        if field in choices:
            raise OperatorError(f"{field} is named twice.")
        choices[field] = value
    return choices


def value_of(field: str, word: str, conflict: Conflict, spec: RecordType | None) -> Any:
    """The value that an operator chose for a field. Raises OperatorError."""
    part = conflict.fields.get(field)
    if part is None or part["closed_by"] is not None:
        names = ", ".join(conflict.open_fields()) or "none"
        raise OperatorError(f"{field} is not open in this conflict. Open: {names}.")
    if word.startswith("@") and word[1:] in SIDES:
        return part[word[1:]]
    if word == "@null":
        return None
    kind = spec.by_name[field].kind if spec is not None and field in spec.by_name else "text"
    if field == "*" or kind in PLAIN_TEXT:
        return word
    try:
        return json.loads(word)
    except ValueError:
        raise OperatorError(
            f"{field} takes a value in JSON, such as 3, true, null or '[\"veteran\"]'; "
            f"{word!r} is none."
        ) from None


def among(waiting: Sequence[Conflict], named: str) -> Conflict | None:
    """The one open conflict of an id, of the beginning of one, or of its record."""
    exact = [one for one in waiting if named == one.id]
    found = exact or [one for one in waiting if one.id.startswith(named) or one.record == named]
    if len(found) > 1:
        ids = ", ".join(one.id for one in found[:5])
        raise OperatorError(f"{named} can be any of {ids}. Name one by its whole id.")
    return found[0] if found else None


def chosen(conflict: Conflict, words: Sequence[str], spec: RecordType | None) -> Mapping[str, Any]:
    """Every field's chosen value."""
    choices = read_choices(words)
    return {field: value_of(field, word, conflict, spec) for field, word in choices.items()}


def register(app: typer.Typer) -> None:
    """Add `resolve`."""

    @app.command()
    def resolve(
        conflict: Annotated[str, typer.Argument(help="A conflict of `yuanba conflicts`.")],
        choices: Annotated[
            list[str],
            typer.Argument(metavar="FIELD=VALUE...", help="VALUE, or @server, @device, @base."),
        ],
        reason: Annotated[str, typer.Option(help="Why; kept with the decision.")] = "",
    ) -> None:
        """Settle CONFLICT: for each FIELD the value that holds from now on.

        @server keeps what the server has, @device takes what waits, @null empties the field.
        Numbers, lists, true and false are written in JSON. Its author finds a notice at the
        next exchange.
        """
        services = open_services()
        from server.cli.conflicts import open_conflicts
        from sync.errors import Problem
        from sync.scope import SYSTEM

        found = among(open_conflicts(services), conflict)
        if found is None:
            with services.store.read() as snapshot:
                closed = conflict in snapshot.conflicts([conflict])
            code = "conflict_closed" if closed else "conflict_unknown"
            raise OperatorError(Problem(code).message("en"))
        spec = services.catalogue.get(found.type)
        values = chosen(found, choices, spec)
        accepted(services.door.resolve(SYSTEM, found.id, values, reason=reason or None))
        left = [name for name in found.open_fields() if name not in values]
        still = f"; still open: {', '.join(left)}" if left else ", and the conflict is closed"
        typer.echo(f"Settled: {', '.join(values)}{still}.")
