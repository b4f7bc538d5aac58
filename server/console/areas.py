"""Areas: the grids that a person sees, with what is going on in each.

The same numbers stand in the map, in the list beside it and in the table of grids:
one query makes them, so that the three can never disagree.

Invariants
    * A grid outside the person's place is in none of them.
    * A grid that was replaced by a resize (``valid_to``) is not shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from server.console import languages, ledger
from server.console.access import Person
from server.store.tables import CONFLICT

__all__ = ["Area", "areas", "grid_titles"]

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Area:
    """One grid. ``last_visit`` is the newest of its households' (ms), None if there was none."""

    id: str
    number: int | None
    name: str
    community: str
    street: str
    households: int
    conflicts: int
    orders: int
    last_visit: int | None

    def days_since_visit(self, now_ms: int) -> int | None:
        """Whole days since anybody of the grid was visited; None for never."""
        return None if self.last_visit is None else max(0, (now_ms - self.last_visit) // _DAY_MS)


def areas(person: Person, *, grids: Iterable[str] | None = None) -> list[Area]:
    """The current grids of a person's place, by street, community and number."""
    grid, community = ledger.table("grid"), ledger.table("community")
    street, household = ledger.table("street"), ledger.table("household")
    order = ledger.table("work_order")
    today = languages.today()
    connection = ledger.connection()
    wanted = (
        select(
            grid.c.id,
            grid.c.number,
            grid.c.name,
            community.c.name.label("community"),
            street.c.name.label("street"),
        )
        .join_from(grid, community, grid.c.community == community.c.id, isouter=True)
        .join(street, community.c.street == street.c.id, isouter=True)
        .where(person.within(grid.c.id), grid.c.valid_to.is_(None) | (grid.c.valid_to >= today))
        .order_by(street.c.code, community.c.code, grid.c.number, grid.c.name)
    )
    if grids is not None:
        wanted = wanted.where(grid.c.id.in_(sorted(grids)))
    counted = (
        select(household.c.grid, func.count(), func.max(household.c.last_visit))
        .where(person.within(household.c.grid))
        .group_by(household.c.grid)
    )
    homes: dict[str, tuple[int, int | None]] = {
        one: (count, last) for one, count, last in connection.execute(counted)
    }
    disputed = _by_grid(
        select(CONFLICT.c.feed, func.count())
        .where(CONFLICT.c.closed.is_(None), CONFLICT.c.feed.like("grid:%"))
        .group_by(CONFLICT.c.feed)
    )
    unfinished = _by_grid(
        select(order.c.grid, func.count())
        .where(order.c.status.not_in(("closed", "merged", "rejected")))
        .group_by(order.c.grid)
    )
    return [
        Area(
            id=row.id,
            number=row.number,
            name=row.name or "",
            community=row.community or "",
            street=row.street or "",
            households=homes.get(row.id, (0, None))[0],
            conflicts=disputed.get(row.id, 0),
            orders=unfinished.get(row.id, 0),
            last_visit=homes.get(row.id, (0, None))[1],
        )
        for row in connection.execute(wanted)
    ]


def _by_grid(query: Any) -> dict[str, int]:
    found = ledger.connection().execute(query)
    return {key.removeprefix("grid:"): count for key, count in found if key}


def grid_titles(person: Person) -> list[tuple[str, str]]:
    """(id, words) of the grids of a person's place, for a choice."""
    grid, community = ledger.table("grid"), ledger.table("community")
    query = (
        select(grid.c.id, grid.c.name, community.c.name.label("community"))
        .join_from(grid, community, grid.c.community == community.c.id, isouter=True)
        .where(person.within(grid.c.id))
        .order_by(community.c.code, grid.c.number)
    )
    return [
        (row.id, _with_community(row.name or "", row.community or ""))
        for row in ledger.connection().execute(query)
    ]


def _with_community(name: str, community: str) -> str:
    """A grid's name that does not say its community already says it too."""
    return name if not community or name.startswith(community) else f"{community} {name}"
