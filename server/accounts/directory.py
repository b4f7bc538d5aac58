"""The directory: users as operators name them, with what they read now.

A person at a command line has a name or the beginning of an id, and two people may
share a name. What is not clear is refused with the choices, never guessed.

>>> li = User("0199a1b2-0000-7000-8000-00000000000a", "李娟", "grid_worker", ("grid:7",), True)
>>> find([li], "0199a1").name
'李娟'
>>> find([li], "王芳")
Traceback (most recent call last):
LookupError: There is no user 王芳.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select

from server.store import SqlStore
from server.store.tables import GRANT, PROJECTED
from sync.feeds import SHARED, person

__all__ = ["User", "find", "grants_of", "users"]

_PREFIX_LENGTH_MIN = 4
_CHOICES_SHOWN = 5


class User(NamedTuple):
    """A user record, and the feeds granted to it now."""

    id: str
    name: str
    role: str
    granted: tuple[str, ...]
    active: bool

    @property
    def feeds(self) -> tuple[str, ...]:
        """Every feed that this user's devices read: the granted, their own, the shared."""
        return (*self.granted, person(self.id), SHARED)


def users(store: SqlStore, *, now_ms: int) -> list[User]:
    """All users, by role and name."""
    listed = PROJECTED["user"].c
    granted: dict[str, list[str]] = defaultdict(list)
    with store.engine.connect() as connection:
        for user, feed in connection.execute(
            select(GRANT.c.user, GRANT.c.feed).where(_lasts(now_ms))
        ):
            granted[user].append(feed)
        rows = connection.execute(
            select(listed.id, listed.name, listed.role, listed.active).order_by(
                listed.role, listed.name, listed.id
            )
        ).all()
    return [
        User(id_, name, role, tuple(sorted(set(granted[id_]))), active is not False)
        for id_, name, role, active in rows
    ]


def grants_of(store: SqlStore, *, user: str, feed: str, now_ms: int) -> list[str]:
    """The ids of the assignments that grant a feed to a user now."""
    these = select(GRANT.c.id).where(GRANT.c.user == user, GRANT.c.feed == feed, _lasts(now_ms))
    with store.engine.connect() as connection:
        return list(connection.scalars(these))


def _lasts(now_ms: int) -> ColumnElement[bool]:
    return or_(GRANT.c.until.is_(None), GRANT.c.until > now_ms)


def find(among: Sequence[User], named: str) -> User:
    """The user of an id, of the beginning of one, or of a name.

    Raises LookupError with a sentence if there is none, or more than one.
    """
    found = [one for one in among if named in (one.id, one.name)]
    if not found and len(named) >= _PREFIX_LENGTH_MIN:
        found = [one for one in among if one.id.startswith(named.lower())]
    if len(found) == 1:
        return found[0]
    if not found:
        raise LookupError(f"There is no user {named}.")
    shown = ", ".join(f"{one.id} ({one.name}, {one.role})" for one in found[:_CHOICES_SHOWN])
    more = f" and {len(found) - _CHOICES_SHOWN} more" if len(found) > _CHOICES_SHOWN else ""
    raise LookupError(f"{named} can be {shown}{more}. Name one by its id.")
