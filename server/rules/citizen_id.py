"""Citizen IDs: tell a mistyped 公民身份号码 from a good one (GB 11643-1999).

A number is six digits of an administrative division, eight of the birth date,
three of a sequence (odd for men, even for women) and a check character. Field
workers copy it by hand, so one wrong or two swapped digits are what happens.

Why it is harder than it looks: the division is where the number was first
issued, not where its holder lives, and divisions are renumbered (Jiangkou was
522222 before 2011 and is 520621 since). A check that demands a known division
refuses real people, so this one does not look at it. Synthetic people are
given prefix 99, which is no province, and pass for the same reason.

Invariants
    * ``problem`` is None exactly for 18 characters whose check character and
      birth date agree with the standard.

This module never reads the time: a caller who minds births in the future
passes ``today``. Whether a number belongs to somebody is not decided here.

>>> problem("99222219900307439X"), problem("992222199003074392")
(None, 'checksum')
>>> birth("99222219900307439X"), sex("99222219900307439X")
(datetime.date(1990, 3, 7), '1')
"""

from __future__ import annotations

import datetime
from typing import Final, Literal

__all__ = ["LENGTH", "Problem", "birth", "canonical", "check_character", "problem", "sex"]

LENGTH: Final = 18

#: GB 11643: the weight of each of the seventeen digits, and the check character by remainder.
WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS: Final = "10X98765432"

#: Nobody alive was born before; an earlier year is a slip of the hand.
EARLIEST_YEAR: Final = 1900

Problem = Literal["length", "characters", "date", "checksum"]

_DIGITS: Final = frozenset("0123456789")
_ZERO: Final = ord("0")


def canonical(text: str) -> str:
    """The number as it is stored: no spaces, the check character in upper case.

    >>> canonical(" 992222 19900307 439x ")
    '99222219900307439X'
    """
    return "".join(text.split()).upper()


def check_character(body: str) -> str:
    """The eighteenth character for the first seventeen digits (ISO 7064 MOD 11-2).

    >>> check_character("99222219900307439")
    'X'
    """
    total = sum(weight * (ord(digit) - _ZERO) for weight, digit in zip(WEIGHTS, body, strict=True))
    return CHECK_CHARACTERS[total % 11]


def problem(citizen_id: str, *, today: datetime.date | None = None) -> Problem | None:
    """What is wrong with a canonical number, the plainest first; None if nothing is.

    ``today`` refuses births after that day.
    """
    if len(citizen_id) != LENGTH:
        return "length"
    body = citizen_id[:-1]
    if not _DIGITS.issuperset(body) or citizen_id[-1] not in CHECK_CHARACTERS:
        return "characters"
    born = _date(citizen_id)
    if born is None or born.year < EARLIEST_YEAR or (today is not None and born > today):
        return "date"
    return None if check_character(body) == citizen_id[-1] else "checksum"


def birth(citizen_id: str) -> datetime.date:
    """The birth date in a number without a problem. Raises ValueError for another."""
    born = _date(citizen_id)
    if born is None:
        raise ValueError("the number holds no date")
    return born


def sex(citizen_id: str) -> Literal["1", "2"]:
    """The sex in a number without a problem, by GB/T 2261.1: '1' male, '2' female."""
    return "1" if int(citizen_id[16]) % 2 else "2"


def _date(citizen_id: str) -> datetime.date | None:
    digits = citizen_id[6:14]
    try:
        return datetime.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
