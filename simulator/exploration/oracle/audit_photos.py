"""The audit of photos: that each arrives as it was taken, once, and is shown to nobody else.

A photo goes in pieces, over hours, beside the operation that names it. So the oracle keeps a
copy of its own of what came of each upload, byte for byte, and looks into the server's folder
itself after each request: what lies there is what was sent, or a part of it. Who may see a
picture is told by rows, assignments and announcements, and never asked of the server.

What must be there at the end: every photo that somebody took, whose operation was not
rejected, and whose tablet has not lost it since; unless what named it was erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

import orjson

from simulator.exploration.photos.bytes import Photo, photo
from simulator.exploration.photos.tus import DOOR, announced, method_of

if TYPE_CHECKING:
    from simulator.exploration.office import Response
    from simulator.exploration.oracle.ledger import Ledger, Row
    from simulator.exploration.photos.folder import PhotoFolder
    from simulator.exploration.tablet import Tablet
    from simulator.exploration.world import World

__all__ = ["Photos"]

Wrong = tuple[int, str]
Headers = Mapping[str, str]

SURE_MS = 28 * 86_400_000
"""So long a tablet surely keeps what was confirmed; its clock may be wrong by more than a day."""

LIFE_MS, WAITS_MS = 14 * 86_400_000, 90 * 86_400_000
"""When an unfinished upload ends, and when a photo that nothing names."""

_ROW = "SELECT id, hash, record, device, length, expires, finished, etag FROM attachment"


class Sent(NamedTuple):
    """An upload as the server's table tells it."""

    id: str
    hash: str
    record: str
    device: str
    length: int
    expires: int
    finished: int | None
    etag: str | None


@dataclass(slots=True)
class Taken:
    """A photo that was taken for a record. ``tablet``: '' once it may have lost it.

    ``confirmed``: when its tablet was told that the server has it; ``at_risk``: the server came
    back from a backup since.
    """

    tablet: str
    digest: str
    record: str
    stamp: str
    confirmed: int | None = None
    at_risk: bool = False
    erased: bool = False


