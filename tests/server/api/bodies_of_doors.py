"""Real requests to every door that takes a body, and ways to damage them."""

from __future__ import annotations

import base64
import copy
import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import strategies as st
from sqlalchemy import delete

from server.accounts.sessions import writing
from server.models import Attachment
from sync import bundles
from tests.server.attachments.pictures import jpeg
from tests.server.office import Office, bearer, json_of
from tests.server.security.tablet import GRID, Tablet, made

Json = Any

ODD: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["\0", "\ud800", "*", "", "__class__", "'; DROP TABLE record; --", "9" * 400, "0" * 36]
    )
    | st.sampled_from([2**53, -1, 1e308, 2**63, GRID, f"grid:{GRID}", "srv00000", "ff" * 32]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=6,
)
"""Values that a field was not made for."""


@dataclass
class Asked:
    """One request: ``body`` is a JSON value, or bytes that are no JSON."""

    method: str
    path: str
    body: Json
    headers: dict[str, str] = field(default_factory=dict)


def requests(office: Office) -> dict[str, Callable[[], Asked]]:
    """Door → a request that it would take; a fresh one each time."""
    key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    user = office.user()
    office.grant(user, f"grid:{GRID}")
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    tablet = Tablet(office, user, office.enrol(user, key=public))
    home = made(office, "household", grid=GRID, phone="1", notes="a\nb\n", tags=["veteran"])
    order = made(office, "work_order", grid=GRID, title="灯坏了")
    tablet.send()
    token = bearer(tablet.told["token"])

    def operations() -> list[Json]:
        op = tablet.op
        return [
            op("create", office.served.new_id(), {"grid": GRID, "phone": "2"}),
            op("edit", home, {"phone": "3", "tags": {"add": ["disabled"], "remove": []}}),
            op("edit", home, {"notes": "a\nc\n", "visits": {"add": 1}, "log": {"append": "x"}}),
            op("edit", home, {"unheard": {"of": [1]}}),
            op("transition", order, {"status": {"from": "reported", "to": "dispatched"}}),
            op("delete", order, {}),
            op("restore", order, {}),
            op("merge", home, {}, into=order.id),
            op("resolve", home, {"phone": "4"}, conflict=tablet.stamps.next(now_ms=0)),
            op("edit", home, {"room": "1"}, group={"id": "g", "of": 2}, undoes=None),
        ]

    def exchange() -> Asked:
        body = {
            "protocol": 1, "device": tablet.told["device"], "schema": 1,
            "sent_at": office.clock.now_ms, "operations": operations(),
            "checkpoint": dict(tablet.cursors), "limit": 50,
            "status": {"outbox": 3, "battery": 0.5, "app_version": "1"},
        }  # fmt: skip
        return Asked("POST", "/sync/v1/exchange", body, token)

    def bundle() -> Asked:
        payload = json.dumps({**exchange().body, "limit": None})
        signed = base64.b64encode(key.sign(bundles.message(payload))).decode()
        told = {"bundle": 1, "payload": payload, "signature": signed}
        return Asked("POST", "/sync/v1/bundle", told, token)

    def enrol() -> Asked:
        body = {
            "code": office.code(user), "nonce": "n", "name": "平板", "platform": "test",
            "replaces": tablet.told["device"], "key": public,
        }  # fmt: skip
        return Asked("POST", "/sync/v1/enrol", body)

    def refresh() -> Asked:
        told = office.enrol(office.user())
        return Asked("POST", "/sync/v1/refresh", {"refresh": told["refresh"], "nonce": "n"})

    def repair() -> Asked:
        body = {
            "device": tablet.told["device"], "feed": f"grid:{GRID}",
            "buckets": {"00": [1, 2], "7f": [0, 0], "ff": [3, 1 << 47]},
        }  # fmt: skip
        return Asked("POST", "/sync/v1/repair", body, token)

    def reveals() -> Asked:
        look = {"record": home.id, "at": office.clock.now_ms, "offset_ms": 0, "purpose": "走访"}
        return Asked(
            "POST", "/sync/v1/reveals", {"device": tablet.told["device"], "reveals": [look]}, token
        )

    def begin() -> Asked:
        photo = jpeg(trailer=office.served.new_id().encode())
        pairs = {"sha256": hashlib.sha256(photo).hexdigest(), "record": home.id}
        told = ",".join(
            f"{name} {base64.b64encode(one.encode()).decode()}" for name, one in pairs.items()
        )
        headers = {
            **token, "Tus-Resumable": "1.0.0", "Upload-Length": str(len(photo)),
            "Upload-Metadata": told,
        }  # fmt: skip
        return Asked("POST", "/sync/v1/attachments", b"", headers)

    def piece() -> Asked:
        photo = jpeg(trailer=office.served.new_id().encode())
        asked = begin()
        asked.headers["Upload-Length"] = str(len(photo))
        pairs = {"sha256": hashlib.sha256(photo).hexdigest(), "record": home.id}
        asked.headers["Upload-Metadata"] = ",".join(
            f"{name} {base64.b64encode(one.encode()).decode()}" for name, one in pairs.items()
        )
        with writing(office.served.store) as session:  # A tablet may begin no more than 200.
            session.execute(delete(Attachment).where(Attachment.finished.is_(None)))
        place = office.client.post(asked.path, headers=asked.headers).headers["Location"]
        whole = base64.b64encode(hashlib.sha256(photo).digest()).decode()
        headers = {
            **token, "Tus-Resumable": "1.0.0", "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
            "Upload-Checksum": f"sha256 {whole}",
        }  # fmt: skip
        return Asked("PATCH", place, photo, headers)

    made_so = (exchange, bundle, enrol, refresh, repair, reveals, begin, piece)
    return {one.__name__: one for one in made_so}


