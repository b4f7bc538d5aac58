"""Languages: the console in Chinese and in English, times in the county's zone.

Templates are written in English; the catalogue beside them holds the Chinese.
What is hard: a catalogue that must be compiled before it is seen goes stale, and
a person then reads half a page in each language. So the ``.po`` file is read as
it is, once for each process, and a test asks for every text.

Invariants
    * A person reads one language on a page: the one they chose, else the one of
      their user record, else the one of the settings.
    * A time is shown in the county's zone, whatever the server's is.

This module never guesses a language from the browser: county offices share
machines whose browsers came in English.

>>> short("zh-CN"), short("en")
('zh', 'en')
"""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import flask_babel
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, g, request
from flask_babel import Babel, Domain, format_date, format_datetime, get_locale

__all__ = [
    "CATALOGUE",
    "LANGUAGES",
    "ago",
    "at",
    "clock",
    "clock_full",
    "day",
    "gettext",
    "install",
    "iso",
    "language",
    "ngettext",
    "short",
    "span",
    "today",
]

LANGUAGES = {"zh": ("zh_Hans_CN", "zh-CN", "中文"), "en": ("en", "en", "English")}
"""Our name of a language: Babel's, HTML's, and what its speakers call it."""

CATALOGUE = Path(__file__).parent / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
COUNTY_ZONE = "Asia/Shanghai"
COOKIE = "yuanba_lang"

_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000


def gettext(text: str, /, **values: Any) -> str:
    """A text in the reader's language."""
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, num: int, /, **values: Any) -> str:
    """A text with a number in it, in the reader's language."""
    return str(flask_babel.ngettext(one, many, num, **values))


def short(locale: str) -> str:
    """``zh`` or ``en`` for any name of a locale."""
    return "zh" if locale.lower().startswith("zh") else "en"


def language() -> str:
    """The language of this request: ``zh`` or ``en``."""
    return short(str(get_locale() or "zh"))


def _chosen() -> str:
    for wanted in (request.cookies.get(COOKIE), getattr(g, "user_language", None)):
        if wanted in LANGUAGES:
            return LANGUAGES[wanted][0]
    settings = current_app.extensions["yuanba"].settings
    return LANGUAGES[settings.lang][0]


@cache
def _chinese() -> Translations:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="zh_Hans_CN")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


class _FromSource(Domain):  # type: ignore[misc]  # flask-babel has no types
    """Translations read from the ``.po`` file itself."""

    def get_translations(self) -> NullTranslations:
        return _chinese() if language() == "zh" else NullTranslations()


def install(app: Flask) -> None:
    """Give an application its languages and the filters that show times."""
    babel = Babel(
        app,
        default_locale="zh_Hans_CN",
        default_timezone=COUNTY_ZONE,
        locale_selector=_chosen,
    )
    babel.domain_instance = _FromSource()
    app.jinja_env.filters.update(
        clock=clock, clock_full=clock_full, day=day, ago=ago, span=span, iso=iso
    )
    app.jinja_env.globals.update(language=language, languages=LANGUAGES)


# Times --------------------------------------------------------------------------------------


_FIRST_MS = int(datetime(1, 1, 3, tzinfo=UTC).timestamp()) * 1000
_LAST_MS = int(datetime(9999, 12, 29, tzinfo=UTC).timestamp()) * 1000


def at(ms: int) -> datetime:
    """A moment in UTC from ms since 1970; the nearest one that a calendar has in every zone.

    A tablet may send any whole number for a time, and no page may fail on it.
    """
    return datetime.fromtimestamp(min(max(ms, _FIRST_MS), _LAST_MS) / 1000, UTC)


def iso(ms: int) -> str:
    """For ``<time datetime>``.

    >>> iso(0)
    '1970-01-01T00:00:00Z'
    """
    return at(ms).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(ms: int | None) -> str:
    """A moment to the minute, with the year only where it is not this one."""
    if ms is None:
        return ""
    zh = language() == "zh"
    this_year = format_datetime(at(ms), "yyyy") == format_datetime(at(_now_ms()), "yyyy")
    if this_year:
        return str(format_datetime(at(ms), "M月d日 HH:mm" if zh else "d MMM HH:mm"))
    return str(format_datetime(at(ms), "yyyy年M月d日 HH:mm" if zh else "d MMM yyyy HH:mm"))


def clock_full(ms: int | None) -> str:
    """A moment to the second, with everything."""
    if ms is None:
        return ""
    pattern = "yyyy年M月d日 EEE HH:mm:ss" if language() == "zh" else "EEE d MMM yyyy HH:mm:ss"
    return str(format_datetime(at(ms), pattern))


def day(value: str | None) -> str:
    """A date of a record (``YYYY-MM-DD``) as people write it."""
    if not value:
        return ""
    try:
        found = date.fromisoformat(value)
    except ValueError:
        return value
    return str(format_date(found, "yyyy年M月d日" if language() == "zh" else "d MMM yyyy"))


def ago(ms: int | None) -> str:
    """How long since a moment, in the largest unit that says enough."""
    if ms is None:
        return gettext("never")
    passed = _now_ms() - ms
    return gettext("just now") if passed < _MINUTE else gettext("%(span)s ago", span=span(passed))


def span(ms: int) -> str:
    """A length of time: minutes below an hour, hours below two days, then days."""
    ms = abs(ms)
    if ms < _MINUTE:
        return ngettext("%(num)s second", "%(num)s seconds", ms // 1000)
    if ms < _HOUR:
        return ngettext("%(num)s minute", "%(num)s minutes", ms // _MINUTE)
    if ms < 2 * _DAY:
        return ngettext("%(num)s hour", "%(num)s hours", ms // _HOUR)
    return ngettext("%(num)s day", "%(num)s days", ms // _DAY)


def today() -> str:
    """The county's date, as records write it."""
    return str(format_datetime(at(_now_ms()), "yyyy-MM-dd"))


def _now_ms() -> int:
    return int(current_app.extensions["yuanba"].now_ms())
