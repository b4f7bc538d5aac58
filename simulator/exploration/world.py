"""The world of a run: one server, several tablets, one clock, and steps that happen to them.

Everything happens in the one process, in the order of the virtual clock that SimPy keeps;
what happens at one instant happens in the order in which it was planned. A step is plain
data, so that the steps of a run can be written to a file, cut down, and played again.

Invariants
    * Equal steps from an equal beginning give an equal trace.
    * Ids, stamps, tokens, delays and faults come from the seed or from the steps.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from zlib import crc32

import simpy
from greenlet import getcurrent

from simulator.exploration.beginning import Beginning
from simulator.exploration.chance import Chance
from simulator.exploration.county import PEOPLE, T0_MS, uuid7
from simulator.exploration.disk import Image
from simulator.exploration.network import Link
from simulator.exploration.newer import NEWER, specs_of
from simulator.exploration.office import Fallen, Office, Response
from simulator.exploration.oracle.oracle import Oracle
from simulator.exploration.signing import public_key
from simulator.exploration.tablet import Tablet
from simulator.exploration.telling.trace import Trace
from sync.client import Credentials, Report, enrol
from sync.replica import Replica

__all__ = ["Step", "World"]

PHOTOS_HAPPEN = 0.25
"""In this share of the runs tablets have cameras: what goes over the wire for a photo takes as long
as all else that its tablet does."""


class Step(NamedTuple):
    """Something that happens: when (ms since the beginning), to whom, what, and how."""

    at: int
    who: str
    action: str
    args: Mapping[str, Any]


class World:
    """One run."""

    def __init__(
        self,
        seed: int,
        beginning: Beginning,
        *,
        keep_trace: bool = False,
        safeguards: Mapping[str, bool] | None = None,
    ) -> None:
        self.chance = Chance(seed)
        dice = self.chance.dice("world", "limits")
        self.limit, self.batch = dice.pick((2_000, 2_000, 40, 5)), dice.pick((500, 500, 3))
        self.photos = self.chance.dice("photos", "run").happens(PHOTOS_HAPPEN)
        self.env = simpy.Environment()
        self.hub = getcurrent()
        self.seen: Counter[str] = Counter()
        self.damaged: set[str] = set()
        self.trace = Trace(keep=keep_trace)
        self._ids = self._named = 0
        self._draws = 0
        self._epochs = 0
        self.backup: bytes = beginning.database
        self.backup_photos: list[dict[str, bytes]] = [{}, {}]
        self.office = Office(
            beginning.database,
            now_ms=lambda: self.now_ms,
            new_id=self.new_id,
            draw=self._draw,
            later=lambda seconds, do: self.later(int(seconds * 1000), do),
            falling=lambda: self.oracle.look(),
            safeguards=safeguards,
        )
        self.oracle = Oracle(self, beginning.ledger.copy())
        self.tablets: dict[str, Tablet] = {}
        for name, (person, image, credentials) in beginning.tablets.items():
            self.add_tablet(name, person, image, credentials)

    # Time ------------------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """The true time."""
        return T0_MS + int(self.env.now)

    def later(self, ms: int, do: Callable[[], None]) -> None:
        """Do something after a while."""
        timeout = self.env.timeout(ms)
        assert timeout.callbacks is not None
        timeout.callbacks.append(lambda _event: do())

    def wait(self, ms: int) -> None:
        """Let time pass for the app that asks; the others go on meanwhile."""
        me = getcurrent()
        if me is self.hub:
            return  # At the beginning and the end, exchanges are not spread over time.
        timeout = self.env.timeout(ms)
        assert timeout.callbacks is not None
        timeout.callbacks.append(lambda _event: None if me.dead else me.switch())
        self.hub.switch()

    # What comes from the seed ----------------------------------------------------------------

    def new_id(self) -> str:
        """The next id of a record that the server makes."""
        self._ids += 1
        return uuid7(self.now_ms, self._ids)

    def name_new(self) -> str:
        """An id for a record that somebody is about to make. Steps hold it: no file asks again."""
        self._named += 1
        return uuid7(self.now_ms, 1 << 40 | self._named)

    def _draw(self, most: int) -> int:
        self._draws += 1
        return self.chance.dice("server", "draw", self._draws).below(most)

    # Telling ---------------------------------------------------------------------------------

    def saw(self, what: str) -> None:
        """Count something that happened."""
        self.seen[what] += 1

    def tell(self, kind: str, who: str, **values: Any) -> None:
        """Add a fact to the trace."""
        self.trace.tell(int(self.env.now), kind, who, **values)

    # Tablets ---------------------------------------------------------------------------------

    def add_tablet(self, name: str, person: str, image: Image, credentials: Credentials) -> Tablet:
        """One more tablet."""
        tablet = self.tablets[name] = Tablet(
            self, name, person=person, image=image, credentials=credentials
        )
        return tablet

    def link(self, tablet: Tablet) -> Link:
        """A tablet's way to the server."""
        return Link(self, tablet)

    def user_of(self, tablet: Tablet) -> str:
        """The user record of who holds a tablet."""
        return PEOPLE[tablet.person].user

    def exchanged(self, tablet: Tablet, report: Report | None) -> None:
        """An exchange has ended."""
        step = report.next.step if report is not None else "broken_off"
        self.saw(f"next:{step}")
        tablet.camera.exchanged(step)
        if step == "rest":
            tablet.surely_heard()
        tablet.differences = (
            [one for each in report.exchanges for one in each.differences] if report else []
        )
        if report is not None and any(one.repaired for one in report.exchanges):
            self.saw("damage:repaired")
        outcomes = {} if report is None else dict(sorted(report.outcomes.items()))
        rows = 0 if report is None else report.rows
        self.tell("next", tablet.name, step=step, outcomes=outcomes, rows=rows)
        if report is not None:
            delivered = self.oracle.delivered.setdefault(tablet.name, [])
            delivered.extend(
                ack.stamp for each in report.exchanges for ack in each.acks if ack.stamp
            )
        self.oracle.synced(tablet)

    def enrol_again(self, tablet: Tablet) -> None:
        """The server does not know this tablet any more: it enrols, in place of what it was."""
        former = tablet.replica.device
        code = self.office.code_for(self.user_of(tablet))
        credentials = enrol(
            tablet.link,
            code=code,
            nonce=f"again{self.now_ms}{tablet.name}",
            name=tablet.name,
            platform="simulated",
            replaces=former,
            key=public_key(tablet.name),
        )
        self.saw("device:enrolled_again")
        self.office.supervise(credentials.device, "confirm", by=PEOPLE["qian"].user)
        Replica.enrol(tablet.disk, device=credentials.device, user=credentials.user)
        tablet.keyring.save(credentials)
        tablet.start()
        self.oracle.look()

    # The server ------------------------------------------------------------------------------

    def serve(
        self,
        tablet: Tablet,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        trap: str | None,
    ) -> Response:
        """A request arrives. Raises ``Fallen`` if the server fell over it."""
        try:
            answer = self.office.call(method, path, headers, body, trap=trap)
        except Fallen:
            self.oracle.stands()
            self.oracle.judge(self.oracle.photos.fell(method, path, headers, body))
            self.saw("server:crash")
            self.tell("crash", "server")
            raise
        self.tell(
            "answer",
            tablet.name,
            path=path,
            status=answer.status,
            size=len(answer.body),
            sum=crc32(_content(path, answer)),
        )
        self.oracle.heard(tablet, method, path, headers, body, answer)
        return answer

    def restart_server(self, image: bytes | None) -> None:
        """The server starts anew, on its own database or on a backup."""
        epoch = None
        if image is not None:
            self._epochs += 1
            epoch = f"restored{self._epochs}"
            self.oracle.goes_back()
        self.oracle.look()
        self.office.restart(image, epoch=epoch)
        if image is not None:
            self._put_photos_back()
            self.oracle.attach_anew()
        else:
            self.oracle.stands()

    def back_up(self) -> None:
        """What there is now is what the server will come back from."""
        self.backup = self.office.image()
        self.backup_photos = [self.backup_photos[-1], self.office.photos.image()]

    def _put_photos_back(self) -> None:
        """The photos' folder comes back with the database, or from the backup before, or was
        never lost: people copy the two apart."""
        how = self.chance.dice("photos", "restored", self._epochs).pick(("with", "before", "never"))
        self.saw(f"photo:restored_{how}")
        if how != "never":
            self.office.photos.put(self.backup_photos[how == "with"])

    def upgrade_server(self) -> None:
        """The server starts anew, as a newer version of itself."""
        self.oracle.look()
        self.office.catalogue = NEWER
        self.restart_server(None)
        self.oracle.ledger.read_as(specs_of(NEWER.schema))


def _content(path: str, answer: Response) -> bytes:
    """An answer's bytes; of a repair unpacked, for what packs it is not always the same."""
    packed = path == "/sync/v1/repair" and answer.headers.get("content-encoding") == "gzip"
    return gzip.decompress(answer.body) if packed else answer.body
