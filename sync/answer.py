"""The answer: the lines of an exchange as values.

What comes over a bad network may be cut, stale, or from a proxy that answers with a
page of its own. A line is taken only if it has the form of the contract; everything else
is one error, and means that the answer ended before it.

Invariants
    * ``read_line`` returns one of the four values or raises ``AnswerError``, nothing else.
    * Members that this program does not know are ignored: a newer server may add some.

>>> read_line(b'{"done": {"more": false, "digests": {"shared": [0, 0]}}}')
Done(more=False, digests={'shared': (0, 0)})
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sync.catalogue import ROW_HEAD

__all__ = ["Ack", "AnswerError", "Block", "Done", "Hello", "Line", "Page", "read_line"]

_OR_NONE = type(None)
_HEAD_KINDS: tuple[Any, ...] = (str, str, str, (dict, _OR_NONE), (list, _OR_NONE), (dict, _OR_NONE))
"""What the members of ``ROW_HEAD`` may be."""

OUTCOMES = ("applied", "merged", "conflict", "held", "rejected")


class AnswerError(Exception):
    """What came is not an answer of the contract. ``what`` says it in a few words."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Hello(NamedTuple):
    """The first line. ``feeds`` is None, with a ``problem``, if this device may only hand in."""

    protocol: int
    schema: int
    epoch: str
    now: int
    feeds: tuple[str, ...] | None
    evicted: tuple[str, ...] = ()
    reset: tuple[str, ...] = ()
    wipe: bool = False
    problem: Mapping[str, Any] | None = None


class Ack(NamedTuple):
    """What became of one operation."""

    stamp: str | None
    outcome: str
    head: str | None
    feeds: tuple[str, ...] = ()
    fields: Mapping[str, Any] | None = None
    versions: Mapping[str, str] | None = None
    repeated: bool = False
    conflict: str | None = None
    needs: str | None = None
    problem: Mapping[str, Any] | None = None


class Block(NamedTuple):
    """Rows of one type in a page; ``keys`` names their members."""

    type: str
    keys: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


class Page(NamedTuple):
    """A run of one feed, with the cursor after it. ``alias``: None means that it ended."""

    feed: str
    cursor: str | None
    put: tuple[Block, ...] = ()
    deleted: Mapping[str, str] = {}
    left: tuple[str, ...] = ()
    alias: Mapping[str, str | None] = {}
    redacted: tuple[str, ...] = ()


class Done(NamedTuple):
    """The last line of a whole answer."""

    more: bool
    digests: Mapping[str, tuple[int, int]]


Line = Hello | Ack | Page | Done


def read_line(text: bytes, loads: Callable[[bytes], Any] = json.loads) -> Line:
    """One line of an answer, read by ``loads``. Raises ``AnswerError``."""
    try:
        told = loads(text)
    except (ValueError, RecursionError):
        raise AnswerError("a line is not JSON") from None
    if not isinstance(told, dict) or len(told) != 1:
        raise AnswerError("a line is not an object with one key")
    ((key, body),) = told.items()
    reader = _READERS.get(key)
    if reader is None or not isinstance(body, dict):
        raise AnswerError("a line has an unknown key")
    try:
        return reader(body)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise AnswerError(f"a line '{key}' lacks something or has it in another form") from None


def _is(value: Any, kind: type) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError
    return value


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_is(one, str) for one in _is(value, list))


def _text_map(value: Any) -> dict[str, str]:
    return {key: _is(one, str) for key, one in _is(value, dict).items()}


def _or_none(value: Any, kind: type) -> Any:
    return None if value is None else _is(value, kind)


def _hello(body: Mapping[str, Any]) -> Hello:
    feeds = body.get("feeds")
    return Hello(
        protocol=_is(body["protocol"], int),
        schema=_is(body["schema"], int),
        epoch=_is(body["epoch"], str),
        now=_is(body["now"], int),
        feeds=None if feeds is None else _texts(feeds),
        evicted=_texts(body.get("evicted") or []),
        reset=_texts(body.get("reset") or []),
        wipe=body.get("wipe") is True,
        problem=_or_none(body.get("problem"), dict),
    )


def _ack(body: Mapping[str, Any]) -> Ack:
    if body["outcome"] not in OUTCOMES:
        raise ValueError
    versions = body.get("versions")
    return Ack(
        stamp=_or_none(body["stamp"], str),
        outcome=body["outcome"],
        head=_or_none(body.get("head"), str),
        feeds=_texts(body.get("feeds") or []),
        fields=_or_none(body.get("fields"), dict),
        versions=None if versions is None else _text_map(versions),
        repeated=body.get("repeated") is True,
        conflict=_or_none(body.get("conflict"), str),
        needs=_or_none(body.get("needs"), str),
        problem=_or_none(body.get("problem"), dict),
    )


def _block(body: Mapping[str, Any]) -> Block:
    keys = _texts(body["keys"])
    if keys[: len(ROW_HEAD)] != ROW_HEAD:
        raise ValueError
    rows = _is(body["rows"], list)
    for row in rows:
        # A row from before its type got its last fields ends before them.
        if not len(ROW_HEAD) <= len(row) <= len(keys):
            raise ValueError
        for member, kind in zip(row, _HEAD_KINDS, strict=False):
            if not isinstance(member, kind):
                raise TypeError
    return Block(_is(body["type"], str), keys, rows)


def _page(body: Mapping[str, Any]) -> Page:
    return Page(
        feed=_is(body["feed"], str),
        cursor=_or_none(body["cursor"], str),
        put=tuple(_block(one) for one in body.get("put") or ()),
        deleted=_text_map(body.get("deleted") or {}),
        left=_texts(body.get("left") or []),
        alias={key: _or_none(one, str) for key, one in (body.get("alias") or {}).items()},
        redacted=_texts(body.get("redacted") or []),
    )


def _done(body: Mapping[str, Any]) -> Done:
    digests = {}
    for feed, pair in _is(body["digests"], dict).items():
        count, total = pair
        digests[feed] = (_is(count, int), _is(total, int))
    return Done(more=_is(body["more"], bool), digests=digests)


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Line]] = {
    "hello": _hello,
    "ack": _ack,
    "page": _page,
    "done": _done,
}
