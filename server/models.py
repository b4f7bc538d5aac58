"""Credentials and what is known about devices: the tables that are no records.

Everything that people share is a record and goes through the door. A password, a
token and a battery level are not shared, never synced and have no history; they
live here, as ORM models, beside the ledger in the same database.

Invariants
    * No secret is stored: passwords as argon2 hashes, codes and tokens as SHA-256.
    * A device's row is never deleted, so its id is never given to another.
    * All times are whole milliseconds since 1970, as everywhere on the wire.

This module never decides anything: ``server.accounts`` and ``server.devices`` do.

>>> sorted(db.metadata.tables)
['account', 'attachment', 'audit', 'device', 'device_token', 'enrolment_code']
"""

from __future__ import annotations

from typing import Annotated

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, Index, Integer, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = [
    "NAMING",
    "Account",
    "Attachment",
    "Audit",
    "Base",
    "Device",
    "DeviceToken",
    "EnrolmentCode",
    "db",
]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Names of constraints, so that a migration can name what it changes."""

_RECORD = String(36)
_HASH = String(64)
_DEVICE = String(8)
_SERIAL = BigInteger().with_variant(Integer, "sqlite")

Big = Annotated[int, mapped_column(BigInteger)]
Words = Annotated[str, mapped_column(Text)]


class Base(DeclarativeBase):
    """The base of these models; their metadata is apart from the ledger's."""

    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(model_class=Base)


class Account(Base):
    """Who may sign in to the console. What they may do is their user record's ``role``."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(_SERIAL, primary_key=True)
    username: Mapped[str] = mapped_column(String(100), unique=True)
    user: Mapped[str] = mapped_column(_RECORD, index=True)
    password_hash: Mapped[Words]
    locked: Mapped[bool] = mapped_column(default=False)
    # Raised to end every session of this account: it is part of what a session names.
    session_epoch: Mapped[int] = mapped_column(default=0)
    created: Mapped[Big]
    last_sign_in: Mapped[Big | None]

    is_authenticated = True
    is_anonymous = False

    @property
    def is_active(self) -> bool:
        """Whether Flask-Login lets this account in."""
        return not self.locked

    def get_id(self) -> str:
        """What a session names: worth nothing once ``session_epoch`` was raised."""
        return f"{self.id}.{self.session_epoch}"


class Attachment(Base):
    """A photo: on its way (``finished`` is None, ``expires`` ends it), or kept.

    ``hash`` is the SHA-256 of what the device sends, ``record`` the record for which it was
    sent. Of a kept one ``type``, ``size`` and ``etag`` describe the cleaned picture.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_hash_record", "hash", "record"),
        Index("ix_attachment_record", "record"),
        Index("ix_attachment_device_begun", "device", "begun"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    hash: Mapped[str] = mapped_column(_HASH)
    record: Mapped[str] = mapped_column(_RECORD)
    device: Mapped[str] = mapped_column(_DEVICE)
    user: Mapped[str] = mapped_column(_RECORD)
    length: Mapped[Big]
    begun: Mapped[Big]
    expires: Mapped[Big]
    finished: Mapped[Big | None]
    type: Mapped[str | None] = mapped_column(String(40))
    size: Mapped[Big | None]
    etag: Mapped[str | None] = mapped_column(_HASH)


class Audit(Base):
    """Who did what outside the ledger, when and for what purpose: sign-ins, reveals, devices.

    ``what`` is a key of ``server.accounts.audit.ACTS``; ``about`` is a record or device
    id, or the stamp of an operation. It never holds a value that was typed or shown.
    """

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_about_at", "about", "at"), Index("ix_audit_at", "at"))

    id: Mapped[int] = mapped_column(_SERIAL, primary_key=True)
    at: Mapped[Big]
    user: Mapped[str | None] = mapped_column(_RECORD)
    what: Mapped[str] = mapped_column(String(40))
    about: Mapped[str | None] = mapped_column(_RECORD)
    purpose: Mapped[Words | None]


class Device(Base):
    """A tablet profile of one worker: who holds it, what they may still do, how it is.

    ``revoked``: its tokens are worth nothing. ``suspended``: its work is held for review.
    ``hand_in_only``: it gets no rows until an administrator looks. ``wipe``: it is told to
    erase itself. ``former`` lists (by spaces) the ids whose stamps it may bring. ``key`` is the
    public key that it signs bundles with (base 64).
    ``repairs`` counts how often its copy had to be mended, the last time at ``repaired_at``.
    The rest is what it last told about itself.
    """

    __tablename__ = "device"

    id: Mapped[str] = mapped_column(_DEVICE, primary_key=True)
    user: Mapped[str] = mapped_column(_RECORD, index=True)
    name: Mapped[str] = mapped_column(String(200))
    platform: Mapped[str] = mapped_column(String(200))
    enrolled_at: Mapped[Big]
    refreshed_at: Mapped[Big | None]
    revoked: Mapped[bool] = mapped_column(default=False)
    suspended: Mapped[bool] = mapped_column(default=False)
    hand_in_only: Mapped[bool] = mapped_column(default=False)
    wipe: Mapped[bool] = mapped_column(default=False)
    replaces: Mapped[str | None] = mapped_column(_DEVICE)
    replaces_confirmed: Mapped[bool] = mapped_column(default=False)
    former: Mapped[Words] = mapped_column(default="")
    key: Mapped[str | None] = mapped_column(String(44))
    last_exchange: Mapped[Big | None]
    offset_ms: Mapped[Big | None]
    app_version: Mapped[str | None] = mapped_column(String(100))
    outbox: Mapped[Big | None]
    oldest_pending: Mapped[Big | None]
    storage_used: Mapped[Big | None]
    storage_quota: Mapped[Big | None]
    battery: Mapped[float | None]
    last_error: Mapped[Words | None]
    photos: Mapped[Big | None]
    repairs: Mapped[int] = mapped_column(default=0, server_default="0")
    repaired_at: Mapped[Big | None]


class DeviceToken(Base):
    """One token, by its SHA-256. An access token and its refresh token share ``pair``.

    ``retired_at``: when another pair of the same device was first used.
    """

    __tablename__ = "device_token"

    hash: Mapped[str] = mapped_column(_HASH, primary_key=True)
    device: Mapped[str] = mapped_column(_DEVICE, index=True)
    kind: Mapped[str] = mapped_column(String(7))
    pair: Mapped[str] = mapped_column(_HASH)
    issued_at: Mapped[Big]
    expires_at: Mapped[Big]
    used_at: Mapped[Big | None]
    retired_at: Mapped[Big | None]


class EnrolmentCode(Base):
    """A one-time code, by its SHA-256. ``nonce`` (a hash too) and ``device`` once it is used."""

    __tablename__ = "enrolment_code"

    hash: Mapped[str] = mapped_column(_HASH, primary_key=True)
    user: Mapped[str] = mapped_column(_RECORD)
    issued_at: Mapped[Big]
    expires_at: Mapped[Big]
    nonce: Mapped[str | None] = mapped_column(_HASH)
    used_at: Mapped[Big | None]
    device: Mapped[str | None] = mapped_column(_DEVICE)
