"""Identity: which records claim to be the same thing in the world.

Two workers record one household, each on their own tablet, each with a new id. Nothing
about the ids says so; the door does. So a type names its identity keys, and of each live
record the numbers of its keys are kept where they can be looked up by set.

Invariants
    * Equal keys have equal numbers. Unequal ones may have too: who finds a number compares.
    * A key counts only where its last field, the most particular one, is filled in.

Texts are compared as people read them: without their width, case and outer spaces.

>>> from sync.catalogue import Field, RecordType
>>> fields = (Field("building", "text", "ask"), Field("room", "text", "ask"))
>>> spec = RecordType("h", "户", "h", fields, (), identity=(("building", "room"),))
>>> keys_of(spec, ["3", "１０１ "]) == keys_of(spec, ["3", "101"]), keys_of(spec, ["3", None])
(True, ())
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from unicodedata import normalize

from sync.catalogue import RecordType
from sync.store import RecordChange

__all__ = ["Key", "key_changes", "keys_of", "same"]

Identity = tuple[tuple[str, ...], ...]

Key = int
"""The number of a key: 64 bits, with a sign, as every database can keep it."""


def keys_of(spec: RecordType, values: Sequence[Any]) -> tuple[Key, ...]:
    """The numbers of the identity keys of a record with these values."""
    return _keys(spec.name, spec.identity, spec.identity_of(values))


def same(spec: RecordType, one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether records with these values share an identity key."""
    mine = dict(_filled(spec.identity, spec.identity_of(one)))
    theirs = dict(_filled(spec.identity, spec.identity_of(other)))
    return any(theirs.get(place) == parts for place, parts in mine.items())


def key_changes(
    changes: Iterable[RecordChange],
) -> tuple[list[tuple[Key, str]], list[tuple[Key, str]]]:
    """The (key, record) pairs that a batch takes away, and those that it adds."""
    gone: list[tuple[Key, str]] = []
    new: list[tuple[Key, str]] = []
    for record, before, moved in changes:
        spec = record.spec
        if not moved or not spec.identity:
            continue
        was = None if before is None or before.deleted else before.identity
        now = None if record.deleted else spec.identity_of(record.values)
        if was == now:
            continue
        old = set() if was is None else set(_keys(spec.name, spec.identity, was))
        keys = set() if now is None else set(_keys(spec.name, spec.identity, now))
        gone += [(key, record.id) for key in sorted(old - keys)]
        new += [(key, record.id) for key in sorted(keys - old)]
    return gone, new


def _filled(identity: Identity, picture: Sequence[Any]) -> list[tuple[int, list[Any]]]:
    """(place of the key, its parts) for the keys that count."""
    found = []
    start = 0
    for place, names in enumerate(identity):
        parts = [_plain(part) for part in picture[start : start + len(names)]]
        start += len(names)
        if parts[-1] not in (None, ""):
            found.append((place, parts))
    return found


# A create asks for its keys before it is decided, when it is, and when it is stored.
@lru_cache(maxsize=10_000)
def _keys(name: str, identity: Identity, picture: tuple[Any, ...]) -> tuple[Key, ...]:
    return tuple(_number(name, place, parts) for place, parts in _filled(identity, picture))


def _number(name: str, place: int, parts: list[Any]) -> Key:
    text = json.dumps([name, place, parts])
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def _plain(part: Any) -> Any:
    if not isinstance(part, str):
        return part
    return (part if part.isascii() else normalize("NFKC", part)).strip().casefold()
