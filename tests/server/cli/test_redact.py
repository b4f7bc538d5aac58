"""`yuanba redact` says what it reaches, asks, and erases."""

from __future__ import annotations

from server.cli.desk import open_services
from sync.scope import SYSTEM
from tests.server.cli.conftest import Run


def test_a_person_is_erased_with_a_purpose_and_a_yes(yuanba: Run) -> None:
    yuanba("users")
    services = open_services()
    record = services.new_id()
    fields = {"grid": services.new_id(), "name": "欧阳修远"}
    services.door.create(SYSTEM, "resident", fields, record=record)
    assert yuanba("redact", record, "--purpose", "x", "--yes").code == 2
    assert yuanba("redact", services.new_id(), "--purpose", "asked", "--yes").code == 2
    said = yuanba("redact", record, "--purpose", "asked by letter", "--related", "--yes")
    assert "This cannot be undone." in said.out and "Erased in 1 records." in said.out
    with services.store.read() as snapshot:
        assert snapshot.records([record])[record].get("name") != "欧阳修远"
    services.store.close()
