"""Redaction at the server: everything that is kept about somebody, erased at their request.

What ``sync.redaction`` does for one record is done here for all that belong together: the
records that were merged into it, those about the same person or home, the notices that quoted
them, what could not be read and names one of all these, and the photos.

Invariants
    * All of it is one transaction; the photos' files go after it.
    * The audit log says who erased what and for what purpose, and holds no value.
    * Afterwards no table holds the values (a test reads them all).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from server.accounts import audit
from server.attachments import table
from server.attachments.collecting import forget
from server.door import patiently
from server.records.personal import PERSONAL, RELATED
from server.services import Services
from server.store import Snapshot, Writer
from server.store.tables import ASIDE, OPERATION, RECORD
from sync.record import Record
from sync.redaction import redact

__all__ = ["Plan", "carry_out", "plan"]

_ONCE = 500
_HASH = re.compile(rb"[0-9a-f]{64}")


class Plan(NamedTuple):
    """What erasing a record would erase: records, notices that quote them, photos."""

    records: list[Record]
    notices: list[str]
    photos: int


def plan(served: Services, record: str, *, related: bool) -> Plan | None:
    """What would be erased; None if there is no such record or nothing in it is personal.

    ``related``: with the records about the same person or home.
    """
    with served.store.read() as snapshot:
        found = snapshot.records([record]).get(record)
        if found is None or found.spec.name not in PERSONAL:
            return None
        records = _records(snapshot, found, related=related)
        notices = _notices(snapshot, [one.id for one in records])
        ids = [one.id for one in records]
        photos = table.of_records(snapshot, ids, _hashes_in(snapshot, ids))
    return Plan(records, notices, len(photos))


def carry_out(served: Services, wanted: Plan, *, actor: str, by: str | None, purpose: str) -> int:
    """Erase; answers how many records. ``actor`` signs the operations, ``by`` the audit log."""
    ids = [one.id for one in wanted.records]
    with served.store.read() as snapshot:
        named = _hashes_in(snapshot, ids)  # Before the references go.

    def erase() -> int:
        with served.store.write() as tx:
            now_ms = served.now_ms()
            audit.note_with(tx, "redacted", now_ms=now_ms, user=by, about=ids, purpose=purpose)
            return _erase(served, tx, ids, actor=actor)

    done = patiently(erase)
    with served.store.read() as snapshot:
        photos = table.of_records(snapshot, ids, named)
    forget(served.uploads, photos)
    served.store.scrub()
    return done


def _erase(served: Services, tx: Writer, ids: Sequence[str], *, actor: str) -> int:
    now_ms, done = served.now_ms(), 0
    # Found again: what came since it was planned goes too.
    records = (*ids, *_notices(tx, ids))
    asides = _asides(tx, records)
    for record in records:
        found = tx.records([record]).get(record)
        if found is None:
            continue
        done += redact(
            tx,
            record,
            PERSONAL[found.spec.name],
            stamp=served.authority.server_stamp(now_ms),
            actor=actor,
            now_ms=now_ms,
            catalogue=served.catalogue,
            authors={actor for _, actor, body in asides if record.encode() in bytes(body)},
        )
    if asides:
        tx.run(tx.shared.sql.delete(ASIDE, ("id",)), [(id_,) for id_, _, _ in asides])
    return done


# What belongs together -------------------------------------------------------------------------


def _records(snapshot: Snapshot, found: Record, *, related: bool) -> list[Record]:
    """The record, those merged into it, and, if wanted, those about the same; each once."""
    known: dict[str, Record] = {}
    waiting = [found]
    while waiting:
        record = waiting.pop()
        if record.id in known:
            continue
        known[record.id] = record
        ids = set(_merged_into(snapshot, record.id))
        for kind, field in RELATED.get(record.spec.name, ()) if related else ():
            ids.update(snapshot.referring(kind, field, record.id))
        waiting += snapshot.records(sorted(ids)).values()
    return list(known.values())


def _merged_into(snapshot: Snapshot, record: str) -> list[str]:
    return [
        id_
        for (id_,) in _query(
            snapshot,
            f'SELECT "id" FROM "{RECORD.name}" WHERE "into" = {snapshot.shared.sql.mark}',
            record,
        )
    ]


def _notices(snapshot: Snapshot, ids: Iterable[str]) -> list[str]:
    """The notices about these records, read or not, deleted or not."""
    wanted = [one.encode() for one in ids]
    rows = _query(snapshot, f"""SELECT "id", "row" FROM "{RECORD.name}" WHERE "type" = 'notice'""")
    return sorted(id_ for id_, row in rows if any(one in bytes(row) for one in wanted))


def _asides(tx: Writer, ids: Sequence[str]) -> list[tuple[Any, ...]]:
    """What could not be read and names one of the records: nobody can say what it holds."""
    wanted = [one.encode() for one in ids]
    rows = _query(tx, f'SELECT "id", "actor", "body" FROM "{ASIDE.name}"')
    return [row for row in rows if any(one in bytes(row[2]) for one in wanted)]


def _query(snapshot: Snapshot, text: str, *parameters: Any) -> list[tuple[Any, ...]]:
    snapshot.cursor.execute(text, parameters)
    rows: list[tuple[Any, ...]] = snapshot.cursor.fetchall()
    return rows


def _hashes_in(snapshot: Snapshot, ids: Sequence[str]) -> set[str]:
    """The hashes that the history of these records names, of photos or of whatever else."""
    named = set[str]()
    for start in range(0, len(ids), _ONCE):
        some = ids[start : start + _ONCE]
        marks = ", ".join([snapshot.shared.sql.mark] * len(some))
        text = f'SELECT "body" FROM "{OPERATION.name}" WHERE "record" IN ({marks})'
        for (body,) in _query(snapshot, text, *some):
            named.update(one.decode() for one in _HASH.findall(bytes(body)))
    return named
