"""Runs as files: a failing run as one JSON file that says what happened, step by step.

A seed means something else as soon as the generator changes; a list of steps does not. So a
failure is kept as its steps, with the promise that was broken and what made it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from simulator.exploration.run import Outcome
from simulator.exploration.world import Step
from simulator.report import commit_of

__all__ = ["Kept", "read_run", "write_run"]

FORMAT = 1


class Kept(NamedTuple):
    """A run that was kept. ``mutant``: the bug that was planted in it, if one was."""

    seed: int
    profile: str
    broken: tuple[int, str] | None
    mutant: str | None
    steps: list[Step]


def write_run(
    path: Path, outcome: Outcome, steps: Sequence[Step] | None = None, *, mutant: str | None = None
) -> None:
    """Write a run. ``steps``: fewer than it had, if it was cut down."""
    taken = outcome.steps if steps is None else steps
    told: dict[str, Any] = {
        "format": FORMAT,
        "seed": outcome.seed,
        "profile": outcome.profile,
        "broken": outcome.broken,
        "mutant": mutant,
        "commit": commit_of(Path(__file__).resolve().parents[3]),
        "steps": [[step.at, step.who, step.action, dict(step.args)] for step in taken],
    }
    lines = json.dumps({**told, "steps": []}, ensure_ascii=False, indent=1)
    steps_text = ",\n  ".join(json.dumps(one, ensure_ascii=False) for one in told["steps"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(lines.replace('"steps": []', f'"steps": [\n  {steps_text}\n ]') + "\n", "utf-8")


def read_run(path: Path) -> Kept:
    """Read a run. Raises ValueError with a sentence if it is none."""
    try:
        told = json.loads(path.read_text("utf-8"))
        steps = [Step(at, who, action, args) for at, who, action, args in told["steps"]]
        broken = told.get("broken")
        return Kept(
            int(told["seed"]),
            str(told["profile"]),
            (broken[0], broken[1]) if broken else None,
            told.get("mutant"),
            steps,
        )
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ValueError(f"{path} is not the file of a run ({error}).") from None
