"""`yuanba users`: who there is, what they read; and to add somebody."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.desk import accepted, open_services
from server.cli.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from server.accounts.directory import User
    from server.services import Services

FEEDS_SHOWN = 3


def as_json(listed: Sequence[User]) -> str:
    """The list for programs."""
    told = [
        {
            "id": one.id,
            "name": one.name,
            "role": one.role,
            "feeds": list(one.feeds),
            "active": one.active,
        }
        for one in listed
    ]
    return json.dumps(told, ensure_ascii=False, indent=1)


def named(services: Services, feeds: Collection[str]) -> dict[str, str]:
    """Feeds as people call them: ``grid 双月社区第10网格``; one without a name, as it is."""
    told = {}
    scopes = {feed: feed.partition(":")[2] for feed in feeds}
    with services.store.read() as snapshot:
        places = snapshot.records(set(scopes.values()))
    for feed, scope in scopes.items():
        name = places[scope].get("name") if scope in places else None
        told[feed] = f"{feed.partition(':')[0]} {name}" if name else feed
    return told


def show(services: Services, listed: Sequence[User]) -> None:
    """The list for people; ``--json`` has the feeds as programs name them."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    from server.rules.roles import ROLES

    # An id that is cut off cannot be copied into the next command.
    identity = Column("id", no_wrap=True, min_width=36)
    name, reads = Column("name", overflow="fold"), Column("reads", overflow="fold")
    longest = max(len(word) for _, role in ROLES.values() for word in role.split())
    role_column = Column("role", width=longest)
    table = Table(name, role_column, reads, identity)
    shown = named(services, {feed for one in listed for feed in one.granted[:FEEDS_SHOWN]})
    for one in listed:
        feeds = "\n".join(shown[feed] for feed in one.granted[:FEEDS_SHOWN]) or "-"
        if len(one.granted) > FEEDS_SHOWN:
            feeds += f"\nand {len(one.granted) - FEEDS_SHOWN} more"
        role = ROLES.get(one.role, ("", one.role))[1]
        told = (one.name, role if one.active else f"{role} (not active)", feeds, one.id)
        table.add_row(*map(escape, told))  # A name may have brackets, which are marks here.
    Console().print(table)


def check_role(role: str) -> str:
    """A role that people can have. Raises OperatorError with the list."""
    from server.records.codes import ROLES

    if role not in ROLES:
        raise OperatorError(f"There is no role {role!r}. Roles: {', '.join(ROLES)}.")
    return role


def add(services: Services, name: str, role: str, feeds: Sequence[str], **fields: str) -> str:
    """A new user with these grants; answers the id."""
    from server.cli.grant import give
    from sync.scope import SYSTEM

    known = {key: value for key, value in fields.items() if value}
    user = services.new_id()
    values = {"name": name, "role": role, "active": True, **known}
    accepted(services.door.create(SYSTEM, "user", values, record=user))
    for feed in feeds:
        give(services, user, feed)
    return user


def password_given(password: str) -> str:
    """The password of the option; ``-`` reads it from standard input, so no history keeps it."""
    return sys.stdin.readline().rstrip("\r\n") if password == "-" else password


def put_account(services: Services, user: str | None, username: str, password: str) -> None:
    """A console account for a user, or (user None) another password for an account."""
    from server.accounts import passwords
    from server.accounts.sessions import writing

    try:
        stored = passwords.hash_password(password)
        with writing(services.store) as session:
            now_ms = services.now_ms()
            if user is not None:
                passwords.create_account(
                    session, username=username, password_hash=stored, user=user, now_ms=now_ms
                )
            elif account := passwords.find_account(session, username):
                passwords.set_password(session, account, stored, now_ms=now_ms)
            else:
                raise OperatorError(f"There is no account {username}.")
    except ValueError as wrong:
        raise OperatorError(str(wrong)) from None


def register(app: typer.Typer) -> None:
    """Add `users`."""

    @app.command()
    def users(
        as_data: Annotated[
            bool, typer.Option("--json", help="Print JSON and nothing else.")
        ] = False,
        name: Annotated[str, typer.Option("--add", metavar="NAME", help="Add a user.")] = "",
        role: Annotated[
            str, typer.Option(help="The role of the new user; or list only this role.")
        ] = "",
        feed: Annotated[
            list[str] | None, typer.Option(help="A feed for the new user. May be repeated.")
        ] = None,
        unit: Annotated[str, typer.Option(help="The new user's unit: a record id.")] = "",
        street: Annotated[str, typer.Option(help="Their street: a record id.")] = "",
        community: Annotated[str, typer.Option(help="Their community: a record id.")] = "",
        phone: Annotated[str, typer.Option(help="Their telephone number.")] = "",
        lang: Annotated[str, typer.Option(help="Their language: zh or en.")] = "",
        username: Annotated[
            str, typer.Option(help="Their name in the console; NAME if it is left out.")
        ] = "",
        password: Annotated[
            str,
            typer.Option(
                help="Makes a console account; with --username alone, changes its password. "
                "- reads it from standard input."
            ),
        ] = "",
    ) -> None:
        """List the users and what they read; or add one."""
        if role:
            check_role(role)
        if name and not role:
            raise OperatorError("A new user needs a --role.")
        services = open_services()
        if name:
            where = {"unit": unit, "street": street, "community": community}
            secret = password_given(password)
            user = add(services, name, role, feed or [], **where, phone=phone, lang=lang)
            if secret:
                put_account(services, user, username or name, secret)
            typer.echo(user if not as_data else json.dumps({"id": user}))
            return
        if password:
            if not username:
                raise OperatorError("Whose password? Name the account with --username.")
            put_account(services, None, username, password_given(password))
            typer.echo(f"The password of {username} is changed, and every session of it ended.")
            return
        _list(services, role=role, as_data=as_data)


def _list(services: Services, *, role: str, as_data: bool) -> None:
    from server.accounts import directory

    everybody = directory.users(services.store, now_ms=services.now_ms())
    listed = [one for one in everybody if not role or one.role == role]
    if as_data:
        typer.echo(as_json(listed))
    elif listed:
        show(services, listed)
    else:
        typer.echo("There are no users yet. `yuanba seed` makes a county with its people.")
