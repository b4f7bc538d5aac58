"""The story, second half: a lost answer, a decision, a wrong clock, a reassignment, the books."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from server.cli.day import checks
from server.cli.day.cast import FIVE_HOURS_MS, Day, clock_time
from server.cli.day.tablets import Tablet, real_ms
from server.cli.grant import give
from sync.client import Report
from sync.record import Record
from sync.scope import SYSTEM
from sync.view import as_stored

if TYPE_CHECKING:
    from sync.store import Conflict

__all__ = ["CHAPTERS"]

CLOCK_TOLERANCE_MS = 2_000
A_MOMENT_S = 0.3


def _sync(day: Day, tablet: Tablet) -> Report:
    report, ms = tablet.sync()
    day.tell.wire(report, ms)
    return report


def lost(day: Day) -> None:
    """The server has it, the tablet does not know, and sends it again."""
    tell, chief = day.tell, day.chief
    tell.chapter("lost")
    house = day.doors(day.grids[0])[2]
    before = house.get("visits") or 0
    chief.edit(house.id, visits={"add": 1}, log={"append": "回执丢失的一次走访"})
    chief.link.lose_next_answer = True
    tell.say("visit_sent", name=chief.name)
    _sync(day, chief)
    tell.say("screen", name=chief.name, words=chief.client.status().words(tell.lang))
    _sync(day, chief)
    after = checks.record(day.services, house.id)
    visits = after.get("visits")
    tell.say("sent_again", before=before, after=visits)
    entries = len(after.get("log") or ()) - len(house.get("log") or ())
    once = visits == before + 1 and entries == 1 and chief.see(house.id)["visits"] == visits
    what = tell.found("visit", visits=visits - before, entries=entries)
    day.findings.note("idempotency", once, what)


def decision(day: Day) -> None:
    """A person settles the conflict of the morning, and both authors learn of it."""
    tell = day.tell
    tell.chapter("decision")
    house = day.doors(day.grids[0])[0].id
    conflict = _open_conflict(day, house)
    if conflict is None:
        tell.say("nothing_to_decide")
        day.findings.note("resolution", None)
        return
    value = conflict.fields["householder"]["device"]
    administrator = day.as_office(day.administrator)
    day.services.door.resolve(administrator, conflict.id, {"householder": value})
    tell.say("decided", name=day.administrator.name, value=value)
    told = 0
    for tablet, about in ((day.chief, conflict.id), (day.worker, None)):
        known = set(tablet.held("notice"))
        _sync(day, tablet)
        fresh = [tablet.see(one) for one in tablet.held("notice") if one not in known]
        for notice in fresh:
            tell.say("notice", name=tablet.name, value=notice["text"])
        told += any(about in (None, notice["about"]) for notice in fresh)
    views = [tablet.see(house) for tablet in (day.worker, day.chief)]
    settled = all(view["householder"] == value and not view.marks for view in views)
    day.findings.note("resolution", settled and told == 2, value)


def _open_conflict(day: Day, house: str) -> Conflict | None:
    from server.cli.day.story import conflict_about

    return conflict_about(day, house)


def clock(day: Day) -> None:
    """A visit by a clock that is five hours ahead is recorded at the right time."""
    tell, chief = day.tell, day.chief
    tell.chapter("clock")
    house = day.doors(day.grids[0])[3]
    visit, real = day.services.new_id(), real_ms()
    stamp = chief.create(
        "home_visit", visit, grid=day.grids[0], household=house.id, worker=chief.user,
        at=chief.now_ms(), purpose="routine",
    )  # fmt: skip
    shown = clock_time(real + FIVE_HOURS_MS)
    tell.say("visit_at", name=chief.name, shown=shown, real=clock_time(real))
    time.sleep(A_MOMENT_S)
    _sync(day, chief)
    recorded = checks.record(day.services, visit).get("at")
    tell.say("corrected", value=clock_time(recorded))
    stored = checks.operation(day.services, stamp)
    off = [recorded - real]
    if stored is not None:
        off += [stored.corrected - real, stored.at - FIVE_HOURS_MS - real]
    right = stored is not None and all(abs(one) < CLOCK_TOLERANCE_MS for one in off)
    day.findings.note("clock", right, tell.found("off", ms=max(map(abs, off))))


def reassigned(day: Day) -> None:
    """Unsent work of both sides of the reassignment is taken; then the old grid goes."""
    from server.accounts.directory import grants_of

    tell, worker, services = day.tell, day.worker, day.services
    mine, following, _ = day.grids
    tell.chapter("reassigned", name=worker.name)
    house = day.doors(mine)[4]
    held = len(worker.held("household"))
    before = worker.edit(house.id, care_level="monthly", log={"append": "调走前的走访"})
    time.sleep(A_MOMENT_S)
    now_ms = services.now_ms()
    for assignment in grants_of(
        services.store, user=worker.user, feed=f"grid:{mine}", now_ms=now_ms
    ):
        services.door.edit(SYSTEM, assignment, {"until": now_ms})
    give(services, worker.user, f"grid:{following}")
    time.sleep(A_MOMENT_S)
    after = worker.edit(house.id, phone="13900000005", log={"append": "调走后的走访"})
    tell.say("unsent", name=worker.name)
    report, ms = worker.sync()
    left = checks.within(worker, {following})
    remain = len(set(left) & set(worker.held("household")))
    tell.say("moved_on", rows=report.rows, gone=held, left=remain)
    tell.wire(report, ms)
    tell.say("colleague_sees", name=day.chief.name)
    _sync(day, day.chief)
    books = [checks.operation(services, stamp) for stamp in (before, after)]
    taken = [one.outcome in ("applied", "merged") for one in books if one is not None]
    late = [one.late for one in books if one is not None]
    seen = day.chief.see(house.id)
    there = (seen["care_level"], seen["phone"]) == ("monthly", "13900000005")
    what = tell.found("taken", taken=sum(taken), late=sum(late))
    day.findings.note("late", taken == [True, True] and late == [False, True] and there, what)
    gone = not left and f"grid:{mine}" not in worker.replica.feeds()
    day.findings.note("eviction", gone, tell.found("left", held=held, left=len(left)))


def stranger(day: Day) -> None:
    """A change of a record that was never theirs is refused, and tells nothing about it."""
    tell, chief, services = day.tell, day.chief, day.services
    tell.chapter("stranger")
    victim = day.doors(day.grids[2])[0]
    phone = "13999999999"
    stamp = _forge(chief, victim, phone)
    tell.say("tampered")
    report = _sync(day, chief)
    ack = next(one for sent in report.exchanges for one in sent.acks if one.stamp == stamp)
    words = (ack.problem or {}).get("message") or tell.outcomes(report.outcomes)
    tell.say("server_says", words=words)
    unchanged = checks.record(services, victim.id).get("phone") == victim.get("phone")
    silent = ack.head is None and not ack.feeds and not ack.fields
    outside = checks.within(chief, {day.grids[0]})
    refused = ack.outcome == "rejected" and unchanged and silent and not outside
    day.findings.note("scope", refused, tell.outcomes(report.outcomes))
    tell.say("screen", name=chief.name, words=chief.client.status().words(tell.lang))
    chief.replica.withdraw(stamp)


def _forge(tablet: Tablet, record: Record, phone: str) -> str:
    """Queue a change of a record that the tablet was never sent."""
    with tablet.storage.write() as shelf:
        shelf.save_rows([as_stored(record, seen=record.head)])
    stamp = tablet.edit(record.id, phone=phone)
    with tablet.storage.write() as shelf:
        shelf.drop_rows([record.id])
    return stamp


def evening(day: Day) -> None:
    """All sync once more; then both sides are laid beside each other."""
    tell, note = day.tell, day.findings.note
    tell.chapter("evening")
    tell.say("last_sync")
    for tablet in day.tablets:
        _sync(day, tablet)
    counted, lost_stamps = checks.accounted(day.services, day.tablets)
    what = tell.found("edits", n=counted.total(), outcomes=tell.outcomes(counted))
    note("accounted", not lost_stamps and counted.total() > 0, what)
    statuses = [tablet.client.status() for tablet in day.tablets]
    empty = all(one.what == "handed_in" and not one.waiting for one in statuses)
    note("outbox", empty, tell.found("waiting", n=sum(one.waiting for one in statuses)))
    for code, compare in (("equal", checks.unequal), ("digests", checks.digests)):
        total, differing = 0, list[str]()
        for tablet in day.tablets:
            compared, found = compare(day.services, tablet, day.reads(tablet))
            total, differing = total + compared, differing + found
        what = tell.found("alike", total=total, alike=total - len(differing))
        note(code, not differing and total > 0, " ".join((what, *differing[:3])))


CHAPTERS: tuple[Callable[[Day], None], ...] = (
    lost,
    decision,
    clock,
    reassigned,
    stranger,
    evening,
)
"""The second half, in order."""
