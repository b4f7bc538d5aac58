"""The services of one application: what every room and every door works with.

They are made once, in ``create_app``, and found through the current application; no
module of the server keeps any of them in a global of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app

from server.attachments.uploads import Uploads
from server.devices import StatusBook
from server.door import Door
from server.hints import Hints
from server.settings import Settings
from server.store import SqlStore
from server.upkeep import Upkeep
from sync.authority import Authority
from sync.catalogue import Catalogue
from sync.exchange import Exchange

__all__ = ["EXTENSION", "Services", "services"]

EXTENSION = "yuanba"


@dataclass(frozen=True, slots=True)
class Services:
    """Settings, engine and store of one application. ``now_ms`` and ``new_id`` are its clock
    and its source of record ids (UUIDv7); ``draw(n)`` gives a whole number from 0 to n - 1."""

    settings: Settings
    catalogue: Catalogue
    store: SqlStore
    authority: Authority
    exchange: Exchange
    door: Door
    status: StatusBook
    upkeep: Upkeep
    uploads: Uploads
    hints: Hints
    now_ms: Callable[[], int]
    new_id: Callable[[], str]
    draw: Callable[[int], int]


def services() -> Services:
    """The services of the current application."""
    found: Services = current_app.extensions[EXTENSION]
    return found
