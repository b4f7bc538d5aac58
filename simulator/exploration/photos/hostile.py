"""Hostile apps and photos: what is sent that is no photo, too much, or another's.

Each act is a few requests with a real token, and the contract says what each must meet. What
they leave behind is looked at by the audit, as everything is: a picture that came under a
false hash, a piece in another's upload, a hash that was copied and shows something.

Invariants
    * An act that the contract answers otherwise than its table says is a broken promise.
    * It changes no tablet: for the real app it is as if it had not been.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

from simulator.exploration.photos.tus import DOOR, metadata

if TYPE_CHECKING:
    from simulator.exploration.office import Response
    from simulator.exploration.tablet import Tablet
    from simulator.exploration.world import World

__all__ = ["PHOTO_WRONGS", "attack"]

_TUS = {"tus-resumable": "1.0.0"}
_PIECE = "application/offset+octet-stream"
_PASSING = frozenset(
    {"token_expired", "token_unknown", "busy", "too_many_uploads", "no_room", "hand_in_only"}
)
"""Codes that say nothing of what was sent."""

Told = tuple[int, str | None]


class Attacker:
    """An app with a token, and what it knows."""

    def __init__(self, world: World, tablet: Tablet, args: Mapping[str, Any], token: str) -> None:
        self.world, self.tablet, self.args, self.token = world, tablet, args, token
        self.photos = world.oracle.photos
        self.mine = self.photos.know(args["key"])
        self.record = args["record"]

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Response:
        """One request, judged as every other."""
        sent = {**_TUS, "authorization": f"Bearer {self.token}", **headers}
        world = self.world
        answer = world.office.call(method, path, sent, body)
        user = world.user_of(self.tablet)
        world.oracle.look()
        world.oracle.judge(self.photos.heard(user, method, path, sent, body, answer))
        return answer

    def begin(self, digest: str, record: str, length: int) -> Response:
        """Announce something."""
        told = metadata(digest, record)
        return self.ask("POST", DOOR, {"upload-length": str(length), "upload-metadata": told})

    def put(self, at: str, body: bytes, offset: int = 0, **more: str) -> Response:
        """Send a piece."""
        headers = {"content-type": _PIECE, "upload-offset": str(offset)}
        return self.ask(
            "PATCH", at, {**headers, **{k.replace("_", "-"): v for k, v in more.items()}}, body
        )

    def announced(self, data: bytes, digest: str | None = None) -> str | None:
        """An upload of the attacker's own for this data; None if the server takes none now."""
        told = sha256(data).hexdigest() if digest is None else digest
        answer = self.begin(told, self.record, len(data))
        return answer.headers["location"] if answer.status == 201 else None


def attack(world: World, tablet: Tablet, args: Mapping[str, Any]) -> None:
    """Carry out a step ``photo_abuse``."""
    credentials = tablet.keyring.load()
    if tablet.wiped or credentials is None or world.office.closed:
        world.tell("skipped", tablet.name, what="photo_abuse")
        return
    act, wanted = PHOTO_WRONGS[args["what"]]
    answer = act(Attacker(world, tablet, args, credentials.token))
    if answer is None:
        world.tell("skipped", tablet.name, what="photo_abuse")
        return
    told = (answer.status, _code(answer))
    world.tell("photo_abuse", tablet.name, how=args["what"], status=answer.status)
    if told[1] in _PASSING or (answer.status == 401 and wanted[0] != 401):
        return
    world.saw(f"photo:hostile_{args['what']}")
    if told != wanted:
        number = 4 if act is _claims else 14
        world.oracle.broke(number, f"{args['what']} was answered with {told}, not {wanted}")


def _code(answer: Response) -> str | None:
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return None
    return str(orjson.loads(answer.body)["code"]) if answer.body else None


# Acts ------------------------------------------------------------------------------------------


def _nonsense(app: Attacker) -> Response | None:
    """What is no picture."""
    data = f"nonsense {app.args['key']}".encode()
    at = app.announced(data)
    return None if at is None else app.put(at, data)


def _broken(app: Attacker) -> Response | None:
    """What begins as a picture, and ends in the middle."""
    data = app.mine.data[:-40]
    at = app.announced(data)
    return None if at is None else app.put(at, data)


def _other_bytes(app: Attacker) -> Response | None:
    """Another picture than was announced."""
    other = app.photos.know(f"{app.args['key']}x")
    at = app.announced(other.data, app.mine.digest)
    return None if at is None else app.put(at, other.data)


