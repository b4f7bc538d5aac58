"""Values: what people enter into fields, for any field that a catalogue can declare.

Nothing here knows a record type. A field's declaration says its kind and its policy, and
that is enough to enter something into it, so that a type is explored on the day on which it
is declared. Every text gets a mark of its own, by which the oracle finds it again.

>>> from simulator.exploration.chance import Chance
>>> told = {"kind": "integer", "policy": "sum"}
>>> change(told, Chance(1).dice("d", "wang"), None, Entered("〔m1〕", 0, {}))
{'add': 1}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple

from simulator.exploration.chance import Dice
from simulator.exploration.photos.bytes import photo

__all__ = ["Entered", "change", "plain"]

_HOUR_MS = 3_600_000
_WORDS = ("甲", "乙", "丙")


class Entered(NamedTuple):
    """What surrounds an entry: its mark, the clock (ms), and type → ids that can be referred to.

    ``taken``: hash → key of the photos that were taken for it, if there is a camera."""

    mark: str
    now_ms: int
    known: Mapping[str, Sequence[str]]
    taken: MutableMapping[str, str] | None = None


def change(told: Mapping[str, Any], dice: Dice, current: Any, entered: Entered) -> Any:
    """An edit of a field, in the form of its policy; None where nothing can be entered."""
    policy = told["policy"]
    if policy == "sum":
        return {"add": dice.pick((1, 1, 1, 2, -1))}
    if policy == "append":
        return {"append": f"{dice.pick(_WORDS)}{entered.mark}"}
    if policy == "set":
        return _set_change(told, dice, current)
    return plain(told, dice, current, entered)


def _set_change(told: Mapping[str, Any], dice: Dice, current: Any) -> Any:
    among = [one["value"] for one in told.get("choices") or ()] or [*_WORDS, "丁", "戊"]
    among = among[:5]
    present = sorted(current or ())
    add = sorted({dice.pick(among)} - set(present)) if dice.happens(0.7) else []
    remove = [dice.pick(present)] if present and (not add or dice.happens(0.3)) else []
    return {"add": add, "remove": remove} if add or remove else None


def plain(told: Mapping[str, Any], dice: Dice, current: Any, entered: Entered) -> Any:
    """A value of a field's kind; None where none is known."""
    maker = _KINDS.get(told["kind"])
    if maker is None:
        return None
    if told["policy"] == "append":
        return [f"{dice.pick(_WORDS)}{entered.mark}"]
    return maker(told, dice, current, entered)


def _text(_told: Any, dice: Dice, _current: Any, entered: Entered) -> str:
    # Few words, so that two people often enter the same, and one goes back to what it was.
    return dice.pick((*_WORDS, f"字{entered.mark}"))


def _longtext(_told: Any, dice: Dice, current: Any, entered: Entered) -> str:
    lines = (current or "").split("\n")
    at = dice.below(len(lines))
    how = dice.pick(("append", "append", "insert", "within", "drop", "anew"))
    if how == "append":
        return "\n".join([*lines, f"补充{entered.mark}"]).lstrip("\n")
    if how == "insert":
        return "\n".join([*lines[:at], f"插入{entered.mark}", *lines[at:]])
    if how == "within":
        return "\n".join([*lines[:at], f"{lines[at]}，{entered.mark}", *lines[at + 1 :]])
    if how == "drop" and len(lines) > 1:
        return "\n".join([*lines[:at], *lines[at + 1 :]])
    return f"重写{entered.mark}"


def _choice(told: Any, dice: Dice, _current: Any, _entered: Entered) -> Any:
    return dice.pick([one["value"] for one in told["choices"]][:3])


def _tags(told: Any, dice: Dice, _current: Any, _entered: Entered) -> list[str]:
    among = [one["value"] for one in told.get("choices") or ()] or list(_WORDS)
    return [dice.pick(among[:5])]


def _reference(told: Any, dice: Dice, _current: Any, entered: Entered) -> str | None:
    known = entered.known.get(told.get("to") or "", ())
    return dice.pick(known) if known else None


def _attachment(_told: Any, dice: Dice, _current: Any, entered: Entered) -> str:
    word = dice.pick(_WORDS)
    # Some photos are the same wherever they are taken, and of some there is no more than the hash.
    key = word if word == _WORDS[0] else f"{word}{entered.mark}"
    digest = photo(key).digest
    if entered.taken is not None and word != _WORDS[-1]:
        entered.taken[digest] = key
    return digest


def _geometry(_told: Any, dice: Dice, _current: Any, _entered: Entered) -> Any:
    return {"type": "Point", "coordinates": [108.8 + dice.below(5) / 100, 27.7]}


_KINDS: Mapping[str, Callable[[Any, Dice, Any, Entered], Any]] = {
    "text": _text,
    "longtext": _longtext,
    "integer": lambda _told, dice, _current, _entered: dice.below(6),
    "number": lambda _told, dice, _current, _entered: dice.below(12) / 2,
    "boolean": lambda _told, dice, _current, _entered: dice.happens(0.5),
    "date": lambda _told, dice, _current, _entered: f"2026-0{dice.between(1, 9)}-15",
    "instant": lambda _told, dice, _current, entered: (
        entered.now_ms - dice.below(50) * _HOUR_MS if not _told.get("clock") else entered.now_ms
    ),
    "choice": _choice,
    "tags": _tags,
    "reference": _reference,
    "attachment": _attachment,
    "geometry": _geometry,
    "log": _text,
}
"""Kind → what is entered. A new kind needs a line here, and a counter says so until then."""
