"""Stamps: never the same, always later, whatever the clock does."""

from __future__ import annotations

import pytest

from sync.errors import Refusal
from sync.stamps import (
    BASE32,
    Stamps,
    base32,
    device_of,
    is_device,
    is_server,
    is_stamp,
    wall_of,
)

DEVICE, OPENED = "k7m2p9q4", "x3f8"


def stamps(last=None, *, opened=OPENED):
    return Stamps(device=DEVICE, incarnation=opened, last=last)


def test_stamps_of_one_moment_are_counted():
    source = stamps()
    made = [source.next(now_ms=5) for _ in range(3)]
    assert [stamp[13:17] for stamp in made] == ["0000", "0001", "0002"] and made == sorted(made)


def test_a_clock_that_goes_back_stops_nothing():
    source = stamps()
    made = [source.next(now_ms=now) for now in (1_000, 10, 0, 999, 1_000, 1_001)]
    assert made == sorted(set(made)) and [wall_of(one) for one in made] == [1_000] * 5 + [1_001]


def test_a_counter_that_overflows_moves_the_wall_on():
    source = stamps(f"{1_000:012x}-ffff-{DEVICE}{OPENED}")
    assert source.next(now_ms=1_000) == f"{1_001:012x}-0000-{DEVICE}{OPENED}"
    assert source.next(now_ms=1_000) == f"{1_001:012x}-0001-{DEVICE}{OPENED}"


def test_a_replica_that_is_opened_again_goes_on_after_its_last_stamp():
    last = stamps().next(now_ms=5_000)
    again = stamps(last, opened="0000")
    assert again.next(now_ms=4_000) > last and again.next(now_ms=6_000)[:12] == f"{6_000:012x}"


def test_a_backup_that_is_opened_beside_its_original_makes_other_stamps():
    last = stamps().next(now_ms=5_000)
    made = {stamps(last, opened=one).next(now_ms=5_000) for one in ("aaaa", "bbbb")}
    assert len(made) == 2


@pytest.mark.parametrize(
    ("device", "opened", "last"),
    [
        ("short", OPENED, None),
        ("k7m2p9qI", OPENED, None),
        ("k7m2p9qo", OPENED, None),
        (DEVICE, "x3f", None),
        (DEVICE, "x3fu", None),
        (DEVICE, OPENED, "yesterday"),
        (DEVICE, OPENED, ""),
    ],
)
def test_a_source_needs_a_device_an_incarnation_and_a_stamp_to_go_on_from(device, opened, last):
    with pytest.raises(Refusal, match="bad_stamp"):
        Stamps(device=device, incarnation=opened, last=last)


def test_time_has_an_end():
    source = stamps(f"{(1 << 48) - 1:012x}-ffff-{DEVICE}{OPENED}")
    for _ in range(2):
        with pytest.raises(Refusal, match="bad_stamp"):
            source.next(now_ms=0)


@pytest.mark.parametrize(
    "text",
    [
        None, 7, "", "0199a1b2c3d4-0000-k7m2p9q4x3f", "0199A1B2C3D4-0000-k7m2p9q4x3f8",
        "0199a1b2c3d4-0000-k7m2p9q4x3fl", "0199a1b2c3d4-0000-k7m2p9q4x3f8\n",
        "０199a1b2c3d4-0000-k7m2p9q4x3f8",
    ],
)  # fmt: skip
def test_what_is_no_stamp(text):
    assert not is_stamp(text)


def test_a_stamp_says_who_made_it_and_when():
    stamp = stamps().next(now_ms=7)
    assert is_stamp(stamp) and device_of(stamp) == DEVICE and wall_of(stamp) == 7
    assert not is_server(stamp)
    assert is_server(Stamps(device="srv00000", incarnation="0000").next(now_ms=7))
    assert is_device(DEVICE) and not is_device(None) and not is_device(DEVICE + "0")


def test_codes_hold_no_letter_that_is_read_as_another():
    assert not set(BASE32) & set("ilou") and len(set(BASE32)) == 32
    drawn = iter([0, 31, 10])
    assert base32(lambda _: next(drawn), 3) == "0za"
