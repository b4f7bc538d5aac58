"""Pictures keep their pixels and lose what they tell besides."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.attachments.pictures import NotAPicture, clean, kind_of
from tests.server.attachments.pictures import PLACE, SCAN, jpeg, png, webp

PICTURES = {"image/png": png(), "image/jpeg": jpeg(), "image/webp": webp()}


@pytest.mark.parametrize("kind", PICTURES)
def test_nothing_tells_where_a_picture_was_taken(kind):
    assert PLACE in PICTURES[kind]
    told, picture = clean(PICTURES[kind])
    assert told == kind == kind_of(picture)
    assert PLACE not in picture
    assert b"GPS" not in picture


@pytest.mark.parametrize("kind", PICTURES)
def test_a_clean_picture_stays_as_it_is(kind):
    once = clean(PICTURES[kind])[1]
    assert clean(once) == (kind, once)


def test_a_picture_without_notes_is_kept_byte_by_byte():
    assert clean(png(notes=False))[1] == png(notes=False)


def test_the_pixels_of_a_photo_and_its_colours_stay():
    picture = clean(jpeg())[1]
    assert SCAN in picture
    assert b"ICC_PROFILE" in picture
    assert picture.endswith(b"\xff\xd9")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stays_the_right_way_up(orientation):
    picture = clean(jpeg(orientation=orientation))[1]
    told = struct.pack(">HHIH", 0x0112, 3, 1, orientation)
    assert (told in picture) == (orientation != 1)


def test_a_webp_no_longer_announces_the_notes_that_are_gone():
    picture = clean(webp())[1]
    assert picture[20] == 0x20  # the profile is still there
    assert struct.unpack_from("<I", picture, 4)[0] == len(picture) - 8


@pytest.mark.parametrize(
    "data",
    [b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"PK\3\4"]
    + [picture[:end] for picture in PICTURES.values() for end in (12, 40, len(picture) // 2)]
    + [b"\xff\xd8\xff\xd9", b"RIFF\x04\0\0\0WEBP", b"\x89PNG\r\n\x1a\n" + bytes(12)],
)
def test_what_is_no_whole_picture_is_refused(data):
    with pytest.raises(NotAPicture):
        clean(data)


def test_a_png_whose_checksum_is_wrong_is_refused():
    broken = bytearray(png())
    broken[-20] ^= 1
    with pytest.raises(NotAPicture):
        clean(bytes(broken))


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.sampled_from(sorted(PICTURES)), st.data())
def test_damaged_pictures_are_cleaned_or_refused_and_nothing_else(kind, data):
    picture = bytearray(PICTURES[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(picture) - 1))
        picture[place] = data.draw(st.integers(0, 255))
    try:
        told, cleaned = clean(bytes(picture))
    except NotAPicture:
        return
    assert told in PICTURES
    assert len(cleaned) <= len(picture) + 64
