"""A newer version: the catalogue of a server that was upgraded while tablets were out.

Types got fields at their end, a field was taken over by another one, and a choice has another
code. Tablets that have not been told yet hand in work in the old words, and show rows whose
last members they do not know. Both catalogues are made once in a process.

>>> NEWER.schema - CATALOGUE.schema
1
>>> "dwellings" in specs_of(NEWER.schema)["building"].policy
True
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from simulator.exploration.office import CATALOGUE
from simulator.exploration.oracle.ledger import TypeSpec, read_specs
from sync.catalogue import Catalogue, Field, Upcast

__all__ = ["NEWER", "specs_of"]

_ADDED: Mapping[str, tuple[Field, ...]] = {
    "building": (
        Field("dwellings", "integer", "latest", "户数", "Dwellings"),
        Field("access", "longtext", "text", "进出说明", "How to get in"),
    ),
    "home_visit": (
        Field("minutes", "integer", "sum", "用时", "Minutes"),
        Field("topics", "tags", "set", "话题", "Topics"),
        Field("told", "log", "append", "告知", "What was told"),
    ),
    "unit": (Field("desk", "text", "ask", "窗口", "Desk"),),
}
"""Type → the fields that it got."""

_UPCASTS = (
    Upcast(CATALOGUE.schema + 1, "building", renamed={"doors": "dwellings"}),
    Upcast(CATALOGUE.schema + 1, "home_visit", recoded={"purpose": {"care": "caring"}}),
)


def _newer() -> Catalogue:
    types = []
    for spec in CATALOGUE:
        fields = spec.fields
        if spec.name == "home_visit":
            # Rows of before keep the old code, and it stays one of the choices.
            more = {"caring": ("关怀走访", "Care visit")}
            fields = tuple(
                replace(one, choices={**one.choices, **more}) if one.name == "purpose" else one
                for one in fields
            )
        if spec.name in _ADDED:
            spec = replace(spec, fields=(*fields, *_ADDED[spec.name]), schema=spec.schema + 1)
        types.append(spec)
    return Catalogue(*types, schema=CATALOGUE.schema + 1, oldest=CATALOGUE.oldest, upcasts=_UPCASTS)


NEWER = _newer()
"""What the server serves after its upgrade."""


@cache
def specs_of(schema: int) -> Mapping[str, TypeSpec]:
    """The types as the oracle reads them from the catalogue document of a schema."""
    told = NEWER if schema >= NEWER.schema else CATALOGUE
    return read_specs(json.loads(json.dumps(told.describe())))