# Damage ------------------------------------------------------------------------------------------


def places(value: Json, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside of a JSON value."""
    found = [at] if at else []
    if isinstance(value, dict):
        for name, inner in value.items():
            found += places(inner, (*at, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            found += places(inner, (*at, number))
    return found


@st.composite
def damaged(draw: st.DrawFn, body: Json) -> Json:
    """A body in which up to three values are odd, gone, doubled, or under another name."""
    told = copy.deepcopy(body)
    for _ in range(draw(st.integers(1, 3))):
        ways = places(told)
        if not ways:
            return draw(ODD)
        *way, last = draw(st.sampled_from(ways))
        parent = told
        for step in way:
            parent = parent[step]
        what = draw(st.sampled_from(["odd", "odd", "odd", "gone", "doubled", "renamed"]))
        if what == "odd":
            parent[last] = draw(ODD)
        elif what == "gone":
            del parent[last]
        elif isinstance(parent, list):
            parent.insert(0, copy.deepcopy(parent[last]))
        else:
            parent[draw(st.text(max_size=6))] = (
                parent[last] if what == "doubled" else parent.pop(last)
            )
    return told


@st.composite
def mangled(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes that were cut, flipped, repeated, or had something put in."""
    told = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(told) - 1)))
        what = draw(st.sampled_from(["cut", "flip", "put", "repeat"]))
        if what == "cut":
            del told[at:]
        elif what == "flip" and told:
            told[at] ^= 1 << draw(st.integers(0, 7))
        elif what == "put":
            told[at:at] = draw(
                st.binary(min_size=1, max_size=8) | st.sampled_from([b"[" * 200, b"\0"])
            )
        else:
            told[at:at] = told[at : at + 50]
    return bytes(told)


def sent(office: Office, asked: Asked, data: bytes, *, packed: bool = False) -> Any:
    """The answer to a request with these bytes as its body."""
    headers = dict(asked.headers)
    if packed:
        data, headers["Content-Encoding"] = gzip.compress(data, 1), "gzip"
    return office.client.open(asked.path, method=asked.method, data=data, headers=headers)


def as_bytes(body: Json) -> bytes:
    """A body on the wire; what is no text stays as JSON's escapes have it."""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def code_of(answer: Any) -> str:
    """The code of a refusal, which every refusal has."""
    told = json_of(answer)
    assert set(told) >= {"code", "definite", "status", "detail"}, told
    return str(told["code"])
