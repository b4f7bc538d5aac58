"""Pages of a long list: which part is shown, and how a person is told so.

>>> page = Page.of(120, number=3)
>>> page.first, page.last, page.pages
(101, 120, 3)
>>> Page.of(0, number=9).number
1
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

__all__ = ["SIZE", "Page", "asked_page"]

SIZE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """One page. ``number`` counts from 1 and always lies within the list."""

    number: int
    total: int
    size: int = SIZE

    @classmethod
    def of(cls, total: int, *, number: int, size: int = SIZE) -> Page:
        """The page asked for, or the nearest one that there is."""
        last = max(1, -(-total // size))
        return cls(min(max(1, number), last), total, size)

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.size))

    @property
    def offset(self) -> int:
        """How many lines come before this page."""
        return (self.number - 1) * self.size

    @property
    def first(self) -> int:
        """The number of its first line."""
        return min(self.total, self.offset + 1)

    @property
    def last(self) -> int:
        """The number of its last line."""
        return min(self.total, self.offset + self.size)


def asked_page() -> int:
    """The page that this request's address names; 1 for nonsense."""
    found = request.args.get("page", "1")
    return int(found) if found.isdecimal() and len(found) < 7 else 1
