"""The office: the real server of production, in this process, on virtual time.

This is the only module of the explorer that imports the server. It makes the application
as ``yuanba serve`` does, with another clock, other draws and a database in memory, and
calls it as a WSGI server does. It can also do what happens to servers: lose power before or
after a commit, be closed for a migration, start again, come back from a backup.

Invariants
    * A crash keeps what was committed, and nothing else; what starts after it is a fresh
      application on that database.
    * Nothing here reads a clock or draws at random but through what it was given.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from functools import cache, cached_property
from typing import Any, NamedTuple

from flask import Flask
from sqlalchemy import Engine, make_url
from sqlalchemy.pool import StaticPool

from server.accounts.enrolment import issue_code
from server.accounts.sessions import writing
from server.accounts.supervision import confirm_replacement, take_step
from server.api.exchange import Shortcut
from server.api.limits import limiter
from server.app import create_app, create_services
from server.attachments.files import Files
from server.models import Device, db
from server.records import CATALOGUE
from server.services import EXTENSION
from server.settings import Settings
from server.store import SqliteStore, Writer
from server.store.migrate import put_marks
from server.store.sqlite import memory_connection, sqlite_engine
from server.store.tables import metadata
from simulator.exploration.photos.folder import PhotoFolder
from sync.authority import Ack
from sync.catalogue import Catalogue
from sync.errors import Problem, Refusal
from sync.scope import SYSTEM, Scope

__all__ = ["CATALOGUE", "Fallen", "Office", "Response", "empty_database"]

_URL = make_url("sqlite://")
_PART = 97
"""Bytes of a body that arrive together."""
_SECRET = "an explored county has no secrets"
_SETTINGS = Settings(database_url="sqlite://", secret=_SECRET, lang="en")


class Fallen(BaseException):
    """The power went while the server worked: whatever runs there ends here."""


class Response(NamedTuple):
    """An answer of the application: header names in lower case, the body as it was sent."""

    status: int
    headers: dict[str, str]
    body: bytes


class _Store(SqliteStore):
    """A store that fails when it is told to: at the next commit, before it or after it."""

    trap: str | None = None
    aside: str | None = None
    """What the next transaction about photos meets."""

    @cached_property
    def engine(self) -> Engine:
        """For who writes through SQLAlchemy, which few requests do: on the one connection."""
        engine = copy(_engine())
        connection: Any = self._idle[0]
        engine.pool = StaticPool(lambda: connection, dialect=engine.dialect)
        return engine

    def write(self) -> Any:
        if self.aside:
            return self._aside()
        return self._trapped() if self.trap else super().write()

    @contextmanager
    def _aside(self) -> Iterator[Writer]:
        trap, self.aside = self.aside, None
        if trap == "busy":
            raise Refusal(Problem("busy"))
        if trap == "crash_before_commit":
            raise Fallen
        with super().write() as tx:
            yield tx
        raise Fallen

    @contextmanager
    def _trapped(self) -> Iterator[Writer]:
        trap, self.trap = self.trap, None
        if trap == "busy":
            raise Refusal(Problem("busy"))
        with super().write() as tx:
            yield tx
            if trap == "crash_before_commit":
                raise Fallen
        if trap == "crash_after_commit":
            raise Fallen


class _Files(Files):
    """The photos of production, on a disk whose room is what the world says."""

    def __init__(self, folder: PhotoFolder) -> None:
        super().__init__(folder.path)
        self._told = folder

    def free_bytes(self) -> int:
        return self._told.free_bytes


class _Body(io.BytesIO):
    """A body of which only a part arrives: the connection ends, or the server falls over it."""

    def __init__(self, body: bytes, trap: str) -> None:
        super().__init__(body[: len(body) // 2])
        self._falls = trap == "crash_in_piece"

    def readinto(self, buffer: Any) -> int:
        """As sockets do: what has come. Raises ``Fallen`` where the server does not live on."""
        count = super().readinto(memoryview(buffer)[:_PART])
        if not count and self._falls:
            raise Fallen
        return count


@cache
def _flask() -> Flask:
    """The one Flask application of this process; what has a state is put in anew each time."""
    return create_app(_SETTINGS)


@cache
def _engine() -> Engine:
    """What the databases of this process share: the statements that were compiled for one."""
    engine = sqlite_engine(_URL)
    with engine.connect():
        return engine


@cache
def empty_database(epoch: str) -> bytes:
    """An image of a database that was just made."""
    store = SqliteStore(_URL, CATALOGUE)
    with store.engine.begin() as connection:
        for tables in (metadata, db.metadata):
            tables.create_all(connection)
        put_marks(connection, epoch=epoch)
    image: bytes = store.take_connection().serialize()
    store.close()
    return image


class Office:
    """One server, from one start to the next."""

    def __init__(
        self,
        image: bytes,
        *,
        now_ms: Callable[[], int],
        new_id: Callable[[], str],
        draw: Callable[[int], int],
        later: Callable[[float, Callable[[], None]], None],
        falling: Callable[[], None] = lambda: None,
        safeguards: Mapping[str, bool] | None = None,
        catalogue: Catalogue = CATALOGUE,
    ) -> None:
        self._now_ms, self._new_id, self._draw, self._later = now_ms, new_id, draw, later
        self._falling = falling
        self._safeguards = dict(safeguards or {})
        self.starts = 0
        self.closed = False
        self.catalogue = catalogue
        self.photos = PhotoFolder()
        self._take(image)
        self._start()

    # Being started, stopped, set back ---------------------------------------------------------

    def _take(self, image: bytes) -> None:
        """A database of its own, with one connection, which outlives the applications on it."""
        self.connection = memory_connection()
        self.connection.deserialize(image)

    def _start(self) -> None:
        """A fresh application on the database."""
        assert not self.connection.in_transaction, "what was not committed is gone"
        store = _Store(_URL, self.catalogue, connection=self.connection)
        served = create_services(
            _SETTINGS,
            now_ms=self._now_ms,
            new_id=self._new_id,
            draw=self._draw,
            store=store,
            later=self._later,
            catalogue=self.catalogue,
        )
        uploads = replace(served.uploads, files=_Files(self.photos))
        self.store, self.served = store, replace(served, uploads=uploads)
        inner = _flask().wsgi_app
        assert isinstance(inner, Shortcut)
        self._application = Shortcut(inner.application, self.served)
        self.starts += 1

    def image(self) -> bytes:
        """What is committed now: a backup."""
        return bytes(self.connection.serialize())

    def restart(self, image: bytes | None = None, *, epoch: str | None = None) -> None:
        """Start anew, on what is committed or on a backup; a restored server has a new epoch."""
        if image is not None:
            self._take(image)
        self._start()
        if epoch is not None:
            self.connection.execute("UPDATE meta SET value = ? WHERE name = 'epoch'", (epoch,))

    # Requests ---------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        trap: str | None = None,
    ) -> Response:
        """One request. ``trap`` is what its write transaction meets. Raises ``Fallen``."""
        _flask().extensions[EXTENSION] = self.served
        is_photo = path.startswith("/sync/v1/attachments")
        self.store.trap, self.store.aside = (None, trap) if is_photo else (trap, None)
        stream = io.BytesIO(body or b"")
        if trap in ("crash_in_piece", "piece_cut"):
            self.store.aside, stream = None, _Body(body or b"", trap)
        # Limits on refused requests go by the real clock, and by addresses, which are all one here.
        limited, limiter.enabled = limiter.enabled, False
        try:
            return _wsgi(self._application, method, path, headers, stream, len(body or b""))
        except Fallen:
            self._falling()
            self.restart()
            raise
        finally:
            self.store.trap = self.store.aside = None
            limiter.enabled = limited

    # The office's own work --------------------------------------------------------------------

    def submit(self, who: Scope, draft: Mapping[str, Any], **seen: Any) -> Ack:
        """One change by somebody at a desk, through the door."""
        return self.served.door.submit(who, [draft], **seen)[0]

    def scope(self, user: str, role: str) -> Scope:
        """Somebody at a desk who may see the whole county."""
        return SYSTEM if user == "system" else Scope(user=user, role=role, reads=None)

    def undo(self, who: Scope, stamp: str) -> Ack:
        """Put back what an operation changed."""
        return self.served.door.undo(who, stamp)

    def release(self, stamp: str) -> Ack:
        """Let a held operation go."""
        return self.served.door.release(stamp)

    def code_for(self, user: str) -> str:
        """A one-time code for a user's tablet."""
        with writing(self.store) as session:
            return issue_code(session, user=user, now_ms=self._now_ms(), draw=self._draw)

    def supervise(self, device: str, step: str, *, by: str) -> bool:
        """Take a step of supervision; False if the device is not known."""
        with writing(self.store) as session:
            found = session.get(Device, device)
            if found is None:
                return False
            if step == "confirm":
                if found.replaces is None:
                    return False
                confirm_replacement(session, found, by=by, now_ms=self._now_ms())
            else:
                take_step(session, found, step, by=by, now_ms=self._now_ms())
        return True


def _wsgi(
    application: Any,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: io.BytesIO,
    length: int,
) -> Response:
    path, _, query = path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SCRIPT_NAME": "",
        "SERVER_NAME": "county",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(length),
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input": body,
        "wsgi.errors": io.StringIO(),
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    begun: list[Any] = []

    def start(status: str, told: Any, _error: Any = None) -> Callable[[bytes], None]:
        begun[:] = [int(status[:3]), {name.lower(): value for name, value in told}]
        return lambda _data: None

    parts = application(environ, start)
    try:
        whole = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    return Response(begun[0], begun[1], whole)
