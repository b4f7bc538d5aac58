"""A command line in this process, acting on a database of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from server.cli import main


class Said(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def yuanba(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Run:
    """Run one command line on the data folder of this test."""
    monkeypatch.setenv("YUANBA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> Said:
        with pytest.raises(SystemExit) as end:
            main(words)
        printed = capsys.readouterr()
        code = end.value.code
        assert isinstance(code, int | None)
        return Said(code or 0, printed.out, printed.err)

    return run
