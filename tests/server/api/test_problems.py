"""Problem documents: one form for everything that goes wrong, in the caller's language."""

from __future__ import annotations

import logging

import pytest
from flask import Flask, abort

from server.api import problems
from sync.errors import PROBLEMS, Problem, Refusal
from tests.server.office import Office, json_of


@pytest.fixture
def app() -> Flask:
    app = Flask("problems")
    problems.register(app)

    @app.get("/sync/busy")
    def busy():
        raise Refusal(Problem("busy"))

    @app.get("/sync/fails")
    def fails():
        raise ValueError("王芳 lives at 3-2-501")

    @app.get("/sync/<int:status>")
    def with_status(status: int):
        abort(status)

    return app


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        (None, "zh"),
        ("", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-TW", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.5", "en"),
        ("fr-FR", "en"),
        ("nonsense;;;", "en"),
    ],
)
def test_problems_are_told_in_the_callers_language(office: Office, header: str | None, lang: str):
    headers = {} if header is None else {"Accept-Language": header}
    answer = office.client.get("/sync/v1/catalogue", headers=headers)
    assert json_of(answer)["detail"] == Problem("no_token").message(lang)
    assert answer.headers["Content-Language"] == lang


def test_a_problem_document_has_every_member_of_the_contract(app: Flask):
    answer = app.test_client().get("/sync/busy", headers={"Accept-Language": "en"})
    assert answer.content_type == "application/problem+json"
    assert answer.status_code == 503
    assert answer.json == {
        "type": "urn:yuanba:problem:busy",
        "title": "The server is busy.",
        "status": 503,
        "detail": "The server is busy. Repeat the request shortly.",
        "code": "busy",
        "definite": False,
        "retry_after_s": 2,
    }
    assert answer.headers["Retry-After"] == "2"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "bad_request"),
        (404, "not_found"),
        (405, "method_not_allowed"),
        (413, "too_large"),
        (429, "too_many_requests"),
        (500, "server_error"),
        (501, "server_error"),
        (503, "busy"),
    ],
)
def test_what_flask_raises_is_told_as_a_problem(app: Flask, status: int, code: str):
    answer = app.test_client().get(f"/sync/{status}")
    assert answer.status_code == PROBLEMS[code].status
    assert json_of(answer)["code"] == code


def test_other_addresses_keep_flasks_own_pages(app: Flask):
    answer = app.test_client().get("/nowhere")
    assert (answer.status_code, answer.content_type) == (404, "text/html; charset=utf-8")


def test_a_refused_method_says_which_are_allowed(office: Office):
    answer = office.client.get("/sync/v1/enrol")
    assert json_of(answer)["code"] == "method_not_allowed"
    assert answer.headers["Allow"] == "OPTIONS, POST"


def test_a_failure_is_logged_by_place_and_never_by_what_it_held(
    app: Flask, caplog: pytest.LogCaptureFixture
):
    answer = app.test_client().get("/sync/fails")
    assert (answer.status_code, json_of(answer)["code"]) == (500, "server_error")
    assert json_of(answer)["definite"] is False
    assert "ValueError at" in caplog.text
    assert "in fails" in caplog.text
    assert "王芳" not in caplog.text
    assert "王芳" not in answer.text
    assert [one.levelno for one in caplog.records] == [logging.ERROR]
