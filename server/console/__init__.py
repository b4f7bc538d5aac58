"""The console: the rooms in which a county's offices see and decide.

Pages are made on the server (Jinja), refreshed in parts (htmx), and work without any
script. What stands on them comes from projections and the ledger; what is changed on
them goes through the door, like a tablet's work.

Reading order: ``access`` (who sees what), ``shell`` (around every page), ``ledger``,
``titles``, ``wording``, then a room: ``home``, ``grids``, ``files``, ``conflicts``,
``devices``, ``waiting``, ``ahead``, ``late``, ``help_pages``.
"""

from __future__ import annotations

from flask import Flask

__all__ = ["register"]


def register(app: Flask) -> None:
    """Add the console to an application. Its services and its rate limits must be there."""
    from server.console import (
        ahead,
        conflicts,
        device_files,
        devices,
        erasing,
        events,
        file_changes,
        files,
        grids,
        help_pages,
        home,
        languages,
        late,
        ledger,
        photos,
        session,
        shell,
        waiting,
    )
    from server.console.blueprint import console

    # Importing a room hangs its views on the blueprint.
    rooms = (
        ahead,
        conflicts,
        device_files,
        devices,
        erasing,
        file_changes,
        files,
        grids,
        help_pages,
        home,
        late,
        photos,
        waiting,
    )
    assert all(rooms)
    languages.install(app)
    ledger.install(app)
    session.install(app)
    shell.install(app)
    app.register_blueprint(console)
    app.register_blueprint(events.blueprint)
