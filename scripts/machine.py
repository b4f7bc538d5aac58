"""What a machine lacks to prepare a checkout, in plain words with its cure.

``dev.py`` asks it before anything is installed, so it imports the standard library alone
and parses on older Pythons, to be able to tell them what they lack.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

__all__ = ["DISK_NEEDED_MB", "OLDEST_PYTHON", "begin_outside", "what_is_missing"]

OLDEST_PYTHON = (3, 11)
DISK_NEEDED_MB = 1_500

# Modules of the standard library that some systems package apart: what then fails, and the cure.
PARTS_OF_PYTHON = {
    "venv": ("it cannot make virtual environments", "python3-venv"),
    "ssl": ("it cannot fetch anything over HTTPS", "python3"),
    "sqlite3": ("it has no SQLite, in which tablets and small servers keep their data", "python3"),
}


def what_is_missing(
    version: tuple[int, ...], has_module: Callable[[str], bool], free_mb: int, system: str
) -> list[str]:
    """Everything that keeps this Python from preparing a checkout, in plain words with its cure."""
    if system == "nt":
        return ["The server runs on Linux. On Windows, use it inside WSL: wsl --install"]
    if version[:2] < OLDEST_PYTHON:
        return [
            f"Yuanba needs Python {dotted(OLDEST_PYTHON)} or newer; this is Python "
            f"{dotted(version[:3])} ({sys.executable})." + newer_python()
        ]
    missing = [
        f"This Python is incomplete: {what}. On Debian and Ubuntu: sudo apt install {package}"
        for module, (what, package) in PARTS_OF_PYTHON.items()
        if not has_module(module)
    ]
    if not has_module("pip") and not has_module("ensurepip"):
        missing.append(
            "This Python has neither pip nor ensurepip, so nothing can be installed into a "
            "virtual environment. On Debian and Ubuntu: sudo apt install python3-venv"
        )
    if free_mb < DISK_NEEDED_MB:
        missing.append(
            f"About {DISK_NEEDED_MB} MB of disk are needed, and {free_mb} MB are free. Make room, "
            "or name a folder on another disk: YUANBA_VENV=/other/disk/venv"
        )
    return missing


def newer_python() -> str:
    """How to come by a Python that is new enough, best the one that is there already."""
    for minor in range(20, OLDEST_PYTHON[1] - 1, -1):
        if shutil.which(f"python3.{minor}"):
            return f" python3.{minor} is on this machine: python3.{minor} {' '.join(sys.argv)}"
    return (
        " On Debian 12, Ubuntu 24.04 and newer: sudo apt install python3 python3-venv"
        " (elsewhere: your system's packages)."
    )


def dotted(version: Sequence[int]) -> str:
    return ".".join(str(part) for part in version)


def begin_outside() -> None:
    """Begin again by the machine's own Python, where this one is of an environment without pip.

    Who has activated the checkout's ``.venv`` runs by that; it cannot make itself anew.
    """
    own = Path(sys.base_prefix, "bin", "python{}.{}".format(*sys.version_info))
    if sys.prefix != sys.base_prefix and not importlib.util.find_spec("pip") and own.exists():
        os.execv(own, [str(own), *sys.argv])
