"""The record types of the county, each declared once.

Table, validator, catalogue entry, marshmallow schema and default form of a type
follow from its declaration here; nothing about a field is said anywhere else.

>>> CATALOGUE["household"].by_name["phone"].policy
'latest'
>>> PROJECTIONS["assignment"].table
'grant'
"""

from __future__ import annotations

from collections.abc import Mapping

from server.records import households, people, places, versions, work
from server.records.projection import Projection
from sync.catalogue import Catalogue

__all__ = ["CATALOGUE", "PROJECTIONS"]

CATALOGUE = Catalogue(
    *places.TYPES,
    *households.TYPES,
    *people.TYPES,
    *work.TYPES,
    schema=versions.SCHEMA,
    oldest=versions.OLDEST,
    upcasts=versions.UPCASTS,
)
"""Every record type. Its ``schema`` goes up with each change of a type's fields."""

PROJECTIONS: Mapping[str, Projection] = {
    one.spec.name: one
    for one in (
        *places.PROJECTIONS,
        *households.PROJECTIONS,
        *people.PROJECTIONS,
        *work.PROJECTIONS,
    )
}
"""Name of a record type → its projection; types that nothing queries have none."""
