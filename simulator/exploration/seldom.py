"""Seldom: steps of the doors that are used now and then, and how they are drawn.

A deletion is told for a year and then forgotten; nobody works for a month; what waited for
its base is let go. Each is a step with everything in it, like those of ``actions``.

>>> from simulator.exploration.chance import Chance
>>> SERVER_DOORS["holiday"](Chance(1).dice("d", "server"))["days"] in range(1, 61)
True
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from simulator.exploration import back_office
from simulator.exploration.chance import Dice
from simulator.exploration.oracle.audit_horizon import audit_purge, entries_now

if TYPE_CHECKING:
    from simulator.exploration.world import World

__all__ = ["SELDOM", "SERVER_DOORS"]


def _compact(world: World, args: Mapping[str, Any]) -> None:
    """The daily upkeep, with a horizon of so many days."""
    released = back_office.upkeep(world.office)
    if released:
        world.saw("upkeep:released")
        world.tell("upkeep", "server", released=released)
    oracle = world.oracle
    oracle.look()
    before = entries_now(oracle.ledger)
    purged = back_office.compact(world.office, days=args["days"])
    world.saw("server:compacted")
    if purged:
        world.saw("horizon:purged")
    world.tell("compacted", "server", days=args["days"], purged=purged)
    oracle.judge(audit_purge(oracle.ledger, before, world.now_ms, args["days"]))


def _holiday(world: World, args: Mapping[str, Any]) -> None:
    """Nobody works; what comes next comes so much later."""
    world.saw("people:holiday")
    world.tell("holiday", "county", days=args["days"])


def _upgrade(world: World, args: Mapping[str, Any]) -> None:
    """The server is closed for a migration, and then it is a newer version."""
    world.saw("server:upgraded")
    world.tell("closed", "server", seconds=args["ms"] // 1000)
    world.office.closed = True

    def open_again() -> None:
        world.upgrade_server()
        world.tell("upgraded", "server", schema=world.office.catalogue.schema)
        world.office.closed = False

    world.later(args["ms"], open_again)


def _redact(world: World, args: Mapping[str, Any]) -> None:
    """Somebody has what is known of them erased, and an administrator does it."""
    oracle, office = world.oracle, world.office
    wanted = None
    if oracle.ledger.role_of(args["user"]) == "administrator":
        wanted = back_office.to_erase(office, args["record"], related=args["related"])
    if wanted is None:
        world.tell("skipped", "desk", what="redact")
        return
    records = [*(one.id for one in wanted.records), *wanted.notices]
    oracle.erased(records, lambda: back_office.redact(office, wanted, by=args["user"]))
    world.saw("redaction:done")
    if len(records) > 1:
        world.saw("redaction:related")
    world.tell("redacted", "administrator", record=args["record"][-4:], count=len(records))


SELDOM: Mapping[str, Callable[[World, Mapping[str, Any]], None]] = {
    "compact": _compact,
    "holiday": _holiday,
    "redact": _redact,
    "upgrade": _upgrade,
}
"""Action → what it does."""

SERVER_DOORS: Mapping[str, Callable[[Dice], dict[str, Any]]] = {
    "compact": lambda dice: {"days": dice.pick((1, 1, 2, 7, 30))},
    "upgrade": lambda dice: {"ms": dice.between(1, 600) * 1_000},
    "holiday": lambda dice: {"days": dice.pick((1, 3, 6, 10, 32, 60))},
}
"""Action of the server → its arguments."""