def _too_large(app: Attacker) -> Response | None:
    return app.begin(app.mine.digest, app.record, 1 << 40)


def _too_much(app: Attacker) -> Response | None:
    """More than was announced."""
    at = app.announced(app.mine.data)
    return None if at is None else app.put(at, app.mine.data + b"x")


def _beyond(app: Attacker) -> Response | None:
    """A piece that begins where nothing has come to."""
    at = app.announced(app.mine.data)
    return None if at is None else app.put(at, app.mine.data[60:90], 60)


def _torn(app: Attacker) -> Response | None:
    """A piece that is not what its checksum says."""
    at = app.announced(app.mine.data)
    checksum = "sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk="
    return None if at is None else app.put(at, app.mine.data[:50], upload_checksum=checksum)


def _anothers(app: Attacker) -> str | None:
    """An upload of another device."""
    device = app.tablet.replica.device
    rows = [one for one in app.photos.rows() if one.device != device]
    rows = [one for one in rows if one.finished is None] or rows
    return f"{DOOR}/uploads/{rows[app.args['other'] % len(rows)].id}" if rows else None


def _into_anothers(app: Attacker) -> Response | None:
    at = _anothers(app)
    if at is None:
        return None
    come = app.world.office.photos.arrived(at.rpartition("/")[2]) or b""
    return app.put(at, b"and so on", len(come))


def _ends_anothers(app: Attacker) -> Response | None:
    at = _anothers(app)
    return None if at is None else app.ask("DELETE", at, {})


def _ends_finished(app: Attacker) -> Response | None:
    """An own photo that is with the server already: records refer to it."""
    device = app.tablet.replica.device
    rows = [one for one in app.photos.rows() if one.device == device and app.photos.is_kept(one)]
    if not rows:
        return None
    one = rows[app.args["other"] % len(rows)]
    answer = app.ask("DELETE", f"{DOOR}/uploads/{one.id}", {})
    if not any(left.id == one.id and left.finished for left in app.photos.rows()):
        app.world.oracle.broke(14, f"the upload {one.id} was finished, and its device ended it")
    return answer


def _claims(app: Attacker) -> Response | None:
    """The hash of another's photo, announced for a record of their own, and looked at."""
    rows = [one for one in app.photos.rows() if app.photos.is_kept(one)]
    rows = [one for one in rows if one.record != app.record]
    if not rows:
        return None
    one = rows[app.args["other"] % len(rows)]
    begun = app.begin(one.hash, app.record, one.length)
    if begun.status != 201:
        return None
    user = app.world.user_of(app.tablet)
    owed = app.photos.owed(user, one.hash, app.record)
    shown = app.ask("GET", f"{DOOR}/{one.hash}?record={app.record}", {})
    return shown if owed == "not_found" else None  # The record names it: another same photo.


def _unnamed(app: Attacker) -> Response | None:
    """Plain tus: neither hash nor record is announced."""
    answer = app.begin("", "", len(app.mine.data))
    return app.put(answer.headers["location"], app.mine.data) if answer.status == 201 else None


PHOTO_WRONGS: Mapping[str, tuple[Callable[[Attacker], Response | None], Told]] = {
    "nonsense": (_nonsense, (415, "not_a_picture")),
    "broken": (_broken, (415, "not_a_picture")),
    "other_bytes": (_other_bytes, (422, "hash_wrong")),
    "too_large": (_too_large, (413, "too_large")),
    "too_much": (_too_much, (413, "too_large")),
    "beyond": (_beyond, (409, "offset_wrong")),
    "torn": (_torn, (460, "checksum_wrong")),
    "into_anothers": (_into_anothers, (404, "not_found")),
    "ends_anothers": (_ends_anothers, (404, "not_found")),
    "ends_finished": (_ends_finished, (204, None)),
    "claims": (_claims, (404, "not_found")),
    "unnamed": (_unnamed, (204, None)),
    "bad_name": (
        lambda app: app.begin("../" * 8, "../../etc", 99), (400, "bad_request")),
    "old_tus": (
        lambda app: app.ask("POST", DOOR, {"tus-resumable": "0.2.2"}), (412, "tus_version")),
    "no_token": (
        lambda app: app.ask("POST", DOOR, {"authorization": "", "upload-length": "99"}),
        (401, "no_token")),
}  # fmt: skip
"""What is sent → how, and the status and code that it must meet."""
