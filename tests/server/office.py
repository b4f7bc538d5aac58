"""An office for tests of the server: an application in memory, a clock, users, tablets."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from server.accounts import enrolment
from server.accounts.sessions import reading, writing
from server.app import create_app
from server.models import Audit, Device, db
from server.services import EXTENSION, Services
from server.settings import Settings
from sync.scope import SYSTEM

SECRET = "a secret that only tests know, long enough"
START_MS = 1_790_000_000_000


@dataclass
class Clock:
    """A clock that stands until a test moves it."""

    now_ms: int = START_MS

    def __call__(self) -> int:
        return self.now_ms

    def pass_ms(self, ms: int) -> None:
        self.now_ms += ms


@dataclass
class Office:
    """A running application and what a test needs around it."""

    app: Flask
    clock: Clock
    served: Services
    _nonces: Any = field(default_factory=itertools.count)

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def user(self, name: str = "王芳", role: str = "grid_worker", **fields: Any) -> str:
        user = self.served.new_id()
        ack = self.served.door.create(
            SYSTEM, "user", {"name": name, "role": role, "active": True, **fields}, record=user
        )
        assert ack.outcome == "applied", ack
        return user

    def grant(self, user: str, feed: str, *, until: int | None = None) -> str:
        fields = {"user": user, "feed": feed, "since": self.clock.now_ms, "until": until}
        assignment = self.served.new_id()
        ack = self.served.door.create(SYSTEM, "assignment", fields, record=assignment)
        assert ack.outcome == "applied", ack
        return assignment

    def code(self, user: str) -> str:
        with writing(self.served.store) as session:
            return enrolment.issue_code(
                session, user=user, now_ms=self.clock.now_ms, draw=secrets.randbelow
            )

    def enrol(self, user: str, **more: Any) -> dict[str, Any]:
        body = {
            "code": self.code(user),
            "nonce": f"nonce {next(self._nonces)}",
            "name": "平板一号",
            "platform": "test",
            **more,
        }
        answer = self.client.post("/sync/v1/enrol", json=body)
        assert answer.status_code == 200, answer.json
        return json_of(answer)

    def device(self, device: str) -> Device:
        with reading(self.served.store) as session:
            return session.get_one(Device, device)

    def change_device(self, device: str, **values: Any) -> None:
        with writing(self.served.store) as session:
            found = session.get_one(Device, device)
            for name, value in values.items():
                setattr(found, name, value)

    def audited(self) -> list[str]:
        with reading(self.served.store) as session:
            return list(session.scalars(select(Audit.what).order_by(Audit.id)))


def open_office(settings: Settings | None = None, clock: Clock | None = None) -> Office:
    """An office on these settings; on a database in memory by default."""
    clock = clock or Clock()
    app = create_app(settings or Settings(database_url="sqlite://", secret=SECRET), now_ms=clock)
    served: Services = app.extensions[EXTENSION]
    if settings is None:
        with served.store.engine.begin() as connection:
            db.metadata.create_all(connection)
    return Office(app, clock, served)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def json_of(answer: TestResponse) -> dict[str, Any]:
    """The JSON object of an answer."""
    told = answer.get_json()
    assert isinstance(told, dict), answer.data
    return told
