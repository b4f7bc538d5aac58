"""Titles: what people call the things that ids name.

A page shows a building as 松桃路小区 3栋 and a person by name, for every reference in
it. Asking for them one by one would be a query for each cell; so ids are collected
first and read by sets, and what a title itself needs (the building of a household)
is read with it.

Invariants
    * A title is asked of records that the page may show or refer to; restricted
      records have none.
    * An id that nothing is known of has an empty title, which pages put in words.

This module never decides who may see a record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from server.console import languages
from server.console.languages import gettext
from sync.feeds import SHARED
from sync.record import Record
from sync.store import Reading

__all__ = ["Titles", "building_title", "door_title"]


def building_title(compound: str | None, number: str | None) -> str:
    """A building as people say it; a missing part is named, never left out in silence."""
    if not compound and not number:
        return ""
    named = compound or gettext("(compound missing)")
    if not number:
        return named
    # A number that brings its own word (3栋, 门面) keeps it.
    counted = gettext("Building %(number)s", number=number) if number.isdigit() else number
    return f"{named} {counted}"


def door_title(
    *, compound: str | None, number: str | None, entrance: str | None, room: str | None
) -> str:
    """A household's door: compound, building, entrance, room, with what is missing said."""
    parts = [building_title(compound, number) or gettext("(building missing)")]
    if entrance:
        plain = entrance.isdigit()
        parts.append(gettext("Entrance %(entrance)s", entrance=entrance) if plain else entrance)
    if room:
        parts.append(gettext("Room %(room)s", room=room) if room.isdigit() else room)
    else:
        parts.append(gettext("(room missing)"))
    return " ".join(parts)


class Titles:
    """Titles of records, read by sets from one snapshot."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._records: dict[str, Record] = {}
        self._asked: set[str] = set()

    def load(self, ids: Iterable[str | None]) -> None:
        """Read what is not known yet, and the buildings of the households among it."""
        wanted = {one for one in ids if one and len(one) == 36} - self._asked
        if not wanted:
            return
        self._asked |= wanted
        found = self._reading.records(wanted)
        self._records.update(found)
        self._load_needed(found.values())

    def _load_needed(self, records: Iterable[Record]) -> None:
        """Read what the titles of these records are made from."""
        needed = [
            record.get(_NEEDS[record.spec.name]) for record in records if record.spec.name in _NEEDS
        ]
        if needed:
            self.load(needed)

    def load_values(self, records: Iterable[Record]) -> None:
        """Read everything that the fields of these records refer to."""
        wanted: set[str | None] = set()
        for record in records:
            for field, value in zip(record.spec.fields, record.values, strict=True):
                if value is None:
                    continue
                if field.kind == "reference":
                    wanted.add(value)
                elif field.kind == "tags" and not field.choices:
                    wanted.update(value)
                elif field.kind == "log":
                    wanted.update(entry[2] for entry in value if isinstance(entry, list))
        self.load(wanted)

    def record(self, record: str | None) -> Record | None:
        """A record that was read."""
        return self._records.get(record or "")

    def put(self, record: Record) -> None:
        """Take in a record that was read elsewhere."""
        self._asked.add(record.id)
        self._records[record.id] = record
        self._load_needed([record])

    def of(self, record: str | None) -> str:
        """What people call a record, a user or a feed; empty if nothing is known."""
        if not record:
            return ""
        if record == "system":
            return gettext("the system")
        if record == SHARED:
            return gettext("what everybody sees")
        if ":" in record:
            return self.of(record.partition(":")[2])
        if record not in self._asked:
            self.load([record])
        found = self._records.get(record)
        return _TITLE[found.spec.name](self, found) if found and found.spec.name in _TITLE else ""

    def door(self, household: Record) -> str:
        """A household's door."""
        building = self.record(household.get("building"))
        return door_title(
            compound=household.get("compound") or (building.get("compound") if building else None),
            number=building.get("number") if building else None,
            entrance=household.get("entrance"),
            room=household.get("room"),
        )


_NEEDS: Mapping[str, str] = {"household": "building", "home_visit": "household"}
"""Record type → the field whose record its title names too."""


def _named(_titles: Titles, record: Record) -> str:
    return str(record.get("name") or "")


def _building(_titles: Titles, record: Record) -> str:
    return building_title(record.get("compound"), record.get("number"))


def _household(titles: Titles, record: Record) -> str:
    return titles.door(record)


def _order(_titles: Titles, record: Record) -> str:
    return str(record.get("title") or "")


def _visit(titles: Titles, record: Record) -> str:
    door = titles.of(record.get("household"))
    return gettext("Visit to %(door)s, %(time)s", door=door, time=languages.clock(record.get("at")))


def _assignment(titles: Titles, record: Record) -> str:
    return f"{titles.of(record.get('user'))} → {titles.of(record.get('feed'))}"


def _notice(_titles: Titles, record: Record) -> str:
    return str(record.get("text") or "")


_TITLE: Mapping[str, Callable[[Titles, Record], str]] = {
    "street": _named,
    "community": _named,
    "grid": _named,
    "unit": _named,
    "user": _named,
    "resident": _named,
    "building": _building,
    "household": _household,
    "work_order": _order,
    "home_visit": _visit,
    "assignment": _assignment,
    "notice": _notice,
}
"""Record type → its title. A restricted record has none, so that no page names it by accident."""
