"""Hostile apps: a device whose app sends wrong things beside what its worker really did.

An app may be old, broken, or written by somebody who wants to see what the server believes.
Its token is real. So beside the operations that wait on its disk it sends others, asks with
cursors that it was never given, or sends what is no request at all; the contract says of each
what must become of it, and that the honest work in the same batch loses nothing by it.

Invariants
    * What is sent is in the step, whole. Only the honest operations are taken from the disk when
      the step happens, as they wait there then.
    * The answer reaches no replica: for the real app it is an answer that was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from simulator.exploration.chance import Dice
from simulator.exploration.hostile.operations import WRONGS, App

if TYPE_CHECKING:
    from simulator.exploration.tablet import Tablet
    from simulator.exploration.world import World

__all__ = ["ASKS", "WHOLE", "hostile_step"]

Cursors = dict[str, Any]

WHOLE = (
    "not_json",
    "too_deep",
    "too_large",
    "too_many",
    "other_protocol",
    "foreign_device",
    "no_token",
    "wrong_token",
)
"""What is refused as a whole, before anything in it is looked at."""


def hostile_step(world: World, tablet: Tablet, dice: Dice, number: int) -> dict[str, Any]:
    """What a hostile app sends next: the arguments of a step ``hostile``."""
    how = dice.weighted({"operations": 10, "checkpoint": 3, "whole": 1.5})
    if how == "whole":
        return {"whole": dice.pick(WHOLE)}
    app = App(world, tablet, dice, number)
    args: dict[str, Any] = {"honest": dice.pick((0, 1, 2, 3))}
    if how == "checkpoint":
        name = dice.weighted({one: 0.4 if one == "ahead_cursor" else 1 for one in ASKS})
        args["ask"] = {"what": name, **ASKS[name or "no_cursor"](app)}
    count = dice.pick((1, 2, 3)) if how == "operations" else dice.below(2)
    args["wrongs"] = [one for one in (_wrong(app, dice) for _ in range(count)) if one is not None]
    return args


def _wrong(app: App, dice: Dice) -> dict[str, Any] | None:
    """Some wrong operation, and after how many honest ones it comes."""
    what = dice.pick(list(WRONGS))
    op = WRONGS[what](app)
    return None if op is None else {"what": what, "after": dice.below(4), "op": op[0]}


# What is asked with -------------------------------------------------------------------------------


def _foreign(app: App) -> dict[str, Any]:
    """Cursors that another's tablet was given, of the same feeds and of others."""
    others = [one for one in app.world.tablets.values() if one.person != app.tablet.person]
    return {"checkpoint": _cursors(app.dice.pick(others))} if others else {}


def _crossed(app: App) -> dict[str, Any]:
    """Each feed's own cursor under the next feed's name."""
    mine = _cursors(app.tablet)
    names = sorted(mine)
    return {"checkpoint": dict(zip(names, [mine[one] for one in names[1:]], strict=False))}


def _nonsense(app: App) -> dict[str, Any]:
    wild: tuple[Any, ...] = (7, None, "", "x", "....", [], {"a": 1}, "e.g.-1.0", "字" * 300)
    return {"checkpoint": {name: app.dice.pick(wild) for name in _cursors(app.tablet)}}


def _old_epoch(app: App) -> dict[str, Any]:
    mine = _cursors(app.tablet)
    return {"checkpoint": {name: f"never{cursor}" for name, cursor in mine.items()}}


def _ahead(app: App) -> dict[str, Any]:
    """A place in one of its feeds that the feed has not come to."""
    mine = _cursors(app.tablet)
    if mine:
        name = app.dice.pick(sorted(mine))
        epoch, generation, _place, check = mine[name].split(".")
        mine[name] = f"{epoch}.{generation}.ffffff.{check}"
    return {"checkpoint": mine}


def _strangers(app: App) -> dict[str, Any]:
    """Feeds that nobody granted, as if they were."""
    mine = _cursors(app.tablet)
    some = next(iter(mine.values()), "e.0.1.00000000")
    rows = app.ledger.rows.values()
    names = [feed for row in rows for feed in row.feeds() if feed not in app.ever]
    strange = dict.fromkeys(sorted(set(names))[:3], some)
    return {"checkpoint": {**mine, **strange, "grid:": some, "no such feed": some}}


def _cursors(tablet: Tablet) -> Cursors:
    with tablet.disk.read() as shelf:
        feeds = shelf.feeds()
    return {name: feed.cursor for name, feed in sorted(feeds.items()) if feed.cursor is not None}


ASKS: Mapping[str, Callable[[App], dict[str, Any]]] = {
    "no_cursor": lambda _app: {"checkpoint": {}},
    "foreign_cursor": _foreign,
    "crossed_cursor": _crossed,
    "nonsense_cursor": _nonsense,
    "old_epoch": _old_epoch,
    "ahead_cursor": _ahead,
    "strange_feed": _strangers,
    "old_schema": lambda _app: {"schema": 0},
    "new_schema": lambda _app: {"schema": 999},
}
"""What a request claims → the members of its body that say so."""
