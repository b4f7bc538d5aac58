"""Write the parts of README.md that follow from the code, or check that they do.

    .venv/bin/python scripts/docs.py           write them
    .venv/bin/python scripts/docs.py --check   exit with 1 if one is out of date

A part stands between ``<!-- settings -->`` and ``<!-- /settings -->``; what stands
there is replaced, and nothing else in the file is touched.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable
from pathlib import Path

import typer.main

from server.cli import build_app
from server.settings import settings_table

README = Path(__file__).resolve().parent.parent / "README.md"


def settings() -> str:
    """The table of settings."""
    rows = ["| variable | default | what it is |", "| --- | --- | --- |"]
    for row in settings_table():
        default = f"`{row.default}`" if row.default else ""
        rows.append(f"| `{row.variable}` | {default} | {row.en} |")
    return "\n".join(rows)


def commands() -> str:
    """The table of commands, each with the first sentence of its help."""
    rows = ["| command | what it does |", "| --- | --- |"]
    group = typer.main.get_command(build_app())
    for name, command in sorted(getattr(group, "commands", {}).items()):
        first = (command.help or "").strip().split("\n\n")[0]
        rows.append(f"| `yuanba {name}` | {' '.join(first.split())} |")
    return "\n".join(rows)


PARTS: dict[str, Callable[[], str]] = {"settings": settings, "commands": commands}


def with_parts(text: str) -> str:
    """The text with every part written anew.

    Raises SystemExit if a part has no place in it.
    """
    for name, part in PARTS.items():
        place = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        match = place.search(text)
        if match is None:
            raise SystemExit(f"README.md has no place for the {name}: <!-- {name} -->")
        text = f"{text[: match.end(1)]}{part()}\n{text[match.start(2) :]}"
    return text


def main(arguments: list[str]) -> int:
    """Write or check; 1 when the check finds a difference."""
    old = README.read_text(encoding="utf-8")
    new = with_parts(old)
    if "--check" not in arguments:
        README.write_text(new, encoding="utf-8")
        return 0
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), "README.md", "from the code", lineterm=""
    )
    print("\n".join(lines))
    return int(old != new)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
