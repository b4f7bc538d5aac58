"""Actions: what a step does to the world. A table, from the name in a step to a function.

Every argument is in the step itself, so a step means the same in a shorter run; one that
has lost what it was about (a record whose creation was left out) is skipped, with a fact
in the trace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.exploration.disk import PowerCut
from simulator.exploration.hostile.acts import hostile
from simulator.exploration.photos.steps import PHOTO_DOORS, PHOTO_KEEPING
from simulator.exploration.seldom import SELDOM
from simulator.exploration.tablet_doors import TABLET_DOORS
from sync.errors import Refusal

if TYPE_CHECKING:
    from simulator.exploration.tablet import Tablet
    from simulator.exploration.world import Step, World

__all__ = ["ACTIONS", "do"]

_MINUTE_MS = 60_000


def do(world: World, step: Step) -> None:
    """Carry a step out."""
    on_tablet, on_world = ON_TABLETS.get(step.action), ACTIONS.get(step.action)
    if on_tablet is not None:
        tablet = world.tablets.get(step.who)
        if tablet is None:
            world.tell("skipped", step.who, what=step.action)
            return
        if step.action not in ("work", "sync"):
            world.saw(f"device:{step.action}")
        try:
            on_tablet(world, tablet, step.args)
        except PowerCut:
            tablet.kill()
    elif on_world is not None:
        on_world(world, step.args)
        world.oracle.look()
    else:
        raise KeyError(f"no action is called {step.action!r}")


# On tablets ----------------------------------------------------------------------------------


def _work(world: World, tablet: Tablet, args: Mapping[str, Any]) -> None:
    world.tell("work", tablet.name, drafts=_in_short(args["drafts"]))
    shown = world.oracle.shown(tablet, args["drafts"])
    if world.oracle.erasures.is_of_before(args["drafts"], shown):
        world.tell("skipped", tablet.name, what="work")
        return
    stamps = tablet.work(args["drafts"], args.get("group"))
    world.oracle.note_made(tablet, stamps, args["drafts"], shown)
    for draft, stamp in zip(args["drafts"], stamps, strict=False):
        world.saw(f"work:{draft['kind']}" if stamp else "work:nothing_changed")


def _in_short(drafts: Any) -> list[tuple[str, str, str, list[str]]]:
    """Of each draft its kind, its type, the end of its record's id and its fields."""
    return [
        (one["kind"], one["type"], one["record"][-4:], sorted(one.get("fields") or {}))
        for one in drafts
    ]


def _sync(world: World, tablet: Tablet, args: Mapping[str, Any]) -> None:
    if args.get("anew"):
        if tablet.running is not None and not tablet.running.dead:
            world.saw("device:impatient")
        tablet.give_up_waiting()
    dies = args.get("dies")
    if dies:
        tablet.disk.die(write=dies["write"], after=dies["after"])
    tablet.link.plans = list(args.get("net") or ())
    if not tablet.sync(world.exchanged):
        world.saw("device:already_syncing")


def _kill(world: World, tablet: Tablet, _args: Mapping[str, Any]) -> None:
    world.tell("kill", tablet.name)
    tablet.kill()


def _image(world: World, tablet: Tablet, _args: Mapping[str, Any]) -> None:
    world.tell("image", tablet.name)
    tablet.yesterday = (tablet.disk.image(), tablet.keyring.load())


def _rollback(world: World, tablet: Tablet, _args: Mapping[str, Any]) -> None:
    world.tell("rollback", tablet.name)
    tablet.set_back()


def _clone(world: World, tablet: Tablet, args: Mapping[str, Any]) -> None:
    credentials = tablet.keyring.load()
    if args["name"] in world.tablets or credentials is None:
        return
    world.tell("clone", tablet.name, name=args["name"])
    twin = world.add_tablet(args["name"], tablet.person, tablet.disk.image(), credentials)
    twin.unsure_ms = tablet.unsure_ms
    twin.ahead_ms = tablet.ahead_ms


def _clock(world: World, tablet: Tablet, args: Mapping[str, Any]) -> None:
    world.tell("clock", tablet.name, ahead=args["minutes"])
    tablet.moves_clock(args["minutes"] * _MINUTE_MS)


def _full(world: World, tablet: Tablet, args: Mapping[str, Any]) -> None:
    world.tell("full", tablet.name, on=args["on"])
    tablet.disk.full = args["on"]


def _withdraw(_world: World, tablet: Tablet, args: Mapping[str, Any]) -> None:
    kept = tablet.replica.kept()
    if kept and not tablet.disk.full:
        stamp = kept[args["which"] % len(kept)].stamp
        tablet.withdrawn.add(stamp)
        tablet.replica.withdraw(stamp)


