"""Personal data: which fields say something about somebody, and can be erased at their request.

A record has a skeleton that others need (which grid, which door, who came, how an order stands)
and flesh that is about a person. The law gives a person a right to the flesh.

``RELATED`` says which records are about the same person or home, so that a request to erase
one is not answered by half. Names in the texts of other records nobody can find by machine:
the page says so to who erases.

>>> "phone" in PERSONAL["resident"], "household" in PERSONAL["resident"]
(True, False)
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["PERSONAL", "RELATED", "SKELETON"]

PERSONAL: Mapping[str, tuple[str, ...]] = {
    "household": (
        "householder",
        "phone",
        "housing",
        "care_level",
        "tags",
        "visits",
        "last_visit",
        "first_contact",
        "notes",
        "log",
        "origin",
    ),
    "resident": (
        "name",
        "sex",
        "birth",
        "kinship",
        "ethnic",
        "phone",
        "registered",
        "residing",
        "occupation",
        "tags",
        "notes",
    ),
    "resident_restricted": ("citizen_id", "controlled", "notes"),
    "home_visit": ("purpose", "present", "notes", "photo"),
    "work_order": (
        "title",
        "description",
        "place",
        "point",
        "contact",
        "result",
        "log",
        "photo",
        "result_photo",
    ),
    "user": ("name", "phone"),
    "notice": ("text", "before", "after"),
}
"""Record type → the fields that are erased."""

SKELETON: Mapping[str, tuple[str, ...]] = {
    "household": ("grid", "building", "compound", "entrance", "floor", "room"),
    "resident": ("grid", "household"),
    "resident_restricted": ("resident", "grid"),
    "home_visit": ("grid", "household", "worker", "at"),
    "work_order": (
        "grid",
        "household",
        "source",
        "kind",
        "class",
        "area",
        "business",
        "reported_by",
        "reported_at",
        "status",
        "lead_unit",
        "assist_units",
        "accepted_by",
        "solved",
        "satisfied",
        "returns",
        "dispatched_at",
        "due_at",
    ),
    "user": ("role", "unit", "street", "community", "lang", "active"),
    "notice": ("user", "about", "outcome", "code", "about_type", "about_record", "read"),
}
"""Record type → the fields that stay. A test holds that every field is in one of the two."""

RELATED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "household": (("resident", "household"), ("home_visit", "household")),
    "resident": (("resident_restricted", "resident"),),
}
"""Record type → (type, its reference) of the records that are about the same."""
