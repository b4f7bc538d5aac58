"""The floor: the same bytes by bare Flask, sqlite3 and orjson, written as anybody would.

A number of exchanges per second says little on a machine that nobody knows. So
the same client loads this application in the same run: it has no accounts, no
scope, no validation, no merge and no history worth the name, and it is what a
server in this language cannot be much faster than.

It is meant to be honest rather than slow or clever: one connection a thread, WAL,
``synchronous=FULL`` (an answer means that it is on the disk), rows read in one
SELECT by an index, JSON by orjson, gzip of level 1; a batch of edits is an
``executemany`` for each field, one for the log, one commit. Gunicorn in its
ordinary configuration for such an application: two workers of eight threads.

It is never part of the product.
"""

from __future__ import annotations

import gzip
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
from flask import Flask, Response, request

from scripts.bench_records import FILLED, Household

_COLUMNS = ("seq", "record", "head", "v", *FILLED)

_SCHEMA = f"""
CREATE TABLE record ({", ".join(_COLUMNS[1:])}, feed TEXT, seq INTEGER);
CREATE UNIQUE INDEX record_by_id ON record (record);
CREATE INDEX record_by_seq ON record (feed, seq);
CREATE TABLE log (stamp TEXT PRIMARY KEY, record TEXT, actor TEXT, at INTEGER, body BLOB);
"""
_PAGE = f"""
SELECT {", ".join(_COLUMNS)} FROM record WHERE feed = ? AND seq > ? ORDER BY seq LIMIT ?
"""  # nosec B608 - names of our own


def fill(path: Path, households: Iterable[Household]) -> None:
    """Make the database of these households, a feed for each grid."""
    connection = connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(_SCHEMA)
    ends: dict[str, int] = defaultdict(int)
    with connection:
        for one in households:
            ends[one.feed] += 1
            values = [one.values[name] for name in FILLED]
            values[FILLED.index("tags")] = orjson.dumps(one.values["tags"]).decode()
            row = (one.record, one.stamp, one.stamp, *values, one.feed, ends[one.feed])
            places = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO record VALUES ({places})", row)  # nosec B608
    connection.close()


def connect(path: Path) -> sqlite3.Connection:
    """A connection that waits for others, and whose commits are on the disk."""
    connection = sqlite3.connect(path, timeout=30)
    connection.execute("PRAGMA synchronous = FULL")
    connection.row_factory = sqlite3.Row
    return connection


def create_app(path: str) -> Flask:
    """The application over the database at ``path``."""
    app = Flask("floor")
    local = threading.local()

    def database() -> sqlite3.Connection:
        if not hasattr(local, "connection"):
            local.connection = connect(Path(path))
        connection: sqlite3.Connection = local.connection
        return connection

    @app.post("/pull")
    def pull() -> Response:
        asked = _body()
        page = (asked["feed"], asked["after"], asked["limit"] + 1)
        rows = [dict(row) for row in database().execute(_PAGE, page)]
        for row in rows:
            row["tags"] = orjson.loads(row["tags"])
        return _answer({"rows": rows[: asked["limit"]], "more": len(rows) > asked["limit"]})

    @app.post("/push")
    def push() -> Response:
        operations = _body()["operations"]
        edits = defaultdict(list)
        for one in operations:
            for name, value in one["fields"].items():
                edits[name].append((value, one["stamp"], one["record"]))
        log = [
            (one["stamp"], one["record"], one["actor"], one["at"], orjson.dumps(one))
            for one in operations
        ]
        with database() as connection:
            for name, values in edits.items():
                if name in FILLED:
                    change = f"UPDATE record SET {name} = ?, head = ? WHERE record = ?"  # nosec B608
                    connection.executemany(change, values)
            connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?)", log)
        return _answer([{"stamp": one["stamp"], "outcome": "applied"} for one in operations])

    return app


def _body() -> Any:
    content = request.get_data()
    if request.headers.get("Content-Encoding") == "gzip":
        content = gzip.decompress(content)
    return orjson.loads(content)


def _answer(content: object) -> Response:
    body = gzip.compress(orjson.dumps(content), compresslevel=1)
    return Response(body, headers={"Content-Encoding": "gzip"}, content_type="application/json")
