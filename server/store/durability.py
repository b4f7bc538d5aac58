"""Durability: whether what is acknowledged survives a power cut, as the database is set.

A tablet forgets what the server acknowledged. So "stored" must mean on the disk, and that
is decided by settings of the database that nobody here controls: some are switched off
for speed, on a copied test server say, and nothing is wrong until the power fails.

>>> judge({"fsync": "on", "full_page_writes": "on", "synchronous_commit": "local"})
[]
>>> judge({"synchronous_commit": "off"})[0].setting
'synchronous_commit = off'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, text

__all__ = ["Weakness", "judge", "weaknesses"]


class Weakness(NamedTuple):
    """A setting that lets acknowledged work be lost, what can happen, and what to do."""

    setting: str
    words: str


_WEAK: Mapping[tuple[str, str], str] = {
    ("fsync", "off"): "a power cut can destroy the database. Set fsync = on in postgresql.conf",
    ("full_page_writes", "off"): (
        "a power cut in the middle of a page can destroy it. "
        "Set full_page_writes = on in postgresql.conf"
    ),
    ("synchronous_commit", "off"): (
        "a power cut loses the last moments of what tablets were told is stored. "
        "Set synchronous_commit = on in postgresql.conf, and take back what ALTER DATABASE or "
        "ALTER ROLE says otherwise"
    ),
    ("journal_mode", "other"): (
        "the disk cannot do what SQLite needs for readers beside a writer (a network drive?). "
        "Put the database on a disk of this machine"
    ),
    ("synchronous", "0"): "a power cut can destroy the database",
    ("synchronous", "1"): "a power cut loses the last moments of what is stored",
}
"""(setting, value) → what is to be said. Of ``synchronous_commit`` every other value waits for
this server's own disk at least."""


def judge(settings: Mapping[str, str]) -> list[Weakness]:
    """What is weak in these settings, the worst first."""
    return [
        Weakness(f"{name} = {value}", words)
        for (name, value), words in _WEAK.items()
        if settings.get(name) == value
    ]


def weaknesses(connection: Connection) -> list[Weakness]:
    """What is weak in a database as this connection finds it; a database in memory is let be."""
    if connection.dialect.name != "sqlite":
        query = "SELECT name, setting FROM pg_settings WHERE name = ANY(:names)"
        names = sorted({name for name, _ in _WEAK})
        rows = connection.execute(text(query), {"names": names})
        return judge({row.name: row.setting for row in rows})
    mode = connection.execute(text("PRAGMA journal_mode")).scalar_one()
    if mode == "memory":
        return []
    return judge(
        {
            "journal_mode": mode if mode == "wal" else "other",
            "synchronous": str(connection.execute(text("PRAGMA synchronous")).scalar_one()),
        }
    )
