"""Uploads of which something went wrong at the server, and photos whose record went elsewhere."""

from __future__ import annotations

import pytest

from server.attachments.files import Files, Kept
from sync.scope import SYSTEM
from tests.server.attachments.test_uploads import (
    PHOTO,
    Sender,
    any_sender,
    code_of,
    digest,
    sender,
)

__all__ = ["any_sender", "sender"]


def test_a_photo_is_shown_with_the_record_into_which_its_own_was_merged(any_sender: Sender):
    sender, other = any_sender, Sender(any_sender.office)
    sender.send()
    sender.visit()
    other.visit(None)
    reads = Sender(sender.office)
    door, system = sender.office.served.door, SYSTEM
    assert code_of(reads.look(record=other.record)) == "not_found"
    assert door.edit(system, other.record, {"photo": digest(PHOTO)}).outcome == "applied"
    assert code_of(reads.look(record=other.record)) == "on_its_way", "the hash was only copied"
    ack = door.merge(system, sender.record, other.record)
    assert ack.outcome == "applied"
    assert reads.look(record=other.record).status_code == 200
    assert code_of(reads.look(record=sender.record)) == "not_found"
    assert ack.stamp is not None
    assert door.undo(system, ack.stamp).outcome == "merged"
    assert code_of(reads.look(record=other.record)) == "on_its_way"
    assert reads.look(record=sender.record).status_code == 200


def test_what_was_all_there_when_the_server_died_is_put_in_its_place_at_the_next_look(
    any_sender: Sender,
):
    sender = any_sender
    place = sender.begun()
    with sender.office.served.uploads.files.appending(place.rpartition("/")[2]) as file:
        file.write(PHOTO)
    sender.visit()
    assert code_of(sender.look()) == "on_its_way"
    assert sender.ask("HEAD", place).headers["Upload-Offset"] == str(len(PHOTO))
    assert sender.look().status_code == 200


def test_an_upload_that_was_ended_at_its_last_byte_is_not_said_to_be_here(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
):
    place = sender.begun()
    keep = Files.keep

    def ended(files: Files, upload: str, hashed: str) -> Kept:
        sender.ask("DELETE", place)
        return keep(files, upload, hashed)

    monkeypatch.setattr(Files, "keep", ended)
    assert sender.piece(place, 0, PHOTO).status_code == 404


def test_a_picture_that_is_lost_is_not_said_to_be_here(any_sender: Sender):
    """The folder came back from an older backup than the database."""
    sender = any_sender
    place = sender.send()
    sender.visit()
    sender.office.served.uploads.files.remove(digest(PHOTO))
    assert code_of(sender.look()) == "on_its_way"
    assert sender.ask("HEAD", place).status_code == 404
    assert code_of(sender.piece(place, len(PHOTO), b"")) == "not_found"
    again = sender.send()
    assert again != place
    assert sender.look().status_code == 200
    assert sender.begin().headers["Location"] == again
