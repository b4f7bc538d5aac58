"""`yuanba compact` and `yuanba restored`, beside a running server."""

from __future__ import annotations

from sqlalchemy import create_engine, text


def epoch_of(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'data' / 'yuanba.db'}")
    with engine.connect() as connection:
        found = connection.scalar(text("SELECT value FROM meta WHERE name = 'epoch'"))
    engine.dispose()
    return found


def test_after_a_restore_a_new_history_begins(yuanba, tmp_path):
    assert yuanba("users").code == 0
    before = epoch_of(tmp_path)
    said = yuanba("restored")
    assert said.code == 0 and "hands in its work of the last 30 days again" in said.out
    assert epoch_of(tmp_path) != before


def test_compaction_says_what_it_forgot_and_how_far_back(yuanba):
    assert yuanba("compact").out.startswith("Forgot 0 entries of what was deleted or moved 400 ")
    assert "moved 7 days ago" in yuanba("compact", "--days", "7").out
