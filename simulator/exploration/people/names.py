"""Names as people hear them: those of one row sound the same, those of two rows do not.

The server tells by its own means which names sound alike. Here it is written down by ear, so
that the oracle can say of these names, and of no others, what should have been noticed.

>>> sound_alike("杨晓兰", "杨小兰"), sound_alike("杨晓兰", "龙文华"), sound_alike("杨晓兰", "甲")
(True, False, None)
"""

from __future__ import annotations

from typing import Any

__all__ = ["BIRTHS", "HEARD", "sound_alike"]

HEARD: tuple[tuple[str, ...], ...] = (("杨晓兰", "杨小兰"), ("龙文华", "龙文花"))
BIRTHS = ("1952-03-08", "1981-11-20")
"""Dates of birth on which there are several."""

_ROW = {name: number for number, names in enumerate(HEARD) for name in names}


def sound_alike(one: Any, other: Any) -> bool | None:
    """Whether two names sound the same; None where nobody has written it down."""
    if one == other:
        return True
    if one not in _ROW or other not in _ROW:
        return None
    return _ROW[one] == _ROW[other]
