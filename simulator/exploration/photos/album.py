"""The album: what is known of the photos of one disk, and what other blocks mean for it.

An operation names a photo by its hash; the bytes go their own way and may take days. So the
block that queues the operation also notes the upload, and what an exchange brings (another
history, an erasure) is looked at before anything is sent.

Invariants
    * A photo is whole until every record that it was taken for has it at the server, and for
      ``KEPT_MS`` more: a server that comes back from a backup gets it again.
    * An upload goes only where what named the photo was erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from sync.replica_storage import Shelf

__all__ = ["KEPT_MS", "Album", "PhotoRow", "Upload"]

KEPT_MS = 30 * 86_400_000
"""So long a photo stays whole on its tablet after the server has confirmed it."""


class Upload(NamedTuple):
    """One photo for one record. ``stamp``: of the operation that named it; ``state``: waiting,
    done or refused; ``done_ms``: when it was confirmed, by the tablet's clock; ``mark``: of the
    erasure that the record's row told of last."""

    record: str
    stamp: str
    state: str = "waiting"
    address: str | None = None
    offset: int = 0
    done_ms: int = 0
    mark: str | None = None


class PhotoRow(NamedTuple):
    """What is kept of a photo that was taken here. ``data``: None once it was let go."""

    digest: str
    data: bytes | None
    uploads: tuple[Upload, ...] = ()


@dataclass(slots=True)
class Album:
    """The photos of one disk, by their hashes. ``epoch``: of which server's history they are."""

    rows: dict[str, PhotoRow] = field(default_factory=dict)
    epoch: str | None = None

    def copy(self) -> Album:
        """The same photos, for another block or another disk."""
        return Album(dict(self.rows), self.epoch)

    def upload(self, digest: str, record: str) -> Upload | None:
        """What is known of a photo for a record, if its bytes are here."""
        row = self.rows.get(digest)
        found = () if row is None or row.data is None else row.uploads
        return next((one for one in found if one.record == record), None)

    def set(self, digest: str, upload: Upload) -> None:
        """Put an upload in the place of what is known of the same record's."""
        row = self.rows[digest]
        others = [one for one in row.uploads if one.record != upload.record]
        self.rows[digest] = row._replace(uploads=(*others, upload))

    def waiting(self) -> list[tuple[PhotoRow, Upload]]:
        """What the server has not confirmed, in the order in which it was taken."""
        return [
            (row, one)
            for row in self.rows.values()
            if row.data is not None
            for one in row.uploads
            if one.state == "waiting"
        ]

    def keep(self, digest: str, data: bytes) -> None:
        """A photo was taken."""
        known = self.rows.get(digest, PhotoRow(digest, None))
        self.rows[digest] = known._replace(data=data)

    def note(self, shelf: Shelf, drafts: Iterable[Mapping[str, Any]]) -> None:
        """Note the uploads of the photos that operations name which were just queued."""
        for one in drafts:
            record = one["record"]
            for digest in self.named(one):
                known = self.upload(digest, record)
                if self.rows[digest].data is None or (known and known.state != "refused"):
                    continue
                entries = shelf.pending([record]).get(record, [])
                stamps = [entry.stamp for entry in entries if digest in _values(entry.body)]
                if stamps:
                    self.set(digest, Upload(record, stamps[-1], mark=_row(shelf, record)[1]))

    def named(self, draft: Mapping[str, Any]) -> list[str]:
        """The photos of this album that a draft names."""
        return [one for one in _values(draft) if isinstance(one, str) and one in self.rows]

    def settle(self, shelf: Shelf, before_ms: int | None) -> None:
        """What the shelf says by now: of another history, and of what was erased. What was
        confirmed before then is let go."""
        epoch = shelf.meta("epoch")
        is_anew, self.epoch = self.epoch not in (None, epoch), epoch
        for digest, row in list(self.rows.items()):
            uploads = tuple(
                one._replace(state="waiting") if is_anew and one.state == "done" else one
                for one in (_looked_at(shelf, digest, each) for each in row.uploads)
                if one is not None
            )
            over = before_ms is not None and all(
                one.state == "done" and one.done_ms < before_ms for one in uploads
            )
            if uploads:
                self.rows[digest] = PhotoRow(digest, None if over else row.data, uploads)
            else:
                del self.rows[digest]


def _looked_at(shelf: Shelf, digest: str, upload: Upload) -> Upload | None:
    """An upload as it is after what the shelf says; None if what named it was erased."""
    entry = shelf.entries([upload.stamp]).get(upload.stamp)
    if entry is not None and digest not in _values(entry.body):
        return None
    values, mark = _row(shelf, upload.record)
    if mark in (None, upload.mark):
        return upload
    pending = shelf.pending([upload.record]).get(upload.record, [])
    if (
        entry is None
        and digest not in values
        and all(digest not in _values(o.body) for o in pending)
    ):
        return None
    return upload._replace(mark=mark)


def _row(shelf: Shelf, record: str) -> tuple[list[Any], str | None]:
    """The values of a record's row, and the mark of its last erasure."""
    stored = shelf.rows([record]).get(record)
    if stored is None:
        return [], None
    told = (dict(zip(stored.keys, stored.row, strict=False)).get("x") or {}).get("_redacted")
    return list(stored.row), told[0] if told else None


def _values(told: Mapping[str, Any]) -> list[Any]:
    return list((told.get("fields") or {}).values())
