"""The table of uploads, by the driver's cursor.

A photo is begun, found again and finished by a row each time, between the exchanges of the
same tablet, so its statements go the way that theirs go: built once, and run on the
transaction of the store.

Each function takes the transaction in which it reads or writes; none opens or ends one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any, NamedTuple

from server.models import Attachment
from server.store import Snapshot, Writer
from server.store.statements import Statements, quoted

__all__ = [
    "Upload",
    "add",
    "announced_bytes",
    "drop",
    "drop_unfinished",
    "find",
    "finish",
    "finished_between",
    "hashes",
    "is_left",
    "late",
    "nameless",
    "of_records",
    "same",
    "sent_for",
    "unfinished",
    "waiting",
]


class Upload(NamedTuple):
    """A row of ``server.models.Attachment``, with its columns."""

    id: str
    hash: str
    record: str
    device: str
    user: str
    length: int
    begun: int
    expires: int
    finished: int | None = None
    type: str | None = None
    size: int | None = None
    etag: str | None = None


_COLUMNS = Upload._fields
_TABLE = Attachment.metadata.tables[Attachment.__tablename__]
_DONE = ("hash", "finished", "type", "size", "etag")


@cache
def _texts(sql: Statements) -> dict[str, str]:
    p, among = sql.mark, sql.among
    whole = f'SELECT {quoted(_COLUMNS)} FROM "attachment" WHERE'  # nosec B608 - declared names
    of_device = f'FROM "attachment" WHERE "device" = {p}'
    return {
        "find": f'{whole} "id" = {p}',
        "same": f'{whole} "hash" = {p} AND "record" = {p} AND "device" = {p} ORDER BY "begun" DESC',
        "unfinished": f'SELECT count(*) {of_device} AND "finished" IS NULL AND "expires" > {p}',
        "announced": f'SELECT sum("length") {of_device} AND "begun" > {p}',
        "sent_for": f'{whole} "hash" = {p} AND "finished" IS NOT NULL '
        f"""AND ("record" {among} OR ("record" = '' AND "device" {among})) LIMIT 1""",
        "of_records": f"""{whole} "record" {among} OR ("record" = '' AND "hash" {among})""",
        "late": f'{whole} "finished" IS NULL AND "expires" <= {p}',
        "between": f'{whole} "finished" > {p} AND "finished" <= {p}',
        "waiting": 'SELECT "id" FROM "attachment" WHERE "finished" IS NULL',
        "nameless": """SELECT "id" FROM "attachment" WHERE "hash" = ''""",
        "hashes": 'SELECT DISTINCT "hash" FROM "attachment"',
        "left": f'SELECT "id" FROM "attachment" WHERE "hash" = {p} LIMIT 1',
        "add": sql.insert(_TABLE, _COLUMNS),
        "finish": sql.update(_TABLE, _DONE, ("id",)),
        "drop": sql.delete(_TABLE, ("id",)),
        "drop_unfinished": f'DELETE FROM "attachment" WHERE "id" = {p} AND "finished" IS NULL',
    }


def _rows(tx: Snapshot, name: str, *parameters: Any) -> list[Any]:
    tx.cursor.execute(_texts(tx.shared.sql)[name], parameters)
    found: list[Any] = tx.cursor.fetchall()
    return found


def _uploads(tx: Snapshot, name: str, *parameters: Any) -> list[Upload]:
    return list(map(Upload._make, _rows(tx, name, *parameters)))


# One upload ------------------------------------------------------------------------------------


def find(tx: Snapshot, upload: str) -> Upload | None:
    """An upload by its id."""
    return next(iter(_uploads(tx, "find", upload)), None)


def same(tx: Snapshot, *, device: str, digest: str, record: str) -> list[Upload]:
    """What a device announced for a record under this hash, the latest first."""
    return _uploads(tx, "same", digest, record, device)


def unfinished(tx: Snapshot, device: str, *, now_ms: int) -> int:
    """How many uploads of a device are under way."""
    return int(_rows(tx, "unfinished", device, now_ms)[0][0])


def announced_bytes(tx: Snapshot, device: str, *, since_ms: int) -> int:
    """How much a device has announced since then."""
    return int(_rows(tx, "announced", device, since_ms)[0][0] or 0)


def add(tx: Writer, upload: Upload) -> None:
    """A new upload."""
    tx.run(_texts(tx.shared.sql)["add"], [upload])


def finish(tx: Writer, done: Upload) -> bool:
    """Note that an upload is finished, and what is known of its picture; whether it still is."""
    row = (done.hash, done.finished, done.type, done.size, done.etag, done.id)
    tx.run(_texts(tx.shared.sql)["finish"], [row])
    return int(tx.cursor.rowcount) > 0


def drop(tx: Writer, uploads: Iterable[str]) -> None:
    """Remove uploads, by their ids."""
    tx.run(_texts(tx.shared.sql)["drop"], [(one,) for one in uploads])


def drop_unfinished(tx: Writer, upload: str) -> None:
    """Remove an upload, unless it was finished meanwhile."""
    tx.cursor.execute(_texts(tx.shared.sql)["drop_unfinished"], (upload,))


# Many ------------------------------------------------------------------------------------------


def sent_for(
    tx: Snapshot, digest: str, *, records: Collection[str], devices: Collection[str]
) -> Upload | None:
    """A finished one that was sent for one of the records, or for none by one of the devices."""
    to_set = tx.shared.sql.set
    found = _uploads(tx, "sent_for", digest, to_set(records), to_set(devices))
    return found[0] if found else None


def of_records(tx: Snapshot, records: Collection[str], named: Collection[str]) -> list[Upload]:
    """What was sent for one of the records, or for none under one of the named hashes."""
    to_set = tx.shared.sql.set
    return _uploads(tx, "of_records", to_set(records), to_set(named))


def late(tx: Snapshot, *, now_ms: int) -> list[Upload]:
    """What expired before it was finished."""
    return _uploads(tx, "late", now_ms)


def finished_between(tx: Snapshot, *, after_ms: int, until_ms: int) -> list[Upload]:
    """What was finished in a while."""
    return _uploads(tx, "between", after_ms, until_ms)


def waiting(tx: Snapshot) -> frozenset[str]:
    """The ids of those that are not finished."""
    return frozenset(id_ for (id_,) in _rows(tx, "waiting"))


def nameless(tx: Snapshot) -> list[str]:
    """The ids of those that announced no hash, and have none yet."""
    return [id_ for (id_,) in _rows(tx, "nameless")]


def hashes(tx: Snapshot) -> frozenset[str]:
    """Every hash that an upload has."""
    return frozenset(digest for (digest,) in _rows(tx, "hashes"))


def is_left(tx: Snapshot, digest: str) -> bool:
    """Whether an upload has this hash."""
    return bool(_rows(tx, "left", digest))