class Photos:
    """What is known of photos in one run."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self.world, self.ledger = world, ledger
        self.taken: list[Taken] = []
        self.pictures: dict[str, Photo] = {}
        self._shots: dict[str, set[str]] = {}
        self._came: dict[str, bytes] = {}
        self._said: dict[str, tuple[str, str]] = {}
        self._finished: set[str] = set()
        self._ever: set[tuple[str, str]] = set()
        self._lying: set[str] = set()

    @property
    def folder(self) -> PhotoFolder:
        """The files of the server."""
        return self.world.office.photos

    def know(self, key: str) -> Photo:
        """Somebody has the picture of this key."""
        one = photo(key)
        self.pictures[one.digest] = one
        return one

    def rows(self, where: str = "") -> list[Sent]:
        """The server's table."""
        return [Sent(*one) for one in self.ledger.select(f"{_ROW} {where}")]

    def _row(self, upload: str) -> Sent | None:
        known = upload.isascii() and upload.isalnum()
        return next(iter(self.rows(f"WHERE id = '{upload}'")), None) if known else None

    # On tablets ------------------------------------------------------------------------------

    def note_taken(
        self,
        tablet: str,
        bodies: Iterable[Mapping[str, Any]],
        drafts: Iterable[Mapping[str, Any]],
    ) -> None:
        """Photos were taken, and operations queued. What a record names already, none names."""
        shots = self._shots.setdefault(tablet, set())
        taken = {self.know(key).digest for one in drafts for key in one.get("photos", {}).values()}
        for body in bodies:
            for value in (body["fields"] or {}).values():
                if not isinstance(value, str) or value not in taken | shots:
                    continue
                shots.add(value)
                self.world.saw("photo:taken")
                if any(one.digest == value for one in self.taken):
                    self.world.saw("photo:same_bytes")
                self.taken.append(Taken(tablet, value, body["record"], body["stamp"]))

    def forget(self, tablet: str) -> None:
        """A tablet has lost what it knew."""
        self._shots.pop(tablet, None)
        for one in self.taken:
            if one.tablet == tablet:
                one.tablet = ""

    def handed_in(self, tablet: Tablet, digest: str, record: str) -> Iterator[Wrong]:
        """A tablet calls a photo handed in."""
        if (digest, record) not in self._ever:
            yield 14, f"{tablet.name} calls {digest[:8]} handed in, and the server never had it"
        sent = self.rows(f"WHERE hash = '{digest}' AND record = '{record}'")
        for one in self.taken:
            if (one.tablet, one.digest, one.record) == (tablet.name, digest, record):
                # (An answer that was long on its way may be of a history that is lost.)
                one.confirmed, one.at_risk = self.world.now_ms, not any(map(self.is_kept, sent))
        row = self.ledger.rows.get(record)
        allowed = self.world.oracle.allowed(self.world.user_of(tablet))
        if row is not None and allowed.isdisjoint(row.feeds()):
            self.world.saw("photo:of_what_is_read_no_more")

    def is_kept(self, one: Sent) -> bool:
        """Whether an upload is finished, and its picture there."""
        return one.finished is not None and self._lies(one.hash)

    def _lies(self, digest: str) -> bool:
        picture = self.pictures.get(digest)
        return picture is not None and self.folder.kept(digest) == picture.kept

    # The server ------------------------------------------------------------------------------

    def goes_back(self) -> None:
        """The server comes back from a backup: only what tablets still keep is sure."""
        self._came.clear()
        for one in self.taken:
            if one.confirmed is not None:
                one.at_risk = True
                if one.confirmed < self.world.now_ms - SURE_MS:
                    one.tablet = ""

    def came_back(self) -> None:
        """What the backup calls finished was so when it was made."""
        self._finished = {one.id for one in self.rows("WHERE finished IS NOT NULL")}

    def about(self, records: Iterable[str]) -> list[Sent]:
        """The photos that were sent for records that are about to be erased."""
        names = ", ".join(f"'{one}'" for one in records)
        found = self.rows(f"WHERE record IN ({names})")
        self._lying = {one.hash for one in found if self.folder.kept(one.hash) is not None}
        return found

    def erased(self, records: Iterable[str], were: Iterable[Sent]) -> Iterator[Wrong]:
        """They were erased: nothing of their photos is left, but what others sent too."""
        records = set(records)
        for shot in self.taken:
            if shot.record in records and shot.stamp in self.ledger.ops:
                shot.erased = True
        for one in were:
            self.world.saw("photo:erased")
            if self._row(one.id) is not None or self.folder.arrived(one.id) is not None:
                yield 4, f"the upload {one.id} was erased, and is there"
            others = self.rows(f"WHERE hash = '{one.hash}'")
            left, is_there = any(two.finished for two in others), self.folder.kept(one.hash)
            if left and one.finished:
                self.world.saw("photo:erased_of_one")
            if left and is_there is None and one.hash in self._lying:
                yield 14, f"the photo {one.hash[:8]} was erased, and others had sent it too"
            if not others and is_there is not None:
                yield 4, f"the photo {one.hash[:8]} was erased, and is there"

    # Requests --------------------------------------------------------------------------------

    def fell(self, method: str, path: str, headers: Headers, body: bytes | None) -> Iterator[Wrong]:
        """The server fell over a request: of a piece, a part may have been kept."""
        if path.startswith(DOOR) and method_of(method, headers) == "PATCH":
            self.world.saw("photo:server_fell")
            yield from self._piece(path.rpartition("/")[2], headers, body or b"", None)

    def heard(
        self,
        user: str,
        method: str,
        path: str,
        headers: Headers,
        body: bytes | None,
        answer: Response,
    ) -> Iterator[Wrong]:
        """Judge a request about photos and its answer, before anything happens to it on the way."""
        if answer.status >= 500 and answer.status not in (503, 507):
            yield 0, f"{path} was answered with {answer.status}: {answer.body[:300]!r}"
        method, upload = method_of(method, headers), path.rpartition("/")[2]
        if method == "GET":
            yield from self._shown(user, path, answer)
        elif path == DOOR:
            yield from self._begun(headers, answer)
        elif method == "PATCH":
            yield from self._piece(upload, headers, body or b"", answer)
        elif method == "HEAD" and answer.status == 200:
            yield from self._told(upload, int(answer.headers["upload-offset"]))

    def _begun(self, headers: Headers, answer: Response) -> Iterator[Wrong]:
        if answer.status != 201:
            return
        upload, said = answer.headers["location"].rpartition("/")[2], announced(headers)
        row = self._row(upload)
        if row is None or (said[0] and row.hash != said[0]) or row.record != said[1]:
            yield 14, f"the upload {upload} was begun, and is another in the table"
        elif row.finished is not None:
            self.world.saw("photo:known_already")
            yield from self._told(upload, row.length)
        self._said[upload] = said

    def _piece(
        self, upload: str, headers: Headers, body: bytes, answer: Response | None
    ) -> Iterator[Wrong]:
        """What lies there is what lay there, and of this piece as much as was told."""
        row, at = self._row(upload), int(headers.get("upload-offset", "0"))
        is_taken = answer is not None and answer.status == 204
        if row is None:
            if is_taken:
                yield 14, f"the upload {upload} goes on, and is in no table"
            return
        if row.finished is None:
            lies = self.folder.arrived(upload) or b""
            came = self._came.get(upload, lies)
            more = came + body if at == len(came) else came
            if not (lies.startswith(came) and more.startswith(lies)):
                yield 14, f"the upload {upload} holds what nobody sent at that place"
            self._came[upload] = lies
            if answer is None and len(lies) > len(came):
                self.world.saw("photo:half_a_piece")
        elif upload not in self._finished and at == len(self._came.get(upload, b"")):
            self._came[upload] = self._came.get(upload, b"") + body
        if is_taken and answer is not None:
            yield from self._told(upload, int(answer.headers["upload-offset"]))

    def _told(self, upload: str, offset: int) -> Iterator[Wrong]:
        """How far an upload is said to be; complete is what is committed and lies in its place."""
        row = self._row(upload)
        if row is None:
            yield 14, f"the upload {upload} goes on, and is in no table"
        elif row.finished is not None:
            yield from self._whole(row)
        elif offset == row.length:
            yield 14, f"the upload {upload} is called complete, and is not"
        elif offset != len(self.folder.arrived(upload) or b""):
            yield 14, f"the upload {upload} is not as far as is said"

    def _whole(self, row: Sent) -> Iterator[Wrong]:
        if not self._lies(row.hash):
            yield 14, f"the upload {row.id} is called complete, and its picture is not there"
            return
        self._ever.add((row.hash, row.record))
        if row.id in self._finished:
            return
        self._finished.add(row.id)
        came, said = self._came.pop(row.id, None), self._said.get(row.id)
        if came is not None and sha256(came[: row.length]).hexdigest() != row.hash:
            yield 14, f"the upload {row.id} was kept, and is not what was announced"
        if said is not None and (said[0] or row.hash, said[1]) != (row.hash, row.record):
            yield 14, f"the upload {row.id} was begun, and is another in the table"
        if row.etag != sha256(self.pictures[row.hash].kept).hexdigest():
            yield 14, f"the upload {row.id} has another mark than its picture"

    # Looking ---------------------------------------------------------------------------------

    def _shown(self, user: str, path: str, answer: Response) -> Iterator[Wrong]:
        place, _, query = path.partition("?")
        digest, record = place.rpartition("/")[2], parse_qs(query).get("record", [""])[0]
        owed = self.owed(user, digest, record)
        may = owed == "shown"
        if answer.status == 200:
            picture = self.pictures.get(digest)
            self.world.saw("photo:shown")
            if not may:
                yield 4, f"{user} was shown {digest[:8]} with {record}, and may not see it"
            if picture is None or answer.body != picture.kept:
                yield 14, f"the picture {digest[:8]} was shown as another"
        elif answer.status == 404:
            self.world.saw("photo:not_shown")
            if may:
                yield 14, f"{user} may see {digest[:8]} with {record}, and was told {answer.status}"
            elif (told := str(orjson.loads(answer.body)["code"])) != owed:
                number = 4 if owed == "not_found" else 14
                yield number, f"{user} was told {told} of {digest[:8]} with {record}, not {owed}"

    def owed(self, user: str, digest: str, record: str) -> str:
        """What is owed to who asks for a picture with a record: ``shown``, or the code of a 404.

        Some photos are the same wherever they are taken; so a record may well name a picture
        that was sent for others alone, and then its own is on its way.
        """
        row = self.ledger.rows.get(record)
        if row is None or row.deleted or self.world.oracle.allowed(user).isdisjoint(row.feeds()):
            return "not_found"
        named = {row.version(name)[18:26] for name in _photos(row) if row.get(name) == digest}
        sent = [one for one in self.rows(f"WHERE hash = '{digest}'") if one.finished is not None]
        for_it = any(
            one.device in named if not one.record else self._stands_for(one.record) == record
            for one in sent
        )
        if not named:
            return "not_found"
        return "shown" if for_it and self.folder.kept(digest) is not None else "on_its_way"

    def _stands_for(self, record: str) -> str:
        """The record into which one was merged, and that one perhaps again."""
        found = self.ledger.select(f"SELECT \"into\" FROM record WHERE id = '{record}'")
        into = found[0][0] if found else None
        return record if into is None else self._stands_for(into)

    # At the end ------------------------------------------------------------------------------

    def end(self, tablets: Iterable[Tablet]) -> Iterator[Wrong]:
        """Every photo is there, once; no tablet waits with one, or keeps what was erased."""
        tablets = list(tablets)
        alive = {one.name for one in tablets}
        finished = [one for one in self.rows() if one.finished is not None]
        there = {(one.hash, one.record) for one in finished}
        for one in self.taken:
            op = self.ledger.ops.get(one.stamp)
            sure = (one.confirmed is not None and not one.at_risk) or one.tablet in alive
            if op is None or op.outcome == "rejected" or one.erased or not sure:
                continue
            if op.raw.get("redacted") is True:
                continue
            self.world.saw("photo:there")
            if (one.digest, one.record) not in there or not self._lies(one.digest):
                yield 14, f"photo {one.digest[:8]} of {one.record} never came to the server"
        if len({(one.hash, one.record, one.device) for one in finished}) < len(finished):
            yield 14, "a photo is kept twice for the same record"
        for tablet in tablets:
            yield from self._tablet(tablet)

    def _tablet(self, tablet: Tablet) -> Iterator[Wrong]:
        album = tablet.disk.photos
        for row, upload in album.waiting():
            yield 5, f"photo {row.digest[:8]} of {upload.record} still waits on {tablet.name}"
        for row in album.rows.values():
            for upload in row.uploads:
                if upload.state == "refused":
                    yield 14, f"photo {row.digest[:8]} was refused, and nothing is wrong with it"
        # (What was erased after the backup from which the server came back is there again.)
        erasures = {one.record for one in self.world.oracle.erasures.all}
        gone = [one for one in self.taken if one.erased and one.record in erasures]
        with tablet.disk.read() as shelf:
            here = shelf.rows([one.record for one in gone])
        for one in gone:
            known = album.upload(one.digest, one.record)
            is_here = one.record in here and not here[one.record].deleted
            is_its = known is not None and known.stamp == one.stamp
            if is_here and is_its and not self._is_told_again(one):
                yield 4, f"{tablet.name} still has the photo {one.digest[:8]}, which was erased"

    def _is_told_again(self, shot: Taken) -> bool:
        """Whether its record names the same picture by somebody's later word: then it stays."""
        row = self.ledger.rows.get(shot.record)
        names = () if row is None else _photos(row)
        return row is not None and any(
            row.get(name) == shot.digest and row.version(name) != shot.stamp for name in names
        )

    def swept(self, *, late: bool) -> Iterator[Wrong]:
        """What was over was removed: uploads that ended and, if it is late, what nothing names."""
        rows, (arriving, kept) = self.rows(), self.folder.names()
        if arriving or any(one.finished is None for one in rows):
            yield 15, "unfinished uploads stay after their time"
        for digest in sorted(kept - {one.hash for one in rows}):
            yield 15, f"the picture {digest[:8]} lies there, and belongs to nothing"
        if not late:
            return
        named = self._named(rows)
        for one in rows:
            if one.hash not in named:
                yield 15, f"the photo {one.hash[:8]} is named by nothing, and stays"

    def before_sweep(self, now_ms: int) -> set[str]:
        """The uploads that no sweeping may take: they have time, or something names them."""
        rows = self.rows()
        named = self._named(rows)
        return {one.id for one in rows if self._must_stay(one, named, now_ms)}

    def _must_stay(self, one: Sent, named: set[str], now_ms: int) -> bool:
        if one.finished is None:
            return one.expires > now_ms
        return self._lies(one.hash) and (one.hash in named or one.finished + WAITS_MS > now_ms)

    def after_sweep(self, kept: Iterable[str]) -> Iterator[Wrong]:
        """What had to stay is there."""
        rows = {one.id: one for one in self.rows()}
        for upload in sorted(kept):
            row = rows.get(upload)
            if row is None or (row.finished is not None and not self._lies(row.hash)):
                yield 15, f"the upload {upload} was removed, and something names it"

    def _named(self, rows: Iterable[Sent]) -> set[str]:
        """The hashes of uploads that the ledger names anywhere."""
        hashes = {one.hash for one in rows}
        if not hashes:
            return hashes
        raws: list[Any] = [op.raw for op in self.ledger.ops.values()]
        raws += [row.raw for row in self.ledger.rows.values()]
        told = orjson.dumps(raws).decode() + self.ledger.dump("aside")
        return {one for one in hashes if one in told}


def _photos(row: Row) -> list[str]:
    return [name for name, kind in row.spec.kind.items() if kind == "attachment"]
