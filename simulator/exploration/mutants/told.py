"""Bugs of what follows a decision: who is told, what waits for what, what stands beside what.

Nothing that somebody typed is lost by most of them, and nobody knows of it. They are the ones
that a check of values alone does not see.
"""

from __future__ import annotations

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any

from simulator.exploration.mutants.planting import Plant, attribute, wrapped

__all__ = ["TABLE"]


def _not_done(_original: Any) -> Callable[..., None]:
    return lambda *_args, **_options: None


def _nobody(_original: Any) -> Callable[..., tuple[Any, ...]]:
    return lambda *_args, **_options: ()


def _undone_untold(original: Callable[..., None]) -> Callable[..., None]:
    """Whose change is taken back is not told."""

    def after_undo(run: Any, op: Any, context: Any, record: Any, effect: Any, **told: Any) -> None:
        original(run, op, context, record, effect, **told)
        effect.notices[:] = [one for one in effect.notices if one["code"] != "undone"]

    return after_undo


def _late_by_arrival(original: Callable[..., bool]) -> Callable[..., bool]:
    """Work is late that arrives late, whenever it was done."""

    def within(run: Any, op: Any, context: Any, spec: Any, record: Any) -> bool:
        arrived = context._replace(corrected_ms=context.received_ms)
        return original(run, op, arrived, spec, record)

    return within


def _in_part(_original: Any) -> Callable[..., None]:
    """The members of a group are decided one by one."""

    def decide(run: Any, members: Any) -> None:
        for member in members:
            ack = run.decide(member.op, member.context)
            if member.told:
                run.tell_released(member.op, ack)

    return decide


def _at_once(_original: int) -> int:
    """What waits for its base is let go with the next upkeep."""
    return 0


def _nothing_unseen(_original: Any) -> Callable[..., frozenset[str]]:
    """A remove takes out what its author had not seen."""
    return lambda *_args: frozenset()


def _reads_all(_original: Any) -> Callable[..., bool]:
    """Whoever records something twice is told so, whose ever the other is."""
    return lambda *_args: True


def _always(_original: Any) -> Callable[..., bool]:
    """One of the marks of likeness is not looked at."""
    return lambda *_args: True


def _alike_told(original: Callable[..., None]) -> Callable[..., None]:
    """Whoever records somebody hears that it may be another's resident."""

    def suspect(run: Any, op: Any, context: Any, record: Any, others: list[str]) -> None:
        original(run, op, context, record, others)
        run.work.conflict(op.stamp).fields["*"].pop("hidden")
        record.flag("*")

    return suspect


def _one_home_or_none(original: Callable[..., bool]) -> Callable[..., bool]:
    """Twins are one, whose names only sound the same."""
    sounds_alike = resolve_name("server.likeness:sounds_alike")

    def is_like(work: Any, one: Any, other: Any) -> bool:
        sounds = sounds_alike(str(one.get("name")), str(other.get("name")))
        mates = one.get("household") is not None and one.get("household") == other.get("household")
        return sounds if mates else original(work, one, other)

    return is_like


def _every_feed(original: Callable[..., Any]) -> Callable[..., Any]:
    """A repair does not ask whether the feed is granted."""
    from dataclasses import replace

    def repair(self: Any, snapshot: Any, feed: str, *told: Any, **options: Any) -> Any:
        buckets, reader, scope = told
        open_to_all = replace(scope, reads=frozenset((*(scope.reads or ()), feed)))
        return original(self, snapshot, feed, buckets, reader, open_to_all, **options)

    return repair


TABLE: tuple[tuple[str, str, str, tuple[int, ...], Plant], ...] = (
    ("late_untold", "交接后的修改不告知接手人", "nobody is told of work after a handover", (2,),
     attribute("sync.handover:tell", _not_done)),
    ("late_by_arrival", "到得晚就算交接后做的", "work is late that arrives late", (2,),
     attribute("sync.gates:_within_scope", _late_by_arrival)),
    ("aliases_untold", "后来的引用不知记录已合并", "a later reference is not told of a merge", (1,),
     attribute("sync.authority:tell_references", _not_done)),
    ("undone_untold", "撤销不告知作者", "who is undone is not told", (2,),
     wrapped(attribute("sync.editing:after_undo", _undone_untold),
             attribute("sync.kinds:after_undo", _undone_untold))),
    ("giving_way_untold", "值被替换不告知作者", "whose value gives way is not told", (2,),
     attribute("sync.settling:_given_way", _nobody)),
    ("stays_settled", "撤销决定后冲突仍关闭", "an undone decision stays decided", (8,),
     attribute("sync.settling:_reopen", _not_done)),
    ("group_in_part", "一组修改只生效一部分", "a group is taken in part", (2,),
     attribute("sync.groups:_decide", _in_part)),
    ("orphans_taken", "所属记录未收下，下级却收下", "a child is taken without its parent", (2,),
     attribute("sync.gates:_has_others", _not_done)),
    ("waits_for_nothing", "未满五日即放行", "what waits goes before its five days", (2,),
     attribute("sync.authority:WAIT_MS", _at_once)),
    ("duplicate_unnoticed", "重复登记无人过问", "nobody is asked about a duplicate", (2,),
     attribute("sync.duplicates:note", _not_done)),
    ("duplicate_told_all", "重复登记告知无权者", "a duplicate is told to who may not know", (4,),
     attribute("sync.duplicates:_reads", _reads_all)),
    ("alike_unnoticed", "疑似同一人无人过问", "nobody is asked who may be one", (2,),
     attribute("sync.run:BatchRun.look_alike", _not_done)),
    ("alike_anywhere", "相隔很远也疑为同一人", "who lives far away is put beside", (4,),
     attribute("server.likeness:_near", _always)),
    ("alike_by_age", "只因同日出生就疑为同一人", "who is born on one day is put beside", (4,),
     attribute("server.likeness:sounds_alike", _always)),
    ("alike_told", "疑似同一人告知登记人", "others than the office hear who may be one", (4,),
     attribute("sync.run:suspect", _alike_told)),
    ("twins_are_one", "双胞胎疑为同一人", "twins are put beside each other", (4,),
     attribute("server.likeness:_is_like", _one_home_or_none)),
    ("remove_unseen", "移除未见过的标签", "a remove takes out what was not seen", (3,),
     attribute("sync.work:Work.unseen_adds", _nothing_unseen)),
    ("repair_to_anybody", "修复不问授权", "a repair does not ask what is granted", (4,),
     attribute("sync.exchange:Exchange.repair", _every_feed)),
)  # fmt: skip
"""Name, what it is (zh, en), the promises that notice it, and how it is planted."""
