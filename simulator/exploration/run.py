"""A run: chaos for so many steps, then healing, then the question whether all is well.

Safety is asked at every step, under anything; liveness only after the faults have ended:
every tablet must then hand in what it has and hold what the server has, within a number of
exchanges that is fixed beforehand.
"""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import (
    Callable,
    Collection,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from typing import Any

import simpy

from simulator.exploration.actions import do
from simulator.exploration.beginning import beginning
from simulator.exploration.disk import PowerCut
from simulator.exploration.oracle.promises import Broken
from simulator.exploration.people.workload import generated
from simulator.exploration.photos.steps import sweep_all, with_photos
from simulator.exploration.profiles import Profile
from simulator.exploration.tablet import Tablet
from simulator.exploration.telling.trace import Fact
from simulator.exploration.world import Step, World

__all__ = ["EXCHANGES_MAX", "Outcome", "explore", "play"]

EXCHANGES_MAX = 12
"""So often a tablet may have to begin again, after healing, until it has nothing more to do."""

_ROUNDS_MAX = 6


@dataclass(slots=True)
class Outcome:
    """What came of a run. ``broken`` is (number, why) of the promise that did not hold.

    ``breaks`` has all that did not, in the order in which they were noticed: number → why.
    """

    seed: int
    profile: str
    steps: list[Step]
    broken: tuple[int, str] | None
    digest: str
    seen: Counter[str]
    simulated_ms: int
    cpu_s: float
    facts: list[Fact] = field(default_factory=list)
    breaks: Mapping[int, str] = field(default_factory=dict)

    def named(self, promises: Collection[int]) -> tuple[int, str] | None:
        """The first of some promises that did not hold."""
        return next(((one, why) for one, why in self.breaks.items() if one in promises), None)


def explore(
    seed: int, *, profile: str = "swarm", steps: int = 300, keep_trace: bool = False
) -> Outcome:
    """The run of a seed."""
    hand = Profile.fixed() if profile == "fixed" else Profile.swarm(seed)
    world = World(seed, beginning(), keep_trace=keep_trace)
    return _run(world, with_photos(world, hand, generated(world, hand, steps)), seed, profile)


def play(
    steps: Sequence[Step], *, seed: int, profile: str = "file", keep_trace: bool = False
) -> Outcome:
    """The run of a list of steps."""
    world = World(seed, beginning(), keep_trace=keep_trace)
    return _run(world, iter(steps), seed, profile)


def _run(world: World, source: Iterator[Step], seed: int, profile: str) -> Outcome:
    began = time.process_time()
    taken: list[Step] = []
    breaks = world.oracle.broken
    _attempt(world, lambda: _chaos(world, source, taken))
    _attempt(world, lambda: _heal(world))
    world.office.photos.clear()
    for number, why in breaks.items():
        world.tell("broken", "oracle", number=number, why=why)
    return Outcome(
        seed=seed,
        profile=profile,
        steps=taken,
        broken=next(iter(breaks.items()), None),
        digest=world.trace.digest(),
        seen=world.seen,
        simulated_ms=int(world.env.now),
        cpu_s=time.process_time() - began,
        facts=world.trace.facts,
        breaks=breaks,
    )


def _attempt(world: World, part: Callable[[], None]) -> None:
    """Live a part of a run. What the program raises counts, unless a promise was broken before."""
    try:
        part()
    except Broken as why:
        world.oracle.broke(why.number, why.why)
    except (Exception, PowerCut) as error:
        if world.oracle.broken:
            return  # In a world that is broken already, anything may follow.
        frames = traceback.extract_tb(error.__traceback__)[-4:]
        places = " < ".join(
            f"{one.filename.rpartition('/')[2]}:{one.lineno}" for one in frames[::-1]
        )
        world.oracle.broke(0, f"{type(error).__name__} at {places}: {error}")


def _chaos(world: World, source: Iterator[Step], taken: list[Step]) -> None:
    world.env.process(_drive(world, source, taken))
    world.env.run()


def _drive(
    world: World, source: Iterable[Step], taken: list[Step]
) -> Generator[simpy.Event, Any, None]:
    """The one process that makes steps happen, each at its time."""
    for step in source:
        if step.at > world.env.now:
            yield world.env.timeout(step.at - int(world.env.now))
        if world.oracle.broken:
            return
        taken.append(step)
        do(world, step)


def _heal(world: World) -> None:
    """End all faults, let every tablet exchange until all are still, and judge everything."""
    world.tell("heal", "county")
    world.office.closed = False
    world.office.photos.fill(on=False)
    tablets = list(world.tablets.values())
    for tablet in tablets:
        tablet.disk.full = False
        tablet.link.plans = []
        if tablet.running is not None or tablet.zombies or tablet.camera.running is not None:
            tablet.kill()
    for _round in range(_ROUNDS_MAX):
        before = _position(world)
        for tablet in tablets:
            _drain(world, tablet)
            _hand_in(world, tablet)
        if _position(world) == before:
            break
    else:
        world.oracle.broke(5, "tablets and server never come to rest")
    world.oracle.end([one for one in tablets if _reads(world, one)])
    sweep_all(world)


def _position(world: World) -> tuple[Any, ...]:
    """Whether anything still moves: the ends of all feeds, and what waits on tablets."""
    waiting = tuple(
        (one.replica.count_waiting(), len(one.disk.photos.waiting()))
        for one in world.tablets.values()
    )
    return (tuple(sorted(world.oracle.ledger.digests().items())), waiting)


def _drain(world: World, tablet: Tablet) -> None:
    """Exchanges until a tablet has nothing more to do, or must be helped by a person."""
    if tablet.wiped or tablet.keyring.load() is None:
        return
    for _ in range(EXCHANGES_MAX):
        tablet.link.asked = 0
        try:
            report = tablet.client.sync()
        except Broken as why:
            world.oracle.broke(why.number, why.why)
            return
        world.exchanged(tablet, report)
        if report.next.step == "enrol":
            world.enrol_again(tablet)
        elif report.next.step not in ("wait", "again", "refresh"):
            return
    world.oracle.broke(5, f"{tablet.name} does not come to rest: {report.next}")


def _hand_in(world: World, tablet: Tablet) -> None:
    """The photos that wait, in one go."""
    if tablet.wiped or tablet.keyring.load() is None:
        return
    try:
        tablet.camera.drain()
    except Broken as why:
        world.oracle.broke(why.number, why.why)


def _reads(world: World, tablet: Tablet) -> bool:
    """Whether a tablet may read anything: it is not wiped, and its holder is in service."""
    if tablet.wiped or tablet.keyring.load() is None:
        return False
    user = world.oracle.ledger.rows.get(world.user_of(tablet))
    in_service = user is not None and not user.deleted and user.get("active") is not False
    return in_service and tablet.replica.meta("problem") is None
