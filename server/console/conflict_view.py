"""One conflict, field by field, as a person decides it.

Whoever decides was at neither door. So each field shows three values side by side
(what both had seen, what the server has, what came from the device), who wrote each,
when by the server's time and on which device, and exactly which characters differ.

Invariants
    * The server's value shown for an open conflict is the one that the record holds now.
    * What each choice will write is what it shows.
    * A person who may not see the record gets nothing of it.
    * Telephone and ID numbers are masked for whoever may look and not settle.

This module decides nothing and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from server.console import forms, languages, ledger, wording
from server.console.access import Person
from server.console.device_list import device_title
from server.console.differences import Piece, difference
from server.console.duplicates import Pair, gone_words, pairs_of
from server.console.forms import Input
from server.console.history import UNDOABLE
from server.console.languages import gettext
from sync.catalogue import Field
from sync.duplicates import DUPLICATE
from sync.kinds import may
from sync.record import Record
from sync.store import Conflict, StoredOperation

__all__ = ["ConflictView", "FieldView", "Side", "has_way_back", "may_settle", "view_of"]


@dataclass(frozen=True, slots=True)
class Side:
    """One value: its words, how they differ from what both had seen, and where it comes from."""

    value: Any
    pieces: list[Piece]
    who: str
    at: int | None
    received: int | None
    device: str
    empty: bool


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field of a conflict. ``third`` is None where there is no third way."""

    name: str
    label: str
    why: str
    base: Side | None
    server: Side
    device: Side
    third: Input | None
    is_open: bool
    settled: str
    changed_since: bool


@dataclass(frozen=True, slots=True)
class ConflictView:
    """A conflict on its page. ``undo``: the stamp of a resolution that can be taken back.

    ``edits``: of a record that was deleted and changed, what was changed (label, before, after).
    ``pairs``: the records that may be this one; ``gone``: what became of this one, in words.
    """

    conflict: Conflict
    record: Record
    title: str
    type: str
    grid: str
    fields: list[FieldView]
    may_settle: bool
    settled_by: str
    settled_at: int | None
    undo: str | None
    edits: list[tuple[str, str, str]]
    pairs: list[Pair]
    gone: str

    @property
    def is_duplicate(self) -> bool:
        """Whether it is about two records that may be one."""
        return "*" in self.conflict.fields and self.conflict.fields["*"]["code"] == DUPLICATE

    @property
    def is_open(self) -> bool:
        """Whether some field still waits."""
        return self.conflict.closed is None


def view_of(person: Person, conflict: Conflict, record: Record) -> ConflictView:
    """A conflict as this person sees it."""
    titles, snapshot = ledger.titles(), ledger.snapshot()
    stamps = {
        one
        for part in conflict.fields.values()
        for one in (
            part["base_stamp"],
            part["server_stamp"],
            part["stamp"],
            part["closed_by"],
        )
        if one
    }
    stamps |= {record.head, conflict.closed_by or record.head}
    stamps |= {record.version(name) for name in conflict.fields if name != "*"}
    operations = snapshot.operations(stamps)
    titles.put(record)
    titles.load([record.get("grid"), *(stored.actor for stored in operations.values())])
    _load_values(conflict, record)
    seen = _Seen(person, conflict, record, operations)
    closing = operations.get(conflict.closed_by or "")
    return ConflictView(
        conflict=conflict,
        record=record,
        title=titles.of(record.id) or wording.type_label(record.spec),
        type=wording.type_label(record.spec),
        grid=titles.of(conflict.feed),
        fields=[seen.field(name, conflict.fields[name]) for name in _in_order(conflict, record)],
        edits=_edits(conflict, record, operations),
        pairs=pairs_of(person, conflict, record),
        gone=gone_words(record),
        may_settle=may_settle(person, record),
        settled_by=titles.of(closing.actor) if closing else "",
        settled_at=closing.received if closing else None,
        undo=_undo(record, conflict, closing),
    )


def may_settle(person: Person, record: Record) -> bool:
    """Whether this person decides conflicts about a record, and so must see what is in them."""
    return person.right("conflicts") == "act" and may(person.role, record.spec, "resolve")


