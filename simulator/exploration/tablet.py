"""Tablets: the real replica and client on a simulated device, whose life goes wrong.

An app is started and killed, its clock is wrong, its disk full or set back to yesterday's
image, its owner copies it onto a second device. What runs is the code that devices run; this
module only starts it, and ends it where the power goes.

Theory of operation. The client is written as if it waited for the network. Here it runs in a
greenlet of its own, and a transport that has to wait gives the turn back to the one scheduler
until the virtual clock has come so far: no thread, no lock, and the same order every time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

from greenlet import greenlet

from simulator.exploration.disk import CODEC, Disk, DiskFull, Image, PowerCut
from simulator.exploration.photos.camera import Camera
from sync.catalogue import Catalogue
from sync.client import Client, Credentials, MemoryKeyring, Report
from sync.digests import Difference
from sync.errors import Refusal
from sync.outbox import Draft
from sync.replica import Replica

if TYPE_CHECKING:
    from simulator.exploration.network import Link
    from simulator.exploration.world import World

__all__ = ["CATALOGUES", "Tablet"]

CATALOGUES: dict[str, Catalogue] = {}
"""What any tablet of this process has read, by ETag: that is the hash of a document."""


class Tablet:
    """One device, from one start of its app to the next."""

    def __init__(
        self,
        world: World,
        name: str,
        *,
        person: str,
        image: Image,
        credentials: Credentials,
        ahead_ms: int = 0,
    ) -> None:
        self.world, self.name, self.person = world, name, person
        self.disk = Disk(image)
        self.keyring = MemoryKeyring(credentials)
        self.ahead_ms = ahead_ms
        self.yesterday: tuple[Image, Credentials | None] = (image, credentials)
        self.starts = 0
        self.link: Link = world.link(self)
        self.camera = Camera(world, self)
        self.running: greenlet | None = None
        self.zombies: list[greenlet] = []
        self.withdrawn: set[str] = set()
        self.wiped = False
        self.differences: list[Difference] = []
        self.heard_ms = inf
        self.unsure_ms = 0.0  # so far may the offset that the replica knows be from this clock's
        self.start()

    def now_ms(self) -> int:
        """What its clock shows."""
        return self.world.now_ms + self.ahead_ms

    def hears(self, up_ms: float, down_ms: float) -> None:
        """An answer may tell the time now: what is known gets no further off by it.

        Unless the clock was moved while it was on its way (``down_ms``: inf).
        """
        self.heard_ms = max(up_ms, down_ms)
        if self.heard_ms == inf:
            self.unsure_ms = inf

    def surely_heard(self) -> None:
        """The last answer was taken: no offset is further off now than its ways were long."""
        self.unsure_ms, self.heard_ms = min(self.unsure_ms, self.heard_ms), inf

    def moves_clock(self, ahead_ms: int) -> None:
        """From now on its clock is ahead by so much; what it knows is of another clock."""
        self.ahead_ms = ahead_ms
        self.heard_ms = self.unsure_ms = inf

    # The app ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the app. On a disk that was wiped there is nothing to start."""
        with self.disk.read() as shelf:
            self.wiped = shelf.meta("device") is None
        if self.wiped:
            return
        dice = self.world.chance.dice("incarnation", self.name, self.starts)
        self.starts += 1
        incarnation = dice.base32(4)
        self.replica = Replica(self.disk, incarnation=incarnation, catalogues=CATALOGUES)
        self.client = self._client()

    def _client(self) -> Client:
        number = self.starts
        chance, name = self.world.chance, self.name
        count = iter(range(1 << 30))
        return Client(
            self.replica,
            self.link,
            self.keyring,
            now_ms=self.now_ms,
            draw=lambda: chance.dice("backoff", name, number).share(),
            nonce=lambda: chance.dice("nonce", name, number << 16 | next(count)).base32(16),
            limit=self.world.limit,
            batch=self.world.batch,
            about={"app_version": f"explored-{number}"},
            codec=CODEC,
        )

    def kill(self) -> None:
        """End the app, in the middle of whatever it does, and start it again."""
        running, self.running = self.running, None
        self.disk.spare()
        for one in (running, self.camera.stop(), *self.zombies):
            if one is not None and not one.dead:
                one.throw(PowerCut)
        self.zombies.clear()
        self.start()

    def set_back(self) -> None:
        """The disk and the tokens are what they were when they were last copied."""
        image, credentials = self.yesterday
        self.disk.put(image)
        self.keyring.save(credentials)
        self.heard_ms = self.unsure_ms = inf
        self.kill()
        self.world.oracle.forget(self.name)

    def give_up_waiting(self) -> None:
        """Let a new exchange begin while the answer to the last one is still on its way."""
        if self.running is not None and not self.running.dead:
            self.zombies = [one for one in self.zombies if not one.dead]
            self.zombies.append(self.running)
            self.running = None
            self.client = self._client()

    # What its worker does --------------------------------------------------------------------

    def work(self, drafts: Sequence[Mapping[str, Any]], group: str | None) -> list[str | None]:
        """Do what the drafts say, now: the stamps. Nothing if the replica refuses it."""
        if self.wiped:
            return []
        made = [
            Draft(
                one["kind"],
                one["type"],
                one["record"],
                one.get("fields") or {},
                one.get("extra") or {},
            )
            for one in drafts
        ]
        try:
            self.camera.take(drafts)
            stamps = self.replica.make(made, now_ms=self.now_ms(), group=group)
        except (Refusal, DiskFull) as no:
            reason = no.problem.code if isinstance(no, Refusal) else "disk_full"
            self.world.tell("not_done", self.name, code=reason)
            self.world.saw(f"work:{reason}")
            return []
        except PowerCut:
            self.kill()
            return []
        finally:
            self.disk.beside(None)
        return stamps

    def sync(self, report: Callable[[Tablet, Report | None], None]) -> bool:
        """Begin an exchange, if none is under way; whether it began."""
        if self.wiped or (self.running is not None and not self.running.dead):
            return False

        def run() -> None:
            mine = greenlet.getcurrent()
            told: Report | None = None
            self.link.asked = 0
            try:
                told = self.client.sync()
            except PowerCut:
                self.world.saw("device:power_cut")
                if self.running is mine:
                    self.running = None
                    self.world.later(0, self.kill)
                return
            except DiskFull:
                self.world.saw("device:disk_full")
            if self.running is mine:
                self.running = None
                self.disk.spare()
            report(self, told)

        self.running = greenlet(run)
        self.running.switch()
        return True
