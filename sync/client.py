"""The client: takes a replica through its exchanges, over whatever carries bytes.

The network of a stairwell drops requests, answers and halves of answers, and the server
may say no for a reason that passes, or for one that a person must put right. The client
does what can be done without a person, in the order of the contract, and says plainly
what is left: wait so long, enrol again, update, stop.

Invariants
    * What an answer said is in the replica before the next bytes are read.
    * A request that may have happened is repeated as it was: stamps and nonces are kept
      before they are first sent.
    * It never waits: it says how long to wait.

Transport, clock, randomness and the keeping of tokens are handed in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from sync.answer import Ack, AnswerError, Line, Page
from sync.digests import Difference
from sync.intake import Intake
from sync.mending import Mending, read_mending
from sync.replica import BATCH_MAX, Replica, StaleAnswer
from sync.session import Next, Session, after, after_refusal, ends_all
from sync.status import Status, status
from sync.store import JSON, Codec
from sync.transport import Refused, Reply, Transport, Unreachable, ask, pack, refusal, unpacked

__all__ = ["Client", "Credentials", "Exchanged", "Keyring", "MemoryKeyring", "Report", "enrol"]

_EXCHANGES_MAX = 10_000
_REFRESH_BEFORE_MS = 5 * 60_000


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who this device is to the server. ``expires_at`` is in ms, by the server's clock.

    ``nonce``: of a refresh that was begun and not answered; repeating it answers the same.
    """

    device: str
    user: str
    token: str
    expires_at: int
    refresh: str
    nonce: str | None = None


class Keyring(Protocol):
    """Keeps the credentials, durably, apart from the replica."""

    def load(self) -> Credentials | None:
        """What was saved last; None before enrolment and after a wipe."""
        ...

    def save(self, credentials: Credentials | None) -> None:
        """Keep these in place of the last."""
        ...


class MemoryKeyring:
    """A keyring for simulated devices and tests."""

    def __init__(self, credentials: Credentials | None = None) -> None:
        self._credentials = credentials

    def load(self) -> Credentials | None:
        """See ``Keyring.load``."""
        return self._credentials

    def save(self, credentials: Credentials | None) -> None:
        """See ``Keyring.save``."""
        self._credentials = credentials


@dataclass(slots=True)
class Exchanged:
    """What one exchange was: bytes on the wire (bodies), operations and rows, and what is next."""

    next: Next
    reachable: bool = False
    bytes_up: int = 0
    bytes_down: int = 0
    sent: int = 0
    repeated: int = 0
    rows: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    acks: list[Ack] = field(default_factory=list)
    evicted: tuple[str, ...] = ()
    differences: list[Difference] = field(default_factory=list)
    repaired: int = 0
    schema: int = 0
    message: str = ""

    def count(self, lines: Iterable[Line]) -> None:
        """Take lines that were kept into the count."""
        for line in lines:
            if isinstance(line, Ack):
                self.acks.append(line)
                self.outcomes[line.outcome] += 1
                self.repeated += line.repeated
            elif isinstance(line, Page):
                self.rows += sum(len(block.rows) for block in line.put)


class Report(NamedTuple):
    """What ``Client.sync`` did, and what is next."""

    exchanges: list[Exchanged]
    next: Next

    @property
    def bytes_up(self) -> int:
        """Bytes of all request bodies."""
        return sum(one.bytes_up for one in self.exchanges)

    @property
    def bytes_down(self) -> int:
        """Bytes of all answers' bodies."""
        return sum(one.bytes_down for one in self.exchanges)

    @property
    def rows(self) -> int:
        """Rows received."""
        return sum(one.rows for one in self.exchanges)

    @property
    def outcomes(self) -> Counter[str]:
        """Outcome → how many operations got it."""
        return sum((one.outcomes for one in self.exchanges), Counter())


