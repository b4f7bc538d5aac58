"""Settings: a wrong one is told at start, in words; a secret is never told."""

import os
import stat
from pathlib import Path

import pytest

from server.settings import Settings, SettingsError, load_settings, settings_table

SECRET = "s" * 32


@pytest.fixture
def environ(tmp_path):
    return {"YUANBA_DATA_DIR": str(tmp_path / "data"), "UNRELATED": "1"}


def test_nothing_set_gives_a_development_server_on_this_machine_alone(environ):
    settings = load_settings(environ)
    assert (settings.mode, settings.host, settings.port) == ("development", "127.0.0.1", 8000)
    assert settings.database_url == f"sqlite:///{environ['YUANBA_DATA_DIR']}/yuanba.db"


def test_production_without_a_secret_refuses_to_start_and_says_how_to_draw_one(environ):
    with pytest.raises(SettingsError, match=r"YUANBA_SECRET must be set.*secrets.token_urlsafe"):
        load_settings({**environ, "YUANBA_MODE": "production"})
    assert not Path(environ["YUANBA_DATA_DIR"]).exists()


def test_production_refuses_to_run_with_a_safeguard_switched_off(environ):
    given = {**environ, "YUANBA_SECRET": SECRET, "YUANBA_BREAK": "scope"}
    assert load_settings(given).broken == "scope"
    with pytest.raises(SettingsError, match="it removes a safeguard"):
        load_settings({**given, "YUANBA_MODE": "production"})


def test_an_empty_secret_is_no_secret(environ):
    with pytest.raises(SettingsError, match="YUANBA_SECRET must be set"):
        load_settings({**environ, "YUANBA_MODE": "production", "YUANBA_SECRET": ""})


def test_production_keeps_the_secret_it_was_given_and_writes_none(environ):
    settings = load_settings({**environ, "YUANBA_MODE": "production", "YUANBA_SECRET": SECRET})
    assert settings.production
    assert settings.secret == SECRET
    assert not list(settings.data_dir.iterdir())


def test_development_draws_a_secret_once_and_only_its_owner_reads_it(environ):
    first, second = load_settings(environ), load_settings(environ)
    assert first.secret == second.secret
    assert len(first.secret) >= 32
    (kept,) = first.data_dir.iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.data_dir.stat().st_mode) == 0o700


def test_a_variable_wins_over_the_file_and_the_file_over_the_default(environ, tmp_path):
    file = tmp_path / "yuanba.toml"
    file.write_text('bind = "0.0.0.0:80"\nlang = "en"\nbreak = "base"\n')
    settings = load_settings({**environ, "YUANBA_CONFIG": str(file), "YUANBA_BIND": "[::1]:81"})
    assert (settings.host, settings.port, settings.lang) == ("::1", 81, "en")
    assert settings.broken == "base"
    assert settings.mode == "development"


def test_a_data_folder_named_in_the_file_is_meant_beside_the_file(tmp_path):
    (tmp_path / "yuanba.toml").write_text('data_dir = "county"')
    settings = load_settings({"YUANBA_CONFIG": str(tmp_path / "yuanba.toml")})
    assert settings.data_dir == tmp_path / "county"


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("YUANBA_MODE", "prod", "must be development or production"),
        ("YUANBA_LANG", "fr", "must be zh or en"),
        ("YUANBA_BIND", "8000", "must be ADDRESS:PORT"),
        ("YUANBA_PUBLIC_ADDRESS", "yuanba.example.cn", "must be like https://yuanba.example.cn"),
        ("YUANBA_PUBLIC_ADDRESS", "https://a.cn/tablet/", "nothing after name and port"),
        ("YUANBA_LEASE_DAYS", "0", "must be a number of days from 1 to 365"),
        ("YUANBA_LEASE_DAYS", "366", "must be a number of days from 1 to 365"),
        ("YUANBA_DATABASE_URL", "mysql://host/name", "must be sqlite:///FILE or postgresql://"),
        ("YUANBA_DATABASE_URL", "sqlite://", "must be sqlite:///FILE"),
        ("YUANBA_DATABASE_URL", "sqlite:///:memory:", "must be sqlite:///FILE"),
        ("YUANBA_SECRET", "short-secret", "it needs 32 characters"),
        ("YUANBA_DATABSE_URL", "sqlite:///x", "Is YUANBA_DATABASE_URL meant?"),
        ("YUANBA_CONFIG", "/nowhere/yuanba.toml", "cannot be read"),
    ],
)
def test_a_wrong_value_is_told_with_what_would_be_right(environ, variable, value, told):
    with pytest.raises(SettingsError) as problem:
        load_settings({**environ, variable: value})
    assert told in str(problem.value)
    assert "short-secret" not in str(problem.value)


def test_everything_wrong_is_told_at_once(environ):
    with pytest.raises(SettingsError) as problem:
        load_settings({**environ, "YUANBA_MODE": "x", "YUANBA_LANG": "y", "YUANBA_BIND": "z"})
    assert len(str(problem.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("bind = ", "is not TOML"),
        ("port = 8000", "There is no setting port"),
        ("bind = 8000", "must be a text in quotes"),
        ('binds = "x"', "Is bind meant?"),
    ],
)
def test_a_wrong_file_is_told_with_what_is_wrong_in_it(environ, tmp_path, text, told):
    file = tmp_path / "yuanba.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=told):
        load_settings({**environ, "YUANBA_CONFIG": str(file)})


def test_a_data_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be made"):
        load_settings({"YUANBA_DATA_DIR": str(tmp_path / "file" / "data")})


def test_variables_of_the_tests_and_of_dev_py_are_no_slips(environ):
    load_settings({**environ, "YUANBA_VENV": "x", "YUANBA_TEST_POSTGRES": "x"})


@pytest.mark.parametrize(
    "url",
    [
        "postgres://yuanba:pa:ss@db/county",
        "postgresql://yuanba:pa:ss@db/county",
        "postgresql+psycopg://yuanba:pa:ss@db/county",
    ],
)
def test_neither_the_secret_nor_the_databases_password_is_shown(url):
    settings = Settings(database_url=url, secret=SECRET)
    assert settings.database_url == "postgresql+psycopg://yuanba:pa:ss@db/county"
    for text in (repr(settings), str(settings), str(dict(settings.shown()))):
        assert SECRET not in text
        assert "pa:ss" not in text
        assert "yuanba:***@db/county" in text


def test_every_setting_is_declared_with_a_variable_and_both_languages():
    rows = settings_table()
    assert len({row.variable for row in rows}) == len(rows)
    for row in rows:
        assert row.variable.startswith("YUANBA_")
        assert row.zh
        assert row.en
        assert any("\u4e00" <= character <= "\u9fff" for character in row.zh)


def test_the_process_environment_is_read_when_none_is_given(environ, monkeypatch):
    for name in [name for name in os.environ if name.startswith("YUANBA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("YUANBA_DATA_DIR", environ["YUANBA_DATA_DIR"])
    monkeypatch.setenv("YUANBA_LANG", "en")
    assert load_settings().lang == "en"
