"""Vectors of what a worker is told: values that do not fit, the status. See `vectors.py`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from scripts.vectors_views import GRID
from sync.catalogue import Catalogue, Feed, Field, RecordType
from sync.intake import offset
from sync.status import Counts, status

__all__ = ["offsets", "statuses", "values"]

_PLACE = {"type": "Point", "coordinates": [108.8, 27.7]}
_HALF = {"type": "Point", "coordinates": ["108.8", 27.7]}
_CHOICES = {"a": ("甲", "A"), "b": ("乙", "B")}

KINDS = RecordType(
    "kinds",
    "各种",
    "Kinds",
    fields=(
        Field("text", "text", "latest"),
        Field("required", "text", "latest", required=True),
        Field("longtext", "longtext", "text"),
        Field("integer", "integer", "sum"),
        Field("number", "number", "latest"),
        Field("boolean", "boolean", "latest"),
        Field("date", "date", "latest"),
        Field("instant", "instant", "highest"),
        Field("choice", "choice", "latest", choices=_CHOICES),
        Field("tags", "tags", "set", choices=_CHOICES),
        Field("words", "tags", "set"),
        Field("reference", "reference", "ask", to="grid"),
        Field("attachment", "attachment", "latest"),
        Field("geometry", "geometry", "latest"),
        Field("log", "log", "append"),
    ),
    feeds=(Feed("shared"),),
)


def _values() -> Iterator[tuple[str, Any]]:
    odd: tuple[Any, ...] = (None, "", 7, True, [], {})
    for name in KINDS.index:
        yield from ((name, value) for value in odd)
    yield from (("text", value) for value in ("甲" * 1_000, "甲" * 1_001, "𠮷" * 1_000, "a\0"))
    yield from (("longtext", value) for value in ("a\nb", "甲" * 1_001))
    yield from (("integer", value) for value in (-3, 2.5, 2**53 - 1, 2**53, "7"))
    yield from (("number", value) for value in (-3.5, 2.0**53, "7"))
    yield from (("boolean", value) for value in (False, "true"))
    yield from (
        ("date", value)
        for value in (
            *("2026-01-31", "2024-02-29", "2000-02-29", "0001-01-01"),
            *("2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "0000-01-01"),
            *("20260131", "2026-1-31", "2026-01-31T00", "2026/01/31", "2026-W05-6"),
        )
    )
    yield from (("instant", value) for value in (0, 1_763_900_000_000, 0.5))
    yield from (("choice", value) for value in ("a", "c"))
    yield from (("tags", value) for value in (["a"], ["a", "c"], ["a", 7], ["a"] * 201))
    yield from (("words", value) for value in (["任意"], ["甲" * 101], ["a\0"], ["a"] * 201))
    yield from (("reference", value) for value in (GRID, GRID.upper()[:-2] + "A1", GRID[:-1]))
    yield from (("attachment", value) for value in ("0f" * 32, "0F" * 32, "0f" * 31))
    yield from (("geometry", value) for value in (_PLACE, _HALF, {"type": "Point"}))
    yield ("geometry", {**_PLACE, "name": "a\0"})
    yield ("log", "走访")


def values() -> Mapping[str, Any]:
    """What is wrong with a value, in the words that stand beside its input."""
    cases = [
        {
            "name": f"{place}: {name}", "type": "kinds", "field": name, "value": value,
            "problem": KINDS.by_name[name].problem(value),
        }
        for place, (name, value) in enumerate(_values())
    ]  # fmt: skip
    about = "`problem`: what is wrong with the `value` of a field (zh, en), or null."
    return {"about": about, "catalogue": Catalogue(KINDS).describe(), "cases": cases}


def offsets() -> Mapping[str, Any]:
    """What a tablet takes its clock to be off by, after an answer."""
    bounds = ((1_050, 1_000, 1_040), (9_000, 8_500, 8_500), (500, 1_000, 2_001))
    known = (None, -5_000, -1_502, -1_501, -1_000, -501, 0, 9, 10, 50, 69, 70, 500, 501)
    cases = [
        {
            "server_ms": server_ms,
            "sent_ms": sent_ms,
            "now_ms": now_ms,
            "known": before,
            "offset_ms": offset(server_ms, sent_ms, now_ms, before),
        }
        for server_ms, sent_ms, now_ms in bounds
        for before in known
    ]
    return {"cases": cases}


def statuses() -> Mapping[str, Any]:
    """What may be said of the work on a tablet."""
    cases = []
    for waiting, kept, handed_in_ms, sending, reachable in itertools.product(
        (0, 3), (0, 2), (None, 9), (False, True), (False, True)
    ):
        counts = Counts(waiting, None, kept, handed_in_ms)
        said = status(counts, sending=sending, reachable=reachable)
        cases.append(
            {
                "waiting": waiting, "kept": kept, "handed_in_ms": handed_in_ms,
                "sending": sending, "reachable": reachable,
                "what": said.what, "zh": said.words("zh"), "en": said.words("en"),
            }
        )  # fmt: skip
    about = (
        "`waiting` operations in the outbox, `kept` ones held or rejected, the end of the last "
        "whole exchange that left nothing (`handed_in_ms`), whether one is under way (`sending`) "
        "and whether the last one reached the server: what is so, and the line that says it."
    )
    return {"about": about, "cases": cases}
