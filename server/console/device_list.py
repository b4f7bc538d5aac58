"""Devices as people speak of them: whose they are, how they are, since when they are silent.

>>> state_of(revoked=True, suspended=True, hand_in_only=False)
'revoked'
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import g
from sqlalchemy import select

from server.console import ledger
from server.console.languages import gettext
from server.models import Device
from server.services import services
from sync.stamps import device_of, is_server

__all__ = ["SILENT_MS", "DeviceLine", "device_title", "devices", "line_of", "silent_devices"]

_DAY_MS = 86_400_000
_NEVER_MS = 1 << 60
SILENT_MS = 3 * _DAY_MS
CLOCK_OFF_MS = 5 * 60_000
"""A clock that is off by more than this is shown as wrong."""


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """One device. Times in ms; ``state``: active, suspended, hand_in_only or revoked.

    ``lease_until``: when it stops showing records unless it is heard of. ``wiped``: it
    was told to erase itself, and has asked since.
    """

    id: str
    name: str
    holder: str
    user: str
    platform: str
    state: str
    enrolled_at: int
    last_exchange: int | None
    outbox: int | None
    photos: int | None
    oldest_pending: int | None
    offset_ms: int | None
    app_version: str
    storage_used: int | None
    storage_quota: int | None
    battery: float | None
    last_error: str
    wipe: bool
    wiped: bool
    lease_until: int
    replaces: str | None
    replaces_confirmed: bool
    repairs: int
    repaired_at: int | None

    @property
    def lease_is_over(self) -> bool:
        """Whether it was silent for so long that it shows no more records."""
        return self.state != "revoked" and self.lease_until < ledger.now_ms()

    @property
    def clock_is_off(self) -> bool:
        """Whether its clock differs so much that a person should set it."""
        return self.offset_ms is not None and abs(self.offset_ms) > CLOCK_OFF_MS

    @property
    def storage_percent(self) -> int | None:
        """How full its storage is."""
        if not self.storage_quota or self.storage_used is None:
            return None
        return min(100, round(100 * self.storage_used / self.storage_quota))


def state_of(*, revoked: bool, suspended: bool, hand_in_only: bool) -> str:
    """One word for what a device may do, the gravest first."""
    if revoked:
        return "revoked"
    return "suspended" if suspended else ("hand_in_only" if hand_in_only else "active")


def line_of(device: Device, *, wipe_ordered_at: int | None = None) -> DeviceLine:
    """A device as a page shows it; ``wipe_ordered_at`` as the audit log has it."""
    heard = device.last_exchange or device.enrolled_at
    holder = ledger.titles().of(device.user)
    return DeviceLine(
        id=device.id,
        name=device.name or gettext("tablet without a name"),
        holder=holder or gettext("somebody unknown"),
        user=device.user,
        platform=device.platform,
        state=state_of(
            revoked=device.revoked, suspended=device.suspended, hand_in_only=device.hand_in_only
        ),
        enrolled_at=device.enrolled_at,
        last_exchange=device.last_exchange,
        outbox=device.outbox,
        photos=device.photos,
        oldest_pending=device.oldest_pending,
        offset_ms=device.offset_ms,
        app_version=device.app_version or "",
        storage_used=device.storage_used,
        storage_quota=device.storage_quota,
        battery=device.battery,
        last_error=device.last_error or "",
        wipe=device.wipe,
        wiped=device.wipe and (device.last_exchange or 0) > (wipe_ordered_at or _NEVER_MS),
        lease_until=heard + int(services().settings.lease_days) * _DAY_MS,
        replaces=device.replaces,
        replaces_confirmed=device.replaces_confirmed,
        repairs=device.repairs,
        repaired_at=device.repaired_at,
    )


def devices(*, state: str = "", text: str = "") -> list[DeviceLine]:
    """All devices, the longest silent first; revoked ones last."""
    found = ledger.accounts().scalars(select(Device)).all()
    ledger.titles().load(device.user for device in found)
    lines = [line_of(device) for device in found]
    if state == "silent":
        lines = [one for one in lines if is_silent(one)]
    elif state:
        lines = [one for one in lines if one.state == state]
    if text:
        wanted = text.strip().lower()
        lines = [one for one in lines if wanted in one.holder.lower() or wanted in one.name.lower()]
    return sorted(lines, key=lambda one: (one.state == "revoked", one.last_exchange or 0, one.id))


def is_silent(device: DeviceLine) -> bool:
    """Whether a device in use has not been heard of for too long."""
    heard = device.last_exchange or device.enrolled_at
    return device.state != "revoked" and heard < ledger.now_ms() - SILENT_MS


def silent_devices() -> list[DeviceLine]:
    """Devices in use that were not heard of for three days, the longest first."""
    return devices(state="silent")


def device_title(stamp: str) -> str:
    """Where an operation was made: the device's name, or this server."""
    if is_server(stamp):
        return gettext("at the console")
    names: dict[str, str] = g.setdefault("device_names", {})
    device = device_of(stamp)
    if device not in names:
        found = ledger.accounts().get(Device, device)
        names[device] = found.name if found and found.name else gettext("a device unknown here")
    return names[device]
