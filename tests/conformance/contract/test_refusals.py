"""Requests that are refused whole: each with its documented problem, in the caller's language."""

import gzip
import json
import socket

import pytest

from tests.conformance.contract.wire import ProblemError, Wire

EXCHANGE = "/sync/v1/exchange"
JSON = {"Content-Type": "application/json"}
GZIP = JSON | {"Content-Encoding": "gzip"}
UNPACKED_MAX = 8 * 1024 * 1024


def deep(levels):
    return b'{"operations": ' + b"[" * levels + b"]" * levels + b"}"


BODIES = {
    "not JSON": (b"{nope", JSON, 400, "not_json"),
    "nothing": (b"", JSON, 400, "not_json"),
    "not UTF-8": ('{"device": "é"}'.encode("latin-1"), JSON, 400, "not_json"),
    "nested too deep": (deep(100_000), JSON, 400, "too_deep"),
    "gzip cut short": (gzip.compress(b"{}" * 1000)[:-9], GZIP, 400, "not_gzip"),
    "not gzip": (b"{}", GZIP, 400, "not_gzip"),
    "a bomb": (gzip.compress(b" " * 20 * UNPACKED_MAX), GZIP, 413, "too_large"),
    "too large": (b" " * (UNPACKED_MAX + 1), JSON, 413, "too_large"),
    "packed otherwise": (b"{}", JSON | {"Content-Encoding": "br"}, 415, "unsupported_encoding"),
}

MEMBERS = {
    "another device's": ({"device": "zzzzzzzz"}, 403, "not_your_device"),
    "no device": ({"device": None}, 400, "bad_request"),
    "protocol 2": ({"protocol": 2}, 400, "unsupported_protocol"),
    "operations that are no list": ({"operations": {}}, 400, "bad_request"),
    "a checkpoint that is no object": ({"checkpoint": []}, 400, "bad_request"),
    "100,000 operations": ({"operations": [{}] * 100_000}, 413, "too_many_operations"),
    "5,001 operations": ({"operations": [{}] * 5_001}, 413, "too_many_operations"),
}


def problem_of(wire, *arguments, **named):
    with pytest.raises(ProblemError) as caught:
        wire.send(*arguments, **named)
    problem = caught.value
    document = problem.document
    assert problem.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "code", "definite"} <= set(document)
    assert document["status"] == problem.status
    return problem


@pytest.mark.parametrize(("body", "headers", "status", "code"), BODIES.values(), ids=BODIES)
def test_a_body_that_cannot_be_read_is_refused(crew, body, headers, status, code):
    token = crew.li.token
    problem = problem_of(crew.li.wire, "POST", EXCHANGE, body, token=token, headers=headers)
    assert (problem.status, problem.code) == (status, code)
    if status == 413:
        assert str(UNPACKED_MAX) in problem.document["detail"]
    crew.li.sync()


@pytest.mark.parametrize(("members", "status", "code"), MEMBERS.values(), ids=MEMBERS)
def test_a_request_that_is_not_right_is_refused(crew, members, status, code):
    body = crew.li.request(**members)
    problem = problem_of(crew.li.wire, "POST", EXCHANGE, body, token=crew.li.token)
    assert (problem.status, problem.code) == (status, code)


@pytest.mark.parametrize(("token", "code"), [(None, "no_token"), ("invented", "token_unknown")])
def test_a_request_without_a_known_token_is_refused(crew, token, code):
    problem = problem_of(crew.li.wire, "POST", EXCHANGE, crew.li.request(), token=token)
    assert (problem.status, problem.code) == (401, code)


def test_a_problem_is_told_in_the_language_that_was_asked_for(crew):
    for language, title in (("en", "No device token was sent."), ("zh-CN", "缺少设备令牌。")):
        problem = problem_of(Wire(crew.li.wire.port, language), "POST", EXCHANGE, {})
        assert problem.document["title"] == title
        assert problem.headers["content-language"] == language[:2]


def test_addresses_and_methods_that_are_not_there_are_problems_too(crew):
    assert problem_of(crew.li.wire, "GET", "/sync/v1/nothing").code == "not_found"
    assert problem_of(crew.li.wire, "GET", EXCHANGE).code == "method_not_allowed"


def test_a_body_that_is_too_long_is_refused_before_it_is_read(crew):
    lines = [
        f"POST {EXCHANGE} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {crew.li.token}",
        "Content-Type: application/json",
        "Content-Length: 900000000",
    ]
    with socket.create_connection(("127.0.0.1", crew.li.wire.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert json.loads(answer.split(b"\r\n\r\n")[1])["code"] == "too_large"


def test_a_packed_answer_and_a_plain_one_say_the_same(crew):
    body, token = crew.li.request(checkpoint={}), crew.li.token
    packed = crew.li.wire.send("POST", EXCHANGE, body, token=token)
    plain = {"Accept-Encoding": "identity"}
    unpacked = crew.li.wire.send("POST", EXCHANGE, body, token=token, headers=plain)
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in unpacked.headers
    assert packed.headers["content-type"] == "application/x-ndjson"
    assert packed.lines()[1:] == unpacked.lines()[1:]
