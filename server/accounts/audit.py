"""The audit log: who did what outside the ledger, when, and what for.

Changes to records are their own history. This log holds what is no change: a
sign-in, a look at restricted facts, a code issued, a device stopped. It is read by
people who must find misuse, so it must be complete and must itself betray nothing.

Invariants
    * ``what`` is one of ``ACTS``.
    * No value that somebody typed or was shown is in it but the purpose; a failed
      sign-in under an unknown name keeps no name, for people type passwords there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from server.models import Audit, db
from server.store import Writer

__all__ = ["ACTS", "note", "note_with"]

ACTS: Mapping[str, tuple[str, str]] = {
    "account_created": ("建立账号", "Account created"),
    "bundle_taken": ("从文件收取工作", "Work taken from a file"),
    "code_issued": ("发放登记码", "Enrolment code issued"),
    "device_enrolled": ("设备登记", "Device enrolled"),
    "device_released": ("设备解除限制", "Device released"),
    "device_replaced": ("确认设备替换", "Device replaced"),
    "device_revoked": ("设备停用", "Device revoked"),
    "device_suspended": ("设备暂停", "Device suspended"),
    "device_wiped": ("通知设备清除", "Device told to erase itself"),
    "held_left": ("暂存的修改不采用", "Kept change left as it is"),
    "late_seen": ("核对迟到的修改", "Change after a handover checked"),
    "password_changed": ("修改密码", "Password changed"),
    "redacted": ("抹去个人信息", "Personal data erased"),
    "refresh_reused": ("旧刷新令牌被再次使用", "Old refresh token used again"),
    "revealed": ("查看受限内容", "Restricted facts shown"),
    "sign_in_failed": ("登录失败", "Sign-in failed"),
    "signed_in": ("登录", "Signed in"),
    "signed_out": ("退出", "Signed out"),
}
"""What can be noted, in Chinese and in English."""


def note(
    session: Session,
    what: str,
    *,
    now_ms: int,
    user: str | None = None,
    about: str | None = None,
    purpose: str | None = None,
) -> None:
    """Add an entry; ``user`` is the user record of who did it, ``about`` what it was done to."""
    session.add(Audit(at=now_ms, user=user, what=_known(what), about=about, purpose=purpose))


def note_with(
    tx: Writer,
    what: str,
    *,
    now_ms: int,
    user: str | None = None,
    about: Iterable[str],
    purpose: str | None = None,
) -> None:
    """Add an entry for each of ``about`` in the ledger's own transaction: with what it tells of
    it is there, or neither is."""
    rows = [(now_ms, user, _known(what), one, purpose) for one in about]
    table = db.metadata.tables[Audit.__tablename__]
    tx.run(tx.shared.sql.insert(table, ("at", "user", "what", "about", "purpose")), rows)


def _known(what: str) -> str:
    if what not in ACTS:
        raise KeyError(f"no act is called {what!r}")
    return what
