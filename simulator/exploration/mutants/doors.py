"""Bugs of the doors that are used seldom, as they are planted: one function each, and the table."""

from __future__ import annotations

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any

from simulator.exploration.mutants.planting import Plant, attribute, wrapped

__all__ = ["TABLE"]

# The horizon ------------------------------------------------------------------------------------


def _purge_untold(original: Callable[..., Any]) -> Callable[..., Any]:
    """A feed does not note how far it was purged, so nobody begins anew."""

    def write(self: Any, text: str, rows: Any) -> Any:
        return None if '"purged"' in text else original(self, text, rows)

    return write


def _purged_too_early(original: Callable[..., int]) -> Callable[..., int]:
    """The horizon is not asked: whatever is deleted is forgotten at once."""

    def compact(self: Any, *, before_ms: int) -> int:
        return original(self, before_ms=before_ms + 3_650 * 86_400_000)

    return compact


# Redaction --------------------------------------------------------------------------------------


def _history_keeps(_original: Any) -> Callable[..., None]:
    """What was erased from a row stays in the operations that wrote it."""
    return lambda _work, _one, _names: None


def _conflicts_keep(_original: Any) -> Callable[..., None]:
    """What was erased stays in the conflicts about it."""
    return lambda *_args, **_told: None


def _late_work_tells(_original: Any) -> Callable[..., frozenset[str]]:
    """Work that was made before an erasure, and comes after it, is taken."""
    return lambda *_args, **_told: frozenset()


def _tablet_keeps(_original: Any) -> Callable[..., None]:
    """A tablet keeps its own old work as it was, whatever was erased since."""
    return lambda _shelf, _page: None


def _untold(_original: Any) -> Callable[..., None]:
    """Who worked on a record, and gets no row of it any more, hears nothing of its erasure."""
    return lambda *_args: None


def _reason_stays(original: Callable[..., Any]) -> Callable[..., Any]:
    """Why somebody did something is kept when what they did is erased."""

    def blanked(raw: Any, names: Any) -> Any:
        return {**original(raw, names), "reason": raw.get("reason")}

    return blanked


def _none(_original: Any) -> Callable[..., list[Any]]:
    """What could not be read is not asked whom it names."""
    return lambda *_args: []


def _reason_lost(original: Callable[..., Any]) -> Callable[..., Any]:
    """Why somebody did something is not handed in."""

    def operation(draft: Any, *told: Any, **more: Any) -> Any:
        raw = original(draft, *told, **more)
        return raw if raw is None else {**raw, "reason": None}

    return operation


# Versions ---------------------------------------------------------------------------------------


def _old_words_pass(_original: Any) -> Callable[..., tuple[str, ...]]:
    """An older app is told that its words were taken as they are, and shows another row."""
    return lambda _raw: ()


def _old_words_taken(_original: Any) -> Callable[..., Any]:
    """What an older app says is not read in today's words."""
    return lambda op, _catalogue: op


# Repair and bundles -----------------------------------------------------------------------------


def _digest_not_compared(_original: Any) -> Callable[..., list[Any]]:
    """A tablet believes that its copy is what the server has."""
    return lambda _shelf, _server: []


def _anybody_signs(_original: Any) -> Callable[..., bool]:
    """A bundle's signature is not looked at."""
    return lambda *_args: True


def _bundle_forgotten(_original: Any) -> Callable[..., Any]:
    """A bundle is taken, and nothing of it is kept."""

    def apply(_served: Any, request: Any, reader: Any) -> Any:
        return resolve_name("server.bundles:Taken")(
            request.device, reader.user, len(request.operations), 0, 0
        )

    return apply


TABLE: tuple[tuple[str, str, str, tuple[int, ...], Plant], ...] = (
    ("purge_untold", "清理后不重建", "nobody is told to begin anew past the horizon", (4, 7),
     attribute("server.store.upkeep:Upkeeping._write", _purge_untold)),
    ("history_keeps_erased", "抹去后历史仍有内容", "the history keeps what was erased", (4,),
     attribute("sync.redaction:_write_over", _history_keeps)),
    ("conflicts_keep_erased", "抹去后冲突仍有内容", "conflicts keep what was erased", (4,),
     attribute("sync.redaction:_write_over_conflicts", _conflicts_keep)),
    ("reason_stays", "抹去后原因仍在", "why it was done stays when it is erased", (4,),
     attribute("sync.redaction:blanked", _reason_stays)),
    ("unreadable_stays", "抹去后读不懂的仍在", "what was unreadable stays when it is erased", (4,),
     attribute("server.redaction:_asides", _none)),
    ("reason_lost", "原因未交上", "why it was done is not handed in", (2,),
     attribute("sync.replica:operation", _reason_lost)),
    ("erased_comes_back", "抹去后又被旧修改写回", "late work brings back what was erased", (4,),
     attribute("sync.run:predates", _late_work_tells)),
    ("tablet_keeps_erased", "抹去后平板仍有内容", "a tablet keeps what was erased", (4,),
     attribute("sync.intake:_write_over", _tablet_keeps)),
    ("erased_elsewhere_untold", "抹去不告知经手人", "who lost a record hears of no erasure", (4,),
     attribute("sync.redaction:_tell", _untold)),
    ("old_words_acked", "旧版说法照样确认", "an older app is told that its words were kept", (1,),
     attribute("sync.run:other_words", _old_words_pass)),
    ("old_words_taken", "旧版说法未转换", "an older app is not read in today's words", (2,),
     wrapped(attribute("sync.authority:upcast", _old_words_taken),
             attribute("sync.run:upcast", _old_words_taken))),
    ("digest_not_compared", "不比较校验值", "digests are not compared", (1, 12),
     attribute("sync.intake:compare", _digest_not_compared)),
    ("anybody_signs", "不验带交文件的签名", "a bundle's signature is not looked at", (9,),
     attribute("server.bundles:_is_signed", _anybody_signs)),
    ("bundle_forgotten", "带交的修改未保存", "what a bundle holds is not kept", (2,),
     attribute("server.bundles:_apply", _bundle_forgotten)),
    ("purged_too_early", "删除记录过早清除", "a deletion is forgotten before its time", (7,),
     attribute("server.store.upkeep:Upkeeping.compact", _purged_too_early)),
)  # fmt: skip
"""Name, what it is (zh, en), the promises that notice it, and how it is planted."""
