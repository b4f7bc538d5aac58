"""A record's history in words: who, when, on which device, before, after, what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from server.console import ledger, wording
from server.console.access import Person
from server.console.device_list import device_title
from server.console.differences import Piece, difference
from server.console.history import Change, Event, play
from server.console.languages import gettext
from server.console.waiting import kind_words
from server.store.tables import HELD
from sync.kinds import may
from sync.record import Record
from sync.redaction import is_redacted
from sync.stamps import is_server
from sync.store import StoredOperation

__all__ = ["ChangeView", "EventView", "history_of"]

_FIRST_VALUES_MAX = 40


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One field of one event. ``note``: why it did not take, if it did not."""

    label: str
    before: str
    after: str
    pieces: list[Piece]
    written: str
    note: str
    long: bool


@dataclass(frozen=True, slots=True)
class EventView:
    """One operation. ``at``: corrected time; ``clock``: by the device's own clock (ms)."""

    stamp: str
    verb: str
    who: str
    device: str
    at: int
    clock: int
    received: int
    outcome: str
    mood: str
    late: bool
    reason: str
    changes: list[ChangeView]
    conflict: str | None
    undo: bool
    folded: bool

    @property
    def clock_was_off(self) -> bool:
        """Whether the device's clock differed by more than a minute."""
        return abs(self.clock - self.at) > 60_000


def history_of(person: Person, record: Record, *, field: str | None = None) -> list[EventView]:
    """What happened to a record, newest first; with ``field``, only what touched that field."""
    snapshot, titles = ledger.snapshot(), ledger.titles()
    chain = snapshot.history(record.id)
    events = play(record.spec, chain, _held(record.id))
    if field:
        events = [
            event for event in events if any(one.name in (field, "*") for one in event.changes)
        ]
    titles.load(event.operation.actor for event in events)
    _load_values(events)
    may_undo = person.right("grids") == "act" and may(person.role, record.spec, "edit")
    return [_event(event, field, may_undo=may_undo) for event in events]


def _held(record_id: str) -> list[StoredOperation]:
    """Operations about the record that wait, and so stand in no chain."""
    stamps = ledger.connection().execute(select(HELD.c.stamp).where(HELD.c.record == record_id))
    return list(ledger.snapshot().operations(list(stamps.scalars())).values())


def _load_values(events: Sequence[Event]) -> None:
    """Read the names of everything that the changes refer to."""
    wanted: set[str] = set()
    for event in events:
        for change in event.changes:
            if change.field is None:
                continue
            for value in (change.before, change.after, change.written):
                if change.field.kind == "reference" and isinstance(value, str):
                    wanted.add(value)
                elif change.field.kind == "tags" and isinstance(value, list):
                    wanted.update(one for one in value if isinstance(one, str))
                elif change.field.kind == "log" and isinstance(value, list):
                    wanted.update(one[2] for one in value if isinstance(one, list))
    ledger.titles().load(wanted)


def _event(event: Event, field: str | None, *, may_undo: bool) -> EventView:
    stored = event.operation
    outcome, mood = _outcome(stored)
    verb = gettext("took back an earlier change") if event.undoes else kind_words(stored.kind)
    erased = is_redacted(stored.raw)
    if erased and is_server(stored.stamp) and not stored.was and stored.kind == "edit":
        verb = gettext("erased personal data")
    return EventView(
        stamp=stored.stamp,
        verb=verb,
        who=ledger.titles().of(stored.actor) or gettext("somebody unknown"),
        device=device_title(stored.stamp),
        at=stored.corrected,
        clock=stored.at,
        received=stored.received,
        outcome=outcome,
        mood=mood,
        late=stored.late,
        reason=gettext("What it said was erased.")
        if erased
        else str(stored.raw.get("reason") or ""),
        changes=[
            _change(one, is_first=stored.kind == "create", still_open=stored.outcome == "conflict")
            for one in event.changes
            if (field is None or one.name == field) and _is_worth_telling(stored, one)
        ][:_FIRST_VALUES_MAX],
        conflict=stored.conflict,
        undo=may_undo and event.undoable,
        folded=stored.kind == "create" and len(event.changes) > 4,
    )


def _is_worth_telling(stored: StoredOperation, change: Change) -> bool:
    """A first value that is empty says nothing."""
    return stored.kind != "create" or change.after not in (None, "", [])


def _outcome(stored: StoredOperation) -> tuple[str, str]:
    """What became of an operation, and how grave that is."""
    if stored.outcome == "applied":
        return "", ""
    if stored.outcome == "merged":
        return gettext("merged"), "info"
    if stored.outcome == "conflict":
        return gettext("in conflict"), "bad"
    if stored.outcome == "held":
        return gettext("kept aside"), "warn"
    return gettext("not accepted"), "bad"


def _note(change: Change, *, still_open: bool) -> str:
    if change.taken == "waits" and still_open:
        return gettext("waits for a decision")
    return {
        "taken": "",
        "merged": gettext("merged with what others wrote"),
        "same": gettext("it was so already"),
        "lost": gettext("a later value stands"),
        "waits": gettext("waited for a decision"),
        "refused": gettext("not applied"),
    }[change.taken]


def _change(change: Change, *, is_first: bool, still_open: bool) -> ChangeView:
    names, note = ledger.titles().of, _note(change, still_open=still_open)
    if change.name == "*":
        words = {
            "delete": gettext("deleted"),
            "deleted": gettext("deleted"),
            "restore": gettext("brought back"),
            "live": gettext("kept"),
        }.get(str(change.written), "")
        label = gettext("The whole record")
        return ChangeView(label, "", words, [], words, note, long=False)
    field = change.field
    before = wording.said(field, _entries_gone(change), names)
    after = wording.said(field, _entries_new(change), names)
    written = wording.said(field, change.written, names)
    textual = field is None or field.kind in ("text", "longtext")
    hidden = field is not None and field.name in wording.HIDDEN
    pieces: list[Piece] = []
    if textual and not hidden and before and after and not is_first:
        pieces = difference(before, after)
    return ChangeView(
        label=wording.label(field, change.name),
        before="" if is_first else before,
        after=after,
        pieces=pieces,
        written=written,
        note=note,
        long=len(before) + len(after) > 80,
    )


def _entries_gone(change: Change) -> Any:
    """Of a log nothing goes; what was there before need not be repeated."""
    return None if change.field is not None and change.field.kind == "log" else change.before


def _entries_new(change: Change) -> Any:
    if change.field is None or change.field.kind != "log" or not isinstance(change.after, list):
        return change.after
    known = change.before or ()
    return [entry for entry in change.after if entry not in known]
