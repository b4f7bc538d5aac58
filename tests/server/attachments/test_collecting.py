"""What is over is removed, and nothing that anything names."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from server.attachments import collecting, table
from server.attachments.collecting import LATELY_MS, WAITS_MS, collect
from server.attachments.files import Files
from server.attachments.uploads import LIFE_MS
from server.models import Attachment
from sync.scope import SYSTEM
from tests.server.attachments.pictures import png
from tests.server.attachments.test_uploads import DOOR, PHOTO, Sender, any_sender, digest, sender

__all__ = ["any_sender", "sender"]


def later(sender: Sender, ms: int) -> int:
    sender.office.clock.pass_ms(ms)
    return sender.office.clock.now_ms


def lies_here(sender: Sender, photo: bytes) -> bool:
    return sender.office.served.uploads.files.path(digest(photo)) is not None


def test_what_expired_half_sent_is_removed(any_sender: Sender):
    sender = any_sender
    place = sender.begun()
    sender.piece(place, 0, PHOTO[:100])
    uploads = sender.office.served.uploads
    assert collect(uploads, now_ms=later(sender, LIFE_MS - 1)).unfinished == 0
    now_ms = later(sender, 1)
    assert collect(uploads, now_ms=now_ms, dry=True)[::2] == (1, 100)
    assert uploads.files.arriving() != []
    assert collect(uploads, now_ms=now_ms).unfinished == 1
    assert uploads.files.arriving() == []
    assert collect(uploads, now_ms=now_ms).unfinished == 0


def test_a_photo_that_no_operation_ever_named_is_removed_after_its_time(any_sender: Sender):
    sender = any_sender
    sender.send()
    sender.send(png())
    sender.visit(png())
    uploads = sender.office.served.uploads
    assert collect(uploads, now_ms=later(sender, WAITS_MS - 1)).unreferred == 0
    assert collect(uploads, now_ms=later(sender, 1)).unreferred == 1
    assert not lies_here(sender, PHOTO)
    assert lies_here(sender, png())
    assert sender.begin().status_code == 401  # the token is long over; the upload is forgotten


def test_a_photo_that_was_replaced_stays_for_who_puts_it_back(sender: Sender):
    sender.send()
    sender.visit()
    ack = sender.office.served.door.edit(SYSTEM, sender.record, {"photo": None})
    assert ack.outcome == "applied"
    now_ms = later(sender, 2 * WAITS_MS)
    assert collect(sender.office.served.uploads, now_ms=now_ms).unreferred == 0


def test_a_photo_that_a_waiting_operation_names_stays(sender: Sender):
    sender.send()
    sender.office.change_device(sender.tablet.told["device"], suspended=True)
    fields = {"grid": "00000000-0000-7000-8000-0000000000a1", "photo": digest(PHOTO),
              "household": sender.record, "worker": sender.tablet.user, "at": 1}  # fmt: skip
    op = sender.tablet.op("create", sender.record, fields, type="home_visit")
    assert sender.tablet.send(op)[0]["outcome"] == "held"
    now_ms = later(sender, 2 * WAITS_MS)
    assert collect(sender.office.served.uploads, now_ms=now_ms).unreferred == 0


def test_a_picture_that_was_sent_for_two_records_goes_with_the_last(sender: Sender):
    sender.send()
    sender.record = sender.office.served.new_id()
    later(sender, 1_000)
    sender.send()
    uploads = sender.office.served.uploads
    assert collect(uploads, now_ms=later(sender, WAITS_MS - 1)).unreferred == 1
    assert lies_here(sender, PHOTO)
    assert collect(uploads, now_ms=later(sender, 1)).unreferred == 1
    assert not lies_here(sender, PHOTO)


def test_pieces_of_an_upload_that_was_ended_meanwhile_are_swept_up(sender: Sender):
    uploads = sender.office.served.uploads
    uploads.files.begin("0" * 26)
    collect(uploads, now_ms=sender.office.clock.now_ms)
    assert uploads.files.arriving() == []


def test_what_is_begun_while_it_looks_is_not_swept_up(sender: Sender, monkeypatch):
    places = []
    look = collecting._unnamed

    def slowly(*seen):
        places.append(sender.begun())
        return look(*seen)

    monkeypatch.setattr(collecting, "_unnamed", slowly)
    uploads = sender.office.served.uploads
    collect(uploads, now_ms=sender.office.clock.now_ms)
    assert sender.piece(places[0], 0, PHOTO).status_code == 204
    assert lies_here(sender, PHOTO)


def test_a_picture_that_a_dying_server_had_put_in_its_place_goes_with_its_upload(sender: Sender):
    place = sender.begun()
    uploads = sender.office.served.uploads
    with uploads.files.appending(place.rpartition("/")[2]) as file:
        file.write(PHOTO)
    uploads.files.keep(place.rpartition("/")[2], digest(PHOTO))
    assert lies_here(sender, PHOTO)
    assert collect(uploads, now_ms=later(sender, LIFE_MS)).unfinished == 1
    assert not lies_here(sender, PHOTO)


def test_the_server_does_it_by_itself_once_a_day(sender: Sender):
    sender.send()
    place = sender.begun(png())
    upkeep, uploads = sender.office.served.upkeep, sender.office.served.uploads
    assert upkeep.tick()
    later(sender, LIFE_MS)
    assert upkeep.tick()
    assert uploads.files.arriving() == [] and place
    later(sender, WAITS_MS - LIFE_MS)
    assert upkeep.tick()
    assert not lies_here(sender, PHOTO)


def test_a_daily_round_looks_only_at_what_ended_lately(sender: Sender):
    sender.send()
    uploads = sender.office.served.uploads
    long_after = later(sender, WAITS_MS + LATELY_MS)
    assert collect(uploads, now_ms=long_after, lately=True).unreferred == 0
    assert collect(uploads, now_ms=long_after).unreferred == 1


def test_pieces_that_a_killed_process_left_behind_are_removed(sender: Sender):
    """They were put in their place, and the place, camera and time are in them still."""
    place, uploads = sender.begun(), sender.office.served.uploads
    sender.piece(place, 0, PHOTO[:100])
    sender.piece(place, 100, PHOTO[100:])
    left = place.rpartition("/")[2]
    uploads.files.begin(left)
    assert uploads.files.arriving() == [left]
    collect(uploads, now_ms=later(sender, 1), lately=True)
    assert uploads.files.arriving() == []
    assert lies_here(sender, PHOTO)


def test_a_picture_that_belongs_to_no_upload_is_removed(any_sender: Sender):
    sender = any_sender
    sender.send()
    uploads = sender.office.served.uploads
    with uploads.store.engine.begin() as connection:
        connection.execute(delete(Attachment))
    assert collect(uploads, now_ms=later(sender, 1), lately=True).strays == 0
    assert collect(uploads, now_ms=later(sender, 1), dry=True).strays == 1
    assert lies_here(sender, PHOTO)
    assert collect(uploads, now_ms=later(sender, 1)).strays == 1
    assert not lies_here(sender, PHOTO)


def test_a_picture_whose_upload_is_about_to_name_it_stays(sender: Sender):
    answer = sender.ask("POST", DOOR, Upload_Length=str(len(PHOTO)))
    place, uploads = answer.headers["Location"], sender.office.served.uploads
    upload = place.rpartition("/")[2]
    with uploads.files.appending(upload) as file:
        file.write(PHOTO)
    uploads.files.keep(upload, digest(PHOTO))
    assert collect(uploads, now_ms=later(sender, 1)).strays == 0
    assert lies_here(sender, PHOTO)
    assert sender.ask("HEAD", place).headers["Upload-Offset"] == str(len(PHOTO))
    assert collect(uploads, now_ms=later(sender, 1)).strays == 0


def test_while_an_upload_ends_no_stray_picture_is_looked_for(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
):
    sender.ask("POST", DOOR, Upload_Length=str(len(PHOTO)))
    sender.send()
    uploads = sender.office.served.uploads
    with uploads.store.engine.begin() as connection:
        connection.execute(delete(Attachment).where(Attachment.hash != ""))

    def ended(_files: Files, upload: str) -> str:
        raise FileNotFoundError(upload)

    monkeypatch.setattr(Files, "digest", ended)
    assert collect(uploads, now_ms=later(sender, 1)).strays == 0
    assert lies_here(sender, PHOTO)


def test_a_picture_that_is_cleared_away_just_before_its_upload_names_it_is_put_back(
    sender: Sender, monkeypatch
):
    files = sender.office.served.uploads.files
    place = sender.ask("POST", DOOR, Upload_Length=str(len(PHOTO))).headers["Location"]
    keep = Files.keep

    def kept_and_swept(self: Files, upload: str, named: str):
        told = keep(self, upload, named)
        monkeypatch.setattr(Files, "keep", keep)
        files.remove(named)
        return told

    monkeypatch.setattr(Files, "keep", kept_and_swept)
    sender.piece(place, 0, PHOTO)
    assert lies_here(sender, PHOTO)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_picture_that_is_erased_while_its_upload_ends_does_not_come_back(
    any_sender: Sender, monkeypatch, moment: str
):
    sender = any_sender
    uploads = sender.office.served.uploads
    place = sender.begun()
    keep, end = Files.keep, Files.end
    late: list[str] = []

    def erased() -> None:
        # Another process: what it removes after its transaction goes a moment later.
        monkeypatch.setattr(Files, "end", lambda _, upload: late.append(upload))
        with uploads.store.read() as snapshot:
            gone = table.of_records(snapshot, [sender.record], [digest(PHOTO)])
        collecting.forget(uploads, gone)
        monkeypatch.setattr(Files, "end", end)

    def kept(self, upload, named):
        monkeypatch.setattr(Files, "keep", keep)
        if moment == "before":
            erased()
        told = keep(self, upload, named)
        if moment == "after":
            erased()
        return told

    monkeypatch.setattr(Files, "keep", kept)
    assert sender.piece(place, 0, PHOTO).status_code == 404
    for upload in late:
        uploads.files.end(upload)
    assert not lies_here(sender, PHOTO)
    assert uploads.files.arriving() == []
