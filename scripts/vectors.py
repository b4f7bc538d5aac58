"""Write the golden vectors: `python scripts/vectors.py` (`--check` writes nothing).

The tablet's TypeScript must name stamps, fold pending operations into a view, take in
pages and compare digests exactly as the Python engine does. What "exactly" means is in
`tests/vectors/*.json`: cases that any implementation can read, with what the engine makes
of them. Whoever changes the engine sees in the difference what other devices must follow.

Each file says in `about` how to read it. The cases are in `vectors_views.py` (what a worker
sees and makes), `vectors_words.py` (what is said to them) and `vectors_exchange.py` (what comes
from the server).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts import vectors_exchange, vectors_views, vectors_words  # noqa: E402 - the root must be found first

FILES: Mapping[str, Callable[[], Any]] = {
    "stamps": vectors_views.stamps,
    "fold": vectors_views.folds,
    "edits": vectors_views.edits,
    "offsets": vectors_words.offsets,
    "values": vectors_words.values,
    "status": vectors_words.statuses,
    "digests": vectors_exchange.digests,
    "buckets": vectors_exchange.buckets,
    "cursors": vectors_exchange.cursors,
    "session": vectors_exchange.sessions,
    "pages": vectors_exchange.pages,
}
"""File name → what makes its content."""


def text(content: Any) -> str:
    """A file's text: a line for each case, so that differences can be read."""
    lines = []
    for key, value in content.items():
        if key == "cases":
            cases = ",\n".join(f"  {_line(case)}" for case in value)
            lines.append(f'"cases": [\n{cases}\n ]')
        else:
            lines.append(f"{_line(key)}: {_line(value)}")
    return "{" + ",\n ".join(lines) + "}\n"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def main() -> int:
    """Write the files, or with --check say which are out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if one differs")
    only_check = parser.parse_args().check
    stale = []
    for name, make in FILES.items():
        path = ROOT / "tests" / "vectors" / f"{name}.json"
        now = text(make())
        if not path.exists() or path.read_text(encoding="utf-8") != now:
            stale.append(path.name)
            if not only_check:
                path.write_text(now, encoding="utf-8")
    for one in stale:
        print(f"{'Out of date' if only_check else 'Written'}: tests/vectors/{one}")
    return 1 if stale and only_check else 0


if __name__ == "__main__":
    sys.exit(main())
