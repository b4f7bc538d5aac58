"""A session takes the lines of an answer in their order, and nothing else."""

from __future__ import annotations

import itertools
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.answer import Ack, AnswerError, Done, Hello, Page, read_line
from sync.catalogue import ROW_HEAD, Field, RecordType
from sync.replica_storage import Stored
from sync.session import Next, Request, Session, after, after_refusal, backoff_ms
from sync.view import as_record
from tests.properties.steady import steadily

STAMPS = ("0199a1b2d000-0000-k7m2p9q4x3f8", "0199a1b2d000-0001-k7m2p9q4x3f8")
HELLO = {"hello": {"protocol": 1, "schema": 1, "epoch": "e", "now": 5, "feeds": ["f"]}}
ACKS = [
    {"ack": {"stamp": stamp, "outcome": "applied", "head": stamp, "feeds": ["f"]}}
    for stamp in STAMPS
]
PAGE = {"page": {"feed": "f", "cursor": "c", "put": [], "deleted": {}, "left": [], "alias": {}}}
DONE = {"done": {"more": False, "digests": {"f": [0, 0]}}}
WHOLE = [HELLO, *ACKS, PAGE, PAGE, DONE]


def packed(lines):
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def begun(stamps=STAMPS):
    session = Session(Request(1, {"operations": []}, stamps, 0))
    session.send()
    return session


def ended(lines, stamps=STAMPS):
    session = begun(stamps)
    session.receive(packed(lines))
    session.end()
    return session


def test_a_whole_answer_ends_in_done():
    session = begun()
    lines = session.receive(packed(WHOLE))
    session.end()
    assert [type(line) for line in lines] == [Hello, Ack, Ack, Page, Page, Done]
    assert (session.state, session.given, session.error) == ("done", 6, None)


@steadily(100)
@given(st.lists(st.integers(0, len(packed(WHOLE))), max_size=12))
def test_however_the_bytes_are_divided_the_same_lines_come(cuts):
    data, session = packed(WHOLE), begun()
    edges = [0, *sorted(cuts), len(data)]
    lines = []
    for start, end in itertools.pairwise(edges):
        lines += session.receive(data[start:end])
    assert lines == begun().receive(data)


@steadily(100)
@given(st.integers(0, len(packed(WHOLE)) - 1))
def test_a_cut_answer_gives_its_whole_lines_and_is_not_done(size):
    session = begun()
    data = packed(WHOLE)[:size]
    assert len(session.receive(data)) == data.count(b"\n")
    session.end()
    assert session.state == "cut"


@steadily(100)
@given(st.lists(st.sampled_from("H12PD"), max_size=8).map("".join))
def test_lines_in_another_order_are_refused_where_it_departs(letters):
    of = {"H": HELLO, "1": ACKS[0], "2": ACKS[1], "P": PAGE, "D": DONE}
    session = ended([of[letter] for letter in letters])
    prefixes = [letters[:size] for size in range(len(letters) + 1)]
    in_order = [one for one in prefixes if re.fullmatch("(H(1(2(P*D?)?)?)?)?", one)]
    assert session.given == len(in_order[-1])
    assert session.state == ("done" if re.fullmatch("H12P*D", letters) else "cut")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{}",
        b"7",
        b'{"hello": 7}',
        b'{"hello": {}}',
        b'{"later": {}}',
        b'{"done": {"more": 1, "digests": {}}}',
        b'{"done": {"more": false, "digests": []}}',
        b'{"done": {"more": false, "digests": {"f": [1]}}}',
        b'{"done": {"more": false, "digests": {"f": [true, 1]}}}',
        b'{"ack": {"stamp": "s", "outcome": "lost"}}',
        b'{"ack": {"stamp": 7, "outcome": "applied"}}',
        b'{"ack": {"stamp": "s", "outcome": "merged", "feeds": ["f"], "versions": {"a": 1}}}',
        b'{"page": {"feed": "f", "cursor": "c", "put": [{"type": "t", "keys": ["a"]}]}}',
        b'{"page": {"feed": "f", "cursor": "c", "put": 7}}',
        b'{"page": {"feed": "f", "cursor": "c", "left": [7]}}',
        b'{"page": {"feed": "f", "cursor": "c", "deleted": {"r": null}}}',
        b"\xff{}",
        b"[" * 100_000,
    ],
)
def test_a_line_in_another_form_is_one_error_and_no_other(line):
    with pytest.raises(AnswerError):
        read_line(line)


