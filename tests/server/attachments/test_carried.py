"""Photos from a tablet's file: taken once, completed, and never unpacked without bounds."""

from __future__ import annotations

import io
import zipfile

import pytest

from server.attachments import carried
from sync.errors import Refusal
from tests.server.attachments.pictures import png
from tests.server.attachments.test_uploads import PHOTO, Sender, digest, sender

__all__ = ["sender"]


def archive(*files: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as opened:
        for name, data in files:
            opened.writestr(name, data)
    made.seek(0)
    return made


def named(sender: Sender, photo: bytes, *, hash_of: bytes | None = None) -> tuple[str, bytes]:
    device = sender.tablet.told["device"]
    return f"{device}/{sender.record}_{digest(hash_of or photo)}.jpg", photo


def take(sender: Sender, file: io.BytesIO) -> tuple[int, int, int]:
    return carried.take(sender.office.served.uploads, file)[1:]


def test_a_photo_is_taken_once_and_shown_with_its_record(sender: Sender) -> None:
    sender.visit()
    assert sender.look().status_code == 404
    file = archive(named(sender, PHOTO), named(sender, png()))
    assert take(sender, file) == (2, 0, 0)
    assert sender.look().status_code == 200
    assert take(sender, file) == (0, 2, 0)


def test_what_came_half_over_the_network_is_completed(sender: Sender) -> None:
    sender.visit()
    place = sender.begun()
    sender.piece(place, 0, PHOTO[:100])
    assert take(sender, archive(named(sender, PHOTO))) == (1, 0, 0)
    assert sender.look().status_code == 200
    # The tablet that finds its network again is told that nothing is left to send.
    assert sender.ask("HEAD", place).headers["Upload-Offset"] == str(len(PHOTO))


def test_what_is_no_photo_of_a_known_tablet_is_passed_over(sender: Sender) -> None:
    device = sender.tablet.told["device"]
    file = archive(
        named(sender, b"%PDF-1.7 " + bytes(400)),
        named(sender, png(), hash_of=png((1, 2, 3))),
        (f"00000000/{sender.record}_{digest(PHOTO)}.jpg", PHOTO),
        (f"{device}/draft_{digest(PHOTO)}.jpg", PHOTO),
        ("../../etc/passwd", b"root"),
        named(sender, png(size=700)),
        named(sender, PHOTO),
    )
    assert take(sender, file) == (1, 0, 6)


def test_nothing_packed_is_unpacked(sender: Sender) -> None:
    file = archive(named(sender, PHOTO), method=zipfile.ZIP_DEFLATED)
    assert take(sender, file) == (0, 0, 1)


@pytest.mark.parametrize("cut", [10, 60, -5])
def test_a_broken_file_is_refused_in_words(sender: Sender, cut: int) -> None:
    data = archive(named(sender, PHOTO)).getvalue()[:cut]
    with pytest.raises(Refusal) as refused:
        take(sender, io.BytesIO(data))
    assert refused.value.problem.code == "bad_request"
