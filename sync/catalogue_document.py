"""The catalogue as a device reads it: record types from the document of a server.

A tablet learns what kinds of records there are from its server, and that server
may be newer than the app: with kinds of fields and policies that the app has never
heard of. It must still show and carry them.

Invariants
    * Reading what a ``Catalogue`` describes gives a catalogue that describes the same.
    * A kind or policy unknown to this program reads as a text of policy ``latest``:
      shown as it is, changed as a whole, never merged here.

>>> from sync.catalogue import Field
>>> spec = RecordType("h", "户", "h", (Field("phone", "text", "latest", "电话", "Phone"),), ())
>>> read_catalogue(Catalogue(spec, schema=3).describe())["h"] == spec
True
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync.catalogue import KINDS, Catalogue, Feed, Field, RecordType, Transition, Workflow
from sync.policies import POLICIES

__all__ = ["read_catalogue"]

Document = Mapping[str, Any]


def read_catalogue(document: Document) -> Catalogue:
    """The record types that ``GET /sync/v1/catalogue`` tells.

    Raises ``KeyError`` or ``TypeError`` if the document is not a catalogue.
    """
    types = [_type(name, told) for name, told in document["types"].items()]
    return Catalogue(*types, schema=document["schema"])


def _type(name: str, told: Document) -> RecordType:
    zh, en = _words(told.get("label"))
    return RecordType(
        name,
        zh,
        en,
        fields=tuple(_field(one) for one in told["fields"]),
        feeds=tuple(Feed(rule["kind"], rule.get("by")) for rule in told["feeds"]),
        who={kind: tuple(roles) for kind, roles in (told.get("who") or {}).items()},
        identity=tuple(tuple(key) for key in told.get("identity") or ()),
        workflow=_workflow(told["workflow"]) if told.get("workflow") else None,
        schema=told.get("schema", 1),
    )


def _field(told: Document) -> Field:
    zh, en = _words(told.get("label"))
    kind, policy = told["kind"], told["policy"]
    if kind not in KINDS or policy not in POLICIES or kind not in POLICIES[policy].kinds:
        kind, policy = "text", "latest"
    choices = {one["value"]: _words(one.get("label")) for one in told.get("choices") or ()}
    return Field(
        told["name"],
        kind,
        policy,
        zh,
        en,
        required=bool(told.get("required")),
        choices=choices,
        to=told.get("to"),
        clock=bool(told.get("clock")),
    )


def _workflow(told: Document) -> Workflow:
    return Workflow(
        told["field"],
        told["initial"],
        tuple(_transition(step) for step in told["transitions"]),
    )


def _transition(step: Document) -> Transition:
    zh, en = _words(step.get("label"))
    return Transition(
        step["name"],
        step["from"],
        step["to"],
        tuple(step["who"]),
        tuple(step.get("requires") or ()),
        zh,
        en,
    )


def _words(label: Document | None) -> tuple[str, str]:
    label = label or {}
    return label.get("zh", ""), label.get("en", "")
