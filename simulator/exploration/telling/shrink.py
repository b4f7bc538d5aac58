"""Shrinking: of a run's three hundred steps, those few that break the promise.

Delta debugging: leave out halves, quarters, eighths … of the steps, and keep what still
breaks the same promise, until no single step can be left out. Then the plans of exchanges
are emptied, and what was done in one go is done in part. A run costs a fifth of a second and
less the shorter it gets, so it takes half a minute.

>>> reduced([1, 2, 3, 4, 5, 6, 7, 8], lambda kept: 3 in kept and 7 in kept)
[3, 7]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from simulator.exploration.run import Outcome, play
from simulator.exploration.world import Step

__all__ = ["reduced", "shrink"]

T = TypeVar("T")

Progress = Callable[[int, int], None]
"""Called with how many runs were tried, and how many steps are left."""


def reduced(items: Sequence[T], fails: Callable[[list[T]], bool]) -> list[T]:
    """The fewest of ``items``, in their order, that still fail; no single one can go."""
    kept, size = list(items), max(1, len(items) // 2)
    while True:
        at, gone = 0, False
        while at < len(kept):
            tried = kept[:at] + kept[at + size :]
            if len(tried) < len(kept) and fails(tried):
                kept, gone = tried, True
            else:
                at += size
        if size == 1 and not gone:
            return kept
        size = max(1, size // 2)


def shrink(
    steps: Sequence[Step],
    *,
    seed: int,
    number: int,
    progress: Progress = lambda _tried, _left: None,
) -> tuple[list[Step], Outcome]:
    """The fewest steps that break promise ``number``, and the run of them."""
    tried = 0

    def fails(kept: list[Step]) -> bool:
        nonlocal tried
        tried += 1
        progress(tried, len(kept))
        return number in play(kept, seed=seed).breaks

    kept = reduced(steps, fails)
    for at in range(len(kept)):
        for simpler in _simpler(kept[at]):
            if fails([*kept[:at], simpler, *kept[at + 1 :]]):
                kept[at] = simpler
    kept = reduced(kept, fails)
    return kept, play(kept, seed=seed, keep_trace=True)


def _simpler(step: Step) -> Iterator[Step]:
    """The same step with less in it: each is tried on what the last one that failed left."""
    args: dict[str, Any] = dict(step.args)
    plans = args.get("net")
    if plans:
        yield step._replace(args={name: value for name, value in args.items() if name != "net"})
        for count in range(1, len(plans)):
            yield step._replace(args={**args, "net": plans[:count]})
    drafts = args.get("drafts") or ()
    if len(drafts) > 1:
        for at in range(len(drafts)):
            yield step._replace(args={**args, "drafts": [drafts[at]], "group": None})
    wrongs = args.get("wrongs") or ()
    for at in range(len(wrongs)):
        yield step._replace(args={**args, "wrongs": [wrongs[at]]})
    for name in ("anew", "dies", "group", "wrongs", "ask", "honest"):
        if args.get(name):
            yield step._replace(args={**args, name: None})
