"""The back office: what a server does seldom, by itself or at an administrator's word.

Like ``office``, this module may import the server; what happens every day is there. Here is
what a command or a timer does: upkeep, and the purging of what is older than the horizon.

Invariants
    * What runs is the function that the command runs.
"""

from __future__ import annotations

from server import redaction
from server.attachments import collecting
from server.upkeep import compact as purge
from simulator.exploration.office import Office

__all__ = ["collect", "compact", "redact", "to_erase", "upkeep"]


def upkeep(office: Office) -> int:
    """Let go what waited for too long, as the timer does; answers how many operations."""
    served = office.served
    with served.store.write() as tx:
        return len(served.authority.release_due(tx, now_ms=served.now_ms()))


def compact(office: Office, *, days: int) -> int:
    """Purge what was deleted or moved so many days ago, as ``yuanba compact`` does."""
    served = office.served
    return purge(served.store, now_ms=served.now_ms(), horizon_days=days)


def collect(office: Office, *, now_ms: int) -> collecting.Collected:
    """Remove the photos that are over, as ``yuanba attachments --collect`` does."""
    return collecting.collect(office.served.uploads, now_ms=now_ms)


def to_erase(office: Office, record: str, *, related: bool) -> redaction.Plan | None:
    """What erasing a record would erase; None if there is nothing personal in it."""
    return redaction.plan(office.served, record, related=related)


def redact(office: Office, wanted: redaction.Plan, *, by: str) -> None:
    """Erase, as the page and ``yuanba redact`` do."""
    redaction.carry_out(office.served, wanted, actor=by, by=by, purpose="asked for by the person")
