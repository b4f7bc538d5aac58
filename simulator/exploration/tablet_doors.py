"""Doors that a tablet goes through seldom: a copy that is damaged, and work that is carried.

A flash cell fails, or an app had a bug last year: a row is lost, or old, or one is there that
never was. The digest must find it, and the buckets mend it. And a tablet whose radio is dead
gives its work away in a signed file, which others bring, twice, late, or with another text in it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from simulator.exploration.chance import Dice
from simulator.exploration.signing import sign_as
from sync.digests import counted

if TYPE_CHECKING:
    from simulator.exploration.tablet import Tablet
    from simulator.exploration.world import World
    from sync.replica_storage import Shelf

__all__ = ["TABLET_DOORS", "TABLET_DRAWS"]

_BUNDLE = "/sync/v1/bundle"


# A copy that is damaged --------------------------------------------------------------------------


def _damage(world: World, tablet: Tablet, args: Mapping[str, Any]) -> None:
    """One row of the copy goes wrong, and nobody notices."""
    if tablet.wiped:
        return
    with tablet.disk.decay() as shelf:
        found = sorted(
            record
            for feed in shelf.feeds()
            for record in shelf.heads(shelf.members(feed))
            if record not in shelf.pending([record])
        )
        if not found:
            return
        record = found[args["which"] % len(found)]
        how = args["how"]
        if how == "old" and _may_edit(world, tablet, record):
            how = "lost"  # An edit of their own would hide it: it makes the head the server's.
        with counted(shelf, [record]):
            _HOW[how](shelf, record)
    world.damaged.add(record)
    world.saw(f"damage:{how}")
    world.tell("damage", tablet.name, how=how, record=record[-4:])


def _may_edit(world: World, tablet: Tablet, record: str) -> bool:
    ledger = world.oracle.ledger
    row, role = ledger.rows.get(record), ledger.role_of(world.user_of(tablet))
    return row is None or role in row.spec.who.get("edit", ())


def _lost(shelf: Shelf, record: str) -> None:
    shelf.drop_rows([record])


def _old(shelf: Shelf, record: str) -> None:
    (stored,) = shelf.rows([record]).values()
    record_, head, v, *rest = stored.row
    if head == v:
        shelf.drop_rows([record])  # It never changed: there is no older one.
        return
    row = [record_, v, v, *rest[:3], *(None for _ in rest[3:])]
    shelf.save_rows([stored._replace(row=row, seen=str(v))])


def _parted(shelf: Shelf, record: str) -> None:
    for feed in shelf.feeds_of([record])[record]:
        shelf.leave(feed, [record])


_HOW: Mapping[str, Callable[[Shelf, str], None]] = {"lost": _lost, "old": _old, "parted": _parted}
"""What happens to a row: it is gone, it is as it was made, it is in no feed any more."""


# Work that is carried ----------------------------------------------------------------------------


def _bundle(world: World, tablet: Tablet, args: Mapping[str, Any]) -> None:
    """A tablet's outbox goes into files, and somebody brings them."""
    carrier = world.tablets.get(args["carrier"])
    mine = tablet.keyring.load() if not tablet.wiped else None
    theirs = carrier.keyring.load() if carrier is not None and not carrier.wiped else None
    if mine is None or theirs is None or world.office.closed:
        world.tell("skipped", tablet.name, what="bundle")
        return
    files = tablet.replica.bundles(
        now_ms=tablet.now_ms(), batch=args["batch"], sign=sign_as(tablet.name)
    )
    if not files:
        return
    for text in files * (2 if args["twice"] else 1):
        _bring(world, tablet, _CHANGED[args["how"]](text), theirs.token, args["how"])


def _bring(world: World, tablet: Tablet, body: bytes, token: str, how: str) -> None:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    world.oracle.look()
    before = len(world.oracle.ledger.ops)
    answer = world.office.call("POST", _BUNDLE, headers, body)
    world.oracle.look()
    taken = len(world.oracle.ledger.ops) - before
    world.saw(f"bundle:{how}-{answer.status}")
    world.tell("bundle", tablet.name, how=how, status=answer.status)
    if answer.status >= 500:
        world.oracle.broke(0, f"{_BUNDLE} was answered with {answer.status}: {answer.body[:300]!r}")
    if answer.status != 200 or how != "whole":
        if taken:
            world.oracle.broke(9, f"a bundle was met with {answer.status}, and {taken} were taken")
        if answer.status == 200:
            world.oracle.broke(9, f"a bundle was changed ({how}), and it was taken")
        return
    told = json.loads(answer.body)
    sent = json.loads(json.loads(body)["payload"])
    stamps = [one["stamp"] for one in sent["operations"]]
    missing = [stamp for stamp in stamps if world.oracle.ledger.ops.get(stamp) is None]
    if told["operations"] != len(stamps) or taken != told["operations"] - told["repeated"]:
        if not missing:
            return  # What the server made of it by itself is counted in.
        world.oracle.broke(2, f"a bundle of {len(stamps)} was taken as {told}, and lacks {missing}")


def _other_payload(text: bytes) -> bytes:
    told = json.loads(text)
    told["payload"] = told["payload"].replace('"kind":"', '"kind": "', 1)
    return json.dumps(told).encode()


def _other_signature(text: bytes) -> bytes:
    told = json.loads(text)
    told["signature"] = base64.b64encode(bytes(64)).decode()
    return json.dumps(told).encode()


def _unsigned(text: bytes) -> bytes:
    return json.dumps({**json.loads(text), "signature": None}).encode()


_CHANGED: Mapping[str, Callable[[bytes], bytes]] = {
    "whole": lambda text: text,
    "payload": _other_payload,
    "signature": _other_signature,
    "unsigned": _unsigned,
}
"""What somebody did to a file on its way."""


TABLET_DOORS: Mapping[str, Callable[[World, Tablet, Mapping[str, Any]], None]] = {
    "damage": _damage,
    "bundle": _bundle,
}
"""Action → what it does to a tablet."""


def _draw_bundle(world: World, tablet: Tablet, dice: Dice) -> dict[str, Any]:
    others = [name for name in world.tablets if name != tablet.name]
    return {
        "carrier": dice.pick(others),
        "how": dice.pick(("whole", "whole", "whole", "payload", "signature", "unsigned")),
        "twice": dice.happens(0.3),
        "batch": dice.pick((500, 2)),
    }


TABLET_DRAWS: Mapping[str, Callable[[World, Tablet, Dice], dict[str, Any]]] = {
    "damage": lambda _world, _tablet, dice: {
        "which": dice.below(40),
        "how": dice.pick(tuple(_HOW)),
    },
    "bundle": _draw_bundle,
}
"""Action → how its arguments are drawn."""