def _load_values(conflict: Conflict, record: Record) -> None:
    """Read the names of what the three values refer to."""
    wanted: list[Any] = []
    for name, part in conflict.fields.items():
        field = record.spec.by_name.get(name)
        if field is None or (field.kind != "reference" and (field.kind != "tags" or field.choices)):
            continue
        for value in (_plain(part["base"]), part["server"], part["device"], record.get(name)):
            wanted += value if isinstance(value, list) else [value]
    ledger.titles().load(one for one in wanted if isinstance(one, str))


def _in_order(conflict: Conflict, record: Record) -> list[str]:
    """The step of a workflow first, for the rest goes along with it; then as declared."""
    flow = record.spec.workflow
    order = {one.name: place for place, one in enumerate(record.spec.fields)}
    return sorted(
        conflict.fields,
        key=lambda name: -1 if flow and name == flow.field else order.get(name, len(order)),
    )


def _edits(
    conflict: Conflict, record: Record, operations: Mapping[str, StoredOperation]
) -> list[tuple[str, str, str]]:
    """What the change said that met a deletion."""
    part = conflict.fields.get("*")
    stored = operations.get(part["server_stamp"] or "") if part else None
    if stored is None or stored.kind not in ("edit", "transition"):
        return []
    told, names = [], ledger.titles().of
    for name, (before, _version) in (stored.was or {}).items():
        field = record.spec.by_name.get(name)
        now = wording.said_or_empty(field, record.get(name), names)
        told.append((wording.label(field, name), wording.said_or_empty(field, before, names), now))
    return told


def _undo(record: Record, conflict: Conflict, closing: StoredOperation | None) -> str | None:
    """What settled it, if nothing was written over it and it has a way back."""
    if closing is None:
        return None
    if closing.kind == "merge" or closing.cause is not None:
        return closing.stamp if closing.cause is None else closing.cause  # of merging the other
    if "*" in conflict.fields:
        return closing.stamp if record.head == closing.stamp else None
    standing = [
        name for name in conflict.fields if name != "*" and record.version(name) == closing.stamp
    ]
    return closing.stamp if has_way_back(record, standing) else None


def has_way_back(record: Record, names: Iterable[str]) -> bool:
    """Whether the door can put back one of these fields, and so open a conflict again."""
    known = record.spec.by_name
    return any(name == "*" or name not in known or known[name].policy in UNDOABLE for name in names)


@dataclass(frozen=True)
class _Seen:
    """What the sides of one conflict are made from."""

    person: Person
    conflict: Conflict
    record: Record
    operations: Mapping[str, StoredOperation]

    def field(self, name: str, part: Mapping[str, Any]) -> FieldView:
        """One field with its sides."""
        field = self.record.spec.by_name.get(name)
        is_open = part["closed_by"] is None
        present = self.record.get(name) if name != "*" else part["server"]
        server = present if is_open else part["server"]
        version = self.record.version(name) if is_open and name != "*" else part["server_stamp"]
        base = _plain(part["base"])
        base_known = part["base_stamp"] is not None and name != "*" and base is not _UNKNOWN
        anchor = base if base_known else server
        closing = self.operations.get(part["closed_by"] or "")
        return FieldView(
            name=name,
            label=wording.label(field, name) if field else gettext("The whole record"),
            why=self._why(part, field),
            base=self._side(field, base, base, part["base_stamp"]) if base_known else None,
            server=self._side(field, server, anchor, version),
            device=self._side(field, part["device"], anchor, part["stamp"]),
            third=self._third(field) if is_open else None,
            is_open=is_open,
            settled=self._settled(field, name, closing),
            changed_since=is_open and name != "*" and present != part["server"],
        )

    def words(self, field: Field | None, value: Any) -> str:
        """A value in words, unmasked only for who decides."""
        if field is None:
            return {
                "live": gettext("Keep the record"),
                "deleted": gettext("Delete the record"),
            }.get(value, str(value))
        masked = not may_settle(self.person, self.record)
        return wording.said(field, value, ledger.titles().of, masked=masked)

    def _side(self, field: Field | None, value: Any, anchor: Any, stamp: str | None) -> Side:
        words = self.words(field, value)
        stored = self.operations.get(stamp or "")
        return Side(
            value=value,
            pieces=_pieces(field, anchor, value, self.words),
            who=ledger.titles().of(stored.actor) if stored else gettext("not known any more"),
            at=stored.corrected if stored else None,
            received=stored.received if stored else None,
            device=device_title(stamp) if stamp else "",
            empty=not words,
        )

    def _third(self, field: Field | None) -> Input | None:
        if field is None or field.kind in ("geometry", "log", "attachment"):
            return None
        made = forms.inputs(self.person, self.record, [field.name])[0]
        if field.kind == "reference" and not made.options:
            return None
        return made

    def _settled(self, field: Field | None, name: str, closing: StoredOperation | None) -> str:
        if closing is None:
            return ""
        chosen = (closing.raw.get("fields") or {}).get(name)
        return self.words(field, chosen) or gettext("not filled in")

    def _why(self, part: Mapping[str, Any], field: Field | None) -> str:
        server = self.operations.get(part["server_stamp"] or "")
        device = self.operations.get(part["stamp"] or "")
        titles = ledger.titles()
        unknown = gettext("somebody")
        told = {
            "server_who": (titles.of(server.actor) if server else "") or unknown,
            "device_who": (titles.of(device.actor) if device else "") or unknown,
            "server_when": languages.clock(server.corrected) if server else "",
            "device_when": languages.clock(device.corrected) if device else "",
            "server_value": self.words(field, part["server"]),
            "device_value": self.words(field, part["device"]),
        }
        goes_along = part["code"] == "overtaken" and (field is None or field.policy != "workflow")
        return _why_words("goes_along" if goes_along else part["code"], told)


