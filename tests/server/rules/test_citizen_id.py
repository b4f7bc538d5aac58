"""The citizen ID check: what it refuses, and what it must not refuse."""

import datetime

import pytest

from server.rules import citizen_id

GOOD = "99222219900307439X"


def with_check(body):
    return body + citizen_id.check_character(body)


def test_the_example_printed_in_the_standard_passes():
    assert citizen_id.problem("11010519491231002X") is None
    assert citizen_id.problem("440524188001010014") == "date"  # 1880: nobody lives that long
    assert citizen_id.check_character("44052418800101001") == "4"


def test_a_good_number_gives_birth_and_sex():
    assert citizen_id.problem(GOOD) is None
    assert citizen_id.birth(GOOD) == datetime.date(1990, 3, 7)
    assert citizen_id.sex(GOOD) == "1"
    assert citizen_id.sex(with_check("99222219900307440")) == "2"


@pytest.mark.parametrize("area", ["522222", "520621", "522201", "990621", "000000"])
def test_no_division_is_refused_since_people_move_and_divisions_are_renumbered(area):
    assert citizen_id.problem(with_check(area + "19900307439")) is None


def test_every_single_wrong_digit_is_noticed():
    for place in range(17):
        for digit in "0123456789":
            wrong = GOOD[:place] + digit + GOOD[place + 1 :]
            assert (citizen_id.problem(wrong) is None) == (wrong == GOOD), wrong


def test_every_swap_of_two_neighbouring_digits_is_noticed():
    for place in range(16):
        swapped = GOOD[:place] + GOOD[place + 1] + GOOD[place] + GOOD[place + 2 :]
        assert (citizen_id.problem(swapped) is None) == (swapped == GOOD), swapped


@pytest.mark.parametrize("born", ["19900229", "19901301", "19900431", "00000000", "18991231"])
def test_a_day_that_never_was_is_a_wrong_date(born):
    assert citizen_id.problem(with_check(f"992222{born}439")) == "date"


def test_a_leap_day_passes():
    assert citizen_id.problem(with_check("99222220000229439")) is None


def test_a_birth_after_today_is_wrong_only_when_today_is_told():
    number = with_check("99062120300101439")
    assert citizen_id.problem(number) is None
    assert citizen_id.problem(number, today=datetime.date(2029, 12, 31)) == "date"
    assert citizen_id.problem(number, today=datetime.date(2030, 1, 1)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "length"),
        ("522222900307439", "length"),  # fifteen digits, as before 1999
        (GOOD + "0", "length"),
        ("9922221990030743XX", "characters"),
        ("99222219900307439x", "characters"),  # canonical() first
        ("99222219900307439\ud800", "characters"),
        ("９９222219900307439X", "characters"),  # full-width digits
        ("9922２219900307439X", "characters"),
    ],
)
def test_what_is_not_a_number_is_told_apart(text, expected):
    assert citizen_id.problem(text) == expected


def test_what_a_hand_types_is_made_canonical():
    assert citizen_id.problem(citizen_id.canonical("99222219900307439x ")) is None
    assert citizen_id.canonical("992222\u3000199003 07439x") == GOOD


def test_the_birth_of_nonsense_is_refused():
    with pytest.raises(ValueError, match="no date"):
        citizen_id.birth("992222199013011234")
