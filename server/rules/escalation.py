"""Escalation: whom to remind of an order, and when, before and after its due time.

A reminder (催办) comes while there is still time to act, a supervision (督办)
when there is not, and a report to the county when that did not help. Each step
happens once, at a moment that follows from the order's window alone, so a
ticker that was down for a day catches up without telling anybody twice.

Invariants
    * The moments of a class's steps ascend.

This module never sends anything and keeps no state: the caller says which steps
were taken.

>>> [step.name for step in steps_due("quick", started_ms=0, due_ms=1000, now_ms=1000)]
['remind', 'supervise']
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ["STEPS", "Step", "moment_ms", "steps_due"]


@dataclass(frozen=True)
class Step:
    """One step: when, as a share of the window, who is told, and the transition, if any."""

    name: str
    share: float
    tells: tuple[str, ...]
    transition: str | None
    label_zh: str
    label_en: str


def _steps(remind: float, report: float) -> tuple[Step, ...]:
    return (
        Step("remind", remind, ("handler",), None, "催办", "Remind"),
        Step("supervise", 1.0, ("handler", "dispatcher"), "supervise", "督办", "Supervise"),
        Step(
            "report",
            report,
            ("dispatcher", "administrator"),
            None,
            "提级上报",
            "Report to the county",
        ),
    )


#: By class (assumptions: defaults of configuration).
STEPS: Final[Mapping[str, tuple[Step, ...]]] = MappingProxyType(
    {
        "ordinary": _steps(0.8, 1.5),
        "quick": _steps(0.75, 1.5),
        "hard": _steps(0.8, 1.25),
        "emergency": _steps(0.5, 1.25),
    }
)


def moment_ms(step: Step, *, started_ms: int, due_ms: int) -> int:
    """Return when a step is due, for a window from first dispatch to due time."""
    return started_ms + round((due_ms - started_ms) * step.share)


def steps_due(
    order_class: str,
    *,
    started_ms: int,
    due_ms: int,
    now_ms: int,
    taken: Collection[str] = (),
    table: Mapping[str, tuple[Step, ...]] = STEPS,
) -> tuple[Step, ...]:
    """Return the steps whose moment has come and that were not taken, in order."""
    return tuple(
        step
        for step in table[order_class]
        if step.name not in taken
        and moment_ms(step, started_ms=started_ms, due_ms=due_ms) <= now_ms
    )
