"""The application: everything that one server process is made of, put together.

``create_app`` makes it from settings alone, so that a test, the simulator and
production run the same thing. Clock, randomness and ids come in here and nowhere else.

>>> from server.settings import Settings
>>> create_app(Settings(database_url="sqlite://", secret="x" * 32)).name
'server.app'
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

import uuid_utils
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from server import api, console, tablet
from server.attachments.collecting import collect
from server.attachments.files import Files
from server.attachments.uploads import Uploads
from server.devices import Later, StatusBook, by_timer, is_suspended
from server.door import Door, ServerStamps
from server.hints import Hints
from server.likeness import ALIKE
from server.models import db
from server.reactions import REACTIONS
from server.readers import keepers, left, may_be_told
from server.records import CATALOGUE
from server.services import EXTENSION, Services
from server.settings import Settings
from server.store import SqlStore, open_store
from server.upkeep import Upkeep
from sync.authority import Authority, Safeguards
from sync.catalogue import Catalogue
from sync.exchange import Exchange

__all__ = ["create_app", "create_services"]


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000


def _uuid7() -> str:
    return str(uuid_utils.uuid7())


def create_services(
    settings: Settings,
    *,
    now_ms: Callable[[], int] = _clock_ms,
    new_id: Callable[[], str] = _uuid7,
    draw: Callable[[int], int] = secrets.randbelow,
    store: SqlStore | None = None,
    later: Later = by_timer,
    catalogue: Catalogue = CATALOGUE,
) -> Services:
    """Engine and store for ``settings``. The database must have been migrated.

    ``store``: one that is open already, in place of what the settings name. ``later``: what
    calls something after a while; a timer of its own by default. ``catalogue``: the record
    types of another version, which the store must have been opened with.
    """
    store = store or open_store(settings, catalogue)
    broken = {settings.broken: False} if settings.broken else {}
    authority = Authority(
        catalogue,
        next_stamp=ServerStamps(draw).next,
        new_id=lambda _now_ms: new_id(),
        reactions=REACTIONS,
        alike=ALIKE,
        may_be_told=may_be_told,
        keepers=keepers,
        suspended=lambda tx, user, device: is_suspended(tx.cursor, user, device),
        left=left,
        safeguards=Safeguards(**broken),
        codec=store.codec,
    )
    uploads = Uploads(
        store,
        Files(settings.data_dir / "attachments"),
        most_bytes=settings.photo_bytes,
        now_ms=now_ms,
        draw=draw,
    )
    return Services(
        settings=settings,
        catalogue=catalogue,
        store=store,
        authority=authority,
        exchange=Exchange(catalogue, store, authority, lease_days=int(settings.lease_days)),
        door=Door(catalogue, store, authority, now_ms=now_ms, new_id=new_id),
        status=StatusBook(store, later=later),
        upkeep=Upkeep(
            store,
            authority,
            now_ms=now_ms,
            horizon_days=int(settings.horizon_days),
            daily=(lambda now_ms: collect(uploads, now_ms=now_ms, lately=True),),
        ),
        uploads=uploads,
        hints=Hints(store),
        now_ms=now_ms,
        new_id=new_id,
        draw=draw,
    )


def create_app(
    settings: Settings,
    *,
    now_ms: Callable[[], int] = _clock_ms,
    new_id: Callable[[], str] = _uuid7,
    draw: Callable[[int], int] = secrets.randbelow,
) -> Flask:
    """The Flask application for ``settings``."""
    app = Flask(__name__, static_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.production,
        MAX_CONTENT_LENGTH=16 * 1024 * 1024,
    )
    served = create_services(settings, now_ms=now_ms, new_id=new_id, draw=draw)
    app.extensions[EXTENSION] = served
    db.init_app(app)
    api.register(app)
    console.register(app)
    tablet.register(app)
    if (proxies := int(settings.proxies)) > 0:
        # Without it everybody has the proxy's address, and one attacker uses up all their tries.
        trusted = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=0)
        app.wsgi_app = trusted  # type: ignore[method-assign]
    return app
