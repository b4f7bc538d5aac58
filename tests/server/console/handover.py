"""Work that a tablet hands in after its grid was given to somebody else."""

from __future__ import annotations

import dataclasses

from tests.server.console.county import HOUR_MS, NOW_MS, County


def hand_in_late(county: County, name: str, **fields: object) -> str:
    """The first tablet lost its grids two hours ago, and did this an hour ago; the stamp."""
    tablet = county.tablets["first"]
    seen = tablet.see(name)
    own = {f"person:{tablet.user}", "shared"}
    ended = dict.fromkeys((tablet.scope.reads or frozenset()) - own, NOW_MS - 2 * HOUR_MS)
    tablet.scope = dataclasses.replace(tablet.scope, reads=frozenset(own), grace=ended)
    op = tablet.draft(seen, "edit", fields, at=NOW_MS - HOUR_MS)
    (ack,) = tablet.hand_in(op)
    assert ack.outcome == "applied"
    return str(op["stamp"])
