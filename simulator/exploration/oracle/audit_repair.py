"""The audit of repair: it brings a feed whole to who reads it, and nothing to anybody else.

Repair is a door of its own, with a check of its own, and a tablet goes through it only when
its copy is damaged. So at the end of a run one tablet asks for two feeds as if it had nothing
of them: one that it reads, and one that it does not.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.exploration.oracle.ledger import Ledger

if TYPE_CHECKING:
    from simulator.exploration.office import Response
    from simulator.exploration.tablet import Tablet

__all__ = ["audit_repair"]

Wrong = tuple[int, str]

_REPAIR = "/sync/v1/repair"


def audit_repair(
    ledger: Ledger, tablet: Tablet, user: str, allowed: frozenset[str]
) -> Iterator[Wrong]:
    """What a tablet that may read is told, which asks for the whole of a feed."""
    credentials = tablet.keyring.load()
    if credentials is None:
        return
    lost = [feed for _id, feed, _since, _until in ledger.grants(user) if feed not in allowed]
    others = {feed for row in ledger.rows.values() for feed in row.feeds()} - allowed
    for feed in (*sorted(lost)[:1], *sorted(others)[:1]):
        answer = _asked(tablet, feed, credentials.token)
        if answer.status != 404:
            yield 4, f"a repair of {feed} was answered with {answer.status} to {tablet.name}"
    for feed in sorted(allowed)[-1:]:
        answer = _asked(tablet, feed, credentials.token)
        wanted = {row.id for row in ledger.rows.values() if not row.deleted and feed in row.feeds()}
        told = _records(answer)
        if told != wanted:
            more, less = sorted(told - wanted), sorted(wanted - told)
            yield 1, f"a repair of {feed} brings {more} more and {less} less"


def _asked(tablet: Tablet, feed: str, token: str) -> Response:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    replica = tablet.replica
    asked = {"device": replica.device, "schema": replica.catalogue.schema, "feed": feed}
    body = json.dumps({**asked, "buckets": {}}).encode()
    return tablet.world.office.call("POST", _REPAIR, headers, body)


def _records(answer: Response) -> set[str]:
    """The records that a repair brings."""
    packed = answer.headers.get("content-encoding") == "gzip"
    body = gzip.decompress(answer.body) if packed else answer.body
    found: set[str] = set()
    for line in body.splitlines() if answer.status == 200 else ():
        for put in json.loads(line).get("page", {}).get("put", ()):
            found |= {row[0] for row in put["rows"]}
    return found
