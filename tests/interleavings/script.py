"""Scripted interleavings: several real transactions, one step at a time, in the order of a test.

A race that is waited for shows once in a thousand runs. Here each actor is a thread that stops
where the test says, between two calls on its own transaction, and goes on when the test says so;
whoever waits for a lock is seen to wait by asking the database. Nothing depends on how fast
the machine is.

>>> reached = []
>>> with Script() as script:
...     anna = script.actor(lambda: (script.reach("one"), reached.append(1), script.reach("two")))
...     _ = anna.to("two")
...     reached
[1]
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any

import psycopg

PATIENCE_SECONDS = 30
"""So long nothing takes that goes on at all; it ends a test that would hang."""


class Actor:
    """One thread of a script, and where it stands."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.result: Any = None
        self.error: BaseException | None = None
        self.reached: list[str] = []
        self._work = work
        self._stop: str | None = None
        self._changed = threading.Condition()
        self._stands = self.has_begun = self._ended = False

    def _run(self) -> None:
        try:
            self.result = self._work()
        except BaseException as error:
            self.error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def reach(self, point: str) -> None:
        """Called by the actor's own thread: stand here if this is where it should stop."""
        with self._changed:
            self.reached.append(point)
            self._changed.notify_all()
            if self._stop != point:
                return
            self._stop, self._stands = None, True
            self._changed.notify_all()
            while self._stands:
                self._changed.wait()

    def to(self, point: str) -> Actor:
        """Let it go on to a point, and wait until it stands there."""
        self.go(point)
        with self._changed:
            there = self._changed.wait_for(lambda: self._stands or self._ended, PATIENCE_SECONDS)
        assert there, f"{point} was not reached; it came by {self.reached[-5:]}"
        if self._ended:
            raise AssertionError(f"it ended before {point}: {self.reached}") from self.error
        return self

    def go(self, point: str | None = None) -> Actor:
        """Let it go on, to a point or to its end, and do not wait for it."""
        with self._changed:
            self._stop, self._stands = point, False
            self._changed.notify_all()
        if not self.has_begun:
            self.has_begun = True
            self.thread.start()
        return self

    def end(self) -> Any:
        """Let it go on to its end; answers what it came to, or raises what it raised."""
        self.go()
        self.thread.join(PATIENCE_SECONDS)
        assert not self.thread.is_alive(), f"it does not end; it came by {self.reached[-5:]}"
        if self.error is not None:
            raise self.error
        return self.result

    def has_come_by(self, point: str) -> None:
        """Wait until a point is the last that it came by."""
        with self._changed:
            came = self._changed.wait_for(lambda: self.reached[-1:] == [point], PATIENCE_SECONDS)
        assert came, self.reached

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return self._ended


class Script(AbstractContextManager["Script"]):
    """The actors of one test. At its end all of them are let go."""

    def __init__(self, url: str = "") -> None:
        self._url = url
        self._actors: list[Actor] = []

    def actor(self, work: Callable[[], Any]) -> Actor:
        """Somebody who does ``work`` in a thread; not started yet."""
        actor = Actor(work)
        self._actors.append(actor)
        return actor

    def reach(self, point: str) -> None:
        """The thread that calls this has come to a point. Threads without a part go by."""
        me = threading.current_thread()
        for actor in self._actors:
            if actor.thread is me:
                actor.reach(point)

    def store(self, inner: Any) -> SteppedStore:
        """A store whose transactions tell this script where they are."""
        return SteppedStore(inner, self.reach)

    def waits(self, actor: Actor, *, others: int = 0) -> None:
        """Wait until an actor that was let go waits for a lock, and ``others`` beside it.

        SQLite has nobody to ask: there the actor has come to the door and is not inside.
        """
        if not self._url.startswith("postgresql"):
            actor.has_come_by("write")
            return
        plain = self._url.replace("+psycopg", "")
        with psycopg.connect(plain, autocommit=True) as connection:
            end = time.monotonic() + PATIENCE_SECONDS
            while time.monotonic() < end:
                assert not actor.is_done, f"it did not wait: {actor.reached}"
                row = connection.execute(_WAITING).fetchone()
                if row is not None and row[0] == others + 1:
                    return
        raise AssertionError(f"it does not wait; it came by {actor.reached[-5:]}")

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        begun = [actor for actor in self._actors if actor.has_begun]
        for actor in begun:
            actor.go()
        for actor in begun:
            actor.thread.join(PATIENCE_SECONDS)


_WAITING = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
)


class SteppedStore:
    """A store that tells where its transactions are.

    The points are ``read`` and ``write`` before a transaction, ``begun`` after its beginning,
    ``NAME`` before and ``NAME done`` after each call of a method, ``commit`` before and
    ``committed`` after its end.
    """

    def __init__(self, inner: Any, reach: Callable[[str], None]) -> None:
        self.inner = inner
        self.catalogue, self.codec, self.engine = inner.catalogue, inner.codec, inner.engine
        self._reach = reach

    @contextmanager
    def read(self) -> Iterator[Any]:
        yield from self._stepped("read", self.inner.read)

    @contextmanager
    def write(self) -> Iterator[Any]:
        yield from self._stepped("write", self.inner.write)

    def _stepped(self, kind: str, begin: Callable[[], Any]) -> Iterator[Any]:
        self._reach(kind)
        with begin() as transaction:
            self._reach("begun")
            yield _Stepped(transaction, self._reach)
            self._reach("commit")
        self._reach("committed")


class _Stepped:
    """A transaction that tells before and after each call where it is."""

    def __init__(self, inner: Any, reach: Callable[[str], None]) -> None:
        self._inner = inner
        self._reach = reach

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*given: Any, **named: Any) -> Any:
            self._reach(name)
            answer = found(*given, **named)
            self._reach(f"{name} done")
            return answer

        return call
