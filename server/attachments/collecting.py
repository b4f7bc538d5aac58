"""Collecting: removing photos that nobody finished, and that no record ever referred to.

A photo may come weeks before the operation that refers to it, and a value that was
replaced can be put back. So what is removed is only what expired half sent, and what after
a long time is named neither by its record, nor in that record's history, nor by an
operation that waits for somebody. A process that is killed between the database and the disk
leaves a file that nobody will ask for again, and so does a database that came back from a
backup without its folder: what belongs to no row goes too.

Invariants
    * A photo that anything in the ledger names for its record stays.
    * Files and rows go in the order in which nothing is shown that is not there: rows first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import select

from server.attachments import table
from server.attachments.table import Upload
from server.attachments.uploads import Uploads
from server.store.tables import ASIDE, OPERATION, RECORD

__all__ = ["WAITS_MS", "Collected", "collect", "forget"]

WAITS_MS = 90 * 86_400_000
"""So long a photo waits for an operation that refers to it."""

_HASH = re.compile(rb"[0-9a-f]{64}")


class Collected(NamedTuple):
    """What was removed: unfinished uploads, pictures without a record, and their bytes; and
    pictures that belonged to no upload.
    """

    unfinished: int = 0
    unreferred: int = 0
    bytes: int = 0
    strays: int = 0


LATELY_MS = 8 * 86_400_000
"""What a daily round looks at: a photo that was named once is named for good."""


def collect(uploads: Uploads, *, now_ms: int, dry: bool = False, lately: bool = False) -> Collected:
    """Remove what is over. ``dry``: only count. ``lately``: look for no stray pictures, and of the
    unnamed only at those whose time ended in the last days, so that a daily round costs little.
    """
    since = now_ms - WAITS_MS - LATELY_MS if lately else 0
    # Before the rows: each of these had its row first.
    lying, shown = uploads.files.arriving(), () if lately else uploads.files.pictures()
    with uploads.store.read() as snapshot:
        late = table.late(snapshot, now_ms=now_ms)
        old = table.finished_between(snapshot, after_ms=since, until_ms=now_ms - WAITS_MS)
        known = table.waiting(snapshot)
        hashes = table.hashes(snapshot) if shown else frozenset[str]()
    over = _unnamed(uploads, old)
    unnamed = [one for one in old if one.id in over]
    freed = sum(uploads.files.offset(one.id) or 0 for one in late)
    freed += sum(one.size or 0 for one in unnamed)
    strays = [digest for digest in shown if digest not in hashes]
    if not dry:
        forget(uploads, [*late, *unnamed])
        strays = _drop_strays(uploads, strays)
        for upload in lying:
            # Ended while a piece of it was written; or finished, and the process was killed.
            if upload not in known:
                uploads.files.end(upload)
    return Collected(len(late), len(unnamed), freed, len(strays))


def _drop_strays(uploads: Uploads, strays: Sequence[str]) -> list[str]:
    """Remove pictures that belong to no upload; answers which.

    Of an upload that announced no hash the picture is in its place before its row names it: its
    pieces lie there until then.
    """
    if not strays:
        return []
    with uploads.store.read() as snapshot:
        ids = table.nameless(snapshot)
    try:
        coming = {uploads.files.digest(one) for one in ids if uploads.files.offset(one) is not None}
    except FileNotFoundError:
        return []  # One of them was finished or ended just now: the next round knows more.
    with uploads.store.write() as tx:
        gone = [one for one in strays if one not in coming and not table.is_left(tx, one)]
        for digest in gone:
            uploads.files.remove(digest)
    return gone


def forget(uploads: Uploads, gone: Iterable[Upload]) -> None:
    """Remove attachments, and the pictures that none is left of.

    Of one that is not finished the picture may lie in its place already: a server that died
    in between has not noted it.
    """
    gone = list(gone)
    ids, hashes = [one.id for one in gone], {one.hash for one in gone if one.hash}
    with uploads.store.write() as tx:
        table.drop(tx, ids)
        left = {one for one in hashes if table.is_left(tx, one)}
        # In the transaction: nobody may finish the same picture in between and lose it.
        # Whoever is about to has a row, finished or not, and it stays for them.
        for digest in hashes - left:
            uploads.files.remove(digest)
    for one in gone:
        uploads.files.end(one.id)


def _unnamed(uploads: Uploads, old: Sequence[Upload]) -> set[str]:
    """The ids of attachments whose hash nothing in the ledger names."""
    wanted, named = {one.hash.encode() for one in old}, set[bytes]()
    with uploads.store.engine.connect() as connection:
        for column in (RECORD.c.row, OPERATION.c.body, ASIDE.c.body) if wanted else ():
            rows = connection.execution_options(yield_per=1_000).execute(select(column))
            for text in rows.scalars():
                named.update(_HASH.findall(text))
    return {one.id for one in old if one.hash.encode() not in named}
