"""The beginning: the county registered, tablets enrolled and synced, kept as images.

It is made once in a process, through the same doors as everything else, and then copied:
making it takes as long as a whole run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from simulator.exploration.chance import Chance
from simulator.exploration.county import BEFORE_MS, PEOPLE, T0_MS, county
from simulator.exploration.disk import Disk, Image
from simulator.exploration.office import CATALOGUE, Office, Response, empty_database
from simulator.exploration.oracle.ledger import Ledger, read_specs
from simulator.exploration.signing import public_key
from simulator.exploration.tablet import CATALOGUES
from sync.client import Client, Credentials, MemoryKeyring, enrol
from sync.replica import Replica
from sync.transport import Reply

__all__ = ["Beginning", "beginning"]


class _Straight:
    """A transport to which nothing happens."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Reply:
        """See ``sync.transport.Transport``."""
        answer: Response = self._office.call(method, path, headers, body)
        return Reply(answer.status, answer.headers, iter([answer.body]))


class Beginning(NamedTuple):
    """How every run begins: the server's database, and tablet → (person, disk, credentials).

    ``ledger``: what the oracle knows of that database, to be copied like all of this.
    """

    database: bytes
    tablets: Mapping[str, tuple[str, Image, Credentials]]
    ledger: Ledger


@cache
def beginning() -> Beginning:
    """The images with which every run begins."""
    clock, count, draws = [BEFORE_MS], iter(range(1 << 30)), iter(range(1 << 30))
    chance = Chance(0)
    office = Office(
        empty_database("epoch0"),
        now_ms=lambda: clock[0],
        new_id=lambda: f"{next(count):08d}",
        draw=lambda most: chance.dice("beginning", "draw", next(draws)).below(most),
        later=lambda _seconds, _do: None,
    )
    for _done in office.served.door.load(
        ((name, record, fields) for name, record, fields in county()), at_ms=BEFORE_MS
    ):
        clock[0] += 1
    clock[0] = T0_MS - 60_000
    tablets = {}
    for person in PEOPLE.values():
        for number in range(person.tablets):
            name = person.name if number == 0 else f"{person.name}{number + 1}"
            disk = Disk(Disk.blank(person.storage))
            credentials = _first_sync(office, disk, person.user, name, clock, chance)
            tablets[name] = (person.name, disk.image(), credentials)
    ledger = Ledger(read_specs(json.loads(json.dumps(CATALOGUE.describe()))))
    ledger.attach(office.connection)
    ledger.read()
    return Beginning(office.image(), tablets, ledger)


def _first_sync(
    office: Office, disk: Disk, user: str, name: str, clock: list[int], chance: Chance
) -> Credentials:
    link = _Straight(office)
    code = office.code_for(user)
    credentials = enrol(
        link, code=code, nonce=f"n{name}", name=name, platform="simulated", key=public_key(name)
    )
    Replica.enrol(disk, device=credentials.device, user=credentials.user)
    keyring = MemoryKeyring(credentials)
    incarnation = chance.dice("beginning", name).base32(4)
    replica = Replica(disk, incarnation=incarnation, catalogues=CATALOGUES)
    client = Client(
        replica, link, keyring, now_ms=lambda: clock[0], draw=lambda: 0.5, nonce=lambda: "n0"
    )
    client.learn()
    report = client.sync()
    assert report.next.step == "rest", report.next
    kept = keyring.load()
    assert kept is not None
    return kept
