"""A session: one exchange, as a state machine that does no input or output.

Everything can happen to an answer: it is cut in the middle of a line, it belongs to an
older request, it comes twice, a proxy answers instead. What was whole must count, and
nothing else may. So bytes go in here and checked lines come out; who moves the bytes and
who keeps what the lines say are other modules.

Theory of operation. ``send`` gives the request's body; ``receive`` is given what arrives and
gives the whole lines that are in order; ``end`` says that no more comes. ``_NEXT`` holds which
line may follow in which state, and its miss is the protocol error. After an error the session
is ``cut``: what it gave before stays true, and the exchange is repeated.

Invariants
    * The lines given are a prefix of a whole answer to this very request.
    * Acks come for the operations sent, one each, in their order, before the first page.
    * However the bytes are divided, the same lines are given.

>>> session = Session(Request(1, {"operations": []}, (), 0))
>>> _ = session.send()
>>> session.receive(b'{"hello": {"protocol": 1, "schema": 1, "epoch": "e", "now": 5, "fee')
[]
>>> [type(line).__name__ for line in session.receive(b'ds": []}}' + bytes([10]))]
['Hello']
>>> session.end(); session.state
'cut'
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from sync.answer import Ack, AnswerError, Done, Hello, Line, Page, read_line

__all__ = [
    "PROTOCOL",
    "Next",
    "Request",
    "Session",
    "after",
    "after_refusal",
    "backoff_ms",
    "ends_all",
]

PROTOCOL = 1
"""Version 1, the only one."""

State = Literal["idle", "sent", "hello", "acks", "pages", "done", "cut"]

_NEXT: Mapping[State, Mapping[type, State]] = {
    "idle": {},
    "sent": {Hello: "hello"},
    "hello": {Ack: "acks", Page: "pages", Done: "done"},
    "acks": {Ack: "acks", Page: "pages", Done: "done"},
    "pages": {Page: "pages", Done: "done"},
    "done": {},
    "cut": {},
}
"""State → line that may come → state after it."""

_LINE_BYTES_MAX = 64 << 20


class Request(NamedTuple):
    """One exchange's request. ``number`` tells it from older ones of the same replica.

    ``stamps`` are of the operations in ``body``, in order; ``sent_ms`` is the device's clock;
    ``beyond`` counts the operations that wait and found no room in it.
    """

    number: int
    body: Mapping[str, Any]
    stamps: tuple[str, ...]
    sent_ms: int
    beyond: int = 0


class Session:
    """One request and its answer. Not to be used again."""

    def __init__(self, request: Request, loads: Callable[[bytes], Any] = json.loads) -> None:
        """``loads`` reads the JSON of a line."""
        self.request = request
        self._loads = loads
        self.state: State = "idle"
        self.hello: Hello | None = None
        self.done: Done | None = None
        self.error: str | None = None
        self.given = 0
        self._acked = 0
        self._rest = b""

    def send(self) -> Mapping[str, Any]:
        """The request's body, once."""
        assert self.state == "idle", "a session sends one request"
        self.state = "sent"
        return self.request.body

    def receive(self, data: bytes) -> list[Line]:
        """The whole lines that ``data`` completes. After a line out of order: nothing any more."""
        assert self.state != "idle", "an answer comes after the request"
        if self.state == "cut":
            return []
        *texts, self._rest = (self._rest + data).split(b"\n")
        lines: list[Line] = []
        try:
            for text in texts:
                lines.append(self._take(text))
            if len(self._rest) > _LINE_BYTES_MAX:
                raise AnswerError("a line does not end")
        except AnswerError as error:
            self.state, self.error, self._rest = "cut", error.what, b""
        self.given += len(lines)
        return lines

    def end(self) -> None:
        """No more comes. Without a ``done`` the answer was cut."""
        if self.state != "done":
            self.state = "cut"

    def _take(self, text: bytes) -> Line:
        line = read_line(text, self._loads)
        following = _NEXT[self.state].get(type(line))
        if following is None:
            raise AnswerError(f"a line '{type(line).__name__.lower()}' out of its order")
        self._check(line)
        self.state = following
        return line

    def _check(self, line: Line) -> None:
        """Whether the line belongs to this request, beyond its place in the order."""
        stamps = self.request.stamps
        if isinstance(line, Hello):
            if line.protocol != PROTOCOL:
                raise AnswerError("another version of the protocol")
            self.hello = line
        elif isinstance(line, Ack):
            if self._acked >= len(stamps) or line.stamp != stamps[self._acked]:
                raise AnswerError("an ack for what was not sent")
            self._acked += 1
        elif self._acked < len(stamps):
            raise AnswerError("acks are missing")
        elif isinstance(line, Page):
            assert self.hello is not None
            if line.feed not in (self.hello.feeds or ()) or line.cursor is None:
                raise AnswerError("a page of a feed that is not read")
        else:
            self.done = line