class Client:
    """One device's way to its server. Not for two threads at once."""

    def __init__(
        self,
        replica: Replica,
        transport: Transport,
        keyring: Keyring,
        *,
        now_ms: Callable[[], int],
        draw: Callable[[], float],
        nonce: Callable[[], str],
        limit: int = 2_000,
        batch: int = BATCH_MAX,
        about: Mapping[str, Any] | None = None,
        codec: Codec = JSON,
    ) -> None:
        """``draw()`` is in [0, 1); ``nonce()`` is new each time; ``about`` goes into the status.

        ``codec`` writes and reads what is on the wire; who runs many tablets has a faster one.
        """
        self.replica = replica
        self._transport = transport
        self._keyring = keyring
        self._now_ms = now_ms
        self._draw = draw
        self._nonce = nonce
        self._limit = limit
        self._batch = self._batch_max = batch
        self._about = dict(about or {})
        self._codec = codec
        self._failures = 0
        self._reachable = True
        self._sending = False

    def status(self) -> Status:
        """What may be said on the screen now."""
        return status(self.replica.counts(), sending=self._sending, reachable=self._reachable)

    def sync(self) -> Report:
        """Exchange until all is handed in and up to date, or until something must be waited for."""
        exchanges: list[Exchanged] = []
        following, refreshed = Next("again"), False
        self._sending = True
        try:
            while following.step == "again" and len(exchanges) < _EXCHANGES_MAX:
                following = self._guard(self._prepare)
                if following.step == "again":
                    exchanges.append(self.exchange())
                    following = exchanges[-1].next
                if following.step == "rest":
                    self._mend(exchanges[-1])
                if following.step == "refresh" and not refreshed:
                    refreshed = True
                    following = self._guard(self.refresh)
                elif following.step == "smaller":
                    following = self._smaller(following)
        finally:
            self._sending = False
        return Report(exchanges, following)

    def _prepare(self) -> None:
        """What an exchange needs: a token that is not about to end, and the catalogue."""
        credentials = self._credentials()
        with self.replica.storage.read() as shelf:
            offset_ms, schema = shelf.meta("offset_ms"), shelf.meta("schema") or 0
        if offset_ms is not None:  # Else this clock may be hours wrong, and nothing is known.
            left_ms = credentials.expires_at - (self._now_ms() + offset_ms)
            if left_ms <= _REFRESH_BEFORE_MS:
                self.refresh()
        if self.replica.catalogue.schema < max(1, schema):
            self.learn()

    def _guard(self, act: Callable[[], None]) -> Next:
        """Do something that a request is needed for; what to do next if it did not come off."""
        try:
            act()
        except Refused as refused:
            return self._refused(refused)
        except Unreachable:
            return self._unreachable()
        return Next("again")

    def _refused(self, refused: Refused) -> Next:
        self._reachable = True
        attempt, self._failures = self._failures, self._failures + 1
        return after_refusal(
            code=refused.code,
            definite=refused.definite,
            retry_after_s=refused.retry_after_s,
            attempt=attempt,
            draw=self._draw(),
        )

    def _unreachable(self) -> Next:
        self._reachable = False
        attempt, self._failures = self._failures, self._failures + 1
        return after_refusal(
            code=None, definite=False, retry_after_s=None, attempt=attempt, draw=self._draw()
        )

    def _smaller(self, following: Next) -> Next:
        if self._batch == 1:
            return following._replace(step="stop")
        self._batch //= 2
        return Next("again")

    # One exchange --------------------------------------------------------------------------

    def exchange(self) -> Exchanged:
        """One request and its answer, taken in line by line."""
        request = self.replica.begin(
            now_ms=self._now_ms(), limit=self._limit, batch=self._batch, status=self._about
        )
        session = Session(request, self._codec.loads)
        intake = Intake(self.replica, request)
        one = Exchanged(Next("stop"), sent=len(request.stamps))
        headers = {"authorization": f"Bearer {self._credentials().token}"}
        try:
            packed, headers = pack(session.send(), headers, self._codec)
            one.bytes_up = len(packed)
            reply = self._transport.request("POST", "/sync/v1/exchange", headers, packed)
            one.reachable = True
            self._receive(session, intake, reply, one)
        except Refused as refused:
            one.next, one.message = self._refused(refused), refused.message
            return one
        except Unreachable:
            pass  # What came before the end is kept; the session says that it was cut.
        self._conclude(session, intake, one)
        return one

    def _receive(self, session: Session, intake: Intake, reply: Reply, one: Exchanged) -> None:
        def arrived(size: int) -> None:
            one.bytes_down += size

        with closing(unpacked(reply, arrived)) as pieces:
            if reply.status != 200:
                raise refusal(reply, b"".join(pieces))
            for data in pieces:
                lines = session.receive(data)
                try:
                    intake.take(lines, now_ms=self._now_ms())
                except StaleAnswer:
                    return
                one.count(lines)
                if session.state == "cut" or ends_all(session.request, session.hello):
                    return

    def _conclude(self, session: Session, intake: Intake, one: Exchanged) -> None:
        session.end()
        self._reachable = session.given > 0
        attempt, self._failures = self._failures, self._failures + 1
        one.next = after(
            session,
            waiting=self.replica.count_waiting(),
            attempt=attempt,
            draw=self._draw(),
        )
        one.differences = intake.differences
        if session.hello is not None:
            one.evicted, one.schema = session.hello.evicted, session.hello.schema
        if session.state == "done":
            self._failures, self._batch = 0, self._batch_max
        if one.next.step == "wipe":
            self.replica.wipe()
            self._keyring.save(None)

    # Repair --------------------------------------------------------------------------------

    def _mend(self, last: Exchanged) -> None:
        """Repair the feeds that differ from the server's; what fails is found again next time."""
        for difference in last.differences:
            with suppress(Refused, Unreachable, AnswerError, StaleAnswer):
                mending = self.repair(difference.feed)
                last.repaired += mending.mended
                last.rows += mending.rows

    def repair(self, feed: str) -> Mending:
        """Make a feed what the server has, in the buckets that differ.

        Raises ``Refused``, ``Unreachable``, ``AnswerError`` or ``StaleAnswer``.
        """
        mending = Mending(self.replica, feed)
        headers = {"authorization": f"Bearer {self._credentials().token}"}
        packed, headers = pack(mending.request(), headers, self._codec)
        reply = self._transport.request("POST", "/sync/v1/repair", headers, packed)
        rest = b""
        with closing(unpacked(reply)) as pieces:
            if reply.status != 200:
                raise refusal(reply, b"".join(pieces))
            for data in pieces:
                *lines, rest = (rest + data).split(b"\n")
                for text in lines:
                    mending.take(read_mending(text, self._codec.loads))
        return mending

    # The other doors -----------------------------------------------------------------------

    def refresh(self) -> None:
        """New tokens. A nonce is kept before it is sent, so that a lost answer can be had again."""
        credentials = self._credentials()
        if credentials.nonce is None:
            credentials = replace(credentials, nonce=self._nonce())
            self._keyring.save(credentials)
        asked = {"refresh": credentials.refresh, "nonce": credentials.nonce}
        told = ask(self._transport, "POST", "/sync/v1/refresh", asked, codec=self._codec)[1]
        self._keyring.save(
            Credentials(
                credentials.device,
                credentials.user,
                told["token"],
                told["expires_at"],
                told["refresh"],
            )
        )

    def learn(self) -> None:
        """Fetch the catalogue, unless the one that is here is the server's."""
        headers = {"authorization": f"Bearer {self._credentials().token}"}
        etag = self.replica.meta("etag")
        if etag is not None:
            headers["if-none-match"] = etag
        reply, told = ask(
            self._transport, "GET", "/sync/v1/catalogue", None, headers, codec=self._codec
        )
        if reply.status == 200:
            self.replica.learn(told, etag=reply.headers.get("etag"))

    def _credentials(self) -> Credentials:
        credentials = self._keyring.load()
        if credentials is None:
            raise Refused(401, "no_token", definite=True)
        return credentials


def enrol(
    transport: Transport,
    *,
    code: str,
    nonce: str,
    name: str,
    platform: str,
    replaces: str | None = None,
    key: str | None = None,
) -> Credentials:
    """Turn a one-time code into a device. Repeat with the same nonce if no answer came.

    ``key``: the public key with which it signs its bundles (Ed25519, base 64).

    Raises ``Refused`` or ``Unreachable``.
    """
    asked = {"code": code, "nonce": nonce, "name": name, "platform": platform}
    if replaces is not None:
        asked["replaces"] = replaces
    if key is not None:
        asked["key"] = key
    told = ask(transport, "POST", "/sync/v1/enrol", asked)[1]
    return Credentials(
        told["device"], told["user"], told["token"], told["expires_at"], told["refresh"]
    )
