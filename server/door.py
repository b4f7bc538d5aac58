"""The door: how the server's own rooms change a record.

A dispatcher's click, a command and an import are operations like a tablet's: made
here, taken by the same authority, kept in the same history, undone the same way.

Invariants
    * Nothing in the server writes a record but through ``Door``.
    * A change made from a page names the versions that the page showed, so that a
      stale page opens a conflict and overwrites nobody.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count, islice
from typing import Any, TypeVar

from server.store import Busy, SqlStore
from server.undoing import before_all, undoing
from sync.authority import Ack, Authority, Batch
from sync.catalogue import Catalogue
from sync.errors import Problem, Refusal
from sync.record import Record
from sync.redaction import is_redacted
from sync.scope import SYSTEM, Scope
from sync.stamps import Stamps, base32
from sync.store import StoredOperation

__all__ = ["Door", "ServerStamps", "patiently"]

Result = TypeVar("Result")

_TRIES = 6
_LOAD_BATCH = 2_000


def patiently(work: Callable[[], Result]) -> Result:
    """Do ``work``, again after a moment if the store was busy.

    Raises ``Refusal`` with ``busy`` when it stays so: the caller may repeat the request.
    """
    for attempt in range(_TRIES):
        try:
            return work()
        except Busy:
            time.sleep(0.01 * 2**attempt)
    raise Refusal(Problem("busy"))


class ServerStamps:
    """The stamps of one server process, for all its threads.

    Device and incarnation are drawn when the process starts, so two processes, or one
    started again from a backup, never make the same stamp.
    """

    def __init__(self, draw: Callable[[int], int]) -> None:
        self._stamps = Stamps(device=f"srv{base32(draw, 5)}", incarnation=base32(draw, 4))
        self._lock = threading.Lock()

    def next(self, now_ms: int) -> str:
        """A stamp for a clock that shows ``now_ms``."""
        with self._lock:
            return self._stamps.next(now_ms=now_ms)


class Door:
    """Makes operations for people and rules on this side, and hands them to the authority."""

    def __init__(
        self,
        catalogue: Catalogue,
        store: SqlStore,
        authority: Authority,
        *,
        now_ms: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self._catalogue = catalogue
        self._store = store
        self._authority = authority
        self._now_ms = now_ms
        self._new_id = new_id

    # One change ----------------------------------------------------------------------------

    def create(
        self, who: Scope, type_name: str, fields: Mapping[str, Any], *, record: str | None = None
    ) -> Ack:
        """A new record."""
        draft = {
            "type": type_name,
            "record": record or self._new_id(),
            "kind": "create",
            "fields": dict(fields),
        }
        return self.submit(who, [draft])[0]

    def edit(
        self,
        who: Scope,
        record: str,
        fields: Mapping[str, Any],
        *,
        seen: Mapping[str, str] | None = None,
        reason: str | None = None,
    ) -> Ack:
        """Change fields (values as the policy writes them). ``seen``: the versions shown, by
        field and ``*`` for the head; None means what is current."""
        draft = {"record": record, "kind": "edit", "fields": dict(fields), "reason": reason}
        return self.submit(who, [draft], seen=seen)[0]

    def transition(
        self,
        who: Scope,
        record: str,
        target: str,
        fields: Mapping[str, Any] | None = None,
        *,
        source: str | None = None,
        reason: str | None = None,
    ) -> Ack:
        """A step of a record's workflow, from ``source`` (None: the present state)."""
        step = {"from": source, "to": target}
        draft = {
            "record": record,
            "kind": "transition",
            "fields": {**(fields or {}), "": step},
            "reason": reason,
        }
        return self.submit(who, [draft])[0]

    def delete(self, who: Scope, record: str, *, seen_head: str | None = None) -> Ack:
        """Delete a record."""
        seen = {"*": seen_head} if seen_head else None
        return self.submit(who, [{"record": record, "kind": "delete", "fields": {}}], seen=seen)[0]

    def restore(self, who: Scope, record: str) -> Ack:
        """Bring a deleted record back."""
        return self.submit(who, [{"record": record, "kind": "restore", "fields": {}}])[0]

    def merge(self, who: Scope, record: str, into: str, *, seen_head: str | None = None) -> Ack:
        """Let ``into`` stand for a record."""
        seen = {"*": seen_head} if seen_head else None
        draft = {"record": record, "kind": "merge", "into": into, "fields": {}}
        return self.submit(who, [draft], seen=seen)[0]

    def resolve(
        self,
        who: Scope,
        conflict: str,
        fields: Mapping[str, Any],
        *,
        reason: str | None = None,
    ) -> Ack:
        """Settle open fields of a conflict with the values chosen."""
        with self._store.read() as snapshot:
            found = snapshot.conflicts([conflict]).get(conflict)
        if found is None:
            return Ack(None, "rejected", problem=Problem("conflict_unknown"))
        draft = {
            "record": found.record,
            "kind": "resolve",
            "conflict": conflict,
            "fields": dict(fields),
            "reason": reason,
        }
        return self.submit(who, [draft])[0]

    def undo(self, who: Scope, stamp: str, *, reason: str | None = None) -> Ack:
        """Put back what an operation changed, as an operation of its own.

        A deletion and a merge are undone by a restore, a creation by a deletion; undoing a
        resolution opens its conflict again. A field that was changed again since is left alone,
        unless that change was taken back.
        """
        with self._store.read() as snapshot:
            draft = undoing(snapshot, stamp)
        if draft is None:
            return Ack(None, "rejected", problem=Problem("nothing_to_undo"))
        return self.submit(who, [{**draft, "undoes": stamp, "reason": reason}])[0]

    def undo_all(self, who: Scope, stamps: Iterable[str], *, reason: str | None = None) -> int:
        """Put back what several operations changed together; how many had something to put back.

        One after the other would not do: the undoing of the last is what the one before it
        would then find in its field. So each record gets the values from before the first of
        them, but in fields that somebody else has changed since.
        """
        done = 0
        for group in self._by_record(stamps):
            with self._store.read() as snapshot:
                record = snapshot.records([group[0].record]).get(group[0].record)
                last = group[-1]
                if record is None:
                    continue
                draft = undoing(snapshot, last.stamp)
                if group[0].kind == "create":
                    draft = undoing(snapshot, group[0].stamp)
                elif last.kind not in ("delete", "merge"):
                    draft = before_all(snapshot, record, group)
            if draft is None:
                continue
            ack = self.submit(who, [{**draft, "undoes": last.stamp, "reason": reason}])[0]
            done += len(group) if ack.outcome in ("applied", "merged") else 0
        return done

    def _by_record(self, stamps: Iterable[str]) -> list[list[StoredOperation]]:
        """Operations that took effect, those about one record together, in their order."""
        with self._store.read() as snapshot:
            stored = snapshot.operations(sorted(set(stamps)))
        groups: dict[str, list[StoredOperation]] = {}
        for stamp in sorted(stored):
            found = stored[stamp]
            if found.outcome not in ("held", "rejected") and not is_redacted(found.raw):
                groups.setdefault(found.record, []).append(found)
        return list(groups.values())

    def release(self, stamp: str) -> Ack:
        """Let a held operation go: it is decided now, in its author's name."""
        tries = count()

        def let_go() -> Ack | None:
            again = next(tries) > 0
            with self._store.write() as tx:
                ack = self._authority.release(tx, stamp, now_ms=self._now_ms())
                if ack is None and again:  # The try before may have been stored.
                    stored = tx.operations([stamp]).get(stamp)
                    return stored and Ack(stamp, stored.outcome, repeated=True)
                return ack

        ack = patiently(let_go)
        return ack or Ack(stamp, "rejected", problem=Problem("not_held"))

    # Many changes ---------------------------------------------------------------------------

    def submit(
        self,
        who: Scope,
        drafts: Sequence[Mapping[str, Any]],
        *,
        seen: Mapping[str, str] | None = None,
    ) -> list[Ack]:
        """Take drafts (``kind``, ``record``, ``fields``, …) in one transaction.

        Their stamps are made once, however often the store is busy: where a connection broke
        during a commit the first try may have been stored, and the stamps tell.
        """
        now_ms, tries = self._now_ms(), count()
        stamps = [self._authority.server_stamp(now_ms) for _ in drafts]
        return patiently(
            lambda: self._submit(who, drafts, seen, stamps, now_ms, again=next(tries) > 0)
        )

    def load(
        self, records: Iterable[tuple[str, str, Mapping[str, Any]]], *, at_ms: int | None = None
    ) -> Iterator[int]:
        """Create many records (type, id, fields) as the server; yields how many after each batch.

        ``at_ms``: when the facts were recorded, if that was earlier than now.

        Raises ``Refusal`` at the first one that is not applied: an import that is wrong
        somewhere is wrong.
        """
        source, done = iter(records), 0
        when = {} if at_ms is None else {"at": at_ms}
        while batch := list(islice(source, _LOAD_BATCH)):
            drafts = [
                {"type": name, "record": record, "kind": "create", "fields": fields} | when
                for name, record, fields in batch
            ]
            for ack in self.submit(SYSTEM, drafts):
                if ack.problem is not None:
                    raise Refusal(ack.problem)
            done += len(batch)
            yield done

    def _submit(
        self,
        who: Scope,
        drafts: Sequence[Mapping[str, Any]],
        seen: Mapping[str, str] | None,
        stamps: Sequence[str],
        now_ms: int,
        *,
        again: bool,
    ) -> list[Ack]:
        with self._store.write() as tx:
            known = tx.records({one["record"] for one in drafts if one["kind"] != "create"})
            taken = tx.operations(stamps) if again else {}
            operations = [
                taken[stamp].raw
                if stamp in taken
                else self._operation(who, one, known.get(one["record"]), stamp, now_ms, seen)
                for stamp, one in zip(stamps, drafts, strict=True)
            ]
            batch = Batch(operations=operations, scope=who, received_ms=now_ms)
            return self._authority.accept(tx, batch).acks

    def _operation(
        self,
        who: Scope,
        draft: Mapping[str, Any],
        record: Record | None,
        stamp: str,
        now_ms: int,
        seen: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        fields = dict(draft["fields"])
        base = None
        type_name = draft.get("type")
        if record is not None:
            type_name = record.spec.name
            if "" in fields:
                _name_the_status(fields, record)
            base = {"*": record.head}
            if draft["kind"] not in ("resolve", "delete", "restore", "merge"):
                base |= {name: record.version(name) for name in fields}
            base |= {name: version for name, version in (seen or {}).items() if name in base}
        elif draft["kind"] != "create":
            base = {"*": (seen or {}).get("*") or self._authority.server_stamp(now_ms)}
        return {
            "stamp": stamp,
            "group": None,
            "actor": who.user,
            "schema": self._catalogue.schema,
            "at": now_ms,
            "offset_ms": 0,
            "reason": None,
            **draft,
            "type": type_name or "",
            "fields": fields,
            "base": base,
        }


def _name_the_status(fields: dict[str, Any], record: Record) -> None:
    """Fill in the status field, and the present state as the one to leave."""
    flow = record.spec.workflow
    step = fields.pop("")
    if flow is not None:
        fields[flow.field] = {
            "from": step["from"] or record.get(flow.field),
            "to": step["to"],
        }
