"""Photos in a run: they are taken, handed in, looked at, and attacked, between other steps.

These steps come beside those of the workload: each is drawn by a key of its own, so that
what else happens in a run is the same with and without them. Everything that a step needs is
in it: the photo's key, what becomes of each request, what a hostile app sends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from simulator.exploration import back_office
from simulator.exploration.chance import Dice
from simulator.exploration.county import PEOPLE
from simulator.exploration.oracle.audit_photos import LIFE_MS, WAITS_MS
from simulator.exploration.oracle.ledger import Row, TypeSpec
from simulator.exploration.people.drafts import Desk, filled, with_taken
from simulator.exploration.photos.hostile import PHOTO_WRONGS, attack
from simulator.exploration.photos.tus import DOOR
from simulator.exploration.profiles import PHOTO_FAULTS, Profile
from simulator.exploration.world import Step

if TYPE_CHECKING:
    from simulator.exploration.tablet import Tablet
    from simulator.exploration.world import World

__all__ = ["PHOTO_DOORS", "PHOTO_KEEPING", "sweep_all", "with_photos"]

_SECOND_MS = 1_000


def with_photos(world: World, profile: Profile, steps: Iterable[Step]) -> Iterator[Step]:
    """The steps of a run, and between them those that are about photos."""
    if not world.photos:
        yield from steps
        return
    counts: Counter[str] = Counter()
    for step in steps:
        yield step
        counts[step.who] += 1
        dice = world.chance.dice("photos", step.who, counts[step.who])
        mark = f"p{step.who}.{counts[step.who]}"
        tablet = world.tablets.get(step.who)
        if tablet is not None and not tablet.wiped:
            made = _on_tablet(world, tablet, dice, profile, mark)
        elif step.who == "server" and dice.happens(profile.of("photo_keeping")):
            made = dice.pick((("sweep", {}), ("sweep", {}), ("fill", {"on": dice.happens(0.4)})))
        elif step.who == "desk" and dice.happens(profile.of("photo_erase")):
            made = _erase(world, dice)
        else:
            made = None
        if made is not None:
            yield Step(step.at, step.who, *made)


Made = tuple[str, Mapping[str, Any]]


def _on_tablet(
    world: World, tablet: Tablet, dice: Dice, profile: Profile, mark: str
) -> Made | None:
    names = ("photo", "photo_look", "photo_abuse", "photo_hand_in")
    draw = dice.share()
    for name in names:
        draw -= profile.of(name)
        if draw < 0:
            return _DRAWS[name](world, tablet, dice, profile, mark)
    return None


def _take(world: World, tablet: Tablet, dice: Dice, profile: Profile, mark: str) -> Made | None:
    """A photo is taken of something that is there, and named by it."""
    desk, taken = Desk(world, tablet, profile, mark), dict[str, str]()
    desk.entered = desk.entered._replace(taken=taken)
    specs = [desk.specs[one] for one in desk.types(dice, "edit") if _fields(desk.specs[one])]
    spec = dice.pick(specs) if specs else None
    record = desk.record(dice, spec.name) if spec is not None else None
    if spec is None or record is None:
        return None
    fields = filled(spec, dice, desk.entered, lambda _name: None, [dice.pick(_fields(spec))])
    draft = {"kind": "edit", "type": spec.name, "record": record, "fields": fields}
    return "work", {"drafts": [with_taken(draft, taken)], "group": None}


def _fields(spec: TypeSpec) -> list[str]:
    return [name for name in spec.fields if spec.kind[name] == "attachment"]


def _hand_in(
    _world: World, tablet: Tablet, dice: Dice, profile: Profile, _mark: str
) -> Made | None:
    if not tablet.disk.photos.waiting():
        return None
    args: dict[str, Any] = {
        "net": [_plan(dice, profile) for _ in range(6)],
        "piece": dice.pick((150, 250, 400, 65_536)),
        "checked": dice.happens(0.3),
        "override": dice.happens(0.1),
    }
    if dice.happens(profile.of("power_cut")):
        args["dies"] = {"write": dice.between(1, 6), "after": dice.happens(0.5)}
    return "hand_in", args


def _plan(dice: Dice, profile: Profile) -> dict[str, Any]:
    plan: dict[str, Any] = {"up": dice.between(20, 9_000), "down": dice.between(20, 9_000)}
    fault = dice.weighted({**profile.faults(), **PHOTO_FAULTS})
    if fault and fault not in ("none", "cut"):
        plan["fault"] = fault
    if fault == "duplicate":
        plan["again"] = dice.between(1, 3_000) * dice.pick((1, 100))
    if dice.happens(profile.of("delay")):
        plan["down"] = dice.between(5, 86_400) * _SECOND_MS
    return plan


def _erase(world: World, dice: Dice) -> Made | None:
    """Somebody of whom there is a photo has everything erased."""
    rows = world.oracle.ledger.rows
    sent = sorted({one.record for one in world.oracle.photos.rows() if one.record in rows})
    if not sent:
        return None
    args = {"user": PEOPLE["qian"].user, "record": dice.pick(sent), "related": dice.happens(0.5)}
    return "redact", args


def _look(world: World, tablet: Tablet, dice: Dice, _profile: Profile, _mark: str) -> Made | None:
    """Somebody asks for a picture: mostly one that their tablet shows, else any that there is."""
    rows, pictures = world.oracle.ledger.rows, world.oracle.photos.pictures
    named = [
        (row.id, str(row.get(name)))
        for row in rows.values()
        for name in _fields(row.spec)
        if row.get(name) in pictures
    ]
    if dice.happens(0.7):
        allowed = world.oracle.allowed(world.user_of(tablet))
        named = [one for one in named if not allowed.isdisjoint(rows[one[0]].feeds())] or named
    if dice.happens(0.2):  # What was sent once, and may be named no more.
        named = [
            (one.record, one.hash) for one in world.oracle.photos.rows() if one.record
        ] or named
    if not named:
        return None
    record, digest = dice.pick(named)
    if dice.happens(0.15):  # A hash that is known, and asked for with another record.
        record = dice.pick(_of_same_type(rows, record))
    return "look", {"record": record, "digest": digest}


def _of_same_type(rows: Mapping[str, Row], record: str) -> list[str]:
    row = rows.get(record)
    return [one.id for one in rows.values() if row is None or one.spec is row.spec]


def _abuse(world: World, _tablet: Tablet, dice: Dice, _profile: Profile, mark: str) -> Made | None:
    what = dice.pick(tuple(PHOTO_WRONGS))
    rows = world.oracle.ledger.rows
    record = dice.pick(
        _of_same_type(rows, next(one.id for one in rows.values() if _fields(one.spec)))
    )
    return "photo_abuse", {
        "what": what,
        "key": f"〔{mark}〕",
        "record": record,
        "other": dice.below(20),
    }


_DRAWS: Mapping[str, Callable[[World, Tablet, Dice, Profile, str], Made | None]] = {
    "photo": _take,
    "photo_look": _look,
    "photo_abuse": _abuse,
    "photo_hand_in": _hand_in,
}
"""Rate → how the step is drawn that happens at it."""


# What they do ----------------------------------------------------------------------------------


def _do_hand_in(world: World, tablet: Tablet, args: Mapping[str, Any]) -> None:
    if not tablet.camera.begin(args):
        world.saw("photo:already_handing_in")


def _do_look(world: World, tablet: Tablet, args: Mapping[str, Any]) -> None:
    credentials = tablet.keyring.load()
    if tablet.wiped or credentials is None or world.office.closed:
        world.tell("skipped", tablet.name, what="look")
        return
    headers = {"authorization": f"Bearer {credentials.token}"}
    path = f"{DOOR}/{args['digest']}?record={args['record']}"
    world.serve(tablet, "GET", path, headers, None, trap=None)


PHOTO_DOORS: Mapping[str, Callable[[World, Tablet, Mapping[str, Any]], None]] = {
    "hand_in": _do_hand_in,
    "look": _do_look,
    "photo_abuse": attack,
}
"""Action → what it does to a tablet."""


def _sweep(world: World, _args: Mapping[str, Any]) -> None:
    """What is over is removed, as an administrator has it done."""
    oracle = world.oracle
    kept = oracle.photos.before_sweep(world.now_ms)
    gone = _collect(world, world.now_ms)
    oracle.judge(oracle.photos.after_sweep(kept))
    world.tell("swept", "server", unfinished=gone.unfinished, unnamed=gone.unreferred)


def _collect(world: World, now_ms: int) -> Any:
    gone = back_office.collect(world.office, now_ms=now_ms)
    for name in ("unfinished", "unreferred", "strays"):
        if getattr(gone, name):
            world.saw(f"photo:swept_{name}")
    return gone


def sweep_all(world: World) -> None:
    """After everything: uploads end, and long after that what nothing names goes."""
    oracle = world.oracle
    for days, late in ((LIFE_MS + 1, False), (LIFE_MS + WAITS_MS + 2, True)):
        now_ms = world.now_ms + days
        kept = oracle.photos.before_sweep(now_ms)
        _collect(world, now_ms)
        oracle.judge(oracle.photos.swept(late=late))
        oracle.judge(oracle.photos.after_sweep(kept))


def _fill(world: World, args: Mapping[str, Any]) -> None:
    """The server's disk for photos is full, or has room again."""
    world.office.photos.fill(on=args["on"])
    world.tell("full", "server", on=args["on"])


PHOTO_KEEPING: Mapping[str, Callable[[World, Mapping[str, Any]], None]] = {
    "sweep": _sweep,
    "fill": _fill,
}
"""Action → what it does to the server."""