ON_TABLETS: Mapping[str, Callable[[World, Tablet, Mapping[str, Any]], None]] = {
    "work": _work,
    "sync": _sync,
    "kill": _kill,
    "image": _image,
    "rollback": _rollback,
    "clone": _clone,
    "clock": _clock,
    "full": _full,
    "withdraw": _withdraw,
    "hostile": hostile,
    **TABLET_DOORS,
    **PHOTO_DOORS,
}
"""Action → what it does to a tablet."""


# At the office and in the machine room ---------------------------------------------------------


def _desk(world: World, args: Mapping[str, Any]) -> None:
    """Somebody changes records through the door, one after the other."""
    office, role = world.office, _role(world, args)
    if role is None:
        return
    who = office.scope(args["user"], role)
    _count_people(world, args["drafts"])
    for draft in args["drafts"]:
        try:
            ack = office.submit(who, draft, seen=draft.get("seen"))
        except Refusal as refusal:
            world.saw(f"desk:{refusal.problem.code}")
            continue
        world.saw(f"desk:{ack.outcome}")
        world.tell("desk", args["role"], drafts=_in_short([draft]), outcome=ack.outcome)


def _count_people(world: World, drafts: Sequence[Mapping[str, Any]]) -> None:
    """Count what happens to people whose tablets are out with work on them."""
    out = {
        world.user_of(one)
        for one in world.tablets.values()
        if not one.wiped and one.replica.count_waiting()
    }
    rows = world.oracle.ledger.rows
    for draft in drafts:
        fields, row = draft.get("fields") or {}, rows.get(draft["record"])
        if draft["type"] == "assignment" and "until" in fields and row is not None:
            if row.get("user") in out:
                world.saw("people:reassigned_offline")
        elif draft["type"] == "grid" and draft["kind"] == "create" and out:
            world.saw("people:split")
        elif draft["type"] == "user" and (draft["kind"] == "delete" or not fields.get("active")):
            world.saw("people:removed")


def _role(world: World, args: Mapping[str, Any]) -> str | None:
    """The role that somebody at a desk has now, as a page asks it; None if they have left."""
    if args["user"] == "system":
        return "system"
    return world.oracle.ledger.role_of(args["user"])


def _undo(world: World, args: Mapping[str, Any]) -> None:
    role = _role(world, args)
    if role is None:
        return
    ack = world.office.undo(world.office.scope(args["user"], role), args["stamp"])
    world.saw(f"undo:{ack.outcome}")
    world.tell("undo", args["role"], stamp=args["stamp"], outcome=ack.outcome)


def _release(world: World, args: Mapping[str, Any]) -> None:
    ack = world.oracle.released(lambda: world.office.release(args["stamp"]))
    world.saw(f"release:{ack.outcome}")
    world.tell("release", "administrator", stamp=args["stamp"], outcome=ack.outcome)


def _supervise(world: World, args: Mapping[str, Any]) -> None:
    if world.office.supervise(args["device"], args["step"], by=args["by"]):
        world.saw(f"supervise:{args['step']}")
        world.tell("supervise", "administrator", step=args["step"], device=args["device"])


def _crash(world: World, _args: Mapping[str, Any]) -> None:
    world.saw("server:restart")
    world.tell("restart", "server")
    world.restart_server(None)


def _backup(world: World, _args: Mapping[str, Any]) -> None:
    world.saw("server:backup")
    world.tell("backup", "server")
    world.back_up()


def _restore(world: World, _args: Mapping[str, Any]) -> None:
    world.saw("server:restored")
    world.tell("restored", "server")
    world.restart_server(world.backup)


def _close(world: World, args: Mapping[str, Any]) -> None:
    """A migration takes its time; the proxy says 503 meanwhile. A new program starts after it."""
    world.saw("server:slow_migration")
    world.tell("closed", "server", seconds=args["ms"] // 1000)
    world.office.closed = True

    def open_again() -> None:
        world.restart_server(None)
        world.office.closed = False

    world.later(args["ms"], open_again)


ACTIONS: Mapping[str, Callable[[World, Mapping[str, Any]], None]] = {
    "desk": _desk,
    "undo": _undo,
    "release": _release,
    "supervise": _supervise,
    "crash": _crash,
    "backup": _backup,
    "restore": _restore,
    "close": _close,
    **SELDOM,
    **PHOTO_KEEPING,
}
"""Action → what it does to the server."""
