"""The doors of the sync protocol: HTTP in front of the engine, one module a door."""

from __future__ import annotations

from flask import Flask

from server.services import EXTENSION

__all__ = ["register"]


def register(app: Flask) -> None:
    """Open the doors of ``/sync/v1/`` and answer every refusal there as a problem document."""
    from server.api import (
        attachments,
        bundle,
        catalogue,
        enrol,
        exchange,
        limits,
        openapi,
        problems,
        refresh,
        repair,
        reveals,
    )

    limits.limiter.init_app(app)
    problems.register(app)
    doors = (attachments, bundle, catalogue, enrol, exchange, openapi, refresh, repair, reveals)
    for door in doors:
        app.register_blueprint(door.blueprint)
    shortcut = exchange.Shortcut(app.wsgi_app, app.extensions[EXTENSION])
    app.wsgi_app = shortcut  # type: ignore[assignment]
