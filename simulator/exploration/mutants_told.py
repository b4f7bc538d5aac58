"""Bugs of who is told what: notices, marks of late work, and what stands for a merged record.

Nothing is lost by them, and nobody knows. They are the ones that a check of values alone
does not see.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.exploration.planting import Plant, attribute

__all__ = ["TABLE"]


def _not_done(_original: Any) -> Callable[..., None]:
    return lambda *_args, **_options: None


TABLE: tuple[tuple[str, str, str, tuple[int, ...], Plant], ...] = (
    ("late_untold", "交接后的修改不告知接手人", "nobody is told of work after a handover", (2,),
     attribute("sync.handover:tell", _not_done)),
    ("aliases_untold", "后来的引用不知记录已合并", "a later reference is not told of a merge", (1,),
     attribute("sync.authority:tell_references", _not_done)),
)  # fmt: skip
"""Name, what it is (zh, en), the promises that notice it, and how it is planted."""
