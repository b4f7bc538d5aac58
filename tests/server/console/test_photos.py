"""A record's photo on its page."""

from __future__ import annotations

import hashlib

from sync.scope import SYSTEM
from tests.server.attachments.pictures import jpeg
from tests.server.console.browser import Browser, words_of
from tests.server.console.county import County

PHOTO = jpeg()
DIGEST = hashlib.sha256(PHOTO).hexdigest()


def visit(county: County) -> str:
    services = county.services
    record = services.new_id()
    ack = services.door.create(
        SYSTEM, "home_visit",
        {"grid": county.ids["grid11"], "household": county.ids["home1"],
         "worker": county.ids["worker1"], "at": 1, "photo": DIGEST},
        record=record,
    )  # fmt: skip
    assert ack.outcome == "applied", ack
    return record


def send(county: County, record: str) -> None:
    uploads = county.services.uploads
    begun = uploads.begin(
        device="k7m2p9q4", user=county.ids["worker1"], digest=DIGEST, record=record,
        length=len(PHOTO),
    )  # fmt: skip
    parts = [PHOTO, b""]
    uploads.take(begun, at=0, read=lambda _size: parts.pop(0), checksum=None)


def test_a_photo_is_on_its_way_and_then_on_the_page(county: County, admin: Browser) -> None:
    record = visit(county)
    page = admin.get(f"/records/{record}")
    assert "the photo is still on its way" in words_of(page)
    assert admin.get(f"/records/{record}/photo/{DIGEST}").status_code == 404
    send(county, record)
    shows = f'<img src="/records/{record}/photo/{DIGEST}"'
    assert shows in admin.get(f"/records/{record}").get_data(as_text=True)
    shown = admin.get(f"/records/{record}/photo/{DIGEST}")
    assert (shown.status_code, shown.content_type) == (200, "image/jpeg")
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_photo_is_shown_to_nobody_who_may_not_see_its_record(county: County) -> None:
    record = visit(county)
    send(county, record)
    path = f"/records/{record}/photo/{DIGEST}"
    assert Browser(county, None).get(path).status_code == 302
    assert Browser(county, "worker1").get(path).status_code == 403
    for other in ("home1", "worker1"):
        assert (
            Browser(county, "admin").get(f"/records/{county.ids[other]}/photo/{DIGEST}").status_code
            == 404
        )
