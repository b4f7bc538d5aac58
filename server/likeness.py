"""Likeness: people who may have been recorded twice, though no key of theirs is the same.

A resident has no number that a tablet may hold. What two workers write of one person is a
name, heard once and typed twice (杨晓兰, 杨小兰), a date of birth, and a door. So who has the
same birth date, a name that sounds the same, and lives near by is put before a person in
the office, and nobody else is told: it may be a twin, or chance.

Invariants
    * Nothing is changed and nobody's ack says more for it.
    * What it costs follows from how many are born on one day, not from how many there are.

>>> sounds_alike("杨晓兰", "杨小兰"), sounds_alike("杨晓兰", "龙文华")
(True, False)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rapidfuzz import fuzz

from server.records.projection import spelled
from sync.batch import Alike
from sync.record import Record
from sync.work import Work

__all__ = ["ALIKE", "look_alike", "sounds_alike"]

SOUNDS_MIN = 90.0
"""Of 100: how near two spellings must be. One sound of three that differs gives 80 to 88."""


def sounds_alike(one: str, other: str) -> bool:
    """Whether two names are spelled nearly the same in pinyin."""
    return fuzz.ratio(_sound(one), _sound(other)) >= SOUNDS_MIN


def _sound(name: str) -> str:
    return (spelled(name) or "").partition(" ")[2]


def look_alike(work: Work, made: Sequence[Record]) -> Mapping[str, Sequence[str]]:
    """New residents → the residents that each may be."""
    found: dict[str, list[str]] = {}
    for record in made:
        name, birth = record.get("name"), record.get("birth")
        if not name or not birth:
            continue
        born = [one for one in work.referring("resident", "birth", birth) if one != record.id]
        work.load(records=born)
        others = [one for one in map(work.record, born) if one is not None and not one.deleted]
        like = [one.id for one in others if _is_like(work, record, one)]
        if like:
            found[record.id] = like
    return found


def _is_like(work: Work, one: Record, other: Record) -> bool:
    """Same birth date given: whether the names and the doors fit too."""
    name, theirs = str(one.get("name")), str(other.get("name"))
    if _home(one) is not None and _home(one) == _home(other):
        # In one home a name that only sounds the same is a twin's.
        return name == theirs
    return sounds_alike(name, theirs) and _near(work, one, other)


def _home(record: Record) -> str | None:
    home: str | None = record.get("household")
    return home


def _near(work: Work, one: Record, other: Record) -> bool:
    """Whether two live in one compound; where that is not known, in one grid."""
    doors = [work.record(home) for home in (_home(one), _home(other)) if home is not None]
    places = [door.get("compound") for door in doors if door is not None]
    if len(places) == 2 and all(places):
        return bool(places[0] == places[1])
    return bool(one.get("grid") == other.get("grid"))


ALIKE = Alike(frozenset({"resident"}), look_alike)
"""What the authority asks about new records."""
