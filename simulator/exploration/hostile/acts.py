"""What a hostile app does: it sends, and the oracle compares what comes back with the contract.

Beside the wrong operations go honest ones, from the real outbox. To know that they lost
nothing by it, the same request without the wrong ones is made to a copy of the server that
was taken just before: each honest operation must get the same answer there.

Invariants
    * The copy of the server ends with the step, and moves nothing in this world.
    * A device without tokens, or whose tokens have ended, does nothing here.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from simulator.exploration.hostile.operations import ever_granted
from simulator.exploration.office import Office, Response
from simulator.exploration.oracle.audit_hostile import (
    Demand,
    Facts,
    audit_asked,
    audit_wrongs,
    demanded,
    must_reset,
)
from simulator.exploration.oracle.audit_wire import Exchange, read_exchange

if TYPE_CHECKING:
    from simulator.exploration.tablet import Tablet
    from simulator.exploration.world import World

__all__ = ["hostile"]

EXCHANGE = "/sync/v1/exchange"
_COMPARED = ("stamp", "outcome", "feeds", "fields", "repeated", "conflict", "needs")

Body = dict[str, Any]
Headers = dict[str, str]


def hostile(world: World, tablet: Tablet, args: Mapping[str, Any]) -> None:
    """Carry out a step ``hostile``."""
    credentials = tablet.keyring.load()
    if tablet.wiped or credentials is None or world.office.closed:
        world.tell("skipped", tablet.name, what="hostile")
        return
    headers = {"authorization": f"Bearer {credentials.token}", "content-type": "application/json"}
    if "whole" in args:
        _refused_whole(world, tablet, args["whole"], headers)
    else:
        _mixed(world, tablet, args, headers)


def _body(tablet: Tablet) -> Body:
    """The request that the real app would make now, with nothing in it to hand in."""
    with tablet.disk.read() as shelf:
        feeds = shelf.feeds()
    return {
        "protocol": 1,
        "device": tablet.replica.device,
        "schema": tablet.replica.catalogue.schema,
        "sent_at": tablet.now_ms(),
        "operations": [],
        "checkpoint": {one.name: one.cursor for one in feeds.values() if one.cursor is not None},
        "limit": tablet.world.limit,
    }


def _send(
    world: World, tablet: Tablet, body: bytes, headers: Mapping[str, str], what: Sequence[str]
) -> Response:
    answer = world.office.call("POST", EXCHANGE, headers, body)
    sum_ = zlib.crc32(answer.body)
    world.tell("hostile", tablet.name, what=list(what), status=answer.status, sum=sum_)
    return answer


# Refused as a whole --------------------------------------------------------------------------


def _refused_whole(world: World, tablet: Tablet, what: str, headers: Headers) -> None:
    body, more, wanted = _WHOLE[what](_body(tablet))
    before = len(world.oracle.ledger.ops)
    answer = _send(world, tablet, body, {**headers, **more}, [what])
    world.oracle.look()
    told = json.loads(answer.body)
    if answer.status == 401 and what not in ("no_token", "wrong_token"):
        return
    world.saw(f"hostile:{what}")
    if (answer.status, told.get("code")) != wanted:
        world.oracle.broke(2, f"{what} was answered with {answer.status} {told}, not {wanted}")
    if len(world.oracle.ledger.ops) != before:
        world.oracle.broke(2, f"{what}: something of a request was taken that was refused")


def _packed(body: Body, **more: Any) -> bytes:
    return json.dumps({**body, **more}).encode()


_WHOLE: Mapping[str, Any] = {
    "not_json": lambda body: (_packed(body)[:-9], {}, (400, "not_json")),
    "too_deep": lambda body: (
        b'{"protocol":1,"operations":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        {},
        (400, "too_deep"),
    ),
    "too_large": lambda body: (
        zlib.compress(_packed(body, status={"x": " " * (9 << 20)}), wbits=31),
        {"content-encoding": "gzip"},
        (413, "too_large"),
    ),
    "too_many": lambda body: (_packed(body, operations=[None] * 5_001), {},
                              (413, "too_many_operations")),
    "other_protocol": lambda body: (_packed(body, protocol=2), {}, (400, "unsupported_protocol")),
    "foreign_device": lambda body: (_packed(body, device="00000000"), {},
                                    (403, "not_your_device")),
    "no_token": lambda body: (_packed(body), {"authorization": ""}, (401, "no_token")),
    "wrong_token": lambda body: (_packed(body), {"authorization": "Bearer x"},
                                 (401, "token_unknown")),
}  # fmt: skip
"""What is wrong with a request → the bytes, headers, and the status and code it must meet."""


# Honest and wrong together -------------------------------------------------------------------


def _mixed(world: World, tablet: Tablet, args: Mapping[str, Any], headers: Headers) -> None:
    honest = _waiting(tablet, args.get("honest") or 0)
    facts = _facts(world, tablet)
    wrongs = list(_judged(facts, honest, args.get("wrongs") or ()))
    ask = dict(args.get("ask") or {})
    asked = ask.pop("what", None)
    body = {**_body(tablet), **ask}
    begin_anew = must_reset(facts, asked or "", body["checkpoint"])
    order = sorted([*((at, 0, op) for at, op in enumerate(honest)), *wrongs], key=lambda x: x[:2])
    operations = [one[2] for one in order]
    image = world.office.image() if honest and wrongs else None
    packed = _packed(body, operations=operations)
    names = [*([asked] if asked else []), *(one[3] for one in wrongs)]
    answer = _send(world, tablet, packed, headers, names)
    world.oracle.look()
    if answer.status != 200:
        if answer.status != 401:
            world.oracle.broke(2, f"{names}: the whole request was met with {answer.status}")
        return
    for one in wrongs:
        if one[4] is not None:  # What the contract leaves open proves nothing.
            world.saw(f"hostile:{one[3]}")
    told = read_exchange({}, packed, answer.headers, answer.body)
    is_wrong = [len(one) > 3 for one in order]
    _judge(world, tablet, facts, told, is_wrong, wrongs)
    if asked and told.hello["feeds"] is not None:
        world.saw(f"hostile:{asked}")
        world.oracle.judge(audit_asked(facts, asked, told, begin_anew))
    if image is not None:
        taken = [one[2] for one in order if len(one) == 3 or one[3] == "unknown_field"]
        plain = _packed(body, operations=taken)
        _unharmed(world, image, plain, headers, _only(told, is_wrong), wrongs)


def _waiting(tablet: Tablet, most: int) -> list[Body]:
    """The first operations that wait on the disk, no group among them cut or mixed."""
    with tablet.disk.read() as shelf:
        entries = shelf.in_state("waiting", limit=most) if most else []
    bodies = [dict(one.body) for one in entries]
    grouped = next((at for at, one in enumerate(bodies) if one.get("group")), len(bodies))
    return bodies[:grouped]


def _judged(
    facts: Facts, honest: Sequence[Body], wrongs: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[int, int, Any, str, Demand | None]]:
    """The wrong operations that can be sent: (after how many honest ones, order, operation,
    what is wrong, what must become of it)."""
    for number, one in enumerate(wrongs, 1):
        what, op, after = one["what"], one["op"], one["after"] - 1
        if what == "reused_at_once":
            if not honest:
                continue
            op, after = {**op, "stamp": honest[0]["stamp"]}, len(honest)
            demand: Demand | None = Demand("held", ("stamp_reused",))
            known = facts.ledger.ops.get(op["stamp"])
            if known is not None and known.raw.get("redacted") is True:
                continue
        else:
            demand = demanded(facts, what, op)
            if what == "reused" and demand is None:
                continue  # Nobody has used that stamp here: it would be an honest operation.
        yield min(after, len(honest)), number, op, what, demand


def _facts(world: World, tablet: Tablet) -> Facts:
    ledger, user = world.oracle.ledger, world.user_of(tablet)
    device = ledger.device(tablet.replica.device)
    role = ledger.role_of(user)
    past = (row for rows in ledger.past.values() for row in rows)
    return Facts(
        ledger=ledger,
        user=user,
        role=role or "",
        devices=frozenset((tablet.replica.device, *device.former)),
        limited=device.limited or role is None,
        allowed=world.oracle.allowed(user),
        ever=ever_granted(past, user),
        sure=not world.oracle.restored,
        clock_ms=max(world.now_ms, tablet.now_ms()),
    )


def _only(told: Exchange, is_wrong: Sequence[bool]) -> Exchange:
    """The exchange as it would be had nothing wrong been sent."""
    operations = [op for op, bad in zip(told.asked["operations"], is_wrong, strict=True) if not bad]
    acks = [ack for ack, bad in zip(told.acks, is_wrong, strict=True) if not bad]
    return told._replace(asked={**told.asked, "operations": operations}, acks=acks)


def _judge(
    world: World,
    tablet: Tablet,
    facts: Facts,
    told: Exchange,
    is_wrong: Sequence[bool],
    wrongs: Sequence[tuple[int, int, Any, str, Demand | None]],
) -> None:
    oracle = world.oracle
    if len(told.acks) != len(is_wrong):
        oracle.broke(2, f"{len(is_wrong)} operations got {len(told.acks)} acks")
        return
    oracle.understood(tablet, _only(told, is_wrong))
    acks = [ack for ack, bad in zip(told.acks, is_wrong, strict=True) if bad]
    in_order = [(one[3], one[2], one[4]) for one in sorted(wrongs, key=lambda one: one[:2])]
    kept = oracle.ledger.asides(tablet.replica.device)
    now = facts._replace(allowed=oracle.allowed(facts.user))
    oracle.judge(audit_wrongs(now, in_order, acks, kept))


def _unharmed(
    world: World,
    image: bytes,
    plain: bytes,
    headers: Headers,
    beside: Exchange,
    wrongs: Sequence[tuple[int, int, Any, str, Demand | None]],
) -> None:
    """Whether the honest operations get the same answer where nothing wrong came with them."""
    ids = count(1 << 40)
    twin = Office(
        image,
        now_ms=lambda: world.now_ms,
        new_id=lambda: f"00000000-0000-7000-8000-{next(ids):012x}",
        draw=lambda most: next(ids) % most,
        later=lambda _seconds, _do: None,
        catalogue=world.office.catalogue,
    )
    answer = twin.call("POST", EXCHANGE, headers, plain)
    world.saw("hostile:beside_honest")
    alone = read_exchange({}, plain, answer.headers, answer.body)
    taken = {one[2]["stamp"] for one in wrongs if one[3] == "unknown_field"}
    theirs = [ack for ack in alone.acks if ack["stamp"] not in taken]
    for mine, other in zip(beside.acks, theirs, strict=True):
        if _told(mine) != _told(other):
            name, what, told = mine["stamp"], [one[3] for one in wrongs], _told(mine)
            world.oracle.broke(2, f"{name} is {told} beside {what}, and alone {_told(other)}")


def _told(ack: Mapping[str, Any]) -> list[Any]:
    code = (ack.get("problem") or {}).get("code")
    return [*(ack.get(name) for name in _COMPARED), code]
