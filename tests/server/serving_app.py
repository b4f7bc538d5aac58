"""A small WSGI application, served by the tests of the worker in processes of their own."""

from __future__ import annotations

import time


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/empty":
        start_response("204 No Content", [])
        return []
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return slowly(b"one ", b"two ", b"three")
    if path == "/slow":
        time.sleep(0.7)
    body = b"x" * 3_000_000 if path == "/large" else environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def slowly(*parts):
    for part in parts:
        yield part
        time.sleep(0.3)
