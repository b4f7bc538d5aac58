"""Photos on a tablet: kept until the server has them, and handed in piece by piece.

The replica of this process keeps no photos: the tablet's app does, and this is the second
implementation of what it does, by the contract alone. What is kept lies on the simulated disk
beside the replica, is noted in the same blocks, and goes where that disk goes: it is set back,
copied, full, and cut off in the middle.

Invariants
    * A photo is on the disk before anything names it, and whole until the server has confirmed
      it, and for 30 days more: a server that comes back from a backup gets it again.
    * The block that queues an operation also notes the uploads of the photos that it names.
    * After a break the server is asked how much it has; nothing is guessed.
    * What was erased from the work that named a photo is erased from the album too.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet

from simulator.exploration.disk import DiskFull, PowerCut
from simulator.exploration.photos.album import KEPT_MS, Album, PhotoRow, Upload
from simulator.exploration.photos.bytes import photo
from simulator.exploration.photos.tus import DOOR, metadata
from sync.transport import Refused, Unreachable, refusal

if TYPE_CHECKING:
    from simulator.exploration.tablet import Tablet
    from simulator.exploration.world import World
    from sync.replica_storage import Shelf
    from sync.transport import Reply

__all__ = ["Camera"]

_VERSION = {"tus-resumable": "1.0.0"}
_PIECE_TYPE = "application/offset+octet-stream"
_PIECE_BYTES = 65_536
_REFUSALS_MAX = 4
_PHOTOS_MAX = 40
_FINAL = frozenset({"too_large", "not_a_picture", "bad_request"})
"""What the server says that trying again will not change."""


class _TakenBack(Exception):  # noqa: N818 - what is so
    """What was being sent is not to be sent any more."""


class Camera:
    """Takes photos, and hands them in, one at a time."""

    def __init__(self, world: World, tablet: Tablet) -> None:
        self.world, self.tablet = world, tablet
        self.link = world.link(tablet)
        self.running: greenlet | None = None
        self._failures: Counter[tuple[str, str]] = Counter()
        self._how: Mapping[str, Any] = {}
        self._rested = False

    # Taking ----------------------------------------------------------------------------------

    def take(self, drafts: Sequence[Mapping[str, Any]]) -> None:
        """Keep the photos that were taken for what is about to be made, and note their uploads
        in the block in which it is made. May meet a full disk, or its end."""
        disk = self.tablet.disk
        taken = [photo(key) for one in drafts for key in one.get("photos", {}).values()]

        def keep(album: Album, _shelf: Shelf) -> None:
            for one in taken:
                album.keep(one.digest, one.data)

        if taken:
            disk.note(keep)
        if any(disk.photos.named(one) for one in drafts):
            disk.beside(lambda album, shelf: album.note(shelf, drafts))

    # How it stands ---------------------------------------------------------------------------

    def exchanged(self, step: str) -> None:
        """An exchange has ended so: nothing is let go before the server was asked again."""
        self._rested = self._rested or step == "rest"
        if step == "wipe":
            if self.tablet.disk.photos.waiting():
                self.world.saw("photo:wiped")
            self.tablet.disk.photos = Album()
        try:
            self.settle()
        except DiskFull:
            self.world.saw("photo:disk_full")
        except PowerCut:
            self.world.later(0, self.tablet.kill)

    def settle(self) -> None:
        """Note what an exchange means for photos: another history, an erasure, time gone by."""
        disk = self.tablet.disk
        if self.tablet.wiped or not (disk.photos.rows or disk.photos.epoch):
            return
        now_ms, was, seen = self.tablet.now_ms(), disk.photos, disk.photos.copy()
        with disk.read() as shelf:
            if shelf.meta("device") is None:
                return
            over, self._rested = (now_ms - KEPT_MS if self._rested else None), False
            seen.settle(shelf, over)
        if seen == was:
            return
        if len(seen.waiting()) > len(was.waiting()):
            self.world.saw("photo:again_after_restore")
        for digest, row in was.rows.items():
            if row.data is not None and digest not in seen.rows:
                self.world.saw("photo:erased_here")
            elif row.data is not None and seen.rows[digest].data is None:
                self.world.saw("photo:let_go")
        disk.note(lambda album, shelf: album.settle(shelf, over))

    def stop(self) -> greenlet | None:
        """What runs is about to be killed, with its app."""
        running, self.running = self.running, None
        self._failures.clear()
        return running

    # Handing in ------------------------------------------------------------------------------

    def begin(self, how: Mapping[str, Any]) -> bool:
        """Begin to hand in what waits, if nothing is being handed in; whether it began.

        ``how``: ``net``, what becomes of each request; ``piece``, how many bytes go at once;
        ``checked``, whether each piece has a checksum; ``override``, whether PATCH gets through;
        ``dies``, at which write the power goes.
        """
        if self.tablet.wiped or (self.running is not None and not self.running.dead):
            return False
        self._how, self.link.plans, self.link.asked = how, list(how.get("net") or ()), 0
        if (dies := how.get("dies")) is not None and self.tablet.running is None:
            self.tablet.disk.die(write=dies["write"], after=dies["after"])
        self.running = greenlet(self._run)
        self.running.switch()
        return True

    def drain(self) -> None:
        """Hand in all that waits, over a network that works."""
        self._how, self.link.plans, self.link.asked = {}, [], 0
        self._hand_in()

    def _run(self) -> None:
        mine = getcurrent()
        try:
            self._hand_in()
        except PowerCut:
            self.world.saw("photo:power_cut")
            if self.running is mine:
                self.running = None
                self.world.later(0, self.tablet.kill)
            return
        except DiskFull:
            self.world.saw("photo:disk_full")
        if self.running is mine:
            self.running = None
            if self.tablet.running is None:
                self.tablet.disk.spare()

    def _hand_in(self) -> None:
        self.settle()
        for _ in range(_PHOTOS_MAX):
            waiting = self.tablet.disk.photos.waiting()
            if not waiting or self.tablet.keyring.load() is None:
                return
            row, upload = min(waiting, key=lambda one: self._failures[one[0].digest, one[1].record])
            try:
                self._send(row, upload)
            except _TakenBack:
                self.world.saw("photo:taken_back")
            except Refused as refused:
                self._failures[row.digest, upload.record] += 1
                self.world.saw(f"photo:{refused.code or 'not_our_server'}")
                if refused.code not in _FINAL:
                    return
                self._change(row.digest, upload.record, state="refused", address=None, offset=0)
            except Unreachable:
                self._failures[row.digest, upload.record] += 1
                return

    def _send(self, row: PhotoRow, upload: Upload) -> None:
        assert row.data is not None
        epoch = self._epoch()
        digest, record, address, refusals = row.digest, upload.record, upload.address, 0
        offset = None if address is None else self._asked(address)
        if offset is not None and 0 < offset < len(row.data):
            self.world.saw("photo:resumed")
        while True:
            if address is None or offset is None:
                if address is not None:
                    self.world.saw("photo:begun_again")
                address, offset = self._begun(row, record), 0
            self._change(digest, record, address=address, offset=offset)
            if offset >= len(row.data):
                break
            try:
                offset, refusals = self._piece(row.data, address, offset), 0
            except Refused as refused:
                refusals += 1
                if refusals > _REFUSALS_MAX:
                    raise
                self.world.saw(f"photo:{refused.code or 'not_our_server'}")
                if refused.code in ("offset_wrong", "checksum_wrong"):
                    offset = self._asked(address)
                elif refused.code in ("not_found", "hash_wrong"):
                    offset = None
                else:
                    raise
        if self._epoch() != epoch:
            # The server came back from a backup meanwhile: this answer may be of before.
            self.world.saw("photo:answer_of_before")
            raise Unreachable
        oracle = self.world.oracle
        oracle.judge(oracle.photos.handed_in(self.tablet, digest, record))
        self._change(digest, record, state="done", offset=offset, done_ms=self.tablet.now_ms())
        self.world.saw("photo:handed_in")
        self.world.tell("photo", self.tablet.name, record=record[-4:], sum=digest[:8])

    def _epoch(self) -> Any:
        with self.tablet.disk.read() as shelf:
            return shelf.meta("epoch")

    def _change(self, digest: str, record: str, **some: Any) -> None:
        def act(album: Album, _shelf: Shelf) -> None:
            upload = album.upload(digest, record)
            if upload is None:
                raise _TakenBack
            album.set(digest, upload._replace(**some))

        known = self.tablet.disk.photos.upload(digest, record)
        if known is None or known != known._replace(**some):
            self.tablet.disk.note(act)

    # Requests --------------------------------------------------------------------------------

    def _begun(self, row: PhotoRow, record: str) -> str:
        """Announce a photo; the same again answers the same address."""
        assert row.data is not None
        told = metadata(row.digest, record)
        headers = {"upload-length": str(len(row.data)), "upload-metadata": told}
        at = self._request("POST", DOOR, headers).headers.get("location", "")
        if not at.startswith(f"{DOOR}/uploads/"):
            raise Refused(201, None, definite=False)
        return at

    def _asked(self, address: str) -> int | None:
        """How much of it the server has; None if it has forgotten it."""
        try:
            return _offset(self._request("HEAD", address, {}))
        except Refused as refused:
            if refused.status < 500:
                return None
            raise

    def _piece(self, data: bytes, address: str, offset: int) -> int:
        """Send a piece: how far it is then."""
        body = data[offset : offset + self._how.get("piece", _PIECE_BYTES)]
        headers = {"content-type": _PIECE_TYPE, "upload-offset": str(offset)}
        if self._how.get("checked"):
            digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
            headers["upload-checksum"] = f"sha256 {digest}"
        method = "PATCH"
        if self._how.get("override"):
            method, headers["x-http-method-override"] = "POST", "PATCH"
        told = _offset(self._request(method, address, headers, body))
        if not offset < told <= len(data):
            raise Refused(200, None, definite=False)
        return told

    def _request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Reply:
        """One request with the device's token, which is renewed if it is over."""
        keyring = self.tablet.keyring
        for last in (False, True):
            credentials = keyring.load()
            if credentials is None:
                raise Refused(401, "no_token", definite=True)
            sent = {**_VERSION, **headers, "authorization": f"Bearer {credentials.token}"}
            reply = self.link.request(method, path, sent, body)
            refused = refusal(reply, b"".join(reply.body))
            if reply.status < 300:
                return reply
            # An answer to HEAD says no more than 401.
            if last or refused.status != 401 or refused.code not in ("token_expired", None):
                raise refused
            self.world.saw("photo:token_expired")
            if keyring.load() == credentials:
                self.tablet.client.refresh()
        raise AssertionError("the second answer is returned or raised")


def _offset(reply: Reply) -> int:
    told = reply.headers.get("upload-offset", "")
    if not told.isdecimal():
        raise Refused(reply.status, None, definite=False)
    return int(told)
