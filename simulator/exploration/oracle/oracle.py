"""The oracle: stands outside the system under test, hears everything, believes nothing.

It hears each request and each answer as bytes, reads the server's tables and the tablets'
disks, and knows from the run itself who was granted what and when something was really made.

A promise that is broken is noted, and the run goes to its end: the faults stop, every tablet
drains, and all is judged. So it is known of which promises a run breaks each, and not only which
check happened to be asked first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from simulator.exploration.oracle.audit_decisions import audit_decisions
from simulator.exploration.oracle.audit_duplicates import audit_duplicates
from simulator.exploration.oracle.audit_handover import audit_handover
from simulator.exploration.oracle.audit_horizon import past_horizon
from simulator.exploration.oracle.audit_likeness import audit_likeness
from simulator.exploration.oracle.audit_made import (
    Made,
    audit_handed_in,
    audit_made,
    bodies_of,
    only_new_words,
    rows_without_work,
)
from simulator.exploration.oracle.audit_photos import Photos
from simulator.exploration.oracle.audit_redaction import Erasures, excused, refused_as_erased
from simulator.exploration.oracle.audit_repair import audit_repair
from simulator.exploration.oracle.audit_rights import audit_good_faith, audit_rights
from simulator.exploration.oracle.audit_server import audit_places, audit_transaction
from simulator.exploration.oracle.audit_sets import audit_history, audit_sets
from simulator.exploration.oracle.audit_tablet import audit_cursors, audit_end
from simulator.exploration.oracle.audit_waiting import audit_waiting
from simulator.exploration.oracle.audit_wire import Exchange, audit_answer, read_exchange
from simulator.exploration.oracle.ledger import Change, Ledger
from simulator.exploration.photos.tus import DOOR

if TYPE_CHECKING:
    from simulator.exploration.office import Response
    from simulator.exploration.tablet import Tablet
    from simulator.exploration.world import World

__all__ = ["Oracle"]

T = TypeVar("T")

_SKEW_MS_MAX = 2_500
"""How far a corrected time may be from the true one: what a round trip makes uncertain."""

KEPT_MS = 30 * 86_400_000
"""So long tablets keep what was acknowledged, for a server that comes back from a backup."""


class Oracle:
    """Judges one run."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        """``ledger``: what the server's database holds at the beginning."""
        self.world = world
        self.ledger = ledger
        ledger.attach(world.office.connection)
        self.acked: dict[str, str] = {}
        self.delivered: dict[str, list[str]] = {}
        self.made: dict[str, Made] = {}
        self.newest: dict[str, str] = {}
        self.restored = False
        self.by_person = False
        self.broken: dict[int, str] = {}
        self.erasures = Erasures(self.ledger)
        self.photos = Photos(world, self.ledger)

    def attach_anew(self) -> None:
        """The server has another database now, with another history."""
        self.ledger.attach(self.world.office.connection)
        self.ledger.read()
        self.erasures.goes_back()
        self.photos.came_back()

    def stands(self) -> None:
        """The server goes on after a fall: all that was in its history must be there still."""
        self.ledger.stay(self.world.office.connection)
        for stamp in self.ledger.vanished():
            if stamp in self.acked:
                self.broke(2, f"{stamp} was acknowledged, and is gone after the server fell")
            self.broke(9, f"{stamp} was in the history, and is gone after the server fell")

    # While the run goes on -------------------------------------------------------------------

    def shown(self, tablet: Tablet, drafts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Record → its row on the disk, if nothing waits on it: what is about to be edited."""
        return rows_without_work(tablet, [one["record"] for one in drafts])

    def note_made(
        self,
        tablet: Tablet,
        stamps: Sequence[str | None],
        drafts: Sequence[Mapping[str, Any]],
        shown: Mapping[str, Any],
    ) -> None:
        """Something was made on a tablet, now; ``shown`` is what its worker had before them."""
        made = list(zip(stamps, drafts, strict=False))
        bodies = bodies_of(tablet, [stamp for stamp, _ in made if stamp is not None])
        self.photos.note_taken(tablet.name, bodies.values(), drafts)
        for stamp, draft in made:
            if stamp is None:
                continue
            self.judge(audit_made(bodies[stamp], draft, shown.get(draft["record"])))
            if stamp <= self.newest.get(tablet.name, ""):
                self.broke(3, f"{tablet.name} made {stamp} after {self.newest[tablet.name]}")
            self.newest[tablet.name] = stamp
            content = bodies[stamp]
            self.made[stamp] = Made(
                self.world.now_ms,
                tablet.unsure_ms,
                tablet.name,
                content["fields"],
                content["record"],
                (draft.get("extra") or {}).get("reason"),
            )

    def forget(self, tablet: str) -> None:
        """A tablet has lost what it knew."""
        self.photos.forget(tablet)
        self.delivered.pop(tablet, None)
        self.newest.pop(tablet, None)
        for stamp in [stamp for stamp, made in self.made.items() if made.tablet == tablet]:
            self.made[stamp] = self.made[stamp]._replace(tablet="")

    def goes_back(self) -> None:
        """The server will come back from a backup: only what tablets still keep is sure."""
        self.look()
        self.restored = True
        self.photos.goes_back()
        until = self.world.now_ms - KEPT_MS
        for stamp, made in self.made.items():
            op = self.ledger.ops.get(stamp)
            if op is not None and op.received <= until:
                self.made[stamp] = made._replace(tablet="")
        ops = self.ledger.ops
        for name, stamps in self.delivered.items():
            self.delivered[name] = [
                one for one in stamps if one not in ops or ops[one].received > until
            ]

    def look(self) -> None:
        """Judge what the server did since the last look."""
        ledger = self.ledger
        known, held, were = ledger.rows.copy(), ledger.held.copy(), ledger.conflicts.copy()
        changes = ledger.drain()
        if not changes:
            return
        if any(one.what == "op!" for one in changes):
            changes = self._in_new_words(changes)
        touched = dict.fromkeys(one.key for one in changes if one.what == "rec")
        before = {record: known.get(record) for record in touched}
        self.judge(audit_transaction(ledger, changes, before, self.world.saw))
        self.judge(self.erasures.look(changes, self.made))
        self.judge(
            audit_rights(ledger, changes, before, self.world.now_ms, knows_all=not self.restored)
        )
        self.judge(audit_handover(ledger, changes, before, self.world.now_ms, self.world.saw))
        self.judge(audit_decisions(ledger, changes, before, were))
        self.judge(audit_duplicates(ledger, changes, self.allowed))
        self.judge(audit_likeness(ledger, changes, self.world.saw))
        self.judge(
            audit_waiting(ledger, changes, held, self.world.now_ms, by_person=self.by_person)
        )
        for one in changes:
            if one.what == "op+":
                self._times(one.key)

    def _in_new_words(self, changes: Sequence[Change]) -> list[Change]:
        """The changes, where a newer version took what had waited: what was said is still there.

        Or where it told, without its author's knowing, of what had been erased: values go."""
        was = self.ledger.read_again(one.key for one in changes if one.what == "op!")
        return [
            one._replace(what="op~")
            if one.what == "op!"
            and (
                only_new_words(self.ledger.ops[one.key], was[one.key])
                or refused_as_erased(self.ledger.ops[one.key], was[one.key])
            )
            else one
            for one in changes
        ]

    def erased(self, records: Sequence[str], erase: Callable[[], None]) -> None:
        """Let records be erased, and judge that transaction by what it alone may do."""
        self.look()
        ledger = self.ledger
        words, before = self.erasures.about(records), {one: ledger.rows[one] for one in records}
        photos = self.photos.about(records)
        erase()
        changes = ledger.drain()
        bodies = ledger.read_again(one.key for one in changes if one.what == "op!")
        self.judge(self.erasures.took(changes, before, bodies, words))
        self.judge(self.photos.erased(records, photos))

    def _times(self, stamp: str) -> None:
        """A corrected time is the true one, whatever the device's clock said."""
        op, made = self.ledger.ops[stamp], self.made.get(stamp)
        if op.corrected > op.received:
            self.broke(11, f"{stamp} is dated later than it was received")
        if made is None or op.raw.get("offset_ms") is None:
            return
        if abs(op.corrected - made.at_ms) > _SKEW_MS_MAX + made.unsure_ms:
            self.broke(11, f"{stamp} was made at {made.at_ms} and is dated {op.corrected}")

    def heard(
        self,
        tablet: Tablet,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        answer: Response,
    ) -> None:
        """Judge an answer, before anything happens to it on the way."""
        self.look()
        if path.startswith(DOOR):
            user = self.world.user_of(tablet)
            self.judge(self.photos.heard(user, method, path, headers, body, answer))
            return
        if answer.status >= 500 and answer.status != 503:
            self.broke(0, f"{path} was answered with {answer.status}: {answer.body[:300]!r}")
        if answer.status != 200 or path != "/sync/v1/exchange":
            return
        self.understood(tablet, read_exchange(headers, body or b"", answer.headers, answer.body))

    def understood(self, tablet: Tablet, told: Exchange) -> None:
        """Judge what an exchange says."""
        for ack in told.acks:
            if ack["stamp"] is not None:
                self.acked[ack["stamp"]] = ack["outcome"]
            self.world.saw(f"ack:{ack['outcome']}{'-again' if ack.get('repeated') else ''}")
        self._count(told)
        user = self.world.user_of(tablet)
        allowed = self.allowed(user)
        self.judge(audit_answer(self.ledger, told, tablet.person, allowed))
        self.judge(audit_good_faith(self.ledger, told, user, self.world.now_ms))

    def _count(self, told: Any) -> None:
        saw = self.world.saw
        for page in told.pages:
            for what in ("deleted", "left", "alias"):
                if page[what]:
                    saw(f"page:{what}")
        for what in ("evicted", "reset"):
            if told.hello[what]:
                saw(f"hello:{what}")
        if told.hello["reset"] and past_horizon(told):
            saw("horizon:reset")
            if told.acks:
                saw("horizon:handed_in")
        if told.hello["feeds"] is None:
            saw("hello:no_feeds")
        if told.done["more"]:
            saw("done:more")

    def synced(self, tablet: Tablet) -> None:
        """Judge a tablet's disk, now that an exchange has ended somehow."""
        self.look()
        self.judge(audit_cursors(self.ledger, tablet, self.world.damaged))
        if self.world.damaged:
            return  # A copy that was damaged differs until it is repaired, and must not in the end.
        self.judge(
            (12, f"{tablet.name} found its digest of {one.feed} to differ: {one.own} {one.server}")
            for one in tablet.differences
        )

    def allowed(self, user: str) -> frozenset[str]:
        """The feeds that a user may read now, by the assignments' rows."""
        now_ms = self.world.now_ms
        granted = (
            feed
            for _id, feed, since, until in self.ledger.grants(user)
            if since <= now_ms and (until is None or until > now_ms)
        )
        return frozenset(("shared", f"person:{user}", *granted))

    # At the end ------------------------------------------------------------------------------

    def end(self, tablets: Iterable[Tablet]) -> None:
        """Judge everything, once all faults have ended and every tablet has drained."""
        self.look()
        ledger = self.ledger
        for feed, (count, total, _seq) in ledger.digests().items():
            if ledger.own_digest(feed) != (count, total):
                self.broke(12, f"the server's digest of {feed} is not that of its rows")
        for stamp, outcome in self.acked.items():
            if stamp not in ledger.ops and outcome != "rejected" and not self.restored:
                self.broke(2, f"{stamp} was acknowledged as {outcome} and is nowhere")
        self.judge(audit_places(ledger))
        self.judge(audit_sets(ledger))
        self.judge(audit_history(ledger))
        self._waiting()
        tablets = list(tablets)
        self.judge(self.erasures.tables())
        made = self.made
        if self.erasures.ever and self.restored:  # Nobody hands in again what was erased.
            made = {
                stamp: one for stamp, one in made.items() if one.record not in self.erasures.ever
            }
        self.judge(audit_handed_in(ledger, made, self.world.tablets.values()))
        for tablet in tablets:
            self.judge(audit_end(ledger, tablet, self.allowed(self.world.user_of(tablet))))
            self.judge(self.erasures.tablet(tablet))
        self.judge(self.photos.end(tablets))
        for tablet in tablets[:1]:
            user = self.world.user_of(tablet)
            self.judge(audit_repair(ledger, tablet, user, self.allowed(user)))

    def released(self, let_go: Callable[[], T]) -> T:
        """A person lets go what waits; judge that transaction as theirs."""
        self.look()
        self.by_person = True
        try:
            found = let_go()
            self.look()
        finally:
            self.by_person = False
        return found

    def _waiting(self) -> None:
        ledger = self.ledger
        places: dict[str, list[Mapping[str, Any]]] = {}
        for one in ledger.conflicts.values():
            for part in one.fields.values():
                places.setdefault(part["stamp"], []).append(part)
        for op in ledger.ops.values():
            if op.outcome == "held" and op.stamp not in ledger.held:
                self.broke(2, f"{op.stamp} is held and waits nowhere")
            if op.outcome == "conflict" and not excused(op):
                # It may wait in several: in one of its own, and in those where it took a place.
                conflict = ledger.conflicts.get(op.conflict or "")
                parts = [*(conflict.fields.values() if conflict else ()), *places.get(op.stamp, ())]
                if not any(part["closed_by"] is None for part in parts):
                    self.broke(2, f"{op.stamp} is in conflict, and no conflict about it is open")
        for held in ledger.held.values():
            need = ledger.ops.get(held.needs or "")
            if need is not None and need.outcome not in ("held", "rejected"):
                self.broke(2, f"{held.stamp} waits for {held.needs}, which came")
        for row in ledger.rows.values():
            open_ = {
                name
                for one in ledger.conflicts.values()
                if one.record == row.id
                for name, part in one.fields.items()
                if part["closed_by"] is None and not part.get("hidden")  # The office's alone.
            }
            if open_ != set(row.c):
                self.broke(8, f"{row.id} is marked {sorted(row.c)}, and open are {sorted(open_)}")

    def judge(self, wrongs: Iterable[tuple[int, str]]) -> None:
        """Note everything that is wrong."""
        for number, why in wrongs:
            self.broke(number, why)

    def broke(self, number: int, why: str) -> None:
        """Note a promise that is broken (0: the program failed); of each, why it was at first."""
        self.broken.setdefault(number, why)
