"""Words: the pools in ``words.toml``, read once.

Why not Faker's zh_CN pools: 57 men's names, none tied to the year of birth or
to a family, and a new release would rename the county under the same seed. ``provider.py``
goes the other way, and gives Faker these.

Nothing is drawn here.

>>> WORDS.surnames["33"].pick(0.5)
'胡'
>>> next(names.until for names in WORDS.men if names.until >= 1960)
1972
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from simulator.population.sampling import Weighted, parse

__all__ = ["WORDS", "GivenNames", "Words"]


@dataclass(frozen=True, slots=True)
class GivenNames:
    """How those born up to ``until`` are called.

    The first that hits, by its probability: ``clan``, the generation's character and one of
    ``seconds``; ``single``, one of ``singles``; ``whole``, one of ``wholes``; else one of
    ``firsts`` and one of ``seconds``.
    """

    until: int
    clan: float
    single: float
    whole: float
    singles: Weighted[str]
    wholes: Weighted[str]
    firsts: Weighted[str]
    seconds: Weighted[str]


@dataclass(frozen=True, slots=True)
class Words:
    """Surnames by ethnic group, generation poems by surname ('' is anybody's), given names from
    the oldest on, work by who does it, notes by care category, names of places with their
    suffixes."""

    surnames: Mapping[str, Weighted[str]]
    poems: Mapping[str, tuple[str, ...]]
    men: tuple[GivenNames, ...]
    women: tuple[GivenNames, ...]
    occupations: Mapping[str, Weighted[str]]
    notes: Mapping[str, tuple[str, ...]]
    places: Mapping[str, tuple[str, ...]]
    suffixes: Mapping[str, Weighted[str]]


def _given(table: Iterable[Mapping[str, Any]]) -> tuple[GivenNames, ...]:
    pools = ("singles", "wholes", "firsts", "seconds")
    return tuple(
        GivenNames(**{**row, **{pool: parse(row[pool]) for pool in pools}}) for row in table
    )


def _read() -> Words:
    text = resources.files(__package__).joinpath("words.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    places = raw["places"]
    return Words(
        surnames={group: parse(names) for group, names in raw["surnames"].items()},
        poems={name: tuple(poems.split()) for name, poems in raw["generation_poems"].items()},
        men=_given(raw["men"]),
        women=_given(raw["women"]),
        occupations={who: parse(work) for who, work in raw["occupations"].items()},
        notes={
            tag: tuple(texts.replace("\n", "").split("|")) for tag, texts in raw["notes"].items()
        },
        places={
            key.removesuffix("_names"): tuple(words.split())
            for key, words in places.items()
            if key.endswith("_names")
        },
        suffixes={
            key.removesuffix("_suffixes"): parse(words)
            for key, words in places.items()
            if key.endswith("_suffixes")
        },
    )


WORDS: Final = _read()
