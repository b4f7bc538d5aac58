"""Hashes: the same seed under another ``PYTHONHASHSEED``, in a process of its own.

A set's order and ``hash()`` of a text differ from one process to the next. Code that depends
on them gives another run each time, and no failure could be found again. Within one process
that cannot be seen, so seeds are lived in two, and the hashes of their traces compared.

>>> HASH_SEEDS
('1', '4711')
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["HASH_SEEDS", "differing", "digests"]

HASH_SEEDS = ("1", "4711")

_ROOT = Path(__file__).resolve().parents[3]
_SCRIPT = """
import sys
from simulator.exploration.mutants.table import planted
from simulator.exploration.profiles import PROFILES
from simulator.exploration.run import explore
steps, mutant, *seeds = sys.argv[1:]
with planted(mutant or None):
    for seed in map(int, seeds):
        print(explore(seed, profile=PROFILES[seed % 2], steps=int(steps)).digest)
"""


def digests(
    seeds: Sequence[int], *, steps: int, hash_seed: str, mutant: str | None = None
) -> list[str]:
    """The hash of each seed's trace, in a process with that ``PYTHONHASHSEED``."""
    told = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(steps), mutant or "", *map(str, seeds)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        cwd=_ROOT,
    )
    return told.stdout.split()


def differing(seeds: Sequence[int], *, steps: int, mutant: str | None = None) -> list[int]:
    """Those of the seeds whose runs are not the same in two processes: promise 13."""
    first, second = (
        digests(seeds, steps=steps, hash_seed=one, mutant=mutant) for one in HASH_SEEDS
    )
    return [seed for seed, a, b in zip(seeds, first, second, strict=True) if a != b]