def test_a_row_from_before_its_type_got_its_last_field_ends_before_it():
    keys = [*ROW_HEAD, "phone", "wifi"]
    block = {"type": "t", "keys": keys, "rows": [["r", "h", "v", None, None, None, "1"]]}
    page = {"page": {"feed": "f", "cursor": "c", "put": [block]}}
    (put,) = read_line(json.dumps(page).encode()).put
    stored = Stored("r", "t", put.keys, put.rows[0], deleted=False, seen="h")
    fields = (Field("wifi", "text", "latest"), Field("phone", "text", "latest"))
    record = as_record(stored, RecordType("t", "", "", fields, ()))
    assert (record.get("phone"), record.get("wifi")) == ("1", None)


@pytest.mark.parametrize(
    "row",
    [
        ["r", "h", "v", None, None],
        ["r", 7, "v", None, None, None, "1"],
        ["r", "h", "v", [], None, None, "1"],
        ["r", "h", "v", None, None, None, "1", "2"],
        "r",
        7,
    ],
)
def test_a_row_in_another_form_is_refused(row):
    block = {"type": "t", "keys": ["record", "head", "v", "vx", "c", "x", "a"], "rows": [row]}
    with pytest.raises(AnswerError):
        read_line(json.dumps({"page": {"feed": "f", "cursor": "c", "put": [block]}}).encode())


def test_another_version_of_the_protocol_is_not_read():
    hello = {"hello": {**HELLO["hello"], "protocol": 2}}
    assert ended([hello, DONE], ()).error == "another version of the protocol"


def test_a_line_without_an_end_is_not_kept_for_ever(monkeypatch):
    monkeypatch.setattr("sync.session._LINE_BYTES_MAX", 10)
    session = begun()
    session.receive(b"x" * 11)
    assert session.state == "cut"
    assert session.receive(packed(WHOLE)) == []


# What comes next -----------------------------------------------------------------------------


def following(lines, *, waiting=0, stamps=STAMPS, attempt=0):
    return after(ended(lines, stamps), waiting=waiting, attempt=attempt, draw=0.0)


def test_all_handed_in_and_no_more_is_rest():
    assert following(WHOLE) == Next("rest")


def test_more_or_work_that_waits_is_again():
    more = {"done": {"more": True, "digests": {}}}
    assert following([HELLO, *ACKS, more]).step == "again"
    assert following(WHOLE, waiting=1).step == "again"


def test_a_cut_answer_waits_shorter_if_something_came():
    assert following([HELLO], attempt=5) == Next("wait", 1_000)
    assert following([], attempt=5).wait_ms == 32_000
    assert following([DONE]).code is not None


def test_a_wipe_goes_before_everything():
    assert following([{"hello": {**HELLO["hello"], "wipe": True}}]) == Next("wipe")


@pytest.mark.parametrize(
    ("code", "step"), [("device_too_old", "update"), ("hand_in_only", "stop"), (None, "stop")]
)
def test_a_device_that_may_not_read_stops_when_all_is_handed_in(code, step):
    problem = {"code": code} if code else None
    hello = {"hello": {**HELLO["hello"], "feeds": None, "problem": problem}}
    done = {"done": {"more": False, "digests": {}}}
    assert following([hello, *ACKS, done]) == Next(step, code=code)
    assert following([hello, *ACKS, done], waiting=2).step == "again"


@pytest.mark.parametrize(
    ("code", "definite", "step"),
    [
        ("token_expired", True, "refresh"),
        ("token_unknown", True, "enrol"),
        ("not_your_device", True, "enrol"),
        ("unsupported_protocol", True, "update"),
        ("too_many_operations", True, "smaller"),
        ("busy", False, "wait"),
        ("bad_request", True, "stop"),
        ("something_new", True, "stop"),
        (None, False, "wait"),
    ],
)
def test_a_refusal_says_what_to_do(code, definite, step):
    found = after_refusal(code=code, definite=definite, retry_after_s=None, attempt=0, draw=0.0)
    assert found.step == step


def test_a_server_that_says_when_is_believed():
    found = after_refusal(code="busy", definite=False, retry_after_s=60, attempt=0, draw=0.0)
    assert found.wait_ms == 60_000


@steadily(100)
@given(st.integers(0, 200), st.floats(0, 1, exclude_max=True))
def test_waits_grow_to_a_quarter_of_an_hour_and_never_beyond(attempt, draw):
    assert 1_000 <= backoff_ms(attempt, draw) <= 15 * 60_000
    assert backoff_ms(attempt, draw) <= backoff_ms(attempt + 1, draw)
