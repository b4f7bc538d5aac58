"""The authority: the one door through which every change to a record goes.

A batch comes from a tablet that was offline for days, from the console, from a rule.
Each operation is taken in order and gets an outcome that can be stood by: applied,
merged, in conflict, held or rejected. Whatever it is, the operation is kept.

Theory of operation. A batch is read (``sync.operation``), what it needs is loaded by
sets (``sync.work``), each operation passes the same gates in the same order, then the
table ``sync.kinds.KINDS`` says what its kind does. Operations that waited for one that
came are taken next. Everything is stored at once, in the transaction of the caller.

Invariants
    * One ack for each operation, in order; a stamp takes effect once.
    * What an ack says is stored before the transaction ends.
    * A malformed operation changes nothing, and stops no other.

This module reads no clock and draws nothing at random: stamps and ids come from outside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from sync import gates, groups, notices
from sync.batch import Ack, Alike, Batch, Legible, Reaction, Safeguards, Verdicts
from sync.catalogue import Catalogue
from sync.duplicates import tell_references
from sync.effects import Effect
from sync.errors import Problem, Refusal
from sync.identity import keys_of
from sync.operation import AS_SENT, Operation, read
from sync.redaction import named_in, without_values
from sync.run import BatchRun
from sync.scope import SYSTEM
from sync.stamps import is_stamp
from sync.store import JSON, Aside, Codec, Writing
from sync.upcasts import upcast
from sync.work import Work, stamps_to_read

WAIT_MS = 5 * 86_400_000
"""So long an operation waits for what it was based on."""

DUE_MAX = 500

__all__ = ["Ack", "Alike", "Authority", "Batch", "Reaction", "Safeguards", "Verdicts"]


class Authority:
    """Takes batches. It holds no state but what it was made with: safe to share between threads."""

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        next_stamp: Callable[[int], str],
        new_id: Callable[[int], str],
        reactions: Sequence[Reaction] = (),
        alike: Alike | None = None,
        safeguards: Safeguards | None = None,
        codec: Codec = JSON,
        may_be_told: Callable[..., bool] = lambda *_who, **_when: True,
        keepers: Callable[..., Iterable[str]] = lambda *_what, **_when: (),
        suspended: Callable[[Any, str, str], bool] = lambda *_who: False,
        left: Callable[..., int | None] = lambda *_what, **_when: None,
    ) -> None:
        """``next_stamp(now_ms)`` and ``new_id(now_ms)`` give the server's stamps and record ids.

        ``may_be_told(work, user, record, now_ms=…)`` says whether a notice to a user may hold
        values of a record. ``keepers(work, record, now_ms=…)`` names the users who work with
        a record now: they are told what is changed in it late.
        ``suspended(tx, user, device)`` says whether one of them is suspended now: what they
        have waiting goes by a person's decision only. ``left(work, user, record, now_ms=…)``
        says when a user ceased to work where a record is (ms): None if they still do, 0 if
        they never did.
        """
        self.catalogue = catalogue
        self.safeguards = safeguards or Safeguards()
        self.alike = alike
        self._next_stamp = next_stamp
        self._may_be_told = may_be_told
        self.keepers = keepers
        self.suspended = suspended
        self.left = left
        self._new_id = new_id
        self._reactions: dict[str, list[Reaction]] = {}
        for reaction in reactions:
            self._reactions.setdefault(reaction.type, []).append(reaction)
        self._codec = codec

    def accept(self, tx: Writing, batch: Batch, legible: Legible | None = None) -> Verdicts:
        """Take a batch and store what becomes of it, in the transaction ``tx``.

        ``legible``: what ``read`` gave for it, if that was asked before the transaction began.
        """
        work = Work(tx, self.catalogue)
        parsed, asides = legible or self.read(batch)
        operations = [one for one in parsed if isinstance(one, Operation)]
        records = {op.record for op in operations}.union(*map(named_in, asides))
        work.load(records=records, stamps={op.stamp for op in operations})
        for aside in asides:
            work.set_aside(without_values(work, aside, self._codec))
        wanted = stamps_to_read(operations, work)
        if wanted:
            work.load(stamps=wanted)
        # Asked when the records are locked: before, somebody could still change one unseen.
        unseen = _unseen(tx, batch, {op.record for op in operations})
        self._look_ahead(work, batch, operations)
        run = BatchRun(self, work, batch)
        if any(op.group is not None for op in operations):
            acks = groups.take_all(run, parsed, batch.operations)
        else:
            acks = [
                run.take(one) if isinstance(one, Operation) else run.misread(one, raw)
                for one, raw in zip(parsed, batch.operations, strict=True)
            ]
        run.release_waiting()
        run.look_alike()
        tell_references(work)
        changes = work.changes()
        if changes:
            tx.save(changes)
        quiet = {one: head for one, head in run.quiet().items() if one not in unseen}
        return Verdicts([run.final(ack) for ack in acks], quiet, run.touched())

    def release(self, tx: Writing, stamp: str, *, now_ms: int) -> Ack | None:
        """Let a held operation go by a person's decision; None if it is not held.

        It is decided now, in its author's name: where its author worked then or before, and as
        a concurrent change where what it was based on is not here.
        """
        work = Work(tx, self.catalogue)
        found = tx.held([stamp]).get(stamp)
        if found is None:
            return None
        # Asked again under the record's lock: somebody may just have let it go.
        work.load(records=[found.record])
        held = work.held(stamp)
        if held is None:
            return None
        run = BatchRun(self, work, Batch(operations=(), scope=SYSTEM, received_ms=now_ms))
        run.by_person = True
        ack = run.release(held, forced=True)
        run.by_person = False  # What waited for it is not what they looked at.
        run.release_waiting()
        run.look_alike()
        tell_references(work)
        tx.save(work.changes())
        return ack

    def release_due(self, tx: Writing, *, now_ms: int, limit: int = DUE_MAX) -> list[Ack]:
        """Let go what waited too long for a base that did not come: as concurrent changes.

        Call it again while it answers with ``limit`` acks.
        """
        due = tx.due("needs", before_ms=now_ms - WAIT_MS, limit=limit)
        if not due:
            return []
        work = Work(tx, self.catalogue)
        run = BatchRun(self, work, Batch(operations=(), scope=SYSTEM, received_ms=now_ms))
        acks = []
        # What is asked below is asked under the records' locks: an exchange may let go the same.
        work.load(records={held.record for held in due})
        for held in due:
            # What it waited for, or its group, may just have taken it along.
            ack = run.release(held, forced=True) if work.held(held.stamp) == held else None
            acks.append(ack or run.answers.get(held.stamp) or Ack(held.stamp, "held"))
            run.release_waiting()
        run.look_alike()
        tell_references(work)
        tx.save(work.changes())
        return acks

    def _look_ahead(self, work: Work, batch: Batch, operations: Iterable[Operation]) -> None:
        """Read by sets what the creates of a batch will ask for, and into what others merge."""
        ids: set[str] = set()
        keys: set[int] = set()
        into: set[str] = set()
        for op in operations:
            if op.kind == "merge":
                into.add(op.raw["into"])
            spec = self.catalogue.get(op.type) if op.kind == "create" else None
            if spec is None:
                continue
            if spec.identity:
                keys.update(keys_of(spec, [op.fields.get(one.name) for one in spec.fields]))
            ids.add(op.record)
            ids.update(gates.parents(op, spec))
        if ids:
            work.strays(ids)
        if keys:
            work.load(records=work.sharing(keys))
        if into:
            work.load(records=into)

    # Reading -------------------------------------------------------------------------------

    def read(self, batch: Batch) -> Legible:
        """The operations of a batch, and a refusal in the place of each that cannot be read.

        That needs no transaction, and where writers wait for each other is best done before.
        """
        scope, parsed, asides = batch.scope, list[Operation | Ack](), list[Aside]()
        own = None if scope.device is None else (scope.device, *scope.former_devices)
        for raw in batch.operations:
            try:
                op = read(raw)
                if AS_SENT in raw:  # ours to say
                    raise Refusal(Problem("malformed", pointer="", params={"what": AS_SENT}))
                op = upcast(op, self.catalogue)
                if own is not None and op.device not in own:
                    raise Refusal(Problem("not_your_stamp", pointer="/stamp"))
                parsed.append(op)
            except Refusal as refusal:
                stamp = raw.get("stamp") if isinstance(raw, dict) else None
                stamp = stamp if is_stamp(stamp) else None
                asides.append(self._aside(batch, raw, stamp, refusal.problem.code))
                parsed.append(Ack(stamp, "rejected", problem=refusal.problem))
        return Legible(parsed, asides)

    def set_aside(self, work: Work, batch: Batch, raw: Any, stamp: str | None, code: str) -> None:
        """Keep what has no stamp of its own to be kept under; sent again, it adds nothing."""
        aside = self._aside(batch, raw, stamp, code)
        work.set_aside(without_values(work, aside, self._codec))

    def _aside(self, batch: Batch, raw: Any, stamp: str | None, code: str) -> Aside:
        body = self._codec.dumps(raw)
        device = batch.scope.device or "srv"
        digest = hashlib.sha256(device.encode() + b"\0" + body).hexdigest()[:32]
        return Aside(digest, device, batch.scope.user, stamp, code, batch.received_ms, body)

    # The server's own operations -------------------------------------------------------------

    def server_stamp(self, now_ms: int) -> str:
        """A stamp of the server's own."""
        return self._next_stamp(now_ms)

    def notify(self, run: BatchRun, user: str, **told: Any) -> None:
        """Write a notice to ``user``, if that is a person and the catalogue has notices."""
        if "notice" not in self.catalogue or len(user) != 36:
            return
        reader, record = run.work.record(user), run.work.record(told["about_record"])
        lang = (reader.get("lang") if reader is not None else None) or "zh"
        if record is None or not self._may_be_told(run.work, user, record, now_ms=run.now_ms):
            told = {**told, "before": None, "after": None}
        fields = notices.draft(user, lang=lang, **told)
        run.as_server(
            {
                "type": "notice",
                "record": self._new_id(run.now_ms),
                "kind": "create",
                "fields": fields,
            },
            cause=told["about"],
        )

    def reactions_to(self, op: Operation, effect: Effect, *, moved: bool) -> Iterable[Reaction]:
        """The rules that follow what an operation changed; ``moved``: it changed the row."""
        reactions = self._reactions.get(op.type)
        if not reactions or not moved:
            return
        changed = effect.changed(op)
        for reaction in reactions:
            if reaction.fields is None or not reaction.fields.isdisjoint(changed):
                yield reaction


def _unseen(tx: Writing, batch: Batch, records: Collection[str]) -> set[str]:
    """Those of the records of which the caller has not been sent everything yet."""
    positions = batch.positions
    if batch.scope.grace:  # Of another history's cursor nobody can say what it had come to.
        positions = {**dict.fromkeys(batch.scope.grace, 0), **positions}
    return tx.beyond(positions, records)
