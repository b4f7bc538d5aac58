"""Bodies from strangers: what is read, what is refused, and that refusing is cheap."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import pytest
from flask import Flask, request
from hypothesis import given
from hypothesis import strategies as st

from server.api.bodies import is_shallow, parse, read_json
from sync.errors import Refusal

LIMIT = 100_000

Reads = Callable[..., Any]


@pytest.fixture
def read() -> Reads:
    app = Flask("bodies")

    def reads(body: bytes, **headers: str) -> Any:
        with app.test_request_context(method="POST", data=body, headers=headers):
            return read_json(request, limit_bytes=LIMIT)

    return reads


def refused(do: Callable[[], Any]) -> str:
    with pytest.raises(Refusal) as refusal:
        do()
    return refusal.value.problem.code


def test_plain_and_packed_bodies_read_the_same(read: Reads):
    value = {"operations": [{"stamp": "x", "fields": {"name": "王芳"}}]}
    body = orjson.dumps(value)
    assert read(body) == value
    assert read(gzip.compress(body), **{"Content-Encoding": "gzip"}) == value


def test_a_body_of_the_largest_size_is_read_and_a_larger_one_names_the_limit(read: Reads):
    packed = {"Content-Encoding": "gzip"}
    largest = json.dumps("x" * (LIMIT - 2)).encode()
    larger = json.dumps("x" * (LIMIT - 1)).encode()
    assert read(largest) == read(gzip.compress(largest), **packed) == "x" * (LIMIT - 2)
    with pytest.raises(Refusal) as refusal:
        read(larger)
    assert refusal.value.problem.params == {"limit": LIMIT}
    assert refused(lambda: read(gzip.compress(larger), **packed)) == "too_large"


def test_a_stated_length_beyond_the_limit_is_refused_before_the_body_is_read():
    app = Flask("bodies")
    touched = []

    class Stream:
        def read(self, *_: Any) -> bytes:
            touched.append(True)
            return b""

    environ = {"wsgi.input": Stream(), "CONTENT_LENGTH": str(LIMIT + 1)}
    with app.test_request_context(method="POST", environ_overrides=environ):
        assert refused(lambda: read_json(request, limit_bytes=LIMIT)) == "too_large"
    assert not touched


def test_a_gzip_bomb_is_refused_without_being_unpacked(read: Reads):
    bomb = gzip.compress(b"[" + b" " * 200_000_000 + b"]", 9)[:95_000]
    tracemalloc.start()
    assert refused(lambda: read(bomb, **{"Content-Encoding": "gzip"})) == "too_large"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


@pytest.mark.parametrize("cut", [0, 1, 5, 17, -9, -1])
def test_gzip_that_was_cut_short_is_refused_as_such(read: Reads, cut: int):
    packed = gzip.compress(orjson.dumps({"operations": list(range(500))}))
    assert refused(lambda: read(packed[:cut], **{"Content-Encoding": "gzip"})) == "not_gzip"


def test_gzip_with_a_wrong_checksum_or_something_behind_it_is_refused(read: Reads):
    packed = gzip.compress(b'{"a": 1}')
    for broken in (packed[:-8] + b"12345678", packed + b"tail", packed + packed, b"{}"):
        assert refused(partial(read, broken, **{"Content-Encoding": "gzip"})) == "not_gzip"


def test_an_encoding_that_nobody_speaks_is_named(read: Reads):
    assert refused(lambda: read(b"{}", **{"Content-Encoding": "br"})) == "unsupported_encoding"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nope", b"NaN", b"[Infinity]", b'{"a":}', b"\xff\xfe{}", b'"\xff"', b"{}{}"],
)
def test_what_is_not_json_is_refused_as_such(body: bytes):
    assert refused(lambda: parse(body)) == "not_json"


def test_a_lone_surrogate_costs_only_its_operation():
    body = b'{"operations": [{"name": "\\ud800"}, {"name": "ok", "n": 1.5, "i": 7}]}'
    bad, good = parse(body)["operations"]
    assert bad == {"name": "\ud800"}
    assert good == {"name": "ok", "n": 1.5, "i": 7}


def test_numbers_without_bounds_come_as_what_no_number_field_takes():
    assert parse(b"[1e999, -1e999, 1]") == ["1e999", "-1e999", 1]
    assert parse(b"[1e999, %s]" % (b"9" * 400)) == ["1e999", "9" * 400]
    assert parse(b"[1e999, 99999999999999999999]") == ["1e999", 1e20]


@pytest.mark.parametrize(("opens", "closes"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_is_allowed_to_its_limit_and_not_beyond(opens: bytes, closes: bytes):
    def nested(depth: int) -> bytes:
        return opens * depth + b"1" + closes * depth

    assert parse(nested(64)) is not None
    assert refused(lambda: parse(nested(65))) == "too_deep"
    assert refused(lambda: parse(nested(100_000))) == "too_deep"
    assert refused(lambda: parse(opens * 1_000_000)) == "too_deep"


def test_a_body_nested_too_deep_is_refused_in_little_time_and_memory():
    bodies = [
        b"[" * 8_000_000,
        b"[" * 4_000_000 + b"]" * 4_000_000,
        b'{"a":[' * 1_000_000,
        (b"[" * 70 + b"]" * 70) * 50_000,
    ]
    for body in bodies:
        tracemalloc.start()
        began = time.perf_counter()
        assert refused(partial(parse, body)) == "too_deep"
        took = time.perf_counter() - began
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert took < 5
        assert peak < 3 * len(body)


def test_brackets_in_texts_are_no_nesting():
    texts = ["[" * 100, '"[{', "\\", '\\"[', "{" * 100 + '"', ""]
    assert parse(orjson.dumps([texts] * 50)) == [texts] * 50


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


texts = st.text(alphabet='[]{}"\\a,: 王', max_size=6)
values = st.recursive(
    texts | st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=30,
)


@given(values, st.integers(0, 6))
def test_the_depth_seen_in_the_bytes_is_the_depth_of_the_value(value: Any, depth: int):
    for body in (orjson.dumps(value), json.dumps(value, indent=1).encode()):
        assert is_shallow(body, depth) == (depth_of(value) <= depth)
