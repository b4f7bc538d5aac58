"""Write the tables in the documents that follow from the code: `python scripts/reference.py`.

A table that is kept by hand is wrong after the next change. These are written between
marks, and a test fails while a document differs from what the code says.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def codes() -> str:
    """The table of problem codes."""
    from sync.errors import PROBLEMS

    rows = ["| code | HTTP | definite | meaning |", "|---|---|---|---|"]
    for code, kind in PROBLEMS.items():
        rows.append(f"| `{code}` | {kind.status} | {'✓' if kind.definite else ''} | {kind.en} |")
    return "\n".join(rows)


NOT_ON_TABLETS = {
    *("not_signed_in", "forbidden", "not_found", "method_not_allowed", "unsupported_media"),
    *("not_json", "not_gzip", "too_deep", "unsupported_encoding", "too_many_operations"),
    *("malformed", "bad_stamp", "not_your_actor", "stamp_reused", "missing_base"),
    *("offset_wrong", "checksum_wrong", "hash_wrong", "upload_locked"),
    *("bundle_unknown", "bundle_unsigned", "bundle_forged", "bundle_revoked"),
    *("token_expired", "refresh_unknown", "code_unknown", "too_many_requests", "tus_version"),
    *("not_your_stamp", "stamp_ahead", "wrong_type", "needs", "depends_on_rejected", "group"),
    *("group_incomplete", "out_of_scope", "review", "not_allowed", "redacted", "concurrent"),
    *("already_set", "overtaken", "deleted_and_edited", "duplicate", "no_such_transition"),
    *("not_held", "conflict_unknown", "conflict_closed"),
}
"""Codes of doors at which the tablet app does not knock, or that it never finds itself: with them
comes the server's sentence, and that is shown. The words of a code cost every tablet 60 bytes."""


def words() -> str:
    """The problems that tablets meet, as rows of a TypeScript object between two comments."""
    from sync.errors import PROBLEMS

    rows = ["*/"]
    for code, kind in PROBLEMS.items():
        if code in NOT_ON_TABLETS:
            continue
        row = json.dumps([kind.definite, kind.zh, kind.en], ensure_ascii=False)
        rows.append(f"  {code}: {row},")
    return "\n".join([*rows, "/*"])


TABLES: Mapping[str, tuple[str, Callable[[], str]]] = {
    "codes": ("sync/PROTOCOL.md", codes),
    "words": ("server/tablet/src/engine/problem_words.ts", words),
}
"""Mark → the document it stands in, and what makes its text."""


def written(text: str, mark: str, table: str) -> str:
    """``text`` with ``table`` between the marks."""
    pattern = re.compile(rf"(<!-- {mark}:[^\n]*-->\n).*?(<!-- /{mark} -->)", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"There is no place for the table '{mark}'.")
    return pattern.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text)


def main() -> int:
    """Write the tables, or with --check say which are out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if one differs")
    only_check = parser.parse_args().check
    stale = []
    for mark, (name, make) in TABLES.items():
        path = ROOT / name
        was = path.read_text(encoding="utf-8")
        now = written(was, mark, make())
        if now != was:
            stale.append(f"{name} ({mark})")
            if not only_check:
                path.write_text(now, encoding="utf-8")
    for one in stale:
        print(f"{'Out of date' if only_check else 'Written'}: {one}")
    return 1 if stale and only_check else 0


if __name__ == "__main__":
    sys.exit(main())
