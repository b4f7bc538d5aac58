"""The workload: what people do next, decided while the run goes on.

What an administrator edits or a worker accepts depends on what is there at that moment, so
steps are made when their time comes, from the state of the tablet or of the ledger. What is
done is drawn from the catalogue: types, fields, kinds, steps of workflows.

Invariants
    * A decision depends on the seed, on who decides and how often they did before, and on
      what they see; never on how many decisions others took.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any

from simulator.exploration.chance import Dice
from simulator.exploration.hostile.apps import hostile_step
from simulator.exploration.people.desk import desk_step
from simulator.exploration.people.drafts import drafts_on
from simulator.exploration.profiles import Profile
from simulator.exploration.seldom import SERVER_DOORS
from simulator.exploration.tablet_doors import TABLET_DRAWS
from simulator.exploration.world import Step

if TYPE_CHECKING:
    from simulator.exploration.tablet import Tablet
    from simulator.exploration.world import World

__all__ = ["generated"]

_SECOND_MS, _HOUR_MS, _DAY_MS = 1_000, 3_600_000, 86_400_000


def generated(world: World, profile: Profile, steps: int) -> Iterator[Step]:
    """The steps of a run, each made when it is asked for."""
    actors = [*world.tablets, "desk", "server"]
    counts = dict.fromkeys(actors, 0)
    ready = [(_gap(world, name, 0, profile), name) for name in actors]
    heapify(ready)
    for _ in range(steps):
        at, name = heappop(ready)
        number = counts[name] = counts[name] + 1
        dice = world.chance.dice("step", name, number)
        gap = _gap(world, name, number, profile)
        if gap >= 14 * _DAY_MS and name in world.tablets:
            world.saw("people:away_weeks")
        heappush(ready, (at + gap, name))
        step = Step(at, name, *_decide(world, name, dice, profile, number))
        yield step
        if step.action == "holiday":
            pause = step.args["days"] * _DAY_MS
            ready = [(later + pause, one) for later, one in ready]
        if step.action == "clone" and step.args["name"] in world.tablets.keys() - counts.keys():
            counts[step.args["name"]] = 0
            heappush(ready, (at + _SECOND_MS, step.args["name"]))


def _gap(world: World, name: str, number: int, profile: Profile) -> int:
    """How long somebody waits before the next thing they do."""
    dice = world.chance.dice("gap", name, number)
    draw = dice.share()
    if draw < profile.of("away_days"):
        return dice.between(1, 45) * _DAY_MS
    if draw < profile.of("away_days") + profile.of("away_hours"):
        return dice.between(1, 20) * _HOUR_MS
    usual = {"desk": 1200, "server": 4800}.get(name, 240)
    return dice.between(1, usual * 2) * _SECOND_MS + dice.below(1000)


def _decide(
    world: World, name: str, dice: Dice, profile: Profile, number: int
) -> tuple[str, Mapping[str, Any]]:
    if name == "server":
        return _server(dice, profile)
    if name == "desk":
        return desk_step(world, dice, profile, number)
    return _tablet(world, world.tablets[name], dice, profile, number)


def _server(dice: Dice, profile: Profile) -> tuple[str, Mapping[str, Any]]:
    action = dice.weighted(profile.weights("server")) or "backup"
    if action == "close":
        return action, {"ms": dice.between(2, 240) * _SECOND_MS}
    if action in SERVER_DOORS:
        return action, SERVER_DOORS[action](dice)
    return action, {}


# On a tablet ---------------------------------------------------------------------------------


def _tablet(
    world: World, tablet: Tablet, dice: Dice, profile: Profile, number: int
) -> tuple[str, Mapping[str, Any]]:
    action = dice.weighted(profile.weights("tablet")) or "sync"
    if action == "work":
        drafts = drafts_on(world, tablet, dice, profile, f"{tablet.name}.{number}")
        if drafts:
            together = len(drafts) > 1 and dice.happens(profile.of("group"))
            return "work", {"drafts": drafts, "group": world.name_new() if together else None}
        action = "sync"
    if action == "sync":
        args = _exchange(dice, profile)
        if tablet.running is not None and not tablet.running.dead and dice.happens(0.5):
            args["anew"] = True
        return "sync", args
    if action == "clock":
        minutes = dice.pick((0, 0, -3, 7, -600, 300, 2_000))
        return "clock", {"minutes": minutes}
    if action == "full":
        return "full", {"on": not tablet.disk.full}
    if action == "clone":
        return "clone", {"name": f"{tablet.name}-copy"}
    if action == "hostile":
        return "hostile", hostile_step(world, tablet, dice, number)
    if action in TABLET_DRAWS:
        return action, TABLET_DRAWS[action](world, tablet, dice)
    if action == "withdraw":
        return "withdraw", {"which": dice.below(10)}
    return action, {}


def _exchange(dice: Dice, profile: Profile) -> dict[str, Any]:
    """An exchange, with what happens to each of its first requests."""
    args: dict[str, Any] = {"net": [_plan(dice, profile) for _ in range(4)]}
    if dice.happens(profile.of("power_cut")):
        args["dies"] = {"write": dice.between(1, 9), "after": dice.happens(0.5)}
    return args


def _plan(dice: Dice, profile: Profile) -> dict[str, Any]:
    plan: dict[str, Any] = {"up": dice.between(20, 900), "down": dice.between(20, 900)}
    fault = dice.weighted(profile.faults())
    if fault and fault != "none":
        plan["fault"] = fault
    if fault == "duplicate":
        plan["again"] = dice.between(1, 3_000) * dice.pick((1, 100))
    if fault == "cut":
        plan["at"] = dice.below(100) / 100
    if dice.happens(profile.of("delay")):
        plan["down"] = dice.between(5, 600) * _SECOND_MS
    if dice.happens(profile.of("slow")):
        plan["slow"] = dice.between(50, 3_000)
    return plan
