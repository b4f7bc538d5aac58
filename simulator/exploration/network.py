"""The network: what happens to a request and its answer between a tablet and its server.

An answer that was lost after the commit is the dangerous one: the work is done, and only
one side knows. So each request carries a plan of its own (how long it travels, what becomes
of it), and the plan is part of the run's steps: a shorter run has the same plans.

Invariants
    * What is not in the plan does not happen; a request beyond the plan goes through.
    * Everything that the server says is shown to the oracle, also what no tablet receives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import TYPE_CHECKING, Any

from simulator.exploration.office import Fallen, Response
from simulator.exploration.oracle.promises import Broken
from sync.transport import Reply, Unreachable

if TYPE_CHECKING:
    from simulator.exploration.tablet import Tablet
    from simulator.exploration.world import World

__all__ = ["Link"]

_QUICK: Mapping[str, Any] = {"up": 40, "down": 40}
_TIMEOUT_MS = 30_000
_LONG_MS = 5_000
_PIECE = 700
"""Bytes of an answer that arrive together where it comes in pieces."""

REQUESTS_MAX = 300
"""So many requests a client may need in one go: far more than for all that is in the county."""


class Link:
    """One tablet's way to the server. ``plans`` are used up, one a request.

    ``asked`` counts the requests since its client began; one that never ends drains nothing.
    ``begun`` counts the exchanges: an answer that comes after the next has begun is stale.
    """

    def __init__(self, world: World, tablet: Tablet) -> None:
        self.world, self.tablet = world, tablet
        self.plans: list[Mapping[str, Any]] = []
        self.asked = self.begun = 0

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Reply:
        """See ``sync.transport.Transport``."""
        world, plan = self.world, self.plans.pop(0) if self.plans else _QUICK
        self.asked += 1
        self.begun += path == "/sync/v1/exchange"
        if self.asked > REQUESTS_MAX:
            raise Broken(5, f"{self.tablet.name} exchanges for ever, and drains nothing")
        fault = plan.get("fault")
        if fault:
            world.saw(f"network:{fault}" if not fault.startswith("server_") else fault)
            world.tell("fault", self.tablet.name, fault=fault)
        number, sent_ms, ahead_ms = self.begun, world.now_ms, self.tablet.ahead_ms
        world.wait(plan.get("up", 40))
        if fault == "request_lost" or world.office.closed:
            if world.office.closed:
                return _closed()
            world.wait(_TIMEOUT_MS)
            raise Unreachable
        if (reply := _between(fault)) is not None:
            return reply
        trap = _trap(fault or "")
        try:
            answer = self.world.serve(self.tablet, method, path, headers, body, trap=trap)
        except Fallen:
            world.wait(_TIMEOUT_MS)
            raise Unreachable from None
        if fault == "duplicate":
            world.later(plan.get("again", 5), self._again(method, path, headers, body))
        down = plan.get("down", 40)
        if down >= _LONG_MS:
            world.saw("network:delay")
        begun, served_ms = self.begun, world.now_ms
        world.wait(down)
        if self.begun != begun:
            world.saw("network:stale")
        if fault in ("answer_lost", "piece_cut"):
            raise Unreachable
        if path == "/sync/v1/exchange" and answer.status == 200 and self.begun == number:
            in_one = ahead_ms == self.tablet.ahead_ms and plan.get("slow") is None
            self.tablet.hears(served_ms - sent_ms, world.now_ms - served_ms if in_one else inf)
        return Reply(answer.status, answer.headers, self._arrive(answer, plan))

    def _again(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Any:
        """The network delivers a request a second time, later; its answer reaches nobody."""

        def deliver() -> None:
            if not self.world.office.closed:
                self.world.serve(self.tablet, method, path, headers, body, trap=None)

        return deliver

    def _arrive(self, answer: Response, plan: Mapping[str, Any]) -> Iterator[bytes]:
        body, slow = answer.body, plan.get("slow")
        end = len(body)
        if plan.get("fault") == "cut":
            end = int(end * plan.get("at", 0.5))
        if slow is None:
            yield body[:end]
        else:
            for start in range(0, end, _PIECE):
                yield body[start : min(start + _PIECE, end)]
                self.world.wait(slow)
        if end < len(body):
            raise Unreachable


def _between(fault: str | None) -> Reply | None:
    """What something on the way answers in the server's place."""
    if fault == "portal":
        return Reply(200, {}, iter([b"<html>Welcome to the hotel</html>\n"]))
    if fault in ("proxy_503", "proxy_502"):
        return Reply(int(fault[-3:]), {"retry-after": "2"}, iter([b"<html></html>"]))
    return None


def _trap(fault: str) -> str | None:
    """What a fault does at the server."""
    if fault == "piece_cut":
        return fault
    return fault.removeprefix("server_") if fault.startswith("server_") else None


def _closed() -> Reply:
    return Reply(503, {"retry-after": "5"}, iter([b"<html>Closed for an update</html>"]))
