"""The small county after two tablets came home: conflicts of every kind, and things kept aside."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

from jinja2 import FileSystemBytecodeCache

from server.settings import Settings
from sync.authority import Ack
from sync.record import Record
from sync.scope import SYSTEM
from sync.stamps import Stamps
from tests.server.console.county import (
    DAY_MS,
    HOUR_MS,
    NOTES,
    NOW_MS,
    County,
    Tablet,
    build,
    open_county,
)

__all__ = ["Kept", "disagree", "keep_aside", "settings_in"]


def settings_in(folder: Path) -> Settings:
    """Settings of a server on a file in ``folder``."""
    return Settings(
        database_url=f"sqlite:///{folder / 'yuanba.db'}", data_dir=folder, secret="test" * 8
    )


@dataclasses.dataclass(frozen=True)
class Kept:
    """A county on disk, made once: each test gets a copy of it."""

    folder: Path
    county: County

    @classmethod
    def made_in(cls, folder: Path) -> Kept:
        """The county with its conflicts and with what is kept aside."""
        county = build(settings_in(folder), doors=4)
        disagree(county)
        keep_aside(county)
        county.services.store.close()
        return cls(folder, county)

    def copied_to(self, folder: Path) -> County:
        """A county of one's own. Templates are compiled once for all copies."""
        shutil.copy(self.folder / "yuanba.db", folder / "yuanba.db")
        opened = open_county(settings_in(folder), first=1_000_000)
        opened.app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(self.folder))
        opened.ids = dict(self.county.ids)
        for name, tablet in self.county.tablets.items():
            opened.tablets[name] = tablet.moved_to(opened)
        return opened


def disagree(county: County) -> None:
    """Conflicts of every kind, as two tablets bring them that were offline for two days."""
    first, second, clock = county.tablets["first"], county.tablets["second"], county.clock
    clock[0] = NOW_MS - 2 * DAY_MS
    for state in ("verified", "classified", "open"):
        fields = {"class": "ordinary"} if state == "classified" else {}
        step = county.services.door.transition(SYSTEM, county.ids["order1"], state, fields)
        assert step.problem is None, step.problem
    before = {name: first.see(name) for name in ("home1", "home2", "home6", "home4", "order1")}
    _edit(first, before["home1"], "home1", householder="田桂英", care_level="monthly",
          phone="13900005678")  # fmt: skip
    _edit(first, before["home6"], "home6", notes=NOTES.replace("不便", "已好转"))
    _edit(first, before["home2"], "home2", room="102")
    _edit(first, before["home4"], "home4", householder="龙文华")
    _step(first, before["order1"], "accepted", accepted_by=first.user)
    clock[0] = NOW_MS - 5 * HOUR_MS
    late = {"at": NOW_MS - 40 * HOUR_MS}
    _edit(second, before["home1"], "home1", **late, householder="田桂芬", care_level="weekly",
          phone="13900009999")  # fmt: skip
    _edit(second, before["home6"], "home6", **late,
          notes=NOTES.replace("不便", "仍不便，已配拐杖"))  # fmt: skip
    second.hand_in(
        second.draft(before["home4"], "delete", {}, at=NOW_MS - 40 * HOUR_MS),
    )
    _step(second, before["order1"], "accepted", at=NOW_MS - 39 * HOUR_MS, accepted_by=second.user)
    clock[0] = NOW_MS


def keep_aside(county: County) -> None:
    """An operation that a person must look at, one that waits, and something unreadable."""
    first = county.tablets["first"]
    seen = first.see("home3")
    ahead = first.draft(seen, "edit", {"room": "9"}, at=NOW_MS)
    in_a_year = Stamps(device="k7m2p9q4", incarnation="zzzz")
    ahead["stamp"] = in_a_year.next(now_ms=NOW_MS + 400 * DAY_MS)
    second = county.tablets["second"]
    waits = second.draft(seen, "edit", {"householder": "张三"}, at=NOW_MS - HOUR_MS)
    waits["base"]["householder"] = "0199a1b2c3d4-0000-m3n4p5q6zzzz"
    second.hand_in(waits)
    first.hand_in(ahead, {"stamp": "nonsense", "type": "household"})


def _edit(tablet: Tablet, seen: Record, name: str, at: int | None = None, **fields: Any) -> Ack:
    made = at if at is not None else tablet.county.clock[0] - 20 * 60_000
    return tablet.hand_in(tablet.draft(seen, "edit", fields, at=made))[0]


def _step(tablet: Tablet, seen: Record, target: str, at: int | None = None, **more: Any) -> Ack:
    made = at if at is not None else tablet.county.clock[0] - 10 * 60_000
    fields = {**more, "status": {"from": seen.get("status"), "to": target}}
    draft = tablet.draft(seen, "transition", fields, at=made)
    return tablet.hand_in(draft)[0]
