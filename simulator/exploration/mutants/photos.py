"""Bugs about photos, as they are planted: one function each, and the table.

Those of the server first, then those of an app that hands photos in.
"""

from __future__ import annotations

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any

from simulator.exploration.mutants.planting import Plant, attribute
from sync.transport import Unreachable

__all__ = ["TABLE"]

# Pieces -----------------------------------------------------------------------------------------


def _offset_not_compared(original: Callable[..., int]) -> Callable[..., int]:
    """A piece is appended wherever its sender thinks that the upload is."""

    def take(self: Any, found: Any, *, at: int, read: Any, checksum: Any) -> int:
        lies = self.files.offset(found.id)
        return original(self, found, at=at if lies is None else lies, read=read, checksum=checksum)

    return take


def _hash_not_compared(original: Callable[..., Any]) -> Callable[..., Any]:
    """What came is kept under the hash that was announced, whatever it is."""

    def keep(self: Any, upload: str, digest: str) -> Any:
        kept = original(self, upload, self.digest(upload))
        came = self.path(self.digest(upload))
        place = self._place(digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        came.rename(place)
        return kept

    return keep


def _complete_too_soon(_original: Any) -> Callable[..., None]:
    """With the last byte an upload is called complete; it is put in its place some day."""
    return lambda _self, _found: None


def _always_anew(_original: Any) -> Callable[..., None]:
    """Who announces the same photo again begins another upload."""
    return lambda _self, _session, **_same: None


def _anybodys(original: Callable[..., Any]) -> Callable[..., Any]:
    """Whose upload it is, is not asked."""

    def find(self: Any, upload: str, *, device: str) -> Any:
        reading, kind = (resolve_name(f"server.{one}") for one in
                         ("accounts.sessions:reading", "models:Attachment"))  # fmt: skip
        with reading(self.store) as session:
            found = session.get(kind, upload)
        return original(self, upload, device=device if found is None else found.device)

    return find


def _lost_and_here(original: Callable[..., Any]) -> Callable[..., Any]:
    """An upload that was finished is complete, though its picture is lost."""

    def find(self: Any, upload: str, *, device: str) -> Any:
        reading, kind = (resolve_name(f"server.{one}") for one in
                         ("accounts.sessions:reading", "models:Attachment"))  # fmt: skip
        with reading(self.store) as session:
            found = session.get(kind, upload)
        is_finished = found is not None and found.device == device and found.finished
        return found if is_finished else original(self, upload, device=device)

    return find


# Looking ----------------------------------------------------------------------------------------


def _shown_to_all(original: Callable[..., Any]) -> Callable[..., Any]:
    """Who asks for a picture is not compared with who reads its record."""

    def show(self: Any, _scope: Any, *, digest: str, record: str) -> Any:
        return original(self, resolve_name("sync.scope:SYSTEM"), digest=digest, record=record)

    return show


def _any_reference(_original: Any) -> Callable[..., bool]:
    """Whether a record refers to a picture is not asked."""
    return lambda _record, _digest: True


def _sent_by_anyone(original: Callable[..., Any]) -> Callable[..., Any]:
    """A picture is shown with each record that names its hash, whoever sent it for what."""

    def sent_for(self: Any, records: Any, digest: str) -> Any:
        found = original(self, records, digest)
        if found is not None:
            return found
        reading, kind = (resolve_name(f"server.{one}") for one in
                         ("accounts.sessions:reading", "models:Attachment"))  # fmt: skip
        with reading(self.store) as session:
            same = session.query(kind).filter(kind.hash == digest, kind.finished.is_not(None))
            return same.first()

    return sent_for


# Sweeping and erasing ---------------------------------------------------------------------------


def _sweeps_all(_original: Any) -> Callable[..., set[str]]:
    """What is old is swept up, whoever names it."""
    return lambda _uploads, old: {one.id for one in old}


def _unfinished_stay(original: Callable[..., None]) -> Callable[..., None]:
    """An upload that nobody finished is never removed."""

    def forget(uploads: Any, gone: Any) -> None:
        original(uploads, [one for one in gone if one.finished is not None])

    return forget


def _photos_stay(_original: Any) -> Callable[..., None]:
    """Who has everything erased leaves their photos behind."""
    return lambda _uploads, _photos: None


def _nobody_elses(_original: Any) -> Callable[..., bool]:
    """What is erased of one record is erased of all that have the same picture."""
    return lambda _session, _digest: False


def _left_behind(_original: Any) -> Callable[..., list[str]]:
    """What a killed process left of an upload lies there for good, with the photo's place in it."""
    return lambda _self: []


def _strays_stay(_original: Any) -> Callable[..., list[str]]:
    """A picture that belongs to no upload stays."""
    return lambda _uploads, _strays: []


# The app ----------------------------------------------------------------------------------------


def _hopes(original: Callable[..., int]) -> Callable[..., int]:
    """The last piece was sent; that no answer came is no matter."""

    def piece(self: Any, data: bytes, address: str, offset: int) -> int:
        try:
            return original(self, data, address, offset)
        except Unreachable:
            return min(len(data), offset + int(self._how.get("piece", len(data))))

    return piece


def _from_the_start(_original: Any) -> Callable[..., int]:
    """How far an upload is, is not asked: it begins at its first byte."""
    return lambda _self, _address: 0


def _handed_in_for_good(original: Callable[..., None]) -> Callable[..., None]:
    """That the server came back from a backup is nothing to photos."""

    def settle(self: Any, shelf: Any, before_ms: int | None) -> None:
        self.epoch = shelf.meta("epoch")
        original(self, shelf, before_ms)

    return settle


def _believes(_original: Any) -> Callable[..., None]:
    """An answer that was on its way while the server came back from a backup counts."""
    return lambda _self: None


def _album_keeps(_original: Any) -> Callable[..., Any]:
    """A tablet keeps the photos of what was erased."""
    return lambda _shelf, _digest, upload: upload


UPLOADS = "server.attachments.uploads:Uploads"

TABLE: tuple[tuple[str, str, str, tuple[int, ...], Plant], ...] = (
    ("photo_offset_not_compared", "不核对续传位置", "a piece is appended wherever it belongs",
     (14,), attribute(f"{UPLOADS}.take", _offset_not_compared)),
    ("photo_hash_not_compared", "不核对照片校验值", "a photo's hash is not compared",
     (14,), attribute("server.attachments.files:Files.keep", _hash_not_compared)),
    ("photo_complete_too_soon", "未保存先称完成", "a photo is called complete before it is kept",
     (14,), attribute(f"{UPLOADS}._finish", _complete_too_soon)),
    ("photo_always_anew", "重复申报另开上传", "the same photo is begun anew, and kept twice",
     (14,), attribute(f"{UPLOADS}._same", _always_anew)),
    ("photo_anybodys_upload", "不问上传是谁的", "whose upload it is, is not asked",
     (14,), attribute(f"{UPLOADS}.find", _anybodys)),
    ("photo_lost_and_here", "图片丢失仍称完成", "a picture that is lost is called complete",
     (14,), attribute(f"{UPLOADS}.find", _lost_and_here)),
    ("photo_shown_to_all", "看照片不问范围", "a picture is shown to who does not read its record",
     (4,), attribute(f"{UPLOADS}.show", _shown_to_all)),
    ("photo_any_reference", "看照片不问是否引用", "a picture is shown that nothing names now",
     (4,), attribute("server.attachments.uploads:refers_to", _any_reference)),
    ("photo_sent_by_anyone", "抄来的校验值也能看", "a hash that was copied shows the picture",
     (4,), attribute(f"{UPLOADS}._sent_for", _sent_by_anyone)),
    ("photo_sweeps_all", "清理仍被引用的照片", "photos that records name are swept up",
     (15,), attribute("server.attachments.collecting:_unnamed", _sweeps_all)),
    ("photo_unfinished_stay", "没传完的照片不清理", "what nobody finished is never removed",
     (15,), attribute("server.attachments.collecting:forget", _unfinished_stay)),
    ("photo_stays_erased", "抹去时留下照片", "photos stay where all else is erased",
     (4,), attribute("server.redaction:forget", _photos_stay)),
    ("photo_nobody_elses", "抹去时连别人的照片也删", "another's same photo is erased too",
     (14,), attribute("server.attachments.table:is_left", _nobody_elses)),
    ("photo_left_behind", "崩溃留下的照片片段不清理", "what a killed process left is never removed",
     (15,), attribute("server.attachments.files:Files.arriving", _left_behind)),
    ("photo_strays_stay", "无主图片不清理", "a picture that belongs to no upload stays",
     (15,), attribute("server.attachments.collecting:_drop_strays", _strays_stay)),
    ("photo_hopes", "未答复就当交清", "an app calls a photo handed in that nobody confirmed",
     (14,), attribute("simulator.exploration.photos.camera:Camera._piece", _hopes)),
    ("photo_from_the_start", "续传不问进度", "an app does not ask how far its upload is",
     (5,), attribute("simulator.exploration.photos.camera:Camera._asked", _from_the_start)),
    ("photo_handed_in_for_good", "恢复后不再交照片", "no photo is handed in again after a restore",
     (14,), attribute("simulator.exploration.photos.album:Album.settle", _handed_in_for_good)),
    ("photo_believes_before", "恢复前的答复也算数", "an answer of before a restore counts",
     (14,), attribute("simulator.exploration.photos.camera:Camera._epoch", _believes)),
    ("photo_album_keeps", "平板留下已抹去的照片", "a tablet keeps photos that were erased",
     (4,), attribute("simulator.exploration.photos.album:_looked_at", _album_keeps)),
)  # fmt: skip
"""Name, what it is (zh, en), the promises that notice it, and how it is planted."""
