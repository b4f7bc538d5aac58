"""Uploads: begun, resumed, finished, ended; and who may look at what came of them.

A photo may arrive before the operation that refers to it, after it, or never; over a
network that loses answers; from a tablet that forgot where it stood. And a hash is no
secret: whoever was told one, or computed it of a picture that they guess, must learn nothing by it.

Invariants
    * An upload belongs to one device: nobody else is told that it exists.
    * A picture is shown to a caller only with a record that they read now, that refers to
      its hash now, and for which somebody sent all of its bytes: an upload names its record,
      or it counts where the device that sent it wrote the reference. So a reference that
      was copied from another record shows nothing. What was sent for a record counts for the
      one into which it was merged.
    * Beginning the same again answers the same upload: a lost answer costs nothing.
    * A row says ``finished`` only when the picture is durable in its place; where the folder
      came back from an older backup than the database, such an upload is as if it had not been.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from server.attachments import table
from server.attachments.files import (
    ChecksumWrong,
    Files,
    HashWrong,
    Locked,
    Read,
    append,
    append_verified,
)
from server.attachments.pictures import NotAPicture, kind_of
from server.attachments.table import Upload
from server.store import Snapshot, SqlStore, Writer
from sync.catalogue import is_record_id
from sync.errors import Problem, Refusal
from sync.record import Record
from sync.scope import Scope
from sync.stamps import base32, device_of

__all__ = ["ALGORITHMS", "LIFE_MS", "Checksum", "Picture", "Uploads", "refers_to"]

LIFE_MS = 14 * 86_400_000
"""An upload that is not finished by then is forgotten, and begun anew."""
UNFINISHED_MAX = 200
"""Uploads of one device under way: a week's photos."""
DAY_BYTES_MAX = 2 << 30
"""What one device may announce in 24 hours."""
FREE_BYTES_MIN = 256 << 20
"""The database lies on the same disk, and must not be stopped by photos."""
ALGORITHMS = ("sha1", "sha256")

_DAY_MS = 86_400_000
_HEAD_BYTES = 12
_UPLOAD = re.compile(r"[0-9a-z]{26}")
_HASH = re.compile(r"[0-9a-f]{64}")


class Checksum(NamedTuple):
    """What a piece should be: one of ``ALGORITHMS``, and the digest."""

    algorithm: str
    digest: bytes


class Picture(NamedTuple):
    """A picture that may be shown: where it lies, its media type, the SHA-256 of its bytes."""

    path: Path
    type: str
    etag: str


