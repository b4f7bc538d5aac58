"""Bugs that only a hostile app meets, and some that were planted by hand and lived at first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from simulator.exploration.mutants.planting import Plant, attribute, entry

__all__ = ["TABLE"]


def _all_alike(_original: Any) -> Callable[..., str]:
    """What a stamp came with before is not compared: other content passes for a repeat."""
    return lambda _raw: ""


def _actor_believed(original: Callable[..., Any]) -> Callable[..., Any]:
    """Whoever an operation names as its author is its author."""

    def well_formed(run: Any, op: Any, context: Any) -> Any:
        scope = replace(context.scope, user=op.actor)
        return original(run, op, context._replace(scope=scope))

    return well_formed


def _any_device(original: Callable[..., Any]) -> Callable[..., Any]:
    """Whose stamps an operation carries is not asked."""

    def read(self: Any, batch: Any) -> Any:
        stamps = [one.get("stamp") for one in batch.operations if isinstance(one, dict)]
        devices = frozenset(one[18:26] for one in stamps if isinstance(one, str))
        return original(self, batch._replace(scope=replace(batch.scope, former_devices=devices)))

    return read


def _stops_all(original: Callable[..., Any]) -> Callable[..., Any]:
    """One malformed operation, and the whole request is refused."""
    from sync.errors import Refusal

    def read(self: Any, batch: Any) -> Any:
        legible = original(self, batch)
        for one in legible.parsed:
            problem = getattr(one, "problem", None)
            if problem is not None and problem.code == "malformed":
                raise Refusal(problem)
        return legible

    return read


def _stops_the_rest(original: Callable[..., Any]) -> Callable[..., Any]:
    """What comes after a malformed operation is turned away with it."""

    def read(self: Any, batch: Any) -> Any:
        legible = original(self, batch)
        parsed, problem = [], None
        for one in legible.parsed:
            problem = problem or getattr(one, "problem", None)
            spoilt = problem is not None and hasattr(one, "raw")
            parsed.append(self_rejected(one, problem) if spoilt else one)
        return legible._replace(parsed=parsed)

    def self_rejected(op: Any, problem: Any) -> Any:
        from sync.batch import Ack

        return Ack(op.stamp, "rejected", problem=problem)

    return read


def _not_kept(original: Callable[..., Any]) -> Callable[..., Any]:
    """What cannot be read is refused, and thrown away."""
    return lambda self, batch: original(self, batch)._replace(asides=[])


def _any_base(original: Callable[..., Any]) -> Callable[..., Any]:
    """Of which record a base is a version is not asked."""
    from sync.errors import Refusal

    def has(*args: Any) -> None:
        try:
            original(*args)
        except Refusal:
            return

    return has


def _needs_nothing(original: Callable[..., Any]) -> Callable[..., Any]:
    """What was based on something that is not here is decided at once."""

    def has(run: Any, op: Any, context: Any, spec: Any, record: Any) -> None:
        original(run, op, context._replace(forced=True), spec, record)

    return has


def _any_cursor(original: Callable[..., Any]) -> Callable[..., Any]:
    """To which grant a cursor belongs is not asked."""

    def cursors(request: Any, scope: Any, *, epoch: str) -> Any:
        found = original(request, scope, epoch=epoch)
        return found | {
            feed: request.cursors[feed] for feed in scope.generations if feed in request.cursors
        }

    return cursors


def _known_only(original: Callable[..., Any]) -> Callable[..., Any]:
    """A field that this server does not know is dropped."""

    def put(self: Any, name: str, value: Any, version: str) -> None:
        if name in self.spec.index:
            original(self, name, value, version)

    return put


def _head_stays(original: Callable[..., Any]) -> Callable[..., Any]:
    """A record that is brought back keeps the head of its deletion."""

    def restore(run: Any, op: Any, context: Any) -> Any:
        record = run.work.record(op.record)
        head = record.head
        effect = original(run, op, context)
        record.head = head
        return effect

    return restore


def _grace_for_ever(_original: Any) -> Callable[..., Any]:
    """Work for a grant that ended is taken however long ago that was, whatever was known."""
    return lambda ended, _checkpoint, **_now: {grant.feed: grant.until_ms for grant in ended}


def _suspended_writes(original: Callable[..., Any]) -> Callable[..., Any]:
    """What a suspended device hands in is taken like any other work."""

    def now(run: Any, op: Any, context: Any) -> None:
        scope = replace(context.scope, suspended=False)
        original(run, op, context._replace(scope=scope))

    return now


TABLE: tuple[tuple[str, str, str, tuple[int, ...], Plant], ...] = (
    ("reused_stamp_swallowed", "编号重用被当作重复", "a reused stamp passes for a repeat", (3,),
     attribute("sync.run:canonical", _all_alike)),
    ("actor_believed", "可冒用他人名义", "anybody may sign for anybody", (4,),
     attribute("sync.gates:_well_formed", _actor_believed)),
    ("any_device", "可用他机编号", "stamps of other devices are taken", (4,),
     attribute("sync.authority:Authority.read", _any_device)),
    ("ahead_taken", "远在未来的编号直接生效", "a stamp of next year is taken at once", (11,),
     attribute("sync.gates:AHEAD_MS_MAX", lambda _limit: 1 << 60)),
    ("malformed_stops_all", "一条有误整批被拒", "one bad operation stops its request", (2,),
     attribute("sync.authority:Authority.read", _stops_all)),
    ("malformed_stops_rest", "一条有误其后被拒", "one bad operation stops those after it", (2,),
     attribute("sync.authority:Authority.read", _stops_the_rest)),
    ("malformed_thrown_away", "读不懂的不保存", "what cannot be read is thrown away", (2,),
     attribute("sync.authority:Authority.read", _not_kept)),
    ("values_unchecked", "不校验字段值", "values are not checked", (2,),
     attribute("sync.gates:check_values", lambda _check: lambda _op, _spec, **_stood: None)),
    ("base_of_another", "依据可指他人记录", "a base may be of another record", (6,),
     attribute("sync.gates:_has_what_it_needs", _any_base)),
    ("needs_nothing", "依据未到即生效", "what needs something is not held", (6,),
     attribute("sync.gates:_has_what_it_needs", _needs_nothing)),
    ("moves_anywhere", "可移到范围以外", "records can be moved to anybody", (4,),
     attribute("sync.editing:stay_within", lambda _check: lambda *_a, **_o: None)),
    ("any_cursor", "他人游标可用", "cursors of another grant are taken", (7,),
     attribute("sync.exchange:_cursors", _any_cursor)),
    ("known_fields_only", "新版应用的字段被丢弃", "fields of a newer app are dropped", (2,),
     attribute("sync.record:Record.put", _known_only)),
    ("head_stays", "恢复后版本不变", "a restored record keeps its head", (7,),
     entry("sync.kinds:KINDS", "restore", _head_stays)),
    ("grace_for_ever", "授权结束多久都可补交", "an ended grant lets work in for ever", (4,),
     attribute("sync.scope:_grace", _grace_for_ever)),
    ("suspended_writes", "停用设备仍可改", "a suspended device may write", (4,),
     attribute("sync.gates:_may_be_decided_now", _suspended_writes)),
)  # fmt: skip
"""Name, what it is (zh, en), the promises that notice it, and how it is planted."""
