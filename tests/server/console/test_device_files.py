"""An administrator takes a tablet's work from a file."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile

from sync import bundles
from tests.server.attachments.pictures import png
from tests.server.console.browser import Browser
from tests.server.console.county import County


def send(browser: Browser, data: bytes) -> str:
    page = browser.get("/devices").get_data(as_text=True)
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found
    answer = browser.client.post(
        "/devices/work",
        data={"csrf_token": found[1], "file": (io.BytesIO(data), "work.json")},
        content_type="multipart/form-data",
    )
    return browser.follow(answer)


def test_a_file_without_a_signature_is_held_for_a_look(county: County, admin: Browser) -> None:
    tablet = county.tablets["first"]
    home = county.record("home1")
    draft = tablet.draft(home, "edit", {"room": "77"}, at=1_790_000_000_000)
    request = {"protocol": 1, "device": tablet.scope.device, "operations": [draft]}
    said = send(admin, bundles.seal(request, None))
    assert "1 changes taken from the file; 1 of them wait in Kept aside" in said
    assert county.record("home1").get("room") == home.get("room")
    assert "77" in admin.text("/waiting")


def test_the_photos_beside_it_are_taken_too(county: County, admin: Browser) -> None:
    device, home = county.tablets["first"].scope.device, county.record("home1").id
    made, photo = io.BytesIO(), png()
    with zipfile.ZipFile(made, "w") as opened:
        opened.writestr(f"{device}/{home}_{hashlib.sha256(photo).hexdigest()}.jpg", photo)
        opened.writestr("holiday.jpg", b"another's")
    said = send(admin, made.getvalue())
    assert "1 photos taken from the file; 0 were here before, 1 could not be taken" in said
    assert "lacks something it needs: zip" in send(admin, made.getvalue()[:-9])


def test_what_is_no_file_of_work_is_told_in_words(county: County, admin: Browser) -> None:
    assert "not JSON" in send(admin, b"a photo")
    unknown = {"bundle": 1, "payload": json.dumps({"protocol": 1, "device": "00000000"})}
    assert "is not known here" in send(admin, json.dumps(unknown).encode())
