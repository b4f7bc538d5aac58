"""The document of the doors: complete, valid, and what it says happens when it is tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from server.api.limits import limiter
from server.api.openapi import DOORS, Door, document
from server.models import db
from server.settings import Settings
from tests.server.office import SECRET, Office, bearer, json_of, open_office
from tests.server.security.tablet import GRID, Tablet

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


def routes(office: Office) -> set[tuple[str, str]]:
    """(method, path) of every route under /sync/v1, but what every GET and route has beside."""
    found: set[tuple[str, str]] = set()
    for rule in office.app.url_map.iter_rules():
        if rule.rule.startswith("/sync/v1"):
            path = rule.rule.removeprefix("/sync/v1").replace("<", "{").replace(">", "}")
            methods = rule.methods or set()
            beside = {"OPTIONS"} if methods != {"OPTIONS"} else set()
            beside |= {"HEAD"} if "GET" in methods else set()
            found.update((method.lower(), path) for method in methods - beside)
    return found


def test_the_document_names_every_door_and_no_other(office: Office):
    assert {(door.method, door.path) for door in DOORS} == routes(office)


def test_the_document_is_served_to_anybody_and_once(office: Office):
    answer = office.client.get("/sync/v1/openapi.json")
    assert json_of(answer) == document()
    again = office.client.get(
        "/sync/v1/openapi.json", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("doors")
    given = Settings(database_url="sqlite://", data_dir=folder, secret=SECRET)
    made = open_office(given)
    with made.served.store.engine.begin() as connection:
        db.metadata.create_all(connection)
    yield made
    made.served.store.close()


@pytest.fixture(scope="module")
def token(opened: Office) -> dict[str, str]:
    return bearer(Tablet.enrolled(opened, f"grid:{GRID}").told["token"])


@pytest.fixture(scope="module")
def operations(opened: Office) -> dict[tuple[str, str], Any]:
    """(method, path) → what schemathesis makes of it."""
    schema = schemathesis.openapi.from_wsgi("/sync/v1/openapi.json", opened.app)
    found: list[Any] = [one.ok() for one in schema.get_all_operations()]  # type: ignore[union-attr]
    return {(one.method.lower(), one.path.removeprefix("/sync/v1")): one for one in found}


@pytest.fixture(scope="module")
def without_limits() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limiter, "enabled", False)
        yield


TRIED = [
    pytest.param(door, mode, id=f"{door.method} {door.path} {mode}")
    for door in DOORS
    for mode in ("allowed", "forbidden")
    if door.path not in ("/events", "/openapi.json")
    and (mode == "allowed" or door.takes or door.body)
]


@pytest.mark.usefixtures("without_limits")
@pytest.mark.parametrize(("door", "mode"), TRIED)
def test_what_the_document_allows_and_forbids_is_answered_as_it_says(
    operations: dict[tuple[str, str], Any], token: dict[str, str], door: Door, mode: str
):
    operation = operations[door.method, door.path]
    generation = GenerationMode.POSITIVE if mode == "allowed" else GenerationMode.NEGATIVE

    @settings(
        max_examples=10,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=generation))
    def ask(case: Any) -> None:
        case.headers = {**dict(case.headers or {}), **token}
        case.call_and_validate(checks=CHECKS)

    ask()
