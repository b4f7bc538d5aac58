"""Duplicates: two records side by side that may be one and the same.

Whoever decides must see at once where the two differ, and what hangs on each. So the
fields that either has stand in two columns, and below them stands what merging would
lead to: nothing that refers to either is rewritten.

Invariants
    * Of a record outside the person's place nothing is shown, not even its title.
    * Merging names the head that the page showed: a change since then becomes a conflict.
    * Who may not settle conflicts about a record merges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.console import conflict_list, languages, ledger, wording
from server.console.access import Person, admit, here
from server.console.blueprint import console
from server.console.languages import gettext
from server.services import services
from sync.duplicates import DUPLICATE
from sync.kinds import may
from sync.record import Record
from sync.store import Conflict

__all__ = ["Pair", "merge", "pairs_of"]


@dataclass(frozen=True, slots=True)
class Line:
    """One field of both, in words. ``differs``: they do not say the same."""

    label: str
    mine: str
    theirs: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """A record that may be the one in question. ``gone``: in words, if it is no more."""

    id: str
    head: str
    title: str
    grid: str
    lines: list[Line]
    gone: str


def pairs_of(person: Person, conflict: Conflict, record: Record) -> list[Pair]:
    """The records that a conflict puts beside ``record``, as this person may see them."""
    part = conflict.fields.get("*") or {}
    if part.get("code") != DUPLICATE:
        return []
    titles = ledger.titles()
    found = ledger.snapshot().records(part["others"])
    seen = [found[one] for one in part["others"] if one in found and person.sees(found[one])]
    titles.load_values([record, *seen])
    return [_pair(record, other) for other in seen]


def _pair(record: Record, other: Record) -> Pair:
    titles = ledger.titles()
    titles.put(other)
    return Pair(
        id=other.id,
        head=other.head,
        title=titles.of(other.id) or wording.type_label(other.spec),
        grid=titles.of(other.get("grid")),
        lines=_lines(record, other),
        gone=gone_words(other),
    )


def gone_words(record: Record) -> str:
    """What became of a record that is no more; empty for one that is."""
    if not record.deleted:
        return ""
    if record.into is None:
        return gettext("It has been deleted.")
    into = ledger.titles().of(record.into)
    return gettext("It was merged into “%(other)s”.", other=into or gettext("another record"))


def _lines(record: Record, other: Record) -> list[Line]:
    names, lines = ledger.titles().of, []
    for field in record.spec.fields:
        mine, theirs = record.get(field.name), other.get(field.name)
        if field.kind in ("geometry", "log") or (not mine and not theirs):
            continue
        left, right = (wording.said_or_empty(field, value, names) for value in (mine, theirs))
        lines.append(Line(wording.label(field, field.name), left, right, mine != theirs))
    return lines


@console.post("/conflicts/<conflict_id>/merge")
@admit("conflicts", "act")
def merge(conflict_id: str) -> AnyResponse:
    """Let one of the two stand for the other."""
    person, filters = here(), conflict_list.asked()
    found = ledger.conflict(conflict_id)
    record = ledger.record(found.record) if found is not None else None
    if found is None or record is None or not person.sees(record):
        abort(404)
    pair = next((p for p in pairs_of(person, found, record) if p.id == request.form["other"]), None)
    if pair is None:
        abort(404)
    if not (may(person.role, record.spec, "resolve") and may(person.role, record.spec, "merge")):
        abort(403)
    keeps_new = request.form.get("keep") == record.id
    loser, into = (pair.id, record.id) if keeps_new else (record.id, pair.id)
    seen = request.form.get(f"head.{loser}") or None
    ledger.finish()
    ack = services().door.merge(person.scope, loser, into, seen_head=seen)
    _tell(ack)
    return redirect(url_for("console.conflict", conflict_id=conflict_id, **filters.as_query()))


def _tell(ack: Any) -> None:
    if ack.outcome in ("applied", "merged"):
        flash(gettext("Merged: whatever refers to either leads to the one that stays."), "good")
    elif ack.outcome == "conflict":
        flash(gettext("Somebody changed it meanwhile. Look at the new conflict about it."), "warn")
    else:
        flash(ack.problem.message(languages.language()) if ack.problem else "", "bad")