# What comes next -----------------------------------------------------------------------------

Step = Literal["rest", "again", "refresh", "enrol", "smaller", "wait", "update", "stop", "wipe"]


class Next(NamedTuple):
    """What a client does next. ``wait_ms``: not before then; ``code``: the problem, if one.

    ``rest``: all is handed in and up to date. ``again``: exchange at once. ``refresh``: the token,
    then again. ``enrol``: this device must be enrolled anew. ``smaller``: again with half as much.
    ``wait``: the same again, later. ``update``: the app is too old. ``stop``: a person must look.
    ``wipe``: everything on this device must go.
    """

    step: Step
    wait_ms: int = 0
    code: str | None = None


_REFUSALS: Mapping[str, Step] = {
    "token_expired": "refresh",
    "token_unknown": "enrol",
    "no_token": "enrol",
    "refresh_unknown": "enrol",
    "not_your_device": "enrol",
    "unsupported_protocol": "update",
    "too_large": "smaller",
    "too_many_operations": "smaller",
}
"""Problem code → what to do. Others: ``wait`` if it may have happened, else ``stop``."""

_WAIT_MS_FIRST, _WAIT_MS_MAX = 2_000, 15 * 60_000


def backoff_ms(attempt: int, draw: float) -> int:
    """How long to wait after the ``attempt``-th failure in a row (from 0); ``draw`` is in [0, 1).

    Doubles, up to a quarter of an hour; half of it is drawn, so that tablets that lost
    the same mast do not come back in the same second.

    >>> backoff_ms(0, 0.0), backoff_ms(3, 0.5), backoff_ms(99, 0.0)
    (1000, 12000, 450000)
    """
    whole = min(_WAIT_MS_FIRST << min(attempt, 20), _WAIT_MS_MAX)
    return int(whole / 2 + whole / 2 * draw)


def ends_all(request: Request, hello: Hello | None) -> bool:
    """Whether everything on this device must go now: all that waits was in the request.

    A hello says that the request's operations are durable. What did not fit into it is handed
    in first: a tablet that was lost comes back as often with its worker as without.
    """
    return hello is not None and hello.wipe and request.beyond == 0


def after(session: Session, *, waiting: int, attempt: int, draw: float) -> Next:
    """What to do when a session has ended. ``waiting``: operations still in the outbox."""
    hello = session.hello
    if ends_all(session.request, hello):
        return Next("wipe")
    if session.state != "done" or hello is None:
        return Next("wait", backoff_ms(0 if session.given else attempt, draw), session.error)
    assert session.done is not None
    if session.done.more or waiting:
        return Next("again")
    if hello.feeds is None:
        code = (hello.problem or {}).get("code")
        return Next("update" if code == "device_too_old" else "stop", code=code)
    return Next("rest")


def after_refusal(
    *, code: str | None, definite: bool, retry_after_s: float | None, attempt: int, draw: float
) -> Next:
    """What to do when the request was refused. A refusal without a code is a proxy's."""
    step = _REFUSALS.get(code or "", "stop" if definite else "wait")
    if step != "wait":
        return Next(step, code=code)
    wait_ms = backoff_ms(attempt, draw)
    return Next("wait", max(wait_ms, int((retry_after_s or 0) * 1000)), code)
