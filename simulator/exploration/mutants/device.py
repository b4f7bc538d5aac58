"""Bugs of the device, as they are planted: one function each, and the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from simulator.exploration.mutants.planting import Plant, attribute, entry

__all__ = ["TABLE"]


def _cursor_first(original: Callable[..., Any]) -> Callable[..., Any]:
    """The cursor of a page is kept before its rows, in a transaction of its own."""

    def page(self: Any, page: Any) -> None:
        with self._write() as shelf:
            feed = shelf.feeds().get(page.feed)
            if feed is not None and page.feed not in self._unbegun:
                shelf.save_feed(feed._replace(cursor=page.cursor))
        original(self, page)

    return page


def _stale_accepted(_original: Any) -> Callable[..., Any]:
    """An answer to an older request is taken in."""

    @contextmanager
    def write(self: Any) -> Iterator[Any]:
        with self._replica.storage.write() as shelf:
            yield shelf

    return write


def _repeat_settles(original: Callable[..., Any]) -> Callable[..., Any]:
    """A repeated ack changes the base, as a first one does."""

    def acks(self: Any, acks: Any) -> Any:
        return original(self, [ack._replace(repeated=False) for ack in acks])

    return acks


def _not_requeued(_original: Any) -> Callable[..., None]:
    """A restored server does not get back what it had acknowledged."""
    return lambda _shelf: None


def _left_stay(_original: Any) -> Callable[..., None]:
    """What is in no feed any more stays on the tablet."""

    def tidy(self: Any, shelf: Any, waiting: int) -> None:  # noqa: ARG001
        arrived = shelf.in_state("arriving")
        shelf.save_entries(one._replace(state="acknowledged") for one in arrived)

    return tidy


def _reset_keeps(_original: Any) -> Callable[..., None]:
    """After a whole new set, what was not in it stays."""

    def end(shelf: Any, feed: Any) -> None:
        shelf.save_feed(feed._replace(resetting=False))

    return end


def _evicted_at_once(original: Callable[..., Any]) -> Callable[..., Any]:
    """What a feed held is dropped when it ends, whatever waits on it, and the outbox with it."""

    def hello(self: Any, hello: Any, *, now_ms: int) -> None:
        original(self, hello, now_ms=now_ms)
        if not hello.evicted:
            return
        with self._write() as shelf:
            for name in hello.evicted:
                members = shelf.members(name)
                for entries in shelf.pending(members).values():
                    shelf.drop_entries([one.stamp for one in entries if one.state == "waiting"])

    return hello


def _rejected_forgotten(original: Callable[..., Any]) -> Callable[..., Any]:
    """What was not accepted is thrown away, and its author never sees it again."""

    def answered(entry: Any, ack: Any, hello: Any) -> Any:
        made = original(entry, ack, hello)
        kept = made.state in ("held", "rejected")
        return made._replace(state="acknowledged") if kept else made

    return answered


def _repeats_ignored(original: Callable[..., Any]) -> Callable[..., Any]:
    """A repeated ack is for what came before, and takes nothing out of the outbox."""

    def answered(entry: Any, ack: Any, hello: Any) -> Any:
        return entry if ack.repeated else original(entry, ack, hello)

    return answered


def _refused_resent(original: Callable[..., Any]) -> Callable[..., Any]:
    """What was refused stays in the outbox, and is sent again for ever."""

    def answered(entry: Any, ack: Any, hello: Any) -> Any:
        return entry if ack.outcome == "rejected" else original(entry, ack, hello)

    return answered


def _same_incarnation(original: Callable[..., None]) -> Callable[..., None]:
    """A tablet that was set back makes the stamps again that it made before."""

    def init(self: Any, **options: Any) -> None:
        original(self, **{**options, "incarnation": "aaaa"})

    return init


def _stamps_by_clock(_original: Any) -> Callable[..., str]:
    """A stamp is the clock's, also when the clock goes back."""

    def next_stamp(self: Any, *, now_ms: int) -> str:
        self._wall, self._counter = now_ms, (self._counter + 1) & 0xFFFF
        return f"{self._wall:012x}-{self._counter:04x}-{self._suffix}"

    return next_stamp


def _base_is_head(original: Callable[..., Any]) -> Callable[..., Any]:
    """An edit names what is on the server now as what was seen, not what was shown."""

    def change(spec: Any, seen: Any, kind: str, wanted: Any) -> Any:
        fields, base = original(spec, seen, kind, wanted)
        told = seen.told
        if told is not None and kind == "edit":
            base = {name: (told if name != "*" else seen_) for name, seen_ in base.items()}
        return fields, base

    return change


