"""The project as a set of files: what the tidy tests read."""

from __future__ import annotations

import functools
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MADE_BY_TOOLS = {"__pycache__", "build", "dist", "htmlcov", "node_modules", "vendor"}
HIDDEN_BUT_OURS = {".ci"}
BINARY = {".png", ".jpg", ".ico", ".woff2", ".gz", ".mo", ".db", ".zip", ".xlsx"}


@functools.cache
def files() -> tuple[Path, ...]:
    """Every file that people wrote, git or no git."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(
            name
            for name in folders
            if name not in MADE_BY_TOOLS
            and (not name.startswith(".") or name in HIDDEN_BUT_OURS)
            and not Path(folder, name, "pyvenv.cfg").exists()
        )
        found += [Path(folder, name) for name in sorted(names)]
    # In a worktree `.git` is a file that names a folder of the machine.
    made = (".coverage", ".git/")
    return tuple(path for path in found if not f"{path.name}/".startswith(made))


def text_files() -> Iterator[Path]:
    """The files that a person reads as text."""
    return (path for path in files() if path.suffix not in BINARY)


def python_files(*folders: str) -> Iterator[Path]:
    """The Python files of these folders of the root, or of all."""
    for path in files():
        top = path.relative_to(ROOT).parts[0]
        if path.suffix == ".py" and (top in folders or not folders):
            yield path


@functools.cache
def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@functools.cache
def declared_distributions() -> frozenset[str]:
    """The names of the packages that pyproject.toml asks for."""
    project = pyproject()["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    asked = (line for lines in lists for line in lines)
    names = (re.match(r"[\w.-]+", line) for line in asked)
    return frozenset(name[0].lower() for name in names if name) - {"yuanba"}
