"""Supervision of devices: what an administrator can do about one.

Each step is reversible but one: a revoked device stays revoked, for its tokens may
be in other hands; it enrols anew, with ``replaces``. All are in the audit log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.accounts.audit import note
from server.models import Device, DeviceToken

__all__ = ["STEPS", "confirm_replacement", "succeed_at_once", "take_step"]


def _revoke(device: Device) -> None:
    device.revoked = True


def _suspend(device: Device) -> None:
    device.suspended = True


def _wipe(device: Device) -> None:
    # It may still hand in what waits on it; rows it gets no more.
    device.wipe = True
    device.hand_in_only = True


def _release(device: Device) -> None:
    device.suspended = device.hand_in_only = device.wipe = False


STEPS: Mapping[str, tuple[Callable[[Device], None], str]] = {
    "release": (_release, "device_released"),
    "revoke": (_revoke, "device_revoked"),
    "suspend": (_suspend, "device_suspended"),
    "wipe": (_wipe, "device_wiped"),
}
"""Name of a step → what it does, and how the audit log calls it."""


def take_step(
    session: Session, device: Device, step: str, *, by: str, now_ms: int, purpose: str | None = None
) -> None:
    """Take one of ``STEPS`` for a device; ``by`` is the administrator's user record."""
    change, act = STEPS[step]
    if step == "release" and device.hand_in_only:
        _end_access(session, device, now_ms=now_ms)
    change(device)
    note(session, act, now_ms=now_ms, user=by, about=device.id, purpose=purpose)


def _end_access(session: Session, device: Device, *, now_ms: int) -> None:
    """Where two hold tokens, end both: each must refresh, and the second to do so is found out."""
    live = (
        DeviceToken.device == device.id,
        DeviceToken.kind == "access",
        DeviceToken.retired_at.is_(None),
    )
    if len(session.scalars(select(DeviceToken.pair).where(*live)).all()) > 1:
        session.execute(update(DeviceToken).where(*live).values(retired_at=now_ms))


def confirm_replacement(session: Session, device: Device, *, by: str, now_ms: int) -> None:
    """Accept that a device brings the work of the one it ``replaces``, and of those before.

    The former device is revoked if it is known: two must not make the same stamps. Raises
    ValueError with a sentence if there is nothing to confirm, or it belongs to another user.
    """
    if device.replaces is None:
        raise ValueError("This device replaces no other.")
    former = session.get(Device, device.replaces)
    if former is not None and former.user != device.user:
        raise ValueError("The former device belongs to somebody else.")
    if former is not None:
        former.revoked = True
    _succeed(session, device, former, by=by, now_ms=now_ms)


def succeed_at_once(session: Session, device: Device, *, now_ms: int) -> None:
    """Confirm what needs no second look: the former device is the same user's, and revoked.

    Whoever issued the code knew whose it is, and a revoked device makes no more stamps that
    reach us. So a tablet that is enrolled anew hands in what it still holds, at once.
    """
    former = session.get(Device, device.replaces) if device.replaces is not None else None
    if former is None or former.user != device.user or not former.revoked or former.suspended:
        return
    _succeed(session, device, former, by=None, now_ms=now_ms)


def _succeed(
    session: Session, device: Device, former: Device | None, *, by: str | None, now_ms: int
) -> None:
    inherited = former.former.split() if former is not None else []
    device.former = " ".join(dict.fromkeys([device.replaces or "", *inherited]))
    device.replaces_confirmed = True
    note(session, "device_replaced", now_ms=now_ms, user=by, about=device.id)
