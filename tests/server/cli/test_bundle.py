"""`yuanba bundle` takes a file once, and says in words why it does not."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

from sync import bundles
from tests.server.attachments.pictures import png
from tests.server.cli.conftest import Run


def test_a_file_that_is_none_is_refused_in_words(yuanba: Run, tmp_path: Path) -> None:
    missing = yuanba("bundle", str(tmp_path / "nothing"))
    assert (missing.code, "cannot be read" in missing.err) == (2, True)
    file = tmp_path / "work.json"
    file.write_text("{}")
    refused = yuanba("bundle", str(file))
    assert (refused.code, "lacks something it needs: bundle" in refused.err) == (2, True)
    request = {"protocol": 1, "device": "k7m2p9q4", "operations": []}
    file.write_bytes(bundles.seal(request, None))
    for words in ((), ("--unsigned",)):
        unknown = yuanba("bundle", str(file), *words)
        assert (unknown.code, "is not known here" in unknown.err) == (2, True)


def test_a_file_of_an_enrolled_tablet_is_taken(yuanba: Run, tmp_path: Path) -> None:
    from server.accounts import enrolment
    from server.accounts.sessions import writing
    from server.cli.desk import open_services

    made = json.loads(yuanba("users", "--add", "Li", "--role", "grid_worker", "--json").out)
    services = open_services()
    now_ms = services.now_ms()
    with writing(services.store) as session:
        code = enrolment.issue_code(session, user=made["id"], now_ms=now_ms, draw=services.draw)
        enrolled = enrolment.enrol(
            session, key="k" * 32, code=code, nonce="n", now_ms=now_ms, draw=services.draw
        )
    services.store.close()
    file = tmp_path / "work.json"
    operation = {"stamp": f"{now_ms:012x}-0000-{enrolled.device}0000", "kind": "nonsense"}
    request = {"protocol": 1, "device": enrolled.device, "operations": [operation]}
    file.write_bytes(bundles.seal(request, None))
    assert "not signed" in yuanba("bundle", str(file)).err
    photos = tmp_path / "photos.zip"
    with zipfile.ZipFile(photos, "w") as opened:
        name = f"{made['id']}_{hashlib.sha256(png()).hexdigest()}.jpg"
        opened.writestr(f"{enrolled.device}/{name}", png())
    assert "1 photos taken: 0 were here before" in yuanba("bundle", str(photos)).out
    photos.write_bytes(b"PK\x03\x04")
    assert "lacks something it needs: zip" in yuanba("bundle", str(photos)).err
    said = yuanba("bundle", str(file), "--unsigned")
    assert said.out.startswith(f"1 changes by device {enrolled.device}: 0 were here before")
