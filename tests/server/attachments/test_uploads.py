"""Photos through the door: in pieces, after losses, and to nobody whose business they are not."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from server.attachments import uploads
from server.attachments.collecting import collect
from server.models import db
from server.settings import Settings
from server.store import migrate
from sync.scope import SYSTEM
from tests.server.attachments.pictures import PLACE, jpeg, png
from tests.server.office import SECRET, Office, bearer, json_of, open_office
from tests.server.security.tablet import GRID, Tablet, made

DOOR = "/sync/v1/attachments"
PHOTO = jpeg()
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def metadata(**told: str) -> str:
    pairs = (f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in told.items())
    return ",".join(pairs)


class Sender:
    """A tablet of a worker in the grid, with a visit that shows a photo."""

    def __init__(self, office: Office, *feeds: str) -> None:
        self.office = office
        self.tablet = Tablet.enrolled(office, *(feeds or (f"grid:{GRID}",)))
        self.headers = bearer(self.tablet.told["token"])
        self.record = office.served.new_id()

    def ask(self, method: str, path: str, data: Any = b"", **headers: str) -> TestResponse:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.office.client.open(
            path, method=method, data=data, headers={**self.headers, **TUS, **told}
        )

    def begin(self, photo: bytes = PHOTO, **changed: str) -> TestResponse:
        told = {"sha256": digest(photo), "record": self.record, **changed}
        return self.ask(
            "POST", DOOR, Upload_Length=str(len(photo)), Upload_Metadata=metadata(**told)
        )

    def begun(self, photo: bytes = PHOTO) -> str:
        answer = self.begin(photo)
        assert answer.status_code == 201, answer.data
        return answer.headers["Location"]

    def piece(self, place: str, at: int, data: bytes, **headers: str) -> TestResponse:
        told: dict[str, Any] = {
            **headers,
            "Upload_Offset": str(at),
            "Content-Type": PIECE["Content-Type"],
        }
        return self.ask("PATCH", place, data, **told)

    def send(self, photo: bytes = PHOTO) -> str:
        place = self.begun(photo)
        answer = self.piece(place, 0, photo)
        assert answer.status_code == 204, answer.data
        return place

    def visit(self, photo: bytes | None = PHOTO) -> None:
        """Hand in a visit that refers to a photo."""
        home = made(self.office, "household", grid=GRID)
        fields = {
            "grid": GRID, "household": home.id, "worker": self.tablet.user,
            "at": self.office.clock.now_ms, "photo": digest(photo) if photo else None,
        }  # fmt: skip
        op = self.tablet.op("create", self.record, fields, type="home_visit")
        assert self.tablet.send(op)[0]["outcome"] == "applied"

    def look(self, photo: bytes = PHOTO, record: str | None = None, **headers: str) -> TestResponse:
        return self.ask("GET", f"{DOOR}/{digest(photo)}?record={record or self.record}", **headers)


@pytest.fixture
def sender(tmp_path: Path) -> Iterator[Sender]:
    """A sender to an office on a database in memory."""
    settings = Settings(database_url="sqlite://", data_dir=tmp_path, secret=SECRET, photo_mb="1")
    opened = open_office(settings)
    with opened.served.store.engine.begin() as connection:
        db.metadata.create_all(connection)
    yield Sender(opened)
    opened.served.store.close()


@pytest.fixture
def any_sender(database_url: str, tmp_path: Path) -> Iterator[Sender]:
    """A sender to an office on a SQLite file, and on PostgreSQL."""
    settings = Settings(database_url=database_url, data_dir=tmp_path, secret=SECRET, photo_mb="1")
    migrate(settings)
    opened = open_office(settings)
    yield Sender(opened)
    opened.served.store.close()


def code_of(answer: TestResponse) -> str:
    return str(json_of(answer)["code"])


def test_a_photo_is_sent_in_pieces_and_shown_without_its_place(any_sender: Sender):
    sender = any_sender
    place = sender.begun()
    for at in range(0, len(PHOTO), 100):
        answer = sender.piece(place, at, PHOTO[at : at + 100])
        assert answer.status_code == 204
        assert answer.headers["Upload-Offset"] == str(min(at + 100, len(PHOTO)))
        assert answer.headers["Tus-Resumable"] == "1.0.0"
    sender.visit()
    shown = sender.look()
    assert shown.status_code == 200
    assert shown.content_type == "image/jpeg"
    assert PLACE not in shown.data
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert shown.headers["Content-Disposition"].startswith("inline; filename=")
    assert shown.headers["Cache-Control"] == "private, no-cache"


def test_of_a_photo_nothing_stays_on_the_disk_that_tells_its_place(sender: Sender):
    sender.send()
    kept = [path for path in sender.office.served.settings.data_dir.rglob("*") if path.is_file()]
    assert any(path.name == digest(PHOTO) for path in kept)
    attachments = [path for path in kept if "attachments" in path.parts]
    assert not any(PLACE in path.read_bytes() for path in attachments)


def test_a_photo_may_be_had_in_parts_and_is_not_sent_twice(sender: Sender):
    sender.send()
    sender.visit()
    whole = sender.look()
    part = sender.look(Range="bytes=2-9")
    assert (part.status_code, part.data) == (206, whole.data[2:10])
    assert sender.look(Range="bytes=999999-").data == whole.data
    again = sender.look(If_None_Match=whole.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")


def unbound(sender: Sender, photo: bytes = PHOTO, **told: str) -> str:
    """Send a photo without saying for which record, and answer its address."""
    begun = sender.ask(
        "POST", DOOR, Upload_Length=str(len(photo)), Upload_Metadata=metadata(**told)
    )
    place = begun.headers["Location"]
    half = len(photo) // 2
    assert sender.piece(place, 0, photo[:half]).status_code == 204
    assert sender.ask("HEAD", place).headers["Upload-Offset"] == str(half)
    assert sender.piece(place, half, photo[half:]).status_code == 204
    return place


@pytest.mark.parametrize("told", [{}, {"sha256": digest(PHOTO)}], ids=["nothing", "its hash"])
def test_a_photo_for_no_record_is_of_those_in_which_its_sender_names_it(any_sender: Sender, told):
    sender = any_sender
    unbound(sender, **told)
    assert sender.look().status_code == 404
    sender.visit()
    assert sender.look().status_code == 200
    other = Sender(sender.office)
    other.visit()
    assert other.look(record=sender.record).status_code == 200
    assert code_of(other.look()) == "on_its_way"


def test_of_a_photo_for_no_record_nothing_is_compared_and_a_picture_it_must_be(sender: Sender):
    begun = sender.ask("POST", DOOR, Upload_Length="500")
    answer = sender.piece(begun.headers["Location"], 0, b"no picture at all" * 20)
    assert code_of(answer) == "not_a_picture"
    assert sender.ask("HEAD", begun.headers["Location"]).status_code == 404


def test_photos_for_no_record_are_begun_each_by_itself_and_ended(sender: Sender):
    places = {sender.ask("POST", DOOR, Upload_Length="500").headers["Location"] for _ in range(2)}
    assert len(places) == 2
    sender.office.clock.now_ms += uploads.LIFE_MS + 1
    assert collect(sender.office.served.uploads, now_ms=sender.office.clock.now_ms).unfinished == 2


def test_an_operation_may_come_before_its_photo_which_is_then_on_its_way(sender: Sender):
    sender.visit()
    answer = sender.look()
    assert (answer.status_code, code_of(answer)) == (404, "on_its_way")
    place = sender.begun()
    sender.piece(place, 0, PHOTO[:50])
    assert code_of(sender.look()) == "on_its_way"
    sender.piece(place, 50, PHOTO[50:])
    assert sender.look().status_code == 200


def test_an_upload_is_resumed_where_it_stands(sender: Sender):
    place = sender.begun()
    sender.piece(place, 0, PHOTO[:123])
    asked = sender.ask("HEAD", place)
    assert asked.headers["Upload-Offset"] == "123"
    assert asked.headers["Upload-Length"] == str(len(PHOTO))
    assert asked.headers["Cache-Control"] == "no-store"
    wrong = sender.piece(place, 100, PHOTO[100:])
    assert (wrong.status_code, code_of(wrong)) == (409, "offset_wrong")
    assert sender.piece(place, 123, PHOTO[123:]).status_code == 204


def test_beginning_again_finds_the_same_upload(sender: Sender):
    place = sender.begun()
    sender.piece(place, 0, PHOTO[:10])
    assert sender.begun() == place
    sender.piece(place, 10, PHOTO[10:])
    assert sender.begun() == place
    asked = sender.ask("HEAD", place)
    assert asked.headers["Upload-Offset"] == str(len(PHOTO))
    assert sender.piece(place, len(PHOTO), b"").status_code == 204
    assert sender.piece(place, 0, PHOTO).status_code == 409


def test_another_photo_for_the_same_record_is_another_upload(sender: Sender):
    assert sender.begun() != sender.begun(png())


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_damaged_piece_is_not_kept(sender: Sender, algorithm: str):
    place = sender.begun()
    right = base64.b64encode(hashlib.new(algorithm, PHOTO[:80]).digest()).decode()
    damaged = b"\0" + PHOTO[1:80]
    answer = sender.piece(place, 0, damaged, Upload_Checksum=f"{algorithm} {right}")
    assert (answer.status_code, code_of(answer)) == (460, "checksum_wrong")
    assert json_of(answer)["definite"] is False
    assert sender.ask("HEAD", place).headers["Upload-Offset"] == "0"
    assert (
        sender.piece(place, 0, PHOTO[:80], Upload_Checksum=f"{algorithm} {right}").status_code
        == 204
    )


@pytest.mark.parametrize("header", ["md5 AAAA", "sha1", "sha1 ???", "sha1 é", "", "crc32 AAAA"])
def test_a_checksum_that_cannot_be_computed_is_refused(sender: Sender, header: str):
    answer = sender.piece(sender.begun(), 0, PHOTO, Upload_Checksum=header)
    assert (answer.status_code, code_of(answer)) == (400, "bad_request")


def test_a_photo_with_another_hash_than_announced_is_not_kept(sender: Sender):
    place = sender.begun()
    answer = sender.piece(place, 0, PHOTO[:-1] + b"x")
    assert (answer.status_code, code_of(answer)) == (422, "hash_wrong")
    assert sender.ask("HEAD", place).status_code == 404
    sender.send()


def test_what_is_no_picture_is_refused_at_its_first_bytes(sender: Sender):
    script = b"<script>alert(document.cookie)</script>" * 10
    place = sender.begun(script)
    answer = sender.piece(place, 0, script[:20])
    assert (answer.status_code, code_of(answer)) == (415, "not_a_picture")
    assert sender.ask("HEAD", place).status_code == 404


def test_an_upload_can_be_ended_and_a_finished_one_stays(sender: Sender):
    place = sender.begun()
    assert sender.ask("DELETE", place).status_code == 204
    assert sender.ask("HEAD", place).status_code == 404
    done = sender.send()
    assert sender.ask("DELETE", done).status_code == 204
    sender.visit()
    assert sender.look().status_code == 200


def test_networks_that_know_no_patch_may_say_it_otherwise(sender: Sender):
    place = sender.begun()
    answer = sender.ask(
        "POST", place, PHOTO, X_HTTP_Method_Override="PATCH", Upload_Offset="0",
        **{"Content-Type": PIECE["Content-Type"]},
    )  # fmt: skip
    assert answer.status_code == 204
    assert code_of(sender.ask("POST", place)) == "method_not_allowed"


def test_another_version_of_tus_is_told_which_one_is_spoken(sender: Sender):
    answer = sender.ask("POST", DOOR, Tus_Resumable="0.2.2")
    assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")
    told = sender.office.client.options(DOOR)
    assert told.status_code == 204
    assert told.headers["Tus-Extension"] == "creation,checksum,termination,expiration"
    assert told.headers["Tus-Max-Size"] == "1000000"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload_Length": "-1"}, 400),
        ({"Upload_Length": "9" * 30}, 400),
        ({"Upload_Length": "nonsense"}, 400),
        ({"Upload_Length": "1000001"}, 413),
        ({"Upload_Length": "0"}, 400),
        ({"Upload_Metadata": metadata(sha256=digest(PHOTO), record="y")}, 400),
        ({"Upload_Metadata": metadata(sha256="x")}, 400),
        ({"Upload_Metadata": metadata(sha256="x", record="y")}, 400),
        ({"Upload_Metadata": "sha256 \xff,record"}, 201),
        ({"Upload_Metadata": metadata(sha256="../" * 21 + "a", record="y")}, 400),
    ],
)
def test_an_upload_that_cannot_be_is_not_begun(sender: Sender, headers: dict, status: int):
    right = {
        "Upload_Length": "500",
        "Upload_Metadata": metadata(sha256=digest(PHOTO), record=sender.record),
    }
    assert sender.ask("POST", DOOR, **{**right, **headers}).status_code == status


def test_a_body_that_is_longer_than_announced_is_refused(sender: Sender):
    place = sender.begun()
    assert sender.piece(place, 0, PHOTO + b"more").status_code == 413
    assert sender.ask("HEAD", place).headers["Upload-Offset"] == "0"


def test_an_unfinished_upload_ends_after_two_weeks(sender: Sender):
    place = sender.begun()
    assert "Upload-Expires" in sender.ask("HEAD", place).headers
    sender.office.clock.pass_ms(6 * 86_400_000)
    assert sender.ask("HEAD", place).status_code == 200
    sender.office.clock.pass_ms(uploads.LIFE_MS)
    sender.headers = bearer(
        json_of(
            sender.office.client.post(
                "/sync/v1/refresh", json={"refresh": sender.tablet.told["refresh"], "nonce": "n"}
            )
        )["token"]
    )
    assert sender.ask("HEAD", place).status_code == 404
    assert sender.begun() != place


# Whose business it is ----------------------------------------------------------------------------


def test_no_door_answers_without_a_token(sender: Sender):
    for method, path in (
        ("POST", DOOR), ("HEAD", f"{DOOR}/uploads/{'0' * 26}"), ("GET", f"{DOOR}/{'a' * 64}"),
        ("PATCH", f"{DOOR}/uploads/{'0' * 26}"), ("DELETE", f"{DOOR}/uploads/{'0' * 26}"),
    ):  # fmt: skip
        answer = sender.office.client.open(path, method=method, headers=PIECE)
        assert answer.status_code == 401, (method, path)


def test_an_upload_is_nobody_elses(sender: Sender):
    place, other = sender.begun(), Sender(sender.office)
    assert other.ask("HEAD", place).status_code == 404
    assert other.piece(place, 0, PHOTO).status_code == 404
    assert other.ask("DELETE", place).status_code == 404
    assert sender.ask("HEAD", place).headers["Upload-Offset"] == "0"


def test_knowing_a_hash_grants_nothing(any_sender: Sender):
    sender = any_sender
    sender.send()
    sender.visit()
    stranger = Sender(sender.office, "grid:00000000-0000-7000-8000-0000000000ff")
    assert code_of(stranger.look(record=sender.record)) == "not_found"
    # Nor does a record of one's own that names the hash: nobody sent the photo for that one.
    colleague = Sender(sender.office)
    colleague.visit()
    assert code_of(colleague.look()) == "on_its_way"
    # Nor does an upload that was begun and not sent.
    colleague.begun()
    assert code_of(colleague.look()) == "on_its_way"
    # A colleague in the same grid sees the first one's.
    assert colleague.look(record=sender.record).status_code == 200


def test_a_record_that_refers_to_another_photo_shows_none_but_that(sender: Sender):
    sender.send()
    sender.send(png())
    sender.visit()
    assert sender.look().status_code == 200
    assert code_of(sender.look(png())) == "not_found"


def test_who_no_longer_reads_a_record_no_longer_sees_its_photo(sender: Sender):
    sender.send()
    sender.visit()
    colleague = Sender(sender.office)
    assert colleague.look(record=sender.record).status_code == 200
    sender.office.change_device(colleague.tablet.told["device"], hand_in_only=True)
    assert code_of(colleague.look(record=sender.record)) == "hand_in_only"
    ack = sender.office.served.door.delete(SYSTEM, sender.record)
    assert ack.outcome == "applied"
    assert code_of(sender.look()) == "not_found"


def test_a_suspended_device_may_still_send_what_it_has(sender: Sender):
    sender.office.change_device(sender.tablet.told["device"], suspended=True)
    sender.send()
    assert code_of(sender.look()) == "hand_in_only"


@pytest.mark.parametrize(
    "path", ["nonsense", "../" * 5, "%2e%2e%2f" * 5, "A" * 64, "a" * 63, "a" * 65, "0/0", "%00"]
)
def test_no_path_leads_anywhere_else(sender: Sender, path: str):
    for asked in (f"{DOOR}/{path}?record={sender.record}", f"{DOOR}/uploads/{path}"):
        method = "GET" if "?" in asked else "HEAD"
        assert sender.ask(method, asked).status_code in (404, 405, 308)


# Limits ------------------------------------------------------------------------------------------


def test_a_device_has_only_so_many_uploads_under_way(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(uploads, "UNFINISHED_MAX", 2)
    sender.begun(png((1, 1, 1)))
    sender.begun(png((2, 2, 2)))
    answer = sender.begin(png((3, 3, 3)))
    assert (answer.status_code, code_of(answer)) == (429, "too_many_uploads")
    assert answer.headers["Retry-After"] == "3600"


def test_a_device_sends_only_so_much_a_day(sender: Sender, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uploads, "DAY_BYTES_MAX", len(PHOTO) + 10)
    sender.send()
    assert code_of(sender.begin(png())) == "too_many_uploads"
    sender.office.clock.pass_ms(86_400_001)
    sender.begun(png())


def test_photos_leave_room_for_the_database(sender: Sender, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uploads, "FREE_BYTES_MIN", 1 << 60)
    answer = sender.begin()
    assert (answer.status_code, code_of(answer)) == (507, "no_room")


def test_two_who_send_the_same_upload_at_once_do_not_mix(any_sender: Sender):
    sender = any_sender
    place = sender.begun()
    files, found = sender.office.served.uploads.files, place.rpartition("/")[2]
    with files.appending(found):
        answer = sender.piece(place, 0, PHOTO)
    assert (answer.status_code, code_of(answer)) == (423, "upload_locked")
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(sender.piece(place, 0, PHOTO).status_code))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 204 in answers
    assert set(answers) <= {204, 409, 413, 423}
    sender.visit()
    assert sender.look().status_code == 200
