"""The day passes; with a safeguard switched off it fails at that safeguard's check."""

from __future__ import annotations

import pytest
from sqlalchemy import NullPool, create_engine, text

from server.cli import main
from server.cli.day import Safeguard, live
from server.cli.day.telling import Findings
from server.cli.day.transport import HttpTransport
from server.cli.day.words import CHECKS
from sync.transport import Unreachable


def test_a_whole_day_passes_and_is_told_in_chinese(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert live(lang="zh", broken="", seed=1) == []
    told = capsys.readouterr().out
    assert "✗" not in told
    assert told.count("✓") == len(CHECKS)
    assert "已存在本机，2 条待上传" in told
    assert "毫秒" in told
    assert list(tmp_path.iterdir()) == [], "it leaves nothing behind"


def test_a_whole_day_passes_on_postgresql_and_leaves_nothing_there(postgres_url, capsys):
    """The server, the seed, the console's door and three tablets, from end to end."""
    engine = create_engine(postgres_url, poolclass=NullPool)

    def databases():
        with engine.connect() as connection:
            return set(connection.scalars(text("SELECT datname FROM pg_database")))

    before = databases()
    assert live(lang="en", broken="", seed=1, postgres=postgres_url) == []
    assert capsys.readouterr().out.count("✓") == len(CHECKS)
    assert databases() == before


@pytest.mark.parametrize("safeguard", [one.value for one in Safeguard])
def test_a_day_without_a_safeguard_fails_at_its_own_check_and_no_other(safeguard, capsys):
    assert live(lang="en", broken=safeguard, seed=2) == [safeguard]
    told = capsys.readouterr().out
    assert told.count("✗") == 1
    assert "tablet" in told


def test_a_failed_day_ends_with_1(monkeypatch):
    monkeypatch.setattr("server.cli.day.live", lambda **_: ["base"])
    with pytest.raises(SystemExit) as ended:
        main(["day", "--lang", "en"])
    assert ended.value.code == 1


def test_a_good_day_ends_with_0(monkeypatch):
    asked = {}
    monkeypatch.setattr("server.cli.day.live", lambda **given: asked.update(given) or [])
    monkeypatch.setenv("YUANBA_LANG", "en")
    with pytest.raises(SystemExit) as ended:
        main(["day", "--break", "scope"])
    assert ended.value.code == 0
    assert asked == {"lang": "en", "broken": "scope", "seed": 1, "postgres": ""}


def test_a_check_that_failed_once_stays_failed():
    findings = Findings()
    for passed in (True, False, True):
        findings.note("clock", passed, str(passed))
    assert findings.failed == ["clock"]
    assert findings.passed == []


def test_a_server_that_is_not_there_is_unreachable():
    with pytest.raises(Unreachable):
        HttpTransport("http://127.0.0.1:9").request("GET", "/", {}, None)
