"""A small WSGI application, served by the tests of the worker in processes of their own."""

from __future__ import annotations

import threading
import time

from server.slow import aside


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/empty":
        start_response("204 No Content", [])
        return []
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return slowly(b"one ", b"two ", b"three")
    if path == "/waits":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return waits()
    if path == "/aside":
        with aside("transfer"):
            time.sleep(0.05)
    if path == "/threads":
        alive = [one for one in threading.enumerate() if one.name == "turn"]
        start_response("200 OK", [])
        return [str(len(alive)).encode()]
    if path == "/slow":
        time.sleep(0.7)
    body = b"x" * 3_000_000 if path == "/large" else environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def waits():
    with aside("stream") as turns:
        yield b"begun "
        while not turns.ending:
            time.sleep(0.05)


def slowly(*parts):
    for part in parts:
        yield part
        time.sleep(0.3)
