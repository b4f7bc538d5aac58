"""Damaged requests to every door: refused in words, quickly, and nothing of them applied in part.

Each example is drawn by hypothesis from real requests, always the same ones here; with
YUANBA_TEST_FUZZ=1000 each test tries so many new ones.
"""

from __future__ import annotations

import base64
import gc
import json
import os
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from server.api.limits import limiter
from server.inspection import inspect
from server.models import db
from server.settings import Settings
from server.store.tables import metadata
from sync import bundles
from tests.server.api.bodies_of_doors import (
    ODD,
    Asked,
    as_bytes,
    code_of,
    damaged,
    mangled,
    requests,
    sent,
)
from tests.server.office import SECRET, Office, open_office

LONG = int(os.environ.get("YUANBA_TEST_FUZZ", "0"))
SECONDS_MAX = 5.0
"""No request of these does more than some milliseconds of work; a machine may be busy."""

DOORS = ("exchange", "bundle", "enrol", "refresh", "repair", "reveals", "begin", "piece")


def tries(number: int) -> Any:
    return settings(
        max_examples=LONG or number,
        derandomize=not LONG,
        deadline=None,
        database=None,
        phases=[Phase.generate] if not LONG else [Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    opened = open_office(Settings(database_url="sqlite://", data_dir=folder, secret=SECRET))
    with opened.served.store.engine.begin() as connection:
        db.metadata.create_all(connection)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limiter, "enabled", False)
        # What an earlier request told of its tablet is not written while a later one is judged.
        patch.setattr(opened.served.status, "_later", lambda _seconds, _do: None)
        yield opened
    opened.served.store.close()


@pytest.fixture(scope="module")
def doors(office: Office) -> dict[str, Callable[[], Asked]]:
    made = requests(office)
    assert tuple(made) == DOORS
    return made


def stored(office: Office) -> dict[str, int]:
    """Table → a mark of everything in it."""
    with office.served.store.engine.connect() as connection:
        return {
            table.name: hash(tuple(map(tuple, connection.execute(table.select()))))
            for table in (*metadata.tables.values(), *db.metadata.tables.values())
        }


def judge(office: Office, asked: Asked, data: bytes, *, packed: bool = False) -> int:
    """Send it; whatever was refused changed nothing, and nothing failed or hung."""
    before, began = stored(office), time.monotonic()
    answer = sent(office, asked, data, packed=packed)
    assert time.monotonic() - began < SECONDS_MAX
    assert answer.status_code < 500, (asked.path, data[:300], answer.data)
    if answer.status_code >= 400:
        code_of(answer)
        after = stored(office)
        if asked.path.startswith("/sync/v1/attachments/uploads"):
            before.pop("attachment"), after.pop("attachment")  # a photo that is none is forgotten
        assert after == before, asked.path
    elif asked.path == "/sync/v1/exchange":
        assert answer.data.endswith(b"}}\n") and b'{"done":' in answer.data
    return int(answer.status_code)


@pytest.mark.parametrize("door", DOORS)
def test_a_request_of_these_as_it_is_would_be_taken(
    office: Office, doors: dict[str, Callable[[], Asked]], door: str
):
    asked = doors[door]()
    assert judge(office, asked, as_bytes(asked.body)) in (200, 201, 204)


@pytest.mark.parametrize("door", ["exchange", "bundle", "enrol", "refresh", "repair"])
def test_a_request_with_odd_members_is_answered_in_words(
    office: Office, doors: dict[str, Callable[[], Asked]], door: str
):
    @tries(60 if door == "exchange" else 30)
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        asked = doors[door]()
        body = data.draw(damaged(asked.body))
        judge(office, asked, as_bytes(body), packed=data.draw(st.booleans()))

    ask()
    with office.served.store.read() as snapshot:
        assert not inspect(snapshot)


def test_a_signed_bundle_of_odd_operations_is_taken_or_refused_whole(
    office: Office, doors: dict[str, Callable[[], Asked]]
):
    key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)

    @tries(30)
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        asked = doors["bundle"]()
        payload = json.dumps(data.draw(damaged(json.loads(asked.body["payload"]))))
        signed = base64.b64encode(key.sign(bundles.message(payload))).decode()
        told = {"bundle": 1, "payload": payload, "signature": signed}
        judge(office, asked, as_bytes(told))

    ask()
    with office.served.store.read() as snapshot:
        assert not inspect(snapshot)


@pytest.mark.parametrize("door", ["exchange", "bundle", "enrol", "repair", "piece"])
def test_a_body_that_was_damaged_on_the_way_is_answered_in_words(
    office: Office, doors: dict[str, Callable[[], Asked]], door: str
):
    @tries(30)
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        asked = doors[door]()
        judge(office, asked, data.draw(mangled(as_bytes(asked.body))))

    ask()


@pytest.mark.parametrize("door", DOORS)
def test_a_body_that_has_nothing_to_do_with_it_is_answered_in_words(
    office: Office, doors: dict[str, Callable[[], Asked]], door: str
):
    @tries(12)
    @given(ODD | st.binary(max_size=200), st.booleans())
    def ask(body: Any, packed: bool) -> None:
        judge(office, doors[door](), as_bytes(body), packed=packed)

    ask()


@pytest.mark.parametrize("door", ["begin", "piece"])
def test_odd_headers_of_photos_are_answered_in_words(
    office: Office, doors: dict[str, Callable[[], Asked]], door: str
):
    value = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)

    @tries(40)
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        asked = doors[door]()
        names = sorted(set(asked.headers) - {"Authorization"})
        for name in data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=2)):
            asked.headers[name] = data.draw(value | st.sampled_from(["-1", "0", "9" * 14, "1e3"]))
        judge(office, asked, as_bytes(asked.body))

    ask()


def test_no_memory_is_kept_of_what_was_refused(
    office: Office, doors: dict[str, Callable[[], Asked]]
):
    odd = {"operations": [{"stamp": "x" * 1_000, "fields": {"a": "b" * 1_000}}] * 50}

    def ask(times: int) -> int:
        for _ in range(times):
            for door in ("exchange", "repair", "enrol", "bundle"):
                asked = Asked("POST", f"/sync/v1/{door}", odd, doors_headers)
                sent(office, asked, as_bytes(odd))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    doors_headers = doors["exchange"]().headers
    tracemalloc.start()
    try:
        warm = ask(10)
        grown = ask(40) - warm
    finally:
        tracemalloc.stop()
    assert grown < 500_000  # one body is 100,000 bytes; 160 of them were refused
