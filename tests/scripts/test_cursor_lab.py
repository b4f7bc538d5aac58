"""The cursor lab in short, and the loss that it looks for, made to happen every time."""

from __future__ import annotations

import contextlib

import pytest

from scripts.cursor_lab import Found, PlainSequence, main, observe, subject_of, verdict


@pytest.mark.parametrize("part", ["sqlite", "postgres"])
def test_a_follower_of_eight_writers_misses_nothing(part, request):
    url = request.getfixturevalue(f"{part}_url")
    with subject_of(part, url) as subject:
        found = observe(part, subject, writers=8, seconds=3)
    assert found.missed == 0
    assert found.written > 50
    assert found.looks > 5


def test_a_plain_sequence_loses_the_row_that_is_stored_after_a_later_one(postgres_url):
    """What the feeds' lock prevents: the number is given at once, and seen at the commit."""
    with contextlib.closing(PlainSequence(postgres_url)) as plain:
        look, seen = plain.follower(), {}
        slow, quick = plain.connect(), plain.connect()
        with plain.writing(slow, "first"):
            with plain.writing(quick, "second"):
                pass
            seen |= look()
        seen |= look()
        rows = quick.execute("SELECT record FROM line ORDER BY seq").fetchall()
    assert rows == [("first",), ("second",)], "both are stored"
    assert seen == {"second": ""}, "and whoever looked in between never sees the first"


def test_the_lab_fails_where_a_row_was_missed_and_where_it_could_not_have_been_seen():
    good, bad = Found("postgres", 1, 9, 9, 0), Found("postgres", 1, 9, 9, 1)
    sharp, blunt = Found("plain", 1, 9, 9, 1), Found("plain", 1, 9, 9, 0)
    assert verdict([good, sharp]) == []
    assert len(verdict([bad, blunt])) == 2


def test_a_writer_that_fails_ends_the_lab_with_its_error():
    class Broken:
        def writer(self, number):
            raise KeyError("no table")

        def follower(self):
            return dict

    with pytest.raises(KeyError):
        observe("broken", Broken(), writers=2, seconds=5)


def test_the_lab_runs_from_its_command_line(capsys):
    assert main(["--seconds", "0.2", "--writers", "2", "--only", "sqlite"]) == 0
    assert "0 never seen" in capsys.readouterr().out