@dataclass(frozen=True, slots=True)
class Uploads:
    """The attachments of one server. ``most_bytes``: the largest file that is taken."""

    store: SqlStore
    files: Files
    most_bytes: int
    now_ms: Callable[[], int]
    draw: Callable[[int], int]

    # One upload ----------------------------------------------------------------------------

    def begin(self, *, device: str, user: str, digest: str, record: str, length: int) -> Upload:
        """An upload for the picture with this hash, for this record.

        Either may be empty: the hash is then computed when all is here, and the record is
        each in which this device names the hash. Such an upload is found again by its address only.

        Raises Refusal: ``bad_request``, ``too_large``, ``too_many_uploads``, ``no_room``.
        """
        _check(digest, record, length, self.most_bytes)
        if self.files.free_bytes() < FREE_BYTES_MIN + length:
            raise Refusal(Problem("no_room"))
        now_ms = self.now_ms()
        with self.store.write() as tx:
            known = self._same(tx, device=device, digest=digest, record=record)
            if digest and known is not None and known.length == length:
                return known
            _check_limits(tx, device, length, now_ms)
            begun = Upload(
                id=base32(self.draw, 26),
                hash=digest,
                record=record,
                device=device,
                user=user,
                length=length,
                begun=now_ms,
                expires=now_ms + LIFE_MS,
            )
            table.add(tx, begun)
        # After its row: what lies there without one is left over, and may be swept up.
        self.files.begin(begun.id)
        return begun

    def _same(self, tx: Writer, *, device: str, digest: str, record: str) -> Upload | None:
        for found in table.same(tx, device=device, digest=digest, record=record):
            if found.finished is not None:
                if self.files.path(found.hash) is not None:
                    return found
                table.drop(tx, [found.id])
                continue
            if found.expires > self.now_ms() and self.files.offset(found.id) is not None:
                return found
        return None

    def find(self, upload: str, *, device: str) -> Upload:
        """An upload of this device.

        Raises ``not_found`` for another's, ended and expired ones, and where the picture is lost.
        """
        found = None
        if _UPLOAD.fullmatch(upload):
            with self.store.read() as snapshot:
                found = table.find(snapshot, upload)
        if found is None or found.device != device:
            raise Refusal(Problem("not_found"))
        if found.finished is None and found.expires <= self.now_ms():
            raise Refusal(Problem("not_found"))
        if found.finished is not None and self.files.path(found.hash) is None:
            raise Refusal(Problem("not_found"))
        return found

    def offset(self, found: Upload) -> int:
        """How far an upload is. One that is all here and was not put in its place is put there."""
        if found.finished is not None:
            return found.length
        offset = self.files.offset(found.id)
        if offset is None:
            return self._done(found)
        if offset == found.length:
            self._finish(found)
        return offset

    def take(self, found: Upload, *, at: int, read: Read, checksum: Checksum | None) -> int:
        """Append a piece that begins at ``at``; answers how far the upload is then.

        Raises Refusal: ``offset_wrong``, ``checksum_wrong``, ``upload_locked``, and at the end
        ``hash_wrong`` or ``not_a_picture``, after which the upload is no more.
        """
        if found.finished is not None:
            if at != found.length:
                raise Refusal(Problem("offset_wrong"))
            return found.length
        try:
            with self.files.appending(found.id) as file:
                if file.tell() != at:
                    raise Refusal(Problem("offset_wrong"))
                most = found.length - at
                if checksum is None:
                    append(file, read, most=most)
                else:
                    append_verified(
                        file, read, most=most, algorithm=checksum[0], digest=checksum[1]
                    )
                offset = file.tell()
                file.seek(0)
                head = file.read(_HEAD_BYTES)
        except Locked:
            raise Refusal(Problem("upload_locked")) from None
        except ChecksumWrong:
            raise Refusal(Problem("checksum_wrong")) from None
        except FileNotFoundError:
            return self._done(found)
        if len(head) == _HEAD_BYTES and kind_of(head) is None:
            self.end(found)
            raise Refusal(Problem("not_a_picture"))
        if offset == found.length:
            self._finish(found)
        return offset

    def _done(self, found: Upload) -> int:
        """How far an upload is whose pieces are gone: another request finished it, or ended it."""
        now = self.find(found.id, device=found.device)
        if now.finished is None:
            raise Refusal(Problem("not_found"))
        return now.length

    def _finish(self, found: Upload) -> None:
        try:
            digest = found.hash or self.files.digest(found.id)
            kept = self.files.keep(found.id, digest)
        except FileNotFoundError:
            self._done(found)  # another request did it, or ended the upload
            return
        except HashWrong:
            self.end(found)
            raise Refusal(Problem("hash_wrong")) from None
        except NotAPicture:
            self.end(found)
            raise Refusal(Problem("not_a_picture")) from None
        done = found._replace(hash=digest, finished=self.now_ms(), **kept._asdict())
        with self.store.write() as tx:
            is_known = table.finish(tx, done)
            if is_known and self.files.path(digest) is None:
                # It lay there as nobody's before, and was cleared away as such a moment ago.
                self.files.keep(found.id, digest)
            if not is_known and not table.is_left(tx, digest):
                self.files.remove(digest)
        self.files.end(found.id)
        if not is_known:
            # Erased or given up meanwhile, and its picture with it: nothing may bring it back.
            raise Refusal(Problem("not_found"))

    def end(self, found: Upload) -> None:
        """Forget an upload that is not finished; a finished one stays: records refer to it."""
        with self.store.write() as tx:
            table.drop_unfinished(tx, found.id)
        self.files.end(found.id)

    # What came of it -----------------------------------------------------------------------

    def show(self, scope: Scope, *, digest: str, record: str) -> Picture:
        """The picture that a record refers to, for who reads the record.

        Raises Refusal: ``not_found`` for everything that is none of the caller's business,
        ``on_its_way`` where the record refers to a picture of which not all has come.
        """
        if not _HASH.fullmatch(digest) or not is_record_id(record):
            raise Refusal(Problem("not_found"))
        with self.store.read() as snapshot:
            found = snapshot.records([record]).get(record)
        if found is None or found.deleted or not scope.readable(found.feeds()):
            raise Refusal(Problem("not_found"))
        if not refers_to(found, digest):
            raise Refusal(Problem("not_found"))
        return self.picture(found, digest)

    def picture(self, record: Record, digest: str) -> Picture:
        """A picture that was sent for a record, or for one that was merged into it.

        Raises ``on_its_way``; asks nobody who they are.
        """
        kept = self._sent_for([record], digest)
        if kept is None:  # Which is seldom: what follows is asked only then.
            kept = self._sent_for(self._merged_into(record), digest)
        path = self.files.path(digest)
        if kept is None or path is None:
            raise Refusal(Problem("on_its_way"))
        assert kept.type is not None and kept.etag is not None
        return Picture(path, kept.type, kept.etag)

    def _sent_for(self, records: Sequence[Record], digest: str) -> Upload | None:
        devices = {device for one in records for device in _who_named(one, digest)}
        with self.store.read() as snapshot:
            ids = [one.id for one in records]
            return table.sent_for(snapshot, digest, records=ids, devices=devices)

    def _merged_into(self, record: Record) -> list[Record]:
        """The records that another one stands for now, and those that they stood for."""
        with self.store.read() as snapshot:
            ids, waiting = set[str](), [record.id]
            while waiting:
                more = set(snapshot.merged_into(waiting.pop())) - ids
                ids |= more
                waiting += more
            return list(snapshot.records(sorted(ids)).values())


def refers_to(record: Record, digest: str) -> bool:
    """Whether a field of a record names this hash now."""
    return any(
        field.kind == "attachment" and value == digest
        for field, value in zip(record.spec.fields, record.values, strict=True)
    )


def _who_named(record: Record, digest: str) -> set[str]:
    """The devices that wrote this hash into a record, as it is now."""
    return {
        device_of(record.version(field.name))
        for field, value in zip(record.spec.fields, record.values, strict=True)
        if field.kind == "attachment" and value == digest
    }


def _check_limits(tx: Snapshot, device: str, length: int, now_ms: int) -> None:
    lately = table.announced_bytes(tx, device, since_ms=now_ms - _DAY_MS)
    under_way = table.unfinished(tx, device, now_ms=now_ms)
    if under_way >= UNFINISHED_MAX or lately + length > DAY_BYTES_MAX:
        raise Refusal(Problem("too_many_uploads"))


def _check(digest: str, record: str, length: int, most_bytes: int) -> None:
    for name, fits in (
        ("sha256", not digest or _HASH.fullmatch(digest) is not None),
        ("record", not record or is_record_id(record)),
        ("Upload-Length", length >= _HEAD_BYTES),
    ):
        if not fits:
            raise Refusal(Problem("bad_request", params={"what": name}))
    if length > most_bytes:
        raise Refusal(Problem("too_large", params={"limit": most_bytes}))
