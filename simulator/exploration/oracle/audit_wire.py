"""The audit of the wire: what the server says to a tablet, against what it may say and knows."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from simulator.exploration.oracle.audit_horizon import past_horizon
from simulator.exploration.oracle.ledger import Ledger

__all__ = ["Exchange", "audit_answer", "read_exchange"]

Wrong = tuple[int, str]

_GZIP_WINDOW = 31


class Exchange(NamedTuple):
    """A request and its answer, as JSON."""

    asked: Mapping[str, Any]
    hello: Mapping[str, Any]
    acks: Sequence[Mapping[str, Any]]
    pages: Sequence[Mapping[str, Any]]
    done: Mapping[str, Any]

    @property
    def rows(self) -> int:
        """How many rows it brings."""
        return sum(len(put["rows"]) for page in self.pages for put in page["put"])


def _plain(body: bytes, encoding: str | None) -> bytes:
    return zlib.decompress(body, _GZIP_WINDOW) if encoding == "gzip" else body


def read_exchange(
    sent: Mapping[str, str], asked: bytes, told: Mapping[str, str], answer: bytes
) -> Exchange:
    """Both bodies, unpacked and parsed."""
    request = orjson.loads(_plain(asked, sent.get("content-encoding")))
    whole = _plain(answer, told.get("content-encoding"))
    lines = [orjson.loads(line) for line in whole.splitlines()]
    kinds: dict[str, list[Any]] = {"hello": [], "ack": [], "page": [], "done": []}
    for line in lines:
        ((kind, value),) = line.items()
        kinds[kind].append(value)
    return Exchange(request, kinds["hello"][0], kinds["ack"], kinds["page"], kinds["done"][0])


def audit_answer(
    ledger: Ledger, told: Exchange, user: str, allowed: frozenset[str]
) -> Iterator[Wrong]:
    """Everything that is wrong with one answer. ``allowed``: the feeds that the user may read."""
    feeds = told.hello["feeds"]
    if feeds is None:
        if told.pages or any(ack.get("fields") for ack in told.acks):
            yield 4, "a device that may only hand in was told of records"
    elif ledger.hands_in_only(told.asked["device"]):
        yield 4, f"{told.asked['device']} may only hand in, and was told what it reads"
    elif set(feeds) != allowed:
        more, less = sorted(set(feeds) - allowed), sorted(allowed - set(feeds))
        yield 4, f"{user} is told to read {more} more and {less} less than granted"
    elif (
        missing := set(told.asked.get("checkpoint") or ()) - set(feeds) - set(told.hello["evicted"])
    ):
        yield 4, f"the feeds {sorted(missing)} are read no more, and the device is not told"
    for page in told.pages:
        yield from _page(ledger, page, allowed)
        yield from _erased(ledger, told, page)
    yield from _acks(ledger, told, allowed)
    for feed, (count, total) in told.done["digests"].items():
        if feed not in allowed:
            yield 4, f"a digest of {feed}, which is not granted"
        own = ledger.own_digest(feed)
        if own != (count, total):
            yield 12, f"the digest of {feed} is told as {count, total} and is {own}"


def _page(ledger: Ledger, page: Mapping[str, Any], allowed: frozenset[str]) -> Iterator[Wrong]:
    feed = page["feed"]
    if feed not in allowed:
        yield 4, f"a page of {feed}, which is not granted"
    for put in page["put"]:
        for row in put["rows"]:
            known = ledger.rows.get(row[0])
            if known is None or known.deleted or list(known.raw) != row:
                yield 1, f"{feed} was sent a row of {row[0]} that the server does not have"
            elif feed not in known.feeds():
                yield 4, f"{put['type']} {row[0]} was sent in {feed}, where it is not"
    for record in page["deleted"]:
        known = ledger.rows.get(record)
        if known is None or not known.deleted:
            yield 1, f"{feed} was told that {record} is deleted, and it is not"
    for record in page["left"]:
        known = ledger.rows.get(record)
        if known is not None and not known.deleted and feed in known.feeds():
            yield 1, f"{feed} was told that {record} left, and it is there"


def _erased(ledger: Ledger, told: Exchange, page: Mapping[str, Any]) -> Iterator[Wrong]:
    feed = page["feed"]
    is_anew = feed in told.hello["reset"] or feed not in (told.asked.get("checkpoint") or ())
    # A cursor that is merely too old has been told of no erasure since.
    is_anew = is_anew and feed not in past_horizon(told)
    for record in page.get("redacted", ()):
        known = ledger.rows.get(record)
        if not feed.startswith("person:"):
            yield 4, f"{feed}, which others read, was told that {record} was erased"
        elif is_anew:
            yield 2, f"{feed} begins anew, and was told that {record} was erased"
        elif known is None or "_redacted" not in known.values:
            yield 2, f"{feed} was told that {record} was erased, and it was not"


def _acks(ledger: Ledger, told: Exchange, allowed: frozenset[str]) -> Iterator[Wrong]:
    operations = told.asked.get("operations") or []
    if len(told.acks) != len(operations):
        yield 2, f"{len(operations)} operations got {len(told.acks)} acks"
    for op, ack in zip(operations, told.acks, strict=False):
        stamp = ack["stamp"]
        if stamp is not None and stamp != op.get("stamp"):
            yield 2, f"the ack of {op.get('stamp')} is about {stamp}"
        if not set(ack["feeds"]) <= allowed:
            yield 4, f"the ack of {stamp} tells of {ack['feeds']}"
        if ack.get("fields") and not ack["feeds"] and ack["outcome"] != "applied":
            yield 4, f"the ack of {stamp} tells values of a record that its author does not read"
        code = (ack.get("problem") or {}).get("code")
        if _is_hidden(ledger, ack.get("conflict")):
            yield 4, f"the ack of {stamp} tells of a duplicate that only the office may see"
        if stamp is None or code in ("stamp_reused",) or ack["outcome"] == "rejected":
            continue
        stored = ledger.outcome_of(stamp)
        if stored is None:
            yield 2, f"{stamp} was acknowledged as {ack['outcome']} and is not in the history"
        elif stored != ack["outcome"] and (ack["outcome"], stored) not in _LATER:
            yield 2, f"{stamp} was acknowledged as {ack['outcome']} and is stored as {stored}"


_LATER = frozenset({("conflict", "merged"), ("applied", "conflict")})
"""(As acknowledged, as stored) where a later operation of the same request may have changed it:
its author took the place of a value that waits, or did not know of their own deletion."""


def _is_hidden(ledger: Ledger, name: str | None) -> bool:
    """Whether a conflict is about a record that its author may not know of."""
    conflict = ledger.conflicts.get(name or "")
    return conflict is not None and all(part.get("hidden") for part in conflict.fields.values())
