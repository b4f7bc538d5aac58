"""Access: who may enter which room, and which grids they see there.

The console shows a whole county's households, so a slip here is a breach. A role
opens rooms by one table and everything that is not in the table is shut; a place
(county, street, community) limits what is read in them, on every read and every
write.

Invariants
    * A role that the table does not name enters no room.
    * ``Person.grids`` is None only for the county; for a person whose street or
      community is missing it is empty, never everything.
    * Restricted facts need ``may_reveal`` and a purpose; nothing else opens them.

The door judges every change again by the same feeds: this module decides what is
shown, not what is true.

>>> ACCESS["dispatcher"].rooms["conflicts"], "devices" in ACCESS["dispatcher"].rooms
('read', False)
>>> "grid_worker" in ACCESS
False
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, Literal, NamedTuple, ParamSpec, TypeVar

from flask import abort, g
from sqlalchemy import ColumnElement, Connection, Table, select, true

from server.console import languages
from server.rules.roles import ROLES
from sync.feeds import SHARED, person
from sync.record import Record
from sync.scope import Scope

__all__ = ["ACCESS", "Access", "Person", "admit", "admit_anybody", "grids_of", "here"]

Place = Literal["county", "street", "community"]
Right = Literal["read", "act"]


class Access(NamedTuple):
    """One role: how far it sees, which rooms it enters and whether it acts there."""

    place: Place
    rooms: Mapping[str, Right]
    may_reveal: bool = False


_FILES: Mapping[str, Right] = {"home": "read", "map": "read", "grids": "read", "conflicts": "read"}

ACCESS: Mapping[str, Access] = {
    "administrator": Access(
        "county",
        {
            "home": "read",
            "map": "read",
            "grids": "act",
            "conflicts": "act",
            "waiting": "act",
            "devices": "act",
        },
        may_reveal=True,
    ),
    "dispatcher": Access("street", _FILES),
    "community_staff": Access("community", _FILES, may_reveal=True),
}
"""Role → what the console opens for it. A role that is not here works on a tablet."""

# Types that a page of any record may not show: they are opened one by one, with a purpose.
RESTRICTED = frozenset({"resident_restricted"})


@dataclass(frozen=True)
class Person:
    """Who is signed in. ``grids`` and ``communities`` are None for somebody who sees the county."""

    id: str
    name: str
    role: str
    lang: str
    place: str
    grids: frozenset[str] | None
    communities: frozenset[str] | None

    @property
    def access(self) -> Access | None:
        """What the role opens, or None for a role without a place here."""
        return ACCESS.get(self.role)

    @property
    def role_label(self) -> str:
        """The role in the reader's language."""
        zh, en = ROLES.get(self.role, ("", ""))
        return zh if languages.language() == "zh" else en.capitalize()

    @property
    def may_reveal(self) -> bool:
        """Whether restricted facts may be opened, with a purpose."""
        return self.access is not None and self.access.may_reveal

    def right(self, room: str) -> Right | None:
        """What this person may do in a room."""
        return self.access.rooms.get(room) if self.access is not None else None

    @property
    def scope(self) -> Scope:
        """This person at the door."""
        return Scope(user=self.id, role=self.role, reads=self.feeds, lang=languages.language())

    @cached_property
    def feeds(self) -> frozenset[str] | None:
        """The feeds that the door lets this person write, or None for the whole county."""
        if self.grids is None:
            return None
        feeds = {SHARED, person(self.id)}
        feeds.update(f"grid:{one}" for one in self.grids)
        feeds.update(f"community:{one}" for one in self.communities or ())
        if self.may_reveal:
            feeds.update(f"restricted:{one}" for one in self.grids)
        return frozenset(feeds)

    def sees_grid(self, grid: str | None) -> bool:
        """Whether a grid lies within this person's place."""
        return self.grids is None or (grid is not None and grid in self.grids)

    def sees(self, record: Record) -> bool:
        """Whether a record may be shown to this person on an ordinary page."""
        if record.spec.name in RESTRICTED:
            return False
        return self.scope.judge(record.feeds()) == "active"

    def within(self, grid: ColumnElement[Any]) -> ColumnElement[bool]:
        """The condition that a column of grid ids lies within this person's place."""
        return true() if self.grids is None else grid.in_(sorted(self.grids))


def grids_of(
    connection: Connection, grids: Table, communities: Table, *, user: Record
) -> tuple[frozenset[str] | None, frozenset[str] | None]:
    """(grids, communities) that a user record's role and place let its holder see."""
    access = ACCESS.get(user.get("role"))
    if access is None or user.get("active") is False:
        return frozenset(), frozenset()
    if access.place == "county":
        return None, None
    place = user.get(access.place)
    if place is None:
        return frozenset(), frozenset()
    if access.place == "street":
        found = connection.execute(select(communities.c.id).where(communities.c.street == place))
        own = frozenset(found.scalars())
    else:
        own = frozenset({place})
    inside = select(grids.c.id).where(grids.c.community.in_(sorted(own)))
    return frozenset(connection.execute(inside).scalars()), own


def here() -> Person:
    """The person of this request; answers 401 where nobody is signed in."""
    found = g.get("person")
    if not isinstance(found, Person):
        abort(401)
    return found


P = ParamSpec("P")
T = TypeVar("T")


def admit(room: str, right: Right = "read") -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a view answer only those whose role opens ``room`` (and may act there)."""

    def wrap(view: Callable[P, T]) -> Callable[P, T]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            given = here().right(room)
            if given is None or (right == "act" and given != "act"):
                abort(403)
            return view(*args, **kwargs)

        # The shell refuses a view without this mark.
        vars(guarded)["room"] = room
        return guarded

    return wrap


def admit_anybody(view: Callable[P, T]) -> Callable[P, T]:
    """Let a view answer everybody who is signed in and has some room here."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        here()
        return view(*args, **kwargs)

    vars(guarded)["room"] = "any"
    return guarded
