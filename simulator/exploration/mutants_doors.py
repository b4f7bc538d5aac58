"""Bugs of the doors that are used seldom, as they are planted: one function each, and the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.exploration.planting import Plant, attribute

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


TABLE: tuple[tuple[str, str, str, tuple[int, ...], Plant], ...] = (
    ("purge_untold", "清理后不重建", "nobody is told to begin anew past the horizon", (4, 7),
     attribute("server.store.upkeep:Upkeeping._write", _purge_untold)),
    ("purged_too_early", "删除记录过早清除", "a deletion is forgotten before its time", (7,),
     attribute("server.store.upkeep:Upkeeping.compact", _purged_too_early)),
)  # fmt: skip
"""Name, what it is (zh, en), the promises that notice it, and how it is planted."""
