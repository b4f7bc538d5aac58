"""A device's copy of its feeds, by PROTOCOL.md alone: acks folded, pages applied, digests compared.

A device never merges: what the server sends replaces what is here. Nothing here repairs a
difference of digests either; a test must see it.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.contract.wire import Json

ROW_KEYS = ["record", "head", "v", "vx", "c", "x"]


class DifferenceError(AssertionError):
    """A digest of the device is not the server's."""


@dataclass
class Record:
    """A record of the base: its wire row, opened up."""

    type: str
    record: str
    head: str
    fields: Json
    versions: dict[str, str]
    conflicts: list[str] = field(default_factory=list)
    unknown: Json = field(default_factory=dict)

    @classmethod
    def from_row(cls, type_: str, keys: list[str], row: list[Any]) -> Record:
        assert keys[:6] == ROW_KEYS, keys
        opened: Json = dict(zip(keys, row, strict=True))
        shared: str = opened["v"]
        fields = {name: opened[name] for name in keys[6:]}
        unknown = opened["x"] or {}
        versions = dict.fromkeys([*fields, *unknown], shared) | (opened["vx"] or {})
        conflicts = opened["c"] or []
        return cls(type_, row[0], opened["head"], fields, versions, conflicts, unknown)


class Replica:
    """The base: records, which feed holds which, and how far each feed was read."""

    def __init__(self) -> None:
        self.catalogue: Json = {}
        self.hello: Json = {}
        self.feeds: list[str] = []
        self.records: dict[str, Record] = {}
        self.members: dict[str, set[str]] = {}
        self.cursors: dict[str, str] = {}
        self.rebuilding: dict[str, set[str]] = {}

    def policies(self, type_: str) -> dict[str, str]:
        return {each["name"]: each["policy"] for each in self.catalogue["types"][type_]["fields"]}

    # -- hello --------------------------------------------------------------------------------

    def greet(self, hello: Json) -> None:
        self.hello = hello
        if hello["feeds"] is not None:
            self.feeds = hello["feeds"]
        for feed in hello["reset"]:
            self.cursors.pop(feed, None)
            self.rebuilding.pop(feed, None)

    # -- acks ---------------------------------------------------------------------------------

    def acknowledge(self, operation: Json, ack: Json) -> None:
        """Fold an operation of this device into the base, as its first ack says."""
        if ack["outcome"] in ("held", "rejected"):
            return  # it moved nothing, and what it names is here as it was
        self._place(operation["record"], ack["feeds"])
        if ack["outcome"] == "applied" and "fields" not in ack:
            self._compute(operation, ack["head"])
        elif operation["record"] in self.records and ack["feeds"]:
            self._take(self.records[operation["record"]], ack)

    def _place(self, record: str, feeds: list[str]) -> None:
        for feed, members in self.members.items():
            if feed not in feeds:
                members.discard(record)
        for feed in feeds:
            self.members.setdefault(feed, set()).add(record)
            if feed in self.rebuilding:
                self.rebuilding[feed].add(record)

    def _compute(self, operation: Json, head: str) -> None:
        """The row after a plainly applied operation: its values, its stamp."""
        name, policies = operation["record"], self.policies(operation["type"])
        if operation["kind"] == "delete":
            self._forget(name)
            return
        if operation["kind"] == "create":
            versions = dict.fromkeys([*policies, *operation["fields"]], head)
            self.records[name] = Record(
                operation["type"], name, head, dict.fromkeys(policies), versions
            )
        record = self.records.get(name)
        if record is None:
            return
        record.head = head
        for field_name, value in operation["fields"].items():
            policy = policies.get(field_name, "unknown")
            home = record.unknown if policy == "unknown" else record.fields
            plain = operation["kind"] == "create"
            home[field_name] = value if plain else after(policy, home.get(field_name), value)
            record.versions[field_name] = operation["stamp"]

    def _take(self, record: Record, ack: Json) -> None:
        """Fields and versions as the server has them; of an ``append`` only the new entry."""
        policies = self.policies(record.type)
        record.head = ack["head"]
        for name, value in ack["fields"].items():
            home = record.fields if name in policies else record.unknown
            if policies.get(name) == "append":
                value = sorted([*(home.get(name) or []), *value], key=lambda entry: entry[1])
            home[name] = value
        record.versions |= ack["versions"]

    # -- pages --------------------------------------------------------------------------------

    def turn(self, page: Json) -> None:
        """Apply a page and its cursor, as if in one transaction."""
        feed = page["feed"]
        if feed not in self.cursors:
            self.rebuilding[feed] = set()
        members, sent = self.members.setdefault(feed, set()), self.rebuilding.get(feed, set())
        for put in page["put"]:
            for row in put["rows"]:
                self.records[row[0]] = Record.from_row(put["type"], put["keys"], row)
                members.add(row[0])
                sent.add(row[0])
        for name in page["deleted"]:
            self._forget(name)
        members.difference_update(page["left"])
        self.cursors[feed] = page["cursor"]

    def _forget(self, name: str) -> None:
        self.records.pop(name, None)
        for members in self.members.values():
            members.discard(name)

    # -- done ---------------------------------------------------------------------------------

    def finish(self, done: Json, *, handed_in: bool) -> None:
        """Drop what has left, then compare; ``handed_in``: nothing of the outbox waits."""
        for feed in done["digests"]:
            if feed in self.rebuilding:
                self.members[feed] &= self.rebuilding.pop(feed)
        if handed_in:
            for feed in [*self.hello["evicted"]]:
                self.members.pop(feed, None)
                self.cursors.pop(feed, None)
        if not done["more"]:
            kept = set().union(*self.members.values())
            self.records = {name: each for name, each in self.records.items() if name in kept}
        for feed, theirs in done["digests"].items():
            if self.digest(feed) != theirs:
                raise DifferenceError(f"{feed}: here {self.digest(feed)}, there {theirs}")

    def digest(self, feed: str) -> list[int]:
        """Count of live records, and the sum over them that PROTOCOL.md ("Integrity") gives."""
        live = self.members.get(feed, set()) & self.records.keys()
        total = sum(crc(name) * crc(self.records[name].head) for name in live)
        return [len(live), total % 2**48]


def crc(text: str) -> int:
    return zlib.crc32(text.encode())


def after(policy: str, present: Any, change: Any) -> Any:
    """The value that a plainly applied change leaves, where ``present`` was seen by its author."""
    if policy == "set":
        return sorted((set(present or ()) - set(change["remove"])) | set(change["add"]))
    if policy == "sum":
        return (present or 0) + change["add"]
    if policy == "workflow":
        return change["to"]
    return change