def _whole_record(original: Callable[..., Any]) -> Callable[..., Any]:
    """A form hands in everything that it shows, and not what was changed."""

    def change(spec: Any, seen: Any, kind: str, wanted: Any) -> Any:
        shown = seen.shown
        if kind == "edit" and shown is not None:
            others = {
                one.name: shown.get(one.name)
                for one in spec.fields
                if one.policy in ("ask", "latest") and one.name not in wanted and seen.told
            }
            fields, base = original(spec, seen, kind, wanted)
            first = next(iter(others), None)
            if fields and first is not None and others[first] is not None:
                fields, base = {first: others[first], **fields}, {first: seen.told, **base}
            return fields, base
        return original(spec, seen, kind, wanted)

    return change


def _acks_only_sent(original: Callable[..., Any]) -> Callable[..., Any]:
    """An operation leaves the outbox when it is sent."""

    def begin(self: Any, **options: Any) -> Any:
        request = original(self, **options)
        with self.storage.write() as shelf:
            sent = shelf.entries(list(request.stamps)).values()
            shelf.save_entries(one._replace(state="acknowledged") for one in sent)
        return request

    return begin


def _fold_forgets(_original: Any) -> Callable[..., Any]:
    """A counter that was acknowledged shows the delta and not the sum."""
    return lambda _current, change, _raw, _spec: change["add"]


TABLE: tuple[tuple[str, str, str, tuple[int, ...], Plant], ...] = (
    ("cursor_saved_first", "先存游标后存内容", "the cursor is saved before the rows", (7,),
     attribute("sync.intake:Intake.page", _cursor_first)),
    ("stale_answer_accepted", "接受过期答复", "a stale answer is accepted", (7,),
     attribute("sync.intake:Intake._write", _stale_accepted)),
    ("repeat_settles", "重复确认改动底稿", "a repeated ack changes the base", (1, 7),
     attribute("sync.intake:Intake.acks", _repeat_settles)),
    ("not_requeued", "恢复后不补交", "a restored server gets nothing back", (2,),
     attribute("sync.intake:_requeue", _not_requeued)),
    ("left_stay", "移出的记录留在平板", "what left stays on the tablet", (4,),
     attribute("sync.intake:Intake._tidy", _left_stay)),
    # The digests tell, and a repair mends it: before the end, so that neither 1 nor 4 shows it.
    ("reset_keeps", "重建后旧记录残留", "a reset keeps what is gone", (7, 12),
     attribute("sync.intake:_end_reset", _reset_keeps)),
    ("evicted_at_once", "收回授权时丢弃待交", "an eviction drops the outbox", (2,),
     attribute("sync.intake:Intake.hello", _evicted_at_once)),
    ("rejected_forgotten", "被拒的修改消失", "what was refused vanishes", (2,),
     attribute("sync.intake:_answered", _rejected_forgotten)),
    ("repeats_ignored", "重复确认不清待交", "a repeated ack settles nothing", (5,),
     attribute("sync.intake:_answered", _repeats_ignored)),
    ("refused_resent", "被拒的反复提交", "what was refused is sent for ever", (5,),
     attribute("sync.intake:_answered", _refused_resent)),
    ("same_incarnation", "恢复备份后重用编号", "a restored tablet reuses its stamps", (2, 3),
     attribute("sync.stamps:Stamps.__init__", _same_incarnation)),
    ("stamps_by_clock", "时钟倒退时编号倒退", "stamps go back with the clock", (3,),
     attribute("sync.stamps:Stamps.next", _stamps_by_clock)),
    ("base_is_head", "依据写成最新版本", "a base is named that was not seen", (6,),
     attribute("sync.outbox:change", _base_is_head)),
    ("whole_record", "整条记录提交", "a form hands in what nobody changed", (6,),
     attribute("sync.outbox:change", _whole_record)),
    ("sent_is_acknowledged", "发出即视为确认", "what was sent is taken for acknowledged", (2,),
     attribute("sync.replica:Replica.begin", _acks_only_sent)),
    ("fold_forgets", "计数显示错误", "a counter shows its last step", (1,),
     entry("sync.fold:_CHANGES", "sum", _fold_forgets)),
)  # fmt: skip
"""Name, what it is (zh, en), the promises that notice it, and how it is planted."""
