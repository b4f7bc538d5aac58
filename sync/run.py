"""A batch on its way: each operation through the gates, to its outcome, and what follows it.

An operation may be new, repeated, waiting for another that comes later in the same
batch, or the server's own, made because of one before it. All of them pass here, in one
order, over one unit of work, so that each sees what those before it did.

Invariants
    * Whatever the outcome, the operation is kept, with what it replaced.
    * An ack tells values only to who reads the record.
    * A held operation is taken again when what it needs was decided, within the scope that
      its author had.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sync import gates, groups, handover, kinds
from sync.batch import Ack, Batch
from sync.catalogue import is_record_id
from sync.duplicates import suspect
from sync.effects import Context, Effect, Hold, show_present
from sync.errors import Problem, Refusal
from sync.operation import Operation, canonical, check_values, corrected_ms, read
from sync.record import Record
from sync.redaction import blanked, is_redacted, lost_values, predates, tell_who_comes_late
from sync.scope import SYSTEM, Scope
from sync.stamps import is_server
from sync.store import Held, Outcome, StoredOperation, Stray
from sync.upcasts import other_words, upcast
from sync.work import Work

if TYPE_CHECKING:
    from sync.authority import Authority

__all__ = ["BatchRun"]


class BatchRun:
    """One batch on its way through the gates. ``by_person``: somebody lets go what is released."""

    def __init__(self, authority: Authority, work: Work, batch: Batch) -> None:
        self.authority, self.work, self.batch = authority, work, batch
        self.now_ms = batch.received_ms
        self.answers: dict[str, Ack] = {}
        self.by_person = False
        self._touched: dict[str, bool] = {}
        self._decided: set[str] = set()
        self._made: list[tuple[Operation, Context, Record]] = []

    def quiet(self) -> dict[str, str]:
        """Record → head, of records that only plainly ``applied`` operations touched."""
        found = {one: self.work.record(one) for one, plain in self._touched.items() if plain}
        return {one: record.head for one, record in found.items() if record is not None}

    def touched(self) -> frozenset[str]:
        """The records that the operations of this batch are about."""
        return frozenset(self._touched)

    def final(self, ack: Ack) -> Ack:
        """What an operation came to at the end of its batch, and where its record is then.

        A rule may have moved a new record on: where it never was for others, no page says left.
        """
        if ack.problem is not None and ack.problem.code == "stamp_reused":
            return ack  # What was answered under this stamp is another operation.
        if ack.outcome == "held" and ack.stamp in self.answers:
            ack = self._to_caller(self.answers[ack.stamp])._replace(repeated=ack.repeated)
        known = self.work.operation(ack.stamp) if ack.stamp is not None and ack.feeds else None
        record = self.work.record(known.record) if known is not None else None
        return ack if record is None else self._to_caller(ack._replace(feeds=record.feeds()))

    def _to_caller(self, ack: Ack) -> Ack:
        """An ack that was made in somebody else's name, with no more than the caller reads."""
        feeds = self.batch.scope.readable(ack.feeds)
        told = ack._replace(feeds=feeds)
        return told if feeds else told._replace(head=None, fields=None, versions=None)

    # The gates -----------------------------------------------------------------------------

    def take(self, op: Operation) -> Ack:
        """One operation from the caller: repeated, kept, or decided."""
        known = self.work.operation(op.stamp)
        if known is not None:
            if is_redacted(known.raw):
                return self._repeat(known, told_why=op.raw.get("reason") is not None)
            if canonical(known.raw) != canonical(op.raw):
                return self._reused(op)
            if self.authority.safeguards.idempotency:
                return self._repeat(known)
        return self.decide(op, self.context(op, known))

    def context(self, op: Operation, known: StoredOperation | None = None) -> Context:
        """In whose name and when an operation of this batch is decided."""
        offset = op.offset_ms if op.offset_ms is not None else self.batch.offset_ms
        return Context(
            scope=self.batch.scope,
            received_ms=self.now_ms,
            offset_ms=offset,
            corrected_ms=corrected_ms(at=op.at, offset_ms=offset, received_ms=self.now_ms),
            stamp=op.stamp if known is None else self.authority.server_stamp(self.now_ms),
        )

    def branch(self) -> BatchRun:
        """The same run over a branch of its work: nothing happened until ``absorb``."""
        branch = BatchRun(self.authority, self.work.branch(), self.batch)
        branch.by_person = self.by_person
        return branch

    def absorb(self, run: BatchRun) -> None:
        """Let what a branch of this run did have happened."""
        self.work.absorb(run.work)
        self.answers.update(run.answers)
        for record, plain in run._touched.items():
            self._touched[record] = self._touched.get(record, True) and plain
        self._decided |= run._decided
        self._made += run._made

    def decide(self, op: Operation, context: Context) -> Ack:
        erased = predates(self.work, op, received_ms=context.received_ms)
        try:
            if is_redacted(op.raw) and not erased and not context.released:  # ours to say
                raise Refusal(Problem("malformed", pointer="", params={"what": "redacted"}))
            late = gates.pass_all(self, op, context)
            if erased:
                raise Refusal(Problem("redacted", pointer="/record"))
            effect = kinds.KINDS[op.kind](self, op, context)
            if context.released and not late:
                at = context.corrected_ms
                late = handover.is_late(self, op, effect.record, corrected_ms=at)
            judged = context._replace(late=True) if late else context
        except Hold as hold:
            if not erased:
                return self.hold(op, context, hold)
            return self.reject(op, context, Problem("redacted", pointer="/record"))
        except Refusal as refusal:
            return self.reject(op, context, refusal.problem)
        return self._settle(op, judged, effect)

    # Outcomes ------------------------------------------------------------------------------

    def _settle(self, op: Operation, context: Context, effect: Effect) -> Ack:
        others = other_words(op.raw)
        if others and effect.outcome == "applied":  # Its device would compute another row.
            effect.outcome = "merged"
        plain = effect.outcome == "applied" and effect.code is None
        record = effect.record
        moved = record.head == context.stamp or bool(effect.mixed)
        self._store(op, context, effect.outcome, effect=effect)
        if effect.mixed:
            self._write_mixed(op, record, effect.mixed)
        if record.c:
            show_present(self, record, (*effect.was, *effect.mixed))
        touched = self._touched.get(record.id, True)
        # A resolution may leave a mark of another conflict, which only the row shows.
        computed = plain and not context.released and op.kind != "resolve"
        self._touched[record.id] = touched and computed
        self._decided.add(op.stamp)
        if op.kind == "create" and not context.scope.is_system:
            self._arrived(op.record)
            if self.authority.alike is not None and op.type in self.authority.alike.types:
                self._made.append((op, context, record))
        for told in effect.notices:
            self.authority.notify(self, **told)
        if context.late:
            handover.tell(self, op, effect)
        for follows in effect.follows:
            self.as_server(follows, cause=op.stamp)
        for reaction in self.authority.reactions_to(op, effect, moved=moved):
            for drafted in reaction.drafts(self.work, op, record):
                self.as_server(drafted, cause=op.stamp)
        ack = self._settled(op, context, effect, others)
        self.answers[op.stamp] = ack
        return ack

    def _settled(
        self, op: Operation, context: Context, effect: Effect, others: Sequence[str]
    ) -> Ack:
        """The ack. ``others``: the fields as an older app named them."""
        record = effect.record
        feeds = context.scope.readable(record.feeds())
        if effect.outcome == "applied" and effect.code is None:
            # The row that its author can compute, before the server's own operations.
            return Ack(op.stamp, effect.outcome, context.stamp, feeds)
        names = [name for name in op.fields if name != "*"]
        names += [one for one in others if one in record.spec.index and one not in op.fields]
        return Ack(
            op.stamp,
            effect.outcome,
            record.head if feeds else None,
            feeds,
            fields=_told(op, record, names),
            versions={name: record.version(name) for name in names},
            conflict=effect.conflict,
            problem=Problem(effect.code) if effect.code is not None else None,
        )

    def look_alike(self) -> None:
        """Put records beside those made here that they may be, for a person to look at."""
        alike, made = self.authority.alike, self._made
        if alike is None or not made:
            return
        found = alike.find(self.work, [record for _, _, record in made])
        asked: set[tuple[str, str]] = set()
        for op, context, record in made:
            others = [one for one in found.get(record.id, ()) if (one, record.id) not in asked]
            if others and not record.deleted and self.work.conflict(op.stamp) is None:
                asked.update((record.id, one) for one in others)
                suspect(self, op, context, record, others)

    def _arrived(self, record: str) -> None:
        """A create that had been kept: what was held with it may go, whichever create came."""
        kept = self.work.kept_create(record)
        if kept is not None:
            self.work.found(kept)
            self._decided.add(kept.stamp)

    def _sees(self, scope: Scope, record: Record) -> bool:
        return bool(scope.readable(record.feeds()))

    def _store(
        self,
        op: Operation,
        context: Context,
        outcome: Outcome,
        *,
        code: str | None = None,
        effect: Effect | None = None,
    ) -> None:
        known = self.work.operation(op.stamp)
        if known is not None and not context.released:
            return  # Only with idempotency switched off: the stored operation stays as it was.
        if effect is None:  # Also what is stopped for its group's sake is kept without the values.
            erased = predates(self.work, op, received_ms=context.received_ms)
            op = op._replace(raw=blanked(op.raw, erased)) if erased else op
        self.work.keep(
            StoredOperation(
                stamp=op.stamp,
                record=op.record,
                type=op.type,
                kind=op.kind,
                actor=op.actor,
                outcome=outcome,
                code=code,
                late=context.late,
                at=op.at,
                corrected=context.corrected_ms,
                received=context.received_ms,
                prev=effect.prev if effect is not None else None,
                cause=op.raw.get("cause") if context.scope.is_system else None,
                conflict=effect.conflict if effect is not None else None,
                was=(effect.was or None) if effect is not None else None,
                raw=op.raw,
            )
        )

    def hold(self, op: Operation, context: Context, hold: Hold) -> Ack:
        """Keep an operation waiting."""
        scope = context.scope
        feeds = None  # Of what its author reads no more, and a person may still let go: anywhere.
        if scope.reads is not None and (hold.needs or not gates.was_theirs(self, op, scope)):
            feeds = tuple(sorted({*scope.reads, *scope.grace}))
        problem = Problem(hold.code, pointer=hold.pointer)
        if predates(self.work, op, received_ms=context.received_ms):
            problem = Problem("redacted", pointer="/record")  # Its device is not to keep it either.
        self._store(op, context, "held", code=hold.code)
        waits = (op.stamp, op.record, hold.needs, hold.code, self.now_ms, scope.role, feeds)
        self.work.hold(Held(*waits, groups.name_of(op)))
        return self._kept(
            op,
            context,
            Ack(op.stamp, "held", needs=hold.needs, problem=problem),
        )

    def reject(self, op: Operation, context: Context, problem: Problem) -> Ack:
        """Turn an operation away, and keep it."""
        self._store(op, context, "rejected", code=problem.code)
        return self._kept(op, context, Ack(op.stamp, "rejected", problem=problem))

    def _kept(self, op: Operation, context: Context, ack: Ack) -> Ack:
        record = self.work.record(op.record)
        if op.kind == "create" and record is None:
            self.work.stray(Stray(op.record, "", None, op.stamp))
        if record is not None and self._sees(context.scope, record):
            received_ms, user = context.received_ms, context.scope.user
            tell_who_comes_late(self.work, record, op, user, received_ms=received_ms)
            ack = ack._replace(head=record.head, feeds=context.scope.readable(record.feeds()))
            names = [name for name in op.fields if name in record.spec.index]
            ack = ack._replace(
                fields=_told(op, record, names),
                versions={name: record.version(name) for name in names},
            )
        self.answers[op.stamp] = ack
        return ack

    def _reused(self, op: Operation) -> Ack:
        problem = Problem("stamp_reused", pointer="/stamp")
        self.authority.set_aside(self.work, self.batch, op.raw, op.stamp, "stamp_reused")
        return self.placed(Ack(op.stamp, "held", problem=problem), op.record)

    def misread(self, ack: Ack, raw: Any) -> Ack:
        """The ack of what could not be read, with where its record is if that much could be."""
        record = raw.get("record") if isinstance(raw, dict) else None
        if not is_record_id(record):
            return ack
        if raw.get("kind") == "create" and ack.stamp and self.work.record(record) is None:
            self.work.stray(Stray(record, "", None, ack.stamp))
        return self.placed(ack, record)

    def placed(self, ack: Ack, record: str) -> Ack:
        """An ack with where its record is, for who reads it."""
        found = self.work.record(record)
        if found is None or not self._sees(self.batch.scope, found):
            return ack
        feeds = self.batch.scope.readable(found.feeds())
        return ack._replace(head=found.head, feeds=feeds)

    def _repeat(self, known: StoredOperation, *, told_why: bool = False) -> Ack:
        """The present outcome of an operation that was taken before.

        ``told_why``: it comes again with a reason that was erased here.
        """
        if self.work.is_new(known.stamp) and known.stamp in self.answers:
            return self._to_caller(self.answers[known.stamp])._replace(repeated=True)
        record = self.work.record(known.record)
        scope = self.batch.scope
        sees = record is not None and self._sees(scope, record)
        problem = Problem("redacted", pointer="/record") if told_why else self._why(known)
        ack = Ack(known.stamp, known.outcome, repeated=True, problem=problem)
        if record is not None:
            self._touched[record.id] = False
        taken = known.outcome in ("applied", "merged", "conflict")
        if ack.problem is not None and ack.problem.code != "redacted" and taken:
            ack = ack._replace(conflict=known.conflict)
        if known.outcome == "held":
            held = self.work.held(known.stamp)
            ack = ack._replace(needs=held.needs if held is not None else None)
        if sees and record is not None:
            ack = ack._replace(head=record.head, feeds=scope.readable(record.feeds()))
            if known.outcome != "applied" or ack.conflict is not None:
                named = known.raw.get("fields") or {}
                names = [n for n in named if n in record.spec.index or n in (record.x or ())]
                ack = ack._replace(
                    fields=_told(known, record, names),
                    versions={name: record.version(name) for name in names},
                )
        return ack

    def _why(self, known: StoredOperation) -> Problem | None:
        """What its author is told again, in the words of the first time where they can be found."""
        if lost_values(known.raw, self.work.record(known.record)):
            return Problem("redacted", pointer="/record")  # Its device is not to keep it either.
        if known.outcome == "rejected":
            spec = self.authority.catalogue.get(known.type)
            try:
                if spec is not None:
                    check_values(read(known.raw), spec)
            except Refusal as refusal:
                if refusal.problem.code == known.code:
                    return refusal.problem
        code = known.code
        if known.conflict is not None and (known.outcome == "conflict" or known.kind == "create"):
            conflict = self.work.conflict(known.conflict)
            parts = conflict.fields.values() if conflict is not None else ()
            code = next((part["code"] for part in parts if part["closed_by"] is None), code)
        return Problem(code) if code is not None else None

    # What the server adds --------------------------------------------------------------------

    def as_server(self, drafted: Mapping[str, Any], *, cause: str) -> Ack:
        """Carry out a draft as the server's own operation, in this transaction."""
        stamp = self.authority.server_stamp(self.now_ms)
        record = self.work.record(drafted["record"])
        raw: dict[str, Any] = {
            "stamp": stamp,
            "group": None,
            "actor": "system",
            "schema": self.authority.catalogue.schema,
            "at": self.now_ms,
            "offset_ms": 0,
            "reason": None,
            "cause": cause,
            **drafted,
        }
        if record is not None and "base" not in raw:
            seen = {name: record.version(name) for name in raw["fields"] if name != "*"}
            raw["base"] = {"*": record.head, **seen}
        context = Context(SYSTEM, self.now_ms, 0, self.now_ms, stamp)
        ack = self.decide(read(raw), context)
        self._touched[raw["record"]] = False
        return ack

    def _write_mixed(self, op: Operation, record: Record, mixed: Mapping[str, Any]) -> None:
        """Values that neither side wrote are the server's own operation."""
        stamp = self.authority.server_stamp(self.now_ms)
        fields = {}
        for name, value in mixed.items():
            field = record.spec.by_name.get(name)
            if field is not None and field.policy == "set":
                old = set(record.get(name) or ())
                fields[name] = {"add": sorted({*value} - old), "remove": sorted(old - {*value})}
            else:
                fields[name] = value
        raw = {
            "stamp": stamp, "group": None, "actor": "system", "at": self.now_ms, "offset_ms": 0,
            "schema": self.authority.catalogue.schema, "type": op.type, "record": op.record,
            "kind": "edit", "fields": fields, "reason": None, "cause": op.stamp,
            "base": {"*": record.head, **{name: record.version(name) for name in mixed}},
        }  # fmt: skip
        was = {name: [record.get(name), record.version(name)] for name in mixed}
        context = Context(SYSTEM, self.now_ms, 0, self.now_ms, stamp)
        self._store(
            read(raw), context, "applied", effect=Effect(record, "applied", op.stamp, was=was)
        )
        for name, value in mixed.items():
            record.put(name, value, stamp)
        record.head = record.tail = stamp

    # What waited -----------------------------------------------------------------------------

    def release_waiting(self) -> None:
        """Take the operations that waited for one of those now decided, and so on."""
        arrived = self._decided
        while arrived:
            waiting = self.work.waiting(arrived)
            self._decided = set()
            for held in waiting:
                self.release(held)
            arrived = self._decided

    def release(self, held: Held, *, forced: bool = False) -> Ack | None:
        """Decide a held operation now, within the scope that its author had, and tell them.

        ``forced``: a person lets it go, or its time is up: what it was based on counts as not
        seen, but what never was its author's stays out of scope.
        """
        stored = self.work.operation(held.stamp)
        if stored is None:
            return None
        if held.group is not None:
            return groups.release(self, held, forced=forced)
        told_before = self.work.release(held.stamp)
        op, context = self.released(held, forced=forced, told_before=told_before)
        ack = self.decide(op, context)
        if told_before:
            self.tell_released(op, ack)
        return ack

    def released(self, held: Held, *, forced: bool, told_before: bool) -> tuple[Operation, Context]:
        """A held operation, and in whose name and when it is decided now."""
        stored = self.work.operation(held.stamp)
        assert stored is not None
        op, scope = upcast(read(stored.raw), self.authority.catalogue), self.batch.scope
        if told_before:
            reads = None if held.feeds is None else frozenset(held.feeds)
            # What its author reads no more, and all of who was suspended since, goes by a person's
            # decision only: neither its group nor its base nor the time that passes lets it go.
            kept = reads is None and held.needs is None and not is_server(op.stamp)
            kept = kept or self.authority.suspended(self.work.tx, op.actor, op.device)
            kept = kept and not self.by_person
            scope = Scope(op.actor, held.role, reads=reads, device=op.device, suspended=kept)
        return op, Context(
            scope=scope,
            received_ms=stored.received,
            offset_ms=stored.corrected - stored.at if op.offset_ms is None else op.offset_ms,
            corrected_ms=stored.corrected,
            stamp=op.stamp,
            released=True,
            forced=forced,
            late=stored.late,
        )

    def tell_released(self, op: Operation, ack: Ack) -> None:
        """Tell the author of an operation that it waits no more, if that is so."""
        if ack.outcome != "held":
            self.authority.notify(
                self,
                user=op.actor,
                about=op.stamp,
                outcome=ack.outcome,
                code="released",
                params={},
                about_type=op.type,
                about_record=op.record,
            )


def _told(op: Operation | StoredOperation, record: Record, names: Iterable[str]) -> dict[str, Any]:
    """The values that an ack tells: of an ``append`` field, only the new entry."""
    told: dict[str, Any] = {}
    for name in names:
        value = record.get(name)
        field = record.spec.by_name.get(name)
        if field is not None and field.policy == "append" and op.kind != "create":
            value = [entry for entry in value or () if entry[0] == op.stamp]
        told[name] = value
    return told
