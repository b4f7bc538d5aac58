"""What the commands share: the services of the database, and how they speak.

A command acts beside a running server, so it must find the same schema. An empty
database is made on the spot; one of another version is left alone, with words.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import server
from server.cli.errors import OperatorError
from server.settings import Settings, load_settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from server.accounts.directory import User
    from server.services import Services
    from sync.authority import Ack

__all__ = ["accepted", "open_services", "schema_versions", "user_named", "warn"]


def open_services(settings: Settings | None = None) -> Services:
    """The services of the database of the settings, made if it is empty.

    Raises OperatorError if it is of another version than this program.
    """
    settings = settings or load_settings()
    from server.app import create_services
    from server.store import migrate, open_store

    store = open_store(settings)
    found, wanted = schema_versions(store.engine)
    store.close()
    if found is None:
        migrate(settings)
    elif found != wanted:
        raise OperatorError(
            f"The database is of version {found}, this program of version {wanted}. "
            "Restart the server with this program (yuanba serve), which brings it up to date."
        )
    return create_services(settings)


def schema_versions(engine: Engine) -> tuple[str | None, str | None]:
    """The version that a database has (None: it is empty), and the one that is wanted."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    steps = ScriptDirectory(str(Path(server.__file__).parent / "migrations"))
    return found, steps.get_current_head()


def user_named(services: Services, named: str) -> User:
    """The user whom an operator means. Raises OperatorError with the choices."""
    from server.accounts.directory import find, users

    try:
        return find(users(services.store, now_ms=services.now_ms()), named)
    except LookupError as unclear:
        raise OperatorError(f"{unclear} See them all: yuanba users") from None


def accepted(ack: Ack) -> Ack:
    """An acknowledgement that says yes. Raises OperatorError with the reason of any other."""
    if ack.problem is not None and ack.outcome in ("rejected", "held"):
        raise OperatorError(ack.problem.message("en"))
    return ack


def warn(sentence: str) -> None:
    """Say something beside the output that another program may be reading."""
    print(f"yuanba: {sentence}", file=sys.stderr)  # noqa: T201
