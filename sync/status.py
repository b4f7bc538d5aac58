"""Status: what a tablet may say about the work on it, and never says too early.

"Synced" shown when it was not is the complaint that workers make most. So a tablet
never says it: it says that work is saved here and how much of it waits, that it is being
sent, or when everything was handed in. Each is derived from what is stored, each time.

Invariants
    * ``handed_in`` is said only with an empty outbox, and names the moment when a whole
      answer said so.
    * Whatever waits is said, with the age of the oldest.

>>> status(Counts(waiting=3, oldest_ms=0, kept=0, handed_in_ms=None)).words("zh")
'已存在本机，3 条待上传'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

__all__ = ["Counts", "Status", "status"]

What = Literal["new", "saved", "offline", "sending", "handed_in"]


class Counts(NamedTuple):
    """What a replica holds. Times are in ms, by the device's clock.

    ``handed_in_ms``: the end of the last exchange that left nothing waiting and was whole.
    """

    waiting: int
    oldest_ms: int | None
    kept: int
    handed_in_ms: int | None


class Status(NamedTuple):
    """What is so now. ``oldest_ms`` and ``handed_in_ms`` (ms) are to be told beside the words."""

    what: What
    waiting: int
    oldest_ms: int | None
    kept: int
    handed_in_ms: int | None

    def words(self, lang: str) -> str:
        """One line for the screen, without times: those are told by locale beside it."""
        receives = self.what == "sending" and not self.waiting
        zh, en = _RECEIVING if receives else _WORDS[self.what]
        words = (zh if lang == "zh" else en).format(waiting=self.waiting)
        if self.kept:
            zh, en = _KEPT
            words += (zh if lang == "zh" else en).format(kept=self.kept)
        return words


_WORDS: Mapping[What, tuple[str, str]] = {
    "new": ("尚未与服务器联系", "Not in touch with the server yet"),
    "saved": ("已存在本机，{waiting} 条待上传", "Saved on this tablet, {waiting} to be sent"),
    "offline": (
        "无信号，已存在本机，{waiting} 条待上传",
        "No signal; saved on this tablet, {waiting} to be sent",
    ),
    "sending": ("正在上传，{waiting} 条待确认", "Sending, {waiting} not confirmed yet"),
    "handed_in": ("全部已上传", "Everything handed in"),
}

_RECEIVING = ("正在接收", "Receiving")
"""Said while an exchange is under way that has nothing to hand in."""

_KEPT = ("；{kept} 条等待处理", "; {kept} waiting for a decision")


def status(counts: Counts, *, sending: bool = False, reachable: bool = True) -> Status:
    """What may be said. ``sending``: an exchange is under way; ``reachable``: the last one was.

    >>> status(Counts(0, None, 0, 9), reachable=False).what
    'handed_in'
    >>> status(Counts(1, 5, 0, 9), reachable=False).what
    'offline'
    """
    what: What
    if sending:
        what = "sending"
    elif counts.waiting:
        what = "saved" if reachable else "offline"
    else:
        what = "new" if counts.handed_in_ms is None else "handed_in"
    return Status(what, *counts)