_UNKNOWN = object()


def _plain(value: Any) -> Any:
    """What both had seen: of a step its target; of a change of a set or a sum, nothing certain."""
    if isinstance(value, dict) and "coordinates" not in value:
        return value.get("to", _UNKNOWN)
    return value


def _why_words(code: str, told: Mapping[str, str]) -> str:
    if code == "overtaken":
        return gettext(
            "%(device_who)s took the step “%(device_value)s” on %(device_when)s, but "
            "%(server_who)s had brought it to “%(server_value)s” before (%(server_when)s). "
            "A step can be taken once: the first stands, unless you decide otherwise.",
            **told,
        )
    if code == "goes_along":
        return gettext("%(device_who)s wrote this with the step that came too late.", **told)
    if code == "deleted_and_edited":
        return gettext(
            "%(device_who)s deleted this on %(device_when)s, and %(server_who)s changed it on "
            "%(server_when)s; neither had seen the other. It stays until you decide.",
            **told,
        )
    if code == DUPLICATE:
        return gettext(
            "%(device_who)s recorded this on %(device_when)s. Something recorded before has the "
            "same identity, or one that is much like it.",
            **told,
        )
    if code == "already_set":
        return gettext(
            "This is recorded once and then stays. %(server_who)s recorded it on "
            "%(server_when)s; %(device_who)s recorded something else on %(device_when)s.",
            **told,
        )
    return gettext(
        "%(server_who)s (%(server_when)s) and %(device_who)s (%(device_when)s) changed this, "
        "and neither had seen the other's value.",
        **told,
    )


def _pieces(
    field: Field | None, anchor: Any, value: Any, words: Callable[[Field | None, Any], str]
) -> list[Piece]:
    if field is not None and field.kind == "tags":
        return _tag_pieces(field, list(anchor or ()), list(value or ()), words)
    old, new = words(field, anchor), words(field, value)
    if field is None:
        return [Piece("same", new)]
    if field.kind in ("text", "longtext", "log"):
        return difference(old, new)
    # Half a date or half a choice in another colour says nothing.
    return [Piece("same" if old == new else "in", new)] if new else []


def _tag_pieces(
    field: Field, old: list[str], new: list[str], words: Callable[[Field | None, Any], str]
) -> list[Piece]:
    pieces: list[Piece] = []
    for tag in sorted({*old, *new}):
        if pieces:
            pieces.append(Piece("same", gettext(", ")))
        known = tag in old, tag in new
        kind = {(True, True): "same", (False, True): "in", (True, False): "out"}[known]
        pieces.append(Piece(kind, words(field, [tag])))  # type: ignore[arg-type]
    return pieces
